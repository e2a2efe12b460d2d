"""What did one run measure for one metric, and do two runs say the same?"""

from __future__ import annotations

import math
from typing import TypeVar

import numpy as np

from assay.domain.experiments.evidence import Aggregate, Curve, FloatArray, LastValue, Run, Scores
from assay.domain.experiments.readings import read_curve
from assay.domain.kernel.canonical import round_significant
from assay.domain.kernel.metrics import Metric, Unit
from assay.domain.kernel.readings import LAST, ReadingKind

_EXACT = 2.0**53  # whole numbers below it add up without rounding
LOGGED_DIGITS = 1e-6
"""How far, in relation to it, a logged value may lie from the scores that it sums up."""


def value_of(run: Run, metric: Metric) -> float | None:
    """What did this run measure: its per-example scores (mean; sum of a count), else the declared value of its curve, or a reported one?

    None when it did not log the metric, or its curve does not reach the step that counts. May be non-finite.
    """
    scores = scores_of(run, metric)
    if scores is not None and scores.values.size:
        return _of_scores(scores, metric)
    if curve_of(run, metric) is not None:
        return logged_value(run, metric)
    reported = reported_by(run, metric)
    return None if reported is None else reported.value


def logged_value(run: Run, metric: Metric) -> float | None:
    """What does the curve of this run say, read as the metric is declared? The one place where a curve becomes the value of a run."""
    curve = curve_of(run, metric)
    return None if curve is None else read_curve(curve, metric.reading, metric.direction)


def curve_of(run: Run, metric: Metric) -> Curve | None:
    """The curve of this metric, where the run logged a point of it."""
    return next((run.curves[n] for n in metric.names if n in run.curves and run.curves[n].points), None)


def has_begun(run: Run, metric: Metric) -> bool:
    """Has this run shown anything of the metric, be it that what counts is still to come?"""
    return curve_of(run, metric) is not None or value_of(run, metric) is not None


def unread(run: Run, metric: Metric) -> str:
    """Why does the curve of this run have no value that counts: `ends at step 800`, `has 3 points`; empty where it has one, or there is no curve."""
    curve = curve_of(run, metric)
    if curve is None or logged_value(run, metric) is not None:
        return ""
    if isinstance(curve, LastValue):
        return "was not kept"
    if metric.reading.kind is ReadingKind.MEAN_OF_LAST:
        return f"has {curve.points:,} {'point' if curve.points == 1 else 'points'}"
    first, last = int(curve.steps[0]), int(curve.steps[-1])
    return f"ends at step {last:,}" if last < metric.reading.amount else f"begins at step {first:,}"


def _of_scores(scores: Scores, metric: Metric) -> float:
    total = _sum(scores.values)
    return total if metric.unit is Unit.COUNT else total / scores.values.size


def _sum(values: FloatArray) -> float:
    """The same for every order of the values: whole numbers, such as right and wrong, add up exactly, others are sorted."""
    small = max(-float(values.min()), float(values.max())) * values.size < _EXACT
    exact = small and bool((np.trunc(values) == values).all())
    return float((values if exact else np.sort(values)).sum())


def reported_by(run: Run, metric: Metric) -> Aggregate | None:
    """The figure that a tool reported without the examples behind it, where the run has neither scores nor a curve of the metric."""
    if scores_of(run, metric) is not None or curve_of(run, metric) is not None:
        return None
    return _final(metric, next((run.aggregates[n] for n in metric.names if n in run.aggregates), None))


def scores_of(run: Run, metric: Metric) -> Scores | None:
    """The per-example scores of the value that counts, where the run has them.

    Nobody says at which step scores were taken. Where another value than the last counts, they are its scores if they sum
    up to it, or if there is no curve and the best of what there is counts.
    """
    found = logged_scores(run, metric)
    if found is None or metric.reading == LAST:
        return found
    if curve_of(run, metric) is None:
        return _final(metric, found)
    value = logged_value(run, metric)
    return found if value is not None and found.values.size and sums_up(found, value, metric) else None


def logged_scores(run: Run, metric: Metric) -> Scores | None:
    """The per-example scores of this metric, whatever value they belong to."""
    return next((run.scores[n] for n in metric.names if n in run.scores), None)


def sums_up(scores: Scores, value: float, metric: Metric) -> bool:
    """Are these the scores of this logged value, as far as rounding lets us tell?"""
    return abs(value - _of_scores(scores, metric)) <= LOGGED_DIGITS * max(1.0, abs(value))


_One = TypeVar("_One")


def _final(metric: Metric, found: _One) -> _One | None:
    """A figure without a curve: the last and the best of what there is; of which step it is, or of how many points, nobody knows."""
    return found if metric.reading.kind in (ReadingKind.LAST, ReadingKind.BEST) else None


def same_value(value: float, other: float) -> bool:
    """Are these one value in a record: equal at 12 significant digits, or not finite in the same way?"""
    if value == other:
        return True
    if math.isfinite(value) and math.isfinite(other):
        return round_significant(value) == round_significant(other)
    return math.isnan(value) and math.isnan(other)


def same_curve(curve: Curve, other: Curve) -> bool:
    """Do these hold the same values at the same steps, whenever they were logged?"""
    return np.array_equal(curve.steps, other.steps) and np.array_equal(
        curve.values, other.values, equal_nan=True
    )


def same_result(run: Run, other: Run, metric: Metric) -> bool:
    """Did these runs measure the same: equal scores of every example where both have them, else equal values?

    Scores that were written beside a logged value may differ from it by what rounding takes. A run whose scores cannot be
    read, or that did not measure the metric, is never the same as another.
    """
    value, known = value_of(run, metric), value_of(other, metric)
    if value is None or known is None or run.scores_error or other.scores_error:
        return False
    scores, others = scores_of(run, metric), scores_of(other, metric)
    if scores is not None and others is not None:
        return _by_example(scores) == _by_example(others)
    if (scores is None) != (others is None):
        return abs(value - known) <= LOGGED_DIGITS * max(1.0, abs(known)) or same_value(value, known)
    return same_value(value, known)


def _by_example(scores: Scores) -> dict[str, float]:
    return dict(zip(scores.sample_ids, scores.values.tolist(), strict=False))
