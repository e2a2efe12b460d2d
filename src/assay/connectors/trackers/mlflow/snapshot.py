"""What a store looked like at one moment, in a few bytes a run, and what differs between two moments.

MLflow has no change feed. Its tables change in four ways: rows are added (points, parameters, tags, runs), rows of
`runs` and `tags` are edited in place, single tags are deleted, and `mlflow gc` deletes whole runs. Additions are found by
row number, edits by a checksum of each run and of each few tags, deletions by checksums over identities. When rows went
away or were renumbered (gc, VACUUM, a deleted tag, another file under the name) everything is read again and compared
with what is known, which is always right and only slower.
"""

from __future__ import annotations

import base64
import binascii
import sqlite3
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

Checksums = NDArray[np.uint32]

TAGS_A_CHECKSUM = 8
_TAIL_TAGS = 64
_SPAN = 20_000
_BETWEEN = "\x1e"
# Thousands of rows come as one text, which is several times as fast as rows, and as bytes, for not all of it may be UTF-8.
# A range of rows is walked in row order. Should SQLite ever choose another, checksums differ and all is read again.
_STATE = "coalesce(end_time, '') || status || lifecycle_stage || coalesce(name, '')"
_RUN_STATE = (
    f"SELECT CAST(group_concat({_STATE}, '{_BETWEEN}') AS BLOB), CAST(group_concat(run_uuid, '') AS BLOB), count(*)"  # noqa: S608 - constants of this module
    " FROM runs WHERE rowid BETWEEN ? AND ?"
)
_RUN_ROWS = f"SELECT CAST({_STATE} AS BLOB) FROM runs WHERE rowid BETWEEN ? AND ? ORDER BY rowid"  # noqa: S608 - constants of this module
_TAG_VALUES = (
    f"SELECT CAST(group_concat(coalesce(value, ''), '{_BETWEEN}') AS BLOB), count(*)"  # noqa: S608 - constants of this module
    " FROM tags NOT INDEXED WHERE rowid BETWEEN ? AND ?"
)
_TAG_ROWS = "SELECT CAST(coalesce(value, '') AS BLOB) FROM tags WHERE rowid BETWEEN ? AND ? ORDER BY rowid"
_TAG_TAIL = "SELECT rowid, run_uuid, key FROM tags WHERE rowid > ?1 - ?2 AND rowid <= ?1 ORDER BY rowid"
_EXPERIMENTS = "SELECT experiment_id, name FROM experiments ORDER BY experiment_id"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One moment of a store. Row numbers are the tables' own."""

    schema: int
    """SQLite's schema cookie: VACUUM, which may renumber rows, and migrations raise it."""
    identities: int
    """Checksum over the ids and row numbers of all runs."""
    last_run: int
    last_tag: int
    last_param: int
    last_metric: int
    last_input: int
    tag_count: int
    tag_tail: int
    """Checksum over which run and key the last tags belong to: only there can row numbers be used again."""
    experiments: int
    """Checksum over ids and names, for names decide which ticket a run belongs to."""
    runs: Checksums
    """One for each run in table order: status, end, lifecycle, name."""
    tags: Checksums
    """One for every 8 tags in table order: their values."""

    def to_json(self) -> dict[str, Any]:
        """For the cursor."""
        numbers = {name: getattr(self, name) for name in _NUMBERS}
        return {**numbers, "runs": _packed(self.runs), "tags": _packed(self.tags)}

    @classmethod
    def from_json(cls, data: object) -> Snapshot | None:
        """The snapshot a cursor holds, None when it holds none that can be used."""
        if not isinstance(data, dict) or not all(isinstance(data.get(name), int) for name in _NUMBERS):
            return None
        runs, tags = _unpacked(data.get("runs")), _unpacked(data.get("tags"))
        if runs is None or tags is None:
            return None
        return cls(**{name: data[name] for name in _NUMBERS}, runs=runs, tags=tags)


_NUMBERS = (
    "schema",
    "identities",
    "last_run",
    "last_tag",
    "last_param",
    "last_metric",
    "last_input",
    "tag_count",
    "tag_tail",
    "experiments",
)


