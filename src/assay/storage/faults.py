"""What does a failure of the database mean for the person who asked?"""

from __future__ import annotations

import sqlite3
from typing import Any

from sqlalchemy.exc import DBAPIError, StatementError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from assay.errors import AssayError, Conflict, Invalid, Unavailable

RETRY_AFTER_S = 1
_PRIMARY = 0xFF  # the low byte of an extended result code


def translated(error: BaseException) -> BaseException:
    """The error to raise instead; the error itself where it is not the database's."""
    if isinstance(error, AssayError):
        return error
    origin = (
        error.orig if isinstance(error, DBAPIError | StatementError) and error.orig is not None else error
    )
    if type(origin).__name__ == "ProgrammingError":
        return error  # a fault of ours, not of the database: it must not look like one
    if isinstance(origin, sqlite3.Error):
        return _sqlite(origin)
    if type(origin).__module__.startswith("psycopg"):
        return _postgresql(origin)
    return _plain(origin) or error


def is_disk_failure(error: BaseException) -> bool:
    """Did the disk itself fail (an fsync too)? Then what was acknowledged is safe, and nothing more may be."""
    return isinstance(error, sqlite3.Error) and _code(error) in {sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CORRUPT}


def stopped(error: BaseException) -> Unavailable:
    """What every write is told after the disk failed."""
    return _unavailable(
        f"the disk failed ({error}) and writing has stopped, so that nothing is acknowledged that may be lost",
        "check the disk, then restart; reading goes on (assay doctor)",
        "disk-failed",
    )


def _plain(error: BaseException) -> AssayError | None:
    if isinstance(error, PoolTimeout):
        return _unavailable("all connections are in use", "try again in a moment", "database-busy")
    if isinstance(error, UnicodeEncodeError):
        return _not_storable("a text is not valid Unicode", "remove the broken characters and send it again")
    if isinstance(error, OverflowError):
        return _not_storable("a number does not fit 64 bits", "use a smaller number")
    return None


_READ_ONLY = (
    "it cannot be written",
    "check the permissions of the file and its folder",
    "database-not-writable",
)
_BUSY = ("another program holds it", "close that program and try again", "database-busy")
_SQLITE_FACTS = {
    sqlite3.SQLITE_FULL: ("the disk is full", "free space and try again; nothing was written", "disk-full"),
    sqlite3.SQLITE_NOTADB: (
        "the file is not a database",
        "name another file, or restore a backup",
        "not-a-database",
    ),
    sqlite3.SQLITE_BUSY: _BUSY,
    sqlite3.SQLITE_LOCKED: _BUSY,
    sqlite3.SQLITE_READONLY: _READ_ONLY,
    sqlite3.SQLITE_CANTOPEN: _READ_ONLY,
    sqlite3.SQLITE_PERM: _READ_ONLY,
}


def _sqlite(error: sqlite3.Error) -> AssayError:
    code = _code(error)
    if code in _SQLITE_FACTS:
        return _unavailable(*_SQLITE_FACTS[code])
    if is_disk_failure(error):
        return stopped(error)
    if code == sqlite3.SQLITE_CONSTRAINT:
        return _constraint(str(error))
    if code == sqlite3.SQLITE_TOOBIG or isinstance(error, sqlite3.DataError):
        return _not_storable("a value is too large", "shorten it")
    return _unavailable(str(error), "run: assay doctor", "database-error")


def _postgresql(error: Any) -> AssayError:
    from psycopg import errors

    if isinstance(error, errors.IntegrityError):
        return _constraint(str(error).partition("\n")[0])
    if isinstance(error, errors.DataError):
        return _not_storable(str(error).partition("\n")[0], "change the value and send it again")
    if isinstance(error, errors.LockNotAvailable):
        return _unavailable("another change takes long", "try again in a moment", "database-busy")
    if isinstance(error, errors.DiskFull):
        return _unavailable("the disk is full", "free space on the database server", "disk-full")
    return _unavailable(
        str(error).strip().partition("\n")[0], "check the database server and its address", "database-away"
    )


def _constraint(fact: str) -> Conflict:
    return Conflict(
        f"cannot write: {fact} (expected things that exist, under names that are free)",
        hint="look at the present state and repeat the change",
        code="constraint",
    )


def _not_storable(fact: str, hint: str) -> Invalid:
    return Invalid(f"cannot store value: {fact}", hint=hint, code="value-not-storable")


def _unavailable(fact: str, hint: str, code: str) -> Unavailable:
    return Unavailable(
        f"cannot use database: {fact}", hint=hint, code=code, details={"retry_after_s": RETRY_AFTER_S}
    )


def _code(error: sqlite3.Error) -> int:
    code: int = getattr(error, "sqlite_errorcode", 0) or 0
    return code & _PRIMARY
