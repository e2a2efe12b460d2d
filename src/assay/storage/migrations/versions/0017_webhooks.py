"""Receivers outside are told of what happens."""

import sqlalchemy as sa
from alembic import op

from assay.storage.types import BigInt, Blob, Key, Moment, Words

revision = "0017"
down_revision = "0015"


def upgrade() -> None:
    _webhooks()
    op.create_table(
        "webhook_deliveries",
        sa.Column("webhook_id", BigInt, nullable=False, comment="Webhook"),
        sa.Column("seq", BigInt, nullable=False, comment="Number of the journal entry"),
        sa.Column("id", Key, nullable=False, comment="Constant id, a UUID"),
        sa.Column("type", Key, nullable=False, comment="Type of the event"),
        sa.Column(
            "ticket", Key, nullable=False, comment="Key of the ticket; its deliveries keep their order"
        ),
        sa.Column("state", Key, nullable=False, comment="waiting, delivered, parked"),
        sa.Column("tries", sa.Integer, nullable=False, comment="Failed tries"),
        sa.Column("due_at", Moment, nullable=False, comment="Not tried before"),
        sa.Column("first_tried_at", Moment, nullable=True, comment="First try"),
        sa.Column("tried_at", Moment, nullable=True, comment="Last try"),
        sa.Column(
            "status", sa.Integer, nullable=True, comment="Number of the last answer; null where none came"
        ),
        sa.Column("error", Words, nullable=False, comment="Why it is not delivered"),
        sa.ForeignKeyConstraint(
            ["webhook_id"],
            ["webhooks.id"],
            name=op.f("fk_webhook_deliveries_webhook_id_webhooks"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("webhook_id", "seq", name=op.f("pk_webhook_deliveries")),
        comment="Events on their way to webhooks; what they say is in the journal",
        sqlite_strict=True,
    )
    waiting = sa.text("state = 'waiting'")
    op.create_index(
        "ix_webhook_deliveries_waiting",
        "webhook_deliveries",
        ["webhook_id", "ticket", "seq"],
        sqlite_where=waiting,
    )


def _webhooks() -> None:
    op.create_table(
        "webhooks",
        sa.Column("id", BigInt, nullable=False, comment="Order of making"),
        sa.Column("project_id", BigInt, nullable=False, comment="Project"),
        sa.Column("name", Key, nullable=False, comment="Name in the project"),
        sa.Column("target", Words, nullable=False, comment="Server of its address; the rest is sealed"),
        sa.Column(
            "sealed", Blob, nullable=False, comment="Address and secret, sealed with the key of the instance"
        ),
        sa.Column("events", Words, nullable=False, comment="Types of events, JSON"),
        sa.Column("form", Key, nullable=False, comment="json, slack, teams"),
        sa.Column("enabled", sa.Integer, nullable=False, comment="1 when it is on"),
        sa.Column("version", sa.Integer, nullable=False, comment="Raised by every change that people make"),
        sa.Column("by", Words, nullable=False, comment="Who wrote this version"),
        sa.Column("at", Moment, nullable=False, comment="When"),
        sa.Column(
            "looked_at", BigInt, nullable=False, comment="Journal entry up to which deliveries are taken over"
        ),
        sa.Column("failures", sa.Integer, nullable=False, comment="Failures of the receiver in a row"),
        sa.Column("paused_until", Moment, nullable=True, comment="It is left in peace until then"),
        sa.Column("delivered_at", Moment, nullable=True, comment="When it last took something"),
        sa.Column("failed_at", Moment, nullable=True, comment="When it last failed"),
        sa.Column("error", Words, nullable=False, comment="Why; empty after a success"),
        sa.Column("holder", Key, nullable=True, comment="Process that delivers; null when none does"),
        sa.Column("held_until", Moment, nullable=True, comment="After this, another one may"),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_webhooks_project_id_projects"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhooks")),
        sa.UniqueConstraint("project_id", "name", name=op.f("uq_webhooks_project_id_name")),
        comment="Receivers of what happens, by project",
        sqlite_strict=True,
        sqlite_autoincrement=True,
    )


def downgrade() -> None:
    op.drop_table("webhook_deliveries")
    op.drop_table("webhooks")
