"""Has the search stopped getting better (plateau), and how far short of the target is its best (gap)?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from assay.domain.experiments.criteria.model import Comparison, Criterion, Gap, Plateau
from assay.domain.gates.case import GREATER, Case, Checked, compares
from assay.domain.gates.checks.claims import invalid, problem
from assay.domain.gates.checks.threshold import against_number
from assay.domain.gates.measurements import Measured, measure
from assay.domain.gates.problems import Problem
from assay.domain.gates.quantities import in_unit_of, margin_of
from assay.domain.gates.seed_groups import SeedGroup, starting_order
from assay.domain.gates.wording import count, difference, listed, shown
from assay.domain.kernel.findings import Counts, Outcome, Settlement
from assay.domain.kernel.metrics import Metric
from assay.stats.samples import summarize
from assay.stats.stop_rules import plateau_after_each

PLATEAU = "range of the last seed groups"


@dataclass(frozen=True, slots=True)
class Step:
    """One seed group in the order of the search."""

    label: str
    mean: float
    seeds: int


def search_path(case: Case, metric: Metric, criterion: Criterion | None = None) -> list[Step] | Problem:
    """What did each candidate group reach, in the order in which the groups were begun? Groups without evidence are left out.

    Returns a problem when the evidence of a group is broken: its place in the order cannot be filled.
    """
    dataset = None if criterion is None else criterion.dataset
    path = []
    begun = [group for group in case.candidates if group.runs]
    for group in sorted(begun, key=lambda one: starting_order(one.runs[0])):
        measured = measure(group, metric, dataset)
        if isinstance(measured, Problem):
            if measured.outcome is Outcome.INVALID:
                return Problem(Outcome.INVALID, f"{group.label}: {measured.reason}", measured.settle)
            continue
        path.append(Step(group.label, summarize(measured.values).mean, len(measured.seeds)))
    return path


def check_plateau(criterion: Criterion, case: Case) -> Checked:
    """Do the last seed groups lie within the tolerance, none of them at the target?"""
    test = criterion.test
    assert isinstance(test, Plateau)
    metric = case.catalog.require(test.metric)
    baseline = case.baseline_of(metric)
    number = None if baseline is None or baseline.value is None else float(baseline.value)
    tolerance = margin_of(test.tolerance, metric, number)
    if tolerance is None:
        return invalid(
            "the tolerance cannot be put in the metric's unit", "write the tolerance in the metric's own unit"
        )
    path = search_path(case, metric, criterion)
    if isinstance(path, Problem):
        return problem(path, PLATEAU)
    return plateau_of(path, metric, (test.runs, tolerance), case)


def plateau_of(path: list[Step], metric: Metric, rule: tuple[int, float], case: Case) -> Checked:
    """Is this search at a plateau? rule is how many groups, and the tolerance in the metric's unit."""
    wanted, tolerance = rule
    n = Counts(runs=len(path))
    if len(path) < wanted:
        reason = f"{count(len(path), 'seed group')} of {wanted} that the rule looks at"
        text = f"{count(wanted - len(path), 'more configuration')} would settle it"
        return Checked(
            Outcome.NO_EVIDENCE,
            PLATEAU,
            reason,
            n=n,
            settle=Settlement(kind="runs", amount=wanted - len(path), text=text),
        )
    last = path[-wanted:]
    means = [step.mean for step in last]
    spread = max(means) - min(means)
    said = listed(shown(mean, metric) for mean in means)
    target = case.target_of(metric)
    goal = None if target is None else in_unit_of(target.value, metric)
    there = (
        goal is not None
        and target is not None
        and any(compares(mean, target.comparison, goal) for mean in means)
    )
    if there:
        return Checked(
            Outcome.NOT_MET,
            PLATEAU,
            f"one of the last {wanted} groups is at the target: {said}",
            estimate=spread,
            threshold=tolerance,
            n=n,
        )
    within = bool(plateau_after_each(np.array(means), of=wanted, tolerance=tolerance)[-1])
    word = "lie within" if within else "differ by more than"
    reason = f"the last {wanted} groups {word} {difference(tolerance, metric).removeprefix('+')}: {said}"
    return Checked(
        Outcome.MET if within else Outcome.NOT_MET, PLATEAU, reason, estimate=spread, threshold=tolerance, n=n
    )


def check_gap(criterion: Criterion, group: SeedGroup, case: Case, divisor: float) -> Checked:
    """Is the best so far further from the target than the gap? Shown by the bound, as every claim."""
    test = criterion.test
    assert isinstance(test, Gap)
    metric = case.catalog.require(test.metric)
    target = case.target_of(metric)
    goal = None if target is None else in_unit_of(target.value, metric)
    if target is None or goal is None or target.comparison is Comparison.EQUAL:
        return invalid(
            f"there is no primary threshold on {metric.name} to be short of",
            "write a primary threshold on the metric",
        )
    baseline = case.baseline_of(metric)
    number = None if baseline is None or baseline.value is None else float(baseline.value)
    gap = margin_of(test.value, metric, number)
    if gap is None:
        return invalid("the gap cannot be put in the metric's unit", "write the gap in the metric's own unit")
    measured = measure(group, metric, criterion.dataset)
    if isinstance(measured, Problem):
        return problem(measured)
    return _short_of(
        measured, metric, case=case, divisor=divisor, places=(goal, gap, target.comparison, test.comparison)
    )


def _short_of(
    measured: Measured,
    metric: Metric,
    *,
    case: Case,
    divisor: float,
    places: tuple[float, float, Comparison, Comparison],
) -> Checked:
    goal, gap, aim, comparison = places
    strict = comparison is Comparison.ABOVE
    if aim in GREATER:
        claim = (Comparison.BELOW if strict else Comparison.AT_MOST, goal - gap)
    else:
        claim = (Comparison.ABOVE if strict else Comparison.AT_LEAST, goal + gap)
    return against_number(measured, metric, claim, case=case, divisor=divisor)
