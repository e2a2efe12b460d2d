"""Trackio's folder: a SQLite file a project, with a row of JSON for each step of each run.

Tables are those of Trackio 0.43 (`metrics`, `configs`); before runs had an id, their name was one.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import orjson

from assay.connectors.tracked.folder import Folder, FoundFile, local_path
from assay.connectors.tracked.portions import Listed, ReadRun, changes_of, read_run, said_of
from assay.connectors.tracked.silence import is_over, steps_of_silence
from assay.connectors.tracked.told import ToldRun, curve_in_logged_order, flattened, kept_text
from assay.domain.experiments.evidence import Curve, RunStatus
from assay.errors import Invalid
from assay.workflows.ports import SyncBatch
from assay.workflows.records import Source

HOW = "Trackio files"
MAX_POINTS = 20_000_000
MAX_NESTING = 8
_ROWS = 5000
_BUSY_TIMEOUT_S = 5.0
_NOT_FINITE = {"NaN": np.nan, "Infinity": np.inf, "-Infinity": -np.inf}
_STATUS = {one.value: one for one in RunStatus}
_COLUMNS = frozenset(("run_name", "timestamp", "step", "metrics"))


class TrackioFiles:
    """Reads Trackio's tables without Trackio (implements `assay.connectors.tracked.reader.TrackerReader`)."""

    def changes(self, source: Source, known: Callable[[], Mapping[str, str]]) -> Iterator[SyncBatch]:
        """Everything that differs from what the cursor says (see `TrackerReader`)."""
        folder = _folder(source)
        return changes_of(folder, _runs(folder, source), source, known, how=HOW)

    def check(self, source: Source) -> str:
        """One line about the connection."""
        folder = _folder(source)
        runs = list(_runs(folder, source))
        if folder.problems:
            raise folder.unavailable(folder.problems[0], "name Trackio's folder or one of its .db files")
        return said_of(folder, runs, HOW)


def _folder(source: Source) -> Folder:
    root = local_path(source.uri, kind="trackio", example="~/.cache/huggingface/trackio")
    return Folder(str(Path(root).expanduser()), source.uri, "Trackio runs", "PROJECT.db with a run")


def _runs(folder: Folder, source: Source) -> Iterator[Listed]:
    for file in folder.files(into=lambda _: False):
        if not file.name.endswith(".db"):
            continue
        try:
            database = _Database(folder, file)
            listed = database.listed()
        except Invalid as error:
            folder.problems.append(error.message.removeprefix("cannot read file "))
            folder.incomplete = True
            continue
        for run, mark in listed:
            yield Listed(run.external_id, mark, partial(_read, database, run, source))


def _read(database: _Database, run: _RunKey, source: Source) -> ReadRun:
    return read_run(database.told(run), source)


@dataclass(frozen=True, slots=True)
class _RunKey:
    """A run as the tables name it."""

    external_id: str
    value: object
    """In the column that tells runs apart."""
    silence: int


@dataclass(slots=True)
class _Points:
    steps: list[int] = field(default_factory=list)
    values: list[float] = field(default_factory=list)
    times_ms: list[int] = field(default_factory=list)

    def curve(self) -> Curve:
        return curve_in_logged_order(
            np.array(self.steps, np.int64), np.array(self.values), np.array(self.times_ms, np.int64)
        )


