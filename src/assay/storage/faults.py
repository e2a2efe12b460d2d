"""What does a failure of the database mean for the person who asked?"""

from __future__ import annotations

import sqlite3
from typing import Any, NamedTuple

from sqlalchemy.exc import DBAPIError, StatementError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from assay.errors import AssayError, Conflict, Invalid, Unavailable

RETRY_AFTER_S = 1
_PRIMARY = 0xFF  # the low byte of an extended result code


class Told(NamedTuple):
    """What a failure of the database is called.

    Attributes:
        fact: what is the matter.
        hint: the next step.
        code: its stable name.
    """

    fact: str
    hint: str
    code: str


def translated(error: BaseException, *, doing: str = "use", database: str = "") -> BaseException:
    """The error to raise instead; the error itself where it is not the database's.

    Args:
        error: what was raised.
        doing: what was tried with the database: open, read, write.
        database: which one, as people know it: its file, or its name and server.
    """
    if isinstance(error, AssayError):
        return error
    origin = _origin(error)
    if type(origin).__name__ == "ProgrammingError":
        return error  # a fault of ours, not of the database: it must not look like one
    told: AssayError | Told | None
    if isinstance(origin, sqlite3.Error):
        told = _sqlite(origin)
    elif type(origin).__module__.startswith("psycopg"):
        told = _postgresql(origin)
    else:
        told = _plain(origin)
    return _unavailable(told, doing, database) if isinstance(told, Told) else told or error


def is_disk_failure(error: BaseException) -> bool:
    """Did the disk itself fail (an fsync too)? Then what was acknowledged is safe, and nothing more may be."""
    origin = _origin(error)
    return (
        isinstance(origin, sqlite3.Error)
        and _code(origin) in {sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CORRUPT}
        and not is_full(origin)
    )


def is_full(error: BaseException) -> bool:
    """Is there no room left? Writing may go on once there is."""
    # The shared index beside the log is made longer before it is mapped, so that only this tells of a full disk.
    return getattr(_origin(error), "sqlite_errorcode", 0) in {
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR_SHMSIZE,
    }


def stopped(error: BaseException, database: str = "") -> Unavailable:
    """What every write is told after the disk failed."""
    told = Told(
        f"the disk failed ({_origin(error)}) and writing has stopped, so that nothing is acknowledged that may be lost",
        "check the disk, then restart; reading goes on (assay doctor)",
        code="disk-failed",
    )
    return _unavailable(told, "write", database)


def _origin(error: BaseException) -> BaseException:
    """The driver's own error inside the one that SQLAlchemy wraps around it."""
    if isinstance(error, DBAPIError | StatementError) and error.orig is not None:
        return error.orig
    return error


def _plain(error: BaseException) -> AssayError | Told | None:
    if isinstance(error, PoolTimeout):
        return Told("all connections are in use", "try again in a moment", code="database-busy")
    if isinstance(error, UnicodeEncodeError):
        return _not_storable("a text is not valid Unicode", "remove the broken characters and send it again")
    if isinstance(error, OverflowError):
        return _not_storable("a number does not fit 64 bits", "use a smaller number")
    return None


_FULL = Told("the disk is full", "free space and try again; nothing was written", code="disk-full")
_READ_ONLY = Told(
    "it cannot be written", "check the permissions of the file and its folder", code="database-not-writable"
)
_BUSY = Told("another program holds it", "close that program and try again", code="database-busy")
_DAMAGED = Told("it is damaged", "restore the last backup: assay restore FILE", code="database-damaged")
_FAILED = Told("the disk failed", "check the disk, then: assay doctor", code="disk-failed")
_OTHER = Told("it failed", "run: assay doctor", code="database-error")
_SQLITE_FACTS = {
    sqlite3.SQLITE_NOTADB: Told(
        "the file is not a database", "name another file, or restore a backup", code="not-a-database"
    ),
    sqlite3.SQLITE_BUSY: _BUSY,
    sqlite3.SQLITE_LOCKED: _BUSY,
    sqlite3.SQLITE_READONLY: _READ_ONLY,
    sqlite3.SQLITE_CANTOPEN: _READ_ONLY,
    sqlite3.SQLITE_PERM: _READ_ONLY,
}


def _sqlite(error: sqlite3.Error) -> AssayError | Told:
    code = _code(error)
    if code == sqlite3.SQLITE_CONSTRAINT:
        return _constraint(str(error))
    if code == sqlite3.SQLITE_TOOBIG or isinstance(error, sqlite3.DataError):
        return _not_storable("a value is too large", "shorten it")
    if is_full(error):
        return _FULL
    if code == sqlite3.SQLITE_CORRUPT:
        return _DAMAGED._replace(fact=f"it is damaged ({error})")
    if code == sqlite3.SQLITE_IOERR:
        return _FAILED._replace(fact=f"the disk failed ({error})")
    return _SQLITE_FACTS.get(code) or _OTHER._replace(fact=str(error))


def _postgresql(error: Any) -> AssayError | Told:
    from psycopg import errors

    fact = " ".join(str(error).partition("\n")[0].split())
    if isinstance(error, errors.IntegrityError):
        return _constraint(fact)
    if isinstance(error, errors.DataError):
        return _not_storable(fact, "change the value and send it again")
    if isinstance(error, errors.LockNotAvailable):
        return Told("another change takes long", "try again in a moment", code="database-busy")
    if isinstance(error, errors.DiskFull):
        return Told("the disk is full", "free space on the database server", code="disk-full")
    return Told(
        fact,
        "start the database server, or check database_url; Assay goes on when it answers",
        code="database-away",
    )


def _constraint(fact: str) -> Conflict:
    return Conflict(
        f"cannot write: {fact} (expected things that exist, under names that are free)",
        hint="look at the present state and repeat the change",
        code="constraint",
    )


def _not_storable(fact: str, hint: str) -> Invalid:
    return Invalid(f"cannot store value: {fact}", hint=hint, code="value-not-storable")


def _unavailable(told: Told, doing: str, database: str) -> Unavailable:
    named = f" {database!r}" if database else ""
    return Unavailable(
        f"cannot {doing} database{named}: {told.fact}",
        hint=told.hint,
        code=told.code,
        details={"retry_after_s": RETRY_AFTER_S},
    )


def _code(error: sqlite3.Error) -> int:
    code: int = getattr(error, "sqlite_errorcode", 0) or 0
    return code & _PRIMARY
