"""How do many writers share one disk flush and still never disturb one another?

One thread owns the only writing connection. Transactions wait in a bounded queue; those that wait together share one
BEGIN IMMEDIATE ... COMMIT, each inside its own savepoint, and each is answered only when the commit is on the disk. That
makes a hundred changes cost one fsync, gives the journal its order, and keeps SQLite's WAL-reset defect out of reach, which
needs two connections that write or checkpoint at once: checkpoints run here too.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from queue import Empty, SimpleQueue
from time import monotonic
from typing import Any, Generic, TypeVar

from sqlalchemy import Connection

from assay.domain.governance.journal import JournalHead
from assay.errors import Refused, Unavailable
from assay.storage.faults import RETRY_AFTER_S, is_disk_failure, stopped, translated
from assay.storage.transactions import Writing

T = TypeVar("T")
Work = Callable[[Writing], T]

QUEUE_LENGTH = 512
BATCH_LENGTH = 128
BATCH_S = 0.05
CHECKPOINT_CHANGES = 2000
CHECKPOINT_BYTES = 16 * 2**20
PATIENCE = 8
QUIET_S = 0.02
"""A moment without a change that long is a quiet one: a burst is not kept waiting for the log to be written back."""
TRUNCATE_BYTES = 256 * 2**20
log = logging.getLogger("assay.storage")


class Job(Generic[T]):
    """One transaction on its way. `done` is held until it is decided."""

    __slots__ = ("done", "error", "future", "result", "work")

    def __init__(self, work: Work[T], future: Future[T] | None = None) -> None:
        self.work = work
        self.future = future
        self.result: T | None = None
        self.error: BaseException | None = None
        self.done = threading.Lock()
        self.done.acquire()

    def settle(self, failure: BaseException | None = None) -> None:
        """Answer the caller: with this failure, or with what the work gave."""
        self.error = failure or self.error
        # A caller that gave up has cancelled its future; what it asked for is done all the same.
        if self.future is not None and self.future.set_running_or_notify_cancel():
            if self.error is not None:
                self.future.set_exception(self.error)
            else:
                self.future.set_result(self.result)  # type: ignore[arg-type]  # T may itself be None
        self.done.release()


class GroupCommitWriter:
    """The single writer of one SQLite file.

    Args:
        connect: opens the writing connection; called on the writer's thread.
        path: the database file, whose write-ahead log is watched.
        on_commit: told the newest journal number after each commit.
    """

    def __init__(
        self, connect: Callable[[], Connection], *, path: Path, on_commit: Callable[[int], None]
    ) -> None:
        self._connect = connect
        self._database = str(path)
        self._wal = path.with_name(path.name + "-wal")
        self._on_commit = on_commit
        self._queue: SimpleQueue[Job[Any] | None] = SimpleQueue()
        self._broken: Unavailable | None = None
        self._closed = False
        self._head: JournalHead | None = None
        self._gate = threading.Lock()
        self._batches = self._checkpointed_changes = self._checkpointed_bytes = 0
        self._ready: Future[int] = Future()
        self._thread = threading.Thread(target=self._live, name="assay-writer", daemon=True)
        self._thread.start()
        self.first_seq = self._ready.result()

    @property
    def waiting(self) -> int:
        """How many transactions wait?"""
        return self._queue.qsize()

    @property
    def trouble(self) -> str | None:
        """Why has writing stopped? None while it goes on."""
        return None if self._broken is None else self._broken.message

    def write(self, work: Work[T]) -> T:
        """Run `work` and return after it is on the disk; an exception of `work` undoes its changes alone.

        Raises:
            Unavailable: the queue is full, or the disk failed.
        """
        if threading.current_thread() is self._thread:
            raise RuntimeError("a transaction cannot start another one and wait for it")
        job = self._put(Job(work))
        job.done.acquire()
        if job.error is not None:
            raise job.error
        return job.result  # type: ignore[return-value]  # set by the writer, T may itself be None

    def submit(self, work: Work[T]) -> Future[T]:
        """As `write`, answered through a future, so that no thread waits."""
        future: Future[T] = Future()
        self._put(Job(work, future))
        return future

    def close(self) -> None:
        """Finish what waits, write the log back into the database, and end."""
        with self._gate:
            already, self._closed = self._closed, True
            if not already:
                self._queue.put(None)
        self._thread.join()

    def _put(self, job: Job[T]) -> Job[T]:
        if self._broken is not None:
            raise self._broken.with_traceback(None)  # raised again and again, it would grow
        with self._gate:
            if self._closed:
                raise _closed()
            if self._queue.qsize() >= QUEUE_LENGTH:
                raise _overloaded()
            self._queue.put(job)
        return job

    # ------------------------------------------------------------------------------------------ on the writer's thread

    def _live(self) -> None:
        try:
            first_seq = self._open()
        except BaseException as error:  # noqa: BLE001  # whoever opens the store gets it
            self._ready.set_exception(error)
            return
        self._ready.set_result(first_seq)
        while (job := self._next()) is not None:
            if self._broken is not None:
                job.settle(self._broken)
            elif self._batch(job):
                break
        self._end()

    def _next(self) -> Job[Any] | None:
        """The next job, None at the end. The log is written back when it has grown: in a quiet moment if one comes soon, else now."""
        grown = self._grown() if self._broken is None else 0.0
        if grown >= PATIENCE:
            self._write_back()
        elif grown >= 1:
            try:
                return self._queue.get(timeout=QUIET_S)
            except Empty:
                self._write_back()
        return self._queue.get()

    def _open(self) -> int:
        self._connection = self._connect()
        driver: Any = self._connection.connection.dbapi_connection
        self._driver: sqlite3.Connection = driver
        self._execute = driver.execute
        reading = Writing(self._connection)
        try:
            self._head = reading.current_head()
        except Refused as error:
            # What can be read must stay readable: whoever appends is told, and whoever rebuilds the head may.
            log.warning("%s (%s)", error.message, error.hint)
        first_seq, _ = reading.head()
        reading.close()
        return first_seq

    def _batch(self, first: Job[Any]) -> bool:
        """Run queued jobs in one commit, `first` first; True when the end was asked for meanwhile."""
        jobs: list[Job[Any]] = []
        before = self._head
        job: Job[Any] | None = first
        try:
            self._execute("BEGIN IMMEDIATE")
            until = monotonic() + BATCH_S
            while job is not None:
                jobs.append(job)
                self._run(job)
                if len(jobs) >= BATCH_LENGTH or monotonic() >= until:
                    break
                job = self._queue.get_nowait()
        except Empty:
            job = first
        except BaseException as error:  # noqa: BLE001  # all of the batch is told
            self._fail(jobs or [first], before, error)
            return False
        self._commit(jobs, before)
        return job is None

    def _run(self, job: Job[Any]) -> None:
        """One job in its own savepoint. Raises only when the whole transaction is lost."""
        tx = Writing(self._connection, head=self._head)
        self._execute("SAVEPOINT job")
        try:
            job.result = job.work(tx)
        except BaseException as error:  # raised in the thread that asked
            if not self._driver.in_transaction or is_disk_failure(error):
                raise
            tx.close()
            self._execute("ROLLBACK TO job")
            job.error = self._told(error)
        else:
            self._head = tx.appended
            tx.close()
        self._execute("RELEASE job")

    def _commit(self, jobs: list[Job[Any]], before: JournalHead | None) -> None:
        head = self._head
        try:
            if head is not None and head is not before:
                tx = Writing(self._connection)
                tx.save_head(head)
                tx.close()
            self._execute("COMMIT")
        except BaseException as error:  # noqa: BLE001  # all of the batch is told
            self._fail(jobs, before, error)
            return
        if head is not None:
            self._on_commit(head.size)
        for job in jobs:
            job.settle()
        self._batches += 1

    def _fail(self, jobs: list[Job[Any]], before: JournalHead | None, error: BaseException) -> None:
        """The shared transaction is lost: nobody in it may believe to have written."""
        self._head = before
        if is_disk_failure(error):
            # After a failed fsync the system may have dropped the pages; a second, successful try would prove nothing.
            self._stop(error)
        try:
            if self._driver.in_transaction:
                self._execute("ROLLBACK")
        except sqlite3.Error as second:
            self._stop(second)
        failure = self._broken or self._told(error)
        for job in jobs:
            job.settle(failure)

    def _told(self, error: BaseException) -> BaseException:
        return translated(error, doing="write", database=self._database)

    def _stop(self, error: BaseException) -> None:
        """Write nothing more; the first reason stays."""
        self._broken = self._broken or stopped(error, self._database)
        log.error("%s", self._broken.message)

    def _grown(self) -> float:
        """How far has the log grown since it was written back? From 1 on it is due."""
        changes = self._driver.total_changes - self._checkpointed_changes
        if changes < CHECKPOINT_CHANGES and self._batches % 64:
            return 0.0
        return max(
            changes / CHECKPOINT_CHANGES, (self._wal_bytes() - self._checkpointed_bytes) / CHECKPOINT_BYTES
        )

    def _wal_bytes(self) -> int:
        try:
            return self._wal.stat().st_size
        except OSError:
            return 0

    def _write_back(self) -> None:
        try:
            self._checkpoint("TRUNCATE" if self._wal_bytes() >= TRUNCATE_BYTES else "PASSIVE")
        except FileNotFoundError:
            pass
        except (sqlite3.Error, OSError) as error:
            # A full disk only delays the writing back: what was acknowledged is in the log.
            if is_disk_failure(error) or isinstance(error, OSError):
                self._stop(error)

    def _checkpoint(self, mode: str) -> None:
        """PASSIVE waits for nobody; TRUNCATE also makes the log's file short again, if no reader is in the way."""
        self._execute(f"PRAGMA wal_checkpoint({mode})").fetchall()
        self._checkpointed_changes = self._driver.total_changes
        self._checkpointed_bytes = self._wal.stat().st_size

    def _end(self) -> None:
        if self._broken is None:
            try:
                self._execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            except sqlite3.Error as error:
                # What could not be written back stays in the log, and the next start reads it there.
                if is_disk_failure(error):
                    self._stop(error)
        while not self._queue.empty():
            job = self._queue.get()
            if job is not None:
                job.settle(_closed())
        self._connection.close()


def _closed() -> Unavailable:
    return Unavailable("cannot write: the database is closed", hint="start again", code="database-closed")


def _overloaded() -> Unavailable:
    return Unavailable(
        f"cannot write now: {QUEUE_LENGTH} changes wait already",
        hint="try again in a second",
        code="overloaded",
        details={"retry_after_s": RETRY_AFTER_S},
    )
