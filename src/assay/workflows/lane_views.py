"""The board in lanes as the store tells it."""

from __future__ import annotations

from dataclasses import dataclass

from assay.workflows.views import CardSlot


@dataclass(frozen=True, slots=True)
class LaneCell:
    """What stands in one lane of one column: the places of its first cards."""

    slots: tuple[CardSlot, ...]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class LaneColumn:
    """One column of a board with lanes."""

    key: str
    title: str
    wip_limit: int | None
    count: int
    """Cards in all its lanes."""
    taken: int
    """What counts against the limit: cards, or the GPUs they run on."""
    gate: str
    cells: dict[str, LaneCell]
    """By lane; the empty text stands for cards without what makes a lane."""


@dataclass(frozen=True, slots=True)
class LaneSlots:
    """Which cards stand in which lane of which column."""

    columns: tuple[LaneColumn, ...]
    seq: int
    """Journal sequence number this view reflects."""
