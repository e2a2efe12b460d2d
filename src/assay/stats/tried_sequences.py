"""May one look at rates in tries, or in sources, as often as one likes? Bets on shares of right answers.

Shares lie between 0 and 1, so a bet on them can be kept small enough that no result ruins it. Its capital grows on average only if
the claim is true, whatever the shares look like: no spread has to be estimated, and nothing is approximate. The asymptotic
confidence sequence is, near 100%: there it calls examples alike that are not, or knows their spread too soon.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from assay.stats.distributions import FloatArray
from assay.stats.e_processes import PRIOR
from assay.stats.estimates import Comparison, Estimate, Interval, ThresholdTest
from assay.stats.independent_rates import kept_beside
from assay.stats.paired import ONE_MODEL_EACH, Clusters, cluster_index, cluster_totals
from assay.stats.power import FARTHEST_FACTOR, Outlook, Settles, TooCloseToCall
from assay.stats.samples import TooFewSamples, check_alpha, means
from assay.stats.sequential_rates import any_time_test

METHOD = "betting e-process of rates"
_NODES = 160
_STEPS = 45
_LOG_LARGEST = math.log(1e300)


@dataclass(frozen=True, slots=True, eq=False)
class ShareBets:
    """What is bet on: that sums over sources exceed a multiple of others, or stay below it. One entry a distinct source.

    Attributes:
        won: sums whose mean is asked for, such as right answers, or those of the candidate minus those of the baseline.
        scale: sums that the number tested against multiplies: examples, or right answers of the baseline.
        count: how many sources have these sums.
        worst: the least that a bet "above x" and a bet "below x" can lose, for each example of a source, as functions of x.
        most: examples of the largest source.
        units: independent examples, or sources.
        examples: all of them.
    """

    won: FloatArray
    scale: FloatArray
    count: FloatArray
    worst: tuple[Callable[[float], float], Callable[[float], float]]
    most: float
    units: int
    examples: int

    @property
    def ratio(self) -> float:
        """The estimate: at this number neither side is ahead."""
        return float(self.won @ self.count) / float(self.scale @ self.count)

    def log_e(self, x: float, *, greater: bool, times: float = 1.0) -> float:
        """How strongly do they speak for more (less) than x? Logarithm of the e-value, were each source there so many times."""
        ahead = self.won - x * self.scale if greater else x * self.scale - self.won
        bets, log_weights = _bets()
        safe = bets * self.most * self.worst[0 if greater else 1](x) < 1.0
        if not safe.any():
            return -_LOG_LARGEST
        capital = (times * self.count) @ np.log1p(np.multiply.outer(ahead, bets[safe])) + log_weights[safe]
        best = float(capital.max())
        return best + math.log(float(np.exp(capital - best).sum()))

    def bound(self, x: float, end: float, alpha: float) -> float:
        """The farthest number towards `end` that is not ruled out; on the side of x on which the decision about x is."""
        greater, out, near = end < self.ratio, end, self.ratio
        if min(out, near) < x < max(out, near):
            if self.log_e(x, greater=greater) >= -math.log(alpha):
                out = x
            else:
                near = x
        for _ in range(_STEPS):
            middle = (out + near) / 2.0
            if self.log_e(middle, greater=greater) >= -math.log(alpha):
                out = middle
            else:
                near = middle
        return out

    def e_values(self, x: float) -> tuple[float, float]:
        """For "above x" and for "below x"; never infinite."""
        greater, less = (math.exp(min(self.log_e(x, greater=up), _LOG_LARGEST)) for up in (True, False))
        return greater, less

    def settled_by(self, x: float, alpha: float) -> Outlook:
        """How many more examples, all like those so far, would decide about x?"""

        def decided(times: float) -> bool:
            return any(self.log_e(x, greater=up, times=times) >= -math.log(alpha) for up in (True, False))

        low, high = 1.0, float(FARTHEST_FACTOR)
        if not decided(high):
            return TooCloseToCall(FARTHEST_FACTOR * self.examples, "examples", 0.0)
        for _ in range(_STEPS):
            middle = (low + high) / 2.0
            low, high = (low, middle) if decided(middle) else (middle, high)
        more = max(0, math.ceil((high - 1.0) * self.examples - 1e-6))
        return Settles(more, self.examples + more, "examples", None, "more of the same")


def bets_on_difference(candidate: FloatArray, baseline: FloatArray, clusters: Clusters | None) -> ShareBets:
    """Bets on the difference of two rates of shared examples; x is that difference, between -1 and 1."""
    return _bets_of(
        candidate - baseline, np.ones(candidate.size), clusters, (lambda x: 1.0 + x, lambda x: 1.0 - x)
    )


def bets_on_ratio(candidate: FloatArray, baseline: FloatArray, clusters: Clusters | None) -> ShareBets:
    """Bets on their ratio; x is that ratio, more than 0."""
    return _bets_of(candidate, baseline, clusters, (lambda x: x, lambda _: 1.0))


def bets_on_rate(shares: FloatArray, clusters: Clusters | None) -> ShareBets:
    """Bets on one rate; x is that rate, between 0 and 1."""
    return _bets_of(shares, np.ones(shares.size), clusters, (lambda x: x, lambda x: 1.0 - x))


def sequential_shares(
    candidate: FloatArray,
    baseline: FloatArray,
    *,
    clusters: Clusters | None = None,
    alpha: float = 0.05,
    null: float = 0.0,
) -> Comparison:
    """By how much do two rates in tries, or in sources, differ, judged so that every example may have been a look?

    Args:
        candidate: share of right answers of each example, 0..1.
        baseline: of the same examples in the same order.
        clusters: the source of each example, if some share one.
        alpha: chance that a claim that is not true is ever called shown, in one direction.
        null: difference tested against, strictly between -1 and 1.

    Returns:
        p-values are 1 over the e-values of the examples that are in now, whatever their order was; the interval is a confidence
        sequence at 1 - 2 alpha and excludes the null exactly when the claim is decided. A further loss never shows more.

    Assumes independent examples (sources). The capital of a source is bet on all of its examples together; bets that the largest source
    could ruin are lost. Source: Waudby-Smith and Ramdas (2024), section 4; Ville (1939).

    >>> tried = np.array([1.0] * 595 + [2 / 3] * 5)
    >>> sequential_shares(tried, np.ones(600), null=-0.02).answer("greater")
    'met'
    """
    bets = bets_on_difference(candidate, baseline, clusters)
    effect = float(means(candidate)) - float(means(baseline))
    ends = bets.bound(null, -1.0, alpha), bets.bound(null, 1.0, alpha)
    return _compared(bets, effect, (null, null), ends, alpha)


def sequential_ratio(
    candidate: FloatArray,
    baseline: FloatArray,
    *,
    share: float,
    clusters: Clusters | None = None,
    alpha: float = 0.05,
) -> Comparison:
    """The same against a share of the baseline's rate, which was measured itself and is above 0; share is above -1.

    Effect, interval and null are told as differences at the baseline's mean, as `relative.relative_comparison` has them.

    >>> sequential_ratio(np.ones(600), np.ones(600), share=-0.02).answer("greater")
    'met'
    """
    bets, level = bets_on_ratio(candidate, baseline, clusters), float(means(baseline))
    highest = 1e3 * (1.0 + bets.ratio)
    low, high = (bets.bound(1.0 + share, end, alpha) for end in (0.0, highest))
    ends = (low - 1.0) * level, None if high >= highest else (high - 1.0) * level
    effect = float(means(candidate)) - level
    return _compared(bets, effect, (share * level, 1.0 + share), ends, alpha)


def sequential_tried_rate(
    shares: FloatArray, threshold: float, *, clusters: Clusters | None = None, alpha: float = 0.05
) -> ThresholdTest:
    """Is a rate in tries, or in sources, beyond a threshold strictly between 0 and 1? As `sequential_shares`.

    >>> sequential_tried_rate(np.array([1.0] * 995 + [0.5] * 5), 0.98).answer("greater")
    'met'
    """
    check_alpha(alpha)
    bets, rate = bets_on_rate(shares, clusters), float(means(shares))
    greater, less = bets.e_values(threshold)
    ends = bets.bound(threshold, 0.0, alpha), bets.bound(threshold, 1.0, alpha)
    low, high = kept_beside(*ends, threshold, greater >= 1.0 / alpha, less >= 1.0 / alpha)
    span = Interval(max(0.0, min(low, rate)), min(1.0, max(high, rate)), 1.0 - 2.0 * alpha)
    estimate = Estimate(rate, span, bets.units, None, None, METHOD)
    return any_time_test(estimate, threshold, e_greater=greater, e_less=less, alpha=alpha)


def _compared(
    bets: ShareBets,
    effect: float,
    tested: tuple[float, float],
    ends: tuple[float, float | None],
    alpha: float,
) -> Comparison:
    """The null is told as a difference, and bet on at x."""
    check_alpha(alpha)
    null, x = tested
    greater, less = bets.e_values(x)
    high = math.inf if ends[1] is None else max(ends[1], effect)
    low, high = kept_beside(min(ends[0], effect), high, null, greater >= 1.0 / alpha, less >= 1.0 / alpha)
    return Comparison(
        effect=effect,
        interval=Interval(low, high if math.isfinite(high) else None, 1.0 - 2.0 * alpha),
        n_candidate=bets.units,
        n_baseline=bets.units,
        se=None,
        dof=None,
        statistic=None,
        p_greater=1.0 / max(greater, 1.0),
        p_less=1.0 / max(less, 1.0),
        alpha=alpha,
        method=METHOD,
        null=null,
        scope=ONE_MODEL_EACH,
        shown=(("e_greater", greater), ("e_less", less)),
    )


def _bets_of(
    won: FloatArray,
    scale: FloatArray,
    clusters: Clusters | None,
    worst: tuple[Callable[[float], float], Callable[[float], float]],
) -> ShareBets:
    if won.size < 1:
        raise TooFewSamples("cannot bet on rates: no example (expected at least 1)")
    index, most = cluster_index(clusters, won.size), 1.0
    examples = won.size
    if index is not None:
        most = float(np.bincount(index).max())
        won, scale = cluster_totals(won, index), cluster_totals(scale, index)
    sources, count = np.unique(np.stack([won, scale], axis=1), axis=0, return_counts=True)
    return ShareBets(sources[:, 0], sources[:, 1], count.astype(np.float64), worst, most, won.size, examples)


@lru_cache(maxsize=1)
def _bets() -> tuple[FloatArray, FloatArray]:
    """Bets between 0 and 1 and the logarithms of their shares of the capital, on Gauss-Legendre nodes.

    Half of it as the bets on pass/fail pairs are spread, which suits differences of a few points in the middle of the range, half
    evenly: near 100% hardly anything is lost, and the largest bets win most.
    """
    nodes, widths = np.polynomial.legendre.leggauss(_NODES)
    bets, even = (nodes + 1.0) / 2.0, widths / 2.0
    moderate = even * (1.0 - bets**2) ** (PRIOR - 1.0)
    return bets, np.asarray(np.log((even + moderate / moderate.sum()) / 2.0))
