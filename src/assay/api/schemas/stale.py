"""Stale tickets and their end, as they travel."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from assay.api.schemas.moves import DecisionDocument
from assay.api.schemas.tickets import Body, Key
from assay.domain.board.staleness import Staleness
from assay.domain.kernel.model import NUMBER
from assay.workflows.stale_kills import MOST_AT_ONCE, StaleChoice, StaleKill


class StaleDocument(TypedDict):
    """A stale ticket that may be killed, or why it may not."""

    key: str
    title: str
    why: Staleness
    days: float
    """Since its time box was over, or since its last sign of life."""
    version: int
    verdict: str
    """promote, iterate, kill or undecided; empty where none is computed."""
    why_not: str
    """Empty where it may be killed here."""
    do: str
    """What ends it instead, where it may not."""


class StaleList(TypedDict):
    """What is stale now, the longest first."""

    rows: list[StaleDocument]


class ChosenKill(Body):
    """One of them, in the version it was seen in; without a version any is taken."""

    key: Key
    learnings: Annotated[str, Field(max_length=20_000, examples=["Nobody needs longer context for billing."])]
    version: Annotated[int, NUMBER, Field(ge=1, lt=2**31)] | None = None


class KillsBody(Body):
    """Which stale tickets to kill, and why although no verdict may say so."""

    kills: Annotated[list[ChosenKill], Field(min_length=1, max_length=MOST_AT_ONCE)]
    reason: Annotated[str, Field(max_length=20_000)] = ""

    def chosen(self) -> list[StaleKill]:
        """What was sent."""
        return [StaleKill(one.key, one.learnings, one.version) for one in self.kills]


class KilledList(TypedDict):
    """The decisions, in the order in which they were asked for."""

    rows: list[DecisionDocument]


def stale_document(choice: StaleChoice) -> StaleDocument:
    """A stale ticket as the API tells it."""
    card = choice.card
    return StaleDocument(
        key=card.key,
        title=card.title,
        why=card.why,
        days=card.days,
        version=choice.version,
        verdict=choice.verdict,
        why_not=choice.why_not,
        do=choice.do,
    )
