"""What does the bootstrap say, as a check on the formula that decides?

The caller passes the generator; with the same generator the answer is the same whatever the order of the examples.
Pass/fail differences are drawn as three counts instead of n examples, so that a hundred thousand of them take
milliseconds, and a bootstrapped quantile as one beta variate instead of n values.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from assay.stats.distributions import FloatArray, normal_cdf, normal_quantile
from assay.stats.estimates import Comparison, Interval
from assay.stats.paired import ONE_MODEL_EACH, Clusters, cluster_index, cluster_totals
from assay.stats.quantiles import quantile_rank, quantile_sample_size
from assay.stats.samples import (
    ROUNDING,
    DegenerateSample,
    Misaligned,
    Scores,
    StatisticsError,
    TooFewSamples,
    as_scores,
    check_alpha,
)

RESAMPLES = 9999
_CELLS = 1 << 16  # drawn at once: what stays in the processor's cache
Kind = Literal["BCa", "percentile"]


def paired_bootstrap(
    candidate: Scores,
    baseline: Scores,
    generator: np.random.Generator,
    *,
    clusters: Clusters | None = None,
    kind: Kind = "BCa",
    resamples: int = RESAMPLES,
    alpha: float = 0.05,
    null: float = 0.0,
) -> Comparison:
    """By how much do paired scores differ on average, judged by resampling examples (or clusters of them)?

    Args:
        candidate: one score an example, in the metric's units.
        baseline: scores of the same examples in the same order.
        generator: source of chance.
        clusters: the source of each example, if some share one: whole sources are drawn.
        kind: "BCa" corrects bias and skewness, "percentile" does not.
        resamples: how many.
        alpha: one-sided error; the interval has confidence 1 - 2 alpha.
        null: effect tested against.

    Raises:
        Misaligned: lengths differ. TooFewSamples: fewer than two examples or clusters.
        DegenerateSample: all differences (cluster means) identical. NotFinite: not a number.

    Needs some tens of examples or clusters: below thirty the interval is too short. Source: Efron (1987); acceleration of
    a mean in closed form, of a ratio of cluster totals by the jackknife over clusters.

    >>> x, y = np.repeat([1.0, 0.0], [80, 20]), np.repeat([0.0, 1.0, 0.0], [10, 75, 15])
    >>> c = paired_bootstrap(x, y, np.random.default_rng(1))
    >>> round(c.effect, 2), round(c.interval.low, 2), round(c.interval.high, 2)
    (0.05, -0.01, 0.11)
    """
    check_alpha(alpha)
    _check_resamples(resamples, alpha)
    a, b = as_scores(candidate, "candidate"), as_scores(baseline, "baseline")
    if a.size != b.size:
        raise Misaligned(
            f"cannot pair scores: {a.size} of the candidate, {b.size} of the baseline (expected equal)"
        )
    units = _units(a - b, clusters)
    if units.n < 2:
        raise TooFewSamples(f"cannot resample {units.n} independent examples (expected at least 2)")
    means = units.totals / units.sizes
    if np.ptp(means) <= ROUNDING * np.abs(means).max():
        raise DegenerateSample(
            f"cannot compare pairs: no spread between the {units.n} differences (expected some)"
        )
    draws = np.sort(_mean_draws(units, resamples, generator))
    correction = _correction(draws, units) if kind == "BCa" else _Correction(0.0, 0.0)
    name = f"{kind} bootstrap" + ("" if clusters is None else " over clusters")
    return _comparison(units.mean, draws, correction, (units.n, units.n), name, alpha=alpha, null=null)


def quantile_difference(
    candidate: Scores,
    baseline: Scores,
    probability: float,
    generator: np.random.Generator,
    *,
    clusters: tuple[Clusters, Clusters] | None = None,
    resamples: int = RESAMPLES,
    alpha: float = 0.05,
    null: float = 0.0,
) -> Comparison:
    """By how much does a quantile (p95 of latency) of the candidate differ from the baseline's?

    Args:
        candidate: one value a request, in the metric's units.
        baseline: the same of the other arm; requests need not match.
        probability: which quantile, strictly between 0 and 1.
        generator: source of chance.
        clusters: the run or session of each request, of candidate and of baseline, if some share one.
        resamples: how many.
        alpha: one-sided error; the interval has confidence 1 - 2 alpha.
        null: difference tested against (plus the margin for "no slower than").

    Raises:
        TooFewSamples: fewer requests than an order-statistic bound of this quantile needs, or fewer than two clusters.
        DegenerateSample: neither arm's quantile varies between resamples.

    Independent requests: the rank of a bootstrapped quantile is a beta variate, so no sample is drawn. Where the same
    requests went to both, their likeness is not used and the interval is somewhat wide. Source: Efron (1979); Hutson and
    Ernst (2000) for the exact distribution.

    >>> slow, fast = np.arange(400.0) + 60, np.arange(400.0)
    >>> c = quantile_difference(slow, fast, 0.95, np.random.default_rng(1))
    >>> c.effect, c.answer("greater")
    (60.0, 'met')
    """
    check_alpha(alpha)
    _check_resamples(resamples, alpha)
    arms = [as_scores(candidate, "candidate"), as_scores(baseline, "baseline")]
    labels = clusters or (None, None)
    least = max(quantile_sample_size(probability, alpha=alpha, above=side) for side in (True, False))
    if min(arm.size for arm in arms) < least:
        raise TooFewSamples(
            f"cannot compare quantiles {probability!r} of {arms[0].size} and {arms[1].size} requests "
            f"(expected at least {least} each)"
        )
    effect = _quantile(np.sort(arms[0]), probability) - _quantile(np.sort(arms[1]), probability)
    drawn = [
        _quantile_draws(arm, probability, label, resamples, generator)
        for arm, label in zip(arms, labels, strict=True)
    ]
    draws = np.sort(drawn[0] - drawn[1])
    if draws[0] == draws[-1]:
        raise DegenerateSample(
            "cannot compare quantiles: they do not vary between resamples (expected some spread)"
        )
    name = "percentile bootstrap of quantiles" + ("" if clusters is None else " over clusters")
    n = (_units_of(arms[0], labels[0]), _units_of(arms[1], labels[1]))
    return _comparison(effect, draws, _Correction(0.0, 0.0), n, name, alpha=alpha, null=null)


@dataclass(frozen=True, slots=True)
class _Correction:
    """Efron's bias and acceleration; both 0 for plain percentiles."""

    bias: float
    acceleration: float

    def mirrored(self) -> _Correction:
        return _Correction(-self.bias, -self.acceleration)

    def share_below(self, alpha: float) -> float:
        """The share of resamples to leave below a lower bound with error alpha."""
        z = self.bias + float(normal_quantile(alpha))
        bend = 1.0 - self.acceleration * z
        return float(normal_cdf(self.bias + z / bend)) if bend > 0.0 else 0.0

    def p_value(self, share: float) -> float:
        """The error alpha at which a lower bound leaves this share of resamples below it."""
        if share >= 1.0:
            return 1.0
        z = float(normal_quantile(share)) - self.bias
        bend = 1.0 + self.acceleration * z
        return float(normal_cdf(z / bend - self.bias)) if bend > 0.0 else float(z > 0.0)


