"""Moving a card: what may be done, what stands in the way, what would satisfy it."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup


@dataclass(frozen=True, slots=True)
class Check:
    """One finding as a line."""

    text: str
    word: str
    tone: str
    icon: str
    reason: str
    how: str
    """What would satisfy it, empty when it is met."""


@dataclass(frozen=True, slots=True)
class Move:
    """One way a card can go."""

    target: str
    title: str
    allowed: bool
    needs_reason: bool
    overridable: bool
    locks: bool
    wip: str
    full: bool
    explanation: str
    unmet: tuple[Check, ...]
    met: int
    decides: bool
    """A decision on the ticket is what opens this way."""
    hint: str
    """A few words for the column head while the card is dragged."""


@dataclass(frozen=True, slots=True)
class MovePage:
    """Context of pages/tickets/move.html and of fragments/board/_move_panel.html."""

    key: str
    title: str
    stage_title: str
    version: int
    action: str
    csrf_token: str
    moves: tuple[Move, ...]
    ticket_href: str
    decide_href: str
    board_href: str
    closed: bool


@dataclass(frozen=True, slots=True)
class RefusedMove:
    """Context of fragments/board/_refused.html: a move that did not happen, and how it could."""

    key: str
    title: str
    headline: str
    explanation: str
    kind: str
    move: Move
    before_key: str
    lanes: str
    """By what the board it was dropped on is cut into lanes, empty without; and the lane."""
    lane: str
    version: int
    action: str
    csrf_token: str
    reason: str
    ticket_href: str
    decide_href: str
    needs_decision: bool


@dataclass(frozen=True, slots=True)
class Refusal:
    """Context of pages/tickets/refused.html: the refusal as a page of its own."""

    refused: RefusedMove


@dataclass(frozen=True, slots=True)
class RefusedFragment:
    """Context of fragments/board/_refused_move.html: the refusal for a script, with fresh columns."""

    refused: RefusedMove
    columns: Markup
