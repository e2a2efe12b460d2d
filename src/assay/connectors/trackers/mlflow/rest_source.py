"""Changes of a tracking server, read through REST: for servers whose tables are out of reach or of another revision."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

import numpy as np

from assay.connectors.tracked.folder import PROBLEMS_TOLD
from assay.connectors.tracked.marks import Marks
from assay.connectors.trackers.mlflow.artifacts import (
    MAX_SCORES_BYTES,
    RUN_ID,
    SCORE_FILES,
    SCORE_FOLDER,
    checked_scores,
    too_large,
)
from assay.connectors.trackers.mlflow.assemble import ScoresFound, assemble
from assay.connectors.trackers.mlflow.raw import (
    LoggedDataset,
    RawRun,
    clean_text,
    curve_in_mlflow_order,
    unclamped,
)
from assay.connectors.trackers.mlflow.rest_client import (
    Refused,
    RestClient,
    TooMuchTold,
    as_float,
    as_integer,
)
from assay.domain.experiments.evidence import POINT_BYTES, UNREAD_SCORES_TAG, Curve, FloatArray, IntArray, Run
from assay.errors import Invalid, Unavailable
from assay.workflows.ports import SyncBatch
from assay.workflows.records import Source

CURSOR_VERSION = 2
PAGE_RUNS = 500
BATCH_RUNS = 100
BATCH_BYTES = 64 * 2**20
MAX_PROBLEMS = 50
"""Runs that cannot be read before the server is held to be broken."""
_ARTIFACT_TRIES = 3
"""Runs of one artifact store that could not be looked at, one after the other, before this look leaves that store alone."""
_UNREAD = b"\0scores unread"
_PATIENCE = (429, 503)
"""It asks to be left alone, so no other run is asked for either."""


class RestStore:
    """Reads one server for one source.

    The server has no change feed either, so every sync lists all runs (name, status, tags, parameters, latest value of
    each metric) and asks for curves and scores only where that differs from last time. A point logged at an earlier step
    than the latest one is therefore seen when the run next changes otherwise, at the latest when it ends.
    """

    def __init__(self, client: RestClient, source: Source, known: Callable[[], Mapping[str, str]]) -> None:
        self.client = client
        self.source = source
        self.known = known
        self.problems: list[str] = []
        self._tried_in_vain: Counter[str] = Counter()

    def changes(self) -> Iterator[SyncBatch]:
        """Everything that differs from what the source's cursor says (see `assay.workflows.ports.EvidenceSource`)."""
        note = f"rest (MLflow {self.client.version()})"
        marks = self._marks()
        experiments = self._experiments()
        listed: set[str] = set()
        waiting: list[tuple[Run, bytes | None]] = []
        size, done, changed = 0, 0, False
        for page in self._run_pages(experiments):
            for told in page:
                raw = _raw_run(told, experiments)
                if not RUN_ID.match(raw.external_id):
                    continue
                listed.add(raw.external_id)
                done += 1
                found = self._changed(raw, _content(told, raw), marks)
                if found is None:
                    continue
                waiting.append(found)
                size += sum(curve.points for curve in found[0].curves.values()) * POINT_BYTES
                size += len(found[1] or b"")
                if len(waiting) >= BATCH_RUNS or size >= BATCH_BYTES:
                    yield _batch(waiting, self._cursor(marks), done=done, total=None, note=note)
                    waiting, size, changed = [], 0, True
        kept = marks.without_others(listed)
        vanished = len(kept) < len(marks)
        if waiting or changed or vanished or not self.source.cursor:
            gone = self._gone(listed) if vanished or not self._marks_used() else ()
            yield _batch(waiting, self._cursor(kept), done=done, total=done, note=note, gone=gone)
        if self.problems:
            raise self._problem()

    def _changed(self, raw: RawRun, content: bytes, marks: Marks) -> tuple[Run, bytes | None] | None:
        """The run with its scores, where it or what is known of its scores differs from last time."""
        was_unread = marks.same(raw.external_id, content + _UNREAD)
        if marks.same(raw.external_id, content):
            return None
        scores = self._scores(raw)
        if isinstance(scores, str) and was_unread:
            return None
        try:
            found = self._run(raw, scores)
        except TooMuchTold as error:
            fact = error.message
        except Refused as error:
            if error.status in _PATIENCE or len(self.problems) >= MAX_PROBLEMS:
                raise
            fact = f"asked for its metrics, the server answered {error.status}"
        else:
            marks.put(raw.external_id, content + (_UNREAD if isinstance(scores, str) else b""))
            return found
        self.problems.append(f"run '{raw.external_id}': {fact}")
        return None

    def _problem(self) -> Unavailable:
        more = len(self.problems) - PROBLEMS_TOLD
        rest = f"; and {more} more" if more > 0 else ""
        error = self.client.unavailable("; ".join(self.problems[:PROBLEMS_TOLD]) + rest)
        error.hint = "every other run was read; look at these runs on the server, then: assay sync"
        return error

    def _gone(self, listed: set[str]) -> tuple[str, ...]:
        """Known runs that the server no longer has; those of experiments that are no longer read stay as they are."""
        missing = sorted(set(self.known()) - listed)
        return tuple(run_id for run_id in missing if not self.client.has_run(run_id))

    def _marks_used(self) -> bool:
        cursor = self.source.cursor
        same = cursor.get("version") == CURSOR_VERSION and cursor.get("how") == "rest"
        return same and cursor.get("filter") == list(self.source.experiment_filter)

    def _marks(self) -> Marks:
        return Marks.from_text(self.source.cursor.get("marks")) if self._marks_used() else Marks()

    def _cursor(self, marks: Marks) -> dict[str, Any]:
        return {
            "version": CURSOR_VERSION,
            "how": "rest",
            "filter": list(self.source.experiment_filter),
            "marks": marks.to_text(),
        }

    def _experiments(self) -> dict[str, str]:
        chosen = set(self.source.experiment_filter)
        found = {
            clean_text(e.get("experiment_id")): clean_text(e.get("name")) for e in self.client.experiments()
        }
        return {key: name for key, name in found.items() if not chosen or key in chosen or name in chosen}

    def _run_pages(self, experiments: Mapping[str, str]) -> Iterator[list[dict[str, Any]]]:
        ids = sorted(experiments)
        for start in range(0, len(ids), 100):
            yield from self.client.run_pages(ids[start : start + 100], PAGE_RUNS)

    def _run(self, raw: RawRun, scores: ScoresFound | str) -> tuple[Run, bytes | None]:
        curves = {name: self._curve(raw.external_id, name) for name in raw.curves}
        tags = {name: text for name, text in raw.tags.items() if name != UNREAD_SCORES_TAG}
        if isinstance(scores, str):
            tags[UNREAD_SCORES_TAG], scores = scores, ScoresFound()
        whole = raw._replace(curves=curves, tags=tags)
        url = f"{self.client.base}/#/experiments/{raw.experiment_id}/runs/{raw.external_id}"
        return assemble(whole, source=self.source.name, url=url, scores=scores), scores.content

    def _curve(self, run_id: str, metric: str) -> Curve:
        pages = [_columns_of(page) for page in self.client.history(run_id, metric)]
        return curve_in_mlflow_order(*(np.concatenate(columns) for columns in zip(*pages, strict=True)))

    def _scores(self, raw: RawRun) -> ScoresFound | str:
        """The scores beside a run; a text where nobody could look, because the server does not reach its own artifacts.

        That store is then asked for one run at the next look, and all are read again once it answers.
        """
        parts = urlsplit(raw.artifact_uri)
        store = f"{parts.scheme}://{parts.netloc}"
        if self._tried_in_vain[store] >= _ARTIFACT_TRIES:
            return _unread("the server did not answer for others in the same store")
        try:
            found = self._scores_there(raw.external_id)
        except Refused as error:
            if error.status in _PATIENCE:
                raise
            fact = f"asked for them, the server answered {error.status}"
        except Unavailable:
            fact = "the server did not answer when it was asked for them"
        else:
            self._tried_in_vain[store] = 0
            return found
        self._tried_in_vain[store] += 1
        return _unread(fact)

    def _scores_there(self, run_id: str) -> ScoresFound:
        sizes = self.client.files(run_id, SCORE_FOLDER)
        for name in SCORE_FILES:
            if name in sizes:
                return checked_scores(name, lambda name=name: self._fetched(run_id, name, sizes[name]))  # type: ignore[misc]
        return ScoresFound()

    def _fetched(self, run_id: str, name: str, size: int) -> bytes:
        if size > MAX_SCORES_BYTES:
            raise too_large(name)
        content = self.client.artifact(run_id, name)
        if len(content) != size:
            raise Invalid(
                f"cannot read scores '{name}': {len(content)} bytes arrived (expected {size})",
                hint="sync again once the run has finished uploading",
            )
        return content


