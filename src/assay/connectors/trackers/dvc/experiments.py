"""Experiments that DVC keeps in git: each is a commit that no branch leads to, named `refs/exps/BASELINE/NAME`.

`dvc exp run` and `dvc exp save` make them, DVCLive does by itself. Nothing of DVC is run. What lies only in DVC's cache is no part of the
commit, and is said to be missing.
"""

from __future__ import annotations

import os
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from assay.connectors.tracked.documents import json_at, yaml_at
from assay.connectors.tracked.folder import MAX_TEXT_BYTES, Folder, local_path
from assay.connectors.tracked.portions import Listed, ReadRun, changes_of, read_run, runs_counted
from assay.connectors.tracked.told import ToldRun, flattened, kept_text
from assay.connectors.trackers.dvc.declared import Declared, folder_of, joined, name_of
from assay.connectors.trackers.dvc.git_objects import Blob, GitObjects, common_folder, references
from assay.connectors.trackers.dvc.values import MAX_CURVE_BYTES, add_last_values, curve_at
from assay.domain.experiments.evidence import UNFINISHED, Curve, RunStatus
from assay.errors import Invalid
from assay.workflows.ports import SyncBatch
from assay.workflows.records import Source

HOW = "DVC experiments"
_BELOW = "refs/exps/"
_REFERENCE = re.compile(r"refs/exps/([0-9a-f]{2})/([0-9a-f]{38}(?:[0-9a-f]{24})?)/(.{1,200})\Z", re.DOTALL)
_COMMITTED = re.compile(rb"^committer .* ([0-9]{1,11}) [+-][0-9]{4}$", re.MULTILINE)
_METRICS, _PARAMS, _PLOTS, _PLAN = "metrics.json", "params.yaml", "plots/metrics/", "dvc.yaml"
_READ = (".json", ".yaml", ".yml")
_STATUS = {one.value: one for one in RunStatus}
_MAX_COMMIT_BYTES = 2**20
_MAX_TAG_CHARACTERS = 1000
_MAX_FILES = 20_000


class DvcExperiments:
    """Reads experiments from git's objects (implements `assay.connectors.tracked.reader.TrackerReader`)."""

    def changes(self, source: Source, known: Callable[[], Mapping[str, str]]) -> Iterator[SyncBatch]:
        """Everything that differs from what the cursor says (see `TrackerReader`)."""
        with ExitStack() as stack:
            folder, prefix = _repository(source)
            yield from changes_of(folder, _runs(folder, prefix, source, stack), source, known, how=HOW)

    def check(self, source: Source) -> str:
        """One line about the connection."""
        with ExitStack() as stack:
            folder, prefix = _repository(source)
            count = sum(1 for _ in _runs(folder, prefix, source, stack))
            if not count:
                raise folder.nothing_there()
            return f"{HOW} in {Path(local_path(source.uri, kind='dvc', example='.')).absolute().name}: {runs_counted(count)}"


def _repository(source: Source) -> tuple[Folder, str]:
    """The folder of git's own files, and where in its commits the project lies."""
    root = Path(local_path(source.uri, kind="dvc", example="./dvclive"))
    found = common_folder(root)
    place, prefix = found or (root, "")
    expected = (
        f"{_BELOW}..., which dvc exp run and dvc exp save make; for files, the folder itself: ./dvclive"
    )
    folder = Folder(str(place), source.uri, HOW, expected)
    return folder, f"{prefix}/" if prefix else ""


def _runs(folder: Folder, prefix: str, source: Source, stack: ExitStack) -> Iterator[Listed]:
    """Every experiment. Git is looked for when the first one is read."""
    opened: list[GitObjects] = []

    def read(commit: str, baseline: str, name: str) -> ReadRun:
        if not opened:
            opened.append(stack.enter_context(GitObjects(folder, len(commit))))
        return _Experiment(opened[0], prefix, commit, baseline, name).read(source)

    for reference, commit in sorted(references(folder, _BELOW).items()):
        found = _REFERENCE.match(reference)
        if found is None:  # what is under way, queued or stashed
            continue
        baseline, name = found[1] + found[2], kept_text(os.fsencode(found[3]))
        yield Listed(
            f"{baseline[:7]}/{name}",
            f"{commit} {reference}".encode("utf-8", "surrogateescape"),
            lambda told=(commit, baseline, name): read(*told),  # type: ignore[misc]
        )


