"""Which examples did all seeds, or both arms, score, and what did each of them get?"""

from __future__ import annotations

import operator
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from assay.domain.experiments.evidence import Labels, Scores
from assay.domain.experiments.sample_ids import SampleIds
from assay.domain.gates.problems import Problem, mend
from assay.domain.gates.wording import count, listed
from assay.domain.kernel.findings import Outcome

UNMATCHED_LIMIT = 0.01
"""Largest share of examples that may be missing in one of two sets that must match."""


@dataclass(frozen=True, slots=True, eq=False)
class ExampleTable:
    """Per-example scores of several seeds. matrix has shape (examples, seeds); rows in the order of the ids."""

    sample_ids: Sequence[str]
    matrix: NDArray[np.float64]
    clusters: Sequence[str] | None
    unmatched: tuple[str, ...] = ()
    slices: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """One label an example for each way of slicing them."""

    def first_seeds(self, amount: int) -> ExampleTable:
        """The same table with the first seeds only."""
        return ExampleTable(
            self.sample_ids, self.matrix[:, :amount], self.clusters, self.unmatched, self.slices
        )

    @property
    def cluster_labels(self) -> Sequence[str] | NDArray[np.int32] | None:
        """The source of each example, as the statistics take it."""
        return self.clusters.codes if isinstance(self.clusters, Labels) else self.clusters


def table_of(per_seed: Sequence[Scores | None], *, unmatched_limit: float) -> ExampleTable | Problem | None:
    """One column a seed over the examples that every seed scored; None where a seed has no scores.

    Returns a problem when more than the limit were not scored by every seed. Ids are distinct within a seed.
    """
    scores = [one for one in per_seed if one is not None]
    if not scores or len(scores) < len(per_seed):
        return None
    shared, only = _shared([one.sample_ids for one in scores])
    if not shared or len(only) > unmatched_limit * (len(shared) + len(only)):
        return _misaligned(only, len(shared) + len(only), "the seeds", unmatched_limit)
    first = scores[0]
    rows = _rows_of(first.sample_ids, shared)
    columns, others, others_of = [], rows, first.sample_ids
    for one in scores:
        if one.sample_ids is not others_of:
            others, others_of = _rows_of(one.sample_ids, shared), one.sample_ids
        columns.append(_at(one.values, others))
    clusters = None if first.clusters is None else _labels_at(first.clusters, rows)
    slices = {name: _labels_at(labels, rows) for name, labels in first.slices.items()}
    return ExampleTable(shared, np.column_stack(columns), clusters, only, slices)


def align(
    table: ExampleTable, other: ExampleTable, *, unmatched_limit: float
) -> tuple[ExampleTable, ExampleTable] | Problem:
    """The rows that two tables share, or the problem that too many are in only one of them."""
    shared, only = _shared([table.sample_ids, other.sample_ids])
    total = len(shared) + len(only)
    if not shared or len(only) > unmatched_limit * total:
        return _misaligned(only, total, "the candidate and the baseline", unmatched_limit)
    return _cut(table, shared, only), _cut(other, shared, only)


def is_rising(ids: Sequence[str]) -> bool:
    """Do the ids rise strictly? Then they are in order, and distinct."""
    if isinstance(ids, SampleIds) and ids.rising:
        return True
    return all(map(operator.lt, ids, islice(ids, 1, None)))


def _shared(per_seed: Sequence[Sequence[str]]) -> tuple[Sequence[str], tuple[str, ...]]:
    """The ids that all have, and those that only some have, each in order."""
    first = per_seed[0]
    if all(ids is first or ids == first for ids in per_seed[1:]):
        return (first if is_rising(first) else tuple(sorted(first))), ()
    sets = [set(ids) for ids in per_seed]
    shared, every = set.intersection(*sets), set.union(*sets)
    return tuple(sorted(shared)), tuple(sorted(every - shared))


def _cut(table: ExampleTable, ids: Sequence[str], unmatched: tuple[str, ...]) -> ExampleTable:
    rows = _rows_of(table.sample_ids, ids)
    clusters = None if table.clusters is None else _labels_at(table.clusters, rows)
    slices = {name: _labels_at(labels, rows) for name, labels in table.slices.items()}
    return ExampleTable(ids, _at(table.matrix, rows), clusters, unmatched, slices)


def _rows_of(ids: Sequence[str], wanted: Sequence[str]) -> NDArray[np.intp] | None:
    """Where the wanted ids stand; None when they stand as they are wanted."""
    if ids is wanted or ids == wanted:
        return None
    place = {sample_id: row for row, sample_id in enumerate(ids)}
    return np.array([place[sample_id] for sample_id in wanted], dtype=np.intp)


def _at(values: NDArray[np.float64], rows: NDArray[np.intp] | None) -> NDArray[np.float64]:
    return values if rows is None else values[rows]


def _labels_at(labels: Sequence[str], rows: NDArray[np.intp] | None) -> Sequence[str]:
    if rows is None:
        return labels
    if isinstance(labels, Labels):
        return Labels(labels.names, labels.codes[rows])
    return tuple(labels[row] for row in rows.tolist())


def _misaligned(only: Sequence[str], total: int, who: str, limit: float) -> Problem:
    allowed = f"at most {limit:.3g} of them" if limit else "none"
    return Problem(
        Outcome.INVALID,
        f"{len(only):,} of {count(total, 'example')} are not shared by {who}: {listed(only)} (expected {allowed})",
        mend("score the same examples everywhere"),
    )
