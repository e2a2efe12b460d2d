"""Is the pass rate of each of many slices beyond a threshold? All at once, exactly."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assay.stats.distributions import FloatArray, beta_quantile, binomial_at_least, binomial_at_most
from assay.stats.samples import NotBinary, Scores, StatisticsError, as_scores, is_binary
from assay.stats.slice_sums import IntArray, slice_index


@dataclass(frozen=True, slots=True, eq=False)
class SliceRates:
    """Is the pass rate of each slice beyond a threshold? One entry a slice that has examples.

    Attributes:
        slices: how many slices there are.
        positions: numbers of the slices that have examples, increasing; every other slice is empty.
        n: examples in the slice.
        successes: of these, ones.
        low: Clopper-Pearson bound, each one-sided at `alpha`.
        high: the same above.
        p_greater: one-sided exact p-value of "rate above the threshold".
        p_less: one-sided exact p-value of "rate below the threshold".
        threshold: as a fraction.
        alpha: one-sided level of the bounds.
    """

    slices: int
    positions: IntArray
    n: IntArray
    successes: IntArray
    low: FloatArray
    high: FloatArray
    p_greater: FloatArray
    p_less: FloatArray
    threshold: float
    alpha: float


def rate_slices(
    scores: Scores, index: NDArray[Any], slices: int, threshold: float, *, alpha: float = 0.05
) -> SliceRates:
    """Is the pass rate above, or below, a threshold in each slice? `proportions.rate_against_threshold` for each.

    Args:
        scores: 0 or 1, one an example.
        index: slice number, 0..slices-1, of each example.
        slices: how many slices there are.
        threshold: rate as a fraction, 0..1.
        alpha: one-sided error of each bound, uncorrected.

    Raises:
        NotBinary: a score is neither 0 nor 1. StatisticsError: a threshold outside 0..1.

    >>> r = rate_slices([1] * 299 + [0], np.array([0] * 299 + [1]), 2, 0.99)
    >>> (r.p_greater <= 0.05).tolist(), r.low.round(3).tolist()
    ([True, False], [0.99, 0.0])
    """
    values = as_scores(scores)
    if not is_binary(values):
        raise NotBinary("cannot judge rates: values other than 0 and 1 (expected pass/fail scores)")
    if not 0.0 <= threshold <= 1.0:
        raise StatisticsError(
            f"cannot test a rate against {threshold!r} (expected a fraction between 0 and 1)"
        )
    index = slice_index(index, values.size, slices)
    n = np.bincount(index, minlength=slices)
    positions = np.flatnonzero(n)
    n, k = n[positions], np.bincount(index, values, slices)[positions].astype(np.int64)
    low = np.where(k > 0, beta_quantile(alpha, np.maximum(k, 1), n - k + 1.0), 0.0)
    high = np.where(k < n, beta_quantile(1.0 - alpha, k + 1.0, np.maximum(n - k, 1)), 1.0)
    above, below = binomial_at_least(k, n, threshold), binomial_at_most(k, n, threshold)
    return SliceRates(slices, positions, n, k, low, high, above, below, float(threshold), alpha)
