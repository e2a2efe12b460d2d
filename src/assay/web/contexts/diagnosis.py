"""The diagnosis page."""

from __future__ import annotations

from dataclasses import dataclass

from assay.web.contexts.ticket_form import Choice


@dataclass(frozen=True, slots=True)
class TicketLink:
    """A ticket behind a cause."""

    key: str
    href: str


@dataclass(frozen=True, slots=True)
class CauseLine:
    """One usual cause."""

    cause: str
    claim: str
    word: str
    tone: str
    icon: str
    speaks_for: tuple[str, ...]
    speaks_against: tuple[str, ...]
    missing: str
    fix: str
    """Empty where nothing is to be mended."""
    action: str
    """Where the ticket is made; empty where there is one, and where nothing is to be mended."""
    made: TicketLink | None
    tickets: tuple[TicketLink, ...]
    tickets_left_out: int


@dataclass(frozen=True, slots=True)
class DiagnosisPage:
    """Context of pages/diagnosis.html."""

    headline: str
    detail: str
    causes: tuple[CauseLine, ...]
    windows: tuple[Choice, ...]
    days: int
    here: str
    csrf_token: str
    flow_href: str
    backtest_href: str