def _batch(
    portion: list[tuple[Run, bytes | None]],
    cursor: dict[str, Any],
    *,
    done: int,
    total: int | None,
    note: str,
    gone: tuple[str, ...] = (),
) -> SyncBatch:
    blobs = {
        run.scores_digest: content for run, content in portion if content is not None and run.scores_digest
    }
    runs = tuple(run for run, _ in portion)
    return SyncBatch(runs=runs, gone=gone, cursor=cursor, done=done, total=total, blobs=blobs, note=note)


def _raw_run(told: Mapping[str, Any], experiments: Mapping[str, str]) -> RawRun:
    """A run as `runs/search` tells it; its curves hold the latest values only."""
    info, data, inputs = (_object(told.get(name)) for name in ("info", "data", "inputs"))
    experiment = clean_text(info.get("experiment_id"))
    return RawRun(
        external_id=clean_text(info.get("run_id") or info.get("run_uuid")),
        name=clean_text(info.get("run_name")),
        status=clean_text(info.get("status")),
        started_ms=as_integer(info.get("start_time")),
        # The wire has no null: 0 is how a run without end is told.
        ended_ms=as_integer(info.get("end_time")) or None,
        deleted=info.get("lifecycle_stage") != "active",
        experiment_id=experiment,
        experiment_name=experiments.get(experiment, ""),
        artifact_uri=clean_text(info.get("artifact_uri")),
        params=_pairs(data.get("params")),
        tags=_pairs(data.get("tags")),
        inputs=tuple(_dataset(one) for one in _list(inputs.get("dataset_inputs"))),
        curves={clean_text(point.get("key")): _curve_of([point]) for point in _list(data.get("metrics"))},
    )


