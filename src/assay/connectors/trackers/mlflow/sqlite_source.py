"""Changes of an MLflow SQLite store, read from its tables."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

from assay.connectors.trackers.mlflow.artifacts import RUN_ID, local_scores, remembered_folders
from assay.connectors.trackers.mlflow.assemble import assemble
from assay.connectors.trackers.mlflow.raw import RawRun
from assay.connectors.trackers.mlflow.revisions import TESTED_REVISIONS
from assay.connectors.trackers.mlflow.snapshot import Snapshot, changed_since, take_snapshot
from assay.connectors.trackers.mlflow.sqlite_file import SqliteFile, checked_revision
from assay.connectors.trackers.mlflow.sqlite_tables import (
    RowList,
    RowRange,
    StoredRuns,
    points_of,
    read_runs,
    runs_of,
    without_collection,
)
from assay.domain.experiments.evidence import Run
from assay.workflows.ports import SyncBatch
from assay.workflows.records import Source

CURSOR_VERSION = 4
BATCH_RUNS = 2048
SHORT_BATCH_RUNS = 256
BATCH_POINTS = 1_000_000
BATCH_BLOB_BYTES = 64 * 2**20

# Each statement costs Python's lock, which the thread that puts runs together may hold for milliseconds: so few of them.
_FOLLOWING = (
    "SELECT (SELECT schema_version FROM pragma_schema_version), max(rowid)"
    " FROM (SELECT rowid FROM runs WHERE rowid > ? AND rowid <= ? ORDER BY rowid LIMIT ?)"
)

Known = Callable[[], Mapping[str, str]]
View = Callable[[], AbstractContextManager[sqlite3.Connection]]


@dataclass(slots=True)
class _Portion:
    """Runs gathered for the next batch."""

    runs: list[Run] = field(default_factory=list)
    blobs: dict[str, bytes] = field(default_factory=dict)
    blob_bytes: int = 0

    def add(self, run: Run, content: bytes | None) -> None:
        self.runs.append(run)
        if content is not None and run.scores_digest is not None:
            self.blobs[run.scores_digest] = content
            self.blob_bytes += len(content)

    def batch(
        self, *, cursor: dict[str, Any], done: int, total: int | None, gone: Sequence[str] = (), note: str
    ) -> SyncBatch:
        return SyncBatch(
            runs=tuple(self.runs),
            gone=tuple(gone),
            cursor=cursor,
            done=done,
            total=total,
            blobs=self.blobs,
            note=note,
        )


class SqliteStore:
    """Reads one store for one source. Each batch is one short read transaction: the tracker's writers wait no longer."""

    def __init__(self, file: SqliteFile, source: Source, known: Known) -> None:
        self.file = file
        self.source = source
        self.known = known
        self.note = "tables"

    def changes(self) -> Iterator[SyncBatch]:
        """Everything that differs from what the source's cursor says (see `assay.workflows.ports.EvidenceSource`)."""
        cursor = self._usable_cursor()
        if cursor and "after" in cursor:
            with without_collection():
                yield from self._scan(cursor)
            cursor = {key: value for key, value in cursor.items() if key != "after"}
        yield from self._step(cursor)

    def _usable_cursor(self) -> dict[str, Any]:
        cursor = self.source.cursor
        same = cursor.get("version") == CURSOR_VERSION and cursor.get("how") == "sqlite"
        return cursor if same and cursor.get("filter") == list(self.source.experiment_filter) else {}

    def _step(self, cursor: dict[str, Any]) -> Iterator[SyncBatch]:
        marks = self.file.fingerprint()
        if cursor and cursor.get("file") == marks:
            return
        before = Snapshot.from_json(cursor.get("snapshot")) if cursor else None
        same_file = before is not None and cursor.get("file", [])[:2] == marks[:2]
        with without_collection(), self.file.reading() as connection:
            revision = self._revision(connection)
            if cursor.get("revision") != revision or not same_file:
                before = None
            now, rows = changed_since(connection, before) if before else (take_snapshot(connection), None)
            # Usually few: read in the same transaction, over the pages that are at hand.
            first = read_runs(connection, RowList(rows[:BATCH_RUNS])) if rows else None
        base = {
            "version": CURSOR_VERSION,
            "how": "sqlite",
            "filter": list(self.source.experiment_filter),
            "revision": revision,
            "file": marks,
            "snapshot": now.to_json(),
        }
        if rows is None:
            with without_collection():
                yield from self._scan({**base, "after": 0})
        elif first is not None:
            yield from self._read_again(rows, first, old=cursor, new=base)

    def _revision(self, connection: sqlite3.Connection) -> str:
        revision = checked_revision(connection, self.file.uri)
        self.note = f"tables (SQLite, MLflow {TESTED_REVISIONS[revision]})"
        return revision

    def _read_again(
        self, rows: list[int], first: StoredRuns, *, old: dict[str, Any], new: dict[str, Any]
    ) -> Iterator[SyncBatch]:
        """The runs in these rows, the first of them already read. Only the last batch moves the cursor."""
        done = 0
        portion = _Portion()
        for start in range(0, len(rows), BATCH_RUNS):
            part = rows[start : start + BATCH_RUNS]
            wanted = self._wanted(runs_of(self._read(RowList(part)) if start else first))
            while not self._fill(portion, wanted):
                yield portion.batch(cursor=old, done=done, total=len(rows), note=self.note)
                portion = _Portion()
            done += len(part)
            last = done == len(rows)
            yield portion.batch(cursor=new if last else old, done=done, total=len(rows), note=self.note)
            portion = _Portion()

    def _scan(self, cursor: dict[str, Any]) -> Iterator[SyncBatch]:
        """All runs behind the cursor's row that are not known as they are; then the runs that are gone."""
        snapshot = Snapshot.from_json(cursor.get("snapshot"))
        total = snapshot.run_count if snapshot is not None else 0
        known = self.known()
        done = int(cursor.get("done", 0))
        portion = _Portion()
        for stored, after in self._ahead(int(cursor["after"]), snapshot) if snapshot is not None else ():
            raws = runs_of(stored)
            wanted = self._wanted(raws)
            while not self._fill(portion, wanted, known):
                # The cursor stays before this stretch: what was taken over is then known and not sent twice.
                yield portion.batch(cursor=cursor, done=done, total=total, note=self.note)
                portion = _Portion()
            done += len(raws)
            cursor = {**cursor, "after": after, "done": done}
            if portion.runs and done < total:
                yield portion.batch(cursor=cursor, done=done, total=total, note=self.note)
                portion = _Portion()
        gone = self._gone(known)
        complete = {key: value for key, value in cursor.items() if key not in ("after", "done")}
        yield portion.batch(cursor=complete, done=done, total=total, gone=gone, note=self.note)

    def _ahead(self, after: int, snapshot: Snapshot) -> Iterator[tuple[StoredRuns, int]]:
        """The runs behind this row in stretches, each with the last row it reaches. One is read while one is used."""
        with self.file.readings() as view, ThreadPoolExecutor(1, thread_name_prefix="assay-read") as reader:
            with view() as connection:
                self._revision(connection)
            following = None
            while after < snapshot.last_run:
                stored, after = (following or reader.submit(self._next, view, after, snapshot)).result()
                more = after < snapshot.last_run
                following = reader.submit(self._next, view, after, snapshot) if more else None
                if stored is not None:
                    yield stored, after

    def _next(self, view: View, after: int, snapshot: Snapshot) -> tuple[StoredRuns | None, int]:
        last = snapshot.last_run
        # Short ones first, so that writing begins soon, and last, so that little is left to write when all is read.
        limit = min(BATCH_RUNS, max(SHORT_BATCH_RUNS, min(2 * after, (last - after) // 2)))
        with view() as connection:
            schema, end = connection.execute(_FOLLOWING, (after, last, limit)).fetchone()
            if schema != snapshot.schema:
                self._revision(connection)
            while end is not None:
                chosen = RowRange(after + 1, end)
                few = limit == 1 or snapshot.last_metric <= BATCH_POINTS
                if few or points_of(connection, chosen) <= BATCH_POINTS:
                    return read_runs(connection, chosen), end
                limit //= 2
                _, end = connection.execute(_FOLLOWING, (after, last, limit)).fetchone()
        return None, last

    def _read(self, rows: RowList) -> StoredRuns:
        with self.file.reading() as connection:
            self._revision(connection)
            return read_runs(connection, rows)

    def _gone(self, known: Mapping[str, str]) -> list[str]:
        """Known runs that the store no longer has at all."""
        if not known:
            return []
        with self.file.reading() as connection:
            present = {row[0] for row in connection.execute("SELECT run_uuid FROM runs")}
        return sorted(set(known) - present)

    def _wanted(self, raws: list[RawRun]) -> Iterator[RawRun]:
        chosen = set(self.source.experiment_filter)
        for raw in raws:
            inside = not chosen or raw.experiment_name in chosen or raw.experiment_id in chosen
            # An id that MLflow itself cannot have made is nobody's run.
            if inside and RUN_ID.match(raw.external_id):
                yield raw

    def _fill(
        self, portion: _Portion, raws: Iterator[RawRun], known: Mapping[str, str] | None = None
    ) -> bool:
        """Add these runs, less those known as they are. False when the portion is full before all are in."""
        is_there = remembered_folders()
        with without_collection():
            for raw in raws:
                scores = local_scores(raw.artifact_uri, raw.external_id, is_there=is_there)
                run = assemble(raw, source=self.source.name, url=None, scores=scores)
                if known is None or known.get(run.external_id) != run.digest:
                    portion.add(run, scores.content)
                if portion.blob_bytes > BATCH_BLOB_BYTES:
                    return False
        return True