class _Experiment:
    """One experiment; a `Holder` of the files of its commit."""

    def __init__(self, objects: GitObjects, prefix: str, commit: str, baseline: str, name: str) -> None:
        self.objects, self.commit, self.baseline, self.name = objects, commit, baseline, name
        self.files: dict[str, Blob] = {
            path[len(prefix) :]: blob
            for path, blob in objects.files(commit).items()
            if path.startswith(prefix)
        }
        self.contents: dict[str, bytes] = {}

    def content(self, path: str, *, limit: int = MAX_TEXT_BYTES) -> bytes:
        """The content of a file that was fetched."""
        if self.files[path].size > limit:
            raise self.broken(
                path,
                f"larger than {limit // 1024} KB",
                "at most that",
                "leave large objects out of it, then: assay sync",
            )
        return self.contents[self.files[path].hash]

    def broken(self, path: str, fact: str, expected: str, hint: str) -> Invalid:
        """The error for one file of the commit."""
        return self.objects.folder.broken(f"{self.name}:{path}", fact, expected, hint)

    def read(self, source: Source) -> ReadRun:
        """The experiment as evidence. Raises Invalid naming the file that is broken."""
        plans = [path for path in self.files if name_of(path) == _PLAN]
        committed_ms = self._committed_ms(plans)
        declared = Declared()
        for path in plans:
            declared.add(self, path)
        tables = {path: found for path in self.files if (found := _table(path))}
        summaries = self._known([path for path in self.files if name_of(path) == _METRICS])
        summaries += self._known(sorted(declared.metrics - set(summaries)))
        folders = {folder for folder, _ in tables.values()} | {folder_of(path) for path in summaries}
        beside = self._known([joined(folder, _PARAMS) for folder in sorted(folders) if folder])
        others = self._known([_PARAMS, *sorted(declared.params - {_PARAMS, *beside})])
        self._fetch([*tables, *summaries, *beside, *others])
        config = _several({folder_of(path): flattened(self._told_in(path)) for path in beside})
        for path in others:  # what is said beside the values wins
            config = flattened(self._told_in(path)) | config
        curves = self._curves(tables, summaries, committed_ms)
        known = {*tables, *summaries, *beside, *others, *self._plotted(declared)}
        return read_run(self._run(config, curves, declared.all() - known, committed_ms), source)

    def _known(self, paths: Iterable[str]) -> list[str]:
        """Those of these paths that can be read."""
        return [path for path in paths if path in self.files and path.endswith(_READ)]

    def _committed_ms(self, plans: list[str]) -> int:
        self._fetch(plans, {self.commit: _MAX_COMMIT_BYTES})
        found = _COMMITTED.search(self.contents[self.commit])
        if found is None:
            raise self.objects.broken(self.commit, "no commit")
        return int(found[1]) * 1000

    def _fetch(self, paths: list[str], others: Mapping[str, int] | None = None) -> None:
        """Have git tell the content of these files."""
        blobs = {self.files[path].hash: self.files[path].size for path in paths}
        if sum(blobs.values()) > MAX_CURVE_BYTES or len(paths) > _MAX_FILES:
            raise self.broken(
                max(paths, key=lambda path: self.files[path].size),
                f"one of {len(paths)} files with {sum(blobs.values()) / 2**20:.0f} MB",
                f"at most {_MAX_FILES} with {MAX_CURVE_BYTES // 2**20} MB in an experiment",
                "keep large files in DVC's cache",
            )
        self.contents |= self.objects.contents({**blobs, **(others or {})})

    def _told_in(self, path: str) -> dict[str, Any]:
        return json_at(self, path) if path.endswith(".json") else yaml_at(self, path)

    def _curves(
        self, tables: Mapping[str, tuple[str, str]], summaries: list[str], at_ms: int
    ) -> dict[str, Curve]:
        """Curves by metric; one that several folders tell of is called by its folder too."""
        found: dict[str, dict[str, Curve]] = defaultdict(dict)
        for path, (folder, metric) in tables.items():
            if curve := curve_at(self, path):
                found[folder][_text(metric)] = curve
        for path in summaries:
            add_last_values(found[folder_of(path)], self._told_in(path), at_ms)
        times = Counter(metric for curves in found.values() for metric in curves)
        return {
            metric if times[metric] == 1 else _text(joined(folder, metric)): curve
            for folder, curves in found.items()
            for metric, curve in curves.items()
        }

    def _plotted(self, declared: Declared) -> Iterator[str]:
        """Folders of plots that are read, as tables below them are."""
        for path in declared.plots:
            if path in self.files or any(one.startswith(f"{path}/") for one in self.files):
                yield path

    def _run(
        self, config: dict[str, str], curves: Mapping[str, Curve], missing: set[str], committed_ms: int
    ) -> ToldRun:
        status = _STATUS.get(config.pop("assay.status", ""), RunStatus.FINISHED)
        begun = [int(one.times_ms.min()) for one in curves.values() if one.points and one.times_ms.min() > 0]
        tags = {"git.commit": self.baseline, "dvc.experiment": self.commit}
        if missing:
            tags["dvc.not_read"] = ", ".join(_text(path) for path in sorted(missing))[:_MAX_TAG_CHARACTERS]
        return ToldRun(
            external_id=f"{self.baseline[:7]}/{self.name}",
            name=self.name,
            status=status,
            experiment=self.baseline[:7],
            group=self.name,
            started_ms=min(begun, default=None),
            ended_ms=None if status in UNFINISHED else committed_ms,
            params=config,
            tags=tags,
            curves=curves,
        )


def _several(told: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """The parameters that lie beside values; one that several folders tell differently is called by its folder."""
    said: dict[str, set[str]] = defaultdict(set)
    for params in told.values():
        for name, value in params.items():
            said[name].add(value)
    return {
        name if len(said[name]) == 1 else _text(joined(folder, name)): value
        for folder, params in told.items()
        for name, value in params.items()
    }


def _table(path: str) -> tuple[str, str] | None:
    """Folder and metric of a table that DVCLive wrote; None for any other file."""
    before, plots, metric = f"/{path}".rpartition(f"/{_PLOTS}")
    return (before[1:], metric[: -len(".tsv")]) if plots and metric.endswith(".tsv") else None


def _text(path: str) -> str:
    return kept_text(os.fsencode(path))
