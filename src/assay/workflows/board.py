"""The board: look at it, ask before moving, move a card in one transaction."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from assay.domain.board.board import Board, ExitItem
from assay.domain.board.exit_policies import EXPIRING, ExitFacts, confirmed_beside
from assay.domain.board.moves import MoveAssessment, assess_move
from assay.domain.board.roles import ColumnRole, column_roles
from assay.domain.experiments.experiment import DecisionKind
from assay.domain.experiments.prediction import Prediction
from assay.domain.experiments.preregistration import lock as lock_registration
from assay.domain.experiments.type_rules import ticket_problems
from assay.domain.kernel.events import Event
from assay.domain.kernel.ids import TICKET_KEY, TicketType
from assay.errors import Invalid
from assay.workflows.actor import Actor, Permission
from assay.workflows.blockers import end_blockers
from assay.workflows.board_gates import gate_said, show_gate
from assay.workflows.column_limits import wip_state
from assay.workflows.filters import asked_of_tickets
from assay.workflows.idempotency import Remember, write_once
from assay.workflows.lookup import check_version, required_project, required_ticket, stale
from assay.workflows.ports import ReadTransaction, Workspace, WriteTransaction
from assay.workflows.records import Override, Project, Ticket
from assay.workflows.spikes import spike_clock
from assay.workflows.verdicts import refresh_verdict
from assay.workflows.views import BoardSlots, BoardView, CardSlot, CardView, ColumnPage

RANK_STEP = 1024.0
MAX_REASON_LENGTH = 2000
_RANK = re.compile(r"-?[0-9]{1,300}(\.[0-9]{1,300})?(e[+-]?[0-9]{1,3})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Moved:
    """The card is there."""

    ticket: Ticket
    source: str
    overridden: bool
    locked: bool
    """The move locked the pre-registration."""


@dataclass(frozen=True, slots=True)
class MoveRefused:
    """The card stays; the assessment says why and what would satisfy it."""

    ticket: Ticket
    assessment: MoveAssessment


@dataclass(frozen=True, slots=True)
class BoardParts:
    """A board in two parts: places, and the cards a page has not seen before."""

    project: Project
    slots: BoardSlots
    cards: Mapping[int, CardView]
    roles: Mapping[str, ColumnRole]
    """What each column is for."""


def board(
    ws: Workspace, actor: Actor, slug: str, *, per_column: int = 50, filters: Mapping[str, str] | None = None
) -> BoardView:
    """The board of a project, first page of every column."""
    actor.require(Permission.READ)
    with ws.store.read() as tx:
        project = required_project(tx, slug)
        asked = asked_of_tickets(tx, project, filters, at=ws.clock())
        return tx.board_view(project, per_column=per_column, filters=asked)


def board_parts(
    ws: Workspace,
    actor: Actor,
    slug: str,
    *,
    per_column: int = 50,
    filters: Mapping[str, str] | None = None,
    known: Callable[[CardSlot, ColumnRole], bool],
) -> BoardParts:
    """The board for a page that keeps cards it has shown: where every card stands, and only those that are not `known`.

    What a card shows depends on what its column is for, which a changed board changes.
    """
    actor.require(Permission.READ)
    with ws.store.read() as tx:
        project = required_project(tx, slug)
        asked = asked_of_tickets(tx, project, filters, at=ws.clock())
        slots = tx.board_slots(project, per_column=per_column, filters=asked)
        roles = column_roles(project.settings.board)
        missing = [
            slot.id for column in slots.columns for slot in column.slots if not known(slot, roles[column.key])
        ]
        return BoardParts(project=project, slots=slots, cards=tx.cards(missing, roles), roles=roles)


def column_page(
    ws: Workspace,
    actor: Actor,
    slug: str,
    stage: str,
    *,
    cursor: str | None,
    limit: int,
    filters: Mapping[str, str] | None = None,
) -> ColumnPage:
    """More cards of one column, from the cursor the board gave."""
    actor.require(Permission.READ)
    with ws.store.read() as tx:
        project = required_project(tx, slug)
        known_stage(project.settings.board, stage)
        asked = asked_of_tickets(tx, project, filters, at=ws.clock())
        return tx.column_page(project, stage, after=_cursor(cursor), limit=limit, filters=asked)


def _cursor(text: str | None) -> tuple[float, str] | None:
    if not text:
        return None
    rank, _, key = text.partition("~")
    if _RANK.fullmatch(rank) is not None and TICKET_KEY.fullmatch(key) is not None:
        return float(rank), key
    raise Invalid(
        f"cannot read cursor {ascii(text)[:60]}: not one that the board gave (expected next_cursor of a page)",
        hint="ask again from the first page, without a cursor",
        code="cursor-malformed",
        field="cursor",
    )


def known_stage(board: Board, stage: str) -> None:
    """Invalid when the board has no such column."""
    if board.stage(stage) is None:
        names = ", ".join(s.key for s in board.stages)
        raise Invalid(
            f"cannot find column {stage[:60]!r}: the board has none of this name (expected one of: {names})",
            hint="assay board",
            code="column-unknown",
            field="to",
        )


def assess(
    tx: ReadTransaction,
    project: Project,
    ticket: Ticket,
    *,
    to: str,
    now: datetime,
    reason: str = "",
    counts: Mapping[str, int] | None = None,
) -> MoveAssessment:
    """What would this move meet? `counts` are the tickets in each column, for callers that ask about several moves."""
    return assess_move(
        project.settings.board,
        source=ticket.stage,
        facts=exit_facts(tx, project, ticket, target=to, now=now),
        wip=wip_state(tx, project, ticket, to, counts),
        reason=reason,
        type_name=ticket.content.type.value,
    )


def exit_facts(
    tx: ReadTransaction, project: Project, ticket: Ticket, *, target: str, now: datetime
) -> ExitFacts:
    """What the exit gate of this ticket's column looks at."""
    content, card = ticket.content, ticket.card
    stage = project.settings.board.stage(ticket.stage)
    spike = spike_clock(tx, project, ticket, now)
    asked = () if stage is None else stage.exit_gate
    registers = ticket.lock is None and ExitItem.REGISTRABLE in asked
    return ExitFacts(
        content=content,
        target=target,
        entered_stage_at=ticket.entered_stage_at,
        problems=ticket_problems(content, tx.metrics(project.id)) if registers else (),
        linked=tx.linked_data([ticket.id]).get(ticket.id, ()) if ExitItem.DATASET_READY in asked else (),
        confirmed={a.item: f"{a.by}, {a.at:%d %B %Y}" for a in ticket.attestations},
        running=card.get("running", 0),
        finished=card.get("finished", 0),
        primary_logged=card.get("primary_logged", False),
        baseline_runs=card.get("baseline_runs", 0),
        recommendation=card.get("recommendation"),
        decision=ticket.decision,
        overrun=spike.text if spike is not None and spike.over else "",
        gate=None if stage is None or stage.gate is None else gate_said(tx, project, ticket, stage.gate),
    )


