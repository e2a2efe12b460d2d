"""What runs cost and tickets may cost is added up along an index, without opening what else is kept of them."""

from collections.abc import Callable
from decimal import Decimal

import orjson
import sqlalchemy as sa
from alembic import op

from assay.domain.gates.checks.resources import is_amount
from assay.storage.types import Real

revision = "0014"
down_revision = "0013"

AT_ONCE = 1000


def upgrade() -> None:
    paid = sa.Column("cost_usd", Real, nullable=True, comment="Money paid; null when unknown")
    op.add_column("runs", paid)
    budget = sa.Column(
        "budget_cost_usd", Real, nullable=True, comment="Budget of money; null when none is set"
    )
    op.add_column("tickets", budget)
    _fill("runs", "cost_usd", "SELECT id, body FROM runs", "id", "body", _paid)
    _fill(
        "tickets",
        "budget_cost_usd",
        "SELECT ticket_id, content FROM ticket_documents",
        "ticket_id",
        "content",
        _budget,
    )
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


def _fill(
    table: str,
    column: str,
    rows: str,
    number: str,
    text: str,
    read: Callable[[dict[str, object]], float | None],
) -> None:
    """Of a thousand rows at a time, and only of those whose document names money at all."""
    connection, last = op.get_bind(), -1
    page = sa.text(
        f"{rows} WHERE {number} > :last AND {text} LIKE '%cost_usd%' ORDER BY {number} LIMIT {AT_ONCE}"
    )
    put = sa.text(f"UPDATE {table} SET {column} = :amount WHERE id = :number")  # noqa: S608 - no text of others
    while found := connection.execute(page, {"last": last}).all():
        last = found[-1][0]
        told = [
            {"number": key, "amount": amount}
            for key, body in found
            if (amount := read(orjson.loads(body))) is not None
        ]
        if told:
            connection.execute(put, told)


def _paid(body: dict[str, object]) -> float | None:
    amount = body.get("cost_usd")
    return float(amount) if isinstance(amount, int | float) and is_amount(amount) else None


def _budget(content: dict[str, object]) -> float | None:
    budget = content.get("budget")
    amount = budget.get("cost_usd") if isinstance(budget, dict) else None
    return None if amount is None else float(Decimal(str(amount)))


def downgrade() -> None:
    op.drop_index("ix_runs_paid", "runs")
    op.drop_index("ix_tickets_money", "tickets")
    op.drop_column("runs", "cost_usd")
    op.drop_column("tickets", "budget_cost_usd")
