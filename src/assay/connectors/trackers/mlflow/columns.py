"""All rows of SQLite queries as one row, column by column.

A row costs Python's lock once more, which another thread may hold for milliseconds: ten thousand rows then take seconds.
One row that holds a text for each column is computed without the lock and costs it once, and so do several queries together.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from assay.connectors.trackers.mlflow.raw import clean_text
from assay.domain.experiments.evidence import IntArray

_BETWEEN = "\x1e"


class ColumnQuery:
    """A query for columns of whole numbers and columns of text, whose NULL reads as an empty text.

    Args:
        numbers: SQL of each column of whole numbers.
        words: SQL of each column of text.
        rows: what follows SELECT and the columns.
    """

    def __init__(self, *, numbers: Sequence[str], words: Sequence[str] = (), rows: str) -> None:
        named = [f"{column} AS n{at}" for at, column in enumerate(numbers)]
        named += [f"coalesce({column}, '') AS w{at}" for at, column in enumerate(words)]
        joined = [f"group_concat(n{at})" for at in range(len(numbers))]
        joined += [f"group_concat(w{at}, '{_BETWEEN}')" for at in range(len(words))]
        self.numbers = len(numbers)
        self.width = len(named) + 1
        self.one_by_one = f"SELECT {', '.join(named)} {rows}"
        self.together = f"SELECT {', '.join(joined)}, count(*) FROM ({self.one_by_one})"  # noqa: S608 - of constants


@dataclass(frozen=True, slots=True)
class Columns:
    """What a query gave: as columns, or as rows where only those can tell it."""

    numbers: Sequence[IntArray] = ()
    words: Sequence[Sequence[str]] = ()
    told: Sequence[tuple[Any, ...]] | None = None
    """The rows, where a number is none, a text holds the separator, or all of it would be a gigabyte."""

    def rows(self) -> Iterable[tuple[Any, ...]]:
        """The rows, numbers before words."""
        if self.told is not None:
            return self.told
        return zip(*(column.tolist() for column in self.numbers), *self.words, strict=True)


def fetched(connection: sqlite3.Connection, queries: Sequence[ColumnQuery]) -> list[Columns]:
    """What do these queries give, each in its own order?"""
    parts = ", ".join(f"({query.together})" for query in queries)
    try:
        texts = connection.execute(f"SELECT * FROM {parts}").fetchone()  # noqa: S608 - of constants
    except sqlite3.DataError:  # a text beyond SQLite's limit
        return [_told(connection, query) for query in queries]
    found, start = [], 0
    for query in queries:
        columns = _columns(texts[start : start + query.width], query.numbers)
        found.append(_told(connection, query) if columns is None else columns)
        start += query.width
    return found


def _columns(texts: Sequence[Any], numbers: int) -> Columns | None:
    *columns, count = texts
    found = Columns([*map(_whole_numbers, columns[:numbers])], [*map(_split, columns[numbers:])])
    return found if all(len(column) == count for column in (*found.numbers, *found.words)) else None


def _told(connection: sqlite3.Connection, query: ColumnQuery) -> Columns:
    at = query.numbers
    rows = connection.execute(query.one_by_one).fetchall()
    return Columns(told=[(*row[:at], *map(clean_text, row[at:])) for row in rows])


def _whole_numbers(text: Any) -> IntArray:
    """Whole numbers from a text with commas; none when anything else is among them."""
    try:
        return np.fromstring(text or "", np.int64, sep=",")
    except (TypeError, ValueError):
        return np.zeros(0, np.int64)


def _split(text: str | None) -> list[str]:
    return [] if text is None else clean_text(text).split(_BETWEEN)
