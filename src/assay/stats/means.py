"""Is the mean over seeds beyond a fixed threshold?"""

from __future__ import annotations

import math

import numpy as np

from assay.stats.distributions import FloatArray, t_cdf, t_quantile
from assay.stats.estimates import Estimate, Interval, ThresholdTest
from assay.stats.samples import DegenerateSample, Sample, Scores, TooFewSamples, check_alpha, summarize

METHOD = "one-sample t"
LARGEST_T = 1e300  # a statistic beyond it is stated as this, never as infinity


def mean_estimate(scores: Scores, *, alpha: float = 0.05) -> Estimate:
    """What is the mean over independent scores, with its 1 - 2 alpha two-sided t interval?

    Args:
        scores: one value a seed (or other independent unit), in the metric's units; at least two.
        alpha: one-sided error; the interval has confidence 1 - 2 alpha.

    Raises:
        TooFewSamples: fewer than two scores. DegenerateSample: all identical. NotFinite: a score is not a number.

    Assumes independent scores, roughly normal or numerous. Source: Student (1908).

    >>> e = mean_estimate([1.0, 2.0, 3.0])
    >>> round(e.interval.low, 4), round(e.interval.high, 4), e.interval.label
    (0.3141, 3.6859, '90% two-sided')
    """
    check_alpha(alpha)
    sample, variance = _spread_out(summarize(scores))
    dof = sample.n - 1
    se = math.sqrt(variance / sample.n)
    reach = float(t_quantile(1.0 - alpha, dof)) * se
    interval = Interval(sample.mean - reach, sample.mean + reach, 1.0 - 2.0 * alpha)
    return Estimate(sample.mean, interval, sample.n, float(dof), math.sqrt(variance), METHOD, se)


def mean_against_threshold(scores: Scores, threshold: float, *, alpha: float = 0.05) -> ThresholdTest:
    """Is the mean over seeds above, or below, the threshold?

    Shapes, units and refusals as `mean_estimate`; `threshold` in the metric's units. At a planned look pass the
    look's nominal alpha.

    >>> t = mean_against_threshold([3.2764, 3.2751, 3.2775, 3.2788, 3.2746], 3.28, alpha=0.01)
    >>> t.answer("less")
    'met'
    """
    estimate = mean_estimate(scores, alpha=alpha)
    assert estimate.se is not None
    assert estimate.dof is not None
    t, p_greater, p_less = one_sample_core(
        np.asarray(estimate.value), np.asarray(estimate.se), estimate.dof, threshold
    )
    return ThresholdTest(estimate, float(threshold), float(t), float(p_greater), float(p_less), alpha)


def one_sample_core(
    mean: FloatArray, se: FloatArray, dof: float | FloatArray, threshold: float
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """What are t and both one-sided p-values, for any number of samples at once?

    A standard error of 0 gives t = 0 and p = 1 both ways: without spread nothing is shown.
    """
    usable = se > 0
    with np.errstate(over="ignore", invalid="ignore"):
        t = np.where(
            usable, np.clip((mean - threshold) / np.where(usable, se, 1.0), -LARGEST_T, LARGEST_T), 0.0
        )
    tail = t_cdf(-np.abs(t), dof)
    above, below = np.where(t >= 0.0, tail, 1.0 - tail), np.where(t <= 0.0, tail, 1.0 - tail)
    return t, np.where(usable, above, 1.0), np.where(usable, below, 1.0)


def _spread_out(sample: Sample) -> tuple[Sample, float]:
    if sample.variance is None:
        raise TooFewSamples("cannot judge the mean: 1 score (expected at least 2)")
    if sample.variance <= 0.0:
        raise DegenerateSample(
            f"cannot judge the mean: all {sample.n} scores are {sample.mean!r} (expected some spread between seeds)"
        )
    return sample, sample.variance
