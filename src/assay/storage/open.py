"""Which store stands behind this address?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from assay.errors import Invalid, Unavailable
from assay.storage.sqlite_store import SqliteStore

if TYPE_CHECKING:
    from assay.storage.postgres_store import PostgresStore

_FORMS = "expected sqlite:///PATH or postgresql://USER@HOST/NAME"


def open_store(
    url: str, *, server_url: str | None = None, must_exist: bool = False
) -> SqliteStore | PostgresStore:
    """Open, and bring to the newest version, the database behind this address.

    Args:
        url: `sqlite:///relative/path.db`, `sqlite:////absolute/path.db` or `postgresql://user:password@host/name`.
        server_url: where this process serves; told to others that find a SQLite file in use.
        must_exist: refuse to make a new SQLite file.

    Raises:
        Invalid: another form of address.
        NotFound: there is no such file, and must be.
        Unavailable: in use by another process, or not reachable.
        Refused: written by a newer program.
    """
    try:
        parsed = make_url(url)
        kind = parsed.get_backend_name()
    except (ArgumentError, ValueError) as error:
        raise Invalid(
            f"cannot open database: not an address ({_FORMS})",
            hint="correct ASSAY_DATABASE_URL, or leave it out for SQLite",
            code="database-url",
            field="url",
        ) from error
    if kind == "sqlite":
        return SqliteStore(_path(parsed.database), server_url=server_url, must_exist=must_exist)
    if kind == "postgresql":
        try:
            import psycopg  # noqa: F401  # to say what is missing before anything else happens
        except ImportError as error:
            raise Unavailable(
                "cannot open database: PostgreSQL needs the driver psycopg, which is not installed",
                hint="pip install 'assay[postgres]'",
                code="driver-missing",
            ) from error
        from assay.storage.postgres_store import PostgresStore

        return PostgresStore(parsed)
    raise Invalid(
        f"cannot open database: {ascii(kind)[:40]} is not supported ({_FORMS})",
        hint="correct ASSAY_DATABASE_URL, or leave it out for SQLite",
        code="database-url",
        field="url",
    )


def _path(name: str | None) -> Path:
    if not name or name.startswith((":memory:", "file:")):
        raise Invalid(
            "cannot open database: no file named (expected sqlite:///PATH)",
            hint="what is remembered must outlive the process: name a file",
            code="database-url",
            field="url",
        )
    return Path(name)
