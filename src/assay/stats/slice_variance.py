"""Where does the uncertainty of each slice's mean come from: examples, clusters of them, seeds?

`crossed` for all slices at once. What it says of one table holds here of each slice.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assay.stats.distributions import FloatArray
from assay.stats.paired import Clusters, cluster_index
from assay.stats.samples import means, moments, ordered_sum
from assay.stats.slice_sums import IntArray, SliceMoments, slice_moments, slice_sums
from assay.stats.whole_scores import WholeSlices, whole_slices


@dataclass(frozen=True, slots=True, eq=False)
class SeedParts:
    """What do an arm's seeds add to the uncertainty of each slice's mean?

    Attributes:
        by_seed: shape (slices, seeds): mean of each seed minus the mean over all seeds.
        residual: variance of the slice's mean that seeds and examples share.
    """

    by_seed: FloatArray
    residual: FloatArray

    @property
    def dof(self) -> int:
        """Degrees of freedom between the seeds."""
        return int(self.by_seed.shape[1]) - 1

    @property
    def between(self) -> FloatArray:
        """Variance of each slice's mean due to the seeds, residual included."""
        return np.asarray(moments(self.by_seed)[1] / self.by_seed.shape[1])


@dataclass(frozen=True, slots=True, eq=False)
class SliceVariance:
    """What is the mean of each slice, and its variance by source? One entry a slice, empty ones included.

    Attributes:
        n: examples.
        units: independent units: clusters where there are some, else examples.
        mean: 0 where `n` is 0, not to be read there.
        between_examples: variance of the mean due to examples or clusters (residual included).
        example_dof: units minus 1, or what the sizes of the clusters leave (`paired.cluster_dof`); at least 1.
        seeds: one entry an arm that has several seeds.
        every_arm: whether each arm has several.
    """

    n: IntArray
    units: IntArray
    mean: FloatArray
    between_examples: FloatArray
    example_dof: FloatArray
    seeds: tuple[SeedParts, ...]
    every_arm: bool

    @property
    def total(self) -> FloatArray:
        """Variance of the mean: both sources, the shared residual once, never below either."""
        between_seeds = _added([part.between for part in self.seeds], self.n.size)
        residual = _added([part.residual for part in self.seeds], self.n.size)
        both = self.between_examples + between_seeds - residual
        return np.asarray(np.maximum(both, np.maximum(self.between_examples, between_seeds)))

    @property
    def dof(self) -> FloatArray:
        """The smaller degrees of freedom: those of the examples, or Satterthwaite's over the arms' seeds."""
        if not (self.seeds and self.every_arm):
            return self.example_dof
        between = _added([part.between for part in self.seeds], self.n.size)
        safe = np.where(between > 0.0, between, 1.0)
        spread = _added([(part.between / safe) ** 2 / part.dof for part in self.seeds], self.n.size)
        fewest = float(min(part.dof for part in self.seeds))
        by_seeds = np.where(between > 0.0, 1.0 / np.where(spread > 0.0, spread, 1.0), fewest)
        return np.asarray(np.minimum(by_seeds, self.example_dof))


def slice_variance(
    arms: tuple[FloatArray, ...], index: NDArray[np.intp], slices: int, clusters: Clusters | None = None
) -> SliceVariance:
    """What is the mean of one arm, or the difference of the first minus the second, in each slice?

    Args:
        arms: one or two matrices (examples, seeds), finite, over the same examples.
        index: slice number of each example.
        slices: how many slices there are.
        clusters: the source of each example, if some share one.
    """
    whole = whole_slices(arms, index, slices) if clusters is None else None
    if whole is not None:
        return _of_whole(whole, every_arm=len(whole.seeds) == len(arms))
    rows = [_row_means(arm) for arm in arms]
    values = rows[0] if len(rows) == 1 else rows[0] - rows[1]
    by_example = slice_moments(values, index, slices)
    units, cells = by_example.n, cluster_cells(index, clusters)
    between, dof = by_example.variance / np.maximum(by_example.n, 1), np.maximum(units - 1.0, 1.0)
    if cells is not None:
        units, between, dof = _clustered(values, by_example, index, cells)
    several = [(arm, mean) for arm, mean in zip(arms, rows, strict=True) if arm.shape[1] > 1]
    seeds = tuple(_seed_parts(arm, mean, index, by_example.n, units, cells) for arm, mean in several)
    return SliceVariance(by_example.n, units, by_example.mean, between, dof, seeds, len(seeds) == len(arms))


