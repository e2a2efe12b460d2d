"""Documents a project keeps: its canvas, its phase, what it decided to build or to buy."""

from sqlalchemy import Column, ForeignKey, Integer, Table, UniqueConstraint

from assay.storage.tables.metadata import metadata
from assay.storage.types import BigInt, Key, Moment, Words

project_documents = Table(
    "project_documents",
    metadata,
    Column("id", BigInt, primary_key=True, comment="Order of making"),
    Column(
        "project_id", BigInt, ForeignKey("projects.id", ondelete="CASCADE"), nullable=False, comment="Project"
    ),
    Column("kind", Key, nullable=False, comment="What it is: canvas, standing, phase, choice"),
    Column("name", Key, nullable=False, comment="Which one of its kind; empty where there is only one"),
    Column("version", Integer, nullable=False, comment="Raised by every change"),
    Column("body", Words, nullable=False, comment="All that it says, JSON"),
    Column("by", Words, nullable=False, comment="Who wrote this version"),
    Column("at", Moment, nullable=False, comment="When"),
    UniqueConstraint("project_id", "kind", "name"),
    sqlite_strict=True,
    sqlite_autoincrement=True,
    comment="Documents of projects as they stand; the journal keeps what they said before",
)
