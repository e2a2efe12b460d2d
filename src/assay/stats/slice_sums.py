"""What are size, mean and variance in each of many slices, to the same last bit for every order of the rows?

Floating-point sums depend on the order of their terms. Here every value is written as a whole number of a tiny common
quantum first, and whole numbers add up exactly in any order. One pass over the rows, whatever the number of slices.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assay.stats.distributions import FloatArray
from assay.stats.samples import ROUNDING, Misaligned, NotFinite, StatisticsError

IntArray = NDArray[np.int64]

_CHUNK = 1 << 14  # rows whose intermediate arrays stay in the processor's cache
_WORD = 62  # bits of a whole number that sums may fill
_PRECISE = 2.0**-40  # quantum against spread, both over a slice: beyond it one word is too coarse


@dataclass(frozen=True, slots=True, eq=False)
class SliceMoments:
    """How many scores, around what mean, with what variance, in each slice?

    Attributes:
        n: number of rows in each slice, 0 where it is empty.
        mean: arithmetic mean in the metric's units; 0 stands where `n` is 0 and must not be read there.
        variance: unbiased sample variance; 0 for fewer than two rows and for values equal up to rounding.
    """

    n: IntArray
    mean: FloatArray
    variance: FloatArray


def slice_moments(values: FloatArray, index: NDArray[Any], slices: int) -> SliceMoments:
    """What are size, mean and variance of the values in each slice?

    Args:
        values: shape (rows,), finite (see `samples.as_scores`), in the metric's units.
        index: which slice, 0..slices-1, each row belongs to.
        slices: how many slices there are; some may be empty.

    Raises:
        Misaligned: other lengths. StatisticsError: an index outside 0..slices-1. NotFinite: squares that overflow.

    >>> m = slice_moments(np.array([1.0, 2.0, 4.0, 9.0]), np.array([0, 0, 0, 2]), 3)
    >>> m.n.tolist(), [round(x, 4) for x in m.mean.tolist()], [round(x, 4) for x in m.variance.tolist()]
    ([3, 0, 1], [2.3333, 0.0, 9.0], [2.3333, 0.0, 0.0])
    """
    index = slice_index(index, values.size, slices)
    n = np.bincount(index, minlength=slices).astype(np.int64)
    if values.size == 0:
        return SliceMoments(n, np.zeros(slices), np.zeros(slices))
    low, high = float(values.min()), float(values.max())
    largest, reach = max(abs(low), abs(high)), high - low
    if not math.isfinite(reach * reach * values.size):
        raise NotFinite(
            "cannot summarize slices: values too large to square (expected magnitudes below 1e150)"
        )
    mean, squares, precise = _mean_and_squares(values, index, n, (largest, reach), words=1)
    if not precise:
        mean, squares, _ = _mean_and_squares(values, index, n, (largest, reach), words=2)
    # Values that are equal up to rounding count as identical, as in `samples.moments`.
    constant = squares <= n * (ROUNDING * mean) ** 2
    return SliceMoments(n, mean, np.where(constant, 0.0, squares / np.maximum(n - 1, 1)))


def slice_sums(values: FloatArray, index: NDArray[Any], slices: int) -> FloatArray:
    """What do the values of each slice add up to, whatever their order? 0 for an empty slice; refusals as `slice_moments`."""
    index = slice_index(index, values.size, slices)
    if values.size == 0:
        return np.zeros(slices)
    n = np.bincount(index, minlength=slices).astype(np.int64)
    return _exact_sums(values, index, n, float(np.abs(values).max()), words=2)[0]


def slice_index(index: NDArray[Any], rows: int, slices: int) -> NDArray[np.intp]:
    """Is this one slice number, 0..slices-1, for each row?

    Raises:
        Misaligned: another number of rows. StatisticsError: not whole numbers, or outside 0..slices-1.
    """
    array = np.asarray(index)
    if array.shape != (rows,):
        raise Misaligned(f"cannot slice {rows} rows by {array.size} slice numbers (expected one a row)")
    if array.size == 0:
        return np.zeros(0, dtype=np.intp)
    if array.dtype.kind not in "iu":
        raise StatisticsError(f"cannot slice by values of type {array.dtype} (expected whole numbers)")
    if int(array.min()) < 0 or int(array.max()) >= slices:
        raise StatisticsError(
            f"cannot slice by numbers {array.min()}..{array.max()} (expected 0..{slices - 1})"
        )
    return array.astype(np.intp, copy=False)


def _mean_and_squares(
    values: FloatArray, index: NDArray[np.intp], n: IntArray, bounds: tuple[float, float], words: int
) -> tuple[FloatArray, FloatArray, bool]:
    """Mean and sum of squared deviations by slice, and whether the quantum was fine enough for every one of them."""
    largest, reach = bounds
    sums, quantum = _exact_sums(values, index, n, largest, words)
    mean = sums / np.maximum(n, 1)
    squares, square_quantum = _exact_sums(values, index, n, reach * reach, words, around=mean)
    # One word is too coarse where a slice is huge, or tiny beside the largest value of all.
    fine = (quantum * np.sqrt(n) <= _PRECISE * np.sqrt(squares)) & (square_quantum * n <= _PRECISE * squares)
    return mean, squares, bool((fine | (n < 2)).all())


def _exact_sums(
    values: FloatArray,
    index: NDArray[np.intp],
    n: IntArray,
    largest: float,
    words: int,
    around: FloatArray | None = None,
) -> tuple[FloatArray, float]:
    """Sums of the values (or of squared deviations `around` the means) by slice, and the quantum they are counted in.

    Values are cut to whole multiples of the quantum, each by itself, so that no order can matter; a second word takes
    what was cut off. `largest` bounds their magnitude.
    """
    bits = _WORD - int(n.max()).bit_length()
    # Below 1e-270 squares vanish anyway, and a larger power of two would overflow.
    shift = min(bits - math.frexp(largest)[1], 960)
    scale, second = 2.0**shift, 2.0**bits
    high, low = np.zeros(n.size, dtype=np.int64), np.zeros(n.size, dtype=np.int64)
    for start in range(0, values.size, _CHUNK):
        rows, part = index[start : start + _CHUNK], values[start : start + _CHUNK]
        if around is not None:
            part = part - around[rows]
            part *= part
        scaled = part * scale
        whole = scaled.astype(np.int64)
        np.add.at(high, rows, whole)
        if words == 2:
            np.add.at(low, rows, ((scaled - whole) * second).astype(np.int64))
    sums = high.astype(np.float64) / scale + low.astype(np.float64) / second / scale
    return sums, 1.0 / scale if words == 1 else 1.0 / scale / second
