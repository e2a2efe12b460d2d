"""Who follows a ticket, how far they have read, and the files that belong to it."""

from sqlalchemy import Column, ForeignKey, Index, Integer, Table, UniqueConstraint

from assay.storage.tables.metadata import metadata
from assay.storage.types import BigInt, Key, Moment, Words

watchers = Table(
    "watchers",
    metadata,
    Column(
        "ticket_id", BigInt, ForeignKey("tickets.id", ondelete="CASCADE"), primary_key=True, comment="Ticket"
    ),
    Column("name", Key, primary_key=True, comment="Who follows it"),
    Column("since", Moment, nullable=False, comment="Since when"),
    Index("ix_watchers_name", "name", "ticket_id"),
    sqlite_strict=True,
    sqlite_with_rowid=False,
    comment="Who follows tickets",
)

attachments = Table(
    "attachments",
    metadata,
    Column("id", BigInt, primary_key=True, comment="Order of attaching"),
    Column(
        "ticket_id", BigInt, ForeignKey("tickets.id", ondelete="CASCADE"), nullable=False, comment="Ticket"
    ),
    Column("digest", Key, nullable=False, comment="Digest of the content, in blobs"),
    Column("name", Words, nullable=False, comment="Name of the file, for people"),
    Column("size", Integer, nullable=False, comment="Bytes"),
    Column("by", Words, nullable=False, comment="Who attached it"),
    Column("at", Moment, nullable=False, comment="When"),
    UniqueConstraint("ticket_id", "digest"),
    sqlite_strict=True,
    sqlite_autoincrement=True,
    comment="Files that belong to tickets, by digest",
)

inbox_marks = Table(
    "inbox_marks",
    metadata,
    Column(
        "project_id",
        BigInt,
        ForeignKey("projects.id", ondelete="CASCADE"),
        primary_key=True,
        comment="Project",
    ),
    Column("name", Key, primary_key=True, comment="Who has read"),
    Column("seq", BigInt, nullable=False, comment="Up to which journal number"),
    sqlite_strict=True,
    sqlite_with_rowid=False,
    comment="How far people have read what happened on tickets they follow",
)
