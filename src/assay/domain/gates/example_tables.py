"""Which examples did all seeds, or both arms, score, and what did each of them get?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assay.domain.experiments.evidence import Scores
from assay.domain.gates.problems import Problem, mend
from assay.domain.gates.wording import listed
from assay.domain.kernel.findings import Outcome

UNMATCHED_LIMIT = 0.01
"""Largest share of examples that may be missing in one of two sets that must match."""


@dataclass(frozen=True, slots=True, eq=False)
class ExampleTable:
    """Per-example scores of several seeds. matrix has shape (examples, seeds); rows in the order of the ids."""

    sample_ids: tuple[str, ...]
    matrix: NDArray[np.float64]
    clusters: tuple[str, ...] | None
    unmatched: tuple[str, ...] = ()

    def first_seeds(self, amount: int) -> ExampleTable:
        """The same table with the first seeds only."""
        return ExampleTable(self.sample_ids, self.matrix[:, :amount], self.clusters, self.unmatched)


def table_of(per_seed: Sequence[Scores | None]) -> ExampleTable | Problem | None:
    """One column a seed over the examples that every seed scored; None where a seed has no scores.

    Returns a problem when more than the limit were not scored by every seed. Ids are distinct within a seed.
    """
    scores = [one for one in per_seed if one is not None]
    if not scores or len(scores) < len(per_seed):
        return None
    shared = set(scores[0].sample_ids).intersection(*(s.sample_ids for s in scores[1:]))
    every = set(scores[0].sample_ids).union(*(s.sample_ids for s in scores[1:]))
    only = sorted(every - shared)
    if not shared or len(only) > UNMATCHED_LIMIT * len(every):
        return _misaligned(only, len(every), "the seeds")
    ids = sorted(shared)
    columns, rows, rows_of = [], np.empty(0, dtype=np.intp), None
    for one in scores:
        if one.sample_ids != rows_of:  # seeds usually list the same examples in the same order
            place = {sample_id: row for row, sample_id in enumerate(one.sample_ids)}
            rows, rows_of = np.array([place[sample_id] for sample_id in ids], dtype=np.intp), one.sample_ids
        columns.append(one.values[rows])
    clusters = None
    if scores[0].clusters is not None:
        source = dict(zip(scores[0].sample_ids, scores[0].clusters, strict=True))
        clusters = tuple(source[sample_id] for sample_id in ids)
    return ExampleTable(tuple(ids), np.column_stack(columns), clusters, tuple(only))


def align(table: ExampleTable, other: ExampleTable) -> tuple[ExampleTable, ExampleTable] | Problem:
    """The rows that two tables share, or the problem that too many are in only one of them."""
    shared = sorted(set(table.sample_ids) & set(other.sample_ids))
    only = sorted(set(table.sample_ids) ^ set(other.sample_ids))
    total = len(shared) + len(only)
    if not shared or len(only) > UNMATCHED_LIMIT * total:
        return _misaligned(only, total, "the candidate and the baseline")
    return _rows(table, shared, tuple(only)), _rows(other, shared, tuple(only))


def _rows(table: ExampleTable, ids: list[str], unmatched: tuple[str, ...]) -> ExampleTable:
    place = {sample_id: i for i, sample_id in enumerate(table.sample_ids)}
    rows = [place[sample_id] for sample_id in ids]
    clusters = None if table.clusters is None else tuple(table.clusters[i] for i in rows)
    return ExampleTable(tuple(ids), table.matrix[rows], clusters, unmatched)


def _misaligned(only: Sequence[str], total: int, who: str) -> Problem:
    return Problem(
        Outcome.INVALID,
        f"{len(only):,} of {total:,} examples are not shared by {who}: {listed(only)} (limit {UNMATCHED_LIMIT:.0%})",
        mend("score the same examples everywhere"),
    )
