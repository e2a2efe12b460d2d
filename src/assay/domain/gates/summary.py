"""What does a card on the board say of an experiment's evidence and verdict?"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from assay.domain.experiments.criteria.model import Improvement, NonInferiority, Percentile
from assay.domain.experiments.criteria.text import criterion_text
from assay.domain.experiments.evidence import Evidence, RunStatus
from assay.domain.experiments.experiment import Lock, Registration
from assay.domain.gates.candidates import primary_metric_of
from assay.domain.gates.checks.resources import Spent, spent
from assay.domain.gates.decide import Row, cheapest, row_of
from assay.domain.gates.futility_seen import percent
from assay.domain.gates.seed_groups import BASELINE_ARM
from assay.domain.gates.sources import read_once
from assay.domain.gates.wording import count, limit_text, shown, used_of
from assay.domain.kernel.findings import Finding, Outcome, Role
from assay.domain.kernel.metrics import Direction, Metric, MetricCatalog
from assay.domain.kernel.verdicts import Recommendation, Verdict, VerdictRecord

_PADDING = 0.12
"""Share of the bar left free on each side."""
_CHIP_LENGTH = 40


@dataclass(frozen=True, slots=True)
class CardSummary:
    """All that a card shows, ready to print; a field that is not known is empty, None or absent, never zero."""

    metric: str | None = None
    baseline_text: str = ""
    current_text: str = ""
    target_text: str = ""
    bar: dict[str, float] | None = None
    """Shares 0..1 along the bar: low, high, estimate, target, baseline (keys absent when unknown)."""
    recommendation: str | None = None
    """promote, iterate, kill, undecided; None before evidence."""
    claim: str = ""
    """Outcome of the primary criterion that the figures are about; empty before there is one."""
    chip: str = ""
    """Short text on the chip, such as "Unclear" or "Kill: criterion met"."""
    foot: str = ""
    """One line, such as "3 more seeds would settle it"."""
    compute_text: str = ""
    compute_share: float | None = None
    """Spent share of the budget; above 1 is over budget."""
    money_text: str = ""
    money_share: float | None = None
    """The same for what the runs cost."""
    chance: str = ""
    """How likely the runs under way are to reach the target, by past runs; empty where nothing is known of any."""
    runs: int = 0
    running: int = 0
    amended_after_results: bool = False
    decision: str | None = None
    learnings: str = ""


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the primary metric stands, in its own unit."""

    metric: Metric
    baseline: float | None
    estimate: float | None
    target: float | None
    low: float | None
    high: float | None
    claim: Outcome | None = None


def card_evidence(
    record: VerdictRecord | None,
    lock: Lock,
    evidence: Evidence,
    *,
    decision: str | None = None,
    learnings: str = "",
) -> CardSummary:
    """What does the card of this ticket show?

    Args:
        record: the latest verdict; None before one was computed.
        lock: the registration with its amendments.
        evidence: the ticket's runs, deleted ones included, and the baseline's.
        decision: what a person decided (promote, iterate, kill), if anybody has.
        learnings: what was learned, once decided.
    """
    evidence = read_once(evidence).evidence
    here = [run for run in evidence.runs if not run.deleted]
    running = sum(run.status is RunStatus.RUNNING for run in here)
    verdict = None if record is None else record.verdict
    place = _place(verdict, lock.registration, evidence)
    paid, budget = (*evidence.runs, *evidence.detached), lock.registration.budget
    compute_text, compute_share = _used(spent(paid, "compute"), budget.gpu_hours, "GPU-h")
    money_text, money_share = _used(spent(paid, "cost"), budget.cost_usd, "USD")
    return CardSummary(
        metric=None if place is None else place.metric.name,
        baseline_text=_text(place, None if place is None else place.baseline),
        current_text=_read(place),
        target_text=_text(place, None if place is None else place.target),
        bar=_bar(place),
        recommendation=None if verdict is None or not here else verdict.recommendation.value,
        claim="" if place is None or place.claim is None else place.claim.value,
        chip="" if verdict is None or not here else chip_text(verdict, running),
        foot=_foot(verdict if here else None, learnings),
        compute_text=compute_text,
        compute_share=compute_share,
        money_text=money_text,
        money_share=money_share,
        chance="" if verdict is None else chance_words(verdict),
        runs=len(here),
        running=running,
        amended_after_results=any(amendment.after_results for amendment in lock.amendments),
        decision=decision,
        learnings=learnings,
    )


def chip_text(verdict: Verdict, running: int) -> str:
    """What does the chip of a card say of this verdict, where so many runs go on?"""
    row, because = row_of(verdict.findings)
    if row is Row.KILL:
        return _cut(f"Kill: {because[0].check}")
    if row is Row.INVALID:
        return "Broken run"
    if row is Row.FAIL:
        return "Iterate"
    if row is Row.PASS:
        return "Promote"
    if all(finding.outcome is Outcome.NO_EVIDENCE for finding in because):
        return "Running" if running else "No evidence"
    clears = verdict.point_recommendation is Recommendation.PROMOTE
    return "On track" if running and clears else "Unclear"


