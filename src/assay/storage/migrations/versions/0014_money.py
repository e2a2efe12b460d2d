"""What runs cost and tickets may cost is added up along an index, without opening what else is kept of them."""

import sqlalchemy as sa
from alembic import op

from assay.storage.amounts import fill_amounts
from assay.storage.types import Real

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    paid = sa.Column("cost_usd", Real, nullable=True, comment="Money paid; null when unknown")
    op.add_column("runs", paid)
    budget = sa.Column(
        "budget_cost_usd", Real, nullable=True, comment="Budget of money; null when none is set"
    )
    op.add_column("tickets", budget)
    fill_amounts(op.get_bind())
    op.create_index(
        "ix_runs_paid",
        "runs",
        ["project_id", "deleted", "cost_usd"],
        sqlite_where=sa.text("cost_usd IS NOT NULL"),
    )
    op.create_index(
        "ix_tickets_money",
        "tickets",
        ["project_id", "budget_cost_usd"],
        sqlite_where=sa.text("budget_cost_usd IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_runs_paid", "runs")
    op.drop_index("ix_tickets_money", "tickets")
    op.drop_column("runs", "cost_usd")
    op.drop_column("tickets", "budget_cost_usd")