class _Database:
    """One project's file, opened for each question and left as it was."""

    def __init__(self, folder: Folder, file: FoundFile) -> None:
        self.folder, self.file = folder, file
        self.project = kept_text(file.name.removesuffix(".db"))
        self.key = "run_name"

    def listed(self) -> list[tuple[_RunKey, bytes]]:
        """The runs that are there, each with a mark of what the tables hold of it."""
        found = []
        with closing(self._opened()) as connection:
            tables = self._columns(connection)
            self.key = "run_id" if "run_id" in tables["metrics"] else "run_name"
            configs = self._configs(connection, tables) if tables.get("configs") else {}
            rows = self._asked(
                connection,
                f"SELECT {self.key}, count(*), max(id), max(timestamp) FROM metrics GROUP BY {self.key}",  # noqa: S608 - of two names
            )
            seen = {row[0]: row for row in rows}
            for value in dict.fromkeys((*seen, *configs)):
                _, count, last, latest = seen.get(value, (value, 0, 0, None))
                at = _milliseconds(latest) or self.file.changed_ns // 1_000_000
                silence = steps_of_silence(at * 1_000_000)
                name = kept_text(value)
                run = _RunKey(name if self.key == "run_id" else f"{self.project}/{name}", value, silence)
                mark = repr((count, last, latest, configs.get(value), silence)).encode("utf-8", "replace")
                found.append((run, mark))
        return found

    def told(self, run: _RunKey) -> ToldRun:
        """Everything the tables hold of a run."""
        points: dict[str, _Points] = {}
        names, count = "", 0
        with closing(self._opened()) as connection:
            cursor = connection.execute(
                f"SELECT step, timestamp, metrics, run_name FROM metrics WHERE {self.key} = ? ORDER BY id",  # noqa: S608
                (run.value,),
            )
            while rows := self._fetched(cursor):
                names = kept_text(rows[-1][3])
                count += self._take(rows, points)
                if count > MAX_POINTS:
                    raise self._broken(f"run '{run.external_id[:80]}' has more than {MAX_POINTS} points")
            config = self._config(connection, run)
        curves = {name: found.curve() for name, found in points.items()}
        params = flattened({key: value for key, value in config.items() if not key.startswith("_")})
        status = _STATUS.get(params.pop("assay.status", "")) or (
            RunStatus.FINISHED if is_over(run.silence, curves.values()) else RunStatus.RUNNING
        )
        moments = [
            int(moment)
            for curve in curves.values()
            for moment in (curve.times_ms.min(), curve.times_ms.max())
        ]
        begun = _milliseconds(config.get("_Created")) or min(moments, default=None)
        return ToldRun(
            external_id=run.external_id,
            name=names or run.external_id,
            status=status,
            experiment=self.project,
            group=kept_text(config.get("_Group") or ""),
            started_ms=begun,
            ended_ms=None if status is RunStatus.RUNNING else max(moments, default=begun),
            params=params,
            curves=curves,
        )

    def _take(self, rows: list[Any], points: dict[str, _Points]) -> int:
        told = [self._json(row[2]) for row in rows]
        count = 0
        for (step, moment, _, _), values in zip(rows, told, strict=True):
            at = _milliseconds(moment) or 0
            for name, value in _numbers(values, "", 0):
                found = points.setdefault(name, _Points())
                found.steps.append(step if type(step) is int else 0)
                found.values.append(value)
                found.times_ms.append(at)
                count += 1
        return count

    def _config(self, connection: sqlite3.Connection, run: _RunKey) -> dict[str, Any]:
        if not self._columns(connection).get("configs"):
            return {}
        rows = self._asked(connection, f"SELECT config FROM configs WHERE {self.key} = ?", (run.value,))  # noqa: S608
        return self._json(rows[0][0]) if rows else {}

    def _configs(
        self, connection: sqlite3.Connection, tables: Mapping[str, frozenset[str]]
    ) -> dict[object, bytes]:
        if self.key not in tables["configs"]:
            return {}
        rows = self._asked(connection, f"SELECT {self.key}, config FROM configs")  # noqa: S608
        return {value: repr(config).encode("utf-8", "replace") for value, config in rows}

    def _columns(self, connection: sqlite3.Connection) -> dict[str, frozenset[str]]:
        found = {}
        for table in ("metrics", "configs"):
            kind = self._asked(connection, "SELECT type FROM sqlite_master WHERE name = ?", (table,))
            if kind == [("table",)]:  # a view could hold anything
                rows = self._asked(connection, f"PRAGMA table_info({table})")
                found[table] = frozenset(str(row[1]) for row in rows)
        if not found.get("metrics", frozenset()) >= _COLUMNS:
            raise self._broken("no table metrics of Trackio's")
        return found

    def _json(self, content: object) -> dict[str, Any]:
        try:
            told = orjson.loads(content if isinstance(content, bytes | str) else b"")
        except orjson.JSONDecodeError as error:
            raise self._broken("a row that is not JSON") from error
        return told if isinstance(told, dict) else {}

    def _opened(self) -> sqlite3.Connection:
        """Read-only. Without its log a file in write-ahead mode is opened as one that nobody writes: a reader would leave files beside it."""
        root = Path(self.folder.root)
        path = root if root.is_file() else root / self.file.path
        log = path.with_name(path.name + "-wal")
        is_still = not log.exists() or not log.stat().st_size
        options = "mode=ro&immutable=1" if is_still else "mode=ro"
        try:
            with path.open("rb") as file:
                head = file.read(16)
            if head != b"SQLite format 3\x00":
                raise self._broken("not a SQLite database")
            connection = sqlite3.connect(
                f"file:{quote(str(path.absolute()))}?{options}",
                uri=True,
                timeout=_BUSY_TIMEOUT_S,
                check_same_thread=False,
            )
            connection.execute("PRAGMA trusted_schema = OFF")
        except (OSError, sqlite3.Error) as error:
            raise self._broken(str(error)[:100]) from error
        return connection

    def _asked(self, connection: sqlite3.Connection, query: str, values: tuple[Any, ...] = ()) -> list[Any]:
        try:
            return connection.execute(query, values).fetchall()
        except (sqlite3.Error, UnicodeError) as error:
            raise self._broken(str(error)[:100]) from error

    def _fetched(self, cursor: sqlite3.Cursor) -> list[Any]:
        try:
            return cursor.fetchmany(_ROWS)
        except (sqlite3.Error, UnicodeError) as error:
            raise self._broken(str(error)[:100]) from error

    def _broken(self, fact: str) -> Invalid:
        return self.folder.broken(
            self.file.path,
            fact,
            "a project of Trackio's",
            "restore it from a backup, or remove it, then: assay sync",
        )


def _milliseconds(text: object) -> int | None:
    """A time as Trackio writes it, ISO 8601; None where it is none."""
    try:
        return int(datetime.fromisoformat(str(text)).timestamp() * 1000)
    except (ValueError, OverflowError, OSError):
        return None


def _numbers(value: object, name: str, depth: int) -> Iterator[tuple[str, float]]:
    if isinstance(value, dict):
        if "_type" not in value and depth < MAX_NESTING:
            for key, inner in value.items():
                yield from _numbers(inner, f"{name}.{kept_text(key)}" if name else kept_text(key), depth + 1)
    elif isinstance(value, str):
        if value in _NOT_FINITE:
            yield name, _NOT_FINITE[value]
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield name, float(value)
