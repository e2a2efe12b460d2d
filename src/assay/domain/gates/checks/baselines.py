"""What is the candidate compared with: measured runs, or a number that is taken as exact?"""

from __future__ import annotations

from dataclasses import dataclass

from assay.domain.experiments.criteria.model import Criterion
from assay.domain.gates.case import Case, is_better
from assay.domain.gates.measurements import Measured, measure
from assay.domain.gates.problems import Problem
from assay.domain.gates.seed_groups import SeedGroup, is_exploratory_group
from assay.domain.gates.wording import count, shown
from assay.domain.kernel.findings import Outcome, Settlement
from assay.domain.kernel.metrics import Metric
from assay.stats.samples import summarize


@dataclass(frozen=True, slots=True, eq=False)
class BaselineFound:
    """What to compare with.

    Attributes:
        mean: value compared with, in the metric's unit.
        measured: its seeds; None for a bare number.
        number: the number locked on the ticket, where there is one.
        fixed: every one of its runs began before the lock, so nobody can look while it grows.
        notes: what a reader must know.
    """

    mean: float
    measured: Measured | None
    number: float | None
    fixed: bool
    notes: tuple[str, ...]


def baseline_for(criterion: Criterion, metric: Metric, case: Case) -> BaselineFound | Problem:
    """Which baseline does this metric have? Runs come before a bare number; of several groups the best is compared with."""
    locked = case.baseline_of(metric)
    number = None if locked is None or locked.value is None else float(locked.value)
    groups = case.other_baselines if locked is not None and locked.ticket else case.own_baselines
    found = _measured_groups(groups, criterion, metric)
    if isinstance(found, Problem):
        return found
    if found:
        return _best(found, metric, number)
    if number is None:
        return Problem(
            Outcome.NO_EVIDENCE,
            f"there is nothing to compare {metric.name} with: no baseline run and no baseline number",
            Settlement(kind="measure", text=case.wants_baseline),
        )
    source = f" ({locked.source})" if locked is not None and locked.source else ""
    note = f"the baseline {shown(number, metric)}{source} is a bare number, taken as exact"
    return BaselineFound(number, None, number, fixed=True, notes=(note,))


def _measured_groups(
    groups: tuple[SeedGroup, ...], criterion: Criterion, metric: Metric
) -> list[tuple[SeedGroup, Measured]] | Problem:
    """Every group that measured the metric; broken evidence in any of them is a problem of the comparison."""
    found = []
    for group in groups:
        measured = measure(group, metric, criterion.dataset)
        if isinstance(measured, Measured):
            found.append((group, measured))
        elif measured.outcome is Outcome.INVALID:
            return Problem(Outcome.INVALID, f"baseline: {measured.reason}", measured.settle)
    return found


def _best(found: list[tuple[SeedGroup, Measured]], metric: Metric, number: float | None) -> BaselineFound:
    best_group, best = found[0]
    best_mean = summarize(best.values).mean
    for group, measured in found[1:]:
        mean = summarize(measured.values).mean
        if is_better(mean, best_mean, metric):
            best_group, best, best_mean = group, measured, mean
    notes = [f"baseline: {note}" for note in best.notes]
    if len(found) > 1:
        notes.append(
            f"the best of {count(len(found), 'baseline group')} is compared with: {best_group.label}"
        )
    if number is not None:
        notes.append(
            f"the ticket says {shown(number, metric)} for the baseline, its runs say {shown(best_mean, metric)}"
        )
    return BaselineFound(best_mean, best, number, is_exploratory_group(best_group), tuple(notes))