def preview_move(ws: Workspace, actor: Actor, slug: str, key: str, *, to: str) -> MoveAssessment:
    """What would stop this card on its way to `to`, before anybody moves it?"""
    actor.require(Permission.READ)
    with ws.store.read() as tx:
        project = required_project(tx, slug)
        known_stage(project.settings.board, to)
        return assess(tx, project, required_ticket(tx, project, key), to=to, now=ws.clock())


def move_card(
    ws: Workspace,
    actor: Actor,
    slug: str,
    key: str,
    *,
    to: str,
    before_key: str | None = None,
    expected_version: int | None,
    reason: str = "",
    override_reason: str = "",
    remember: Remember | None = None,
) -> Moved | MoveRefused:
    """Move a card, above `before_key` or to the end of the column, in one transaction.

    A refusal is a result. Entering a column that locks also locks hypothesis, criteria, baseline and budget.

    Raises:
        StaleVersion: somebody moved or changed it meanwhile; details carry the fresh ticket.
    """
    work = moving(
        ws,
        actor,
        slug,
        key,
        to=to,
        before_key=before_key,
        expected_version=expected_version,
        reason=reason,
        override_reason=override_reason,
    )
    result = write_once(ws, remember, work)
    if needs_verdict(result):
        refresh_verdict(ws, slug, key)
    return result


