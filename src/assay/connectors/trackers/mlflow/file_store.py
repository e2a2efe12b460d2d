"""MLflow's old file store, the folder `mlruns`: a folder a run, a file a metric, parameter or tag."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from assay.connectors.tracked.documents import yaml_at
from assay.connectors.tracked.folder import Folder, FoundFile
from assay.connectors.tracked.portions import Listed, ReadRun, changes_of, said_of
from assay.connectors.trackers.mlflow.artifacts import RUN_ID, SCORE_FOLDER, local_scores
from assay.connectors.trackers.mlflow.assemble import assemble
from assay.connectors.trackers.mlflow.raw import LoggedDataset, RawRun, clean_text, curve_in_mlflow_order
from assay.domain.experiments.evidence import Curve, FloatArray
from assay.errors import Invalid
from assay.workflows.ports import SyncBatch
from assay.workflows.records import Source

HOW = "MLflow file store"
MAX_METRIC_BYTES = 512 * 2**20
MAX_META_BYTES = 2**20
# The numbers of MLflow's RunStatus, as the file store writes them.
_STATUS = {1: "RUNNING", 2: "SCHEDULED", 3: "FINISHED", 4: "FAILED", 5: "KILLED"}
_TRASH = ".trash/"
_CONTEXT = "mlflow.data.context"


class FileStore:
    """Reads one `mlruns` for one source.

    Args:
        root: the folder, or the one that holds `mlruns`.
        source: for which source.
    """

    def __init__(self, root: str, source: Source) -> None:
        inner = Path(root) / "mlruns"
        self.source = source
        self.folder = Folder(
            str(inner) if inner.is_dir() else root,
            source.uri,
            "MLflow runs",
            "mlruns/EXPERIMENT/RUN/meta.yaml, or a SQLite file",
        )
        self._experiments: dict[str, dict[str, Any]] = {}

    def changes(self, known: Callable[[], Mapping[str, str]]) -> Iterator[SyncBatch]:
        """Everything that differs from what the source's cursor says (see `assay.workflows.ports.EvidenceSource`)."""
        return changes_of(self.folder, self._runs(), self.source, known, how=HOW)

    def check(self) -> str:
        """One line about the connection."""
        return said_of(self.folder, self._runs(), HOW)

    def _runs(self) -> Iterator[Listed]:
        """Every run folder, each with a mark of all that is read of it."""
        marks: dict[str, bytes] = {}
        files: dict[str, list[FoundFile]] = defaultdict(list)
        for file in self.folder.files(into=_is_read):
            experiment, run = _place(file.path)
            if run:
                if files and run not in files:  # files come folder by folder
                    yield from self._listed(files, marks)
                    files.clear()
                files[run].append(file)
            elif file.name == "meta.yaml":
                marks[experiment] = file.mark
        yield from self._listed(files, marks)

    def _listed(self, files: Mapping[str, list[FoundFile]], marks: Mapping[str, bytes]) -> Iterator[Listed]:
        for place, found in files.items():
            experiment, _, run = place.rpartition("/")
            has_meta = any(file.path == f"{place}/meta.yaml" for file in found)
            # An id that MLflow itself cannot have made is nobody's run.
            if has_meta and RUN_ID.match(run):
                mark = marks.get(experiment, b"") + b"".join(file.mark for file in found)
                yield Listed(run, mark, lambda place=place, found=tuple(found): self._read(place, found))  # type: ignore[misc]

    def _read(self, place: str, found: tuple[FoundFile, ...]) -> ReadRun:
        experiment, _, run = place.rpartition("/")
        about = self._experiment(experiment)
        meta = self._meta(f"{place}/meta.yaml")
        parts = _sorted_by_part(place, found)
        raw = RawRun(
            external_id=run,
            name=clean_text(meta.get("run_name") or meta.get("name") or ""),
            status=_STATUS.get(meta.get("status", 0), clean_text(meta.get("status"))),
            started_ms=_integer(meta.get("start_time")),
            ended_ms=_integer(meta.get("end_time")),
            deleted=place.startswith(_TRASH) or meta.get("lifecycle_stage") == "deleted",
            experiment_id=clean_text(meta.get("experiment_id", experiment)),
            experiment_name=clean_text(about.get("name", experiment)),
            # Where the folder is now: the address it was written with may be that of another machine.
            artifact_uri=str(Path(self.folder.root).absolute() / place / "artifacts"),
            params={name: self._text(file) for name, file in parts["params"]},
            tags={name: self._text(file) for name, file in parts["tags"]},
            inputs=self._inputs(experiment, parts["inputs"]),
            curves={
                name: curve for name, file in parts["metrics"] if (curve := self._curve(file)) is not None
            },
        )
        raw = raw._replace(name=raw.tags.get("mlflow.runName", raw.name))
        scores = local_scores(raw.artifact_uri, run)
        evidence = assemble(raw, source=self.source.name, url=None, scores=scores)
        chosen = raw.experiment_name
        if raw.experiment_id in self.source.experiment_filter:
            chosen = raw.experiment_id
        return ReadRun(evidence, chosen, scores.content)

    def _experiment(self, experiment: str) -> dict[str, Any]:
        if experiment not in self._experiments:
            self._experiments[experiment] = self._meta(f"{experiment}/meta.yaml")
        return self._experiments[experiment]

    def _meta(self, path: str) -> dict[str, Any]:
        return yaml_at(self.folder, path)

    def _text(self, file: FoundFile) -> str:
        return clean_text(self.folder.content(file.path, limit=MAX_META_BYTES))

    def _inputs(self, experiment: str, files: list[tuple[str, FoundFile]]) -> tuple[LoggedDataset, ...]:
        found = []
        for name, file in files:
            if not name.endswith("/meta.yaml"):
                continue
            told = self._meta(file.path)
            dataset = clean_text(told.get("source_id"))
            if not RUN_ID.match(dataset):
                continue
            about = self._meta(f"{experiment}/datasets/{dataset}/meta.yaml")
            tags = told.get("tags")
            context = tags.get(_CONTEXT) if isinstance(tags, dict) else ""
            found.append(
                LoggedDataset(
                    clean_text(about.get("name")), clean_text(about.get("digest")), clean_text(context)
                )
            )
        return tuple(found)

    def _curve(self, file: FoundFile) -> Curve | None:
        """A metric's file: a line a point, `time value step`; a line without its end is still being written."""
        content = self.folder.content(file.path, limit=MAX_METRIC_BYTES)
        whole = content[: content.rfind(b"\n") + 1]
        if not whole:
            return None
        columns = len(whole[: whole.index(b"\n")].split())
        if columns not in (2, 3, 5):
            raise self._bad_line(file, 1, whole.split(b"\n", 1)[0])
        rows = self._rows(file, whole, columns)
        steps = rows[:, 2] if columns > 2 else np.zeros(len(rows))
        return curve_in_mlflow_order(steps.astype(np.int64), rows[:, 1].copy(), rows[:, 0].astype(np.int64))

    def _rows(self, file: FoundFile, whole: bytes, columns: int) -> FloatArray:
        words = whole.split()
        if len(words) % columns == 0 and len(words) // columns == whole.count(b"\n"):
            try:
                table = np.array(words, dtype=object).reshape(-1, columns)[:, :3].astype(np.float64)
            except (ValueError, OverflowError):
                pass
            else:
                whole_numbers = table[:, 0::2]
                if np.isfinite(whole_numbers).all() and (abs(whole_numbers) < 2**53).all():
                    return table
        for number, line in enumerate(whole.split(b"\n")[:-1], 1):
            try:
                time, _, step = (*map(float, line.split()[:3]), 0.0)[:3]
                good = len(line.split()) == columns and abs(time) < 2**53 and abs(step) < 2**53
            except ValueError:
                good = False
            if not good:
                raise self._bad_line(file, number, line)
        raise self._bad_line(file, 1, whole[:80])

    def _bad_line(self, file: FoundFile, number: int, line: bytes) -> Invalid:
        return self.folder.broken(
            file.path,
            f"line {number} is {line[:60].decode('utf-8', 'replace')!r}",
            "time, value and step of a point",
            "restore or remove this run, then: assay sync",
        )


