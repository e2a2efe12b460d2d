"""Does the candidate's mean over seeds differ from the baseline's?"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from assay.stats.distributions import FloatArray, t_quantile
from assay.stats.estimates import Comparison, Interval
from assay.stats.means import LARGEST_T, mean_against_threshold, one_sample_core
from assay.stats.samples import (
    DegenerateSample,
    NotFinite,
    Sample,
    Scores,
    TooFewSamples,
    check_alpha,
    summarize,
)


def welch_comparison(
    candidate: Scores, baseline: Scores, *, alpha: float = 0.05, null: float = 0.0
) -> Comparison:
    """By how much do two arms of seeds differ, without assuming equal variances?

    Args:
        candidate: one score a seed, at least two, in the metric's units.
        baseline: the same of the other arm; seeds need not match.
        alpha: one-sided error; the interval has confidence 1 - 2 alpha.
        null: effect tested against (minus the margin for non-inferiority of a metric where more is better).

    Raises:
        TooFewSamples: an arm has fewer than two scores. DegenerateSample: neither arm has any spread.
        NotFinite: a score is not a finite number.

    An arm whose scores are all identical is noted ("constant-candidate", "constant-baseline"): its spread is not
    known to be zero. Source: Welch (1947), Satterthwaite (1946) degrees of freedom.

    >>> c = welch_comparison([0.84, 0.86, 0.85], [0.80, 0.81, 0.79])
    >>> round(c.effect, 3), c.answer("greater")
    (0.05, 'met')
    """
    check_alpha(alpha)
    arms = (summarize(candidate, "candidate"), summarize(baseline, "baseline"))
    a, b = arms
    variance_a, variance_b = _variance(a, "candidate"), _variance(b, "baseline")
    if variance_a <= 0.0 and variance_b <= 0.0:
        raise DegenerateSample(
            "cannot compare means: all seeds of each arm are identical (expected some spread)"
        )
    effect, se, dof, p_greater, p_less = (
        float(x)
        for x in welch_core(
            (np.asarray(a.mean), np.asarray(variance_a), a.n),
            (np.asarray(b.mean), np.asarray(variance_b), b.n),
            null=null,
        )
    )
    reach = float(t_quantile(1.0 - alpha, dof)) * se
    return Comparison(
        effect=effect,
        interval=Interval(effect - reach, effect + reach, 1.0 - 2.0 * alpha),
        n_candidate=a.n,
        n_baseline=b.n,
        se=se,
        dof=dof,
        statistic=max(-LARGEST_T, min(LARGEST_T, (effect - null) / se)),
        p_greater=p_greater,
        p_less=p_less,
        alpha=alpha,
        method="Welch t",
        null=null,
        notes=tuple(
            f"constant-{name}"
            for name, v in (("candidate", variance_a), ("baseline", variance_b))
            if v <= 0.0
        ),
    )


def compare_with_exact_number(
    candidate: Scores, baseline: float, *, alpha: float = 0.05, null: float = 0.0
) -> Comparison:
    """By how much do the candidate's seeds differ from a baseline that is only known as a number?

    The number is taken as exact, which understates the uncertainty; the result is noted "exact-baseline".
    Refusals as `mean_against_threshold`.
    """
    if not math.isfinite(baseline):
        raise NotFinite(f"cannot compare with baseline {baseline} (expected a finite number)")
    test = mean_against_threshold(candidate, baseline + null, alpha=alpha)
    low, high = test.estimate.interval.low, test.estimate.interval.high
    assert low is not None
    assert high is not None
    return Comparison(
        effect=test.estimate.value - baseline,
        interval=Interval(low - baseline, high - baseline, 1.0 - 2.0 * alpha),
        n_candidate=test.estimate.n,
        n_baseline=0,
        se=test.estimate.se,
        dof=test.estimate.dof,
        statistic=test.statistic,
        p_greater=test.p_greater,
        p_less=test.p_less,
        alpha=alpha,
        method="one-sample t against an exact number",
        null=null,
        notes=("exact-baseline",),
    )


def welch_core(
    candidate: tuple[FloatArray, FloatArray, int | NDArray[np.int64]],
    baseline: tuple[FloatArray, FloatArray, int | NDArray[np.int64]],
    *,
    null: float = 0.0,
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray, FloatArray]:
    """What are effect, standard error, degrees of freedom and both p-values, for any number of pairs at once?

    Each arm is (means, variances, n), n one number or one a pair. Without any spread se is 0 and both p-values are 1: nothing is shown.
    """
    (mean_a, var_a, n_a), (mean_b, var_b, n_b) = candidate, baseline
    part_a, part_b = var_a / n_a, var_b / n_b
    total = part_a + part_b
    with np.errstate(over="ignore", invalid="ignore"):
        effect, se = mean_a - mean_b, np.sqrt(total)
    usable = total > 0
    # Shares instead of squared variances: the squares of very small variances would underflow.
    safe = np.where(usable, total, 1.0)
    share_a, share_b = part_a / safe, part_b / safe
    spread = share_a**2 / (n_a - 1) + share_b**2 / (n_b - 1)
    dof = np.where(usable, 1.0 / np.where(usable, spread, 1.0), 1.0)
    _, p_greater, p_less = one_sample_core(effect, se, dof, null)
    return effect, se, dof, p_greater, p_less


def _variance(sample: Sample, name: str) -> float:
    if sample.variance is None:
        raise TooFewSamples(f"cannot compare means: {name} has 1 score (expected at least 2)")
    return sample.variance
