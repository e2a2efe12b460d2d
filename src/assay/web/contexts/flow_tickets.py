"""The tickets behind a figure of flow."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FlowTicketLine:
    """One ticket as it stood."""

    key: str
    href: str
    title: str
    column: str
    since_iso: str
    since: str
    lasted: str
    outcome: str
    look: str


@dataclass(frozen=True, slots=True)
class FlowTicketsPage:
    """Context of pages/flow_tickets.html."""

    headline: str
    rows: tuple[FlowTicketLine, ...]
    left_out: int
    flow_href: str
