"""Runs from MLflow's SQLite tables, many at a time: a handful of statements, then slices of arrays."""

from __future__ import annotations

import gc
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, pairwise
from typing import Any

import numpy as np

from assay.connectors.trackers.mlflow.assemble import KEPT_OWN_TAGS
from assay.connectors.trackers.mlflow.points import curves_of, floats, integer, integers
from assay.connectors.trackers.mlflow.raw import LoggedDataset, RawRun, clean_text
from assay.domain.experiments.evidence import Curve, FloatArray, IntArray

Texts = dict[int, dict[str, str]]

_RUNS = (
    "SELECT r.rowid, r.run_uuid, r.name, r.status, r.start_time, r.end_time, r.lifecycle_stage, r.artifact_uri,"
    " r.experiment_id, e.name FROM runs r LEFT JOIN experiments e ON e.experiment_id = r.experiment_id WHERE {} ORDER BY r.rowid"
)
# CROSS JOIN keeps SQLite from turning the loops round: runs first, then their rows by index.
_OF_RUNS = "FROM runs r CROSS JOIN {} t ON t.run_uuid = r.run_uuid WHERE {}"
_BETWEEN = "\x1e"
# A row for every text costs several times what the same texts cost as one.
_TEXTS = f"SELECT group_concat(r.rowid), group_concat(t.key, '{_BETWEEN}'), group_concat(coalesce(t.value, ''), '{_BETWEEN}') {_OF_RUNS}"
_TEXT_ROWS = f"SELECT r.rowid, t.key, t.value {_OF_RUNS}"
# MLflow's own tags are read by nobody here save those kept, and some are large.
_USED_TAGS = "(t.key < 'mlflow.' OR t.key >= 'mlflow/' OR t.key IN ({}))".format(
    ", ".join(f"'{key}'" for key in sorted(KEPT_OWN_TAGS))
)
_POINTS = "FROM runs r CROSS JOIN metrics m ON m.run_uuid = r.run_uuid WHERE {}"
_ORDER = "ORDER BY r.rowid, m.key, m.step, m.rowid"
_VALUE = "CASE WHEN m.is_nan THEN NULL ELSE m.value END"
_GROUP_ROWS = f"SELECT r.rowid AS run, m.key AS key, count(*) AS points {_POINTS} GROUP BY r.rowid, m.key ORDER BY r.rowid, m.key"
_GROUPS = (
    f"SELECT group_concat(run), group_concat(key, '{_BETWEEN}'), group_concat(points) FROM ({_GROUP_ROWS})"  # noqa: S608 - constants of this module
)
# A row for every point costs more than all the rest of a sync, so whole numbers come as one text. Floats as text would not be exact.
_PLACES = (
    f"SELECT group_concat(step), group_concat(timestamp) FROM (SELECT m.step, m.timestamp {_POINTS} {_ORDER})"  # noqa: S608 - constants of this module
)
_VALUES = f"SELECT {_VALUE} {_POINTS} {_ORDER}"
_WHOLE_POINTS = f"SELECT m.step, m.timestamp, {_VALUE} {_POINTS} {_ORDER}"
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


def read_runs(connection: sqlite3.Connection, chosen: RowRange | RowList) -> list[RawRun]:
    """What does the tracker say about these runs? In table order, curves and all.

    Text that is not UTF-8 is read with replacement characters rather than refused.
    """
    with without_collection():
        try:
            return list(_read_runs(connection, chosen.condition))
        except sqlite3.OperationalError as error:
            if "UTF-8" not in str(error):
                raise
            connection.text_factory = clean_text
            return list(_read_runs(connection, chosen.condition))


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


def _read_runs(connection: sqlite3.Connection, condition: str) -> Iterator[RawRun]:
    rows = connection.execute(_RUNS.format(condition)).fetchall()
    params = _texts(connection, "params", condition)
    tags = _texts(connection, "tags", f"{condition} AND {_USED_TAGS}")
    inputs = _inputs(connection, condition)
    curves = _curves(connection, condition)
    nothing: dict[str, str] = {}
    for row, uuid, name, status, start, end, stage, artifacts, experiment, experiment_name in rows:
        yield RawRun(
            external_id=clean_text(uuid),
            name=clean_text(name),
            status=clean_text(status),
            started_ms=integer(start),
            ended_ms=integer(end),
            deleted=stage != "active",
            experiment_id=str(experiment),
            experiment_name=clean_text(experiment_name),
            artifact_uri=clean_text(artifacts),
            params=params.get(row, nothing),
            tags=tags.get(row, nothing),
            inputs=inputs.get(row, ()),
            curves=curves.get(row, {}),
        )


def _texts(connection: sqlite3.Connection, table: str, condition: str) -> Texts:
    found: Texts = defaultdict(dict)
    told = _joined(connection, _TEXTS.format(table, condition))
    rows, keys, values = _numbers(told[0]), _split(told[1]), _split(told[2])
    if not len(rows) == len(keys) == len(values) > 0:  # one of them holds the separator, or there are none
        for row, key, value in connection.execute(_TEXT_ROWS.format(table, condition)):
            found[row][clean_text(key)] = clean_text(value)
        return found
    ends = [*(np.flatnonzero(rows[1:] != rows[:-1]) + 1).tolist(), len(rows)]
    for start, end in pairwise([0, *ends]):
        found[int(rows[start])].update(zip(keys[start:end], values[start:end], strict=True))
    return found


def _joined(connection: sqlite3.Connection, query: str) -> Sequence[Any]:
    """The one row of a query for whole columns as texts; None for each when they exceed what SQLite takes."""
    try:
        row: Sequence[Any] = connection.execute(query).fetchone()
    except sqlite3.DataError:
        return None, None, None
    return row


def _split(texts: str | None) -> list[str]:
    return [] if texts is None else clean_text(texts).split(_BETWEEN)


def _numbers(texts: str | None) -> IntArray:
    """Whole numbers from a text with commas; none when anything else is among them."""
    try:
        return np.fromstring(texts or "", np.int64, sep=",")
    except ValueError:
        return np.zeros(0, np.int64)


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


def _curves(connection: sqlite3.Connection, condition: str) -> Mapping[int, dict[str, Curve]]:
    told = _joined(connection, _GROUPS.format(condition))
    runs, keys, counts = _numbers(told[0]), _split(told[1]), _numbers(told[2])
    groups: Iterable[tuple[Any, Any, int]] = zip(runs.tolist(), keys, counts.tolist(), strict=False)
    if not len(runs) == len(keys) == len(counts) > 0:  # a key holds the separator, or there are none
        groups = connection.execute(_GROUP_ROWS.format(condition)).fetchall()
    groups = list(groups)
    return curves_of(groups, *_points(connection, condition, sum(count for _, _, count in groups)))


def _points(
    connection: sqlite3.Connection, condition: str, count: int
) -> tuple[IntArray, IntArray, FloatArray]:
    """Steps, times and values of all points, in the order of the groups."""
    steps, times = map(_numbers, _joined(connection, _PLACES.format(condition))[:2])
    if not len(steps) == len(times) == count:  # something else than whole numbers among them
        rows = connection.execute(_WHOLE_POINTS.format(condition)).fetchall()
        told = zip(*rows, strict=True)
        return integers(next(told)), integers(next(told)), floats(next(told))
    values = chain.from_iterable(connection.execute(_VALUES.format(condition)))
    try:
        return steps, times, np.fromiter(values, np.float64, count)
    except (TypeError, ValueError):  # a NaN, or no number at all
        rows = connection.execute(_VALUES.format(condition)).fetchall()
        return steps, times, floats(list(chain.from_iterable(rows)))
