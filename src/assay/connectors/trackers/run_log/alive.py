"""Is the process that writes a run log still there? The system knows: it keeps a lock for as long as a process lives."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path

from assay.connectors.trackers.run_log.form import SILENT_S

_MAX_BYTES = 200


def this_machine() -> str:
    """A name of the running system that no other has, and that ends with it: locks mean something only within it."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return os.uname().nodename if hasattr(os, "uname") else ""


def lock_as_alive(path: str) -> int:
    """Make the `.live` file of a run and hold it for as long as this process lives; returns its handle.

    Raises:
        OSError: it cannot be made.
    """
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    os.write(handle, this_machine().encode())
    with suppress(ImportError, OSError):  # a system or a disk without locks: the time of the file has to do
        import fcntl

        fcntl.flock(handle, fcntl.LOCK_EX)
    return handle


def is_alive(handle: int) -> bool:
    """Does somebody hold this `.live` file? One of another machine counts for as long as it is touched now and then."""
    machine = os.pread(handle, _MAX_BYTES, 0).decode("ascii", "replace")
    if machine == this_machine():
        try:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
            fcntl.flock(handle, fcntl.LOCK_UN)
        except BlockingIOError:
            return True
        except (ImportError, OSError):
            pass
        else:
            return False
    return time.time() - os.fstat(handle).st_mtime < SILENT_S
