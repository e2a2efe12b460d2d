"""What the journal tells about the flow of a project: who crossed into which column, and what was decided."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from assay.domain.board.blockers import BlockerCategory, BlockerClosed, BlockerOpened
from assay.domain.board.flow import Crossing, Decided, FlowEvent, Outcome
from assay.domain.kernel.ids import KEY_PREFIX, TicketType
from assay.storage.queries.journal import of_kinds
from assay.storage.session import Session, Statement, any_of, from_json
from assay.storage.tables import journal

_J = journal.c
IMPORTED = "history.imported"
_KINDS = (
    "ticket.created", "ticket.moved", "ticket.deleted", "decision.recorded", "blocker.opened", "blocker.closed", IMPORTED,
)  # fmt: skip
_OUTCOMES = {"kill": Outcome.KILLED, "promote": Outcome.PROMOTED}
_EXPERIMENT = f"{KEY_PREFIX[TicketType.EXPERIMENT]}-"
EVENTS = Statement(lambda engine: of_kinds(engine, after=True))


class FlowQueries(Session):
    """How did work go over the board?"""

    __slots__ = ()

    def flow_events(
        self, project: str, *, first_stage: str, after: int = 0
    ) -> Iterator[tuple[int, FlowEvent]]:
        """Every crossing, decision to kill or to promote, and blocker opened or closed after a number of the journal, in its order.

        The hashed bytes are read, not the columns beside them: a figure is what the journal says.
        """
        kinds = any_of(self.engine, _KINDS)
        for body, seq, _ in self.stream(EVENTS, project=project, kinds=kinds, after=after):
            said = from_json(bytes(body))
            at = datetime.fromisoformat(said["at"])
            if said["kind"] == IMPORTED:
                yield from ((seq, found) for found in _moves(said["subject"], said["payload"]["moves"]))
                continue
            event = _read(said["kind"], at, said["subject"], said["payload"], first_stage)
            if event is not None:
                yield seq, event


def _moves(subject: str, moves: list[dict[str, Any]]) -> Iterator[Crossing]:
    """What happened elsewhere, at the time it happened there."""
    for move in moves:
        at, bulk = datetime.fromisoformat(move["at"]), bool(move.get("bulk"))
        yield Crossing(at, subject, move["before"], move["after"], imported=True, bulk=bulk)


def _read(
    kind: str, at: datetime, subject: str, payload: dict[str, Any], first_stage: str
) -> FlowEvent | None:
    if kind == "ticket.moved":
        return Crossing(at, subject, payload["before"], payload["after"])
    if kind == "ticket.created":
        # One that was brought in with its history came to be there, not now.
        return (
            None if "imported" in payload else Crossing(at, subject, None, payload.get("column", first_stage))
        )
    if kind == "ticket.deleted":
        return Crossing(at, subject, None, None)
    if kind == "blocker.opened":
        return BlockerOpened(at, subject, payload["number"], BlockerCategory(payload["category"]))
    if kind == "blocker.closed":
        return BlockerClosed(at, subject, payload["number"])
    outcome = _OUTCOMES.get(payload["decision"])
    if outcome is not None and not subject.startswith(_EXPERIMENT):
        outcome = Outcome.CLOSED  # rates are of experiments
    return (
        None if outcome is None else Decided(at, subject, outcome, bool(payload.get("learnings", "").strip()))
    )
