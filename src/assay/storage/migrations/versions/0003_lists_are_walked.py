"""Lists and totals are walked along an index, however many tickets and runs there are."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_PARTIAL = {
    "ix_tickets_decided": (["project_id", "decision"], "decision IS NOT NULL"),
    "ix_tickets_budget": (["project_id", "budget_gpu_hours"], "budget_gpu_hours IS NOT NULL"),
    "ix_tickets_measured": (["project_id"], "locked = 1 AND recommendation IS NOT NULL"),
}


def upgrade() -> None:
    op.drop_index("ix_runs_started", "runs")
    op.create_index("ix_runs_listed", "runs", ["project_id", "id"])
    op.create_index("ix_runs_used", "runs", ["project_id", "deleted", "gpu_hours"])
    for name, (columns, where) in _PARTIAL.items():
        op.create_index(name, "tickets", columns, sqlite_where=sa.text(where))


def downgrade() -> None:
    for name in _PARTIAL:
        op.drop_index(name, "tickets")
    op.drop_index("ix_runs_used", "runs")
    op.drop_index("ix_runs_listed", "runs")
    op.create_index("ix_runs_started", "runs", ["project_id", "started_at", "id"])
