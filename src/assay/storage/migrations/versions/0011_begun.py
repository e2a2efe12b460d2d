"""Tickets know when work on them began: the journal tells it of those that are there."""

import sqlalchemy as sa
from alembic import op

from assay.storage.types import Moment

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.add_column(
        "tickets",
        sa.Column(
            "begun_at", Moment, nullable=True, comment="When it first left the first column; null before that"
        ),
    )
    op.execute(
        "UPDATE tickets SET begun_at = (SELECT min(journal.at) FROM journal JOIN projects ON projects.slug = journal.project "
        "WHERE projects.id = tickets.project_id AND journal.subject = tickets.key AND journal.kind = 'ticket.moved')"
    )


def downgrade() -> None:
    op.drop_column("tickets", "begun_at")
