"""What the journal tells about the flow of a project: what crossed into which column, was decided, blocked, or short of data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select

from assay.domain.board.blockers import BlockerCategory, BlockerClosed, BlockerOpened
from assay.domain.board.board import Board, ExitItem, Stage
from assay.domain.board.flow import BoardChanged, Crossing, Decided, FlowEvent, Outcome
from assay.domain.board.readiness import DataConfirmed, Need, NeedsTold
from assay.domain.board.time_boxes import BoxTold
from assay.domain.kernel.ids import KEY_PREFIX, TicketType
from assay.storage.queries.journal import of_kinds
from assay.storage.session import Session, Statement, any_of, from_json
from assay.storage.tables import journal, tickets

_J = journal.c
IMPORTED, CONFIGURED = "history.imported", "project.configured"
_KINDS = (
    "ticket.created", "ticket.moved", "ticket.deleted", "decision.recorded", "blocker.opened", "blocker.closed", IMPORTED,
    CONFIGURED, "ticket.edited", "ticket.confirmed", "ticket.confirmation_withdrawn",
)  # fmt: skip
_OUTCOMES = {"kill": Outcome.KILLED, "promote": Outcome.PROMOTED}
_EXPERIMENT = f"{KEY_PREFIX[TicketType.EXPERIMENT]}-"
_ONLY_DATA = frozenset(("ticket.edited", "ticket.confirmed", "ticket.confirmation_withdrawn"))
_OF_BOXES = frozenset(("ticket.created", "ticket.edited"))
_OF_DATA = _ONLY_DATA | {"ticket.created"}
_EDITED, _TELLING = b'"kind":"ticket.edited"', (b'"data_needs"', b'"time_box_days"')
EVENTS = Statement(lambda engine: of_kinds(engine, after=True))

TITLES = Statement(
    select(tickets.c.key, tickets.c.title).where(tickets.c.project_id == bindparam("the_project"))
)


class FlowQueries(Session):
    """How did work go over the board?"""

    __slots__ = ()

    def titles(self, project_id: int) -> Mapping[str, str]:
        """The title of every ticket, by key."""
        return dict(self.rows(TITLES, the_project=project_id))

    def flow_events(self, project: str, *, after: int = 0) -> Iterator[tuple[int, FlowEvent]]:
        """What is told of crossings, columns, decisions to kill or to promote, blockers, data needs and time boxes after a number of the journal, in its order.

        The hashed bytes are read, not the columns beside them: a figure is what the journal says.
        """
        kinds = any_of(self.engine, _KINDS)
        for body, seq, _ in self.stream(EVENTS, project=project, kinds=kinds, after=after):
            raw = bytes(body)
            if raw.find(_EDITED) >= 0 and all(raw.find(word) < 0 for word in _TELLING):
                continue  # most edits say nothing of data or time
            said = from_json(raw)
            kind, at, subject = said["kind"], datetime.fromisoformat(said["at"]), said["subject"]
            if kind == IMPORTED:
                yield from ((seq, found) for found in _moves(at, subject, said["payload"]["moves"]))
                continue
            if kind == CONFIGURED:
                yield from ((seq, found) for found in _columns(at, said["payload"]))
                continue
            event = None if kind in _ONLY_DATA else _read(kind, at, subject, said["payload"])
            if event is not None:
                yield seq, event
            data = _about_data(kind, at, subject, said["payload"]) if kind in _OF_DATA else None
            if data is not None:
                yield seq, data
            box = _box(at, subject, said["payload"]) if kind in _OF_BOXES else None
            if box is not None:
                yield seq, box


def _moves(told_at: datetime, subject: str, moves: list[dict[str, Any]]) -> Iterator[Crossing]:
    """What happened elsewhere, at the time it happened there."""
    for move in moves:
        at, bulk = datetime.fromisoformat(move["at"]), bool(move.get("bulk"))
        yield Crossing(at, subject, move["before"], move["after"], told_at, bulk)


def _read(kind: str, at: datetime, subject: str, payload: dict[str, Any]) -> FlowEvent | None:
    if kind == "ticket.moved":
        return Crossing(at, subject, payload["before"], payload["after"])
    if kind == "ticket.created":
        # One that was brought in with its history came to be there, not now.
        return None if "imported" in payload else Crossing(at, subject, None, payload.get("column", ""))
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


def _columns(at: datetime, payload: dict[str, Any]) -> Iterator[BoardChanged]:
    """Nothing where only other settings were changed."""
    before, after = (_board(payload[side]["settings"]["board"]) for side in ("before", "after"))
    if before != after:
        yield BoardChanged(at, before, after)


def _board(said: dict[str, Any]) -> Board:
    """What flow asks of a board as it was: its columns, and what they mean."""
    stages = (
        Stage(
            key=one["key"],
            title=one["title"],
            entry_gate=tuple(map(ExitItem, one.get("entry_gate", ()))),
            locks=one.get("locks", False),
            terminal=one.get("terminal", False),
        )
        for one in said["stages"]
    )
    return Board(stages=tuple(stages), transitions=())


def _about_data(
    kind: str, at: datetime, subject: str, payload: dict[str, Any]
) -> NeedsTold | DataConfirmed | None:
    """What an entry tells of the data that an experiment needs."""
    if not subject.startswith(_EXPERIMENT):
        return None
    if kind in ("ticket.created", "ticket.edited"):
        needs = payload["after"].get("data_needs")
        return None if needs is None else NeedsTold(at, subject, tuple(_need(need) for need in needs))
    if payload["item"] != ExitItem.DATASET_READY.value:
        return None
    return DataConfirmed(at, subject, kind == "ticket.confirmed")


def _box(at: datetime, subject: str, payload: dict[str, Any]) -> BoxTold | None:
    """The time box that an experiment was given, or that was taken from it."""
    after = payload["after"]
    if not subject.startswith(_EXPERIMENT) or "time_box_days" not in after:
        return None
    return BoxTold(at, subject, after["time_box_days"])


def _need(said: dict[str, Any]) -> Need:
    day = said.get("needed_by")
    return Need(None if day is None else datetime.fromisoformat(day), bool(said.get("ready", False)))
