"""What is in the way: on a ticket, on a card, in a project."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from assay.web.contexts.ticket_form import Choice


@dataclass(frozen=True, slots=True)
class BlockerLine:
    """One blocker."""

    number: int
    ticket: str
    href: str
    """Where it can be closed."""
    title: str
    """Title of the ticket."""
    category: str
    text: str
    owner: str
    opened_iso: str
    opened_day: str
    opened_by: str
    is_open: bool
    lasted: str
    """For how long it was open; empty while it is."""
    ended: str
    """When it was closed, by whom, and what took it away; empty while it is open."""


@dataclass(frozen=True, slots=True)
class BlockerBox:
    """What is in the way of one ticket, with the forms to open and to close."""

    key: str
    action: str
    close_action: str
    csrf_token: str
    back: str
    """The page to go back to: `board` or `ticket`."""
    open: tuple[BlockerLine, ...]
    closed: tuple[BlockerLine, ...]
    can_open: bool
    categories: tuple[Choice, ...]
    owner_hint: str
    """Whose it is where nobody is named."""
    text: str
    owner: str
    resolution: str
    number: int | None
    """The blocker whose closing was refused, with what was typed."""
    problem: str


@dataclass(frozen=True, slots=True)
class BlockerPage:
    """Context of pages/tickets/blockers.html and of fragments/board/_blockers.html."""

    box: BlockerBox
    title: str
    board_href: str
    ticket_href: str


@dataclass(frozen=True, slots=True)
class BlockerRefusal:
    """Context of fragments/board/_blockers_again.html: the form once more, with fresh columns for the board."""

    box: BlockerBox
    title: str
    board_href: str
    ticket_href: str
    columns: Markup


@dataclass(frozen=True, slots=True)
class BlockersPage:
    """Context of pages/blockers.html: what is in the way in a project."""

    rows: tuple[BlockerLine, ...]
    headline: str
    detail: str
    states: tuple[Choice, ...]
    categories: tuple[Choice, ...]
    filtered: bool
    here: str
    board_href: str
    flow_href: str
