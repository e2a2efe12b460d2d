"""Tickets say what is in their way."""

import sqlalchemy as sa
from alembic import op

from assay.storage.types import BigInt, Key, Moment, Words

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_table(
        "blockers",
        sa.Column("id", BigInt, nullable=False, comment="Order of opening"),
        sa.Column("ticket_id", BigInt, nullable=False, comment="Ticket"),
        sa.Column("number", sa.Integer(), nullable=False, comment="Number in the ticket"),
        sa.Column("category", Key, nullable=False, comment="Kind of thing that is in the way"),
        sa.Column("owner", Words, nullable=False, comment="Who sees to it that it goes away"),
        sa.Column("text", Words, nullable=False, comment="What is in the way"),
        sa.Column("opened_at", Moment, nullable=False, comment="When it was opened"),
        sa.Column("opened_by", Words, nullable=False, comment="Who opened it"),
        sa.Column("closed_at", Moment, nullable=True, comment="When it was closed; null while it is open"),
        sa.Column("closed_by", Words, nullable=False, server_default="", comment="Who closed it"),
        sa.Column("resolution", Words, nullable=False, server_default="", comment="What took it away"),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["tickets.id"], name=op.f("fk_blockers_ticket_id_tickets"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_blockers")),
        sa.UniqueConstraint("ticket_id", "number", name=op.f("uq_blockers_ticket_id_number")),
        comment="What is or was in the way of tickets",
        sqlite_strict=True,
    )
    op.create_index("ix_blockers_open", "blockers", ["ticket_id"], sqlite_where=sa.text("closed_at IS NULL"))


def downgrade() -> None:
    op.drop_table("blockers")
