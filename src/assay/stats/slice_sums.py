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
from assay.stats.samples import ROUNDING, Misaligned, NotFinite, StatisticsError, as_scores

IntArray = NDArray[np.int64]

_CHUNK = 1 << 15  # rows whose intermediate arrays stay in the processor's cache
_WORD = 62  # bits of a whole number that sums may fill
_SIGNED, _POSITIVE = 1.5 * 2.0**52, 2.0**52  # floats of these sizes are whole: their last bit counts one
_SIGNED_BITS, _POSITIVE_BITS = 51, 52  # bits of a number that can be added to them and is still told
_PRECISE = 2.0**-40  # quantum against spread, both over a slice: beyond it one word is too coarse
_FAR = 64.0  # a slice's distance from the centre against its spread, both squared and summed: beyond it digits are lost


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


def slice_moments(
    values: FloatArray, index: NDArray[Any], slices: int, *, name: str = "scores"
) -> SliceMoments:
    """What are size, mean and variance of the values in each slice?

    Args:
        values: shape (rows,), in the metric's units.
        index: which slice, 0..slices-1, each row belongs to.
        slices: how many slices there are; some may be empty.
        name: what to call the values in a refusal.

    Raises:
        Misaligned: other lengths. StatisticsError: an index outside 0..slices-1. NotFinite: a value that is not finite, or
            squares that overflow.

    >>> m = slice_moments(np.array([1.0, 2.0, 4.0, 9.0]), np.array([0, 0, 0, 2]), 3)
    >>> m.n.tolist(), [round(x, 4) for x in m.mean.tolist()], [round(x, 4) for x in m.variance.tolist()]
    ([3, 0, 1], [2.3333, 0.0, 9.0], [2.3333, 0.0, 0.0])
    """
    index = slice_index(index, values.size, slices)
    n = np.bincount(index, minlength=slices).astype(np.int64)
    if values.size == 0:
        return SliceMoments(n, np.zeros(slices), np.zeros(slices))
    low, high = float(values.min()), float(values.max())
    reach = high - low
    if not math.isfinite(reach * reach * values.size):
        as_scores(values, name)  # says which one is not finite
        raise NotFinite(
            "cannot summarize slices: values too large to square (expected magnitudes below 1e150)"
        )
    found = _one_pass(values, index, n, low / 2.0 + high / 2.0, reach)
    mean, squares = _two_passes(values, index, n, (low, high)) if found is None else found
    mean = np.where(n > 0, mean, 0.0)
    # Values that are equal up to rounding count as identical, as in `samples.moments`.
    constant = squares <= n * (ROUNDING * mean) ** 2
    return SliceMoments(n, mean, np.where(constant, 0.0, squares / np.maximum(n - 1, 1)))


def slice_sums(values: FloatArray, index: NDArray[Any], slices: int) -> FloatArray:
    """What do the values of each slice add up to, whatever their order? 0 for an empty slice; refusals as `slice_moments`."""
    index = slice_index(index, values.size, slices)
    if values.size == 0:
        return np.zeros(slices)
    n = np.bincount(index, minlength=slices).astype(np.int64)
    return _exact_sums(values, index, n, float(np.abs(values).max()))


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
    if not _numbers_within(array, slices):
        raise StatisticsError(
            f"cannot slice by numbers {array.min()}..{array.max()} (expected 0..{slices - 1})"
        )
    return array.astype(np.intp, copy=False)


def _numbers_within(index: NDArray[Any], slices: int) -> bool:
    """Are all of these at least 0 and below `slices`? One look: read as unsigned, a negative number is beyond every other."""
    unsigned = index if index.dtype.kind == "u" else index.view(f"u{index.itemsize}")
    return int(unsigned.max()) < slices


def _one_pass(
    values: FloatArray, index: NDArray[np.intp], n: IntArray, centre: float, reach: float
) -> tuple[FloatArray, FloatArray] | None:
    """Mean and sum of squared deviations by slice from sums around one centre; None where they would lose digits."""
    bits = _WORD - int(n.max()).bit_length()
    scale = _scale(min(bits, _SIGNED_BITS), reach)
    square_scale = _scale(min(bits, _POSITIVE_BITS), reach * reach / 4.0)
    # A sum with so large a float is rounded to whole quanta, and its bits, read as a whole number, count them: far
    # quicker than a conversion. The bits of the large float itself are counted once a row, and taken off at the end.
    large, square_large = np.float64(_SIGNED / scale), np.float64(_POSITIVE / square_scale)
    sums, squares = -n * large.view(np.int64), -n * square_large.view(np.int64)
    length = min(_CHUNK, values.size)
    part, whole = np.empty(length), np.empty(length)
    bits_of_whole = whole.view(np.int64)
    for start in range(0, values.size, _CHUNK):
        rows = index[start : start + _CHUNK]
        if rows.size < length:
            part, whole, bits_of_whole = part[: rows.size], whole[: rows.size], bits_of_whole[: rows.size]
        np.subtract(values[start : start + _CHUNK], centre, out=part)
        np.add(part, large, out=whole)
        np.add.at(sums, rows, bits_of_whole)
        np.multiply(part, part, out=whole)
        whole += square_large
        np.add.at(squares, rows, bits_of_whole)
    beside = sums / scale / np.maximum(n, 1)
    away = n * beside**2
    around = squares / square_scale - away
    # Too coarse where a slice lies far from the centre, is huge, or is tiny beside the largest value of all.
    fine = (
        (away <= _FAR * around)
        & (np.sqrt(n) <= _PRECISE * scale * np.sqrt(np.maximum(around, 0.0)))
        & (n <= _PRECISE * square_scale * around)
    )
    return (centre + beside, np.maximum(around, 0.0)) if bool((fine | (n < 2)).all()) else None


def _two_passes(
    values: FloatArray, index: NDArray[np.intp], n: IntArray, ends: tuple[float, float]
) -> tuple[FloatArray, FloatArray]:
    """The same from the sums first and the squares around each slice's own mean then, in finer quanta."""
    low, high = ends
    mean = _exact_sums(values, index, n, max(abs(low), abs(high))) / np.maximum(n, 1)
    return mean, _exact_sums(values, index, n, (high - low) ** 2, around=mean)


def _exact_sums(
    values: FloatArray,
    index: NDArray[np.intp],
    n: IntArray,
    largest: float,
    around: FloatArray | None = None,
) -> FloatArray:
    """Sums of the values (or of squared deviations `around` the means) by slice.

    Values are cut to whole multiples of a quantum, each by itself, so that no order can matter; a second word takes what
    was cut off. `largest` bounds their magnitude.
    """
    bits = _WORD - int(n.max()).bit_length()
    scale, second = _scale(bits, largest), 2.0**bits
    high, low = np.zeros(n.size, dtype=np.int64), np.zeros(n.size, dtype=np.int64)
    for start in range(0, values.size, _CHUNK):
        rows, part = index[start : start + _CHUNK], values[start : start + _CHUNK]
        if around is not None:
            part = part - around[rows]
            part *= part
        scaled = part * scale
        whole = scaled.astype(np.int64)
        np.add.at(high, rows, whole)
        np.add.at(low, rows, ((scaled - whole) * second).astype(np.int64))
    return np.asarray(high / scale + low / second / scale)


def _scale(bits: int, largest: float) -> float:
    # Below 1e-270 squares vanish anyway, and a larger power of two would overflow.
    return 2.0 ** min(bits - math.frexp(largest)[1], 960)
