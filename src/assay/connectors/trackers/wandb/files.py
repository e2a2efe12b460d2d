"""Weights & Biases on this machine: the folder `wandb`, with a folder a run and in it the log of the run, `run-ID.wandb`."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping

import numpy as np

from assay.connectors.tracked.documents import json_at
from assay.connectors.tracked.folder import MAX_TEXT_BYTES, Folder, FoundFile, local_path
from assay.connectors.tracked.portions import Listed, ReadRun, changes_of, read_run, said_of
from assay.connectors.tracked.silence import is_over, steps_of_silence
from assay.connectors.tracked.told import ToldRun, kept_text
from assay.connectors.tracked.wire import BYTES, Malformed, fields
from assay.connectors.trackers.wandb.about import HISTORY, TOLD, About
from assay.connectors.trackers.wandb.history import History
from assay.connectors.trackers.wandb.log import Damaged, Records, records
from assay.connectors.trackers.wandb.tags import tags_of
from assay.domain.experiments.evidence import Curve, RunStatus
from assay.errors import Invalid
from assay.workflows.ports import SyncBatch
from assay.workflows.records import Source

HOW = "W&B files"
_LOG = re.compile(r"run-([A-Za-z0-9_.\-]{1,128})\.wandb\Z", re.ASCII)
_SUMMARY = "files/wandb-summary.json"


class WandbFiles:
    """Reads `.wandb` files without W&B's client (implements `assay.connectors.tracked.reader.TrackerReader`)."""

    def changes(self, source: Source, known: Callable[[], Mapping[str, str]]) -> Iterator[SyncBatch]:
        """Everything that differs from what the cursor says (see `TrackerReader`)."""
        folder = _folder(source)
        return changes_of(folder, _runs(folder, source), source, known, how=HOW)

    def check(self, source: Source) -> str:
        """One line about the connection."""
        folder = _folder(source)
        return said_of(folder, _runs(folder, source), HOW)


def _folder(source: Source) -> Folder:
    root = local_path(source.uri, kind="wandb", example="./wandb")
    return Folder(
        root, source.uri, "W&B runs", "wandb/run-.../run-ID.wandb or wandb/offline-run-.../run-ID.wandb"
    )


def _runs(folder: Folder, source: Source) -> Iterator[Listed]:
    """Every run; one that was resumed has several logs, and is one run."""
    logs: dict[tuple[str, str], list[FoundFile]] = defaultdict(list)
    summaries: dict[str, FoundFile] = {}
    for file in folder.files(into=_is_read):
        if found := _LOG.match(file.name):
            logs[file.folder.rpartition("/")[0], found.group(1)].append(file)
        elif file.path.endswith(_SUMMARY):
            summaries[file.folder.rpartition("/")[0]] = file
    for (_, run), files in logs.items():
        last = files[-1]
        beside = summaries.get(last.folder)
        # A crash shows by silence alone, so that silence is part of what is seen.
        silence = steps_of_silence(last.changed_ns)
        mark = b"".join(file.mark for file in files) + (beside.mark if beside else b"") + bytes((silence,))
        reading = _Reading(folder, run, tuple(files), beside, silence)
        yield Listed(run, mark, lambda reading=reading: reading.read(source))  # type: ignore[misc]


def _is_read(path: str) -> bool:
    """Of what lies beside a log, only the summary; media, code and tables may be many and large."""
    name = path.rpartition("/")[2]
    return not re.search(r"(?:^|/)(?:offline-)?run-[^/]*/(?!files\Z)", path) and name not in (
        "logs",
        "tmp",
        ".git",
    )


