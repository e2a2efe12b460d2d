"""Which seed group is judged, and from how many was it chosen?

The group that the locked ticket declares; else the best of its K groups by the primary metric, and then every claim is
corrected over K. Groups that crashed or were deleted count in K: they were tried.
"""

from __future__ import annotations

from dataclasses import dataclass

from assay.domain.experiments.criteria.model import Criterion
from assay.domain.experiments.experiment import Lock
from assay.domain.gates.case import Case
from assay.domain.gates.measurements import Measured, measure
from assay.domain.gates.problems import Problem
from assay.domain.gates.seed_groups import CANDIDATE_ARM, CANDIDATE_TAG, SeedGroup, is_exploratory
from assay.domain.gates.wording import count
from assay.domain.kernel.findings import Outcome, Role
from assay.domain.kernel.metrics import Direction, Metric
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


def choose(case: Case, lock: Lock) -> Choice:
    """Which group is the candidate of this ticket?"""
    tried = tuple(group for group in case.candidates if group.runs)
    gone = sum(_was_deleted(group, lock) for group in case.candidates if not group.runs)
    declared = case.registration.candidate
    if declared is None:
        tagged = any(CANDIDATE_TAG in run.tags for group in tried for run in group.runs)
        hint = (
            ("runs carry the tag assay.candidate, but the locked ticket declares no candidate",)
            if tagged
            else ()
        )
        return _best(case, tuple(g for g in tried if g.arm == CANDIDATE_ARM) or tried, tried, gone, hint)
    named = tuple(group for group in tried if _is_named(group, declared))
    if not named:
        return Choice(None, (), 0, (f"no run after the lock belongs to the declared candidate {declared!r}",))
    if _declared_late(lock):
        note = f"the candidate {declared!r} was declared after results were seen: corrected as the best of all groups"
        return Choice(_best(case, named, tried, gone, ()).group, tried, gone, (note,))
    if len(named) == 1:
        return Choice(named[0], named, 0, (f"declared candidate: {declared}",))
    return _best(case, named, named, 0, (f"{count(len(named), 'group')} are named {declared!r}",))


def primary_metric(case: Case) -> tuple[Criterion, Metric] | None:
    """The first primary criterion that reads a metric, with the metric."""
    for criterion in case.registration.criteria:
        if criterion.role is Role.PRIMARY and criterion.metric is not None:
            metric = case.catalog.get(criterion.metric)
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
    measured = measure(group.evidence, metric, criterion.dataset)
    if isinstance(measured, Problem):
        return (2 if measured.outcome is Outcome.INVALID else 3, 0.0, group.key)
    mean = summarize(measured.values).mean
    return (
        0 if _judgeable(measured, case) else 1,
        -mean if metric.direction is Direction.HIGHER else mean,
        group.key,
    )


def _judgeable(measured: Measured, case: Case) -> bool:
    return measured.table is not None or len(measured.seeds) >= case.plan.stages[0]


def _was_deleted(group: SeedGroup, lock: Lock) -> bool:
    return any(not is_exploratory(run, lock) for run in group.deleted)


def _is_named(group: SeedGroup, declared: str) -> bool:
    tags = (run.tags.get(CANDIDATE_TAG) for run in group.runs)
    return declared in {group.key, group.label, group.arm, *tags}


def _declared_late(lock: Lock) -> bool:
    return any(
        a.after_results and any("candidate" in change.lower() for change in a.changes)
        for a in lock.amendments
    )
