"""Is the candidate beyond a share of a baseline that was measured itself?

Two percent of a measured mean is as unsure as that mean. Whoever takes it as exact passes up to a third of the candidates that
stand exactly at the margin, so the candidate is compared with a multiple of the baseline, value by value (Fieller 1954).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from assay.stats.averaged_rates import less_sure
from assay.stats.crossed import combined, crossed_comparison, seed_parts
from assay.stats.distributions import FloatArray, t_quantile
from assay.stats.estimates import Comparison, Interval
from assay.stats.independent_rates import kept_beside
from assay.stats.paired import (
    ClusteredMean,
    Clusters,
    cluster_dof,
    cluster_index,
    cluster_totals,
)
from assay.stats.paired_ratios import paired_table, ratio_test
from assay.stats.samples import (
    ROUNDING,
    DegenerateSample,
    Scores,
    as_matrix,
    check_alpha,
    is_binary,
    means,
    ordered_sum,
    summarize,
)
from assay.stats.tried_ratios import decides_alone, tried_ratio
from assay.stats.wild_clusters import FEW_CLUSTERS

_STEPS = 80
_DOUBLINGS = 12
"""An interval that reaches 4,000 times as far as the difference is unsure has no end worth showing."""
Compare = Callable[[float], Comparison]
"""The candidate against this multiple of the baseline, tested against no difference."""
Ends = Callable[[float], tuple[float, float]]
"""The ends of the interval of that difference."""


def relative_comparison(
    candidate: Scores,
    baseline: Scores,
    *,
    share: float,
    clusters: Clusters | None = None,
    alpha: float = 0.05,
) -> Comparison:
    """By how much does the candidate differ from the baseline, and is that beyond a share of the baseline's mean?

    Args:
        candidate: shape (examples, seeds), in the metric's units.
        baseline: the same examples in the same rows, its own seeds.
        share: change tested against, as a share of the baseline's mean: -0.02 for "at most 2% lower".
        clusters: the source of each example, if some share one.
        alpha: one-sided error; the interval has confidence 1 - 2 alpha.

    Returns:
        As `crossed.crossed_comparison` of the candidate with (1 + share) x baseline; effect, interval and null are told as
        differences at the baseline's mean: divided by it they are the relative change, its interval and the share.

    Raises:
        As `crossed.crossed_comparison`; DegenerateSample also where both sides agree on every example.

    One seed of pass/fail scores: the score test of the ratio of two paired rates (Nam and Blackwelder 2002). Rates in tries, and
    others where one side never loses: that test at the effective number of examples (`tried_ratios`). Where both sides lose some over
    several seeds, or in sources, a claim has to hold by that test and by the t.

    >>> c = relative_comparison([[96.0], [210.0], [330.0], [405.0]], [[100.0], [200.0], [310.0], [390.0]], share=0.1)
    >>> round(c.effect / 250, 3), round(c.interval.high / 250, 3), c.answer("less")
    (0.041, 0.066, 'met')
    """
    check_alpha(alpha)
    a, b = as_matrix(candidate, "candidate"), as_matrix(baseline, "baseline")
    one_each = a.shape[1:] == b.shape[1:] == (1,) and a.shape == b.shape
    if one_each and a.size and clusters is None and is_binary(a) and is_binary(b) and share > -1.0:
        table = paired_table(a[:, 0], b[:, 0])
        return relative_to(lambda factor: ratio_test(table, factor, alpha=alpha), share, _mean(b))
    tried = tried_ratio(a, b, share=share, clusters=clusters, alpha=alpha)
    scored = None if tried is None else relative_to(tried, share, _mean(b))
    if scored is not None and decides_alone(a, b, clusters):
        return scored

    def by_t(factor: float) -> Comparison:
        return crossed_comparison(a, factor * b, clusters=clusters, alpha=alpha)

    if scored is not None and _no_surer(scored, by_t, 1.0 + share):
        return scored
    return relative_to(by_t, share, _mean(b), needs_spread=True, ends=_crossed_ends(a, b, clusters, alpha))


def _no_surer(scored: Comparison, by_t: Compare, factor: float) -> bool:
    """Is the score test less sure than the t, or has that no spread to go by, as where each source loses what it wins?"""
    try:
        return less_sure(by_t(factor), scored) is scored
    except DegenerateSample:
        return True


def relative_to(
    compare: Compare,
    share: float,
    mean: float,
    *,
    needs_spread: bool = False,
    ends: Ends | None = None,
) -> Comparison:
    """What does a comparison with (1 + share) x baseline say of the relative change?

    Args:
        compare: compares the candidate with a multiple of the baseline, against no difference.
        share: change tested against, as a share of the baseline's mean.
        mean: of the baseline, in the metric's units.
        needs_spread: whether the comparison has no interval where every example changes by the same share.
        ends: the ends of the interval of `compare` by a quicker way.

    The bounds are the changes at which that same comparison turns, so the interval excludes the share exactly when the claim is
    decided; a bound is None where the baseline is too near to zero to say. Where every example changes by the same share, the spread
    is that of the candidate and the multiple of the baseline it is tested against.
    """
    if mean == 0.0:
        return compare(1.0 + share)
    found = compare(1.0 + share)
    null = share * mean
    effect = found.effect + null
    if abs(effect) <= ROUNDING * abs(mean):
        effect = 0.0  # what rounding leaves of no change at all
    if needs_spread and _one_ratio(compare, effect / mean, max(abs(mean), abs(effect))):
        span = found.interval
        assert span.low is not None
        assert span.high is not None
        moved = Interval(span.low + null, span.high + null, span.confidence)
        return replace(found, effect=effect, null=null, interval=moved)

    def bounds(change: float) -> tuple[float | None, float | None]:
        if ends is not None:
            return ends(1.0 + change / mean)
        interval = compare(1.0 + change / mean).interval
        return interval.low, interval.high

    low = _turn(lambda change: bounds(change)[0], null, effect, found.interval, side=-1.0)
    high = _turn(lambda change: bounds(change)[1], null, effect, found.interval, side=1.0)
    alpha = found.alpha
    below, above = found.p_less <= alpha, found.p_greater <= alpha
    kept = kept_beside(
        -math.inf if low is None else low, math.inf if high is None else high, null, above, below
    )
    known = [end if math.isfinite(end) else None for end in kept]
    span = Interval(known[0], known[1], found.interval.confidence)
    return replace(found, effect=effect, null=null, interval=span)


def _mean(values: FloatArray) -> float:
    return summarize(values.ravel()).mean


def _crossed_ends(
    candidate: FloatArray, baseline: FloatArray, clusters: Clusters | None, alpha: float
) -> Ends | None:
    """The interval of candidate - factor x baseline for any factor, from sums that are taken once; None where it takes more.

    As `crossed.crossed_comparison` has it: the variance between examples (clusters) is a parabola in the factor, and that of the
    baseline's seeds grows with its square. Sums are around the factor at which both means agree, so that no digits are lost. It
    takes more where a bootstrap decides over few clusters.
    """
    n, level = candidate.shape[0], _mean(baseline) if baseline.size else 0.0
    if n != baseline.shape[0] or n < 2 or level == 0.0:
        return None
    index = cluster_index(clusters, n)
    sizes = np.ones(n) if index is None else np.bincount(index).astype(np.float64)
    dof = cluster_dof(sizes) if sizes.size > 1 else 0.0
    if dof < 1.0 or (index is not None and dof + 1.0 < FEW_CLUSTERS):
        return None
    centre, weight = _mean(candidate) / level, 1.0 / (1.0 - sizes / n) / n**2
    if candidate.shape[1] == baseline.shape[1] == 1:  # as `paired.paired_t`, whatever the sizes
        weight, dof = np.full(sizes.size, sizes.size / (sizes.size - 1.0) / n**2), sizes.size - 1.0
    columns = means(candidate) - centre * means(baseline), means(baseline)
    left, right = (_totals(values - float(means(values)), index) for values in columns)
    own, both, other = (
        float(ordered_sum(x * y * weight)) for x, y in ((left, left), (left, right), (right, right))
    )
    seeds = [seed_parts(arm, index) if arm.shape[1] > 1 else None for arm in (candidate, baseline)]

    def ends(factor: float) -> tuple[float, float]:
        beside = factor - centre
        between = max(own - 2.0 * beside * both + beside**2 * other, 0.0)
        parts = [
            (part[0] * scale, part[1] * scale, part[2])
            for part, scale in zip(seeds, (1.0, factor**2), strict=True)
            if part is not None
        ]
        variance = combined(parts, ClusteredMean(0.0, between, sizes.size, dof), every_arm=len(parts) == 2)
        reach = float(t_quantile(1.0 - alpha, variance.dof)) * math.sqrt(variance.total)
        effect = -beside * level
        return effect - reach, effect + reach

    return ends


def _totals(values: FloatArray, index: NDArray[np.intp] | None) -> FloatArray:
    return values if index is None else cluster_totals(values, index)


def _one_ratio(compare: Compare, change: float, scale: float) -> bool:
    """Does every example change by the same share? Then only the baseline's own spread says how sure that is.

    Raises DegenerateSample where that share is 0: two sides that agree on every example show nothing.
    """
    if abs(change) <= ROUNDING:
        compare(1.0)
        return False
    try:
        width = compare(1.0 + change).interval.width
    except DegenerateSample:
        return True
    return width is not None and width <= 4.0 * ROUNDING * scale


def _turn(
    bound: Callable[[float], float | None], null: float, effect: float, interval: Interval, *, side: float
) -> float | None:
    """The change at which this bound of the remaining difference is 0: between the null and the effect, or beyond the null."""
    at_null = interval.low if side < 0.0 else interval.high
    if at_null is None:
        return None
    inner, outer, at_outer = effect, null, -side * at_null
    reach = max(abs(interval.width or 0.0), abs(effect - null), 1e-300)
    if (effect - null) * side >= 0.0 or at_outer < 0.0:
        outer, at_outer = _outward(bound, min(null, effect) if side < 0.0 else max(null, effect), reach, side)
        if at_outer < 0.0:
            return None
    at_inner = -reach
    for _ in range(_STEPS):
        if abs(outer - inner) <= 1e-13 * max(abs(outer), abs(inner), reach):
            break
        step = outer - at_outer * (outer - inner) / (at_outer - at_inner)
        found = bound(step)
        if found is None:
            return None
        value = -side * found
        if value >= 0.0:
            outer, at_outer, at_inner = step, value, at_inner / 2.0
        else:
            inner, at_inner, at_outer = step, value, at_outer / 2.0
        if value == 0.0:
            break
    return outer


def _outward(
    bound: Callable[[float], float | None], start: float, reach: float, side: float
) -> tuple[float, float]:
    """A change far enough out to be ruled out, and by how much; negative where none is."""
    for doubling in range(_DOUBLINGS):
        change = start + side * reach * 2.0**doubling
        found = bound(change)
        if found is None:
            break
        if -side * found >= 0.0:
            return change, -side * found
    return start, -1.0