def _correction(draws: FloatArray, units: _Units) -> _Correction:
    below = (np.count_nonzero(draws < units.mean) + np.count_nonzero(draws <= units.mean)) / (
        2.0 * draws.size
    )
    bias = float(normal_quantile(min(max(below, 0.5 / draws.size), 1.0 - 0.5 / draws.size)))
    total, size = float(units.counts @ units.totals), float(units.counts @ units.sizes)
    left_out = (total - units.totals) / (size - units.sizes)
    influence = float(units.counts @ left_out) / units.n - left_out
    largest = float(np.abs(influence).max())
    if largest <= 0.0:
        return _Correction(bias, 0.0)
    influence = influence / largest  # its powers must not underflow; the ratio below has no scale
    squares, cubes = float(units.counts @ influence**2), float(units.counts @ influence**3)
    return _Correction(bias, cubes / (6.0 * squares**1.5))


def _comparison(
    effect: float,
    draws: FloatArray,
    correction: _Correction,
    n: tuple[int, int],
    method: str,
    *,
    alpha: float,
    null: float,
) -> Comparison:
    if not math.isfinite(null):
        raise StatisticsError(f"cannot test against {null!r} (expected a finite number)")
    low, p_greater = _lower_side(draws, correction, alpha, null)
    mirrored, p_less = _lower_side(-draws[::-1], correction.mirrored(), alpha, -null)
    return Comparison(
        effect=effect,
        interval=Interval(low, None if mirrored is None else -mirrored, 1.0 - 2.0 * alpha),
        n_candidate=n[0],
        n_baseline=n[1],
        se=float(draws.std(ddof=1)),
        dof=None,
        statistic=None,
        p_greater=p_greater,
        p_less=p_less,
        alpha=alpha,
        method=method,
        null=null,
        scope=ONE_MODEL_EACH,
    )


def _lower_side(
    ordered: FloatArray, correction: _Correction, alpha: float, null: float
) -> tuple[float | None, float]:
    """The lower bound, None where these resamples give none, and the p-value that goes with it exactly."""
    not_above = 1 + int(np.searchsorted(ordered, null, side="right"))
    left = int(correction.share_below(alpha) * (ordered.size + 1) + 1e-9)
    p = correction.p_value(not_above / (ordered.size + 1))
    # Where both fall on alpha itself, rounding must not let them disagree.
    p = min(p, alpha) if not_above <= left else max(p, math.nextafter(alpha, 1.0))
    return (float(ordered[left - 1]) if left >= 1 else None), p


