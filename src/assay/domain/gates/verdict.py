"""What does the evidence say about a locked ticket? One pure function, and the bytes that its answer is stored as."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from pydantic import JsonValue

from assay.domain.experiments.criteria.model import Criterion, ResourceUse
from assay.domain.experiments.criteria.text import criterion_text
from assay.domain.experiments.evidence import Evidence
from assay.domain.experiments.experiment import Amendment, Lock, Registration
from assay.domain.gates.candidates import Choice, choose, primary_metric, primary_metric_of
from assay.domain.gates.case import Case, stage_plan
from assay.domain.gates.decide import decide
from assay.domain.gates.departures import departed, since
from assay.domain.gates.examine import Examined, examine, examine_other
from assay.domain.gates.futility_seen import FutilitySeen, chances_of
from assay.domain.gates.kill_rules import advise
from assay.domain.gates.libraries import METHOD_VERSION, library_versions
from assay.domain.gates.measurements import Measured, measure
from assay.domain.gates.outlook import seen_of
from assay.domain.gates.problems import mend
from assay.domain.gates.repeats import exploratory_repeats
from assay.domain.gates.run_notes import run_notes
from assay.domain.gates.seed_groups import BASELINE_ARM, SeedGroup, seed_groups, starting_order
from assay.domain.gates.seeds_to_come import expected_value
from assay.domain.gates.settings import VerdictSettings
from assay.domain.gates.sources import read_once
from assay.domain.kernel.canonical import canonical_bytes, digest_bytes, rounded
from assay.domain.kernel.findings import Finding, Outcome
from assay.domain.kernel.kill_rules import KillRuleName
from assay.domain.kernel.metrics import MetricCatalog
from assay.domain.kernel.verdicts import GroupSummary, Recommendation, Verdict, VerdictRecord
from assay.domain.stopping.learned import Learned
from assay.stats.samples import Sample, summarize


@dataclass(frozen=True, slots=True)
class TimeInputs:
    """What a verdict is told of time: whole days since the lock, and nothing finer."""

    elapsed_days: int | None
    time_box_over: bool

    @classmethod
    def at(cls, now: datetime, lock: Lock) -> TimeInputs:
        """What the clock says now. A lock in the clock's future leaves the time unknown."""
        days = (now - lock.locked_at) // timedelta(days=1)
        box = lock.registration.time_box_days
        return cls(days if days >= 0 else None, box is not None and days >= box)


def compute_verdict(
    lock: Lock,
    evidence: Evidence,
    *,
    settings: VerdictSettings,
    now: datetime,
    past: Learned | None = None,
) -> VerdictRecord:
    """What is known about this ticket, and what follows?

    Args:
        lock: the registration as it stands, with its amendments.
        evidence: the ticket's runs and the baseline's, in any order.
        settings: strictness, alpha and rules of thumb (less those the ticket switched off).
        now: an aware time. Only whole days since the lock are used, and only where a criterion or the time box asks;
            otherwise the same record comes out at any time.
        past: what past runs of the project taught; None where the rule for futility is not to be asked.

    Returns:
        The record; `verdict_bytes` gives what is stored and hashed.
    """
    time = TimeInputs.at(now, lock)
    seen = None
    if past is not None:
        seen = seen_of(case_of(lock, read_once(evidence).evidence, settings, time), past)
    return verdict_at(lock, evidence, settings=settings, time=time, seen=seen)


