"""What a store looked like at one moment, in a few bytes a run, and what differs between two moments.

MLflow has no change feed. Its tables change in four ways: rows are added (points, parameters, tags, runs), rows of
`runs` and `tags` are edited in place, single tags are deleted, and `mlflow gc` deletes whole runs. Additions are found by
row number. For edits and deletions both tables are looked at stretch by stretch: one checksum over all of it tells that
nothing happened there, finer ones which rows were edited. When rows went away or were renumbered (gc, VACUUM, a deleted
tag, another file under the name) everything is read again and compared with what is known, which is always right and only
slower.
"""

from __future__ import annotations

import base64
import binascii
import sqlite3
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

_TAIL = 256
_BETWEEN = b"\x1e"
_EXPERIMENTS = "SELECT experiment_id, name FROM experiments ORDER BY experiment_id"


class Watched:
    """A table whose rows are edited in place.

    Args:
        columns: what is edited.
        identity: what says whose row it is.
        stretch: rows looked at together.
        step: rows with a checksum of their own.
    """

    def __init__(
        self, table: str, columns: tuple[str, ...], *, identity: str, stretch: int, step: int
    ) -> None:
        self.table = table
        self.columns = columns
        self.identity = identity
        self.stretch = stretch
        self.step = step
        texts = [f"coalesce({column}, '')" for column in columns]
        where = f"FROM {table} NOT INDEXED WHERE rowid BETWEEN ? AND ?"
        # Many rows come as one text, which is several times as fast as rows, and as bytes, for not all of it may be UTF-8.
        # A range of rows is walked in row order. Should SQLite ever choose another, checksums differ and all is read again.
        self.together = f"SELECT {', '.join(map(_joined, texts))}, count(*) {where}"
        self.one_by_one = f"SELECT {', '.join(map(_as_bytes, texts))} {where} ORDER BY rowid"
        self.identities = f"SELECT {_joined(identity)} {where}"
        self.rows = f"SELECT rowid {where} ORDER BY rowid LIMIT {step} OFFSET ?"
        self.end = f"SELECT max(rowid) FROM (SELECT rowid FROM {table} WHERE rowid > ? ORDER BY rowid LIMIT {stretch})"  # noqa: S608 - constants of this module


def _as_bytes(text: str) -> str:
    return f"CAST({text} AS BLOB)"


def _joined(text: str) -> str:
    return _as_bytes(f"group_concat({text}, '{_BETWEEN.decode()}')")


RUNS = Watched(
    "runs", ("end_time", "status", "lifecycle_stage", "name"), identity="run_uuid", stretch=256, step=1
)
TAGS = Watched("tags", ("value",), identity="run_uuid || key", stretch=1024, step=8)


class Stretch(NamedTuple):
    """What some neighbouring rows of a table looked like."""

    first: int
    last: int
    """Row numbers, both included."""
    rows: int
    whole: int
    """Checksum over everything looked at; 0 where it could not tell all contents apart."""
    parts: str
    """Checksums of every few rows, 4 bytes each, in base64."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One moment of a store. Row numbers are the tables' own."""

    schema: int
    """SQLite's schema cookie: VACUUM, which may renumber rows, and migrations raise it."""
    last_run: int
    last_tag: int
    last_param: int
    last_metric: int
    last_input: int
    run_tail: int
    tag_tail: int
    """Checksums over whose rows the last ones are: only at the end of a table are row numbers used again."""
    experiments: int
    """Checksum over ids and names, for names decide which ticket a run belongs to."""
    runs: tuple[Stretch, ...]
    """Status, end, lifecycle and name of every run."""
    tags: tuple[Stretch, ...]
    """The values of all tags."""

    @property
    def run_count(self) -> int:
        """How many runs there are."""
        return sum(stretch.rows for stretch in self.runs)

    def to_json(self) -> dict[str, Any]:
        """For the cursor."""
        numbers = {name: getattr(self, name) for name in _NUMBERS}
        return {**numbers, "runs": [*map(list, self.runs)], "tags": [*map(list, self.tags)]}

    @classmethod
    def from_json(cls, data: object) -> Snapshot | None:
        """The snapshot a cursor holds, None when it holds none that can be used."""
        if not isinstance(data, dict) or not all(isinstance(data.get(name), int) for name in _NUMBERS):
            return None
        runs, tags = _stretches(data.get("runs")), _stretches(data.get("tags"))
        if runs is None or tags is None:
            return None
        return cls(**{name: data[name] for name in _NUMBERS}, runs=runs, tags=tags)