def _is_read(path: str) -> bool:
    """Artifacts, models and traces may be many and large; of them only the scores of examples are looked at."""
    parts = path.removeprefix(_TRASH).split("/")
    if len(parts) < 3 or parts[2] in ("metrics", "params", "tags", "inputs"):
        return True
    return parts[2] == "artifacts" and parts[3:] in ([], [SCORE_FOLDER])


def _place(path: str) -> tuple[str, str]:
    """The experiment's folder and the run's, each relative to the root; an empty text where the file is of none."""
    trash = _TRASH if path.startswith(_TRASH) else ""
    parts = path[len(trash) :].split("/")
    if len(parts) < 3 or parts[1] in ("datasets", "models", "traces", "tags"):
        return trash + parts[0], ""
    return trash + parts[0], trash + "/".join(parts[:2])


def _sorted_by_part(place: str, found: tuple[FoundFile, ...]) -> Mapping[str, list[tuple[str, FoundFile]]]:
    """The files of a run by what they are, each with its name: `train/loss` is a file `loss` in a folder."""
    parts: dict[str, list[tuple[str, FoundFile]]] = defaultdict(list)
    for file in found:
        part, slash, name = file.path[len(place) + 1 :].partition("/")
        if slash:
            parts[part].append((clean_text(os.fsencode(name)), file))
    return parts


def _integer(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63 else None
