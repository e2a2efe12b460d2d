"""Runs remember what they were, and several projects can read one tracker."""

import sqlalchemy as sa
from alembic import op

from assay.storage.types import BigInt, Key, Words

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "run_pasts",
        sa.Column("id", BigInt, nullable=False, comment="Order of remembering"),
        sa.Column("run_id", BigInt, nullable=False, comment="Run"),
        sa.Column("until_seq", BigInt, nullable=False, comment="Journal number at which it changed"),
        sa.Column("ticket", Key, nullable=True, comment="Key of the ticket it belonged to"),
        sa.Column("last_values", Words, nullable=False, comment="Last value by metric, JSON"),
        sa.Column("body", Words, nullable=False, comment="Config, arm, seed, status and the rest, JSON"),
        sa.ForeignKeyConstraint(
            ["run_id"], ["runs.id"], name=op.f("fk_run_pasts_run_id_runs"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_run_pasts")),
        comment="What runs were before they left a ticket or arm, or before a finished result changed",
        sqlite_strict=True,
    )
    op.create_index("ix_run_pasts_run", "run_pasts", ["run_id", "id"])
    op.create_index("ix_run_pasts_ticket", "run_pasts", ["ticket", "run_id"])
    op.add_column(
        "runs",
        sa.Column(
            "first_arm",
            Key,
            nullable=True,
            comment="Arm it had when first seen before its end; null when not so seen",
        ),
    )
    op.add_column(
        "sources",
        sa.Column(
            "qualified",
            sa.Integer(),
            nullable=False,
            server_default="0",
            comment="1 when only runs whose tags name the project belong to its tickets",
        ),
    )


def downgrade() -> None:
    op.drop_column("sources", "qualified")
    op.drop_column("runs", "first_arm")
    op.drop_table("run_pasts")
