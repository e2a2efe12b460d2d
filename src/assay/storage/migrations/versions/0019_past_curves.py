"""A finished run that changes leaves its curves behind, so that every value of them can be told again."""

import sqlalchemy as sa
from alembic import op

from assay.storage.types import BigInt, Blob, Key

revision = "0019"
down_revision = "0017"


def upgrade() -> None:
    op.add_column(
        "run_pasts",
        sa.Column(
            "knows_curves",
            sa.Integer(),
            nullable=False,
            server_default="0",
            comment="1 when its curves are known: those kept for it, else those of the next one, else the run's",
        ),
    )
    op.create_table(
        "past_curves",
        sa.Column("past_id", BigInt, nullable=False, comment="What the run was"),
        sa.Column("metric", Key, nullable=False, comment="Metric"),
        sa.Column("points", sa.Integer(), nullable=False, comment="Points of the curve"),
        sa.Column("body", Blob, nullable=False, comment="As in curves"),
        sa.ForeignKeyConstraint(
            ["past_id"],
            ["run_pasts.id"],
            name=op.f("fk_past_curves_past_id_run_pasts"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("past_id", "metric", name=op.f("pk_past_curves")),
        comment="Curves of finished runs as they were before they changed, one row a curve",
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    op.drop_table("past_curves")
    op.drop_column("run_pasts", "knows_curves")
