"""An MLflow SQLite file, opened so that nothing about it changes: no byte, no time, no file beside it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from functools import partial
from pathlib import Path
from urllib.parse import quote

from assay.connectors.trackers.mlflow.revisions import COLUMNS_READ, TESTED_REVISIONS
from assay.errors import Unavailable

_MAGIC = b"SQLite format 3\x00"
_BUSY_TIMEOUT_S = 5.0
_SHM_HEADER_BYTES = 48
_SMALL_CACHE_KIB = 512
"""Enough to look at everything once: pages that are used again take a third less time than fresh memory for each."""
_LARGE_CACHE_KIB = 65_536
_BETWEEN = "\x1e"
# Asked before every reading, so in one row: a row costs Python's lock, which another thread may hold for milliseconds.
_COLUMNS = (
    f"SELECT group_concat(t.name || '.' || c.name, '{_BETWEEN}') FROM sqlite_master t JOIN pragma_table_info(t.name) c"  # noqa: S608 - constants
    f" WHERE t.type = 'table' AND t.name IN ({', '.join(repr(table) for table in ('alembic_version', *COLUMNS_READ))})"
)
_SERVER_HINT = (
    "start `mlflow server` on this store and connect its address: assay connect mlflow http://HOST:PORT"
)


def unavailable(uri: str, fact: str, hint: str = "") -> Unavailable:
    """The error for a store that cannot be read now."""
    return Unavailable(f"cannot read MLflow store '{uri}': {fact}", hint=hint, code="tracker-unavailable")


class SqliteFile:
    """One SQLite file of MLflow's, read-only.

    A file in rollback mode is opened with `mode=ro`. A file in write-ahead mode (MLflow does not choose it, but a user
    may have) is opened with `mode=ro` while its log exists, and as immutable when it does not: even a reader would
    otherwise leave `-wal` and `-shm` files beside it.
    """

    def __init__(self, path: Path, *, uri: str) -> None:
        self.path = path
        self.uri = uri

    def fingerprint(self) -> list[int | str]:
        """Has anything been written since? Equal lists mean that no transaction was committed in between.

        File identity, size, change time and SQLite's own change counter; for a write-ahead log also its size, change
        time and the counter in its index. Costs two file reads of under 100 bytes.
        """
        try:
            status = self.path.stat()
            with self.path.open("rb") as file:
                header = file.read(100)
        except OSError as error:
            raise unavailable(
                self.uri,
                error.strerror or "it cannot be opened",
                "check the path, and that Assay may read it",
            ) from error
        if not header:
            raise unavailable(self.uri, "the file is empty", "log a first run with MLflow, then sync again")
        if not header.startswith(_MAGIC):
            raise unavailable(
                self.uri, "not a SQLite database", "name the file MLflow writes, such as mlflow.db"
            )
        marks: list[int | str] = [
            status.st_dev,
            status.st_ino,
            status.st_size,
            status.st_mtime_ns,
            header[24:28].hex(),
        ]
        return marks + self._log_marks()

    def _log_marks(self) -> list[int | str]:
        log = self._beside("-wal")
        try:
            status = log.stat()
        except OSError:
            return []
        try:
            with self._beside("-shm").open("rb") as index:
                counter = index.read(_SHM_HEADER_BYTES).hex()
        except OSError:
            counter = ""
        return [status.st_size, status.st_mtime_ns, counter]

    def _beside(self, suffix: str) -> Path:
        return self.path.with_name(self.path.name + suffix)

    def _is_write_ahead(self) -> bool:
        with self.path.open("rb") as file:
            return file.read(20)[18:20] == b"\x02\x02"

    def _options(self) -> str:
        if not self._is_write_ahead():
            return "mode=ro"
        log, index = self._beside("-wal"), self._beside("-shm")
        if not log.exists() or not log.stat().st_size:
            return "mode=ro&immutable=1"
        if not index.exists():
            raise unavailable(
                self.uri,
                "it was left by a crash with changes still in its -wal file",
                "open it once with MLflow, which takes them over, then sync again",
            )
        return "mode=ro"

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """One consistent view, as short as the block: a reader delays the tracker's own commits while it is open.

        Raises Unavailable, naming the file, for whatever SQLite has to say about it.
        """
        before = self.fingerprint()
        with self._speaking():
            options = self._options()
            with self._connected(options, cache_kib=_SMALL_CACHE_KIB) as connection, _view(connection):
                yield connection
        if "immutable" in options and self.fingerprint() != before:
            raise unavailable(self.uri, "it was written to while it was read", "sync again")

    @contextmanager
    def readings(self) -> Iterator[Callable[[], AbstractContextManager[sqlite3.Connection]]]:
        """The same again and again, in any one thread: over one connection, which keeps the pages that it has read.

        Beside a write-ahead log each gets its own, for a reader that stays keeps the log from being tidied away.
        """
        if self._is_write_ahead():
            yield self.reading
            return
        with self._speaking(), self._connected("mode=ro", cache_kib=_LARGE_CACHE_KIB) as connection:
            yield partial(_view, connection)

    @contextmanager
    def _connected(self, options: str, *, cache_kib: int) -> Iterator[sqlite3.Connection]:
        location = f"file:{quote(str(self.path.absolute()))}?{options}"
        with closing(
            sqlite3.connect(
                location, uri=True, timeout=_BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
            )
        ) as connection:
            for pragma in (
                "query_only=ON",
                "trusted_schema=OFF",
                "temp_store=MEMORY",
                f"cache_size=-{cache_kib}",
            ):
                connection.execute(f"PRAGMA {pragma}")
            yield connection

    @contextmanager
    def _speaking(self) -> Iterator[None]:
        """What SQLite says is said with the name of the file."""
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise unavailable(
                self.uri, str(error) or "SQLite cannot read it", "try again, or " + _SERVER_HINT
            ) from error


@contextmanager
def _view(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    connection.execute("BEGIN")
    try:
        yield connection
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def checked_revision(connection: sqlite3.Connection, uri: str) -> str:
    """Is this a store whose tables may be read? Returns its schema revision, or raises Unavailable saying why not."""
    present = set(str(connection.execute(_COLUMNS).fetchone()[0]).split(_BETWEEN))
    if not present.issuperset(("alembic_version.version_num", "runs.run_uuid")):
        raise unavailable(uri, "it holds no MLflow tables", "name the file MLflow writes, such as mlflow.db")
    revision = "+".join(
        str(row[0]) for row in connection.execute("SELECT version_num FROM alembic_version LIMIT 9")
    )
    if revision not in TESTED_REVISIONS:
        raise unavailable(
            uri,
            f"schema revision {revision[:40]!r} was not tested (expected one of MLflow {', '.join(releases())})",
            _SERVER_HINT,
        )
    for table, wanted in COLUMNS_READ.items():
        missing = [column for column in wanted if f"{table}.{column}" not in present]
        if missing:
            raise unavailable(
                uri,
                f"table {table!r} lacks {', '.join(sorted(missing))} (expected MLflow's own schema)",
                _SERVER_HINT,
            )
    return revision


def releases() -> list[str]:
    """Which MLflow releases have a tested schema?"""
    return list(dict.fromkeys(TESTED_REVISIONS.values()))
