"""What every figure of flow is computed from: the ways of the tickets up to a moment, on the boards that stood then."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from assay.domain.board.board import Board
from assay.domain.board.flow import Crossing, FlowRules, ItemFlow
from assay.domain.board.flow_events import FlowEvents
from assay.domain.board.standing_boards import StandingBoards, known_by
from assay.workflows.ports import ReadTransaction, Workspace
from assay.workflows.records import Project


@dataclass(frozen=True, slots=True)
class FlowFacts:
    """Work on the board up to a moment; nothing later is in it."""

    at: datetime
    events: FlowEvents
    """All that the journal tells, also of what came later."""
    crossings: Sequence[Crossing]
    """Up to the moment."""
    flows: tuple[ItemFlow, ...]
    boards: StandingBoards
    asked: datetime
    """The moment whose board counts: later than `at` where a history of another board was brought in since."""

    @property
    def board(self) -> Board:
        """The board that stood at the moment."""
        return self.boards.board_at(self.asked)

    @property
    def rules(self) -> FlowRules:
        """What its columns meant."""
        return self.boards.at(self.asked)

    @property
    def deployed_title(self) -> str | None:
        """Title of the column of what is in use; None where the board has none."""
        stage = self.board.stage(self.rules.deployed or "")
        return None if stage is None else stage.title


def flow_facts(ws: Workspace, tx: ReadTransaction, project: Project, at: datetime) -> FlowFacts:
    """Which way did every ticket of a project go by this moment, and on which board?"""
    events = ws.memory.flow(tx, project.slug)
    crossings = [crossing for crossing in events.crossings if crossing.at <= at]
    boards = events.boards(project.settings.board)
    return FlowFacts(at, events, crossings, events.ways(boards, until=at), boards, known_by(crossings, at))
