"""Is another process using this database file? One at a time; the lock file says who."""

from __future__ import annotations

import fcntl
import json
import os
from pathlib import Path
from typing import Any

from assay.errors import Unavailable


class FileLock:
    """The exclusive use of one database file, given back when the process ends, however it ends.

    The lock file stays in place: removing it would let two processes lock two files of one name.

    Raises:
        Unavailable: another process has it; `details` holds its `pid` and, for a server, its `url`.
    """

    def __init__(self, database: Path, *, server_url: str | None = None) -> None:
        self.path = database.with_name(database.name + ".lock")
        self._file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            holder = self._read()
            os.close(self._file)
            raise _in_use(database, holder) from None
        self._write({"pid": os.getpid(), "url": server_url})

    def announce(self, server_url: str) -> None:
        """Say under which address this process serves, once that is known."""
        self._write({"pid": os.getpid(), "url": server_url})

    def release(self) -> None:
        """Give the file back."""
        os.ftruncate(self._file, 0)
        os.close(self._file)

    def _write(self, holder: dict[str, Any]) -> None:
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, json.dumps(holder).encode(), 0)

    def _read(self) -> dict[str, Any]:
        try:
            holder = json.loads(os.pread(self._file, 4096, 0))
        except ValueError:
            return {}
        return holder if isinstance(holder, dict) else {}


def holder_of(database: Path) -> dict[str, Any] | None:
    """Who uses this database file: `pid` and `url`; None when nobody does."""
    if not database.with_name(database.name + ".lock").exists():
        return None
    try:
        FileLock(database).release()
    except Unavailable as error:
        return dict(error.details)
    return None


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