def _stretches(data: object) -> tuple[Stretch, ...] | None:
    try:
        found = tuple(Stretch(*told) for told in data)  # type: ignore[attr-defined]  # raises TypeError then
    except TypeError:
        return None
    whole = all(isinstance(number, int) for stretch in found for number in stretch[:-1])
    return found if whole and all(isinstance(stretch.parts, str) for stretch in found) else None


_NUMBERS = (
    "schema",
    "last_run",
    "last_tag",
    "last_param",
    "last_metric",
    "last_input",
    "run_tail",
    "tag_tail",
    "experiments",
)


def take_snapshot(connection: sqlite3.Connection) -> Snapshot:
    """How does the store look now?"""
    return _snapshot(connection, _cut(connection, RUNS, 0), _cut(connection, TAGS, 0))


def changed_since(connection: sqlite3.Connection, before: Snapshot) -> tuple[Snapshot, list[int] | None]:
    """How does the store look now, and which runs, by row number, may differ? None: each of them may.

    Never misses a changed run; may name a neighbour whose tags share a checksum with a changed one.
    Call it inside one read transaction.
    """
    run_stretches, edited_runs = _looked_at(connection, RUNS, before.runs)
    tag_stretches, edited_tags = _looked_at(connection, TAGS, before.tags)
    if edited_runs is None or edited_tags is None:
        return take_snapshot(connection), None
    now = _snapshot(connection, run_stretches, tag_stretches)
    in_place = (
        now.schema == before.schema
        and now.last_metric >= before.last_metric
        and now.last_param >= before.last_param
        and now.last_input >= before.last_input
        and _tail(connection, RUNS, before.last_run) == before.run_tail
        and _tail(connection, TAGS, before.last_tag) == before.tag_tail
        and now.experiments == before.experiments
    )
    if not in_place:
        return take_snapshot(connection), None
    found = set(_added_to(connection, before))
    for stretch, place in edited_runs:
        found.update(_rows_at(connection, RUNS, stretch, place))
    tag_rows = [row for stretch, place in edited_tags for row in _rows_at(connection, TAGS, stretch, place)]
    for start in range(0, len(tag_rows), _TAIL):
        chosen = ",".join(map(str, tag_rows[start : start + _TAIL]))
        tags = f"SELECT run_uuid FROM tags NOT INDEXED WHERE rowid IN ({chosen})"  # noqa: S608 - row numbers
        found.update(_runs_of(connection, tags, ()))
    return now, sorted(found)


def _rows_at(connection: sqlite3.Connection, watched: Watched, stretch: Stretch, place: int) -> Sequence[int]:
    """The rows of one checksum, counted from the beginning of the stretch."""
    if stretch.last - stretch.first + 1 == stretch.rows:  # no gaps
        first = stretch.first + place
        return range(first, min(first + watched.step, stretch.last + 1))
    return _column(connection, watched.rows, (stretch.first, stretch.last, place))


def _added_to(connection: sqlite3.Connection, before: Snapshot) -> Iterator[int]:
    """Runs that are new or have new rows somewhere."""
    yield from _column(connection, "SELECT rowid FROM runs WHERE rowid > ?", (before.last_run,))
    for table, last in (
        ("metrics", before.last_metric),
        ("params", before.last_param),
        ("tags", before.last_tag),
    ):
        query = f"SELECT run_uuid FROM {table} NOT INDEXED WHERE rowid > ?"  # noqa: S608 - constants
        yield from _runs_of(connection, query, (last,))
    inputs = "SELECT destination_id FROM inputs NOT INDEXED WHERE destination_type = 'RUN' AND rowid > ?"
    yield from _runs_of(connection, inputs, (before.last_input,))


def _snapshot(connection: sqlite3.Connection, runs: list[Stretch], tags: list[Stretch]) -> Snapshot:
    last_run, last_tag = (stretches[-1].last if stretches else 0 for stretches in (runs, tags))
    return Snapshot(
        schema=_number(connection, "PRAGMA schema_version"),
        last_run=last_run,
        last_tag=last_tag,
        last_param=_number(connection, "SELECT max(rowid) FROM params"),
        last_metric=_number(connection, "SELECT max(rowid) FROM metrics"),
        last_input=_number(connection, "SELECT max(rowid) FROM inputs"),
        run_tail=_tail(connection, RUNS, last_run),
        tag_tail=_tail(connection, TAGS, last_tag),
        experiments=zlib.crc32(repr(connection.execute(_EXPERIMENTS).fetchall()).encode("utf-8", "replace")),
        runs=tuple(runs),
        tags=tuple(tags),
    )


