"""Weights & Biases over its API: the runs of one project of wandb.ai or of a server of your own.

The server has no feed of changes, so every sync lists the runs of the project (what they are, their configuration, how many rows they
logged) and asks for the history of those of which that differs from last time. Lists of this server are known to name a run twice
and leave out another while runs are added, so a list counts as whole when it holds as many as the server counts; only then
is a run that is not on it gone.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from assay.connectors.tracked.folder import PROBLEMS_TOLD
from assay.connectors.tracked.marks import Marks
from assay.connectors.tracked.portions import runs_counted
from assay.connectors.tracked.told import evidence_of, kept_text
from assay.connectors.tracked.wire import Malformed
from assay.connectors.trackers.wandb.address import api_key, project_of
from assay.connectors.trackers.wandb.exports import fill_from_exports
from assay.connectors.trackers.wandb.graphql import GraphqlClient, TooMuch, UnknownField
from assay.connectors.trackers.wandb.paged_history import (
    MAX_ROWS,
    PagedHistory,
    Rows,
    first_end,
    last_step_of,
    pages,
)
from assay.connectors.trackers.wandb.queries import COUNT, HISTORY, RUN, RUN_OF_AN_OLD_SERVER, RUNS
from assay.connectors.trackers.wandb.server_run import GOES_ON, mark_of, milliseconds, object_of, told_run
from assay.domain.experiments.evidence import POINT_BYTES, Run
from assay.errors import Unavailable
from assay.workflows.ports import SyncBatch
from assay.workflows.records import Source

CURSOR_VERSION = 1
HOW = "W&B API"
LIST_RUNS = 100
MAX_LIST_PAGES = 10_000
BATCH_RUNS = 50
BATCH_BYTES = 32 * 2**20
_OLDEST_FIRST, _NEWEST_FIRST = "+created_at", "-created_at"
_RUN_ID = re.compile(r"[^/\\#?%:\x00-\x20\x7f]{1,128}\Z")
Node = dict[str, Any]


class _Short(Malformed):
    """Less arrived of a run than the server has counted."""


class WandbServer:
    """Reads a project of a W&B server (implements `assay.connectors.tracked.reader.TrackerReader`)."""

    def changes(self, source: Source, known: Callable[[], Mapping[str, str]]) -> Iterator[SyncBatch]:
        """Everything that differs from what the cursor says (see `TrackerReader`)."""
        with client_of(source) as client:
            yield from _Sync(client, source, known).batches()

    def check(self, source: Source) -> str:
        """One line about the connection."""
        with client_of(source) as client:
            count = client.project_told(COUNT).get("runCount")
            told = runs_counted(count) if type(count) is int else "nobody knows how many runs"
            return f"W&B project {client.project.entity}/{client.project.project} at {client.project.base}: {told}"


def client_of(source: Source) -> GraphqlClient:
    """A client for the project that the source names, with the key that belongs to its host."""
    project = project_of(source.uri)
    return GraphqlClient(project, api_key(project, os.environ))


class _Sync:
    """One sync of one source."""

    def __init__(self, client: GraphqlClient, source: Source, known: Callable[[], Mapping[str, str]]) -> None:
        self.client, self.source, self.known = client, source, known
        self.usable = all(source.cursor.get(name) == value for name, value in self._header().items())
        self.marks = Marks.from_text(source.cursor.get("marks")) if self.usable else Marks()
        self.was_whole = self.usable and source.cursor.get("whole") is True
        self.listed: set[str] = set()
        self.problems: list[str] = []
        self.count: int | None = None
        self.run_query = RUN

    def batches(self) -> Iterator[SyncBatch]:
        """What changed, some runs at a time; at the end an error that names what could not be read.

        Raises:
            Unavailable: the server cannot be read, or some of it.
        """
        waiting: list[Run] = []
        size, changed = 0, False
        for node in self._nodes():
            run = self._read(node)
            if run is None:
                continue
            waiting.append(run)
            size += sum(curve.points for curve in run.curves.values()) * POINT_BYTES
            if len(waiting) >= BATCH_RUNS or size >= BATCH_BYTES:
                yield self._batch(waiting, self.marks)
                waiting, size, changed = [], 0, True
        if not self._is_whole() and not self.problems:
            self.problems.append(f"its list holds {len(self.listed)} of {self.count} runs")
        is_whole = self._is_whole()
        kept = self.marks.without_others(self.listed) if is_whole else self.marks
        asked = is_whole and (len(kept) < len(self.marks) or not self.was_whole)
        if waiting or changed or asked or not self.usable:
            gone = tuple(sorted(set(self.known()) - self.listed)) if asked else ()
            self.was_whole = is_whole
            yield self._batch(waiting, kept, total=len(self.listed), gone=gone)
        if self.problems:
            raise self._problem()

    def _is_whole(self) -> bool:
        return self.count is not None and len(self.listed) >= self.count

    def _nodes(self) -> Iterator[Node]:
        """Every run of the project once; the list is gone through from its other end where it leaves some out."""
        for order in (_OLDEST_FIRST, _NEWEST_FIRST):
            for node in self._list(order):
                run = node.get("name")
                if not isinstance(run, str) or not _RUN_ID.match(run):
                    self.problems.append(f"a run with the id {kept_text(run)[:80]!r} (expected one of W&B's)")
                elif run not in self.listed:
                    self.listed.add(run)
                    yield node
            if self._is_whole():
                return

    def _list(self, order: str) -> Iterator[Node]:
        after: str | None = None
        first = LIST_RUNS
        seen: set[str] = set()
        for _ in range(MAX_LIST_PAGES):
            try:
                told = self.client.project_told(RUNS, first=first, order=order, after=after)
            except TooMuch:
                if first == 1:
                    raise
                first = max(first // 4, 1)
                continue
            count = told.get("runCount")
            if type(count) is not int:
                raise self.client.unavailable("it does not tell how many runs it has")
            self.count = count
            runs = _object(told.get("runs"))
            for edge in _objects(runs.get("edges")):
                yield _object(edge.get("node"))
            page = _object(runs.get("pageInfo"))
            if not page.get("hasNextPage"):
                return
            after = page.get("endCursor")
            if not isinstance(after, str) or after in seen:
                raise self.client.unavailable("its list of runs repeats a page (expected each once)")
            seen.add(after)
        raise self.client.unavailable(f"its list of runs has more than {MAX_LIST_PAGES} pages")

    def _read(self, node: Node) -> Run | None:
        """The run, when it is one to be read and differs from last time."""
        run, mark = node["name"], mark_of(node)
        group = node.get("group")
        chosen = self.source.experiment_filter
        if (chosen and group not in chosen) or self.marks.same(run, mark):
            return None
        try:
            found = self._whole_run(node)
        except Malformed as error:
            if isinstance(error, _Short) and node.get("state") in GOES_ON:
                return None  # the server counts sooner than it tells: it is read again next time
            self.problems.append(f"run '{kept_text(run)}': {kept_text(error)}")
            return None
        self.marks.put(run, mark)
        return found

    def _whole_run(self, node: Node) -> Run:
        """Raises Malformed when it is none, or not all of it arrives."""
        lines = node.get("historyLineCount")
        lines = lines if type(lines) is int else None
        detail, end, first = self._detail(node["name"], first_end(lines))
        keys = object_of(detail.get("historyKeys")) or {}
        history = PagedHistory(milliseconds(node.get("createdAt")))
        for low, high, rows in pages(self._asking(node["name"]), first, end, last_step_of(keys)):
            history.add(low, high, rows)
        if history.missing(keys, lines):
            fill_from_exports(self.client, node["name"], history, keys)
        if missing := history.missing(keys, lines):
            raise _Short(f"{missing} (expected all of them: read its files, or sync again later)")
        return evidence_of(told_run(self.client.project, node, detail, history), source=self.source.name)

    def _detail(self, run: str, end: int) -> tuple[Node, int, Rows]:
        """What the list does not say of a run, and its rows from step 0 to before the step that is told."""
        try:
            detail = self._run(self.run_query, run, 0, end)
        except TooMuch:
            end = 1
            detail = self._run(self.run_query, run, 0, end)
        except UnknownField:
            if self.run_query is RUN_OF_AN_OLD_SERVER:
                raise
            self.run_query = RUN_OF_AN_OLD_SERVER
            return self._detail(run, end)
        return detail, end, _rows(detail)

    def _asking(self, run: str) -> Callable[[int, int], Rows]:
        return lambda low, high: _rows(self._run(HISTORY, run, low, high))

    def _run(self, query: str, run: str, low: int, high: int) -> Node:
        told = self.client.project_told(query, run=run, minStep=low, maxStep=high, samples=MAX_ROWS).get(
            "run"
        )
        if not isinstance(told, dict):
            raise Malformed("it is on the list, and cannot be read")
        return told

    def _header(self) -> dict[str, Any]:
        return {
            "version": CURSOR_VERSION,
            "how": HOW,
            "filter": list(self.source.experiment_filter),
            "address": self.client.project.shown,
        }

    def _batch(
        self, runs: list[Run], marks: Marks, *, total: int | None = None, gone: tuple[str, ...] = ()
    ) -> SyncBatch:
        cursor = {**self._header(), "whole": self.was_whole, "marks": marks.to_text()}
        done = len(self.listed)
        return SyncBatch(
            runs=tuple(runs), gone=gone, cursor=cursor, done=done, total=total, blobs={}, note=HOW
        )

    def _problem(self) -> Unavailable:
        more = len(self.problems) - PROBLEMS_TOLD
        rest = f"; and {more} more" if more > 0 else ""
        return self.client.unavailable(
            "; ".join(self.problems[:PROBLEMS_TOLD]) + rest,
            hint="every other run was read; look at these runs on the server, then: assay sync",
        )


def _rows(told: Node) -> Rows:
    rows = told.get("history")
    if not isinstance(rows, list):
        raise Malformed("a history that is no list of rows")
    return rows


def _object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _objects(values: object) -> list[dict[str, Any]]:
    return [value for value in values if isinstance(value, dict)] if isinstance(values, list) else []
