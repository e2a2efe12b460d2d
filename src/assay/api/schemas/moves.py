"""Moves as they travel."""

from __future__ import annotations

from collections.abc import Sequence

from typing_extensions import TypedDict

from assay.api.schemas.tickets import TicketDocument
from assay.domain.board.moves import MoveAssessment
from assay.domain.experiments.experiment import Decision


class MovePreviews(TypedDict):
    """What each move would meet."""

    stage: str
    version: int
    rows: Sequence[MoveAssessment]


class MovedDocument(TypedDict):
    """The card is there."""

    ticket: TicketDocument
    source: str
    overridden: bool
    locked: bool


class DecisionDocument(TypedDict):
    """The decision, and what became of the card."""

    ticket: TicketDocument
    decision: Decision
    moved_to: str | None
    not_moved_because: str
