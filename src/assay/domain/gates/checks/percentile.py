"""Is a percentile over the examples beyond a number that was written down beforehand?

`p95 of latency < 500 ms` holds exactly when more than 95% of the examples lie below 500 ms. So the share of examples below
the limit is tested, as any pass rate is: exactly with one run, with the crossed variance over several seeds. With one
run this is the order-statistic bound of the percentile, which needs no shape of the distribution.
"""

from __future__ import annotations

import math
from dataclasses import replace
from decimal import ROUND_CEILING, Decimal

import numpy as np
from numpy.typing import NDArray

from assay.domain.experiments.criteria.model import Comparison, Criterion, Percentile
from assay.domain.experiments.exact_numbers import number_text
from assay.domain.gates.case import GREATER, Case, Checked, compares
from assay.domain.gates.checks.claims import (
    Claimed,
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
from assay.domain.kernel.findings import Outcome, Settlement, ShownInterval
from assay.domain.kernel.metrics import Metric
from assay.stats.crossed import crossed_against_threshold
from assay.stats.distributions import binomial_at_least, binomial_at_most
from assay.stats.estimates import Direction
from assay.stats.power import Outlook, examples_for_mean, examples_for_rate
from assay.stats.samples import StatisticsError

METHOD = "share of examples beyond the limit"


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
    value = quantile(np.sort(table.matrix, axis=None), test.percent)
    point = Outcome.MET if compares(value, test.comparison, limit) else Outcome.NOT_MET
    return Checked(Outcome.UNCLEAR, METHOD, "", point=point, estimate=value, threshold=limit)


def quantile(ordered: NDArray[np.float64], percent: Decimal) -> float:
    """Which of these values, in rising order, do `percent` of them not exceed (the inverse of the empirical distribution)?

    >>> quantile(np.arange(1.0, 21.0), Decimal(95))
    19.0
    """
    rank = (percent * ordered.size / 100).to_integral_value(ROUND_CEILING)
    return float(ordered[max(int(rank), 1) - 1])


def _judged(
    test: Percentile, limit: float, level: Level, table: ExampleTable, metric: Metric, case: Case
) -> Checked:
    known = replace(
        _estimate_only(table, test, limit),
        n=counts(level.measured),
        notes=(*level.measured.notes, *level.notes),
        alpha=level.alpha,
        against_level=math.inf,
        method=f"{METHOD}, {level.text}",
    )
    below, share = _below(table.matrix, test.comparison, limit), float(test.percent / 100)
    if float(np.ptp(table.matrix)) == 0.0:
        return replace(known, reason=_constant(table, known, metric), settle=_no_spread())
    try:
        found = crossed_against_threshold(below, share, clusters=table.cluster_labels, alpha=level.alpha)
    except StatisticsError as error:
        return replace(known, reason=str(error), settle=_no_spread())
    direction: Direction = "less" if test.comparison in GREATER else "greater"
    said = judged(found, direction, level)
    interval = _interval(test, limit, level, table, said)
    return replace(
        known,
        outcome=said.answer,
        method=f"{METHOD}, {said.method}",
        reason=_reason(test, said.answer, known, (limit, int(below.sum()), below.size), metric),
        against_level=said.p_value / level.alpha,
        p_value=said.p_value,
        interval=interval,
        settle=_settle(said.answer, below, table, share, level, case),
        notes=(*known.notes, *said.scope_note),
    )


def _below(values: NDArray[np.float64], comparison: Comparison, limit: float) -> NDArray[np.float64]:
    """1 where an example lies on the near side of the limit; which side a value at the limit counts for, the sign says."""
    reached = comparison in (Comparison.AT_MOST, Comparison.ABOVE)
    return np.asarray(values <= limit if reached else values < limit, dtype=np.float64)


def _interval(
    test: Percentile, limit: float, level: Level, table: ExampleTable, said: Claimed
) -> ShownInterval:
    """The percentile's bounds: order statistics with one run, else those at the bounds of the share (Woodruff 1952)."""
    ordered = np.sort(table.matrix, axis=None)
    share = float(test.percent / 100)
    if table.matrix.shape[1] == 1 and table.clusters is None:
        low, high = _order_statistics(ordered, share, level.alpha)
    else:
        at = quantile(ordered, test.percent)
        around = crossed_against_threshold(
            _below(table.matrix, Comparison.AT_MOST, at),
            share,
            clusters=table.cluster_labels,
            alpha=level.alpha,
        ).estimate.interval
        low, high = (_at_share(ordered, end) for end in (around.low, around.high))
        low, high = _agreeing(low, high, limit, said.answer, upward=test.comparison in GREATER)
    return ShownInterval(low=low, high=high, confidence=said.interval.confidence, label=said.interval.label)


def _order_statistics(
    ordered: NDArray[np.float64], share: float, alpha: float
) -> tuple[float | None, float | None]:
    """The values that the percentile is shown to reach, and not to exceed; None where no example is far enough out."""
    n = ordered.size
    ranks = np.arange(n + 1)
    high = int(
        np.searchsorted(-binomial_at_least(ranks, n, share), -alpha)
    )  # first rank with a tail of at most alpha
    low = int(np.searchsorted(binomial_at_most(ranks, n, share), alpha, side="right"))
    return (
        float(ordered[low - 1]) if low >= 1 else None,
        float(ordered[high - 1]) if high <= n else None,
    )


def _at_share(ordered: NDArray[np.float64], share: float | None) -> float | None:
    if share is None or not 0.0 < share < 1.0:
        return None
    return float(ordered[max(math.ceil(share * ordered.size), 1) - 1])


def _agreeing(
    low: float | None, high: float | None, limit: float, answer: Outcome, *, upward: bool
) -> tuple[float | None, float | None]:
    """The bounds, on the side of the limit that the test puts them: the share is tested at the limit itself."""
    above = (answer is Outcome.MET) == upward and answer is not Outcome.UNCLEAR
    if answer is Outcome.UNCLEAR:
        return (None if low is None else min(low, limit)), (None if high is None else max(high, limit))
    if above:
        return (limit if low is None else max(low, limit)), high
    return low, (limit if high is None else min(high, limit))


def _reason(
    test: Percentile, answer: Outcome, known: Checked, counted: tuple[float, int, int], metric: Metric
) -> str:
    limit, below, size = counted
    assert known.estimate is not None
    name = f"p{number_text(test.percent)}"
    said = f"{name} of {metric.name} is {shown(known.estimate, metric)}; {below:,} of {count(size, 'value')}"
    goal = f"{'at most' if test.comparison in (Comparison.AT_MOST, Comparison.ABOVE) else 'below'} {shown(limit, metric)}"
    needed = f"{number_text(test.percent)}%"
    if answer is Outcome.UNCLEAR:
        return f"{said} are {goal}, which leaves open whether {needed} of all are"
    more = (answer is Outcome.MET) != (test.comparison in GREATER)
    return f"{said} are {goal}, which shows that {'more' if more else 'less'} than {needed} of all are"


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
        outlook: Outlook | None = _outlook(below, table, share, level.alpha)
    except StatisticsError:
        outlook = None
    return settlement(outlook, tuple(seed.run for seed in level.measured.seeds))


def _outlook(below: NDArray[np.float64], table: ExampleTable, share: float, alpha: float) -> Outlook:
    if below.shape[1] == 1 and table.clusters is None:
        return examples_for_rate(int(below.sum()), below.shape[0], share, alpha=alpha)
    return examples_for_mean(np.sort(below, axis=1).mean(axis=1), null=share, alpha=alpha)