def take_snapshot(connection: sqlite3.Connection, *, before: Snapshot | None) -> tuple[Snapshot, bool]:
    """How does the store look now, and are all rows of `before` still where they were?

    Call it inside one read transaction. The flag is False without `before`.
    """
    schema = _number(connection, "PRAGMA schema_version")
    last_run = _number(connection, "SELECT max(rowid) FROM runs")
    runs, identities, old_identities = _run_checksums(connection, last_run, before.last_run if before else 0)
    last_tag = _number(connection, "SELECT max(rowid) FROM tags")
    tag_values, tag_count = _tag_values(connection, 1, last_tag)
    snapshot = Snapshot(
        schema=schema,
        identities=identities,
        last_run=last_run,
        last_tag=last_tag,
        last_param=_number(connection, "SELECT max(rowid) FROM params"),
        last_metric=_number(connection, "SELECT max(rowid) FROM metrics"),
        last_input=_number(connection, "SELECT max(rowid) FROM inputs"),
        tag_count=tag_count,
        tag_tail=_tag_tail(connection, last_tag),
        experiments=zlib.crc32(repr(connection.execute(_EXPERIMENTS).fetchall()).encode("utf-8", "replace")),
        runs=runs,
        tags=np.array(_checksums(tag_values), np.uint32),
    )
    if before is None:
        return snapshot, False
    in_place = (
        old_identities == before.identities
        and schema == before.schema
        and snapshot.last_metric >= before.last_metric
        and snapshot.last_param >= before.last_param
        and snapshot.last_input >= before.last_input
        and snapshot.tag_count - before.tag_count == _tags_since(connection, before.last_tag)
        and _tag_tail(connection, before.last_tag) == before.tag_tail
        and snapshot.experiments == before.experiments
    )
    return snapshot, in_place


def changed_rows(connection: sqlite3.Connection, before: Snapshot, now: Snapshot) -> list[int]:
    """Which runs, by row number, may differ between two snapshots of one store whose rows stayed in place?

    Never misses a changed run; may name a neighbour whose tags share a checksum with a changed one.
    """
    found: set[int] = set()
    edited = np.flatnonzero(now.runs[: len(before.runs)] != before.runs).tolist()
    if edited:
        rows = _rows_in_order(connection, "runs", last=now.last_run, count=len(now.runs))
        found.update(rows[place] for place in edited)
    found.update(
        r for (r,) in connection.execute("SELECT rowid FROM runs WHERE rowid > ?", (before.last_run,))
    )
    for table, last in (
        ("metrics", before.last_metric),
        ("params", before.last_param),
        ("tags", before.last_tag),
    ):
        query = f"SELECT run_uuid FROM {table} NOT INDEXED WHERE rowid > ?"  # noqa: S608 - constants
        found.update(_runs_of(connection, query, (last,)))
    inputs = "SELECT destination_id FROM inputs NOT INDEXED WHERE destination_type = 'RUN' AND rowid > ?"
    found.update(_runs_of(connection, inputs, (before.last_input,)))
    for span in _edited_tags(connection, before, now):
        found.update(
            _runs_of(connection, "SELECT run_uuid FROM tags NOT INDEXED WHERE rowid BETWEEN ? AND ?", span)
        )
    return sorted(found)


def _edited_tags(
    connection: sqlite3.Connection, before: Snapshot, now: Snapshot
) -> Iterator[tuple[int, int]]:
    """Spans of row numbers, among those known before, in which a tag has another value."""
    chunks = np.flatnonzero(now.tags[: len(before.tags)] != before.tags).tolist()
    rows = _rows_in_order(connection, "tags", last=now.last_tag, count=now.tag_count) if chunks else ()
    for chunk in chunks:
        first = chunk * TAGS_A_CHECKSUM
        span = rows[first], rows[min(first + TAGS_A_CHECKSUM, before.tag_count) - 1]
        # Where the only difference is what was added behind the last known tag, nothing was edited.
        if span[1] != before.last_tag or _checksums(_tag_values(connection, *span)[0]) != [
            before.tags[chunk]
        ]:
            yield span


