"""Is a pass rate (or failure rate) beyond a threshold?

Clopper-Pearson decides: a one-sided Wilson bound passes a model that stands exactly at the threshold 7-8% of the time
at the 5% level. Wilson is for display only.
"""

from __future__ import annotations

import math

from assay.stats.distributions import beta_quantile, binomial_at_least, binomial_at_most, normal_quantile
from assay.stats.estimates import Estimate, Interval, Sides, ThresholdTest
from assay.stats.samples import Scores, StatisticsError, TooFewSamples, check_alpha, count_successes

METHOD = "Clopper-Pearson (exact binomial)"


def clopper_pearson(
    successes: int, n: int, *, confidence: float = 0.9, sides: Sides = "two-sided"
) -> Interval:
    """Which success rates are compatible with the counts, exactly?

    Args:
        successes: number of ones, 0..n.
        n: number of independent trials, at least 1.
        confidence: coverage of the interval; each one-sided bound of a 90% two-sided interval has 95%.
        sides: "lower" or "upper" spends the whole error on that side.

    Raises:
        TooFewSamples: n is 0. StatisticsError: counts that cannot be.

    Source: Clopper and Pearson (1934).

    >>> round(clopper_pearson(0, 50, confidence=0.95, sides="upper").high, 6)  # "0 of 50" only shows less than 5.8%
    0.058155
    """
    _check_counts(successes, n)
    tail = (1.0 - confidence) / (2.0 if sides == "two-sided" else 1.0)
    low, high = exact_bounds(float(successes), float(n), tail)
    return Interval(low if sides != "upper" else None, high if sides != "lower" else None, confidence, sides)


def exact_bounds(successes: float, n: float, tail: float) -> tuple[float, float]:
    """Which two rates leave `tail` probability beyond the counts on each side? Fractional counts are allowed."""
    low = 0.0 if successes <= 0 else float(beta_quantile(tail, successes, n - successes + 1.0))
    high = 1.0 if successes >= n else float(beta_quantile(1.0 - tail, successes + 1.0, n - successes))
    return low, high


def wilson(successes: int, n: int, *, confidence: float = 0.9) -> Interval:
    """Which two-sided interval to draw beside a rate? For display only; it does not decide.

    Raises as `clopper_pearson`. Source: Wilson (1927).
    """
    _check_counts(successes, n)
    z = float(normal_quantile(0.5 + confidence / 2.0))
    rate, extra = successes / n, z * z / n
    centre = (rate + extra / 2.0) / (1.0 + extra)
    reach = z * math.sqrt(rate * (1.0 - rate) / n + extra / (4.0 * n)) / (1.0 + extra)
    # At 0 and n the bound is exactly 0 or 1; the formula may miss it by rounding.
    low = 0.0 if successes == 0 else max(0.0, centre - reach)
    return Interval(low, 1.0 if successes == n else min(1.0, centre + reach), confidence)


def proportion_estimate(successes: int, n: int, *, alpha: float = 0.05) -> Estimate:
    """What is the rate, with the exact interval that one-sided decisions at alpha invert?"""
    check_alpha(alpha)
    interval = clopper_pearson(successes, n, confidence=1.0 - 2.0 * alpha)
    return Estimate(successes / n, interval, n, None, None, METHOD)


def proportion_against_threshold(
    successes: int, n: int, threshold: float, *, alpha: float = 0.05
) -> ThresholdTest:
    """Is the rate above, or below, the threshold?

    Args:
        successes: number of ones (for a failure rate: number of failures).
        n: number of independent trials.
        threshold: rate as a fraction, 0..1.
        alpha: one-sided error.

    Raises:
        TooFewSamples: n is 0. StatisticsError: impossible counts, or a threshold outside 0..1.

    >>> proportion_against_threshold(0, 299, 0.01).answer("less")
    'met'
    >>> proportion_against_threshold(0, 298, 0.01).answer("less")
    'unclear'
    """
    _check_counts(successes, n)
    if not 0.0 <= threshold <= 1.0:
        raise StatisticsError(
            f"cannot test a rate against {threshold!r} (expected a fraction between 0 and 1)"
        )
    return ThresholdTest(
        estimate=proportion_estimate(successes, n, alpha=alpha),
        threshold=float(threshold),
        statistic=None,
        p_greater=float(binomial_at_least(successes, n, threshold)),
        p_less=float(binomial_at_most(successes, n, threshold)),
        alpha=alpha,
    )


def rate_against_threshold(scores: Scores, threshold: float, *, alpha: float = 0.05) -> ThresholdTest:
    """As `proportion_against_threshold`, from pass/fail scores (0 or 1, one an example)."""
    successes, n = count_successes(scores)
    if n == 0:
        raise TooFewSamples("cannot judge a rate: no example (expected at least 1)")
    return proportion_against_threshold(successes, n, threshold, alpha=alpha)


def zero_failure_size(rate: float, *, confidence: float = 0.95) -> int:
    """How many cases without a single failure show that the failure rate is below `rate`?

    Raises:
        StatisticsError: rate or confidence not strictly between 0 and 1.

    >>> [zero_failure_size(r) for r in (0.01, 0.005, 0.001)]
    [299, 598, 2995]
    """
    if not (0.0 < rate < 1.0 and 0.0 < confidence < 1.0):
        raise StatisticsError(
            f"cannot size a zero-failure test for rate {rate!r} at confidence {confidence!r}"
        )
    alpha = 1.0 - confidence
    n = max(1, math.ceil(math.log(alpha) / math.log1p(-rate)))
    # The logarithms may be off by one unit in the last place: settle it with the test itself.
    while n > 1 and _shows_zero(n - 1, rate, alpha):
        n -= 1
    while not _shows_zero(n, rate, alpha):
        n += 1
    return n


def _shows_zero(n: int, rate: float, alpha: float) -> bool:
    return float(binomial_at_most(0, n, rate)) <= alpha


def _check_counts(successes: int, n: int) -> None:
    if n < 1:
        raise TooFewSamples(f"cannot judge a rate: {n} trials (expected at least 1)")
    if int(successes) != successes or int(n) != n or not 0 <= successes <= n:
        raise StatisticsError(f"cannot judge a rate: {successes!r} of {n!r} (expected whole numbers, 0..n)")