def _of_whole(found: WholeSlices, *, every_arm: bool) -> SliceVariance:
    seeds = tuple(SeedParts(one.by_seed, one.residual) for one in found.seeds)
    dof = np.maximum(found.n - 1.0, 1.0)
    return SliceVariance(found.n, found.n, found.mean, found.variance, dof, seeds, every_arm)


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """Clusters inside slices: a cluster that reaches into two slices is one cell in each."""

    of_row: NDArray[np.intp]
    slice_of_cell: NDArray[np.intp]

    @property
    def count(self) -> int:
        return self.slice_of_cell.size


def cluster_cells(index: NDArray[np.intp], clusters: Clusters | None) -> Cells | None:
    """Which cell, a cluster inside a slice, is each example in? None where every example stands alone."""
    cluster = cluster_index(clusters, index.size)
    if cluster is None:
        return None
    width = int(cluster.max()) + 1 if cluster.size else 1
    found, of_row = np.unique(index * width + cluster, return_inverse=True)
    return Cells(of_row.astype(np.intp), found // width)


def _clustered(
    values: FloatArray, by_example: SliceMoments, index: NDArray[np.intp], cells: Cells
) -> tuple[IntArray, FloatArray, FloatArray]:
    """Clusters in each slice, the variance of its mean and its degrees of freedom (as `paired.clustered_mean`)."""
    slices, n = by_example.n.size, np.maximum(by_example.n, 1)
    units = np.bincount(cells.slice_of_cell, minlength=slices).astype(np.int64)
    several = (by_example.variance > 0.0) & (units > 1)
    sizes = np.bincount(cells.of_row, minlength=cells.count).astype(np.float64)
    share = sizes / n[cells.slice_of_cell]
    others = np.where(share < 1.0, 1.0 - share, np.inf)  # a slice of one cluster is not judged
    totals = slice_sums(values - by_example.mean[index], cells.of_row, cells.count)
    squares = slice_sums(totals * totals / others, cells.slice_of_cell, slices)
    lever = share * sizes / others

    def added(parts: FloatArray) -> FloatArray:
        return slice_sums(parts, cells.slice_of_cell, slices)

    spread = added(sizes * share) / n + (added(lever) ** 2 - added(lever**2)) / n**2
    dof = np.where(several, 1.0 / np.where(several, spread, 1.0), 1.0)
    return units, np.where(several, squares / n**2, 0.0), np.minimum(dof, np.maximum(units - 1.0, 1.0))


def _seed_parts(
    arm: FloatArray,
    row_mean: FloatArray,
    index: NDArray[np.intp],
    n: IntArray,
    units: IntArray,
    cells: Cells | None,
) -> SeedParts:
    seeds, at_least_one = arm.shape[1], np.maximum(n, 1)
    # Deviations from the row means add up to 0 over the seeds, so each slice's own level is out already.
    deviations = arm - row_mean[:, np.newaxis]
    sums = [slice_sums(deviations[:, s], index, n.size) for s in range(seeds)]
    by_seed = np.stack(sums, axis=1) / at_least_one[:, np.newaxis]
    squares = []
    for s in range(seeds):
        left = deviations[:, s] - by_seed[index, s]
        if cells is None:
            squares.append(slice_sums(left * left, index, n.size))
        else:
            totals = slice_sums(left, cells.of_row, cells.count)
            squares.append(slice_sums(totals * totals, cells.slice_of_cell, n.size))
    correction = np.where(units > 1, units / np.maximum(units - 1, 1), 0.0) * seeds / (seeds - 1)
    residual = ordered_sum(np.stack(squares, axis=1)) / (at_least_one * seeds) ** 2 * correction
    return SeedParts(by_seed, residual)


def _row_means(scores: FloatArray) -> FloatArray:
    return scores[:, 0] if scores.shape[1] == 1 else means(scores)


def _added(parts: list[FloatArray], slices: int) -> FloatArray:
    return sum(parts, np.zeros(slices))
