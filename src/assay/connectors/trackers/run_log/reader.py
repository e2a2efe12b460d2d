"""Reads run logs: a folder that `assay.experiment` writes to, run by run, each only where it has grown."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np

from assay.connectors.tracked.folder import Folder, FoundFile, local_path
from assay.connectors.tracked.portions import Listed, ReadRun, changes_of, read_run, runs_counted
from assay.connectors.tracked.told import ToldRun, evidence_of, flattened, kept_text, ordered_curve
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
        count = sum(1 for _ in _runs(folder, source))
        if not count:
            raise folder.nothing_there()
        return f"run logs: {runs_counted(count)}"


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
        part = parts[file.name] = PartOfRun(file.name)
        part.read_on(folder, file.path)
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
    return ordered_curve(steps, values, times)


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63 else None
