"""Which version has this database, and how does it get to the newest?"""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, insert, inspect, select, text

from assay.errors import Refused
from assay.storage.migrations import HEAD, VERSIONS
from assay.storage.tables import instance

if TYPE_CHECKING:
    from alembic.config import Config

_SCRIPTS = Path(__file__).parent / "migrations"


def current_version(connection: Connection) -> str | None:
    """The version of the database; None when it is empty."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    row = connection.execute(text("SELECT version_num FROM alembic_version")).first()
    return None if row is None else str(row[0])


def needs_upgrade(connection: Connection) -> bool:
    """Is the database older than this program?

    Raises:
        Refused: it is newer, or no database of ours.
    """
    version = current_version(connection)
    if version is not None and version not in VERSIONS:
        raise Refused(
            f"cannot open database: its version {version[:40]!r} is not known here (expected {HEAD} or older)",
            hint="install the newer assay that wrote it, or restore a backup made before the upgrade",
            code="database-newer",
        )
    return version != HEAD


def upgrade(connection: Connection, *, to: str = "head") -> None:
    """Bring the database to the newest version, inside the caller's transaction: kill it anywhere, and nothing happened."""
    from alembic import command

    command.upgrade(_config(connection), to)
    if to == "head" and connection.execute(select(instance.c.name)).first() is None:
        connection.execute(insert(instance).values(id=1, name=secrets.token_hex(16)))


def downgrade(connection: Connection, *, to: str) -> None:
    """Take versions back, inside the caller's transaction. For tests and emergencies."""
    from alembic import command

    command.downgrade(_config(connection), to)


def _config(connection: Connection) -> Config:
    from alembic.config import Config as AlembicConfig

    if not connection.in_transaction():
        connection.begin()  # else Alembic would begin, and commit, a transaction of its own
    config = AlembicConfig()
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config
