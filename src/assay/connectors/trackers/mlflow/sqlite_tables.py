"""Runs from MLflow's SQLite tables, many at a time: a handful of statements, then slices of arrays."""

from __future__ import annotations

import gc
import sqlite3
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from assay.connectors.trackers.mlflow.assemble import KEPT_OWN_TAGS
from assay.connectors.trackers.mlflow.columns import ColumnQuery, Columns, fetched
from assay.connectors.trackers.mlflow.points import curves_of, floats, integers
from assay.connectors.trackers.mlflow.raw import LoggedDataset, RawRun, clean_text
from assay.connectors.trackers.mlflow.whole_values import ELSEWHERE, floats_of, whole
from assay.domain.experiments.evidence import FloatArray, IntArray

Texts = dict[int, dict[str, str]]

_UNKNOWN = -(2**63)
_RUN_NUMBERS = (
    "r.rowid",
    f"CASE typeof(r.start_time) WHEN 'integer' THEN r.start_time ELSE {_UNKNOWN} END",
    f"CASE typeof(r.end_time) WHEN 'integer' THEN r.end_time ELSE {_UNKNOWN} END",
    "r.lifecycle_stage IS NOT 'active'",
)
_RUN_WORDS = ("r.run_uuid", "r.name", "r.status", "r.artifact_uri", "r.experiment_id", "e.name")
_RUNS = "FROM runs r LEFT JOIN experiments e ON e.experiment_id = r.experiment_id WHERE {} ORDER BY r.rowid"
# CROSS JOIN keeps SQLite from turning the loops round: runs first, then their rows by index.
_PARAMS = "FROM runs r CROSS JOIN params t ON t.run_uuid = r.run_uuid WHERE {}"
# MLflow's own tags are read by nobody here save those kept, and some are large.
_TAGS = (
    "FROM runs r CROSS JOIN tags t ON t.run_uuid = r.run_uuid WHERE {{}}"
    " AND (t.key < 'mlflow.' OR t.key >= 'mlflow/' OR t.key IN ({}))"
).format(", ".join(f"'{key}'" for key in sorted(KEPT_OWN_TAGS)))
_POINTS = "FROM runs r CROSS JOIN metrics m ON m.run_uuid = r.run_uuid WHERE {}"
_GROUPS = f"{_POINTS} GROUP BY r.rowid, m.key ORDER BY r.rowid, m.key"
_ORDER = "ORDER BY r.rowid, m.key, m.step, m.rowid"
_VALUE = "CASE WHEN m.is_nan THEN NULL ELSE m.value END"
_WHOLE_VALUE = whole("m.value", "m.is_nan")
_OTHER_VALUES = f"SELECT {_VALUE} {_POINTS} AND {_WHOLE_VALUE} = {ELSEWHERE} {_ORDER}"
_POINT_ROWS = f"SELECT m.step, m.timestamp, {_VALUE} {_POINTS} {_ORDER}"
_INPUTS = (
    "SELECT r.rowid, d.name, d.digest, (SELECT t.value FROM input_tags t WHERE t.input_uuid = i.input_uuid"
    " AND t.name = 'mlflow.data.context') FROM runs r CROSS JOIN inputs i ON i.destination_id = r.run_uuid"
    " AND i.destination_type = 'RUN' AND i.source_type = 'DATASET' JOIN datasets d ON d.dataset_uuid = i.source_id WHERE {}"
)


@dataclass(frozen=True, slots=True)
class RowRange:
    """Runs by their place in the table: from `first` to `last`, both included."""

    first: int
    last: int

    @property
    def condition(self) -> str:
        """The SQL that chooses these rows of `runs r`."""
        return f"r.rowid BETWEEN {int(self.first)} AND {int(self.last)}"


@dataclass(frozen=True, slots=True)
class RowList:
    """Runs by their place in the table, one by one."""

    rows: Sequence[int]

    @property
    def condition(self) -> str:
        """The SQL that chooses these rows of `runs r`."""
        return f"r.rowid IN ({','.join(str(int(row)) for row in self.rows)})"


@dataclass(frozen=True, slots=True)
class StoredRuns:
    """What the tables say about some runs, not yet put together."""

    runs: Columns
    params: Columns
    tags: Columns
    inputs: Mapping[int, tuple[LoggedDataset, ...]]
    groups: Columns
    points: tuple[IntArray, IntArray, FloatArray]
    """Steps, times and values in the order of the groups."""


