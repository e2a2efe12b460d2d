"""How large must a study be, and what could one of this size have seen?"""

from __future__ import annotations

import math

import numpy as np

from assay.stats.distributions import (
    FloatArray,
    beta_quantile,
    noncentral_t_cdf,
    normal_cdf,
    normal_quantile,
    t_quantile,
)
from assay.stats.estimates import Direction
from assay.stats.power import critical_counts
from assay.stats.samples import StatisticsError, check_alpha


def detectable_effect(se: float, dof: float | None, *, alpha: float = 0.05, power: float = 0.8) -> float:
    """Which true effect would a one-sided test with this standard error have found with the wanted power?

    Args:
        se: standard error of the effect, in the metric's units, positive.
        dof: its degrees of freedom; None for a normal test.
        alpha: one-sided error.
        power: wanted probability of finding it.

    Returns:
        The effect in the metric's units, from the noncentral t.

    >>> round(detectable_effect(0.01, None), 5)
    0.02486
    """
    check_alpha(alpha)
    _check_power(power)
    if not (math.isfinite(se) and se > 0.0):
        raise StatisticsError(
            f"cannot state a detectable effect for standard error {se!r} (expected positive)"
        )
    if dof is None:
        return se * float(normal_quantile(1.0 - alpha) + normal_quantile(power))
    critical = float(t_quantile(1.0 - alpha, dof))
    low, high = 0.0, 1.0
    while _t_power(critical, dof, high) < power:
        high *= 2.0
    for _ in range(100):
        middle = (low + high) / 2.0
        low, high = (middle, high) if _t_power(critical, dof, middle) < power else (low, middle)
    return se * (low + high) / 2.0


def detectable_effects(
    se: FloatArray, dof: FloatArray, *, alpha: float = 0.05, power: float = 0.8
) -> FloatArray:
    """As `detectable_effect`, for many tests at once; degrees of freedom may be infinite.

    >>> detectable_effects(np.array([0.01, 0.01]), np.array([np.inf, 9.0])).round(5).tolist()
    [0.02486, 0.02697]
    """
    check_alpha(alpha)
    _check_power(power)
    different, place = np.unique(np.minimum(dof, 1e9), return_inverse=True)
    critical = t_quantile(1.0 - alpha, different)

    def short_by(effect: FloatArray) -> FloatArray:
        reached = np.clip(1.0 - noncentral_t_cdf(critical, different, effect), 1e-12, 1.0 - 1e-12)
        return normal_quantile(power) - normal_quantile(reached)

    # In normal quantiles power is nearly a straight line in the effect: a few secant steps reach the last digits.
    before, now = critical, critical * 1.2 + 0.85
    gap_before, gap = short_by(before), short_by(now)
    for _ in range(12):
        slope = gap_before - gap
        step = np.divide(gap * (now - before), slope, out=np.zeros(now.shape), where=np.abs(slope) > 0.0)
        before, gap_before = now, gap
        now = np.maximum(now + step, 0.0)
        gap = short_by(now)
    return np.asarray(se * now[place.reshape(dof.shape)])


def detectable_rate(
    n: int, threshold: float, *, claim: Direction, alpha: float = 0.05, power: float = 0.8
) -> float | None:
    """How far from a threshold must a true rate lie for the exact test of n pass/fail examples to show it?

    Args:
        n: independent examples.
        threshold: as a fraction.
        claim: that the rate is "greater" or "less".
        alpha: one-sided error.
        power: wanted probability of showing it.

    Returns:
        The distance as a fraction; None when no rate, not even 0 or 1, would have been shown so often.

    >>> round(detectable_rate(1000, 0.85, claim="greater"), 4), detectable_rate(1000, 0.001, claim="less")
    (0.0272, None)
    """
    _check_power(power)
    low, high = critical_counts(n, threshold, alpha)
    if claim == "greater":
        return None if high > n else float(beta_quantile(power, high, n - high + 1.0)) - threshold
    return None if low < 0 else threshold - float(beta_quantile(1.0 - power, low + 1.0, n - low))


AT_ANY_TIME = 2.9
"""About how many standard errors a bound lies away that holds however often one looks, at alpha .05."""


def detectable_losses(
    n: FloatArray, discordant: FloatArray, margin: float | FloatArray, *, level: float, power: float = 0.8
) -> FloatArray:
    """Which true drop of a pass rate would paired examples have shown beyond the margin, with the wanted power?

    Args:
        n: examples, one entry a slice.
        discordant: of these, how many only one of the two passes.
        margin: tolerated drop, as a fraction, 0 or more, one or one a slice (0: exact McNemar, else Tango's score test).
        level: one-sided error of the test.
        power: wanted probability.

    Returns:
        Drops as fractions; infinite where even a drop on every example would not be shown.
    """
    z, z_power = -float(normal_quantile(level)), float(normal_quantile(power))
    discordance = (discordant + 1.0) / (n + 2.0)
    # The exact test answers in steps of two pairs: half of one is lost on average.
    beyond = np.broadcast_to(np.asarray(margin, dtype=np.float64), n.shape)
    lost = np.where(beyond <= 0.0, 1.0, 0.0)

    def enough(drop: FloatArray) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        spread = np.maximum(discordance, drop)
        under_null = np.sqrt(n * np.maximum(spread - beyond**2, 0.0))
        under_drop = np.sqrt(n * np.maximum(spread - drop**2, 0.0))
        return np.asarray(n * (drop - beyond) - lost >= z * under_null + z_power * under_drop)

    low, high = beyond.copy(), np.ones(n.size)
    for _ in range(50):
        middle = (low + high) / 2.0
        seen = enough(middle)
        low, high = np.where(seen, low, middle), np.where(seen, middle, high)
    return np.where(enough(np.ones(n.size)), high, np.inf)


