"""The embedded store: one file, one writer with group commit, readers beside it."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Self

from sqlalchemy import Connection, Engine, NullPool, create_engine

from assay.errors import NotFound, Unavailable
from assay.storage import migrate
from assay.storage.changes import Watched
from assay.storage.faults import translated
from assay.storage.lockfile import FileLock
from assay.storage.transactions import Reading
from assay.storage.writer import GroupCommitWriter, T, Work

BUSY_MS = 5000
MAX_READERS = 32
READER_WAIT_S = 5.0
FILE_MODE, FOLDER_MODE = 0o600, 0o700

_COMMON = ("foreign_keys=ON", f"busy_timeout={BUSY_MS}", "trusted_schema=OFF", "temp_store=MEMORY")
# Checkpoints run on the writer alone, when it decides.
_WRITER = (*_COMMON, "journal_mode=WAL", "synchronous=FULL", "wal_autocheckpoint=0", "cache_size=-32000")
_READER = (*_COMMON, "query_only=ON", "wal_autocheckpoint=0", "cache_size=-4000")


class SqliteStore:
    """A database file in use by this process (port `Store`).

    Args:
        path: the file; it and its folder are made when missing, readable by their owner alone.
        server_url: told to other processes that find the file in use.
        must_exist: refuse to make a new database.

    Raises:
        Unavailable: another process uses it, or it cannot be read or written.
        NotFound: it does not exist, and must.
        Refused: a newer program wrote it.
    """

    kind = "sqlite"

    def __init__(self, path: Path, *, server_url: str | None = None, must_exist: bool = False) -> None:
        self.path = path.absolute()
        if must_exist and not self.path.is_file():
            raise NotFound(
                f"cannot open database '{self.path}': there is no such file",
                hint="make one: assay init",
                code="database-missing",
            )
        _make_private(self.path)
        self._lock = FileLock(self.path, server_url=server_url)
        self._idle: list[Connection] = []
        self._slots = threading.BoundedSemaphore(MAX_READERS)
        self._open = True
        try:
            self._engine = _engine(self.path)
            self._migrate()
            self._seq = Watched()
            self._writer = GroupCommitWriter(
                lambda: self._connect(_WRITER), path=self.path, on_commit=self._seq.raise_to
            )
        except BaseException as error:
            self._lock.release()
            raise translated(error, doing="open", database=str(self.path)) from error
        self._seq.raise_to(self._writer.first_seq)

    def write(self, work: Work[T]) -> T:
        """Run `work` in one transaction; returns after it is on the disk."""
        return self._writer.write(work)

    def submit(self, work: Work[T]) -> Future[T]:
        """As `write`, answered through a future: no thread waits for the disk."""
        return self._writer.submit(work)

    @contextmanager
    def read(self) -> Iterator[Reading]:
        """One consistent view, on a connection of its own."""
        try:
            with self._view() as tx:
                yield tx
        except BaseException as error:
            wrapped = translated(error, doing="read", database=str(self.path))
            if wrapped is error:
                raise
            raise wrapped from error

    def last_seq(self) -> int:
        """Sequence number of the last durable journal entry."""
        return self._seq.value

    def wait_for_change(self, after: int, *, timeout_s: float) -> int:
        """Block until the journal is longer than `after` or the time is over; returns the last sequence number."""
        return self._seq.wait_beyond(after, timeout_s)

    @property
    def trouble(self) -> str | None:
        """Why has writing stopped? None while it goes on."""
        return self._writer.trouble

    def instance_id(self) -> str:
        """Random name of this store, made once."""
        with self.read() as tx:
            return tx.instance_id()

    def announce(self, server_url: str) -> None:
        """Tell other processes under which address this one serves."""
        self._lock.announce(server_url)

    def close(self) -> None:
        """Finish what waits and give the file back."""
        if self._open:
            self._open = False
            while self._idle:
                self._idle.pop().close()
            self._writer.close()
            self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def _view(self) -> Iterator[Reading]:
        connection = self._reader()
        driver: Any = connection.connection.dbapi_connection
        tx = None
        try:
            driver.execute("BEGIN")
            tx = Reading(connection)
            yield tx
        finally:
            self._give_back(connection, tx, driver)

    def _connect(self, pragmas: tuple[str, ...]) -> Connection:
        connection = self._engine.connect()
        driver: Any = connection.connection.dbapi_connection
        for pragma in pragmas:
            driver.execute(f"PRAGMA {pragma}").fetchall()
        return connection

    def _reader(self) -> Connection:
        if not self._open:
            raise Unavailable(
                "cannot read: the database is closed", hint="start again", code="database-closed"
            )
        if not self._slots.acquire(timeout=READER_WAIT_S):
            raise Unavailable(
                f"cannot read now: {MAX_READERS} readers are busy",
                hint="try again in a second",
                code="overloaded",
            )
        try:
            return self._idle.pop()
        except IndexError:
            pass
        try:
            return self._connect(_READER)
        except BaseException:
            self._slots.release()
            raise

    def _give_back(self, connection: Connection, tx: Reading | None, driver: sqlite3.Connection) -> None:
        try:
            if tx is not None:
                tx.close()
            driver.execute("ROLLBACK")
        except sqlite3.Error:
            with suppress(sqlite3.Error):
                connection.close()
        else:
            if self._open:
                self._idle.append(connection)
            else:
                connection.close()
        finally:
            self._slots.release()

    def _migrate(self) -> None:
        with self._connect(_WRITER) as connection:
            driver: Any = connection.connection.dbapi_connection
            if not migrate.needs_upgrade(connection):
                return
            # One transaction for all steps: a kill at any moment leaves the old database or the new one.
            driver.execute("BEGIN IMMEDIATE")
            try:
                migrate.upgrade(connection)
                driver.execute("COMMIT")
            except BaseException:
                if driver.in_transaction:
                    driver.execute("ROLLBACK")
                raise


def _engine(path: Path) -> Engine:
    def connect() -> sqlite3.Connection:
        # No implicit transactions: BEGIN, SAVEPOINT and COMMIT are said by the store.
        return sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=256)

    return create_engine("sqlite://", creator=connect, poolclass=NullPool, paramstyle="named")


def _make_private(path: Path) -> None:
    """Make folder and file, with the rights of their owner alone, before SQLite would make them with more."""
    try:
        path.parent.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, FILE_MODE))
    except OSError as error:
        raise Unavailable(
            f"cannot open database '{path}': {error.strerror} (expected a file that can be written)",
            hint="check the permissions of the folder, or name another one",
            code="database-not-writable",
        ) from error
