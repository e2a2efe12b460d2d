"""Is a latency percentile beyond a limit, whatever shape the latencies have?

Order statistics bound a quantile without any assumption about the distribution: how many of n values lie below it is
binomial. The test counts values on each side of the limit; the interval is the one this test inverts.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from assay.stats.crossed import effective_size, mean_variance
from assay.stats.distributions import FloatArray, beta_cdf, beta_upper
from assay.stats.estimates import Estimate, Interval, Scope, ThresholdTest
from assay.stats.paired import ONE_MODEL_EACH, Clusters
from assay.stats.samples import Scores, StatisticsError, TooFewSamples, as_matrix, check_alpha
from assay.stats.sequential_rates import METHOD as SEQUENTIAL
from assay.stats.sequential_rates import any_time_test, rate_e_value

METHOD = "order statistics (exact binomial)"


def quantile_estimate(
    values: Scores | Sequence[Sequence[float]],
    probability: float,
    *,
    clusters: Clusters | None = None,
    alpha: float = 0.05,
) -> Estimate:
    """What is the quantile, between which two of the values does the true one lie?

    Args:
        values: one a request, in the metric's units; or shape (requests, runs) where the same requests ran several times.
        probability: which quantile, strictly between 0 and 1 (0.95 for p95).
        clusters: the source of each request, if some share one (a session, a document).
        alpha: one-sided error of each bound; the interval has confidence 1 - 2 alpha. A bound that this many values
            cannot give is None: see `quantile_sample_size`.

    Raises:
        TooFewSamples: no value. NotFinite: not a number. StatisticsError: a probability outside 0..1.

    The estimate is the smallest value that at least this share of the values do not exceed. Independent requests need no
    assumption at all. Runs and clusters make requests alike: then the bounds are those of the effective number of
    requests (Korn and Graubard 1998), found where the quantile lies (Woodruff 1952). Source: David and Nagaraja (2003),
    section 7.1.

    >>> e = quantile_estimate(range(1, 101), 0.95)
    >>> e.value, e.interval.low, e.interval.high
    (95.0, 91.0, 99.0)
    """
    return _estimate(_table(values), probability, clusters, alpha)[0]


def quantile_against_threshold(
    values: Scores | Sequence[Sequence[float]],
    probability: float,
    threshold: float,
    *,
    clusters: Clusters | None = None,
    alpha: float = 0.05,
) -> ThresholdTest:
    """Is the quantile below, or above, a limit?

    Shapes, assumptions and refusals as `quantile_estimate`; `threshold` in the metric's units. How many more requests
    would settle it is `power.examples_for_rate` with the requests below the limit as successes and `probability` as
    threshold.

    >>> quantile_against_threshold([120.0] * 59, 0.95, 500.0).answer("less")
    'met'
    >>> quantile_against_threshold([120.0] * 58, 0.95, 500.0).answer("less")
    'unclear'
    """
    if not math.isfinite(threshold):
        raise StatisticsError(f"cannot test a quantile against {threshold!r} (expected a finite number)")
    table = _table(values)
    estimate, size = _estimate(table, probability, clusters, alpha)
    below, at_most = float((table < threshold).mean()), float((table <= threshold).mean())
    one_run = table.shape[1] == 1
    scope: Scope = ONE_MODEL_EACH if one_run else "the method"
    return ThresholdTest(
        estimate=estimate,
        threshold=float(threshold),
        statistic=None,
        # At most q of the values lie below the quantile, at least q do not exceed it.
        p_greater=_at_most(at_most * size, size, probability),
        p_less=_at_least(below * size, size, probability),
        alpha=alpha,
        scope=scope,
        notes=("one-seed",) if one_run else (),
    )


def sequential_quantile(
    values: Scores, probability: float, threshold: float, *, alpha: float = 0.05
) -> ThresholdTest:
    """Is the quantile below, or above, a limit, judged so that every value may have been a look?

    Args:
        values: of one model, independent, in the metric's units.
        probability: which quantile, strictly between 0 and 1.
        threshold: the limit.
        alpha: chance that a claim that is not true is ever called shown, in one direction.

    As `quantile_against_threshold`, with the e-process of `sequential_rates` for the share below the limit.

    >>> test = sequential_quantile([120.0] * 100, 0.95, 500.0)
    >>> test.answer("less"), round(dict(test.shown)["e_less"])
    ('met', 66)
    """
    if not math.isfinite(threshold):
        raise StatisticsError(f"cannot test a quantile against {threshold!r} (expected a finite number)")
    table = _table(values)
    _check_probability(probability)
    check_alpha(alpha)
    ordered = np.sort(table, axis=None)
    n = ordered.size

    def beyond(count: int, *, greater: bool) -> bool:
        return rate_e_value(count, n, probability, greater=greater) >= 1.0 / alpha

    few = _last(n, lambda rank: beyond(rank - 1, greater=False))
    not_many = _last(n, lambda rank: not beyond(rank, greater=True))
    interval = Interval(
        float(ordered[few - 1]) if few else None,
        float(ordered[not_many]) if not_many < n else None,
        1.0 - 2.0 * alpha,
    )
    below, at_most = int((ordered < threshold).sum()), int((ordered <= threshold).sum())
    less = rate_e_value(below, n, probability, greater=True)
    greater = rate_e_value(at_most, n, probability, greater=False)
    value = float(ordered[quantile_rank(n, probability) - 1])
    estimate = Estimate(value, interval, n, None, None, f"{METHOD}, {SEQUENTIAL}")
    return any_time_test(estimate, threshold, e_greater=greater, e_less=less, alpha=alpha)


def quantile_sample_size(probability: float, *, alpha: float = 0.05, above: bool = True) -> int:
    """From how many independent values on does a quantile have an upper (or lower) bound at all?

    Args:
        probability: which quantile, strictly between 0 and 1.
        alpha: one-sided error of the bound.
        above: the upper bound; False asks for the lower one.

    >>> [quantile_sample_size(q) for q in (0.5, 0.9, 0.95, 0.99, 0.999)]
    [5, 29, 59, 299, 2995]
    >>> quantile_sample_size(0.9, above=False)
    2
    """
    _check_probability(probability)
    check_alpha(alpha)
    n = max(1, math.ceil(math.log(alpha) / math.log(probability if above else 1.0 - probability)))
    # The logarithms may be off by one unit in the last place: settle it with the test itself.
    while n > 1 and _all_on_one_side(n - 1, probability, above) <= alpha:
        n -= 1
    while _all_on_one_side(n, probability, above) > alpha:
        n += 1
    return n


def _all_on_one_side(n: int, probability: float, above: bool) -> float:  # noqa: FBT001
    """The p-value when every one of n values lies below the limit, or every one above it: the smallest there is."""
    return _at_least(n, n, probability) if above else _at_most(0.0, n, probability)


def quantile_rank(n: int, probability: float) -> int:
    """Which of n ordered values, counted from 1, is the sample quantile? The first that a share q do not exceed."""
    return min(n, max(1, math.ceil(n * probability - 1e-9 * n)))


def _table(values: Scores | Sequence[Sequence[float]]) -> FloatArray:
    table = as_matrix(values, "values")
    if table.size == 0:
        raise TooFewSamples("cannot judge a quantile: no value (expected at least 1)")
    return table


def _estimate(
    table: FloatArray, probability: float, clusters: Clusters | None, alpha: float
) -> tuple[Estimate, float]:
    """The estimate, and the effective number of independent values behind its bounds."""
    _check_probability(probability)
    check_alpha(alpha)
    ordered = np.sort(table, axis=None)
    value = float(ordered[quantile_rank(ordered.size, probability) - 1])
    size, units = float(table.size), table.size
    if clusters is not None or table.shape[1] > 1:
        size, units = _effective(table, value, clusters, alpha)
    low, high = _bounds(ordered, size, probability, alpha)
    interval = Interval(low, high, 1.0 - 2.0 * alpha)
    method = METHOD if size == table.size else f"{METHOD} at the effective number of requests"
    return Estimate(value, interval, units, None, None, method), size


def _effective(table: FloatArray, value: float, clusters: Clusters | None, alpha: float) -> tuple[float, int]:
    if table.shape[0] < 2:
        raise TooFewSamples("cannot judge a quantile over runs: 1 request (expected at least 2)")
    rate, parts = mean_variance((table <= value).astype(np.float64), clusters)
    return effective_size(rate, parts, parts.units, table.size, alpha), parts.units


def _bounds(
    ordered: FloatArray, size: float, probability: float, alpha: float
) -> tuple[float | None, float | None]:
    """The outermost values that the test at alpha still leaves beyond the quantile; None where all are left."""
    n = ordered.size
    each = size / n
    # The lower bound is the largest value with few enough below it, the upper the smallest with enough up to it.
    few = _last(n, lambda rank: _at_most((rank - 1) * each, size, probability) <= alpha)
    not_many = _last(n, lambda rank: _at_least(rank * each, size, probability) > alpha)
    return (
        float(ordered[few - 1]) if few else None,
        float(ordered[not_many]) if not_many < n else None,
    )


def _last(n: int, holds: Callable[[int], bool]) -> int:
    """The largest rank in 1..n for which it holds, 0 for none; it holds for all ranks below one for which it does."""
    low, high = 0, n + 1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if holds(middle) else (low, middle)
    return low


def _at_least(k: float, n: float, probability: float) -> float:
    """P(X >= k) for a binomial X, continued to fractional counts."""
    return 1.0 if k <= 0.0 else float(beta_cdf(probability, k, n - k + 1.0))


def _at_most(k: float, n: float, probability: float) -> float:
    return 1.0 if k >= n else float(beta_upper(probability, k + 1.0, n - k))


def _check_probability(probability: float) -> None:
    if not 0.0 < probability < 1.0:
        raise StatisticsError(
            f"cannot judge quantile {probability!r} (expected a probability strictly between 0 and 1)"
        )
