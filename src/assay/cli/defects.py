"""An unexpected failure: one line for the person, the traceback in a file for whoever mends it."""

from __future__ import annotations

import os
import traceback
from datetime import UTC, datetime
from pathlib import Path
from tempfile import gettempdir

from assay.errors import AssayError
from assay.settings import find_home

LOG_NAME = "defects.log"
LARGEST_LOG = 1_000_000
"""A log that has grown beyond this many bytes is begun anew."""


def defect(error: BaseException, command: str) -> AssayError:
    """The failure as an error of the house, its traceback kept in a log whose path is named.

    Args:
        error: what was raised and nobody expected.
        command: noun and verb, without what was given to them: values are no business of a log.
    """
    said = " ".join(str(error).split())[:200]
    fact = f"{type(error).__name__}: {said}" if said else type(error).__name__
    file = _keep(error, command)
    return AssayError(
        f"cannot finish command '{command}': {fact} (expected no failure; this is a defect of Assay)",
        hint=f"report it with the traceback in {file}" if file else "report it; no log could be written",
        code="defect",
    )


def _keep(error: BaseException, command: str) -> Path | None:
    entry = (
        f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ} {command}\n{''.join(traceback.format_exception(error))}\n"
    )
    for folder in (_home(), Path(gettempdir()) / f"assay-{os.getuid()}"):
        if folder is not None:
            try:
                return _appended(folder, entry)
            except OSError:
                continue
    return None


def _home() -> Path | None:
    try:
        home = find_home(Path.cwd(), os.environ)
    except OSError:
        return None
    return home.resolve() if home is not None and home.is_dir() else None


def _appended(folder: Path, entry: str) -> Path:
    folder.mkdir(mode=0o700, exist_ok=True)
    file = folder / LOG_NAME
    fresh = os.O_TRUNC if file.exists() and file.stat().st_size > LARGEST_LOG else os.O_APPEND
    # Nobody else's file or link stands in for ours in a folder for temporary files.
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | fresh, 0o600)
    with os.fdopen(descriptor, "wb") as opened:
        opened.write(entry.encode("utf-8", "backslashreplace"))
    return file
