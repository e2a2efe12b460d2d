"""A TensorBoard log folder: each folder with event files is a run, named by its path."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from assay.connectors.tracked.documents import json_at, yaml_at
from assay.connectors.tracked.folder import Folder, FoundFile, local_path
from assay.connectors.tracked.meaning import ticket_of
from assay.connectors.tracked.portions import Listed, ReadRun, changes_of, read_run, said_of
from assay.connectors.tracked.silence import is_over, steps_of_silence
from assay.connectors.tracked.told import ToldRun, flattened, kept_text
from assay.connectors.tracked.wire import Malformed
from assay.connectors.trackers.tensorboard.events import Events
from assay.connectors.trackers.tensorboard.records import Damaged, records
from assay.domain.experiments.evidence import Curve, RunStatus
from assay.workflows.ports import SyncBatch
from assay.workflows.records import Source

HOW = "TensorBoard files"
_EVENTS = re.compile(r"events\.out\.tfevents\.|.*\.tfevents(?:\.|\Z)")
_SIDECAR, _HPARAMS = "assay.json", "hparams.yaml"
# Keras and others write one training as several folders.
_PARTS = frozenset(("train", "validation", "val", "eval", "evaluation", "test"))
_HPARAMS_FOLDER = re.compile(r"[0-9]{9,11}\.[0-9]{1,9}\Z", re.ASCII)
"""What `add_hparams` of PyTorch and TensorBoardX calls the folder that it makes below that of the run: the time."""
_STATUS = {one.value: one for one in RunStatus}


class TensorBoardFiles:
    """Reads event files without TensorFlow or TensorBoard (implements `assay.connectors.tracked.reader.TrackerReader`)."""

    def changes(self, source: Source, known: Callable[[], Mapping[str, str]]) -> Iterator[SyncBatch]:
        """Everything that differs from what the cursor says (see `TrackerReader`)."""
        folder = _folder(source)
        return changes_of(folder, _runs(folder, source), source, known, how=HOW)

    def check(self, source: Source) -> str:
        """One line about the connection."""
        folder = _folder(source)
        return said_of(folder, _runs(folder, source), HOW)


def _folder(source: Source) -> Folder:
    root = local_path(source.uri, kind="tensorboard", example="./runs")
    return Folder(root, source.uri, "TensorBoard runs", "RUN/events.out.tfevents.*")


def _runs(folder: Folder, source: Source) -> Iterator[Listed]:
    """Every run with the files it is read from."""
    files: dict[str, dict[str, list[FoundFile]]] = defaultdict(lambda: defaultdict(list))
    sidecars: dict[str, list[FoundFile]] = defaultdict(list)
    for file in folder.files():
        if _EVENTS.match(file.name):
            above, _, part = file.folder.rpartition("/")
            is_part = part in _PARTS and (above or file.folder != part or _has_siblings(folder))
            files[above if is_part else file.folder][f"{part}/" if is_part else ""].append(file)
        elif file.name in (_SIDECAR, _HPARAMS):
            sidecars[file.folder].append(file)
    added = _added(files)
    for run, parts in files.items():
        beside, hparams = sidecars.get(run, []), added.get(run, [])
        read = [*(file for part in parts.values() for file in part), *hparams]
        silence = steps_of_silence(max(file.changed_ns for file in read))
        mark = b"".join(file.mark for file in (*read, *beside)) + bytes((silence,))
        reading = _Reading(folder, run, parts, [file.name for file in beside], hparams, silence=silence)
        yield Listed(reading.external_id, mark, lambda reading=reading: reading.read(source))  # type: ignore[misc]


def _added(files: dict[str, dict[str, list[FoundFile]]]) -> dict[str, list[FoundFile]]:
    """What `add_hparams` wrote beside each run, taken out of the runs. Where it wrote several times, each is a trial, so a run."""
    below: dict[str, list[str]] = defaultdict(list)
    for place, parts in files.items():
        if _HPARAMS_FOLDER.match(place.rpartition("/")[2]) and set(parts) == {""}:
            below[place.rpartition("/")[0]].append(place)
    return {
        run: files.pop(places[0])[""] for run, places in below.items() if run in files and len(places) == 1
    }


def _has_siblings(folder: Folder) -> bool:
    """Is the folder that was connected one run of several parts?"""
    return sum((Path(folder.root) / part).is_dir() for part in _PARTS) > 1


class _Reading:
    """One run, from its files in the order they were begun: their names begin with the time."""

    def __init__(
        self,
        folder: Folder,
        run: str,
        parts: Mapping[str, list[FoundFile]],
        beside: list[str],
        hparams: list[FoundFile],
        *,
        silence: int,
    ) -> None:
        self.folder, self.run, self.parts, self.beside, self.silence = folder, run, parts, beside, silence
        self.hparams = hparams
        root = Path(folder.root).absolute()
        self.root_name = root.parent.name if root.is_file() else root.name
        self.external_id = kept_text(os.fsencode(run or self.root_name))

    def read(self, source: Source) -> ReadRun:
        events = {part: self._events(files) for part, files in self.parts.items()}
        # It tells the end of a session together with its beginning, so nothing of how the run ended.
        added = self._events(self.hparams)
        curves = added.curves("")
        for part, one in events.items():
            curves |= one.curves(part)
        params: dict[str, str] = {}
        tags: dict[str, str] = {}
        for one in (added, *events.values()):
            params |= flattened(one.params)
            tags |= one.texts
        if _HPARAMS in self.beside:
            params |= flattened(yaml_at(self.folder, self._beside(_HPARAMS)))
        if _SIDECAR in self.beside:
            params |= flattened(json_at(self.folder, self._beside(_SIDECAR)))
        status = self._status(params.pop("assay.status", ""), list(events.values()), curves)
        started = min((one.first_ms for one in events.values() if one.first_ms), default=None)
        ended = max((one.last_ms for one in events.values() if one.last_ms), default=None)
        path = self.external_id.split("/")
        return read_run(
            ToldRun(
                external_id=self.external_id,
                name=self.external_id,
                status=status,
                experiment=path[0],
                group=next((part for part in reversed(path) if ticket_of({}, part)), ""),
                started_ms=started,
                ended_ms=None if status is RunStatus.RUNNING else ended,
                params=params,
                tags=tags,
                curves=curves,
            ),
            source,
        )

    def _events(self, files: list[FoundFile]) -> Events:
        found = Events()
        for file in sorted(files, key=lambda one: one.name):
            handle = self.folder.open(file.path)
            try:
                for portion in records(handle):
                    found.add(portion.buffer, portion.starts, portion.ends)
            except (Damaged, Malformed) as error:
                raise self.folder.broken(
                    file.path,
                    str(error),
                    "what TensorBoard's writers write",
                    "copy it again, or remove it, then: assay sync",
                ) from error
            finally:
                os.close(handle)
        return found

    def _beside(self, name: str) -> str:
        return f"{self.run}/{name}" if self.run else name

    def _status(self, said: str, events: list[Events], curves: Mapping[str, Curve]) -> RunStatus:
        if said in _STATUS:
            return _STATUS[said]
        told = {one.status for one in events} - {""}
        if told & {"finished", "failed"}:
            return RunStatus.FAILED if "failed" in told else RunStatus.FINISHED
        if not is_over(self.silence, curves.values()):
            return RunStatus.RUNNING
        has_begun = any(one.started_s is not None for one in events)
        return RunStatus.FAILED if has_begun else RunStatus.FINISHED
