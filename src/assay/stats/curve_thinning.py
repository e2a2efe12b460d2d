"""Which points of a long curve have to be drawn, so that the picture is the one that all of them would give?

And the curve smoothed, for the eye: never for a decision.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from assay.stats.samples import StatisticsError

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
Points = NDArray[np.intp]

FEWEST = 6
"""First, last, lowest, highest and first broken point of one stretch, and the end of the curve."""
_KEPT, _KEPT_BROKEN = 4, 5
_LARGEST_SCALE = 1e6
"""Powers within a block of a smoothed curve stay below it, so that nothing is lost to rounding."""
_NO_WEIGHT = float(np.finfo(np.float64).eps)
"""A value that counts less than this beside the next one changes no digit of it."""


def thinned_points(across: FloatArray | IntArray, values: FloatArray, most: int) -> Points:
    """Which points are drawn, at most `most` of them, in their order?

    The axis is cut into stretches of equal width; of each, the first, the last, the lowest and the highest finite value are
    kept, and the first that is no finite number. So the first and last point and every extreme are kept, every stretch
    that holds a broken value shows a gap, and a line of `most / 4` pixels looks as if all points were drawn.

    Args:
        across: where the points stand on the axis as it is drawn (its logarithm on a logarithmic one), shape (n,), rising or equal, finite.
        values: what was logged there, shape (n,); NaN and infinities are gaps.
        most: how many points to keep, at least 6. A curve of no more is kept whole.

    Raises:
        StatisticsError: fewer than 6 are asked for.

    Source: M4, in Jugel, Jerzak, Hackenbroich and Markl (2014), "M4: A Visualization-Oriented Time Series Data
    Aggregation", PVLDB 7(10). What is ours is the broken value.

    >>> thinned_points(np.arange(100), np.where(np.arange(100) == 70, 9.0, 0.0), 9).tolist()
    [0, 49, 50, 70, 99]
    """
    if most < FEWEST:
        raise StatisticsError(f"cannot thin a curve to {most} points (expected at least {FEWEST})")
    count = len(values)
    if count <= most:
        return np.arange(count)
    finite = np.isfinite(values)
    whole = bool(finite.all())
    stretches = (most - 1) // (_KEPT if whole else _KEPT_BROKEN)
    of_point = _stretch_of(across, stretches)
    kept = [_of_finite(of_point, values, finite), np.array([count - 1])]
    if not whole:
        kept.append(_firsts(of_point, np.flatnonzero(~finite)))
    return np.unique(np.concatenate(kept))


def _stretch_of(across: FloatArray | IntArray, stretches: int) -> Points:
    """Which stretch each point stands in."""
    low = np.asarray(across, np.float64)
    width = float(low[-1] - low[0])
    if not width > 0.0:
        return np.zeros(len(low), dtype=np.intp)
    share = (low - low[0]) / width
    stretch: Points = np.minimum((share * stretches).astype(np.intp), stretches - 1)
    return stretch


def _of_finite(of_point: Points, values: FloatArray, finite: NDArray[np.bool_]) -> Points:
    """First, last, lowest and highest finite value of every stretch."""
    places = np.flatnonzero(finite)
    if not places.size:
        return places
    held, stretch = values[places], of_point[places]
    begins = np.flatnonzero(np.concatenate(([True], stretch[1:] != stretch[:-1])))
    sizes = np.diff(np.append(begins, places.size))
    ends = begins + sizes - 1
    chosen = [begins, ends]
    for extreme in (np.minimum, np.maximum):
        reached = np.flatnonzero(held == np.repeat(extreme.reduceat(held, begins), sizes))
        chosen.append(_firsts(stretch, reached))
    return places[np.concatenate(chosen)]


def _firsts(of_point: Points, places: Points) -> Points:
    """The first of these places in every stretch."""
    stretch = of_point[places]
    return places[np.concatenate(([True], stretch[1:] != stretch[:-1]))] if places.size else places


def smoothed(values: FloatArray, weight: float) -> FloatArray:
    """The running mean that forgets: each value counts `weight` times what the one after it does. Shape (n,), the values' unit.

    It starts without a bias towards 0. A value that is no finite number stays what it is and moves no other.

    Args:
        values: in the order of the steps, shape (n,).
        weight: 0 (as logged) to below 1.

    Raises:
        StatisticsError: the weight is none.

    Source: the exponential moving average of TensorBoard's scalars, debiased as in Kingma and Ba (2015), "Adam".

    >>> smoothed(np.array([1.0, 3.0, np.nan, 3.0]), 0.5).round(3).tolist()
    [1.0, 2.333, nan, 2.714]
    """
    if not 0.0 <= weight < 1.0:
        raise StatisticsError(f"cannot smooth with weight {weight!r} (expected 0 to below 1)")
    if weight < _NO_WEIGHT or not values.size:
        return values
    finite = np.isfinite(values)
    found = np.array(values, dtype=np.float64)
    held = found[finite]
    largest = float(np.abs(held).max(initial=0.0))
    if largest > 0.0:
        unbiased = _forgetting(held / largest, weight) / (1.0 - weight ** np.arange(1.0, held.size + 1.0))
        found[finite] = unbiased * largest
    return found


def _forgetting(values: FloatArray, weight: float) -> FloatArray:
    """The running mean, biased towards 0: block by block, within which it is one sum of powers."""
    length = max(1, int(np.log(_LARGEST_SCALE) / -np.log(weight)))
    powers = weight ** np.arange(1.0, length + 1.0)
    found, before = np.empty_like(values), 0.0
    for begin in range(0, values.size, length):
        block = values[begin : begin + length]
        falling = powers[: block.size]
        found[begin : begin + length] = falling * (before + np.cumsum((1.0 - weight) * block / falling))
        before = float(found[begin + block.size - 1])
    return found