def _rows_in_order(connection: sqlite3.Connection, table: str, *, last: int, count: int) -> Sequence[int]:
    if last == count:  # no gaps, so the place says the row
        return range(1, last + 1)
    query = f"SELECT rowid FROM {table} NOT INDEXED ORDER BY rowid"  # noqa: S608 - constants of this module
    return [row for (row,) in connection.execute(query)]


def _runs_of(connection: sqlite3.Connection, ids: str, arguments: tuple[int, ...]) -> list[int]:
    # NOT INDEXED in `ids` leaves the row numbers, and keeps SQLite from walking a whole index instead.
    query = f"SELECT rowid FROM runs WHERE run_uuid IN ({ids})"  # noqa: S608 - constants of this module
    return [row for (row,) in connection.execute(query, arguments)]


def _run_checksums(connection: sqlite3.Connection, last: int, known_last: int) -> tuple[Checksums, int, int]:
    """Checksums of all runs; the checksum over all identities, and over those up to the row known before."""
    parts: list[Checksums] = []
    identities = old_identities = 0
    edges = sorted({*range(0, last, _SPAN), last, min(known_last, last)})
    for first, end in pairwise(edges):
        states, ids, count = connection.execute(_RUN_STATE, (first + 1, end)).fetchone()
        if count:
            told = states.split(_BETWEEN.encode())
            if len(told) != count:  # a name holds the separator
                told = [state for (state,) in connection.execute(_RUN_ROWS, (first + 1, end))]
            parts.append(np.fromiter(map(zlib.crc32, told), np.uint32, count))
            identities = zlib.crc32(ids, identities)
        if end == known_last:
            old_identities = identities
    return (np.concatenate(parts) if parts else np.zeros(0, np.uint32)), identities, old_identities


def _tag_values(connection: sqlite3.Connection, first: int, last: int) -> tuple[bytes, int]:
    """The values in these rows, each but the first behind a separator, and how many they are."""
    parts: list[bytes] = []
    total = 0
    between = _BETWEEN.encode()
    for start in range(first, last + 1, _SPAN):
        span = start, min(start + _SPAN - 1, last)
        text, count = connection.execute(_TAG_VALUES, span).fetchone()
        if count and text.count(between) != count - 1:  # a value holds the separator
            values = (value for (value,) in connection.execute(_TAG_ROWS, span))
            text = between.join(repr(value).encode() if between in value else value for value in values)
        if count:
            parts.append(text)
            total += count
    return between.join(parts), total


def _checksums(values: bytes) -> list[int]:
    """One checksum for every few values."""
    ends = np.flatnonzero(np.frombuffer(values, np.uint8) == ord(_BETWEEN))
    edges = [-1, *ends[TAGS_A_CHECKSUM - 1 :: TAGS_A_CHECKSUM].tolist(), len(values)]
    view = memoryview(values)
    return [zlib.crc32(view[start + 1 : end]) for start, end in pairwise(edges)]


def _tag_tail(connection: sqlite3.Connection, last: int) -> int:
    return zlib.crc32(
        repr(connection.execute(_TAG_TAIL, (last, _TAIL_TAGS)).fetchall()).encode("utf-8", "replace")
    )


def _tags_since(connection: sqlite3.Connection, last: int) -> int:
    return _number(connection, f"SELECT count(*) FROM tags WHERE rowid > {int(last)}")  # noqa: S608 - a number


def _number(connection: sqlite3.Connection, query: str) -> int:
    (value,) = connection.execute(query).fetchone()
    return value if isinstance(value, int) else 0


def _packed(checksums: Checksums) -> str:
    return base64.b64encode(checksums.astype("<u4").tobytes()).decode()


def _unpacked(text: object) -> Checksums | None:
    try:
        return np.frombuffer(base64.b64decode(str(text), validate=True), dtype="<u4").astype(np.uint32)
    except (binascii.Error, ValueError):
        return None
