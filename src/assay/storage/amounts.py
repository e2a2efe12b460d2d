"""What do runs cost, and tickets may cost, that were stored when nobody kept that beside them?"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import orjson
import sqlalchemy as sa

from assay.domain.gates.checks.resources import is_amount

AT_ONCE = 1000


def fill_amounts(connection: sa.Connection) -> None:
    """Set what every run cost and every ticket may cost from what its document says already."""
    runs = "SELECT id, body FROM runs"
    _fill(connection, "runs", "cost_usd", runs, "id", "body", _paid)
    budgets = "SELECT ticket_id, content FROM ticket_documents"
    _fill(connection, "tickets", "budget_cost_usd", budgets, "ticket_id", "content", _budget)


def _fill(
    connection: sa.Connection,
    table: str,
    column: str,
    rows: str,
    number: str,
    text: str,
    read: Callable[[dict[str, object]], float | None],
) -> None:
    """Of a thousand rows at a time, and only of those whose document names money at all."""
    last = -1
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
