"""Which rows of a table belong together? Rows of equal keys, found by looking at where the keys change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assay.connectors.evals.table import Rows

WholeNumbers = NDArray[np.signedinteger[Any]]


@dataclass(frozen=True, slots=True)
class Group:
    """The rows that have these keys, in the order of the table."""

    keys: tuple[int, ...]
    rows: Rows


def groups_of(keys: Sequence[WholeNumbers], rows: int) -> list[Group]:
    """One group for each combination of keys, in the order of appearance. Rows that stand together are not copied.

    >>> groups_of([np.array([1, 1, 2])], 3)[0].rows, groups_of([np.array([1, 2, 1])], 3)[0].rows
    (slice(0, 2, None), array([0, 2]))
    """
    changes = np.zeros(max(rows - 1, 0), dtype=np.bool_)
    for key in keys:
        changes |= key[1:] != key[:-1]
    starts = [0, *(np.flatnonzero(changes) + 1).tolist()] if rows else []
    heads = list(zip(*(key[starts].tolist() for key in keys), strict=True)) if keys else [()] * len(starts)
    if len(set(heads)) == len(heads):
        ends = [*starts[1:], rows]
        return [Group(head, slice(start, end)) for head, start, end in zip(heads, starts, ends, strict=True)]
    return _scattered(keys)


def _scattered(keys: Sequence[WholeNumbers]) -> list[Group]:
    combined = np.zeros(len(keys[0]), dtype=np.int64)
    for key in keys:
        values, places = np.unique(key, return_inverse=True)
        combined = combined * len(values) + places
    order = np.argsort(combined, kind="stable")
    ordered = combined[order]
    starts = [0, *(np.flatnonzero(ordered[1:] != ordered[:-1]) + 1).tolist()]
    parts = [order[start:end] for start, end in zip(starts, [*starts[1:], len(order)], strict=True)]
    parts.sort(key=lambda rows: int(rows[0]))
    return [Group(tuple(int(key[rows[0]]) for key in keys), rows) for rows in parts]
