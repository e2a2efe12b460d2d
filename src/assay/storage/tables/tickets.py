"""Tickets: the small row that moves, and the documents that stay."""

from sqlalchemy import Column, ForeignKey, Index, Integer, Table, UniqueConstraint, text

from assay.storage.tables.metadata import metadata
from assay.storage.types import BigInt, Key, Moment, Real, Words


def _partial(name: str, *columns: str, where: str) -> Index:
    """An index of the rows that a total is about; of all rows on PostgreSQL, whose dialect a start need not load for it."""
    return Index(name, *columns, sqlite_where=text(where))


tickets = Table(
    "tickets",
    metadata,
    Column("id", BigInt, primary_key=True, comment="Number in this instance, never used again"),
    Column(
        "project_id", BigInt, ForeignKey("projects.id", ondelete="CASCADE"), nullable=False, comment="Project"
    ),
    Column("key", Key, nullable=False, comment="Readable key, such as EXP-42"),
    Column("number", Integer, nullable=False, comment="Number in the key"),
    Column("type", Key, nullable=False, comment="Kind of work"),
    Column("title", Words, nullable=False, comment="Title"),
    Column("owner", Words, nullable=False, comment="Owner"),
    Column("priority", Integer, nullable=False, comment="0 is most urgent"),
    Column("axis", Key, comment="Knob it turns"),
    Column("mode", Key, comment="explore or exploit"),
    Column("budget_gpu_hours", Real, comment="Compute budget; null when none is set"),
    Column("stage", Key, nullable=False, comment="Column of the board"),
    Column("rank", Real, nullable=False, comment="Order in the column, ascending"),
    Column("version", Integer, nullable=False, comment="Raised by every edit, move and decision"),
    Column("card_version", Integer, nullable=False, comment="Raised by everything the card shows"),
    Column("created_at", Moment, nullable=False, comment="When it was made"),
    Column("created_by", Words, nullable=False, comment="Who made it"),
    Column("updated_at", Moment, nullable=False, comment="When version was last raised"),
    Column("entered_stage_at", Moment, nullable=False, comment="When it entered its column"),
    Column("iterations", Integer, nullable=False, comment="How often it entered Iteration"),
    Column("locked", Integer, nullable=False, comment="1 once pre-registered"),
    Column("decision", Key, comment="Latest decision: promote, iterate, kill"),
    Column("recommendation", Key, comment="Latest verdict: promote, iterate, kill, undecided"),
    Column("override_stage", Key, comment="Column last entered by an override"),
    Column("override_at", Moment, comment="When that was"),
    Column("card", Words, nullable=False, comment="What the card shows of evidence and verdict, JSON"),
    Column(
        "results_since",
        BigInt,
        nullable=False,
        server_default="0",
        comment="Journal number at which it first had a run; 0 for never",
    ),
    Column(
        "verdict_due",
        BigInt,
        nullable=False,
        server_default="0",
        comment="Journal number of evidence no verdict has seen; 0 for none",
    ),
    Column(
        "evidence_seq",
        BigInt,
        nullable=False,
        server_default="0",
        comment="Journal number of its newest evidence; 0 for none yet",
    ),
    Column("begun_at", Moment, comment="When it first left the first column; null before that"),
    Column("budget_cost_usd", Real, comment="Budget of money; null when none is set"),
    Column("job_id", BigInt, comment="Job of a pipeline that its card shows; null without one"),
    UniqueConstraint("project_id", "key"),
    Index("ix_tickets_board", "project_id", "stage", "rank", "key", "card_version"),
    Index("ix_tickets_updated", "project_id", "updated_at", "id"),
    _partial("ix_tickets_decided", "project_id", "decision", where="decision IS NOT NULL"),
    _partial("ix_tickets_budget", "project_id", "budget_gpu_hours", where="budget_gpu_hours IS NOT NULL"),
    _partial("ix_tickets_money", "project_id", "budget_cost_usd", where="budget_cost_usd IS NOT NULL"),
    _partial("ix_tickets_measured", "project_id", where="locked = 1 AND recommendation IS NOT NULL"),
    sqlite_strict=True,
    sqlite_autoincrement=True,
    comment="Tickets as the board knows them",
)

ticket_documents = Table(
    "ticket_documents",
    metadata,
    Column(
        "ticket_id",
        BigInt,
        ForeignKey("tickets.id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
        comment="Ticket",
    ),
    Column("content", Words, nullable=False, comment="All that people wrote on it, JSON"),
    Column("lock", Words, comment="Pre-registration with its amendments, JSON"),
    Column("decision", Words, comment="Latest decision, JSON"),
    Column("attestations", Words, nullable=False, comment="What people vouch for, JSON"),
    Column("overrides", Words, nullable=False, comment="Gates passed by a person's word, JSON"),
    sqlite_strict=True,
    comment="The larger parts of a ticket, apart so that a move writes little",
)

stage_counts = Table(
    "stage_counts",
    metadata,
    Column(
        "project_id",
        BigInt,
        ForeignKey("projects.id", ondelete="CASCADE"),
        primary_key=True,
        comment="Project",
    ),
    Column("stage", Key, primary_key=True, comment="Column of the board"),
    Column("count", Integer, nullable=False, comment="Tickets in it"),
    sqlite_strict=True,
    sqlite_with_rowid=False,
    comment="Tickets in each column, kept with every move for the WIP limits",
)

decisions = Table(
    "decisions",
    metadata,
    Column("id", BigInt, primary_key=True, comment="Order of recording"),
    Column(
        "ticket_id",
        BigInt,
        ForeignKey("tickets.id", ondelete="CASCADE"),
        nullable=False,
        index=True,
        comment="Ticket",
    ),
    Column("kind", Key, nullable=False, comment="promote, iterate, kill"),
    Column("learnings", Words, nullable=False, comment="What was learned"),
    Column("at", Moment, nullable=False, comment="When it was recorded"),
    Column("body", Words, nullable=False, comment="The whole decision, JSON"),
    sqlite_strict=True,
    comment="What people decided",
)

notes = Table(
    "notes",
    metadata,
    Column("id", BigInt, primary_key=True, comment="Order of writing"),
    Column(
        "ticket_id",
        BigInt,
        ForeignKey("tickets.id", ondelete="CASCADE"),
        nullable=False,
        index=True,
        comment="Ticket",
    ),
    Column("text", Words, nullable=False, comment="What was written"),
    Column("by", Words, nullable=False, comment="Who wrote it"),
    Column("at", Moment, nullable=False, comment="When"),
    sqlite_strict=True,
    sqlite_autoincrement=True,
    comment="What people wrote on tickets",
)

links = Table(
    "links",
    metadata,
    Column(
        "ticket_id", BigInt, ForeignKey("tickets.id", ondelete="CASCADE"), primary_key=True, comment="From"
    ),
    Column("kind", Key, primary_key=True, comment="How they relate"),
    Column(
        "other_id",
        BigInt,
        ForeignKey("tickets.id", ondelete="CASCADE"),
        primary_key=True,
        index=True,
        comment="To",
    ),
    sqlite_strict=True,
    sqlite_with_rowid=False,
    comment="How tickets relate",
)
