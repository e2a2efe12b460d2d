"""Which examples of a run have no row for a metric, in a table whose rows hold one metric each?

An example that has some metrics but not this one is an example without a score, as an empty cell of the wide form is.
Only a column `task` can say that a metric is not meant for it: then no example of its task has the metric.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from assay.connectors.evals.table import NO_LABEL, Rows, TextColumn

TASK = "task"
Lacking = NDArray[np.intp]
"""One row of each example that should have a metric and has not."""
NONE_LACKING: Lacking = np.empty(0, dtype=np.intp)


def rows_without(ids: TextColumn, metrics: Sequence[Rows], tasks: TextColumn | None) -> list[Lacking]:
    """For each metric of one run, given by its rows: the first row of every example that should have it and has not.

    >>> ids = TextColumn(("a", "b"), np.array([0, 1, 0], dtype=np.int32), 3)
    >>> [rows.tolist() for rows in rows_without(ids, [slice(0, 2), slice(2, 3)], None)]
    [[], [1]]
    """
    codes = [ids.take(rows) for rows in metrics]
    if all(np.array_equal(one, codes[0]) for one in codes[1:]):
        return [NONE_LACKING] * len(metrics)
    first = _first_rows(len(ids.names), metrics, codes)
    return [_meant(first[_others(first, one)], rows, tasks) for rows, one in zip(metrics, codes, strict=True)]


def _first_rows(
    examples: int, metrics: Sequence[Rows], codes: Sequence[NDArray[np.int32]]
) -> NDArray[np.intp]:
    """The first row of each example in this run; -1 where the run has none."""
    first = np.full(examples, -1, dtype=np.intp)
    for rows, one in zip(reversed(metrics), reversed(codes), strict=True):
        first[one[::-1]] = row_numbers(rows)[::-1]  # of several rows of one example the first is written last
    return first


def _others(first: NDArray[np.intp], codes: NDArray[np.int32]) -> NDArray[np.bool_]:
    found: NDArray[np.bool_] = first >= 0
    found[codes] = False
    return found


def _meant(lacking: Lacking, measured: Rows, tasks: TextColumn | None) -> Lacking:
    """Those of these rows whose task has the metric, or that name no task."""
    if tasks is None or not lacking.size:
        return lacking
    task = tasks.codes[lacking]
    kept: Lacking = lacking[(task == NO_LABEL) | np.isin(task, tasks.take(measured))]
    return kept


def row_numbers(rows: Rows) -> NDArray[np.intp]:
    """The numbers of these rows, from 0."""
    return np.arange(rows.start, rows.stop, dtype=np.intp) if isinstance(rows, slice) else rows
