"""What are the scores, and may they be used as evidence at all?

Every other module takes its numbers through `as_scores` or `as_matrix`, so a NaN, an infinity, a text or a missing
value is refused in one place and can never reach a verdict.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
Scores = Sequence[float] | NDArray[Any]

# Values that differ by less than this, relative to their size, differ by rounding and not by measurement.
ROUNDING = 64 * float(np.finfo(np.float64).eps)
_EXACT = 2.0**53  # whole numbers below it add up without rounding
_MANY = 1 << 12  # from here on adding up whole numbers is quicker than sorting


class StatisticsError(ValueError):
    """Base of what the statistics refuse; never an answer in disguise."""


class NotFinite(StatisticsError):
    """A score is NaN, infinite, missing, not a number, or too large to compute with."""


class TooFewSamples(StatisticsError):
    """There are fewer independent values than the method needs."""


class DegenerateSample(StatisticsError):
    """All values are identical, so there is no spread to judge by and no interval that could decide."""


class Misaligned(StatisticsError):
    """Two inputs that must have the same shape do not."""


class NotBinary(StatisticsError):
    """Scores that must be 0 or 1 hold something else."""


@dataclass(frozen=True, slots=True)
class Sample:
    """How many scores, around what mean, with what variance?

    Attributes:
        n: number of scores (at least 1).
        mean: arithmetic mean, in the metric's units.
        variance: unbiased sample variance (divisor n - 1), squared units; None for a single score.
    """

    n: int
    mean: float
    variance: float | None

    @property
    def sd(self) -> float | None:
        """The sample standard deviation, in the metric's units; None for a single score."""
        return None if self.variance is None else math.sqrt(self.variance)


def as_scores(values: Scores, name: str = "scores") -> FloatArray:
    """Which finite numbers are these? A one-dimensional float array, or a refusal that names the position.

    Raises:
        NotFinite: a value is NaN, infinite, missing or not a number.
        Misaligned: the input is not one-dimensional.
    """
    array = as_numbers(values, name)
    _check_finite(array, name)
    return array


def as_numbers(values: Scores, name: str = "scores") -> FloatArray:
    """As `as_scores`, for whoever looks at the smallest and the largest value anyway and refuses what is not finite by them."""
    array = _as_floats(values, name)
    if array.ndim != 1:
        raise Misaligned(f"cannot read {name}: {array.ndim} dimensions (expected 1)")
    return array


def as_matrix(values: Scores | Sequence[Sequence[float]], name: str = "scores") -> FloatArray:
    """Which finite scores are these, examples in rows and seeds in columns?

    Args:
        values: shape (examples, seeds); a one-dimensional input is one seed.
        name: what to call it in a refusal.

    Raises:
        NotFinite: a value is NaN, infinite, missing or not a number.
        Misaligned: rows have different lengths, or there are more than two dimensions.
    """
    array = _as_floats(values, name)
    _check_finite(array, name)
    if array.ndim == 1:
        array = array[:, np.newaxis]
    if array.ndim != 2:
        raise Misaligned(f"cannot read {name}: {array.ndim} dimensions (expected examples x seeds)")
    return array


def summarize(values: Scores, name: str = "scores") -> Sample:
    """What are the size, mean and variance of these scores, whatever their order?

    Values equal up to rounding count as identical (variance exactly 0).

    Raises:
        NotFinite: as `as_scores`, or squares that overflow.
        TooFewSamples: no score at all.

    >>> summarize([1.0, 2.0, 4.0])
    Sample(n=3, mean=2.3333333333333335, variance=2.333333333333333)
    """
    array = as_scores(values, name)
    if array.size == 0:
        raise TooFewSamples(f"cannot summarize {name}: no value (expected at least 1)")
    with np.errstate(over="ignore", invalid="ignore"):
        mean, variance = moments(array)
    if not (np.isfinite(mean) and np.isfinite(variance)):
        raise NotFinite(
            f"cannot summarize {name}: values too large to square (expected magnitudes below 1e150)"
        )
    return Sample(n=array.size, mean=float(mean), variance=None if array.size == 1 else float(variance))


