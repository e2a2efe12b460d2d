"""The flow page."""

from __future__ import annotations

from dataclasses import dataclass

from assay.web.contexts.board import Fact
from assay.web.contexts.diagnosis import TicketLink
from assay.web.contexts.experiment import ChartBox
from assay.web.contexts.ticket_form import Choice


@dataclass(frozen=True, slots=True)
class AgeLine:
    """One card in progress with its age."""

    key: str
    href: str
    title: str
    column: str
    days: str
    usual: str
    is_old: bool
    decide_href: str
    """Where a stale one is decided."""


@dataclass(frozen=True, slots=True)
class OpenLine:
    """One blocker that was open at the moment asked for."""

    key: str
    href: str
    title: str
    category: str
    days: str


@dataclass(frozen=True, slots=True)
class BulkLine:
    """Cards that were moved at once."""

    text: str
    tickets: tuple[TicketLink, ...]
    """The first of them."""
    left_out: int


@dataclass(frozen=True, slots=True)
class StaleLine:
    """One stale card."""

    key: str
    href: str
    title: str
    why: str
    decide_href: str


@dataclass(frozen=True, slots=True)
class FlowPage:
    """Context of pages/flow.html."""

    headline: str
    detail: str
    facts: tuple[Fact, ...]
    bulk: tuple[BulkLine, ...]
    """One for each moment at which many cards were moved at once."""
    charts: tuple[ChartBox, ...]
    more_charts: tuple[ChartBox, ...]
    """Beside the list of ages."""
    ages: tuple[AgeLine, ...]
    """The oldest only."""
    ages_left_out: int
    blockers: tuple[OpenLine, ...]
    """The oldest only."""
    blockers_left_out: int
    stale: tuple[StaleLine, ...]
    """The longest only; of now, whatever day is asked for."""
    stale_note: str
    stale_href: str
    kill_href: str
    """Where the chosen stale tickets are killed."""
    blockers_note: str
    blockers_href: str
    here: str
    at: str
    """The day asked for, empty for now."""
    today: str
    windows: tuple[Choice, ...]
    is_empty: bool
    board_href: str
    diagnosis_href: str
    new_href: str
    history_href: str
