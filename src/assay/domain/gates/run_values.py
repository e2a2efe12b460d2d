"""What did one run measure for one metric, and do two runs say the same?"""

from __future__ import annotations

import math

import numpy as np

from assay.domain.experiments.evidence import Aggregate, FloatArray, Run, Scores
from assay.domain.kernel.canonical import round_significant
from assay.domain.kernel.metrics import Metric, Unit

_EXACT = 2.0**53  # whole numbers below it add up without rounding
LOGGED_DIGITS = 1e-6
"""How far, in relation to it, a logged value may lie from the scores that it sums up."""


def value_of(run: Run, metric: Metric) -> float | None:
    """What did this run measure: its per-example scores (mean; sum of a count), else the last logged or a reported value?

    None when it did not log the metric. May be non-finite.
    """
    scores = scores_of(run, metric)
    if scores is not None and scores.values.size:
        total = _sum(scores.values)
        return total if metric.unit is Unit.COUNT else total / scores.values.size
    for name in (metric.name, *metric.aliases):
        curve = run.curves.get(name)
        if curve is not None and curve.values.size:
            return curve.last
    reported = reported_by(run, metric)
    return None if reported is None else reported.value


def _sum(values: FloatArray) -> float:
    """The same for every order of the values: whole numbers, such as right and wrong, add up exactly, others are sorted."""
    small = max(-float(values.min()), float(values.max())) * values.size < _EXACT
    exact = small and bool((np.trunc(values) == values).all())
    return float((values if exact else np.sort(values)).sum())


def reported_by(run: Run, metric: Metric) -> Aggregate | None:
    """The figure that a tool reported without the examples behind it, where the run has neither scores nor a curve of the metric."""
    names = (metric.name, *metric.aliases)
    if scores_of(run, metric) is not None or any(
        n in run.curves and run.curves[n].values.size for n in names
    ):
        return None
    return next((run.aggregates[n] for n in names if n in run.aggregates), None)


def scores_of(run: Run, metric: Metric) -> Scores | None:
    """The per-example scores of this metric, where the run has them."""
    return next((run.scores[n] for n in (metric.name, *metric.aliases) if n in run.scores), None)


def same_value(value: float, other: float) -> bool:
    """Are these one value in a record: equal at 12 significant digits, or not finite in the same way?"""
    if value == other:
        return True
    if math.isfinite(value) and math.isfinite(other):
        return round_significant(value) == round_significant(other)
    return math.isnan(value) and math.isnan(other)


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
