"""A board cut into lanes by owner, axis or phase: look at it, and move a card to another lane."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from assay.domain.board.roles import ColumnRole, column_roles
from assay.domain.portfolio.lanes import LaneBy
from assay.domain.portfolio.phase_of_work import phase_of_work
from assay.errors import Invalid, Refused
from assay.workflows.actor import Actor, Permission
from assay.workflows.asked import Lanes
from assay.workflows.board import (
    MAX_REASON_LENGTH,
    Moved,
    MoveRefused,
    known_stage,
    needs_verdict,
    place_card,
)
from assay.workflows.bulk_edits import with_fields
from assay.workflows.filters import asked_of_tickets
from assay.workflows.lane_views import LaneSlots
from assay.workflows.lookup import check_version, required_project, required_ticket
from assay.workflows.phase_history import phases_of
from assay.workflows.ports import ReadTransaction, Workspace, WriteTransaction
from assay.workflows.records import Project, Ticket
from assay.workflows.tickets import change_content
from assay.workflows.verdicts import refresh_verdict
from assay.workflows.views import CardSlot, CardView


@dataclass(frozen=True, slots=True)
class LaneParts:
    """A board with lanes in two parts: places, and the cards a page has not seen before."""

    project: Project
    slots: LaneSlots
    cards: Mapping[int, CardView]
    roles: Mapping[str, ColumnRole]
    """What each column is for."""
    knows_phase: bool
    """Somebody has said which phase the project is in."""


@dataclass(frozen=True, slots=True)
class LaneMove:
    """A card that is put into a lane."""

    by: LaneBy
    lane: str
    """Owner, axis or phase; empty for none."""


@dataclass(frozen=True, slots=True)
class LaneMoved:
    """The card is in its lane."""

    moved: Moved
    lane_before: str
    """The same as now where it only moved within its lane."""


def lane_parts(
    ws: Workspace,
    actor: Actor,
    slug: str,
    by: LaneBy,
    *,
    per_cell: int,
    filters: Mapping[str, str] | None = None,
    known: Callable[[CardSlot, ColumnRole], bool],
) -> LaneParts:
    """The board in lanes for a page that keeps cards it has shown: where every card stands, and only those not `known`."""
    actor.require(Permission.READ)
    with ws.store.read() as tx:
        project = required_project(tx, slug)
        asked = asked_of_tickets(tx, project, filters, at=ws.clock())
        lanes = _lanes(tx, project, by)
        slots = tx.lane_slots(project, lanes=lanes, per_cell=per_cell, filters=asked)
        shown = (slot for column in slots.columns for cell in column.cells.values() for slot in cell.slots)
        roles = column_roles(project.settings.board)
        missing = [slot.id for slot in shown if not known(slot, roles[slot.stage])]
        cards = tx.cards(missing, roles)
        return LaneParts(project, slots, cards, roles, knows_phase=bool(lanes.phases))


def _lanes(tx: ReadTransaction, project: Project, by: LaneBy) -> Lanes:
    way = phases_of(tx, project.slug) if by is LaneBy.PHASE else ()
    return Lanes(by=by.value, phases=tuple((one.at, one.phase.value) for one in way))


def move_in_lanes(
    ws: Workspace,
    actor: Actor,
    slug: str,
    key: str,
    into: LaneMove,
    *,
    to: str,
    before_key: str | None = None,
    expected_version: int | None,
    reason: str = "",
    override_reason: str = "",
) -> LaneMoved | MoveRefused:
    """Move a card to a place in a lane, in one transaction: another lane of owners or axes changes owner or axis.

    Raises:
        Refused: the lane is another phase, which is a matter of when work began.
        Invalid: no ticket can have what makes this lane.
        StaleVersion: somebody moved or changed it meanwhile.
    """
    actor.require(Permission.MOVE_CARDS)
    if override_reason.strip():
        actor.require(Permission.OVERRIDE_GATES)

    def work(tx: WriteTransaction) -> LaneMoved | MoveRefused:
        project = required_project(tx, slug)
        known_stage(project.settings.board, to)
        ticket = required_ticket(tx, project, key)
        check_version(ticket, expected_version)
        before = lane_of(tx, project, ticket, into.by)
        if before != into.lane:
            _may_change(actor, ticket, into, before)
        result = place_card(
            tx,
            ws,
            actor,
            project,
            ticket,
            to=to,
            before_key=before_key,
            reason=reason[:MAX_REASON_LENGTH],
            override_reason=override_reason[:MAX_REASON_LENGTH],
        )
        if isinstance(result, MoveRefused):
            return result
        if before == into.lane:
            return LaneMoved(result, before)
        changed = _put(tx, ws, actor, project, result.ticket, into)
        moved = Moved(changed, result.source, overridden=result.overridden, locked=result.locked)
        return LaneMoved(moved, before)

    result = ws.store.write(work)
    if isinstance(result, LaneMoved) and needs_verdict(result.moved):
        refresh_verdict(ws, slug, key)
    return result


def put_in_lane(
    ws: Workspace, actor: Actor, slug: str, key: str, into: LaneMove, *, expected_version: int | None
) -> Ticket:
    """Put a card into another lane and leave it where it stands in its column: the way back from a drag.

    Raises:
        Refused, Invalid, StaleVersion: as with `move_in_lanes`.
    """

    def work(tx: WriteTransaction) -> Ticket:
        project = required_project(tx, slug)
        ticket = required_ticket(tx, project, key)
        check_version(ticket, expected_version)
        before = lane_of(tx, project, ticket, into.by)
        _may_change(actor, ticket, into, before)
        return ticket if before == into.lane else _put(tx, ws, actor, project, ticket, into)

    return ws.store.write(work)


def lane_of(tx: ReadTransaction, project: Project, ticket: Ticket, by: LaneBy) -> str:
    """The lane in which a ticket stands; empty for none."""
    if by is LaneBy.OWNER:
        return ticket.content.owner
    if by is LaneBy.AXIS:
        return ticket.content.axis or ""
    return phase_of_work(ticket.begun_at, phases_of(tx, project.slug)) or ""


def _may_change(actor: Actor, ticket: Ticket, into: LaneMove, before: str) -> None:
    actor.require(Permission.WRITE_TICKETS)
    if into.by is LaneBy.PHASE and before != into.lane:
        began = (
            f"work on it began in {before}"
            if ticket.begun_at and before
            else "it belongs to the phase of now"
        )
        if ticket.begun_at and not before:
            began = "work on it began before anybody said a phase"
        raise Refused(
            f"cannot move {ticket.key!r} to the lane {into.lane or 'No phase'}: {began} (expected its own lane)",
            hint="a phase is when work began: move the card within its lane",
            code="lane-fixed",
            field="lane",
        )


def _put(
    tx: WriteTransaction, ws: Workspace, actor: Actor, project: Project, ticket: Ticket, into: LaneMove
) -> Ticket:
    value: Any = into.lane if into.by is LaneBy.OWNER else into.lane or None
    content = with_fields(ticket, {into.by.value: value})
    return change_content(tx, ws, actor, project, ticket, content, amendment_reason=None)[0]


def lane_by(text: str) -> LaneBy:
    """By what a board is to be cut into lanes.

    Raises:
        Invalid: there are no such lanes.
    """
    try:
        return LaneBy(text)
    except ValueError:
        raise Invalid(
            f"cannot show lanes by {ascii(text)[:40]} (expected one of: {', '.join(LaneBy)})",
            hint="leave lanes out for a board without",
            code="lanes-unknown",
            field="lanes",
        ) from None
