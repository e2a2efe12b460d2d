"""May a backup take the place of this database without a word?"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from assay.errors import Refused


def must_be_replaceable(target: Path, source: Path) -> None:
    """Refused where something happened in the store that a backup would replace, for whoever did not say that it may."""
    entries = _entries(target) if target.exists() else 0
    if entries:
        raise Refused(
            f"cannot restore '{source}': the store '{target}' holds {entries:,} journal entries (expected an empty one)",
            hint=f"assay restore {source} --replace puts the backup in its place and keeps it as {target.name}.before-restore-TIME",
            code="store-not-empty",
            details={"entries": entries},
        )


def _entries(database: Path) -> int:
    """Of the journal; 0 where it cannot be read, for such a file is kept as it is whatever comes in its place."""
    try:
        with closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)) as old:
            return int(old.execute("SELECT count(*) FROM journal").fetchone()[0])
    except sqlite3.Error:
        return 0
