"""Evidence stays: disconnected sources keep their runs, and tickets know what no verdict has seen yet."""

import sqlalchemy as sa
from alembic import op

from assay.storage.types import BigInt, Key

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column(
        "sources",
        sa.Column(
            "connected",
            sa.Integer(),
            nullable=False,
            server_default="1",
            comment="0 once disconnected: kept for the sake of its runs",
        ),
    )
    op.add_column(
        "runs",
        sa.Column("first_candidate", Key, nullable=True, comment="Candidate it declared when first seen"),
    )
    for name, comment in (
        ("results_since", "Journal number at which it first had a run; 0 for never"),
        ("verdict_due", "Journal number of evidence no verdict has seen; 0 for none"),
    ):
        op.add_column("tickets", sa.Column(name, BigInt, nullable=False, server_default="0", comment=comment))
    op.execute(
        "UPDATE tickets SET results_since = 1, verdict_due = 1 WHERE EXISTS (SELECT 1 FROM runs "
        "WHERE runs.project_id = tickets.project_id AND runs.ticket = tickets.key)"
    )
    op.execute("UPDATE tickets SET verdict_due = 1 WHERE locked = 1")


def downgrade() -> None:
    for table, column in (
        ("tickets", "verdict_due"),
        ("tickets", "results_since"),
        ("runs", "first_candidate"),
        ("sources", "connected"),
    ):
        op.drop_column(table, column)
