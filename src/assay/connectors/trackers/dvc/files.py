"""What DVCLive leaves behind: `metrics.json`, `params.yaml` and `plots/metrics/*.tsv` in a folder a run.

Nothing of DVC is run: no command, no stage, no remote, no git.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from assay.connectors.tracked.documents import json_at, yaml_at
from assay.connectors.tracked.folder import Folder, FoundFile, local_path
from assay.connectors.tracked.meaning import ticket_of
from assay.connectors.tracked.portions import Listed, ReadRun, changes_of, read_run, said_of
from assay.connectors.tracked.silence import is_over, steps_of_silence
from assay.connectors.tracked.told import ToldRun, flattened, kept_text
from assay.connectors.trackers.dvc.values import add_last_values, curve_at
from assay.domain.experiments.evidence import Curve, RunStatus
from assay.workflows.ports import SyncBatch
from assay.workflows.records import Source

HOW = "DVCLive files"
_METRICS, _PARAMS, _PLOTS = "metrics.json", "params.yaml", "plots/metrics/"
_STATUS = {one.value: one for one in RunStatus}


class DvcFiles:
    """Reads DVCLive's files without DVC (implements `assay.connectors.tracked.reader.TrackerReader`)."""

    def changes(self, source: Source, known: Callable[[], Mapping[str, str]]) -> Iterator[SyncBatch]:
        """Everything that differs from what the cursor says (see `TrackerReader`)."""
        folder = _folder(source)
        return changes_of(folder, _runs(folder, source), source, known, how=HOW)

    def check(self, source: Source) -> str:
        """One line about the connection."""
        folder = _folder(source)
        return said_of(folder, _runs(folder, source), HOW)


def _folder(source: Source) -> Folder:
    root = local_path(source.uri, kind="dvc", example="./dvclive")
    return Folder(root, source.uri, "DVCLive runs", "dvclive/metrics.json")


def _runs(folder: Folder, source: Source) -> Iterator[Listed]:
    """Every folder with metrics, and what lies in it."""
    found: dict[str, list[FoundFile]] = defaultdict(list)
    for file in folder.files(into=lambda path: not path.rpartition("/")[2].startswith(".")):
        before, plots, _ = f"/{file.path}".rpartition(f"/{_PLOTS}")
        if plots and file.name.endswith(".tsv"):
            found[before[1:]].append(file)
        elif file.name in (_METRICS, _PARAMS):
            found[file.folder].append(file)
    for run, files in found.items():
        if all(file.name == _PARAMS for file in files):
            continue
        silence = steps_of_silence(max(file.changed_ns for file in files))
        mark = b"".join(file.mark for file in files) + bytes((silence,))
        reading = _Reading(folder, run, files, silence)
        yield Listed(reading.external_id, mark, lambda reading=reading: reading.read(source))  # type: ignore[misc]


class _Reading:
    """One run: the folder that it wrote to."""

    def __init__(self, folder: Folder, run: str, files: list[FoundFile], silence: int) -> None:
        self.folder, self.run, self.files, self.silence = folder, run, files, silence
        self.external_id = kept_text(os.fsencode(run or Path(folder.root).absolute().name))

    def read(self, source: Source) -> ReadRun:
        params: dict[str, str] = {}
        summary: dict[str, Any] = {}
        curves: dict[str, Curve] = {}
        for file in self.files:
            if file.name == _PARAMS and file.folder == self.run:
                params = flattened(yaml_at(self.folder, file.path))
            elif file.name == _METRICS and file.folder == self.run:
                summary = json_at(self.folder, file.path)
            else:
                name = kept_text(
                    os.fsencode(
                        file.path[len(self.run) + (1 if self.run else 0) + len(_PLOTS) : -len(".tsv")]
                    )
                )
                if curve := curve_at(self.folder, file.path):
                    curves[name] = curve
        last_ms = max(file.changed_ns for file in self.files) // 1_000_000
        add_last_values(curves, summary, last_ms)
        return read_run(self._told(params, curves, last_ms), source)

    def _told(self, params: dict[str, str], curves: Mapping[str, Curve], last_ms: int) -> ToldRun:
        said = params.pop("assay.status", "")
        status = _STATUS.get(said) or (
            RunStatus.FINISHED if is_over(self.silence, curves.values()) else RunStatus.RUNNING
        )
        begun = [
            int(curve.times_ms.min())
            for curve in curves.values()
            if curve.points and curve.times_ms.min() > 0
        ]
        path = self.external_id.split("/")
        return ToldRun(
            external_id=self.external_id,
            name=self.external_id,
            status=status,
            experiment=path[0],
            group=next((part for part in reversed(path) if ticket_of({}, part)), ""),
            started_ms=min(begun, default=None),
            ended_ms=None if status is RunStatus.RUNNING else last_ms,
            params=params,
            curves=curves,
        )
