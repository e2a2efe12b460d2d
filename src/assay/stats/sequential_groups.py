"""May one look at the gap between two groups of examples as often as one likes, as examples of either arrive?

Rates are judged exactly. The bet is on every pair of rates at once (Jeffreys' prior for each), against the most likely pair
of rates whose gap is no wider than the null: whatever the true pair is, that stake is at most what the mixture would have
had to beat, so the chance that the e-value *ever* reaches 1/alpha is at most alpha while the null holds (Ville 1939; the
ratio of a mixture to the largest likelihood under the null: Wasserman, Ramdas and Balakrishnan 2020). Counts alone enter,
so neither the order in which examples came nor the order of the groups matters. Other scores use the asymptotic confidence
sequence: differences of two means, at 1/(1/n + 1/m) as their number of examples, move like a Brownian motion, too.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from assay.stats.confidence_sequences import FIRST_LOOK, TIGHTEST_AT, boundary, e_values
from assay.stats.distributions import FloatArray, log_beta_function, normal_quantile
from assay.stats.independent_rates import constrained_rate

METHOD = "e-process of two groups' rates"
MEANS_METHOD = "asymptotic confidence sequence of groups"
PRIOR = 0.5
_STEPS = 60


def rates_log_e(
    rate: FloatArray, other: FloatArray, n: FloatArray, other_n: FloatArray, null: ArrayLike
) -> FloatArray:
    """Logarithm of the e-value of "the two rates do not differ by exactly this". One entry a pair of groups.

    Where the rates that were seen differ by more than `null` it is that of "by no more than this" as well, for the most
    likely rates under that wider null lie at its edge.

    >>> eighty, fifty = np.array([0.8]), np.array([0.5])
    >>> [round(float(rates_log_e(eighty, fifty, np.array([n]), np.array([n]), 0.05)[0]), 2) for n in (100.0, 400.0)]
    [2.04, 21.96]
    """
    delta = np.asarray(null, dtype=np.float64)
    first = constrained_rate(rate, other, n, other_n, delta)
    second = np.clip(first - delta, 0.0, 1.0)
    stake = _log_mixture(rate, n) + _log_mixture(other, other_n)
    return np.asarray(stake - _log_likelihood(rate, n, first) - _log_likelihood(other, other_n, second))


def rates_p_above(
    rate: FloatArray, other: FloatArray, n: FloatArray, other_n: FloatArray, null: float
) -> FloatArray:
    """p-values, valid at every look, of "the first rate exceeds the second by more than the null"."""
    log_e = rates_log_e(rate, other, n, other_n, null)
    return np.where(rate - other > null, np.exp(-np.maximum(log_e, 0.0)), 1.0)


def rates_bounds(
    rate: FloatArray, other: FloatArray, n: FloatArray, other_n: FloatArray, levels: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Which differences of the rates are left, at all looks together? One level a pair, of both sides together."""
    bounds, enough = [], -np.log(levels)
    for outside in (-1.0, 1.0):
        near, far = rate - other, np.full(rate.shape, outside)
        for _ in range(_STEPS):
            middle = (near + far) / 2.0
            inside = rates_log_e(rate, other, n, other_n, middle) < enough
            near, far = np.where(inside, middle, near), np.where(inside, far, middle)
        bounds.append(far)
    return bounds[0], bounds[1]


def rates_reach(
    rate: FloatArray, other: FloatArray, n: FloatArray, other_n: FloatArray, level: float
) -> FloatArray:
    """By how many standard errors must the rates differ from the null to be called at this level, about?"""
    best = _log_likelihood(rate, n, rate) + _log_likelihood(other, other_n, other)
    price = best - _log_mixture(rate, n) - _log_mixture(other, other_n)
    return np.asarray(np.sqrt(2.0 * (price - math.log(level))))


def means_p_above(
    gap: FloatArray, se: FloatArray, n: FloatArray, other_n: FloatArray, null: float
) -> FloatArray:
    """p-values of "the means differ by more than the null" at every look; 1 before the first look at both groups."""
    both = _number(n, other_n)
    e = e_values((gap - null) * both, se * np.sqrt(both), both, TIGHTEST_AT)
    return np.where(_early(n, other_n), 1.0, 1.0 / np.maximum(e, 1.0))


def means_reach(se: FloatArray, n: FloatArray, other_n: FloatArray, levels: FloatArray) -> FloatArray:
    """How far from the gap do the one-sided bounds lie that hold at all looks together? Infinite before the first look."""
    both = _number(n, other_n)
    reach = se * boundary(both, TIGHTEST_AT, levels) / np.sqrt(both)
    return np.where(_early(n, other_n), np.inf, reach)


def detectable_beyond(reach: FloatArray, se: FloatArray, power: float) -> FloatArray:
    """Which true distance from the null is called with this probability, when the bound lies `reach` away?"""
    return np.asarray(reach + float(normal_quantile(power)) * se)


def _number(n: FloatArray, other_n: FloatArray) -> FloatArray:
    return 1.0 / (1.0 / n + 1.0 / other_n)


def _early(n: FloatArray, other_n: FloatArray) -> NDArray[np.bool_]:
    return np.minimum(n, other_n) < FIRST_LOOK


def _log_mixture(rate: FloatArray, n: FloatArray) -> FloatArray:
    found = log_beta_function(rate * n + PRIOR, (1.0 - rate) * n + PRIOR) - log_beta_function(PRIOR, PRIOR)
    return np.asarray(found)


def _log_likelihood(rate: FloatArray, n: FloatArray, at: FloatArray) -> FloatArray:
    return _times_log(rate * n, at) + _times_log((1.0 - rate) * n, 1.0 - at)


def _times_log(count: FloatArray, share: FloatArray) -> FloatArray:
    with np.errstate(divide="ignore"):
        return np.where(count > 0.0, count * np.log(np.where(count > 0.0, share, 1.0)), 0.0)
