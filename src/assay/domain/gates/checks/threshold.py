"""Is a metric beyond a number that was written down beforehand?

A claim is met when the one-sided bound clears the number, not met when the opposite bound rules it out. Pass/fail
scores are decided by Clopper-Pearson, several seeds on shared examples by the crossed variance, seed-level values by
the one-sample t, all at the level of a registered look.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from assay.domain.experiments.criteria.model import Comparison, Criterion, Threshold
from assay.domain.gates.case import GREATER, Case, Checked, compares, corrected
from assay.domain.gates.checks.any_time import (
    EARLY,
    any_time_threshold,
    e_value_notes,
    needs_examples,
    too_few,
    what_settles,
)
from assay.domain.gates.checks.census import check_census
from assay.domain.gates.checks.claims import (
    LAST_LOOK,
    counts,
    invalid,
    judged,
    problem,
    settlement,
    too_close,
    unproven,
    waiting,
)
from assay.domain.gates.checks.looks import Level, NotNow, level_for, next_look
from assay.domain.gates.example_tables import ExampleTable
from assay.domain.gates.measurements import Measured, measure
from assay.domain.gates.problems import Problem
from assay.domain.gates.quantities import in_unit_of
from assay.domain.gates.reported import figure_outlook, settles_figure, summary_of
from assay.domain.gates.seed_groups import SeedGroup
from assay.domain.gates.wording import count, shown
from assay.domain.kernel.findings import Outcome, Settlement, ShownInterval
from assay.domain.kernel.metrics import Metric
from assay.stats.crossed import crossed_against_threshold
from assay.stats.estimates import Direction, ThresholdTest
from assay.stats.means import mean_against_threshold
from assay.stats.power import (
    Outlook,
    Settles,
    TooCloseToCall,
    examples_for_figure,
    examples_for_mean,
    examples_for_rate,
    seeds_for_threshold,
)
from assay.stats.proportions import wilson
from assay.stats.samples import DegenerateSample, StatisticsError, TooFewSamples, is_binary, summarize
from assay.stats.summaries import Summary, summary_against_threshold


def check_threshold(criterion: Criterion, group: SeedGroup, case: Case, divisor: float) -> Checked:
    """What is known of `metric >= number` for this group, at levels divided by the correction?"""
    test = criterion.test
    assert isinstance(test, Threshold)
    metric = case.catalog.require(test.metric)
    limit = in_unit_of(test.value, metric)
    if limit is None:
        return invalid(
            f"{metric.name} is measured in {metric.unit.value}, the criterion says {test.value.unit.value}",
            "write the criterion in the metric's unit",
        )
    measured = measure(group, metric, criterion.dataset)
    if isinstance(measured, Problem):
        return problem(measured)
    if test.comparison is Comparison.EQUAL:
        return check_census(measured, metric, limit, alpha=case.settings.alpha)
    return against_number(measured, metric, (test.comparison, limit), case=case, divisor=divisor)


def against_number(
    measured: Measured, metric: Metric, claim: tuple[Comparison, float], *, case: Case, divisor: float
) -> Checked:
    """What is known of the claim that the mean of the metric stands in this relation to a number?"""
    comparison, limit = claim
    measured = measured.for_means(metric)
    runs = tuple(seed.run for seed in measured.seeds)
    known = _estimate_only(measured, comparison, limit)
    figure = summary_of(measured, metric) if measured.reported is not None else None
    if figure is not None and case.sequential:
        figure = needs_examples(metric.name)
    if isinstance(figure, Problem):
        return unproven(figure, known)
    level = level_for(measured, case, divisor)
    if isinstance(level, NotNow):
        return waiting(level, measured, runs=runs, known=known)
    if level.measured is not measured:  # what decides, decides by its estimate too
        known = _estimate_only(level.measured, comparison, limit)
    direction: Direction = "greater" if comparison in GREATER else "less"
    try:
        test = _tested(level, limit, figure)
    except (DegenerateSample, TooFewSamples) as error:
        return _too_little(known, level, metric, error)
    except StatisticsError as error:
        return invalid(str(error), "mend the criterion or the scores")
    found = judged(test, direction, level, metric)
    settle = _settle(test, found.answer, level, case=case, divisor=divisor, figure=figure)
    return Checked(
        outcome=found.answer,
        method=found.method,
        reason=_reason(found.answer, found.interval, metric, (comparison, limit, test.estimate.value), level),
        point=known.point,
        against_level=found.p_value / level.alpha,
        estimate=test.estimate.value,
        interval=found.interval,
        threshold=limit,
        p_value=found.p_value,
        alpha=level.alpha,
        looks=level.spent,
        e_value=found.e_value,
        detectable=found.detectable,
        n=counts(level.measured),
        settle=settle,
        notes=(
            *level.measured.notes,
            *level.notes,
            *found.scope_note,
            *e_value_notes(found.e_value, level.alpha),
            *_display_notes(level, metric),
        ),
    )


def _tested(level: Level, limit: float, figure: Summary | None) -> ThresholdTest:
    table = level.measured.table
    if figure is not None:
        return summary_against_threshold(figure, limit, alpha=level.alpha)
    if level.sequential and table is not None:
        return any_time_threshold(table, limit, alpha=level.alpha)
    if table is None:
        return mean_against_threshold(level.measured.values, limit, alpha=level.alpha)
    return crossed_against_threshold(table.matrix, limit, clusters=table.cluster_labels, alpha=level.alpha)


def _estimate_only(measured: Measured, comparison: Comparison, limit: float) -> Checked:
    mean = summarize(measured.values).mean
    point = Outcome.MET if compares(mean, comparison, limit) else Outcome.NOT_MET
    return Checked(
        Outcome.UNCLEAR,
        "mean over seeds",
        "",
        point=point,
        estimate=mean,
        threshold=limit,
        n=counts(measured),
    )


def _too_little(known: Checked, level: Level, metric: Metric, error: StatisticsError) -> Checked:
    n, table = len(level.measured.seeds), level.measured.table
    assert known.estimate is not None
    value = shown(known.estimate, metric)
    size = 1 if table is None else len(table.sample_ids)
    settle = Settlement(
        kind="measure", text="per-example scores, or seeds that change the result, would settle it"
    )
    if level.sequential and isinstance(error, TooFewSamples):
        reason, settle = (
            f"{metric.name} {value}{metric.reading.beside}: {EARLY}",
            too_few(size, None if table is None else table.clusters),
        )
    elif n > 1:
        reason = f"all {n} seeds gave {value}: without any spread nothing can be shown"
    elif size > 1:
        reason = f"all {count(size, 'example')} gave {value}: without any spread nothing can be shown"
    else:
        reason = f"one value, {value}, has no spread"
    return Checked(
        outcome=Outcome.UNCLEAR,
        method=f"none, {level.text}",
        reason=reason,
        point=known.point,
        against_level=float("inf"),
        estimate=known.estimate,
        threshold=known.threshold,
        alpha=level.alpha,
        looks=level.spent,
        n=known.n,
        settle=settle,
        notes=(*level.measured.notes, *level.notes),
    )


def _reason(
    answer: Outcome,
    interval: ShownInterval,
    metric: Metric,
    claim: tuple[Comparison, float, float],
    level: Level,
) -> str:
    comparison, limit, estimate = claim
    size = count(len(level.measured.seeds), "seed")
    if level.measured.table is not None:
        size = f"{size} x {count(len(level.measured.table.sample_ids), 'example')}"
    said = f"{metric.name} {shown(estimate, metric)}{metric.reading.beside} over {size}"
    low = "-" if interval.low is None else shown(interval.low, metric)
    high = "-" if interval.high is None else shown(interval.high, metric)
    near, far = (low, high) if comparison in GREATER else (high, low)
    goal = shown(limit, metric)
    if answer is Outcome.MET:
        verb = "clears" if comparison in GREATER else "stays below"
        return f"{said}: the bound {near} {verb} {goal}"
    if answer is Outcome.NOT_MET:
        return f"{said}: the opposite bound {far} rules {goal} out"
    return f"{said}: the interval {low} to {high} still holds {goal}"


def _settle(
    test: ThresholdTest, answer: Outcome, level: Level, *, case: Case, divisor: float, figure: Summary | None
) -> Settlement | None:
    limit = test.threshold
    if answer is not Outcome.UNCLEAR or not case.predicts:
        return None
    if figure is not None:
        return settles_figure(_figure_outlook(figure, limit, level.alpha), figure.n, compared=False)
    if level.sequential and level.measured.table is not None:
        return what_settles(test, level.measured.table)
    if level.is_last and len(level.measured.seeds) > 1:
        return too_close(LAST_LOOK)
    try:
        outlook = _outlook(test, level, case, divisor)
    except StatisticsError:
        outlook = None
    runs = tuple(seed.run for seed in level.measured.seeds)
    later = next_look(level, case) if outlook is None and len(runs) > 1 else None
    return later or settlement(outlook, runs)


def _outlook(test: ThresholdTest, level: Level, case: Case, divisor: float) -> Outlook:
    limit = test.threshold
    table, plan = level.measured.table, corrected(case.plan, divisor)
    if table is None:
        return seeds_for_threshold(level.measured.values, limit, plan=plan)
    if table.matrix.shape[1] > 1:
        return _examples_first(test, level, table) or seeds_for_threshold(
            level.measured.values, limit, plan=plan
        )
    column = table.matrix[:, 0]
    if table.clusters is not None and test.estimate.se:  # as many more sources
        return examples_for_figure(
            test.estimate.value - limit, test.estimate.se, column.size, alpha=level.alpha
        )
    if is_binary(column) and table.clusters is None:
        return examples_for_rate(int(column.sum()), column.size, limit, alpha=level.alpha)
    return examples_for_mean(column, null=limit, alpha=level.alpha)


def _examples_first(test: ThresholdTest, level: Level, table: ExampleTable) -> Outlook | None:
    """More seeds cannot settle what the examples alone leave open; None where the examples leave nothing open."""
    if is_binary(table.matrix) and (table.matrix == table.matrix[0, 0]).all():
        return _zero_failures(table, test.estimate.n, test.threshold, level.alpha)
    per_example = np.sort(table.matrix, axis=1).mean(axis=1)
    by_examples = examples_for_mean(per_example, null=test.threshold, alpha=level.alpha)
    if isinstance(by_examples, TooCloseToCall) or by_examples.more > 0:
        return by_examples
    return None


def _zero_failures(table: ExampleTable, units: int, limit: float, alpha: float) -> Outlook:
    """Without any spread each example (source) counts once, however many seeds: so many more of them it takes."""
    found = examples_for_rate(int(table.matrix[0, 0]) * units, units, limit, alpha=alpha)
    examples = table.matrix.shape[0]
    if units == examples or not isinstance(found, Settles):
        return found
    more = math.ceil(found.more * examples / units)
    return replace(found, more=more, total=examples + more)


def _figure_outlook(figure: Summary, limit: float, alpha: float) -> Outlook | None:
    if figure.successes is not None and figure.n is not None:
        return examples_for_rate(figure.successes, figure.n, limit, alpha=alpha)
    return figure_outlook(figure.value - limit, figure.spread, figure.n, alpha)


def _display_notes(level: Level, metric: Metric) -> tuple[str, ...]:
    """Wilson's interval beside a rate of one model: for display, it decides nothing."""
    table = level.measured.table
    if table is None or table.matrix.shape[1] > 1 or not is_binary(table.matrix):
        return _same_everywhere(table)
    passed, n = int(table.matrix.sum()), table.matrix.shape[0]
    drawn = wilson(passed, n, confidence=1.0 - 2.0 * level.alpha)
    assert drawn.low is not None
    assert drawn.high is not None
    return (
        f"{passed:,} of {n:,}; Wilson (display only) {shown(drawn.low, metric)} to {shown(drawn.high, metric)}",
    )


def _same_everywhere(table: ExampleTable | None) -> tuple[str, ...]:
    if table is None or table.matrix.shape[1] < 2 or (table.matrix != table.matrix[:, :1]).any():
        return ()
    return ("all seeds gave the same scores on every example: the seed changes nothing here",)
