"""How many experiments ever got how far: from the idea to what is promoted?"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from assay.domain.board.board import Board, Stage
from assay.domain.board.flow import FlowRules, ItemFlow, Outcome


@dataclass(frozen=True, slots=True)
class FunnelStep:
    """One step on the way."""

    title: str
    reached: int
    """Items that ever were in this column or got further."""
    here: int
    """Items that stand in it now."""
    key: str = ""
    """Of its column; `promoted` for the end."""


PROMOTED_STEP = "promoted"


def steps_of(board: Board, rules: FlowRules) -> tuple[Stage, ...]:
    """Which columns are steps on the way: those in which work goes on?"""
    return tuple(stage for stage in board.stages if stage.key not in rules.ended and not stage.terminal)


def funnel(flows: Iterable[ItemFlow], board: Board, rules: FlowRules) -> tuple[FunnelStep, ...]:
    """How many items ever reached each column, and how many were promoted at the end?

    An item that skipped a column counts in it: it got further. A kill counts up to the column it was killed in. Deleted items count
    as far as they got.
    """
    way = steps_of(board, rules)
    place = {stage.key: at for at, stage in enumerate(way)}
    items = list(flows)
    furthest = [_furthest(item, place, len(way)) for item in items]
    steps = [
        FunnelStep(
            stage.title,
            sum(far >= at for far in furthest),
            sum(item.stage == stage.key for item in items),
            stage.key,
        )
        for at, stage in enumerate(way)
    ]
    promoted = sum(item.outcome is Outcome.PROMOTED for item in items)
    return (*steps, FunnelStep("Promoted", promoted, promoted, PROMOTED_STEP))


def reached(flows: Iterable[ItemFlow], board: Board, rules: FlowRules, key: str) -> tuple[ItemFlow, ...]:
    """Which items ever were in this column of the way or got further, or were promoted at the end?"""
    way = steps_of(board, rules)
    place = {stage.key: at for at, stage in enumerate(way)}
    wanted = place.get(key, len(way))
    return tuple(flow for flow in flows if _furthest(flow, place, len(way)) >= wanted)


def _furthest(item: ItemFlow, place: dict[str, int], end: int) -> int:
    if item.outcome is Outcome.PROMOTED:
        return end
    # One that was only in columns that are gone since was on the way all the same.
    least = 0 if None in item.outcomes else -1
    return max((place[stage] for _, stage in item.visits if stage in place), default=least)