def _content(told: Mapping[str, Any], raw: RawRun) -> bytes:
    """What tells whether a run changed: all that was told of it, in one order."""
    latest = sorted(
        json.dumps(point, sort_keys=True) for point in _list(_object(told.get("data")).get("metrics"))
    )
    parts = [
        _object(told.get("info")),
        _object(told.get("inputs")),
        raw.params,
        raw.tags,
        latest,
        raw.experiment_name,
    ]
    return json.dumps(parts, sort_keys=True).encode()


def _columns_of(points: list[dict[str, Any]]) -> tuple[IntArray, FloatArray, IntArray]:
    return (
        np.array([as_integer(point.get("step")) or 0 for point in points], dtype=np.int64),
        unclamped(np.array([as_float(point.get("value")) for point in points], dtype=np.float64)),
        np.array([as_integer(point.get("timestamp")) or 0 for point in points], dtype=np.int64),
    )


def _curve_of(points: list[dict[str, Any]]) -> Curve:
    return curve_in_mlflow_order(*_columns_of(points))


def _unread(fact: str) -> str:
    return f"its artifacts could not be looked at: {fact}"


def _dataset(one: Mapping[str, Any]) -> LoggedDataset:
    dataset = _object(one.get("dataset"))
    context = _pairs(one.get("tags")).get("mlflow.data.context", "")
    return LoggedDataset(
        name=clean_text(dataset.get("name")), digest=clean_text(dataset.get("digest")), context=context
    )


def _pairs(values: object) -> dict[str, str]:
    return {clean_text(one.get("key")): clean_text(one.get("value")) for one in _list(values)}


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(values: object) -> list[dict[str, Any]]:
    return [value for value in values if isinstance(value, dict)] if isinstance(values, list) else []
