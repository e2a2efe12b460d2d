"""The inbox page."""

from __future__ import annotations

from dataclasses import dataclass

from assay.web.contexts.ticket_form import Choice


@dataclass(frozen=True, slots=True)
class NoticeLine:
    """Something that happened on a followed ticket."""

    key: str
    href: str
    title: str
    who: str
    what: str
    quote: str
    """What a note says; empty for anything else."""
    mentions: bool
    is_new: bool
    at_iso: str
    at: str


@dataclass(frozen=True, slots=True)
class InboxPage:
    """Context of pages/inbox.html."""

    rows: tuple[NoticeLine, ...]
    news: str
    """How much is new, in words."""
    name: str
    is_own: bool
    people: tuple[Choice, ...]
    """Whose inbox can be looked at, where it is not only one's own."""
    here: str
    read_action: str
    csrf_token: str
    last_seq: int
    has_news: bool
    undo: str
    """Number of the journal that takes the last marking back; empty where nothing was marked."""
    next_href: str
    first_href: str
    empty: str
    """What to do first; empty where there is something to see."""
    board_href: str
