"""Which fixed sequence stands in for chance, so that a prediction is the same at every call?"""

from __future__ import annotations

import math

import numpy as np

from assay.stats.distributions import FloatArray, binomial_at_most, chi_square_quantile, normal_quantile

DRAWS = 8192


def binomial_draw(u: FloatArray, n: FloatArray, probability: FloatArray) -> FloatArray:
    """The u-quantile of each binomial: exact where it is small, Cornish and Fisher's (1938) expansion elsewhere."""
    mean, variance = n * probability, n * probability * (1.0 - probability)
    sd, z = np.sqrt(variance), normal_quantile(u)
    drawn = np.floor(mean + sd * z + (1.0 - 2.0 * probability) * (z * z - 1.0) / 6.0 + 0.5)
    small = variance < 25.0
    drawn[small] = _binomial_quantile(u[small], n[small], probability[small], mean[small])
    return np.clip(drawn, 0.0, n)


def chi_square_draw(u: FloatArray, dof: float) -> FloatArray:
    """The u-quantile of chi-square: exact below 50 degrees of freedom, to a ten-thousandth of its spread above.

    Source: Cornish and Fisher's expansion as Goldberg and Levine (1946) give it.
    """
    if dof < 50.0:
        return chi_square_quantile(u, dof)
    z, root = normal_quantile(u), math.sqrt(2.0 * dof)
    square = z * z
    drawn = dof + root * z + (square - 1.0) / 1.5 + z * (square - 7.0) / (9.0 * root)
    drawn -= ((6.0 * square + 14.0) * square - 32.0) / (405.0 * dof)
    drawn += z * ((9.0 * square + 256.0) * square - 433.0) / (4860.0 * root * dof)
    return drawn


def _binomial_quantile(u: FloatArray, n: FloatArray, probability: FloatArray, mean: FloatArray) -> FloatArray:
    low, high = np.floor(np.maximum(mean - 50.0, -1.0)), np.ceil(np.minimum(mean + 50.0, n))
    for _ in range(7):
        middle = np.floor((low + high) / 2.0)
        enough = binomial_at_most(middle, n, probability) >= u
        low, high = np.where(enough, low, middle), np.where(enough, middle, high)
    return high


def uniforms(dimensions: int, stream: int) -> FloatArray:
    """A fixed sequence in the open unit cube, shape (dimensions, draws): counters mixed as in SplitMix64 (Steele 2014)."""
    start = np.uint64(1 + (stream << 32))
    counters = np.arange(dimensions * DRAWS, dtype=np.uint64) + start
    mixed = counters * np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed ^= mixed >> np.uint64(31)
    unit = ((mixed >> np.uint64(11)).astype(np.float64) + 0.5) / 2.0**53
    return unit.reshape(dimensions, DRAWS)
