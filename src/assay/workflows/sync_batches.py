"""How the batches of a sync reach the store: in their order, each durable, while the next ones are read."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from concurrent.futures import Future, wait
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any, Self

from assay.domain.kernel.events import Event
from assay.workflows.actor import SYSTEM
from assay.workflows.ownership import owned
from assay.workflows.pipelines import keep_events
from assay.workflows.ports import SyncBatch, Workspace, WriteTransaction
from assay.workflows.records import Project, Source

KEYS_SHOWN = 50
ON_THEIR_WAY = 2
"""Batches handed over and not yet durable: one is written, and one is at hand when that is done."""


@dataclass(frozen=True, slots=True)
class SyncProgress:
    """How far a sync is."""

    source: str
    done: int
    total: int | None


@dataclass(frozen=True, slots=True)
class SyncReport:
    """What a sync did."""

    source: str
    seen: int
    changed: int
    """Runs that are new, or differ from what was known."""
    gone: int
    """Runs that were deleted in the tracker, or are no longer in it."""
    tickets: tuple[str, ...] = ()
    """Tickets whose evidence changed."""
    unknown: tuple[str, ...] = ()
    """What such runs name as their ticket, where the project has no such ticket."""
    note: str = ""
    """How the tracker was read."""
    jobs: int | None = None
    """Jobs of pipelines told otherwise than before; None from a tracker of runs."""


class BatchKeeper:
    """Writes the batches of a sync in their order, while the next ones are read.

    Used as a context: when it ends, whatever was given to it is written or has failed. None is kept unless the one before
    it was.
    """

    def __init__(
        self, ws: Workspace, project: Project, source: Source, on_progress: Callable[[SyncProgress], None]
    ) -> None:
        self.source = source
        """As it was last saved."""
        self._ws = ws
        self._project = project
        self._on_progress = on_progress
        self._waiting: deque[tuple[SyncBatch, Future[_Kept | None]]] = deque()
        self._seen = self._changed = self._gone = self._jobs = 0
        self._note = ""
        self._keys: set[str] = set()
        self._unknown: set[str] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._settle_all()

    def keep(self, batch: SyncBatch) -> None:
        """Hand a batch over; returns when all but the one before it are durable."""
        if len(self._waiting) == ON_THEIR_WAY:
            self._settle()
        before = self._waiting[0][0].cursor if self._waiting else None
        if before == self.source.cursor:  # the stored cursor could not tell whether that one is in
            self._settle_all()
            before = None
        work = partial(_keep_in_turn, self._ws, self._project, self.source, batch, before)
        self._waiting.append((batch, self._ws.store.submit(work)))

    def known(self) -> Mapping[str, str]:
        """External id to digest of all that was kept up to now."""
        self._settle_all()
        with self._ws.store.read() as tx:
            return tx.run_digests(self.source.id)

    def report(self, *, tells_jobs: bool = False) -> SyncReport:
        """What was kept; `tells_jobs` where the source is an orchestrator."""
        return SyncReport(
            source=self.source.name,
            seen=self._seen,
            changed=self._changed,
            gone=self._gone,
            tickets=tuple(sorted(self._keys)),
            unknown=tuple(sorted(self._unknown)),
            note=self._note,
            jobs=self._jobs if tells_jobs else None,
        )

    def _settle_all(self) -> None:
        while self._waiting:
            self._settle()

    def _settle(self) -> None:
        """Wait until the oldest batch is durable."""
        batch, future = self._waiting.popleft()
        try:
            kept = future.result()
        except BaseException:
            wait([other for _, other in self._waiting])  # without this one they are not kept either
            self._waiting.clear()
            raise
        if kept is None:  # another sync of the source went between, or this one was taken up too early
            kept = self._ws.store.write(partial(_keep_batch, self._ws, self._project, self.source, batch))
        self.source = kept.source
        self._seen = batch.done
        self._changed += kept.changed
        self._gone += kept.gone
        self._jobs += kept.jobs
        self._note = batch.note or self._note
        self._keys |= kept.keys
        self._unknown |= kept.unknown
        self._on_progress(SyncProgress(source=self.source.name, done=batch.done, total=batch.total))


@dataclass(frozen=True, slots=True)
class _Kept:
    """What writing one batch did."""

    source: Source
    changed: int
    gone: int
    keys: AbstractSet[str]
    unknown: AbstractSet[str]
    jobs: int


def save_state(tx: WriteTransaction, slug: str, before: Source, now: Source, *, at: datetime) -> None:
    """Write a source back; where it can be read again, or not any more, cards with its jobs say so and the journal does."""
    tx.save_source(now)
    if bool(before.last_sync_error) != bool(now.last_sync_error) and tx.renew_cards(now.id):
        kind = "source.lost" if now.last_sync_error else "source.found"
        why = {"why": now.last_sync_error} if now.last_sync_error else {}
        tx.append(Event.of(kind, project=slug, subject=now.name, **why), actor=SYSTEM, at=at)


def _keep_in_turn(
    ws: Workspace,
    project: Project,
    source: Source,
    batch: SyncBatch,
    before: dict[str, Any] | None,
    tx: WriteTransaction,
) -> _Kept | None:
    """As `_keep_batch`; None, and nothing is kept, where the batch with this cursor was not kept just before."""
    if before is not None and not tx.source_stands_at(source.id, before):
        return None
    return _keep_batch(ws, project, source, batch, tx)


def _keep_batch(
    ws: Workspace, project: Project, source: Source, batch: SyncBatch, tx: WriteTransaction
) -> _Kept:
    at = ws.clock()
    for digest, content in batch.blobs.items():
        tx.put_blob(digest, content)
    seq = tx.head()[0] + 1
    put = tx.put_runs(source, (owned(run, project, source) for run in batch.runs), seq=seq)
    touched = {*put.tickets, *tx.mark_deleted(source.id, batch.gone, seq=seq)}
    there = tx.keys_there(project.id, touched | put.named)
    keys = touched & there
    tx.mark_evidence(project.id, sorted(keys), seq=seq)
    fresh = replace(source, cursor=batch.cursor, last_sync_at=at, last_sync_status="ok", last_sync_error="")
    save_state(tx, project.slug, source, fresh, at=at)
    gone = put.gone + len(batch.gone)
    if put.changed or gone:
        event = Event.of(
            "runs.synced",
            project=project.slug,
            subject=source.name,
            changed=put.changed,
            gone=gone,
            tickets=sorted(keys)[:KEYS_SHOWN],
        )
        tx.append(event, actor=SYSTEM, at=at)
    told = keep_events(tx, SYSTEM, project, batch.jobs, at=at, source=source) if batch.jobs else None
    unknown = put.named - there
    if told is not None:
        unknown |= told.named - tx.keys_there(project.id, told.named)
    return _Kept(fresh, put.changed, gone, keys, unknown, 0 if told is None else told.changed)
