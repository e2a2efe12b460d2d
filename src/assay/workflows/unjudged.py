"""Which tickets never have a verdict?"""

from __future__ import annotations

from assay.domain.kernel.ids import TicketType
from assay.errors import NotFound
from assay.workflows.records import Ticket


def unjudged_type(ticket: Ticket, verb: str) -> NotFound | None:
    """Why a ticket of this type never has a verdict; None for an experiment, which has one from its lock on."""
    kind = ticket.content.type
    if kind is TicketType.EXPERIMENT:
        return None
    return NotFound(
        f"cannot {verb} verdict of {ticket.key!r}: a person decides on a ticket of type {kind}, without a verdict "
        "(expected an experiment)",
        hint=f'assay decide {ticket.key} promote --learnings "..."',
        code="verdict-none",
    )