def _looked_at(
    connection: sqlite3.Connection, watched: Watched, known: Sequence[Stretch]
) -> tuple[list[Stretch], list[tuple[Stretch, int]] | None]:
    """The table stretch by stretch, and where in known stretches rows were edited; None when any of them went away."""
    now: list[Stretch] = []
    edited: list[tuple[Stretch, int]] = []
    for old in known:
        fresh = _look(connection, watched, old.first, old.last, old)
        if fresh is not old:
            places = _edited(old, fresh)
            if places is None:
                return [], None
            edited += [(fresh, place * watched.step) for place in places]
        now.append(fresh)
    after = now[-1].last if now else 0
    if connection.execute(watched.end, (after,)).fetchone() != (None,):
        if now and now[-1].rows < watched.stretch:  # the last one grows until it is full
            after = now.pop().first - 1
        now += _cut(connection, watched, after)
    return now, edited


def _edited(old: Stretch, now: Stretch) -> list[int] | None:
    """Which of its checksums differ, by place? None when rows went away."""
    if old.rows != now.rows:
        return None
    try:
        before, after = (np.frombuffer(base64.b64decode(one.parts), "<u4") for one in (old, now))
    except (binascii.Error, ValueError, TypeError):  # no cursor of ours
        return None
    if len(before) != len(after):
        return None
    found: list[int] = np.flatnonzero(before != after).tolist()
    return found


def _cut(connection: sqlite3.Connection, watched: Watched, after: int) -> list[Stretch]:
    """All rows behind this one."""
    found: list[Stretch] = []
    while True:
        (end,) = connection.execute(watched.end, (after,)).fetchone()
        if end is None:
            return found
        found.append(_look(connection, watched, after + 1, end, None))
        after = end


def _look(
    connection: sqlite3.Connection, watched: Watched, first: int, last: int, known: Stretch | None
) -> Stretch:
    """What is in these rows? The very stretch that is known where nothing changed."""
    *texts, count = connection.execute(watched.together, (first, last)).fetchone()
    if not count:
        return Stretch(first, last, 0, 0, "")
    whole = zlib.crc32(b"\x1d".join(texts))
    if known is not None and known.whole and (whole, count) == (known.whole, known.rows):
        return known
    # A text that holds the separator itself can be told apart only row by row.
    clear = all(text.count(_BETWEEN) == count - 1 for text in texts)
    if clear:
        parts = _parts(texts, watched.step)
    else:
        rows = connection.execute(watched.one_by_one, (first, last))
        parts = _checksums([*map(_unmistakable, rows)], watched.step)
    return Stretch(
        first, last, count, whole if clear else 0, base64.b64encode(np.array(parts, "<u4").tobytes()).decode()
    )


def _parts(texts: Sequence[bytes], step: int) -> list[int]:
    """A checksum for every `step` rows of these columns, whose rows stand one after the other with the separator between."""
    if len(texts) > 1:
        columns = [text.split(_BETWEEN) for text in texts]
        return _checksums([*map(b"\x1f".join, zip(*columns, strict=True))], step)
    (text,) = texts
    between = np.flatnonzero(np.frombuffer(text, np.uint8) == _BETWEEN[0])
    ends = [*between[step - 1 :: step].tolist(), len(text)]
    # Views, for to split thousands of rows and to join them again takes ten times as long.
    view = memoryview(text)
    return [
        zlib.crc32(view[start:end]) for start, end in zip([0, *(end + 1 for end in ends)], ends, strict=False)
    ]


def _checksums(rows: Sequence[bytes], step: int) -> list[int]:
    if step > 1:
        rows = [_BETWEEN.join(rows[at : at + step]) for at in range(0, len(rows), step)]
    return [*map(zlib.crc32, rows)]


def _unmistakable(row: Sequence[bytes]) -> bytes:
    return b"\x1f".join(repr(text).encode() if _BETWEEN in text else text for text in row)


def _column(connection: sqlite3.Connection, query: str, arguments: tuple[int, ...]) -> list[int]:
    return [value for (value,) in connection.execute(query, arguments)]


def _runs_of(connection: sqlite3.Connection, ids: str, arguments: tuple[int, ...]) -> list[int]:
    # NOT INDEXED in `ids` leaves the row numbers, and keeps SQLite from walking a whole index instead.
    return _column(connection, f"SELECT rowid FROM runs WHERE run_uuid IN ({ids})", arguments)  # noqa: S608 - constants of this module


def _tail(connection: sqlite3.Connection, watched: Watched, last: int) -> int:
    (identities,) = connection.execute(watched.identities, (last - _TAIL + 1, last)).fetchone()
    return zlib.crc32(identities or b"")


def _number(connection: sqlite3.Connection, query: str) -> int:
    (value,) = connection.execute(query).fetchone()
    return value if isinstance(value, int) else 0
