"""Runs from MLflow's SQLite tables, many at a time: a handful of statements, then slices of arrays."""

from __future__ import annotations

import gc
import sqlite3
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assay.connectors.trackers.mlflow.raw import LoggedDataset, RawRun, clean_text, ordered_curve, unclamped
from assay.domain.experiments.evidence import Curve

Texts = dict[int, dict[str, str]]

_RUNS = (
    "SELECT r.rowid, r.run_uuid, r.name, r.status, r.start_time, r.end_time, r.lifecycle_stage, r.artifact_uri,"
    " r.experiment_id, e.name FROM runs r LEFT JOIN experiments e ON e.experiment_id = r.experiment_id WHERE {} ORDER BY r.rowid"
)
# CROSS JOIN keeps SQLite from turning the loops round: runs first, then their rows by index.
_TEXTS = "SELECT r.rowid, t.key, t.value FROM runs r CROSS JOIN {} t ON t.run_uuid = r.run_uuid WHERE {}"
_POINTS = (
    "SELECT r.rowid, m.key, m.step, m.timestamp, CASE WHEN m.is_nan THEN NULL ELSE m.value END"
    " FROM runs r CROSS JOIN metrics m ON m.run_uuid = r.run_uuid WHERE {} ORDER BY r.rowid, m.key, m.step"
)
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
    params = _texts(connection.execute(_TEXTS.format("params", condition)).fetchall())
    tags = _texts(connection.execute(_TEXTS.format("tags", condition)).fetchall())
    inputs = _inputs(connection, condition)
    curves = curves_by_run(connection.execute(_POINTS.format(condition)).fetchall())
    nothing: dict[str, str] = {}
    for row, uuid, name, status, start, end, stage, artifacts, experiment, experiment_name in rows:
        yield RawRun(
            external_id=clean_text(uuid),
            name=clean_text(name),
            status=clean_text(status),
            started_ms=_integer(start),
            ended_ms=_integer(end),
            deleted=stage != "active",
            experiment_id=str(experiment),
            experiment_name=clean_text(experiment_name),
            artifact_uri=clean_text(artifacts),
            params=params.get(row, nothing),
            tags=tags.get(row, nothing),
            inputs=inputs.get(row, ()),
            curves=curves.get(row, {}),
        )


def _texts(rows: list[tuple[int, Any, Any]]) -> Texts:
    found: Texts = defaultdict(dict)
    if _is_clean(rows):
        for row, key, value in rows:
            found[row][key] = value
    else:
        for row, key, value in rows:
            found[row][clean_text(key)] = clean_text(value)
    return found


def _is_clean(rows: list[tuple[int, Any, Any]]) -> bool:
    """All texts, none with a NUL: one look at them joined costs a tenth of a look at each."""
    try:
        return "\x00" not in "".join([key + value for _, key, value in rows])
    except TypeError:
        return False


def _inputs(connection: sqlite3.Connection, condition: str) -> Mapping[int, tuple[LoggedDataset, ...]]:
    if connection.execute("SELECT 1 FROM inputs LIMIT 1").fetchone() is None:
        return {}
    found: dict[int, tuple[LoggedDataset, ...]] = {}
    for row, name, digest, context in connection.execute(_INPUTS.format(condition)):
        logged = LoggedDataset(name=clean_text(name), digest=clean_text(digest), context=clean_text(context))
        found[row] = (*found.get(row, ()), logged)
    return found


def curves_by_run(points: list[tuple[Any, ...]]) -> Mapping[Any, dict[str, Curve]]:
    """Curves by run and metric, from points (run, metric, step, time, value or None) ordered by the first three."""
    found: dict[Any, dict[str, Curve]] = defaultdict(dict)
    if not points:
        return found
    rows, keys, raw_steps, raw_times, raw_values = zip(*points, strict=True)
    steps, times, values = _integers(raw_steps), _integers(raw_times), unclamped(_floats(raw_values))
    row_array = np.array(rows, dtype=object if isinstance(rows[0], str) else np.int64)
    key_array = np.array(keys, dtype=object)
    begins = np.flatnonzero((row_array[1:] != row_array[:-1]) | (key_array[1:] != key_array[:-1])) + 1
    # Points of one step are rare (a metric logged again); only their curves need sorting.
    same_step = steps[1:] <= steps[:-1]
    same_step[begins - 1] = False
    edges = np.concatenate(([0], begins, [len(points)]))
    unsorted = np.add.reduceat(np.append(same_step, np.False_), edges[:-1]) > 0
    for (start, end), repeated in zip(pairwise(edges.tolist()), unsorted.tolist(), strict=True):
        part = slice(start, end)
        make = ordered_curve if repeated else Curve
        found[rows[start]][clean_text(keys[start])] = make(
            steps=steps[part], values=values[part], times_ms=times[part]
        )
    return found


def _floats(values: Sequence[Any]) -> NDArray[np.float64]:
    """Numbers as they are; NULL and whatever is no number become NaN, which never passes anything."""
    try:
        return np.array(values, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        return np.array([v if isinstance(v, int | float) else np.nan for v in values], dtype=np.float64)


def _integers(values: Sequence[Any]) -> NDArray[np.int64]:
    try:
        return np.array(values, dtype=np.int64)
    except (TypeError, ValueError, OverflowError):
        return np.array([_integer(v) or 0 for v in values], dtype=np.int64)


def _integer(value: Any) -> int | None:
    return value if isinstance(value, int) and -(2**63) <= value < 2**63 else None
