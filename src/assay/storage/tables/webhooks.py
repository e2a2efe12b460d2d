"""Who outside is told of what happens, and how far that got."""

from sqlalchemy import Column, ForeignKey, Index, Integer, Table, UniqueConstraint, text

from assay.storage.tables.metadata import metadata
from assay.storage.types import BigInt, Blob, Key, Moment, Words

webhooks = Table(
    "webhooks",
    metadata,
    Column("id", BigInt, primary_key=True, comment="Order of making"),
    Column(
        "project_id", BigInt, ForeignKey("projects.id", ondelete="CASCADE"), nullable=False, comment="Project"
    ),
    Column("name", Key, nullable=False, comment="Name in the project"),
    Column("target", Words, nullable=False, comment="Server of its address; the rest is sealed"),
    Column("sealed", Blob, nullable=False, comment="Address and secret, sealed with the key of the instance"),
    Column("events", Words, nullable=False, comment="Types of events, JSON"),
    Column("form", Key, nullable=False, comment="json, slack, teams"),
    Column("enabled", Integer, nullable=False, comment="1 when it is on"),
    Column("version", Integer, nullable=False, comment="Raised by every change that people make"),
    Column("by", Words, nullable=False, comment="Who wrote this version"),
    Column("at", Moment, nullable=False, comment="When"),
    Column(
        "looked_at", BigInt, nullable=False, comment="Journal entry up to which deliveries are taken over"
    ),
    Column("failures", Integer, nullable=False, comment="Failures of the receiver in a row"),
    Column("paused_until", Moment, comment="It is left in peace until then"),
    Column("delivered_at", Moment, comment="When it last took something"),
    Column("failed_at", Moment, comment="When it last failed"),
    Column("error", Words, nullable=False, comment="Why; empty after a success"),
    Column("holder", Key, comment="Process that delivers; null when none does"),
    Column("held_until", Moment, comment="After this, another one may"),
    UniqueConstraint("project_id", "name"),
    sqlite_strict=True,
    sqlite_autoincrement=True,
    comment="Receivers of what happens, by project",
)

webhook_deliveries = Table(
    "webhook_deliveries",
    metadata,
    Column(
        "webhook_id",
        BigInt,
        ForeignKey("webhooks.id", ondelete="CASCADE"),
        primary_key=True,
        comment="Webhook",
    ),
    Column("seq", BigInt, primary_key=True, comment="Number of the journal entry"),
    Column("id", Key, nullable=False, comment="Constant id, a UUID"),
    Column("type", Key, nullable=False, comment="Type of the event"),
    Column("ticket", Key, nullable=False, comment="Key of the ticket; its deliveries keep their order"),
    Column("state", Key, nullable=False, comment="waiting, delivered, parked"),
    Column("tries", Integer, nullable=False, comment="Failed tries"),
    Column("due_at", Moment, nullable=False, comment="Not tried before"),
    Column("first_tried_at", Moment, comment="First try"),
    Column("tried_at", Moment, comment="Last try"),
    Column("status", Integer, comment="Number of the last answer; null where none came"),
    Column("error", Words, nullable=False, comment="Why it is not delivered"),
    Index(
        "ix_webhook_deliveries_waiting",
        "webhook_id",
        "ticket",
        "seq",
        sqlite_where=text("state = 'waiting'"),
    ),
    sqlite_strict=True,
    comment="Events on their way to webhooks; what they say is in the journal",
)
