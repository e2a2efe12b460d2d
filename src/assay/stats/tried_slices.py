"""Which slices are decided by the score test of rates in tries, in clusters or over seeds, and what does it say of them?

`averaged_rates` for all slices at once: a t on a few failures among examples that are else all right is sure too soon, in a slice
all the more.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from assay.stats.averaged_rates import (
    ScoredTables,
    TriedTables,
    all_rates,
    dof_of_squares,
    effective_sizes,
    score_tables,
)
from assay.stats.distributions import FloatArray
from assay.stats.paired import Clusters
from assay.stats.samples import is_binary, means
from assay.stats.slice_sums import IntArray, slice_sums
from assay.stats.slice_variance import SliceVariance, cluster_cells
from assay.stats.tried_ratios import ScoredRatios

_Scored = TypeVar("_Scored", ScoredTables, ScoredRatios)


@dataclass(frozen=True, slots=True, eq=False)
class TriedSlices:
    """What the score test says, one entry a slice, tested or not.

    Attributes:
        decides: whether it, and not the t, decides the slice.
        beside: whether a claim has to hold by it and by the t.
        size: effective number of examples.
        wins: examples that only the candidate gets right, in parts, scaled to that number.
        losses: the same of the baseline.
        p_greater: one-sided p-value of "effect greater than the null".
        p_less: one-sided p-value of "effect less than the null".
    """

    decides: NDArray[np.bool_]
    beside: NDArray[np.bool_]
    size: FloatArray
    wins: FloatArray
    losses: FloatArray
    p_greater: FloatArray
    p_less: FloatArray

    def deciding(self, at: IntArray, p_greater: FloatArray, p_less: FloatArray) -> NDArray[np.bool_]:
        """In which of these slices does it decide: alone, or because it is less sure than a t with these p-values?"""
        surer = np.minimum(p_greater, p_less) < np.minimum(self.p_greater, self.p_less)[at]
        return self.decides[at] | (self.beside[at] & surer)


def tried_slices(
    candidate: FloatArray,
    baseline: FloatArray,
    index: NDArray[np.intp],
    found: SliceVariance,
    *,
    clusters: Clusters | None,
    null: float,
    alpha: float,
) -> TriedSlices | None:
    """Is the difference of two rates beyond a value other than 0 in each slice? None where a t decides every slice.

    Averages of tries by one seed are decided by the score test; over several seeds, or in clusters, it decides the slices in which
    one side gets no example right that the other does not, and the others beside the t, as `averaged_rates.shared_examples` and
    `held_by_score` have it.

    Args:
        candidate: matrix (examples, seeds).
        baseline: of the same examples.
        index: slice number of each example.
        found: variance of the difference in each slice.
        clusters: the source of each example, if some share one.
        null: difference tested against.
        alpha: one-sided error that the spread is trusted for.
    """
    if null == 0.0 or not -1.0 < null < 1.0 or not all_rates(candidate, baseline):
        return None
    differences = mean_differences(candidate, baseline)
    testable = (found.units > 1) & (found.total > 0.0)
    alone = score_decides(differences, index, found, clusters)
    tables = tried_tables(differences, differences - found.mean[index], index, found, clusters)
    scored = score_tables(tables, null, alpha)
    if found.seeds and not alone.all():
        tries = of_tries(tables, found, min(candidate.shape[1], baseline.shape[1]))
        scored = either(alone, scored, score_tables(tries, null, alpha))
    size = scored.size
    wins, losses = tables.wins * size, tables.losses * size
    return TriedSlices(
        testable & alone, testable & ~alone, size, wins, losses, scored.p_greater, scored.p_less
    )


def either(chosen: NDArray[np.bool_], one: _Scored, other: _Scored) -> _Scored:
    """The first answer in the tables that are chosen, else the other."""
    columns = ((getattr(side, each.name) for side in (one, other)) for each in fields(one))
    return type(one)(*(np.where(chosen, *pair) for pair in columns))


def score_decides(
    differences: FloatArray, index: NDArray[np.intp], found: SliceVariance, clusters: Clusters | None
) -> NDArray[np.bool_]:
    """In which slices of rates does the score test decide alone: in all of one seed's tries, else where one side never loses?"""
    slices = found.n.size
    if clusters is None and not found.seeds:
        return np.ones(slices, dtype=bool)
    highest, lowest = np.zeros(slices), np.zeros(slices)
    np.maximum.at(highest, index, differences)
    np.minimum.at(lowest, index, differences)
    return ~((highest > 0.0) & (lowest < 0.0))


