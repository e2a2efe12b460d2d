"""The store for teams: PostgreSQL behind any number of processes.

Writers take turns. `append` must answer with the entry's final number in the middle of a transaction, and the next number
depends on the last committed one, so two transactions that append can never overlap anyway. Taking the journal's table lock
first, before the snapshot, makes that explicit: no serialization failures, the same "one after another" that SQLite's
single writer gives, and a chain that several processes cannot fork. Readers are not held up.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, Self

from sqlalchemy import URL, Connection, RootTransaction, create_engine, event
from sqlalchemy.exc import DBAPIError

from assay.errors import AssayError, Unavailable
from assay.storage import migrate
from assay.storage.changes import Watched
from assay.storage.faults import RETRY_AFTER_S, translated
from assay.storage.repositories.journal import LAST_SEQ
from assay.storage.transactions import Reading, Writing
from assay.storage.writer import T, Work

ATTEMPTS = 8
LOCK_TIMEOUT_MS = 30_000
CONNECT_TIMEOUT_S = 5
POLL_S = 0.2
_RETRIED = {"40001", "40P01"}
"""Serialization failure, deadlock: the transaction did nothing and may run again."""
_MIGRATION_LOCK = 731_942_605
_TURN = "LOCK TABLE journal_head IN EXCLUSIVE MODE"


class PostgresStore:
    """A PostgreSQL database (port `Store`).

    Raises:
        Unavailable: it cannot be reached.
        Refused: a newer program wrote it.
    """

    kind = "postgresql"

    def __init__(self, url: URL) -> None:
        self.url = url.set(drivername="postgresql+psycopg")
        self.name = f"{url.database or 'default'} at {url.host or 'this machine'}:{url.port or 5432}"
        options = f"-c timezone=UTC -c lock_timeout={LOCK_TIMEOUT_MS}"
        self._engine = create_engine(
            self.url,
            isolation_level="REPEATABLE READ",
            pool_size=12,
            max_overflow=12,
            pool_timeout=5,
            pool_pre_ping=True,
            connect_args={
                "options": options,
                "connect_timeout": CONNECT_TIMEOUT_S,
                "application_name": "assay",
            },
        )
        event.listen(self._engine, "connect", _make_durable)
        self._tasks = ThreadPoolExecutor(max_workers=8, thread_name_prefix="assay-write")
        self._seq = Watched()
        self._watcher: threading.Thread | None = None
        self._watching = threading.Lock()
        self._closing = threading.Event()
        try:
            self._migrate()
            self.last_seq()
        except BaseException as error:
            self._engine.dispose()
            raise self._told(error, "open") from error

    def write(self, work: Work[T]) -> T:
        """Run `work` in one transaction; it may run again after a serialization failure."""
        for attempt in range(ATTEMPTS):
            try:
                return self._write_once(work)
            except Exception as error:
                if _sqlstate(error) not in _RETRIED:
                    wrapped = self._told(error, "write")
                    if wrapped is error:
                        raise
                    raise wrapped from error
            time.sleep(random.uniform(0, 0.01 * 2**attempt))  # noqa: S311  # spreads retries, no secret
        raise Unavailable(
            f"cannot write now: {ATTEMPTS} attempts met other changes",
            hint="try again in a second",
            code="database-busy",
            details={"retry_after_s": RETRY_AFTER_S},
        )

    def submit(self, work: Work[T]) -> Future[T]:
        """As `write`, answered through a future."""
        return self._tasks.submit(self.write, work)

    @contextmanager
    def read(self) -> Iterator[Reading]:
        """One consistent view."""
        try:
            with self._engine.connect() as connection, connection.begin():
                tx = Reading(connection)
                try:
                    yield tx
                finally:
                    tx.close()
        except AssayError:
            raise
        except Exception as error:
            wrapped = self._told(error, "read")
            if wrapped is error:
                raise
            raise wrapped from error

    def last_seq(self) -> int:
        """Sequence number of the last durable journal entry."""
        with self.read() as tx:
            (seq,) = tx.one(LAST_SEQ)
        self._seq.raise_to(seq)
        return int(seq)

    def wait_for_change(self, after: int, *, timeout_s: float) -> int:
        """Block until the journal is longer than `after` or the time is over; returns the last sequence number."""
        if self._seq.value > after:
            return self._seq.value
        with self._watching:
            if self._watcher is None:
                self._watcher = threading.Thread(target=self._watch, name="assay-watch", daemon=True)
                self._watcher.start()
        return self._seq.wait_beyond(after, timeout_s)

    def instance_id(self) -> str:
        """Random name of this store, made once."""
        with self.read() as tx:
            return tx.instance_id()

    def announce(self, server_url: str) -> None:
        """Nothing to tell: other processes may use the database at the same time."""

    def close(self) -> None:
        """End all connections."""
        self._closing.set()
        self._tasks.shutdown()
        if self._watcher is not None:
            self._watcher.join()
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _told(self, error: BaseException, doing: str) -> BaseException:
        return translated(error, doing=doing, database=self.name)

    def _write_once(self, work: Work[T]) -> T:
        with self._engine.connect() as connection:
            with connection.begin() as transaction:
                _take_turn(connection)
                tx = Writing(connection)
                try:
                    result = work(tx)
                    if tx.appended is not None:
                        tx.save_head(tx.appended)
                finally:
                    tx.close()
                self._commit(transaction)
            if tx.appended is not None:
                self._seq.raise_to(tx.appended.size)
        return result

    def _commit(self, transaction: RootTransaction) -> None:
        try:
            transaction.commit()
        except DBAPIError as error:
            if not _is_lost(error):
                raise
            raise Unavailable(
                f"cannot tell whether database '{self.name}' has the change: the connection was lost while it was "
                "written (expected an answer)",
                hint="look whether it is there before you repeat it; with the same Idempotency-Key, just repeat it",
                code="outcome-unknown",
                details={"retry_after_s": RETRY_AFTER_S},
            ) from error

    def _watch(self) -> None:
        """Ask for the newest number, once for all who wait: other processes append too."""
        while not self._closing.wait(POLL_S):
            try:
                self.last_seq()
            except Exception:  # noqa: BLE001  # whatever it is, those who wait must be woken when it is over
                self._closing.wait(1.0)

    def _migrate(self) -> None:
        engine = self._engine.execution_options(isolation_level="READ COMMITTED")
        with engine.connect() as connection, connection.begin():
            # Two processes may start at once: the second one waits here and finds the work done.
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_MIGRATION_LOCK})")
            if migrate.needs_upgrade(connection):
                migrate.upgrade(connection)


def _make_durable(connection: Any, _: object) -> None:
    """Acknowledged means durable, also where the server's settings would answer before the disk does."""
    connection.execute(
        "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'"
    )
    connection.commit()


def _take_turn(connection: Connection) -> None:
    driver: Any = connection.connection.dbapi_connection
    driver.execute(_TURN)


def _sqlstate(error: BaseException) -> str | None:
    origin = error.orig if isinstance(error, DBAPIError) else error
    return getattr(origin, "sqlstate", None)


def _is_lost(error: DBAPIError) -> bool:
    """Did the answer get lost, rather than say no? Class 57 is a server that ends, 08 a connection that does."""
    state = _sqlstate(error)
    return state is None or state[:2] in {"08", "57"}
