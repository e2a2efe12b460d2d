"""By how much do two pass rates from different examples differ? The score test, which copes with rates of 0 and 1."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from assay.stats.distributions import FloatArray, binomial_at_least, binomial_at_most, normal_quantile
from assay.stats.estimates import Comparison, Interval, Scope
from assay.stats.samples import StatisticsError, TooFewSamples, check_alpha

METHOD = "Miettinen-Nurminen score, exact at the constrained rates"
_FAR = 9.0  # standard deviations of a count; a binomial holds nothing beyond


def compare_independent_rates(
    successes: int,
    n: int,
    baseline_successes: int,
    baseline_n: int,
    *,
    alpha: float = 0.05,
    null: float = 0.0,
    scope: Scope = "these models, not the method",
) -> Comparison:
    """By how much does one pass rate differ from another, the examples being different ones?

    Args:
        successes: ones of the candidate (or of the first group).
        n: its examples.
        baseline_successes: ones of the baseline (or of the second group).
        baseline_n: its examples.
        alpha: one-sided error; the interval has confidence 1 - 2 alpha.
        null: difference tested against, strictly between -1 and 1.
        scope: what the answer is about.

    Raises:
        TooFewSamples: a side without examples. StatisticsError: counts that cannot be.

    Never of zero width. Assumes independent examples. The p-values are exact probabilities of a score statistic at least
    as extreme, at the most likely rates under the null: where a small group is compared with a large one the normal
    approximation would err many times too often. The interval is the score interval, kept on the side of the null on
    which the p-values put it. Source: Miettinen and Nurminen (1985), eq. 8-9, constrained rates by Farrington and Manning
    (1990); exact probabilities at estimated rates: Lloyd (2008).

    >>> c = compare_independent_rates(56, 70, 48, 80, alpha=0.025)
    >>> round(c.effect, 2), round(c.interval.low, 4), round(c.interval.high, 4)
    (0.2, 0.0528, 0.3382)
    """
    check_alpha(alpha)
    for k, size in ((successes, n), (baseline_successes, baseline_n)):
        if size < 1:
            raise TooFewSamples(f"cannot compare rates: {size} examples on one side (expected at least 1)")
        if int(k) != k or not 0 <= k <= size:
            raise StatisticsError(f"cannot compare rates: {k!r} of {size!r} (expected whole numbers, 0..n)")
    if not -1.0 < null < 1.0:
        raise StatisticsError(
            f"cannot test a difference of rates against {null!r} (expected between -1 and 1)"
        )
    rates = np.array([successes / n]), np.array([baseline_successes / baseline_n])
    sizes = np.array([float(n)]), np.array([float(baseline_n)])
    z = float(score_z(*rates, *sizes, null)[0])
    p_greater, p_less = exact_score_p(successes, n, baseline_successes, baseline_n, null)
    ends = score_bounds(*rates, *sizes, np.array([-float(normal_quantile(alpha))]))
    low, high = kept_beside(float(ends[0][0]), float(ends[1][0]), null, p_greater <= alpha, p_less <= alpha)
    return Comparison(
        effect=float(rates[0][0] - rates[1][0]),
        interval=Interval(low, high, 1.0 - 2.0 * alpha),
        n_candidate=n,
        n_baseline=baseline_n,
        se=None,
        dof=None,
        statistic=z,
        p_greater=p_greater,
        p_less=p_less,
        alpha=alpha,
        method=METHOD,
        null=null,
        scope=scope,
    )


def exact_score_p(
    successes: int, n: int, other_successes: int, other_n: int, null: float
) -> tuple[float, float]:
    """How likely is a score statistic at least as high, and one at least as low, at the constrained rates?"""
    counts = successes, n, other_successes, other_n
    return exact_p_greater(*counts, null), exact_p_less(*counts, null)


def exact_p_greater(successes: float, n: int, other_successes: float, other_n: int, null: float) -> float:
    """The first of the two p-values of `exact_score_p`, also of successes in parts."""
    tables = _Tables.of(successes, n, other_successes, other_n, null)
    below = tables.fewest(tables.z - tables.tie) - 1.0
    return min(1.0, float(tables.weights @ binomial_at_most(below, other_n, tables.second)))


def exact_p_less(successes: int, n: int, other_successes: int, other_n: int, null: float) -> float:
    """The second of the two p-values of `exact_score_p`."""
    tables = _Tables.of(successes, n, other_successes, other_n, null)
    enough = tables.fewest(tables.z + tables.tie)
    return min(1.0, float(tables.weights @ binomial_at_least(enough, other_n, tables.second)))


@dataclass(frozen=True, slots=True, eq=False)
class _Tables:
    """All tables that matter at the constrained rates: possible first counts, and how likely each is."""

    z: float
    null: float
    sizes: tuple[float, float]
    counts: FloatArray
    weights: FloatArray
    second: float

    @classmethod
    def of(cls, successes: float, n: int, other_successes: float, other_n: int, null: float) -> _Tables:
        rates = np.array([successes / n]), np.array([other_successes / other_n])
        sizes = np.array([float(n)]), np.array([float(other_n)])
        first = float(constrained_rate(*rates, *sizes, np.array([null]))[0])
        spread = _FAR * math.sqrt(n * first * (1.0 - first)) + 20.0
        low, high = max(0, math.floor(n * first - spread)), min(n, math.ceil(n * first + spread))
        counts = np.arange(low, high + 1.0)
        return cls(
            z=float(score_z(*rates, *sizes, null)[0]),
            null=null,
            sizes=(float(n), float(other_n)),
            counts=counts,
            weights=np.diff(binomial_at_most(np.r_[low - 1.0, counts], n, first)),
            second=min(max(first - null, 0.0), 1.0),
        )

    @property
    def tie(self) -> float:
        """Statistics closer than this are the same."""
        return 1e-9 * max(1.0, abs(self.z))

    def fewest(self, limit: float) -> FloatArray:
        """For each first count, the smallest second count whose statistic is at most the limit; it falls with that count."""
        n, other_n = self.sizes
        low, high = np.full(self.counts.size, -1.0), np.full(self.counts.size, other_n + 1.0)
        while float((high - low).max()) > 1.0:
            middle = np.floor((low + high) / 2.0)
            rate, other = self.counts / n, np.clip(middle, 0.0, other_n) / other_n
            found = score_z(rate, other, np.asarray(n), np.asarray(other_n), self.null) <= limit
            wide = high - low > 1.0
            low, high = np.where(wide & ~found, middle, low), np.where(wide & found, middle, high)
        return high


def kept_beside(low: float, high: float, null: float, above: bool, below: bool) -> tuple[float, float]:  # noqa: FBT001
    """The bounds, moved to the side of the null on which the test puts them where the two disagree by a hair."""
    low = max(low, null) if above else min(low, math.nextafter(null, -math.inf))
    high = min(high, null) if below else max(high, math.nextafter(null, math.inf))
    return min(low, high), max(low, high)


def score_z(
    rate: FloatArray, other: FloatArray, n: FloatArray, other_n: FloatArray, null: ArrayLike
) -> FloatArray:
    """How many standard errors is the difference of two rates from `null`, the spread estimated under it? Broadcasts.

    0 where there is no spread at all under the null.
    """
    delta = np.asarray(null, dtype=np.float64)
    first = constrained_rate(rate, other, n, other_n, delta)
    second = first - delta
    total = n + other_n
    # N / (N - 1): the constrained rates are estimated, too.
    variance = (
        (first * (1.0 - first) / n + second * (1.0 - second) / other_n) * total / np.maximum(total - 1.0, 1.0)
    )
    spread = np.sqrt(np.where(variance > 0.0, variance, 1.0))
    return np.asarray(np.where(variance > 0.0, (rate - other - delta) / spread, 0.0))


def score_bounds(
    rate: FloatArray, other: FloatArray, n: FloatArray, other_n: FloatArray, z: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Which differences does the score test leave, at a distance of z standard errors? Arrays of one shape."""
    effect = rate - other
    bounds = []
    for outside in (-1.0, 1.0):
        near, far = effect.copy(), np.full(effect.shape, outside)
        for _ in range(60):
            middle = (near + far) / 2.0
            inside = np.abs(score_z(rate, other, n, other_n, middle)) < z
            near, far = np.where(inside, middle, near), np.where(inside, far, middle)
        bounds.append(far)
    return bounds[0], bounds[1]


def constrained_rate(
    rate: FloatArray, other: FloatArray, n: FloatArray, other_n: FloatArray, delta: FloatArray
) -> NDArray[np.float64]:
    """The most likely first rate when it exceeds the second by delta: the root of a cubic that lies where it can."""
    ratio = other_n / n
    a = 1.0 + ratio
    b = -(1.0 + ratio + rate + ratio * other + delta * (ratio + 2.0)) / (3.0 * a)
    c = (delta**2 + delta * (2.0 * rate + ratio + 1.0) + rate + ratio * other) / a
    d = -rate * delta * (1.0 + delta) / a
    v = b**3 - b * c / 2.0 + d / 2.0
    u = np.copysign(np.sqrt(np.maximum(b**2 - c / 3.0, 0.0)), v)
    cube = np.where(np.abs(u) > 0.0, u**3, 1.0)
    angle = (math.pi + np.arccos(np.clip(v / cube, -1.0, 1.0))) / 3.0
    root = 2.0 * u * np.cos(angle) - b
    return np.asarray(np.clip(root, np.maximum(delta, 0.0), np.minimum(1.0 + delta, 1.0)))