@dataclass(frozen=True, slots=True, eq=False)
class _Units:
    """What is drawn: totals and sizes of examples or clusters, equal ones once with how often they occur."""

    totals: FloatArray
    sizes: FloatArray
    counts: NDArray[np.int64]

    @property
    def n(self) -> int:
        return int(self.counts.sum())

    @property
    def mean(self) -> float:
        return float(self.counts @ self.totals) / float(self.counts @ self.sizes)


def _units(differences: FloatArray, clusters: Clusters | None) -> _Units:
    """The units in an order that depends on their values only."""
    index = cluster_index(clusters, differences.size)
    if index is None:
        totals, counts = _distinct(differences)
        return _Units(totals, np.ones(totals.size), counts)
    totals, sizes = cluster_totals(differences, index), np.bincount(index).astype(np.float64)
    place = np.lexsort((sizes, totals))
    return _Units(totals[place], sizes[place], np.ones(totals.size, dtype=np.int64))


def _distinct(values: FloatArray) -> tuple[FloatArray, NDArray[np.int64]]:
    whole = values.astype(np.int8) if values.size and np.abs(values).max() <= 1.0 else None
    if whole is not None and np.array_equal(whole, values):
        counts = np.bincount(whole + 1, minlength=3).astype(np.int64)
        return np.array([-1.0, 0.0, 1.0])[counts > 0], counts[counts > 0]
    distinct, counts = np.unique(values, return_counts=True)
    return distinct, counts.astype(np.int64)


def _mean_draws(units: _Units, resamples: int, generator: np.random.Generator) -> FloatArray:
    """Means of resamples. A few different values are drawn by how often they occur, many by position."""
    n, size = units.n, float(units.sizes[0])
    equal = bool(np.ptp(units.sizes) <= 0.0)
    if equal and units.totals.size <= 8:
        drawn = generator.multinomial(n, units.counts / n, size=resamples)
        return np.asarray(drawn @ units.totals / (n * size))
    totals, sizes = np.repeat(units.totals, units.counts), np.repeat(units.sizes, units.counts)
    draws = np.empty(resamples)
    rows = max(1, _CELLS // n)
    kind: type[np.unsignedinteger[Any]] = np.uint16 if n <= 1 << 16 else np.uint32
    for start in range(0, resamples, rows):
        picked = generator.integers(0, n, (min(rows, resamples - start), n), dtype=kind)
        drawn_sizes = n * size if equal else sizes.take(picked).sum(axis=1)
        draws[start : start + rows] = totals.take(picked).sum(axis=1) / drawn_sizes
    return draws


def _quantile(ordered: FloatArray, probability: float) -> float:
    return float(ordered[quantile_rank(ordered.size, probability) - 1])


def _quantile_draws(
    values: FloatArray,
    probability: float,
    clusters: Clusters | None,
    resamples: int,
    generator: np.random.Generator,
) -> FloatArray:
    """The sample quantile in each of many resamples."""
    index = cluster_index(clusters, values.size)
    ordered = np.sort(values)
    n = ordered.size
    if index is None:
        rank = quantile_rank(n, probability)
        place = (generator.beta(rank, n - rank + 1, resamples) * n).astype(np.intp)
        return np.asarray(ordered[np.minimum(place, n - 1)])
    order = np.lexsort((index, values))
    of_value = _by_content(values, index)[index[order]]
    groups = int(index.max()) + 1
    if groups < 2:
        raise TooFewSamples(f"cannot resample {groups} cluster of requests (expected at least 2)")
    draws = np.empty(resamples)
    rows = max(1, _CELLS // n)
    for start in range(0, resamples, rows):
        weights = generator.multinomial(
            groups, np.full(groups, 1 / groups), size=min(rows, resamples - start)
        )
        reached = np.cumsum(weights[:, of_value], axis=1)
        wanted = probability * reached[:, -1:] * (1.0 - 1e-9)
        draws[start : start + rows] = ordered[(reached < wanted).sum(axis=1)]
    return draws


def _by_content(values: FloatArray, index: NDArray[np.intp]) -> NDArray[np.intp]:
    """A number for each cluster that depends on what it holds, not on its name."""
    sizes = np.bincount(index)
    order = np.lexsort((values, index))
    starts = np.flatnonzero(np.diff(index[order], prepend=-1))
    totals = np.add.reduceat(values[order], starts)
    number = np.empty(sizes.size, dtype=np.intp)
    number[np.lexsort((values[order][starts], totals, sizes))] = np.arange(sizes.size)
    return number


def _units_of(values: FloatArray, clusters: Clusters | None) -> int:
    index = cluster_index(clusters, values.size)
    return values.size if index is None else int(index.max()) + 1


def _check_resamples(resamples: int, alpha: float) -> None:
    if resamples < 1 / alpha or resamples > 10_000_000:
        raise StatisticsError(
            f"cannot judge at alpha {alpha!r} by {resamples} resamples (expected {math.ceil(1 / alpha)} to 10,000,000)"
        )
