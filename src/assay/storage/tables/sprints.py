"""Sprints and what was committed to them."""

from sqlalchemy import Column, ForeignKey, Index, Integer, Table, UniqueConstraint

from assay.storage.tables.metadata import metadata
from assay.storage.types import BigInt, Key, Moment, Words

sprints = Table(
    "sprints",
    metadata,
    Column("id", BigInt, primary_key=True, comment="Number in this instance"),
    Column(
        "project_id", BigInt, ForeignKey("projects.id", ondelete="CASCADE"), nullable=False, comment="Project"
    ),
    Column("number", Integer, nullable=False, comment="Number in the project"),
    Column("state", Key, nullable=False, comment="planned, active, ended"),
    Column("content", Words, nullable=False, comment="Name, goal, dates, capacity, JSON"),
    Column("retro", Words, nullable=False, comment="What the team took from it, JSON"),
    Column("version", Integer, nullable=False, comment="Raised by every change"),
    Column("created_at", Moment, nullable=False, comment="When it was made"),
    Column("started_at", Moment, comment="When it was started; null before"),
    Column("ended_at", Moment, comment="When it was ended; null before"),
    UniqueConstraint("project_id", "number"),
    sqlite_strict=True,
    sqlite_autoincrement=True,
    comment="Sprints of projects",
)

commitments = Table(
    "commitments",
    metadata,
    Column("id", BigInt, primary_key=True, comment="Order of committing"),
    Column(
        "sprint_id", BigInt, ForeignKey("sprints.id", ondelete="CASCADE"), nullable=False, comment="Sprint"
    ),
    Column(
        "ticket_id",
        BigInt,
        ForeignKey("tickets.id", ondelete="CASCADE"),
        nullable=False,
        index=True,
        comment="Ticket",
    ),
    Column("added_at", Moment, nullable=False, comment="When it was taken in"),
    Column("added_by", Words, nullable=False, comment="Who took it in"),
    Column("after_start", Integer, nullable=False, comment="1 when the sprint was running already"),
    Column("removed_at", Moment, comment="When it was taken out; null while it is in"),
    Column("removed_by", Words, comment="Who took it out"),
    Column("removed_reason", Words, comment="Why"),
    Column("extension_reason", Words, comment="Why it is flagged for extension; null when it is not"),
    Index("ix_commitments_sprint", "sprint_id", "id"),
    sqlite_strict=True,
    sqlite_autoincrement=True,
    comment="Tickets taken into sprints; taking one out keeps the row",
)
