"""May one look at a pass rate, or at a percentile, as often as one likes? The exact e-process of a binomial rate.

It bets that the rate lies beyond the threshold, spread over all such rates (Jeffreys' prior), and grows when the bets win.
While the rate does not lie beyond it, the chance that the e-value *ever* reaches 1/alpha is at most alpha (Ville 1939). The
e-value depends on the counts alone, so the order in which examples came in does not matter, nor who looked when.
"""

from __future__ import annotations

import math

import numpy as np

from assay.stats.distributions import beta_upper, log_beta_function
from assay.stats.estimates import Estimate, Interval, ThresholdTest
from assay.stats.paired import ONE_MODEL_EACH
from assay.stats.power import FARTHEST_FACTOR, Outlook, Settles, TooCloseToCall
from assay.stats.samples import StatisticsError, TooFewSamples, check_alpha

METHOD = "binomial e-process"
PRIOR = 0.5
"""Jeffreys' prior: as good near 0 and 1, where safety rates lie, as in the middle."""
_LOG_LARGEST = math.log(1e300)


def rate_e_value(successes: int, n: int, threshold: float, *, greater: bool) -> float:
    """How strongly do these counts speak for a rate beyond the threshold? 1 is no evidence, below it speaks against.

    The likelihood, averaged over the rates above (below) the threshold, over the likelihood at the threshold. Each of these
    bets loses on average whenever the rate lies on the other side.

    >>> round(rate_e_value(0, 3800, 0.001, greater=False), 1), round(rate_e_value(90, 100, 0.8, greater=True), 1)
    (20.2, 10.5)
    """
    if not greater:
        successes, threshold = n - successes, 1.0 - threshold
    failures = n - successes
    if threshold >= 1.0:
        return 1.0  # no rate lies beyond it: no bet
    if threshold <= 0.0:
        return (
            math.exp(_LOG_LARGEST) if successes else math.exp(_log_share(0.0, 0, n) - _log_share(0.0, 0, 0))
        )
    log_e = _log_share(threshold, successes, failures) - _log_share(threshold, 0, 0)
    log_e -= successes * math.log(threshold) + failures * math.log1p(-threshold)
    return math.exp(min(log_e, _LOG_LARGEST)) if log_e > -_LOG_LARGEST else 0.0


def sequential_rate(successes: int, n: int, threshold: float, *, alpha: float = 0.05) -> ThresholdTest:
    """Is a rate above, or below, the threshold, judged so that every example may have been a look?

    Args:
        successes: ones among the examples that are in now.
        n: these examples, independent, at least 1.
        threshold: as a fraction, 0..1.
        alpha: chance that a claim that is not true is ever called shown, in one direction.

    Returns:
        p-values are 1 over the e-values of the examples that are in now; the interval, at 1 - 2 alpha, holds the truth at all
        looks together, and excludes the threshold exactly when the claim is decided. `shown` holds both e-values.

    Raises:
        TooFewSamples: no example. StatisticsError: counts that cannot be, or a threshold outside 0..1.

    Source: Robbins (1970), mixtures of one-sided likelihood ratios; Ville (1939).

    >>> test = sequential_rate(0, 3800, 0.001)
    >>> test.answer("less"), round(test.estimate.interval.high, 6)
    ('met', 0.000996)
    """
    check_alpha(alpha)
    if n < 1:
        raise TooFewSamples(f"cannot judge a rate: {n} examples (expected at least 1)")
    if int(successes) != successes or not 0 <= successes <= n:
        raise StatisticsError(f"cannot judge a rate: {successes!r} of {n!r} (expected whole numbers, 0..n)")
    if not 0.0 <= threshold <= 1.0:
        raise StatisticsError(
            f"cannot test a rate against {threshold!r} (expected a fraction between 0 and 1)"
        )
    greater, less = (rate_e_value(successes, n, threshold, greater=up) for up in (True, False))
    low = _bound(successes, n, threshold, alpha)
    high = 1.0 - _bound(n - successes, n, 1.0 - threshold, alpha)
    rate = successes / n
    interval = Interval(min(low, rate), max(high, rate), 1.0 - 2.0 * alpha)
    estimate = Estimate(rate, interval, n, None, None, METHOD)
    return any_time_test(estimate, threshold, e_greater=greater, e_less=less, alpha=alpha)


def any_time_test(
    estimate: Estimate, threshold: float, *, e_greater: float, e_less: float, alpha: float
) -> ThresholdTest:
    """What do two e-values say of one model: their inverses are p-values at every look (Ville 1939)."""
    return ThresholdTest(
        estimate=estimate,
        threshold=float(threshold),
        statistic=None,
        p_greater=1.0 / max(e_greater, 1.0),
        p_less=1.0 / max(e_less, 1.0),
        alpha=alpha,
        scope=ONE_MODEL_EACH,
        notes=("one-seed",),
        shown=(("e_greater", e_greater), ("e_less", e_less)),
    )


def examples_for_sequential_rate(successes: int, n: int, threshold: float, *, alpha: float = 0.05) -> Outlook:
    """How many more examples, all alike, would settle a rate of which no success (or no failure) was seen so far?

    >>> examples_for_sequential_rate(0, 1000, 0.001).total
    3787
    """
    if successes not in (0, n):
        raise StatisticsError(f"cannot extend {successes} of {n} (expected no success, or no failure)")
    what = "successes" if successes == 0 else "failures"

    def decided(total: int) -> bool:
        test = sequential_rate(0 if successes == 0 else total, total, threshold, alpha=alpha)
        return min(test.p_greater, test.p_less) <= alpha

    low, high = n, FARTHEST_FACTOR * n
    if decided(low):
        return Settles(0, n, "examples", 1.0)
    if not decided(high):
        return TooCloseToCall(high, "examples", 0.0)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if decided(middle) else (middle, high)
    return Settles(high - n, high, "examples", None, f"no further {what}")


def _log_share(threshold: float, successes: int, failures: int) -> float:
    """Logarithm of the beta integral over rates above the threshold."""
    a, b = successes + PRIOR, failures + PRIOR
    with np.errstate(divide="ignore"):
        return float(log_beta_function(a, b) + np.log(beta_upper(threshold, a, b)))


def _bound(successes: int, n: int, threshold: float, alpha: float) -> float:
    """Lower bound of the rate: the largest threshold that these counts lie beyond, on the side where the decision puts it."""
    if successes == 0:
        return 0.0
    low, high = 0.0, successes / n
    if rate_e_value(successes, n, threshold, greater=True) >= 1.0 / alpha:
        low = threshold
    else:
        high = min(high, threshold)
    for _ in range(60):
        middle = (low + high) / 2.0
        shown = rate_e_value(successes, n, middle, greater=True) >= 1.0 / alpha
        low, high = (middle, high) if shown else (low, middle)
    return low
