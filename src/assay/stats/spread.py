"""How much does a metric scatter between seeds, and is that more than allowed?"""

from __future__ import annotations

import math

from assay.stats.distributions import (
    chi_square_cdf,
    chi_square_quantile,
    chi_square_upper,
    f_quantile,
    f_upper,
)
from assay.stats.estimates import Comparison, Estimate, Interval, ThresholdTest
from assay.stats.samples import (
    DegenerateSample,
    Sample,
    Scores,
    StatisticsError,
    TooFewSamples,
    check_alpha,
    summarize,
)

METHOD = "standard deviation, chi-square interval"


def spread_estimate(scores: Scores, *, alpha: float = 0.05) -> Estimate:
    """What is the standard deviation over seeds, with its 1 - 2 alpha chi-square interval?

    Args:
        scores: one value a seed, at least two, in the metric's units (the result is in the same units).
        alpha: one-sided error.

    Raises:
        TooFewSamples: fewer than two. DegenerateSample: all identical. NotFinite: not a number.

    Assumes roughly normal scores. With 3 seeds the 90% interval is x0.58 to x4.42.

    >>> e = spread_estimate([1.0, 2.0, 3.0])
    >>> e.value, round(e.interval.low, 2), round(e.interval.high, 2)
    (1.0, 0.58, 4.42)
    """
    check_alpha(alpha)
    sample, sd = _with_spread(scores, "scores")
    dof = sample.n - 1
    low = sd * math.sqrt(dof / float(chi_square_quantile(1.0 - alpha, dof)))
    high = sd * math.sqrt(dof / float(chi_square_quantile(alpha, dof)))
    return Estimate(sd, Interval(low, high, 1.0 - 2.0 * alpha), sample.n, float(dof), sd, METHOD)


def spread_against_limit(scores: Scores, limit: float, *, alpha: float = 0.05) -> ThresholdTest:
    """Is the standard deviation over seeds below, or above, a limit in the metric's units?

    Raises as `spread_estimate`; StatisticsError for a limit that is not positive.
    """
    if not (math.isfinite(limit) and limit > 0.0):
        raise StatisticsError(
            f"cannot test a standard deviation against {limit!r} (expected a positive number)"
        )
    estimate = spread_estimate(scores, alpha=alpha)
    assert estimate.dof is not None
    statistic = estimate.dof * (estimate.value / limit) ** 2
    return ThresholdTest(
        estimate=estimate,
        threshold=float(limit),
        statistic=statistic,
        p_greater=float(chi_square_upper(statistic, estimate.dof)),
        p_less=float(chi_square_cdf(statistic, estimate.dof)),
        alpha=alpha,
    )


def detectable_spread(limit: float, seeds: int, *, alpha: float = 0.05, power: float = 0.8) -> float:
    """Which true standard deviation would so many seeds have shown to be beyond the limit, with the wanted power?

    Args:
        limit: largest standard deviation that is tolerated, positive, in the metric's units.
        seeds: at least two.
        alpha: one-sided error of the alarm: the lower bound of the standard deviation exceeds the limit.
        power: wanted probability of showing it.

    Assumes normal scores: the alarm of `spread_against_limit`, `p_greater <= alpha`, fires where (seeds - 1) sd^2 / limit^2
    exceeds the chi-square quantile.

    >>> [round(detectable_spread(0.03, n), 3) for n in (3, 5, 10)]
    [0.11, 0.072, 0.053]
    """
    check_alpha(alpha)
    if seeds < 2:
        raise TooFewSamples(f"cannot judge the spread of {seeds} seeds (expected at least 2)")
    if not (math.isfinite(limit) and limit > 0.0) or not 0.0 < power < 1.0:
        raise StatisticsError(
            f"cannot plan for limit {limit!r} at power {power!r} (expected a positive number, 0..1)"
        )
    dof = seeds - 1
    shown, found = (float(chi_square_quantile(p, dof)) for p in (1.0 - alpha, 1.0 - power))
    return limit * math.sqrt(shown / found)


def spread_ratio(candidate: Scores, baseline: Scores, *, alpha: float = 0.05) -> Comparison:
    """Does the candidate scatter more, or less, than the baseline? The effect is the ratio of the two sds (null 1).

    Raises as `spread_estimate`. Assumes normal scores. Source: Fisher's F.
    """
    check_alpha(alpha)
    (a, sd_a), (b, sd_b) = _with_spread(candidate, "candidate"), _with_spread(baseline, "baseline")
    ratio, dof_a, dof_b = sd_a / sd_b, a.n - 1, b.n - 1
    f = ratio * ratio
    interval = Interval(
        ratio / math.sqrt(float(f_quantile(1.0 - alpha, dof_a, dof_b))),
        ratio * math.sqrt(float(f_quantile(1.0 - alpha, dof_b, dof_a))),
        1.0 - 2.0 * alpha,
    )
    return Comparison(
        effect=ratio,
        interval=interval,
        n_candidate=a.n,
        n_baseline=b.n,
        se=None,
        dof=None,
        statistic=f,
        p_greater=float(f_upper(f, dof_a, dof_b)),
        p_less=float(f_upper(1.0 / f, dof_b, dof_a)),
        alpha=alpha,
        method="F test of two standard deviations",
        null=1.0,
    )


def _with_spread(scores: Scores, name: str) -> tuple[Sample, float]:
    sample = summarize(scores, name)
    if sample.sd is None:
        raise TooFewSamples(f"cannot judge the spread of {name}: 1 value (expected at least 2)")
    if sample.sd <= 0.0:
        raise DegenerateSample(f"cannot judge the spread of {name}: all {sample.n} values are identical")
    return sample, sample.sd