def chance_words(verdict: Verdict) -> str:
    """How likely are the runs under way to reach the target? The least and the most likely of several.

    >>> from assay.domain.kernel.verdicts import RunChance
    >>> runs = [RunChance(run_id=f"{n}", run="", chance=p, futile=False, target="85%", text="") for n, p in enumerate((0.04, 0.3))]
    >>> verdict = Verdict(recommendation=Recommendation.UNDECIDED, headline="", detail="", findings=(), chances=tuple(runs))
    >>> chance_words(verdict)
    '4% to 30% chance to reach 85%'
    """
    known = sorted(one.chance for one in verdict.chances if one.chance is not None)
    if not known:
        return ""
    low, high = percent(known[0]), percent(known[-1])
    return f"{low if low == high else f'{low} to {high}'} chance to reach {verdict.chances[0].target}"


def _foot(verdict: Verdict | None, learnings: str) -> str:
    if learnings or verdict is None:
        return learnings
    row, because = row_of(verdict.findings)
    if row is Row.PASS:
        return f"{count(len(because), 'check')} met"
    if row in {Row.INCONCLUSIVE, Row.INVALID}:
        way = cheapest(because)
        return verdict.headline if way is None else way.text
    return because[0].reason


def _place(verdict: Verdict | None, registration: Registration, evidence: Evidence) -> _Place | None:
    primary = primary_metric_of(registration)
    if primary is None:
        return None
    criterion, metric = primary
    baseline = _baseline(verdict, metric, registration, evidence)
    found = _finding(verdict, criterion_text(criterion, metrics=MetricCatalog(metrics=registration.metrics)))
    # The finding of a comparison speaks of a difference; the card shows the values themselves.
    compared = isinstance(criterion.test, Improvement | NonInferiority)
    if found is None or (compared and found.baseline is None):
        return _Place(metric, baseline, None, None, None, None)
    if isinstance(criterion.test, Percentile):
        baseline = None  # a mean
    elif found.baseline is not None:
        baseline = found.baseline
    shift = found.baseline if compared and found.baseline is not None else 0.0
    ends = (None, None) if found.interval is None else (found.interval.low, found.interval.high)
    estimate, target, low, high = (_moved(value, shift) for value in (found.estimate, found.threshold, *ends))
    return _Place(metric, baseline, estimate, target, low, high, claim=found.outcome)


def _baseline(
    verdict: Verdict | None, metric: Metric, registration: Registration, evidence: Evidence
) -> float | None:
    """What is the metric compared with: as a comparison found it, else the best baseline runs, else the locked number?"""
    names = {metric.name, *metric.aliases}
    locked = next((b for b in registration.baseline if b.metric in names), None)
    if verdict is not None:
        told = [f.baseline for f in verdict.findings if f.metric in names and f.baseline is not None]
        runs = evidence.baseline_runs if locked is not None and locked.ticket else evidence.runs
        ids = {run.run_id for run in runs}
        means = [
            group.mean
            for group in verdict.groups
            if group.arm == BASELINE_ARM
            and group.mean is not None
            and not ids.isdisjoint((*group.run_ids, *group.exploratory_run_ids))
        ]
        if told:
            return told[0]
        if means:
            return max(means) if metric.direction is Direction.HIGHER else min(means)
    return None if locked is None or locked.value is None else float(locked.value)


def _finding(verdict: Verdict | None, check: str) -> Finding | None:
    if verdict is None:
        return None
    return next((f for f in verdict.findings if f.role is Role.PRIMARY and f.check == check), None)


def _moved(value: float | None, shift: float) -> float | None:
    return None if value is None else value + shift


def _bar(place: _Place | None) -> dict[str, float] | None:
    """Shares 0..1 along one padded scale that holds every known value; None without an estimate."""
    if place is None or place.estimate is None:
        return None
    ends = {
        "low": place.low,
        "high": place.high,
        "estimate": place.estimate,
        "target": place.target,
        "baseline": place.baseline,
    }
    known = {name: value for name, value in ends.items() if value is not None}
    least, most = min(known.values()), max(known.values())
    span = most - least
    if span <= 0.0:
        return dict.fromkeys(known, 0.5)
    room = 1.0 - 2.0 * _PADDING
    return {name: round(_PADDING + room * (value - least) / span, 4) for name, value in known.items()}


def _used(used: Spent, budget: Decimal | None, unit: str) -> tuple[str, float | None]:
    limit = None if budget is None else float(budget)
    if used.known is None or used.broken:
        return (f"unknown of {limit_text(limit)} {unit}" if used.runs and limit is not None else "", None)
    text = used_of(used.known, unit, budget=limit, unknown_runs=used.unknown_runs)
    return text, None if limit is None else round(used.known / limit, 4)


def _text(place: _Place | None, value: float | None) -> str:
    return "" if place is None or value is None else shown(value, place.metric)


def _read(place: _Place | None) -> str:
    """What was measured, and of what, where another value of the runs than the last counts."""
    if place is None or place.estimate is None:
        return ""
    return f"{shown(place.estimate, place.metric)}{place.metric.reading.beside}"


def _cut(text: str) -> str:
    return text if len(text) <= _CHIP_LENGTH else f"{text[: _CHIP_LENGTH - 1]}…"