def moments(values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """What are mean and unbiased variance along the last axis, independent of the order there?

    Vectorised core: shape (..., n) gives two arrays of shape (...). The variance is 0 for n = 1 and for values
    that are equal up to rounding.
    """
    n = values.shape[-1]
    if n >= _MANY and _can_be_added(values):
        low, high = values.min(axis=-1), values.max(axis=-1)
        if bool((high - low > ROUNDING * np.maximum(np.abs(low), np.abs(high))).all()):
            mean = _exact_sum(values, -1) / n
            deviations = values - mean[..., np.newaxis]
            return mean, _exact_sum(deviations * deviations, -1) / (n - 1)
    ordered = np.sort(values, axis=-1)
    # Identical values keep their exact mean: a sum divided by n may be off by one unit in the last place.
    constant = ordered[..., -1] - ordered[..., 0] <= ROUNDING * np.abs(ordered).max(axis=-1)
    mean = np.where(constant, ordered[..., (n - 1) // 2], ordered.sum(axis=-1) / n)
    deviations = ordered - mean[..., np.newaxis]
    squares = np.sort(deviations * deviations, axis=-1).sum(axis=-1)
    variance = np.where(constant, 0.0, squares / max(n - 1, 1))
    return mean, variance


def means(values: FloatArray) -> FloatArray:
    """What is the mean along the last axis, independent of the order there? The same as that of `moments`."""
    n = values.shape[-1]
    if values.size and bool((np.trunc(values) == values).all()) and np.abs(values).max() * n < _EXACT:
        return np.asarray(values.sum(axis=-1) / n)  # whole numbers, such as right and wrong, add up exactly
    if n >= _MANY:
        return moments(values)[0]
    ordered = np.sort(values, axis=-1)
    constant = ordered[..., -1] - ordered[..., 0] <= ROUNDING * np.abs(ordered).max(axis=-1)
    return np.where(constant, ordered[..., (n - 1) // 2], ordered.sum(axis=-1) / n)


def ordered_sum(values: FloatArray, axis: int = -1) -> FloatArray:
    """What is the sum along an axis, to the same last bit for every order of the values there?"""
    if values.shape[axis] >= _MANY and _can_be_added(values):
        return _exact_sum(values, axis)
    return np.asarray(np.sort(values, axis=axis).sum(axis=axis))


def _can_be_added(values: FloatArray) -> bool:
    largest = float(np.abs(values).max())
    return math.isfinite(largest) and largest < 1e150


def _exact_sum(values: FloatArray, axis: int) -> FloatArray:
    """The sum along an axis by way of whole numbers, which add up in any order: many times faster than sorting.

    As in `slice_sums`: values are cut to multiples of a common quantum, and a second word takes what was cut off.
    """
    largest = float(np.abs(values).max())
    bits = 62 - values.shape[axis].bit_length()
    scale, second = 2.0 ** min(bits - math.frexp(largest)[1], 960), 2.0**bits
    rows = np.moveaxis(values, axis, 0)
    high, low = np.zeros(rows.shape[1:], dtype=np.int64), np.zeros(rows.shape[1:], dtype=np.int64)
    for start in range(0, rows.shape[0], _MANY):
        scaled = rows[start : start + _MANY] * scale
        whole = scaled.astype(np.int64)
        high += whole.sum(axis=0)
        low += ((scaled - whole) * second).astype(np.int64).sum(axis=0)
    return np.asarray(high / scale + low / second / scale)


def is_binary(values: Scores) -> bool:
    """Do the scores consist of zeros and ones only?"""
    array = _as_floats(values, "scores")
    _check_finite(array, "scores")
    return bool(np.all((array == 0.0) | (array == 1.0)))


def count_successes(values: Scores, name: str = "scores") -> tuple[int, int]:
    """How many of how many are 1?

    Raises:
        NotBinary: a score is neither 0 nor 1.

    >>> count_successes([1, 0, 1, 1])
    (3, 4)
    """
    array = as_scores(values, name)
    if not is_binary(array):
        raise NotBinary(
            f"cannot count successes in {name}: values other than 0 and 1 (expected pass/fail scores)"
        )
    return int(np.count_nonzero(array)), int(array.size)


def check_alpha(alpha: float) -> None:
    """Is this an error probability a one-sided test can use?"""
    if not 0.0 < alpha < 0.5:
        raise StatisticsError(f"cannot test at alpha {alpha!r} (expected more than 0 and less than 0.5)")


def _as_floats(values: Any, name: str) -> FloatArray:
    array = _plain_array(values, name)
    if array.dtype.kind not in "biuf":
        raise NotFinite(f"cannot read {name}: values of type {array.dtype} (expected numbers)")
    return np.ascontiguousarray(array, dtype=np.float64)


def _check_finite(floats: FloatArray, name: str) -> None:
    finite = np.isfinite(floats)
    if not finite.all():
        position = int(np.flatnonzero(~finite.ravel())[0])
        found = floats.ravel()[position]
        raise NotFinite(f"cannot read {name}: value {found} at position {position} (expected finite numbers)")


def _plain_array(values: Any, name: str) -> NDArray[Any]:
    try:
        array: NDArray[Any] = np.asarray(values)
    except ValueError as error:
        raise Misaligned(f"cannot read {name}: rows of different lengths (expected a full table)") from error
    if array.dtype.kind == "f" and array.dtype.itemsize <= 8:
        return array
    if array.dtype.kind == "O":
        return _from_objects(array, name)
    return np.asarray(values, dtype=np.float64) if array.size == 0 else array


def _from_objects(array: NDArray[Any], name: str) -> NDArray[Any]:
    for position, value in enumerate(array.ravel().tolist()):
        if isinstance(value, str | bytes | complex) or not hasattr(value, "__float__"):
            raise NotFinite(f"cannot read {name}: {value!r} at position {position} (expected finite numbers)")
    try:
        return array.astype(np.float64)
    except (OverflowError, TypeError, ValueError) as error:
        raise NotFinite(
            f"cannot read {name}: a value does not fit a float (expected finite numbers)"
        ) from error