def verdict_at(
    lock: Lock,
    evidence: Evidence,
    *,
    settings: VerdictSettings,
    time: TimeInputs,
    seen: FutilitySeen | None = None,
) -> VerdictRecord:
    """The same with the time, and what past runs said, as they are stored in a record, for replay."""
    once = read_once(evidence)
    case = replace(case_of(lock, once.evidence, settings, time), seen=seen)
    choice = choose(case, lock)
    examined = examine(case, choice)
    findings = tuple(one.finding for one in examined)
    advice = advise(case, choice, findings, time_box_over=time.time_box_over)
    decided = decide(findings, advice)
    strict = settings.strictness == "bound"
    notes = [*choice.notes, *run_notes(case, once.second), *_amendment_notes(lock.amendments)]
    if not strict:
        notes.append(
            f"the estimate alone decides (point mode); the strict answer is {decide(_strict(examined)).recommendation.value}"
        )
    verdict = Verdict(
        recommendation=decided.recommendation,
        headline=decided.headline,
        detail=decided.detail,
        findings=findings,
        advice=advice,
        chances=chances_of(seen),
        groups=tuple(
            _summary(group, choice, case)
            for group in (*case.candidates, *case.own_baselines, *case.other_baselines)
        ),
        candidate=None if choice.group is None else choice.group.key,
        notes=tuple(notes),
        strictness=settings.strictness,
        point_recommendation=decide(_point(examined)).recommendation,
    )
    return VerdictRecord(
        verdict=verdict,
        registration_digest=lock.digest,
        run_digests={
            run.run_id: run.digest
            for runs in (
                evidence.baseline_detached,
                evidence.detached,
                evidence.runs,
                evidence.baseline_runs,
            )
            for run in runs
        },
        settings=settings.model_dump(mode="json"),
        inputs=_used_time(lock.registration, settings, time)
        | _used_prices(lock.registration, settings, evidence)
        | ({} if seen is None else {"futility": seen.model_dump(mode="json")}),
        method_version=METHOD_VERSION,
        library_versions=library_versions(),
    )


def unjudged(lock: Lock, settings: VerdictSettings, *, why: str, hint: str) -> VerdictRecord:
    """What is recorded of a ticket whose verdict could not be computed? Undecided, and every criterion says why."""
    catalog = MetricCatalog(metrics=lock.registration.metrics)
    findings = tuple(
        Finding(
            check=criterion_text(criterion, metrics=catalog),
            role=criterion.role,
            outcome=Outcome.INVALID,
            metric=criterion.metric,
            method="none",
            reason=why,
            settle=mend(hint),
        )
        for criterion in lock.registration.criteria
    )
    verdict = Verdict(
        recommendation=Recommendation.UNDECIDED,
        headline="This ticket could not be judged",
        detail=f"{why}. To mend it: {hint}.",
        findings=findings,
        notes=tuple(_amendment_notes(lock.amendments)),
        strictness=settings.strictness,
    )
    return VerdictRecord(
        verdict=verdict,
        registration_digest=lock.digest,
        run_digests={},
        settings=settings.model_dump(mode="json"),
        method_version=METHOD_VERSION,
        library_versions=library_versions(),
    )


def verdict_bytes(record: VerdictRecord) -> bytes:
    """Which bytes stand for this record: canonical JSON at 12 significant digits, library versions left out?"""
    return canonical_bytes(rounded(record.model_dump(mode="json", exclude={"library_versions"})))


def verdict_digest(record: VerdictRecord) -> str:
    """What is the digest of the record's bytes?"""
    return digest_bytes(verdict_bytes(record))


def case_of(lock: Lock, evidence: Evidence, settings: VerdictSettings, time: TimeInputs) -> Case:
    """All that the checks of a ticket may look at."""
    evidence = since(evidence, lock.seq)
    every = (*evidence.runs, *evidence.detached)
    found = primary_metric_of(lock.registration)
    repeats = exploratory_repeats(every, lock, None if found is None else found[1])
    gone = departed(evidence.runs, evidence.detached, {evidence.ticket}, lock)
    groups = seed_groups(evidence.runs, lock, gone=gone, repeats=repeats)
    return Case(
        registration=lock.registration,
        settings=settings,
        plan=stage_plan(lock.registration.looks, settings.alpha),
        candidates=tuple(group for group in groups if group.arm != BASELINE_ARM),
        own_baselines=tuple(group for group in groups if group.arm == BASELINE_ARM),
        other_baselines=_other_baselines(lock, evidence),
        runs=tuple(sorted(every, key=starting_order)),
        elapsed_days=time.elapsed_days,
        expected=expected_value(lock),
    )


def _other_baselines(lock: Lock, evidence: Evidence) -> tuple[SeedGroup, ...]:
    """Runs of the baseline's ticket are a baseline whatever their arm was there, unless it has a baseline of its own."""
    keys = {baseline.ticket for baseline in lock.registration.baseline if baseline.ticket is not None}
    gone = departed(evidence.baseline_runs, evidence.baseline_detached, keys, lock)
    return seed_groups(
        (run for run in evidence.baseline_runs if run.arm != BASELINE_ARM),
        lock,
        gone=(one for one in gone if one.run.arm != BASELINE_ARM),
        as_baseline=True,
    )


