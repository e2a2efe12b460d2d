"""Reads run logs: a folder that `assay.experiment` writes to, run by run, each only where it has grown."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np

from assay.connectors.tracked.folder import Folder, FoundFile, local_path
from assay.connectors.tracked.portions import Listed, ReadRun, changes_of, read_run, said_of
from assay.connectors.tracked.told import ToldRun, curve_in_logged_order, evidence_of, flattened, kept_text
from assay.connectors.trackers.run_log.alive import is_alive
from assay.connectors.trackers.run_log.form import (
    KIND,
    LIVE_SUFFIX,
    LOG_SUFFIX,
    MAX_LINE_BYTES,
    RUN_ID,
    TRASH,
)
from assay.connectors.trackers.run_log.lines import BrokenLineError, Columns, GatheredLines
from assay.domain.experiments.evidence import Curve, Run, RunStatus
from assay.errors import Invalid
from assay.workflows.ports import SyncBatch
from assay.workflows.records import Source

HOW = "run log"
MAX_FILE_BYTES = 4 * 2**30
_CHUNK_BYTES = 4 * 2**20
_COMPARED_BYTES = 256
_MOST_POINTS_KEPT = 5_000_000
"""120 MB of points of runs that are being logged."""
_STATUS = {"finished": RunStatus.FINISHED, "failed": RunStatus.FAILED, "stopped": RunStatus.STOPPED}


class RunLogReader:
    """Reads the folder of one source (see `assay.connectors.tracked.reader.TrackerReader`)."""

    def changes(self, source: Source, known: Callable[[], Mapping[str, str]]) -> Iterator[SyncBatch]:
        """Everything that differs from what the cursor says."""
        folder = _folder(source)
        return changes_of(folder, _runs(folder, source), source, known, how=HOW)

    def check(self, source: Source) -> str:
        """One line about the folder."""
        folder = _folder(source)
        return said_of(folder, _runs(folder, source), "run logs")


def _folder(source: Source) -> Folder:
    root = local_path(source.uri, kind=KIND, example=".assay/runs/my-project")
    return Folder(
        root,
        source.uri,
        "run logs",
        "a run that assay.experiment logged, such as 20261122-064145-5f3a9c1e.jsonl",
    )


def _runs(folder: Folder, source: Source) -> Iterator[Listed]:
    """Every run, with a mark of its files and of whether its process lives."""
    found = ((_place(file), file) for file in folder.files(into=lambda path: path == TRASH))
    named = (one for one in found if one[0] is not None)
    for place, group in groupby(named, key=itemgetter(0)):
        files = [file for _, file in group]
        logs = [file for file in files if file.name.endswith(LOG_SUFFIX)]
        if not logs:
            continue
        live = next((file for file in files if file.name.endswith(LIVE_SUFFIX)), None)
        alive = live is not None and _alive(folder, live)
        died = live is not None and not alive
        mark = b"".join([*(file.mark for file in logs), b"died" if died else b""])
        prefix, _, run = place.rpartition("/")
        yield Listed(run, mark, _reading(folder, source, run, logs, died=died, deleted=bool(prefix)))


def _place(file: FoundFile) -> str | None:
    """Folder and id of the run that a file belongs to; None for any other file."""
    run, _, _ = file.name.partition(".")
    known = file.name.endswith((LOG_SUFFIX, LIVE_SUFFIX)) and RUN_ID.match(run)
    return f"{file.folder}/{run}".removeprefix("/") if known else None


def _alive(folder: Folder, live: FoundFile) -> bool:
    try:
        handle = folder.open(live.path)
    except Invalid:  # its run ended meanwhile
        return False
    try:
        return is_alive(handle)
    except OSError:
        return True
    finally:
        os.close(handle)


def _reading(
    folder: Folder, source: Source, run: str, logs: list[FoundFile], *, died: bool, deleted: bool
) -> Callable[[], ReadRun]:
    return lambda: read_run(_told(folder, run, logs, died=died, deleted=deleted), source)


def _told(folder: Folder, run: str, logs: list[FoundFile], *, died: bool, deleted: bool) -> ToldRun:
    parts = {}
    for file in logs:
        part = parts[file.name] = _growing.take(folder, file)
        part.read_on(folder, file.path)
        _growing.keep(folder, file, part)
    if not _main(parts, run):
        raise folder.broken(
            logs[0].path,
            "the first line of its run is missing",
            f"it in {run}{LOG_SUFFIX}",
            "remove what is left of this run, then: assay sync",
        )
    return _as_told(run, parts, died=died, deleted=deleted)


def _main(parts: Mapping[str, PartOfRun], run: str) -> bool:
    """Is the log of the process that began the run there, with its head?"""
    main = parts.get(f"{run}{LOG_SUFFIX}")
    return main is not None and main.lines.head is not None


def _as_told(run: str, read: Mapping[str, PartOfRun], *, died: bool, deleted: bool) -> ToldRun:
    main_name = f"{run}{LOG_SUFFIX}"
    parts = {name: part.lines for name, part in read.items()}
    main = parts[main_name]
    assert main.head is not None
    head, end = main.head, main.end
    ended = _whole(end.get("ended_ms")) if end is not None else None
    status = RunStatus.FAILED if died else RunStatus.RUNNING
    tags = {
        kept_text(name): kept_text(value)
        for part in _main_first(parts, main_name)
        for name, value in part.tags.items()
    }
    said: dict[str, Any] = {"assay.lost_calls": sum(part.lost for part in parts.values())}
    if end is not None:
        said |= {"assay.refused_values": end.get("refused"), "assay.ended_by": end.get("error")}
    tags |= {name: kept_text(value) for name, value in said.items() if value}
    return ToldRun(
        external_id=run,
        name=kept_text(head.get("name") or ""),
        status=status if end is None else _STATUS[end["status"]],
        experiment=kept_text(head.get("project") or ""),
        started_ms=_whole(head.get("started_ms")),
        ended_ms=ended,
        params=parameters_of(main),
        tags=tags,
        curves=_curves(parts.values()),
        deleted=deleted,
    )


def parameters_of(main: GatheredLines) -> dict[str, str]:
    """The parameters of a run, by the name of each leaf."""
    return flattened((main.head or {}).get("params", {}))


def _main_first(parts: Mapping[str, GatheredLines], main_name: str) -> list[GatheredLines]:
    return [parts[main_name], *(part for name, part in parts.items() if name != main_name)]


@dataclass(slots=True)
class PartOfRun:
    """One file of a run, read up to its last whole line."""

    name: str
    lines: GatheredLines = field(default_factory=GatheredLines)
    read: int = 0

    @property
    def points(self) -> int:
        """How many were read."""
        return sum(len(columns.steps) for columns in self.lines.points.values())

    def read_on(self, folder: Folder, path: str) -> bool:
        """Everything that has come since; was there anything? Raises Invalid naming the file and the line that is broken."""
        handle = folder.open(path)
        before, rest = self.read, b""
        try:
            os.lseek(handle, before, os.SEEK_SET)
            while chunk := os.read(handle, _CHUNK_BYTES):
                *whole, rest = (rest + chunk).split(b"\n")
                for line in whole:
                    self.lines.take(line)
                    self.read += len(line) + 1
                _check_size(len(rest), self.read)
        except BrokenLineError as error:
            raise folder.broken(
                path,
                f"line {self.lines.lines + 1} is {error.fact}",
                error.expected,
                "restore or remove this run, then: assay sync",
            ) from error
        finally:
            os.close(handle)
        return self.read > before


class GrowingFiles:
    """Files that are still being written, as far as this process has read them: the next look reads what has come since.

    A file is read from its beginning again where the bytes before the place at which the last look ended are others now, and
    where it was forgotten because others take the memory that all of them may take. One that ended is not kept.
    """

    def __init__(self, most_points: int) -> None:
        self._most_points = most_points
        self._kept: dict[tuple[str, int], tuple[PartOfRun, bytes]] = {}
        self._lock = threading.Lock()

    def take(self, folder: Folder, file: FoundFile) -> PartOfRun:
        """What was read of this file, which nobody else gets meanwhile; nothing where it is not known, or another one."""
        with self._lock:
            part, last = self._kept.pop(_place_of(folder, file), (PartOfRun(file.name), b""))
        same = part.read and file.size >= part.read and last == _last_bytes(folder, file, part.read)
        return part if same else PartOfRun(file.name)

    def keep(self, folder: Folder, file: FoundFile, part: PartOfRun) -> None:
        """What was read of it now."""
        if part.lines.end is not None or not part.read:
            return
        with self._lock:
            self._kept[_place_of(folder, file)] = part, _last_bytes(folder, file, part.read)
            while sum(one.points for one, _ in self._kept.values()) > self._most_points:
                self._kept.pop(next(iter(self._kept)))


def _place_of(folder: Folder, file: FoundFile) -> tuple[str, int]:
    return f"{folder.root}/{file.path}", file.inode


def _last_bytes(folder: Folder, file: FoundFile, end: int) -> bytes:
    """What stands just before this place."""
    handle = folder.open(file.path)
    try:
        return os.pread(handle, min(end, _COMPARED_BYTES), max(0, end - _COMPARED_BYTES))
    finally:
        os.close(handle)


_growing = GrowingFiles(_MOST_POINTS_KEPT)


class RunTail:
    """One run that is being logged, read again and again; each time only what has come since.

    Args:
        folder: of the run logs.
        run_id: of the run.
    """

    def __init__(self, folder: str, run_id: str) -> None:
        self._folder = Folder(folder, folder, "run logs", run_id)
        self._run_id = run_id
        self._parts: dict[str, PartOfRun] = {}

    @property
    def parts(self) -> list[PartOfRun]:
        """The files of the run as far as they were read, that of the process that began it first."""
        main = f"{self._run_id}{LOG_SUFFIX}"
        return sorted(self._parts.values(), key=lambda part: (part.name != main, part.name))

    @property
    def main(self) -> GatheredLines | None:
        """What the process that began the run logged; None before anything of it was read."""
        part = self._parts.get(f"{self._run_id}{LOG_SUFFIX}")
        return None if part is None else part.lines

    def read(self) -> Run | None:
        """The run as it is now; None where nothing has come since the last look.

        Raises:
            AssayError: its log cannot be read.
        """
        changed = False
        for file in Path(self._folder.root).glob(f"{self._run_id}*{LOG_SUFFIX}"):
            changed |= self._parts.setdefault(file.name, PartOfRun(file.name)).read_on(
                self._folder, file.name
            )
        if not changed or not _main(self._parts, self._run_id):
            return None
        return evidence_of(_as_told(self._run_id, self._parts, died=False, deleted=False), source=KIND)


def _check_size(line: int, file: int) -> None:
    if line > MAX_LINE_BYTES or file > MAX_FILE_BYTES:
        expected = f"lines of at most {MAX_LINE_BYTES // 2**20} MB, {MAX_FILE_BYTES // 2**30} GB together"
        raise BrokenLineError("larger", expected)


def _curves(parts: Any) -> dict[str, Curve]:
    """The points of all processes of a run."""
    found: dict[str, list[Columns]] = {}
    for part in parts:
        for name, columns in part.points.items():
            found.setdefault(kept_text(name), []).append(columns)
    return {name: _curve(columns) for name, columns in found.items()}


def _curve(columns: list[Columns]) -> Curve:
    steps = np.concatenate([np.frombuffer(one.steps, np.int64) for one in columns])
    values = np.concatenate([np.frombuffer(one.values, np.float64) for one in columns])
    times = np.concatenate([np.frombuffer(one.times_ms, np.int64) for one in columns])
    return curve_in_logged_order(steps, values, times)


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63 else None
