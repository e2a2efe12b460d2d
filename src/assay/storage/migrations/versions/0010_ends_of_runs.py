"""Ceremonies count runs along an index: when they ended, whether of the baseline, whether broken."""

import sqlalchemy as sa
from alembic import op

from assay.storage.run_ends import fill_run_ends
from assay.storage.session import Session
from assay.storage.types import Moment

revision = "0010"
down_revision = "0009"

_COUNTED = ["deleted", "of_baseline", "broken", "status", "started_at", "ended_at", "gpu_hours"]


def upgrade() -> None:
    op.add_column("runs", sa.Column("ended_at", Moment, nullable=True, comment="When it ended"))
    op.add_column("runs", _flag("of_baseline", "1 when its arm is the baseline"))
    op.add_column(
        "runs",
        _flag("broken", "1 when the last value of a metric is no finite number, 2 when it logged none"),
    )
    session = Session(op.get_bind())
    fill_run_ends(session)
    session.close()
    op.drop_index("ix_runs_ticket", "runs")
    op.create_index("ix_runs_ticket", "runs", ["project_id", "ticket", *_COUNTED])


def _flag(name: str, comment: str) -> "sa.Column[int]":
    return sa.Column(name, sa.Integer(), nullable=False, server_default="0", comment=comment)


def downgrade() -> None:
    op.drop_index("ix_runs_ticket", "runs")
    op.create_index("ix_runs_ticket", "runs", ["project_id", "ticket"])
    for name in ("broken", "of_baseline", "ended_at"):
        op.drop_column("runs", name)