def _point(examined: Iterable[Examined]) -> tuple[Finding, ...]:
    return tuple(one.finding.model_copy(update={"outcome": one.checked.point_outcome}) for one in examined)


def _strict(examined: Iterable[Examined]) -> tuple[Finding, ...]:
    return tuple(one.finding.model_copy(update={"outcome": one.checked.outcome}) for one in examined)


def _summary(group: SeedGroup, choice: Choice, case: Case) -> GroupSummary:
    sample = _sample(group, case)
    return GroupSummary(
        group=group.key,
        label=group.label,
        is_candidate=group is choice.group,
        arm=group.arm,
        seeds=group.seeds,
        run_ids=tuple(run.run_id for run in group.runs),
        exploratory_run_ids=tuple(run.run_id for run in group.exploratory),
        mean=None if sample is None else sample.mean,
        sd=None if sample is None else sample.sd,
    )


def _sample(group: SeedGroup, case: Case) -> Sample | None:
    """Mean and spread of the primary metric; unknown as soon as one seed is broken: the rest would be a selection."""
    found = primary_metric(case)
    measured = None if found is None else measure(group, found[1], found[0].dataset)
    return summarize(measured.values) if isinstance(measured, Measured) else None


def _amendment_notes(amendments: tuple[Amendment, ...]) -> list[str]:
    notes = []
    for amendment in amendments:
        when = f"{amendment.at.day} {amendment.at:%b %Y}"
        marks = [
            word
            for word, on in (
                ("after results were seen", amendment.after_results),
                ("loosened", amendment.loosens),
            )
            if on
        ]
        mark = f" ({', '.join(marks)})" if marks else ""
        notes.append(
            f"amendment {amendment.number}{mark}, {when}, {amendment.author}: {'; '.join(amendment.changes)}; why: {amendment.reason}"
        )
    return notes


def _used_time(
    registration: Registration, settings: VerdictSettings, time: TimeInputs
) -> dict[str, JsonValue]:
    """Time goes into the record only where something looked at it, so that the bytes do not change with every day."""
    used: dict[str, JsonValue] = {}
    if any(isinstance(c.test, ResourceUse) and c.test.resource == "time" for c in registration.criteria):
        used["elapsed_days"] = time.elapsed_days
    if registration.time_box_days is not None and KillRuleName.TIME_BOX in settings.kill_rules.enabled:
        used["time_box_over"] = time.time_box_over
    return used


def _used_prices(
    registration: Registration, settings: VerdictSettings, evidence: Evidence
) -> dict[str, JsonValue]:
    """The prices behind the money that something looked at, so that it can be told later what it was worked out with."""
    limits = any(isinstance(c.test, ResourceUse) and c.test.resource == "cost" for c in registration.criteria)
    budget = registration.budget.cost_usd is not None
    if not limits and not (budget and KillRuleName.OVER_BUDGET in settings.kill_rules.enabled):
        return {}
    told = {run.cost_source for run in (*evidence.runs, *evidence.detached) if run.cost_source is not None}
    return {"prices": [*sorted(told)]} if told else {}


def judge_other(
    lock: Lock,
    evidence: Evidence,
    criterion: Criterion,
    *,
    settings: VerdictSettings,
    metrics: MetricCatalog,
    among: int = 1,
) -> Finding:
    """What does a ticket's evidence say about a criterion that is not its own, such as one of its project's?

    The candidate is the ticket's, chosen by its own criteria, and its looks are the registered ones.

    Args:
        lock: the ticket's registration.
        evidence: its runs and the baseline's.
        criterion: about a metric, without need of a baseline.
        settings: how this ticket is judged.
        metrics: declarations of metrics that the lock does not know.
        among: from how many tickets this one was chosen as the best; the level is divided by it.
    """
    known = {metric.name for metric in lock.registration.metrics}
    more = tuple(metric for metric in metrics.metrics if metric.name not in known)
    registration = lock.registration.model_copy(update={"metrics": (*lock.registration.metrics, *more)})
    wider = lock.model_copy(update={"registration": registration})
    case = case_of(wider, read_once(evidence).evidence, settings, TimeInputs(None, time_box_over=False))
    choice = choose(case, wider)
    return examine_other(criterion, case, choice, among=among).finding