def tried_tables(
    differences: FloatArray,
    deviations: FloatArray,
    index: NDArray[np.intp],
    found: SliceVariance,
    clusters: Clusters | None,
) -> TriedTables:
    """The rates of each slice, and what is known of their spread.

    Args:
        differences: average score of each example minus that of the baseline.
        deviations: of each example from its slice's mean, of the difference whose variance is `found`.
        index: slice number of each example.
        found: the variance in each slice.
        clusters: the source of each example, if some share one.
    """
    n = np.maximum(found.n, 1).astype(np.float64)
    wins, losses = (
        slice_sums(np.maximum(sign * differences, 0.0), index, n.size) / n for sign in (1.0, -1.0)
    )
    return TriedTables(
        wins=wins,
        losses=losses,
        variance=found.total,
        units=np.maximum(found.units, 1).astype(np.float64),
        known=_known(deviations, index, found, clusters),
        dof=found.dof,
        most=np.inf if clusters is None or found.seeds else n,
        clustered=clusters is not None,
        seeds=bool(found.seeds),
    )


def of_tries(tables: TriedTables, found: SliceVariance, seeds: int) -> TriedTables:
    """`TriedTables.of_tries` of the slices whose variance is `found`."""
    n = np.maximum(found.n, 1).astype(np.float64)
    return tables.of_tries(found.between_examples, np.maximum(found.example_dof, 1.0), n * seeds)


def group_sizes(
    table: FloatArray,
    index: NDArray[np.intp],
    found: SliceVariance,
    clusters: Clusters | None,
    *,
    alpha: float,
) -> FloatArray:
    """As many independent right-or-wrong examples each group's own rate counts as; its spread between seeds is left out.

    Args:
        table: matrix (examples, seeds) of rates.
        index: group number of each example.
        found: variance of the mean of each group.
        clusters: the source of each example, if some share one.
        alpha: one-sided error that the spread is trusted for.
    """
    n = np.maximum(found.n, 1).astype(np.float64)
    size, _ = effective_sizes(
        found.mean * (1.0 - found.mean),
        found.between_examples,
        np.maximum(found.units, 1).astype(np.float64),
        _known(means(table) - found.mean[index], index, found, clusters),
        np.maximum(found.example_dof, 1.0),
        alpha=alpha,
        most=np.inf if clusters is None else n * table.shape[1],
        clustered=clusters is not None,
    )
    return size


def mean_differences(candidate: FloatArray, baseline: FloatArray) -> FloatArray:
    """Average score of each example minus that of the baseline; whole numbers add up exactly in any order."""
    if is_binary(candidate) and is_binary(baseline):
        ours, theirs = (table @ np.ones(table.shape[1]) / table.shape[1] for table in (candidate, baseline))
        return np.asarray(ours - theirs)
    return np.asarray(means(candidate) - means(baseline))


def _known(
    deviations: FloatArray, index: NDArray[np.intp], found: SliceVariance, clusters: Clusters | None
) -> FloatArray:
    """Degrees of freedom of the variance between the examples, or clusters, of each slice."""
    slices = found.n.size
    cells = cluster_cells(index, clusters)
    if cells is not None:
        deviations, index = slice_sums(deviations, cells.of_row, cells.count), cells.slice_of_cell
    squares = deviations * deviations
    added = (slice_sums(power, index, slices) for power in (squares, squares * squares))
    return dof_of_squares(np.maximum(found.units, 1).astype(np.float64), *added)