def moving(
    ws: Workspace,
    actor: Actor,
    slug: str,
    key: str,
    *,
    to: str,
    before_key: str | None,
    expected_version: int | None,
    reason: str,
    override_reason: str,
) -> Callable[[WriteTransaction], Moved | MoveRefused]:
    """The transaction of `move_card`, for a face that submits it; afterwards `needs_verdict` says what is still to do."""
    actor.require(Permission.MOVE_CARDS)
    if override_reason.strip():
        actor.require(Permission.OVERRIDE_GATES)

    def work(tx: WriteTransaction) -> Moved | MoveRefused:
        project = required_project(tx, slug)
        known_stage(project.settings.board, to)
        ticket = required_ticket(tx, project, key)
        check_version(ticket, expected_version)
        return place_card(
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

    return work


def needs_verdict(result: Moved | MoveRefused) -> bool:
    """Whether this move locked the ticket, so that its verdict has to be computed."""
    return isinstance(result, Moved) and result.locked


def place_card(
    tx: WriteTransaction,
    ws: Workspace,
    actor: Actor,
    project: Project,
    ticket: Ticket,
    *,
    to: str,
    before_key: str | None = None,
    reason: str = "",
    override_reason: str = "",
) -> Moved | MoveRefused:
    """The transaction part of `move_card`, for workflows that move a card beside something else."""
    assessment = assess(tx, project, ticket, to=to, now=ws.clock(), reason=reason or override_reason)
    if before_key is not None:
        required_ticket(tx, project, before_key)
    overridden = False
    if not assessment.allowed:
        if not (override_reason.strip() and assessment.overridable):
            return MoveRefused(ticket=ticket, assessment=assessment)
        overridden = True
    at = ws.clock()
    entering_iteration = to == project.settings.board.column_of(DecisionKind.ITERATE) and ticket.stage != to
    moved = tx.place_ticket(
        ticket,
        stage=to,
        rank=_slot(tx, project, to, before_key),
        at=at,
        iterations=ticket.iterations + 1 if entering_iteration else None,
    )
    if moved is None:
        raise stale(required_ticket(tx, project, ticket.key))
    if ticket.stage == to:
        event = Event.of(
            "ticket.ranked", project=project.slug, subject=ticket.key, column=to, before=before_key
        )
        tx.append(event, actor=actor, at=at)
        return Moved(ticket=moved, source=to, overridden=False, locked=False)
    _journal_move(
        tx,
        actor,
        project,
        ticket,
        assessment,
        at=at,
        reason=reason,
        override_reason=override_reason if overridden else "",
    )
    locked = assessment.locks and ticket.lock is None and ticket.content.type is TicketType.EXPERIMENT
    if locked:
        _lock(tx, ws, actor, project, ticket)
    ended = _end_confirmations(tx, project, ticket, to)
    goal = project.settings.board.stage(to)
    guarded = goal is not None and goal.gate is not None
    if guarded:
        show_gate(tx, project, moved)
    freed = goal is not None and goal.terminal and end_blockers(tx, actor, project, ticket, goal, at=at)
    anew = locked or overridden or ended or guarded or freed
    fresh = required_ticket(tx, project, ticket.key) if anew else moved
    return Moved(ticket=fresh, source=ticket.stage, overridden=overridden, locked=locked)


def _end_confirmations(tx: WriteTransaction, project: Project, ticket: Ticket, to: str) -> bool:
    """Going back ends what people confirmed for the gates ahead: the next sign-off is about another model."""
    given = _ending(project, ticket, to)
    for item in given:
        tx.remove_attestation(ticket.id, item)
    return bool(given)


def _ending(project: Project, ticket: Ticket, to: str) -> list[str]:
    if not ticket.attestations:
        return []
    asked = project.settings.board.gates_ahead_again(ticket.stage, to)
    again = asked.union(confirmed_beside(asked)) & EXPIRING
    return sorted(said.item for said in ticket.attestations if said.item in again)


def _confirmations_field(ended: list[str]) -> dict[str, list[str]]:
    return {"confirmations_ended": ended} if ended else {}


def _journal_move(
    tx: WriteTransaction,
    actor: Actor,
    project: Project,
    ticket: Ticket,
    assessment: MoveAssessment,
    *,
    at: datetime,
    reason: str,
    override_reason: str,
) -> None:
    unmet = [finding.check for finding in assessment.unmet]
    if assessment.wip is not None and not assessment.wip.has_room:
        unmet.append(f"column limit {assessment.wip.text}")
    event = Event.of(
        "ticket.moved",
        project=project.slug,
        subject=ticket.key,
        before=assessment.source,
        after=assessment.target,
        reason=reason.strip(),
        override_reason=override_reason.strip(),
        overridden=bool(override_reason),
        unmet=unmet,
        **_confirmations_field(_ending(project, ticket, assessment.target)),
    )
    seq = tx.append(event, actor=actor, at=at)
    if override_reason:
        override = Override(
            from_stage=assessment.source,
            to_stage=assessment.target,
            reason=override_reason.strip(),
            unmet=tuple(unmet),
            by=actor.name,
            at=at,
            seq=seq,
        )
        tx.add_override(ticket.id, override)


def _slot(tx: WriteTransaction, project: Project, stage: str, before_key: str | None) -> float:
    above, below = tx.ranks_around(project.id, stage, before_key=before_key)
    if above is not None and below is not None and not above < (above + below) / 2.0 < below:
        tx.spread_ranks(project.id, stage)
        above, below = tx.ranks_around(project.id, stage, before_key=before_key)
    if below is None:
        return (above or 0.0) + RANK_STEP
    if above is None:
        return below - RANK_STEP
    return (above + below) / 2.0


def _prediction_field(prediction: Prediction | None) -> dict[str, Any]:
    """What is scored when the experiment is decided."""
    return {} if prediction is None else {"prediction": prediction.model_dump(mode="json", exclude_none=True)}


def _lock(tx: WriteTransaction, ws: Workspace, actor: Actor, project: Project, ticket: Ticket) -> None:
    at = ws.clock()
    rules = project.settings.verdicts
    draft = lock_registration(ticket.content, tx.metrics(project.id), at=at, by=actor.name, seq=0)
    kept = {name: getattr(rules, name) for name in ("alpha", "strictness", "ignored_parameters")}
    draft = draft.model_copy(update=kept)
    seq = tx.append(
        Event.of(
            "ticket.locked",
            project=project.slug,
            subject=ticket.key,
            digest=draft.digest,
            alpha=draft.alpha,
            strictness=draft.strictness,
            registration=draft.registration.model_dump(mode="json"),
            **({"ignored_parameters": list(draft.ignored_parameters)} if draft.ignored_parameters else {}),
            **_prediction_field(draft.prediction),
        ),
        actor=actor,
        at=at,
    )
    tx.put_lock(ticket.id, draft.model_copy(update={"seq": seq}))
