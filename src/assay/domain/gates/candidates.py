"""Which seed group is judged, and from how many was it chosen?

The group that was declared before its results could be known, on the locked ticket or by its tag; else the best of its
K groups by the primary metric, and then every claim is corrected over K. Groups that crashed or were deleted count in K: they were tried.
"""

from __future__ import annotations

from dataclasses import dataclass

from assay.domain.experiments.criteria.model import Criterion, Spread
from assay.domain.experiments.experiment import Lock, Registration
from assay.domain.gates.case import Case
from assay.domain.gates.measurements import Measured, measure
from assay.domain.gates.problems import Problem
from assay.domain.gates.seed_groups import CANDIDATE_ARM, CANDIDATE_TAG, SeedGroup
from assay.domain.gates.wording import count
from assay.domain.kernel.findings import Outcome, Role
from assay.domain.kernel.metrics import Direction, Metric, MetricCatalog
from assay.stats.samples import summarize


@dataclass(frozen=True, slots=True, eq=False)
class Choice:
    """What is judged.

    Attributes:
        group: the candidate; None when there is none.
        among: the groups it was chosen from, itself included; more than one means a correction.
        untested: further groups that count in K though nothing of them is left to test.
        notes: how it was chosen.
    """

    group: SeedGroup | None
    among: tuple[SeedGroup, ...]
    untested: int
    notes: tuple[str, ...]

    @property
    def k(self) -> int:
        """From how many groups was the candidate chosen?"""
        return max(1, len(self.among) + self.untested)


def choose(case: Case, lock: Lock | None) -> Choice:
    """Which group is the candidate of this ticket?

    Declared is the group that the lock names by key or label, or whose every run carried the arm or the tag when it was
    first seen, before it had ended. A group whose tag may have come later (the tracker does not say when), or that was
    named by an amendment after results, is judged as the best of all groups.
    """
    tried = tuple(group for group in case.candidates if group.runs)
    gone = tuple(group for group in case.candidates if not group.runs and group.removed)
    declared = case.registration.candidate
    named = tuple(group for group in tried if _is_declared(group, declared))
    tagged = tuple(group for group in tried if _is_tagged(group, declared))
    if declared is None and not (named or tagged):
        eligible = tuple(g for g in tried if g.arm == CANDIDATE_ARM) or tried
        return _best(case, eligible, tried, len(gone), ())
    if not (named or tagged):
        return Choice(None, (), 0, (f"no run after the lock belongs to the declared candidate {declared!r}",))
    if not named or (declared is not None and _declared_late(lock)):
        name = f"candidate {declared!r}" if declared is not None else f"candidate (tag {CANDIDATE_TAG})"
        how = (
            "was declared after results were seen"
            if named
            else "is not known to have been tagged before its runs had ended (tags are self-reported)"
        )
        note = f"the {name} {how}: corrected as the best of all groups"
        return Choice(_best(case, named or tagged, tried, len(gone), ()).group, tried, len(gone), (note,))
    removed = sum(_is_declared(group, declared) for group in gone)
    name = repr(declared) if declared is not None else f"by the tag {CANDIDATE_TAG}"
    if len(named) + removed == 1:
        return Choice(named[0], named, 0, (f"declared candidate: {declared or _first_tag(named[0])}",))
    note = f"{count(len(named) + removed, 'group')} are named {name}"
    return _best(case, named, named, removed, (note,))


def primary_metric(case: Case) -> tuple[Criterion, Metric] | None:
    """The first primary criterion that reads a metric, with the metric."""
    return primary_metric_of(case.registration)


def primary_metric_of(registration: Registration) -> tuple[Criterion, Metric] | None:
    """The first primary criterion of a registration that reads a metric, with the metric. A spread says not what is better."""
    catalog = MetricCatalog(metrics=registration.metrics)
    for criterion in registration.criteria:
        spread = isinstance(criterion.test, Spread)
        if criterion.role is Role.PRIMARY and criterion.metric is not None and not spread:
            metric = catalog.get(criterion.metric)
            if metric is not None:
                return criterion, metric
    return None


def _best(
    case: Case,
    eligible: tuple[SeedGroup, ...],
    tried: tuple[SeedGroup, ...],
    gone: int,
    notes: tuple[str, ...],
) -> Choice:
    if not eligible:
        return Choice(None, (), gone, notes)
    best = min(eligible, key=lambda group: _rank(group, case))
    k = len(tried) + gone
    if k > 1:
        primary = primary_metric(case)
        by = "" if primary is None else f" by {primary[1].name}"
        notes = (f"best of {k} groups{by}: {best.label}; every claim is corrected over {k} (Holm)", *notes)
    return Choice(best, tried, gone, notes)


def _rank(group: SeedGroup, case: Case) -> tuple[int, float, str]:
    """Sorts the best first: judgeable groups by their mean, then those with too few seeds, broken ones, empty ones."""
    primary = primary_metric(case)
    if primary is None:
        return (0, -float(len(group.seeds)), group.key)
    criterion, metric = primary
    measured = measure(group, metric, criterion.dataset)
    if isinstance(measured, Problem):
        return (2 if measured.outcome is Outcome.INVALID else 3, 0.0, group.key)
    mean = summarize(measured.values).mean
    return (
        0 if _judgeable(measured, case) else 1,
        -mean if metric.direction is Direction.HIGHER else mean,
        group.key,
    )


def _judgeable(measured: Measured, case: Case) -> bool:
    known = measured.table is not None or measured.reported is not None
    return known or len(measured.seeds) >= case.plan.stages[0]


def _is_declared(group: SeedGroup, declared: str | None) -> bool:
    """Was this group the candidate before its results could be known?"""
    if declared is not None and declared in {group.key, group.label, _first_arm(group)}:
        return True
    tag = _first_tag(group)
    return tag is not None and declared in {None, tag}


def _first_arm(group: SeedGroup) -> str | None:
    """The arm that every run of the group, removed ones included, had when it was first seen before its end."""
    arms = {run.arm_when_first_seen for run in (*group.runs, *group.removed)}
    return arms.pop() if len(arms) == 1 else None


def _first_tag(group: SeedGroup) -> str | None:
    """The tag that every run of the group, removed ones included, carried when it was first seen before its end."""
    tags = {run.candidate_when_first_seen for run in (*group.runs, *group.removed)}
    return tags.pop() if len(tags) == 1 else None


def _is_tagged(group: SeedGroup, declared: str | None) -> bool:
    """Does a run of the group carry the tag, or the arm that was declared, now?"""
    tags = {run.tags[CANDIDATE_TAG] for run in group.runs if CANDIDATE_TAG in run.tags}
    return bool(tags) if declared is None else declared in {*tags, group.arm}


def _declared_late(lock: Lock | None) -> bool:
    return lock is not None and any(
        a.after_results and any("candidate" in change.lower() for change in a.changes)
        for a in lock.amendments
    )
