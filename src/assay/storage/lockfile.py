"""Is another process using this database file? One at a time; the lock file says who."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from assay.errors import Unavailable

TRIES, PAUSE_S = 10, 0.01
_HINTS = dict.fromkeys((errno.ENOSPC, errno.EDQUOT), "free space and try again")


class FileLock:
    """The exclusive use of one database file, given back when the process ends, however it ends.

    The lock file stays in place: removing it would let two processes lock two files of one name.

    Raises:
        Unavailable: another process has it; `details` holds its `pid` and, for a server, its `url`.
    """

    def __init__(self, database: Path, *, server_url: str | None = None) -> None:
        self.path = lock_path(database)
        try:
            self._file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise Unavailable(
                f"cannot open database '{database}': {self.path.name}: {error.strerror} (expected a folder with room "
                "that this account may write)",
                hint=_HINTS.get(error.errno or 0, "check the permissions of the folder, or name another one"),
                code="database-not-writable",
            ) from error
        if not self._taken():
            holder = _holder(self._file)
            os.close(self._file)
            raise _in_use(database, holder)
        self._write({"pid": os.getpid(), "url": server_url})

    def announce(self, server_url: str) -> None:
        """Say under which address this process serves, once that is known."""
        self._write({"pid": os.getpid(), "url": server_url})

    def release(self) -> None:
        """Give the file back."""
        with suppress(OSError):
            os.ftruncate(self._file, 0)
        os.close(self._file)

    def _taken(self) -> bool:
        """Take it, unless another process has it for longer than a look by `holder_of` lasts."""
        for _ in range(TRIES):
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                time.sleep(PAUSE_S)
            else:
                return True
        return False

    def _write(self, holder: dict[str, Any]) -> None:
        # Who holds it is told as a help to others; on a full disk the lock holds all the same.
        with suppress(OSError):
            os.ftruncate(self._file, 0)
            os.pwrite(self._file, json.dumps(holder).encode(), 0)


def lock_path(database: Path) -> Path:
    """Where the lock of this database file is."""
    return database.with_name(database.name + ".lock")


def holder_of(database: Path) -> dict[str, Any] | None:
    """Who uses this database file: `pid` and `url`, each None when not told; None when nobody does.

    Writes nothing, so that it works in a folder that may only be read.
    """
    try:
        file = os.open(lock_path(database), os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None  # never locked, or not ours to see: opening the database will tell
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return {"pid": None, "url": None, **_holder(file)}
    finally:
        os.close(file)
    return None


def _holder(file: int) -> dict[str, Any]:
    try:
        holder = json.loads(os.pread(file, 4096, 0))
    except ValueError:
        return {}
    return holder if isinstance(holder, dict) else {}


def _in_use(database: Path, holder: dict[str, Any]) -> Unavailable:
    pid, url = holder.get("pid"), holder.get("url")
    who = f"process {pid}" if pid else "another process"
    at = f", serving at {url}" if url else ""
    return Unavailable(
        f"cannot open database '{database}': {who} is using it{at} (expected one process at a time)",
        hint=f"use the running server at {url}, or stop it first"
        if url
        else "wait for it to end, or stop it first",
        code="database-in-use",
        details={"pid": pid, "url": url, "path": str(database)},
    )
