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

_CHUNK = 1 << 15  # examples whose intermediate arrays stay in the processor's cache
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
    rows, seeds = arms[0].shape[0], [arm.shape[1] for arm in arms]
    largest = _LARGEST / (max(rows, 1) * math.prod(seeds) * len(arms))
    n, total, squares = (np.zeros(slices, dtype=np.int64) for _ in range(3))
    parts = [_SeedSums(slices, count) for count in seeds]
    for start in range(0, rows, _CHUNK):
        chunk = slice(start, start + _CHUNK)
        here, sums = index[chunk], []
        for arm, part in zip(arms, parts, strict=True):
            columns = np.ascontiguousarray(arm[chunk].T)
            if not _adds_up(columns, largest):
                return None
            sums.append(columns.sum(axis=0))
            part.add(columns, sums[-1], here)
        # The difference of two means, times the seeds of both: a whole number again.
        values = sums[0] if len(arms) == 1 else sums[0] * seeds[1] - sums[1] * seeds[0]
        n += np.bincount(here, minlength=slices)
        total += _added(values, here, slices)
        squares += _added(values * values, here, slices)
    unit, some = math.prod(seeds), np.maximum(n, 1)
    spread = (n * squares - total * total) / some / unit**2
    several = tuple(part.found(n) for part in parts if part.seeds > 1)
    return WholeSlices(n, total / (unit * some), spread / np.maximum(n - 1, 1) / some, several)


class _SeedSums:
    """What the scores of one arm add up to, by slice."""

    def __init__(self, slices: int, seeds: int) -> None:
        self.seeds = seeds
        self.by_seed = np.zeros((slices, seeds), dtype=np.int64)
        self.squares, self.of_examples = np.zeros(slices, dtype=np.int64), np.zeros(slices, dtype=np.int64)

    def add(self, columns: FloatArray, sums: FloatArray, index: NDArray[np.intp]) -> None:
        """Columns of shape (seeds, examples), and their sums by example."""
        if self.seeds == 1:
            return
        slices = self.squares.size
        by_seed = np.stack([_added(column, index, slices) for column in columns], axis=1)
        self.by_seed += by_seed
        self.of_examples += _added(sums * sums, index, slices)
        if columns.min() >= 0.0 and columns.max() <= 1.0:
            self.squares += by_seed.sum(axis=1)  # the square of 0 is 0, and that of 1 is 1
        else:
            self.squares += _added((columns * columns).sum(axis=0), index, slices)

    def found(self, n: NDArray[np.int64]) -> WholeSeeds:
        """What is left of each score after its example's and its seed's mean, from sums of squares that are all exact."""
        seeds, some = self.seeds, np.maximum(n, 1)
        total, by_seed = self.by_seed.sum(axis=1), self.by_seed
        left = seeds * n * self.squares - n * self.of_examples - seeds * (by_seed**2).sum(axis=1) + total**2
        correction = np.where(n > 1, some / np.maximum(n - 1, 1), 0.0) * seeds / (seeds - 1)
        apart = (seeds * by_seed - total[:, np.newaxis]) / (seeds * some)[:, np.newaxis]
        return WholeSeeds(apart, left / (seeds * some) / (seeds * some) ** 2 * correction)


def _adds_up(columns: FloatArray, largest: float) -> bool:
    """Are these whole numbers, so small that no sum of their squares is rounded or overflows?"""
    small = max(-float(columns.min()), float(columns.max())) < largest
    return small and bool((np.trunc(columns) == columns).all())


def _added(values: FloatArray, index: NDArray[np.intp], slices: int) -> NDArray[np.int64]:
    return np.bincount(index, values, slices).astype(np.int64)
