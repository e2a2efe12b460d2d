"""What is a column for? Read from its gates, whatever a team calls it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from assay.domain.board.board import Board, ExitItem, Stage
from assay.domain.board.flow import flow_rules
from assay.domain.experiments.experiment import DecisionKind


class ColumnRole(StrEnum):
    """What cards are in a column for."""

    WAITING = "waiting"
    PREPARING = "preparing"
    """Hypothesis, data and baseline are made ready before anything is locked."""
    RUNNING = "running"
    ITERATING = "iterating"
    DEPLOYING = "deploying"
    LIVE = "live"
    KILLED = "killed"
    OTHER = "other"


def column_roles(board: Board) -> Mapping[str, ColumnRole]:
    """What is each column of this board for, by key?

    >>> [role.value for role in column_roles(Board.default()).values()]
    ['waiting', 'preparing', 'running', 'other', 'iterating', 'deploying', 'live', 'killed']
    """
    places = {stage.key: place for place, stage in enumerate(board.stages)}
    begins = min((places[stage.key] for stage in board.stages if stage.locks), default=0)
    live, iterating = flow_rules(board).deployed, board.column_of(DecisionKind.ITERATE)
    return {
        stage.key: _by_gates(stage)
        or _by_place(stage, places[stage.key], begins=begins, live=live, iterating=iterating)
        for stage in board.stages
    }


def _by_gates(stage: Stage) -> ColumnRole | None:
    if ExitItem.KILL_DECIDED in stage.entry_gate:
        return ColumnRole.KILLED
    if ExitItem.SERVING in stage.exit_gate:
        return ColumnRole.DEPLOYING
    return ColumnRole.RUNNING if stage.locks else None


def _by_place(
    stage: Stage, place: int, *, begins: int, live: str | None, iterating: str | None
) -> ColumnRole:
    if stage.key == iterating:
        return ColumnRole.ITERATING
    if stage.key == live:
        return ColumnRole.LIVE
    if place == 0:
        return ColumnRole.WAITING
    return ColumnRole.PREPARING if place < begins else ColumnRole.OTHER