def read_runs(connection: sqlite3.Connection, chosen: RowRange | RowList) -> StoredRuns:
    """What does the tracker say about these runs? Holds Python's lock for a fraction of the time.

    Text that is not UTF-8 is read with replacement characters rather than refused.
    """
    try:
        return _read_runs(connection, chosen.condition)
    except sqlite3.OperationalError as error:
        if "UTF-8" not in str(error):
            raise
        connection.text_factory = clean_text
        return _read_runs(connection, chosen.condition)


def _read_runs(connection: sqlite3.Connection, condition: str) -> StoredRuns:
    queries = (
        ColumnQuery(numbers=_RUN_NUMBERS, words=_RUN_WORDS, rows=_RUNS.format(condition)),
        ColumnQuery(numbers=("r.rowid",), words=("t.key", "t.value"), rows=_PARAMS.format(condition)),
        ColumnQuery(numbers=("r.rowid",), words=("t.key", "t.value"), rows=_TAGS.format(condition)),
        ColumnQuery(numbers=("r.rowid", "count(*)"), words=("m.key",), rows=_GROUPS.format(condition)),
        ColumnQuery(
            numbers=("m.step", "m.timestamp", _WHOLE_VALUE), rows=f"{_POINTS} {_ORDER}".format(condition)
        ),
    )
    runs, params, tags, groups, points = fetched(connection, queries)
    return StoredRuns(
        runs=runs,
        params=params,
        tags=tags,
        inputs=_inputs(connection, condition),
        groups=groups,
        points=_points(connection, points, condition),
    )


def _points(
    connection: sqlite3.Connection, points: Columns, condition: str
) -> tuple[IntArray, IntArray, FloatArray]:
    if points.told is not None:
        rows = connection.execute(_POINT_ROWS.format(condition)).fetchall()
        columns = zip(*rows, strict=True)
        return integers(next(columns)), integers(next(columns)), floats(next(columns))
    steps, times_ms, numbers = points.numbers
    values = floats_of(numbers)
    others = numbers == ELSEWHERE
    if others.any():
        rows = connection.execute(_OTHER_VALUES.format(condition)).fetchall()
        values[others] = floats([value for (value,) in rows])
    return steps, times_ms, values


def runs_of(stored: StoredRuns) -> list[RawRun]:
    """The runs in table order, curves and all."""
    with without_collection():
        return list(_runs_of(stored))


def _runs_of(stored: StoredRuns) -> Iterator[RawRun]:
    params, tags = _texts(stored.params), _texts(stored.tags)
    groups = ((run, key, count) for run, count, key in stored.groups.rows())
    curves = curves_of(groups, *stored.points)
    for (
        row,
        start,
        end,
        deleted,
        uuid,
        name,
        status,
        artifact_uri,
        experiment_id,
        experiment_name,
    ) in stored.runs.rows():
        yield RawRun(
            uuid,
            name,
            status,
            None if start == _UNKNOWN else start,
            None if end == _UNKNOWN else end,
            deleted == 1,
            experiment_id,
            experiment_name,
            artifact_uri,
            params.get(row, {}),
            tags.get(row, {}),
            stored.inputs.get(row, ()),
            curves.get(row, {}),
        )


def _texts(columns: Columns) -> Texts:
    found: Texts = defaultdict(dict)
    for row, key, value in columns.rows():
        found[row][key] = value
    return found


@contextmanager
def without_collection() -> Iterator[None]:
    """Let no garbage collection walk the hundred thousands of rows in the making: none of them can be garbage.

    It saves a third of the time of a first sync. Collection goes on as it was when the block ends.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def points_of(connection: sqlite3.Connection, chosen: RowRange | RowList) -> int:
    """How many points did these runs log?"""
    (count,) = connection.execute(f"SELECT count(*) {_POINTS.format(chosen.condition)}").fetchone()
    return int(count)


def _inputs(connection: sqlite3.Connection, condition: str) -> Mapping[int, tuple[LoggedDataset, ...]]:
    if connection.execute("SELECT 1 FROM inputs LIMIT 1").fetchone() is None:
        return {}
    found: dict[int, tuple[LoggedDataset, ...]] = {}
    for row, name, digest, context in connection.execute(_INPUTS.format(condition)):
        logged = LoggedDataset(name=clean_text(name), digest=clean_text(digest), context=clean_text(context))
        found[row] = (*found.get(row, ()), logged)
    return found
