"""Tickets are followed, and have files."""

import sqlalchemy as sa
from alembic import op

from assay.storage.types import BigInt, Key, Moment, Words

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.create_table(
        "watchers",
        sa.Column("ticket_id", BigInt, nullable=False, comment="Ticket"),
        sa.Column("name", Key, nullable=False, comment="Who follows it"),
        sa.Column("since", Moment, nullable=False, comment="Since when"),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["tickets.id"], name=op.f("fk_watchers_ticket_id_tickets"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("ticket_id", "name", name=op.f("pk_watchers")),
        comment="Who follows tickets",
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "attachments",
        sa.Column("id", BigInt, nullable=False, comment="Order of attaching"),
        sa.Column("ticket_id", BigInt, nullable=False, comment="Ticket"),
        sa.Column("digest", Key, nullable=False, comment="Digest of the content, in blobs"),
        sa.Column("name", Words, nullable=False, comment="Name of the file, for people"),
        sa.Column("size", sa.Integer(), nullable=False, comment="Bytes"),
        sa.Column("by", Words, nullable=False, comment="Who attached it"),
        sa.Column("at", Moment, nullable=False, comment="When"),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["tickets.id"], name=op.f("fk_attachments_ticket_id_tickets"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attachments")),
        sa.UniqueConstraint("ticket_id", "digest", name=op.f("uq_attachments_ticket_id_digest")),
        comment="Files that belong to tickets, by digest",
        sqlite_strict=True,
        sqlite_autoincrement=True,
    )


def downgrade() -> None:
    op.drop_table("attachments")
    op.drop_table("watchers")