class _Reading:
    """One run, from its logs in the order they were begun."""

    def __init__(
        self,
        folder: Folder,
        run: str,
        files: tuple[FoundFile, ...],
        summary: FoundFile | None,
        silence: int,
    ) -> None:
        self.folder, self.run, self.files, self.summary, self.silence = folder, run, files, summary, silence
        self.about = About()
        self.began_ms: int | None = None
        """When it was begun first; `about` knows the last time."""
        self.ran_ms = 0
        """How long it ran before it was resumed."""

    def read(self, source: Source) -> ReadRun:
        history: History | None = None
        for file in self.files:
            self._resumed(history)
            handle = self.folder.open(file.path)
            try:
                for portion in records(handle):
                    history = self._take(portion, history)
            except (Damaged, Malformed) as error:
                raise self._broken(file, str(error)) from error
            finally:
                os.close(handle)
        history = history or History(self.about.started_ms)
        self._take_summary(history)
        return read_run(self._told(history), source)

    def _resumed(self, history: History | None) -> None:
        """Another log begins: the former end was none, and the pause before this one is no work."""
        about = self.about
        if about.started_ms is not None:
            self.began_ms = about.started_ms if self.began_ms is None else self.began_ms
            signs = [about.last_ms, None if history is None else history.last_ms, about.started_ms]
            self.ran_ms += max(sign for sign in signs if sign is not None) - about.started_ms
        about.exit_code = None

    def _take(self, portion: Records, history: History | None) -> History | None:
        top = fields(portion.buffer, portion.starts, portion.ends)
        is_told = np.isin(top.number, TOLD) & (top.kind == BYTES)
        told = sorted(
            zip(
                top.owner[is_told].tolist(),
                *(c[is_told].tolist() for c in (top.number, top.start, top.end)),
                strict=True,
            )
        )
        for (
            _,
            number,
            start,
            end,
        ) in told:  # in the order they were written: a later word replaces an earlier one
            self.about.take(number, portion.buffer.text(start, end))
        rows = top.only(HISTORY, BYTES)
        if len(rows.owner):
            history = history or History(self.about.started_ms)
            history.add(portion.buffer, rows.start, rows.end)
        return history

    def _take_summary(self, history: History) -> None:
        """The summary knows of rows that a log cut by a crash does not hold."""
        if self.summary is None or self.about.exit_code is not None:
            return
        told = json_at(self.folder, self.summary.path, limit=MAX_TEXT_BYTES)
        step, at = told.get("_step"), told.get("_timestamp")
        if type(step) is int and history.last_step < step < 2**53:
            seconds = at if isinstance(at, int | float) and 0 <= at < 2**38 else (history.last_ms or 0) / 1000
            history.add_row(told, step, int(seconds * 1000))

    def _told(self, history: History) -> ToldRun:
        about = self.about
        texts = about.texts
        tags = tags_of(texts, about.tags, about.commit)
        curves = history.curves()
        status = self._status(curves)
        return ToldRun(
            external_id=self.run,
            name=texts.get("name", ""),
            status=status,
            experiment=texts.get("project", ""),
            group=texts.get("group", ""),
            started_ms=about.started_ms if self.began_ms is None else self.began_ms,
            ended_ms=None if status is RunStatus.RUNNING else self._ended_ms(history),
            paused_ms=self._paused_ms(),
            params=about.params(),
            tags=tags,
            curves=curves,
            devices_seen=about.devices,
            device_seen=about.device,
        )

    def _status(self, curves: Mapping[str, Curve]) -> RunStatus:
        if self.about.exit_code is not None:
            return RunStatus.FINISHED if self.about.exit_code == 0 else RunStatus.FAILED
        return (
            RunStatus.FAILED
            if is_over(self.silence, curves.values(), last_ms=self.about.last_ms)
            else RunStatus.RUNNING
        )

    def _ended_ms(self, history: History) -> int | None:
        about = self.about
        if about.exit_code is not None and about.started_ms is not None and about.runtime_s > 0:
            return about.started_ms + about.runtime_s * 1000
        return max(
            (at for at in (history.last_ms, about.last_ms, about.started_ms) if at is not None), default=None
        )

    def _paused_ms(self) -> int:
        """How long it stood still between its logs."""
        if self.began_ms is None or self.about.started_ms is None:
            return 0
        return max(self.about.started_ms - self.began_ms - self.ran_ms, 0)

    def _broken(self, file: FoundFile, fact: str) -> Invalid:
        return self.folder.broken(
            file.path,
            kept_text(fact),
            "what W&B's client writes",
            "copy it again, or remove it, then: assay sync",
        )
