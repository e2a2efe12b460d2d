"""What do crossed tables of whole numbers, such as right and wrong, add up to in each slice? Exactly, one pass a seed.

Whole numbers add up without rounding in any order, so no value has to be centred, cut or sorted first.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assay.stats.distributions import FloatArray

_LARGEST = 2.0**30  # a sum below it can be squared, doubled and taken off another in 64 bits


@dataclass(frozen=True, slots=True, eq=False)
class WholeSeeds:
    """What the seeds of one arm add, as `slice_variance.SeedParts` holds it.

    Attributes:
        by_seed: shape (slices, seeds): mean of each seed minus the mean over all seeds.
        residual: variance of the slice's mean that seeds and examples share.
    """

    by_seed: FloatArray
    residual: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class WholeSlices:
    """Size, mean and variance of each slice. One entry a slice; 0 stands where a slice is empty.

    Attributes:
        n: examples.
        mean: of the arm, or the difference of the first arm minus the second.
        variance: of that mean, between examples; 0 for fewer than two.
        seeds: one entry an arm that has several seeds.
    """

    n: NDArray[np.int64]
    mean: FloatArray
    variance: FloatArray
    seeds: tuple[WholeSeeds, ...]


def whole_slices(arms: Sequence[FloatArray], index: NDArray[np.intp], slices: int) -> WholeSlices | None:
    """What do one or two arms of whole numbers add up to? None where a value is none, or sums could be rounded.

    Args:
        arms: matrices (examples, seeds), finite, over the same examples; the second is taken off the first.
        index: slice number, 0..slices-1, of each example.
        slices: how many slices there are.

    >>> found = whole_slices([np.array([[1.0, 1.0], [0.0, 1.0]])], np.zeros(2, dtype=np.intp), 1)
    >>> found.mean.tolist(), found.variance.tolist(), found.seeds[0].by_seed.tolist()
    ([0.75], [0.0625], [[-0.25, 0.25]])
    """
    cells = float(arms[0].shape[0]) * math.prod(arm.shape[1] for arm in arms)
    columns = [_columns(arm, cells * len(arms)) for arm in arms]
    if not all(columns):
        return None
    n = np.bincount(index, minlength=slices).astype(np.int64)
    some, others = np.maximum(n, 1), np.maximum(n - 1, 1)
    sums = [sum(rest, first) for first, *rest in columns]
    values, unit = sums[0], len(columns[0])
    if len(arms) == 2:
        # The difference of two means, times the seeds of both: a whole number again.
        values, unit = sums[0] * len(columns[1]) - sums[1] * unit, unit * len(columns[1])
    total, squares = _added(values, index, slices), _added(values * values, index, slices)
    spread = (n * squares - total * total) / some / unit**2
    several = [(one, own) for one, own in zip(columns, sums, strict=True) if len(one) > 1]
    parts = tuple(_seed_parts(one, own, index, n) for one, own in several)
    return WholeSlices(n, total / (unit * some), spread / others / some, parts)


def _columns(arm: FloatArray, cells: float) -> list[FloatArray]:
    """The scores of each seed in one piece; nothing where one is no whole number, or so large that a sum could overflow."""
    columns = []
    for column in map(np.ascontiguousarray, arm.T):
        largest = max(-float(column.min()), float(column.max())) if column.size else 0.0
        if largest * cells >= _LARGEST or not (np.trunc(column) == column).all():
            return []
        columns.append(column)
    return columns


def _added(values: FloatArray, index: NDArray[np.intp], slices: int) -> NDArray[np.int64]:
    return np.bincount(index, values, slices).astype(np.int64)


def _seed_parts(
    columns: Sequence[FloatArray], sums: FloatArray, index: NDArray[np.intp], n: NDArray[np.int64]
) -> WholeSeeds:
    """What is left of each value after its example's and its seed's mean: from sums of squares, each of them exact."""
    seeds, some = len(columns), np.maximum(n, 1)
    by_column = np.stack([_added(column, index, n.size) for column in columns], axis=1)
    total = by_column.sum(axis=1)
    by_value = total  # the square of 0 is 0, and that of 1 is 1
    if any(column.min() < 0.0 or column.max() > 1.0 for column in columns):
        by_value = sum((_added(column * column, index, n.size) for column in columns), np.zeros_like(n))
    by_example = _added(sums * sums, index, n.size)
    squares = seeds * n * by_value - n * by_example - seeds * (by_column * by_column).sum(axis=1) + total**2
    correction = np.where(n > 1, some / np.maximum(n - 1, 1), 0.0) * seeds / (seeds - 1)
    by_seed = (seeds * by_column - total[:, np.newaxis]) / (seeds * some)[:, np.newaxis]
    return WholeSeeds(by_seed, squares / (seeds * some) / (seeds * some) ** 2 * correction)
