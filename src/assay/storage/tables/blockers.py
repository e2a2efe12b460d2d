"""What is or was in the way of tickets."""

from sqlalchemy import Column, ForeignKey, Index, Integer, Table, UniqueConstraint, text

from assay.storage.tables.metadata import metadata
from assay.storage.types import BigInt, Key, Moment, Words

blockers = Table(
    "blockers",
    metadata,
    Column("id", BigInt, primary_key=True, comment="Order of opening"),
    Column(
        "ticket_id", BigInt, ForeignKey("tickets.id", ondelete="CASCADE"), nullable=False, comment="Ticket"
    ),
    Column("number", Integer, nullable=False, comment="Number in the ticket"),
    Column("category", Key, nullable=False, comment="Kind of thing that is in the way"),
    Column("owner", Words, nullable=False, comment="Who sees to it that it goes away"),
    Column("text", Words, nullable=False, comment="What is in the way"),
    Column("opened_at", Moment, nullable=False, comment="When it was opened"),
    Column("opened_by", Words, nullable=False, comment="Who opened it"),
    Column("closed_at", Moment, comment="When it was closed; null while it is open"),
    Column("closed_by", Words, nullable=False, server_default="", comment="Who closed it"),
    Column("resolution", Words, nullable=False, server_default="", comment="What took it away"),
    UniqueConstraint("ticket_id", "number"),
    Index("ix_blockers_open", "ticket_id", sqlite_where=text("closed_at IS NULL")),
    sqlite_strict=True,
    comment="What is or was in the way of tickets",
)
