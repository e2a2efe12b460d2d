"""Projects, their metrics, and the answers already given."""

from sqlalchemy import Column, ForeignKey, Integer, Table

from assay.storage.tables.metadata import metadata
from assay.storage.types import BigInt, Blob, Key, Moment, Words

projects = Table(
    "projects",
    metadata,
    Column("id", BigInt, primary_key=True, comment="Number of the project in this instance"),
    Column("slug", Key, nullable=False, unique=True, comment="Name in addresses and commands"),
    Column("name", Words, nullable=False, comment="Name for people"),
    Column("settings", Words, nullable=False, comment="Board and verdict settings, JSON"),
    Column("version", Integer, nullable=False, comment="Raised by every change"),
    Column("next_number", Integer, nullable=False, comment="Number the next ticket gets"),
    Column("created_at", Moment, nullable=False, comment="When it was made"),
    sqlite_strict=True,
    sqlite_autoincrement=True,
    comment="Projects of the instance",
)

metrics = Table(
    "metrics",
    metadata,
    Column(
        "project_id",
        BigInt,
        ForeignKey("projects.id", ondelete="CASCADE"),
        primary_key=True,
        comment="Project",
    ),
    Column("name", Key, primary_key=True, comment="Name as the tracker logs it"),
    Column("body", Words, nullable=False, comment="Direction, unit, decimals, aliases, description, JSON"),
    sqlite_strict=True,
    sqlite_with_rowid=False,
    comment="Metrics a project declared",
)

answers = Table(
    "answers",
    metadata,
    Column("scope", Key, primary_key=True, comment="Who asked what: actor and route"),
    Column("key", Key, primary_key=True, comment="Idempotency-Key of the request"),
    Column("request_digest", Key, nullable=False, comment="Digest of the request it answers"),
    Column("status", Integer, nullable=False, comment="HTTP status given"),
    Column("body", Blob, nullable=False, comment="Body given, byte for byte"),
    Column("headers", Words, nullable=False, comment="Headers given, JSON"),
    Column("at", Moment, nullable=False, comment="When it was answered"),
    sqlite_strict=True,
    comment="Answers to requests with an Idempotency-Key, kept so that a repeat gets the same",
)
