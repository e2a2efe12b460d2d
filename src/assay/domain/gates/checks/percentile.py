"""Is a percentile over the examples beyond a number that was written down beforehand?

`p95 of latency < 500 ms` holds exactly when at least 95% of the examples lie below 500 ms, so how many do is counted: no
shape of the distribution is assumed. Over several seeds, or where examples share a source, they count as fewer.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from assay.domain.experiments.criteria.model import Comparison, Criterion, Percentile
from assay.domain.experiments.exact_numbers import number_text
from assay.domain.gates.case import GREATER, Case, Checked, compares
from assay.domain.gates.checks.any_time import e_value_notes
from assay.domain.gates.checks.claims import (
    counts,
    invalid,
    judged,
    problem,
    settlement,
    waiting,
)
from assay.domain.gates.checks.looks import Level, NotNow, level_for
from assay.domain.gates.example_tables import ExampleTable
from assay.domain.gates.measurements import Measured, measure
from assay.domain.gates.problems import Problem
from assay.domain.gates.quantities import in_unit_of, out_of_range
from assay.domain.gates.seed_groups import SeedGroup
from assay.domain.gates.wording import count, shown
from assay.domain.kernel.findings import Lacks, Outcome, Settlement, ShownInterval
from assay.domain.kernel.metrics import Metric
from assay.stats.estimates import Direction, ThresholdTest
from assay.stats.power import Outlook, examples_for_mean, examples_for_rate
from assay.stats.quantiles import quantile_against_threshold, quantile_estimate, sequential_quantile
from assay.stats.samples import StatisticsError
from assay.stats.sequential_rates import examples_for_sequential_rate

METHOD = "order statistics"


def check_percentile(criterion: Criterion, group: SeedGroup, case: Case, divisor: float) -> Checked:
    """What is known of `p95 of metric < number` for this group, at levels divided by the correction?"""
    test = criterion.test
    assert isinstance(test, Percentile)
    metric = case.catalog.require(test.metric)
    limit = in_unit_of(test.value, metric)
    if limit is None:
        return invalid(
            f"{metric.name} is measured in {metric.unit.value}, the criterion says {test.value.unit.value}",
            "write the criterion in the metric's unit",
        )
    measured = measure(group, metric, criterion.dataset)
    if isinstance(measured, Problem):
        return problem(measured, METHOD)
    if measured.table is None:
        return _no_examples(measured, test, metric, limit)
    impossible = [why for end in _ends(measured.table) if (why := out_of_range(end, metric)) is not None]
    if impossible:
        return invalid(
            f"{metric.name} of an example: {impossible[0]}", f"log {metric.name} in {metric.unit.value}"
        )
    level = level_for(measured, case, divisor)
    if isinstance(level, NotNow):
        runs = tuple(seed.run for seed in measured.seeds)
        return waiting(level, measured, runs=runs, known=_estimate_only(measured.table, test, limit))
    assert level.measured.table is not None
    return _judged(test, limit, level, level.measured.table, metric, case)


def _no_examples(measured: Measured, test: Percentile, metric: Metric, limit: float) -> Checked:
    return Checked(
        Outcome.NO_EVIDENCE,
        METHOD,
        f"a percentile needs {metric.name} of every example, and the runs hold its total only",
        threshold=limit,
        n=counts(measured),
        settle=Settlement(
            kind="measure",
            text=f"per-example scores of {metric.name}, or a metric of its own for p{number_text(test.percent)}",
        ),
        notes=measured.notes,
    )


def _ends(table: ExampleTable) -> tuple[float, float]:
    return float(table.matrix.min()), float(table.matrix.max())


def _estimate_only(table: ExampleTable, test: Percentile, limit: float) -> Checked:
    value = quantile_estimate(table.matrix.ravel(), _share(test)).value  # of all values, however few examples
    point = Outcome.MET if compares(value, test.comparison, limit) else Outcome.NOT_MET
    return Checked(Outcome.UNCLEAR, METHOD, "", point=point, estimate=value, threshold=limit)


def _share(test: Percentile) -> float:
    return float(test.percent / 100)


def _judged(
    test: Percentile, limit: float, level: Level, table: ExampleTable, metric: Metric, case: Case
) -> Checked:
    known = replace(
        _estimate_only(table, test, limit),
        n=counts(level.measured),
        notes=(*level.measured.notes, *level.notes),
        alpha=level.alpha,
        looks=level.spent,
        against_level=math.inf,
        method=f"{METHOD}, {level.text}",
    )
    if float(np.ptp(table.matrix)) == 0.0:
        return replace(known, reason=_constant(table, known, metric), settle=_no_spread())
    try:
        found = _tested(test, _beside(limit, test.comparison), level, table)
    except StatisticsError as error:
        return replace(known, reason=str(error), settle=_no_spread())
    direction: Direction = "greater" if test.comparison in GREATER else "less"
    said = judged(found, direction, level)
    below = table.matrix < _beside(limit, test.comparison)
    return replace(
        known,
        outcome=said.answer,
        method=said.method,
        reason=_reason(test, said.answer, known, (limit, int(below.sum()), below.size), metric),
        against_level=said.p_value / level.alpha,
        p_value=said.p_value,
        detectable=said.detectable or None,
        lacks=Lacks.NO_SPREAD if said.detectable == 0.0 else None,
        interval=_agreeing(said.interval, limit, said.answer, upward=direction == "greater"),
        settle=_settle(said.answer, below.astype(np.float64), table, _share(test), level, case),
        e_value=said.e_value,
        notes=(*known.notes, *said.scope_note, *e_value_notes(said.e_value, level.alpha)),
    )


def _tested(test: Percentile, limit: float, level: Level, table: ExampleTable) -> ThresholdTest:
    if not level.sequential:
        return quantile_against_threshold(
            table.matrix, _share(test), limit, clusters=table.cluster_labels, alpha=level.alpha
        )
    if table.clusters is not None:
        raise StatisticsError(
            "no percentile of examples that share a source can be looked at at any time (expected sequential: false)"
        )
    return sequential_quantile(table.matrix[:, 0], _share(test), limit, alpha=level.alpha)


def _beside(limit: float, comparison: Comparison) -> float:
    """The limit, moved by the least amount so that a value at the limit lies on the side that the sign says."""
    reached = comparison in (Comparison.AT_MOST, Comparison.ABOVE)
    return math.nextafter(limit, math.inf if reached else -math.inf)


def _agreeing(interval: ShownInterval, limit: float, answer: Outcome, *, upward: bool) -> ShownInterval:
    """The bounds, on the side of the limit that the test puts them: over runs they are found where the percentile lies."""
    low, high = interval.low, interval.high
    if answer is Outcome.UNCLEAR:
        low, high = None if low is None else min(low, limit), None if high is None else max(high, limit)
    elif (answer is Outcome.MET) == upward:
        low = limit if low is None else max(low, limit)
    else:
        high = limit if high is None else min(high, limit)
    return interval.model_copy(update={"low": low, "high": high})


def _reason(
    test: Percentile, answer: Outcome, known: Checked, counted: tuple[float, int, int], metric: Metric
) -> str:
    limit, below, size = counted
    assert known.estimate is not None
    percent = number_text(test.percent)
    said = (
        f"p{percent} of {metric.name} is {shown(known.estimate, metric)}; {below:,} of {count(size, 'value')}"
    )
    reached = test.comparison in (Comparison.AT_MOST, Comparison.ABOVE)
    goal = f"{'at most' if reached else 'below'} {shown(limit, metric)}"
    if answer is Outcome.UNCLEAR:
        return f"{said} are {goal}, which leaves open whether {percent}% of all are"
    more = (answer is Outcome.MET) != (test.comparison in GREATER)
    return f"{said} are {goal}, which shows that {'more' if more else 'less'} than {percent}% of all are"


def _constant(table: ExampleTable, known: Checked, metric: Metric) -> str:
    assert known.estimate is not None
    n, value = table.matrix.size, shown(known.estimate, metric)
    return (
        f"all {count(n, 'value')} are {value}: without any spread nothing can be shown"
        if n > 1
        else f"one value, {value}, has no spread"
    )


def _no_spread() -> Settlement:
    return Settlement(kind="measure", text="examples that differ would settle it")


def _settle(
    answer: Outcome,
    below: NDArray[np.float64],
    table: ExampleTable,
    share: float,
    level: Level,
    case: Case,
) -> Settlement | None:
    if answer is not Outcome.UNCLEAR or not case.predicts:
        return None
    try:
        outlook: Outlook | None = _outlook(below, table, share, level)
    except StatisticsError:
        outlook = None
    return settlement(outlook, tuple(seed.run for seed in level.measured.seeds))


def _outlook(below: NDArray[np.float64], table: ExampleTable, share: float, level: Level) -> Outlook:
    alpha = level.alpha
    if level.sequential and below.sum() in (0, below.size):
        return examples_for_sequential_rate(int(below.sum()), below.size, share, alpha=alpha)
    if below.shape[1] == 1 and table.clusters is None:
        return examples_for_rate(int(below.sum()), below.shape[0], share, alpha=alpha)
    return examples_for_mean(np.sort(below, axis=1).mean(axis=1), null=share, alpha=alpha)