def detectable_beside(
    reach: float, *, alpha: float = 0.05, power: float = 0.8, errors: float | None = None
) -> float:
    """Which effect would have been found by a test whose bound lies this far from the estimate, as a normal would?

    For score tests, order statistics and e-processes, which have no standard error of their own: their bound is taken to
    lie `errors` of them away, for one look as many as the normal quantile of alpha says.

    >>> round(detectable_beside(1.6449 * 0.01), 4), round(detectable_effect(0.01, None), 4)
    (0.0249, 0.0249)
    """
    check_alpha(alpha)
    _check_power(power)
    away = -float(normal_quantile(alpha)) if errors is None else errors
    return abs(reach) * (1.0 + float(normal_quantile(power)) / away)


def comparison_power(effect_in_sd: float, seeds: int, *, alpha: float = 0.05) -> float:
    """How likely does a fixed comparison with this many seeds an arm find an effect of so many standard deviations?

    Equal variances and sizes, one-sided t. Assumes normal scores.

    >>> round(comparison_power(1.0, 10), 2)
    0.69
    """
    check_alpha(alpha)
    if seeds < 2:
        raise StatisticsError(f"cannot plan with {seeds} seeds an arm (expected at least 2)")
    dof = 2.0 * (seeds - 1)
    return _t_power(float(t_quantile(1.0 - alpha, dof)), dof, effect_in_sd * math.sqrt(seeds / 2.0))


def seeds_per_arm(effect_in_sd: float, *, alpha: float = 0.05, power: float = 0.8) -> int:
    """How many seeds an arm does a fixed one-sided comparison need to find an effect of so many standard deviations?

    >>> seeds_per_arm(1.0), seeds_per_arm(2.0)
    (14, 4)
    """
    _check_power(power)
    if not (math.isfinite(effect_in_sd) and effect_in_sd > 0.0):
        raise StatisticsError(
            f"cannot plan for an effect of {effect_in_sd!r} sd (expected a positive number)"
        )
    low, high = 1, 2
    while comparison_power(effect_in_sd, high, alpha=alpha) < power:
        low, high = high, high * 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (
            (middle, high) if comparison_power(effect_in_sd, middle, alpha=alpha) < power else (low, middle)
        )
    return high


def paired_examples(
    difference: float,
    discordance: float,
    *,
    alpha: float = 0.05,
    power: float = 0.8,
    design_effect: float = 1.0,
) -> int:
    """How many shared pass/fail examples show a difference of rates, one-sided?

    Args:
        difference: true difference of the two rates, as a fraction, not 0.
        discordance: share of examples on which only one of the two succeeds.
        alpha: one-sided error (.025 for the usual two-sided 5%).
        power: wanted probability of finding it.
        design_effect: 1 + (cluster size - 1) x intraclass correlation.

    >>> [paired_examples(d, 0.2, alpha=0.025) for d in (0.01, 0.02, 0.03)]
    [15690, 3917, 1737]
    """
    check_alpha(alpha)
    _check_power(power)
    if not (0.0 < abs(difference) <= discordance <= 1.0) or design_effect < 1.0:
        raise StatisticsError(
            f"cannot plan for a difference of {difference!r} with {discordance!r} discordant and design effect "
            f"{design_effect!r} (expected 0 < difference <= discordance <= 1, design effect >= 1)"
        )
    z = float(normal_quantile(1.0 - alpha) + normal_quantile(power))
    return math.ceil(z * z * (discordance - difference**2) / difference**2 * design_effect)


def noninferiority_power(
    n: int, discordance: float, margin: float, *, difference: float = 0.0, alpha: float = 0.05
) -> float:
    """How likely does a non-inferiority gate on n shared pass/fail examples pass a model with this true difference?

    Args:
        n: examples.
        discordance: share of examples on which only one of the two succeeds.
        margin: tolerated drop, positive, as a fraction.
        difference: true difference, candidate minus baseline (0: truly equal).
        alpha: one-sided error.

    >>> [round(noninferiority_power(n, 0.15, 0.02), 2) for n in (200, 500, 1000, 2000, 5000)]
    [0.18, 0.31, 0.5, 0.75, 0.98]
    """
    check_alpha(alpha)
    if n < 1 or margin <= 0.0 or not difference**2 < discordance <= 1.0:
        raise StatisticsError(f"cannot plan: n {n!r}, margin {margin!r}, {discordance!r} discordant")
    se = math.sqrt((discordance - difference**2) / n)
    return float(normal_cdf((difference + margin) / se - normal_quantile(1.0 - alpha)))


def _t_power(critical: float, dof: float, noncentrality: float) -> float:
    return 1.0 - float(noncentral_t_cdf(critical, dof, noncentrality))


def _check_power(power: float) -> None:
    if not 0.0 < power < 1.0:
        raise StatisticsError(f"cannot plan for power {power!r} (expected between 0 and 1)")
