"""Why does a team not ship? Every usual cause against its own data, and a ticket for what is to be mended."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from assay.domain.board.blockers import blocked_spans
from assay.domain.board.board import Board
from assay.domain.board.causes import diagnose
from assay.domain.board.diagnosis import (
    Answer,
    Cause,
    Column,
    Facts,
    Item,
    PhaseFit,
    SprintScope,
    Standing,
    StuckSign,
)
from assay.domain.board.flow import BoardChanged, flow_rules
from assay.domain.board.readiness import confirmed_now, is_there
from assay.domain.board.wip import gpus_taken, taken_of
from assay.domain.experiments.experiment import TicketContent
from assay.domain.experiments.supplies import LinkedData, supplies
from assay.domain.kernel.ids import TicketType
from assay.domain.kernel.verdicts import Recommendation
from assay.errors import Conflict, Invalid, Refused
from assay.workflows.actor import Actor, Permission
from assay.workflows.diagnosis_ports import WorkItem
from assay.workflows.flow import DEFAULT_WINDOW_DAYS, LONGEST_WINDOW_DAYS
from assay.workflows.flow_facts import flow_facts
from assay.workflows.flow_plans import data_known, sprint_ends
from assay.workflows.idempotency import Remember, write_once
from assay.workflows.lookup import required_project
from assay.workflows.open_tickets import is_over_in, stages_over
from assay.workflows.phases import PhaseView, phase_in
from assay.workflows.ports import ReadTransaction, Workspace, WriteTransaction
from assay.workflows.records import Commitment, CommitmentCount, Project, Sprint, Ticket
from assay.workflows.sprint_flow import counts_of
from assay.workflows.tickets import insert_ticket

LABEL = "diagnosis: {}"
_WHY_NOT = {
    Standing.HOLDS: "nothing is wrong with it",
    Standing.NOT_KNOWN: "it is not known whether it holds",
    Standing.DOES_NOT_HOLD: "the data speaks against it",
}
LAST_SPRINTS = 6
"""So many sprints that were started say whether scope is added as a habit."""


@dataclass(frozen=True, slots=True)
class CauseView:
    """One usual cause, with what speaks for and against it."""

    cause: str
    claim: str
    """The cause as a sentence that may be true."""
    standing: str
    """holds, not_known or does_not_hold."""
    is_healthy: bool
    """It explains why nothing ships, and nothing is wrong with it."""
    weight: float
    """How much of the work it concerns, 0 to 1."""
    speaks_for: tuple[str, ...]
    speaks_against: tuple[str, ...]
    missing: str
    """What is not known, and what would tell."""
    fix: str
    tickets: tuple[str, ...]
    fix_ticket: str | None
    """The open ticket that mends it, where one was made."""


@dataclass(frozen=True, slots=True)
class DiagnosisView:
    """Every usual cause, the worst first."""

    at: datetime
    since: datetime
    """Begin of the window, or of the journal where that is later."""
    days: int
    shipped: int
    """Experiments promoted in the window."""
    decided: int
    causes: tuple[CauseView, ...]


def diagnosis(ws: Workspace, actor: Actor, slug: str, *, days: int = DEFAULT_WINDOW_DAYS) -> DiagnosisView:
    """What does the data of the last days say of each usual cause of not shipping?

    Raises:
        NotFound: no such project.
        Invalid: the window is empty or too long.
    """
    actor.require(Permission.READ)
    _check_window(days)
    at = ws.clock()
    with ws.store.read() as tx:
        project = required_project(tx, slug)
        phase = _phase_fit(phase_in(ws, tx, project))
        tickets = tx.work_items(project.id, over=stages_over(project))
        facts = _facts(ws, tx, project, tickets, phase, at, days)
    decided = [f for f in facts.experiments if f.done_at is not None and facts.start <= f.done_at <= at]
    outcomes = [flow.outcome.value for flow in decided if flow.outcome is not None]
    mending = _mending(project.settings.board, tickets)
    return DiagnosisView(
        at=at,
        since=facts.start,
        days=days,
        shipped=outcomes.count("promoted"),
        decided=outcomes.count("promoted") + outcomes.count("killed"),
        causes=tuple(_view(answer, mending.get(answer.cause)) for answer in diagnose(facts)),
    )


def mend_cause(
    ws: Workspace,
    actor: Actor,
    slug: str,
    cause: Cause,
    *,
    days: int = DEFAULT_WINDOW_DAYS,
    remember: Remember | None = None,
) -> Ticket:
    """Make the ticket that mends a cause, with the evidence of this moment in it.

    Raises:
        Refused: the cause does not hold, or nothing is wrong with it.
        Conflict: an open ticket mends it already.
    """
    actor.require(Permission.WRITE_TICKETS)
    _check_window(days)

    def work(tx: WriteTransaction) -> Ticket:
        project = required_project(tx, slug)
        phase = _phase_fit(phase_in(ws, tx, project))
        tickets = tx.work_items(project.id, over=stages_over(project))
        made = _mending(project.settings.board, tickets).get(cause)
        if made is not None:
            raise Conflict(
                f"cannot make a ticket for {cause.value!r}: {made} mends it already (expected no open one)",
                hint=f"assay ticket show {made}",
                code="cause-has-ticket",
            )
        answers = diagnose(_facts(ws, tx, project, tickets, phase, ws.clock(), days))
        answer = next(one for one in answers if one.cause is cause)
        if not answer.is_to_mend:
            raise Refused(
                f"cannot make a ticket for {cause.value!r}: {_WHY_NOT[answer.standing]} (expected a cause that holds)",
                hint="assay diagnose",
                code="cause-needs-no-fix",
            )
        return insert_ticket(tx, ws, actor, project, _draft(answer))

    return write_once(ws, remember, work)


def _check_window(days: int) -> None:
    if not 1 <= days <= LONGEST_WINDOW_DAYS:
        raise Invalid(
            f"cannot diagnose {days} days (expected 1 to {LONGEST_WINDOW_DAYS})",
            hint="assay diagnose --days 90",
            code="window-out-of-range",
            field="days",
        )


def _facts(
    ws: Workspace,
    tx: ReadTransaction,
    project: Project,
    tickets: Sequence[WorkItem],
    phase: PhaseFit,
    at: datetime,
    days: int,
) -> Facts:
    board = project.settings.board
    sprints, made = tx.sprints(project.id), tx.all_commitments(project.id)
    counts = Counter(ticket.stage for ticket in tickets)
    gpus: Counter[str] = Counter()
    for ticket in tickets:
        gpus[ticket.stage] += gpus_taken(ticket.content)
    known = flow_facts(ws, tx, project, at)
    begin = at - timedelta(days=days)
    first = next((event.at for event in known.events if not isinstance(event, BoardChanged)), begin)
    start = max(begin, first)
    linked = tx.data_links(project.id)
    confirmed, ended = confirmed_now(known.events.about_data), stages_over(project)
    return Facts(
        start=start,
        end=at,
        flows=known.flows,
        rules=known.rules,
        items={
            ticket.key: _item(
                board,
                ticket,
                at,
                linked=linked.get(ticket.key, ()),
                confirmed=ticket.key in confirmed,
                over=is_over_in(ended, ticket.stage, ticket.decision),
            )
            for ticket in tickets
        },
        columns=tuple(
            Column(
                stage.key,
                stage.title,
                stage.wip_limit,
                taken_of(stage, counts.get(stage.key, 0), gpus),
                stage.locks,
            )
            for stage in board.stages
        ),
        blocked=blocked_spans(known.events.about_blockers, until=at),
        sprints=_scopes(sprints, made),
        data=tuple(
            answer
            for answer in data_known(known.events, known.flows, sprint_ends(sprints, made), at)
            if answer.due_at >= start
        ),
        phase=phase,
    )


def _phase_fit(view: PhaseView) -> PhaseFit:
    """What the phase page says, as facts for the causes."""
    mix, real = view.mix, view.explore_percent
    too_much = real is not None and real > view.target_percent
    return PhaseFit(
        phase=view.phase.phase.value,
        is_said=view.version > 0,
        target_percent=view.target_percent,
        sprint=view.sprint,
        explore_percent=real,
        warning=view.warning,
        too_many=() if mix is None else mix.explores if too_much else mix.exploits,
        unmarked=() if mix is None else mix.unmarked,
        signs=tuple(
            StuckSign(f"{one.kind.value}: {one.evidence}. {one.fix}", one.tickets) for one in view.stuck
        ),
    )


def _item(
    board: Board,
    ticket: WorkItem,
    at: datetime,
    *,
    linked: tuple[LinkedData, ...],
    confirmed: bool,
    over: bool,
) -> Item:
    content, box = ticket.content, ticket.content.time_box_days
    awaited = supplies(content.data_needs, linked)
    is_due = any(
        need.needed_by is not None and need.needed_by <= at for need in content.data_needs if not need.ready
    )
    return Item(
        key=ticket.key,
        stage=ticket.stage,
        is_experiment=content.type is TicketType.EXPERIMENT,
        time_box_ends=None
        if ticket.locked_at is None or box is None or over
        else ticket.locked_at + timedelta(days=box),
        time_box_days=box,
        verdict_says_kill=not over
        and ticket.recommendation == Recommendation.KILL.value
        and not ticket.kill_is_snoozed,
        names_data=bool(awaited),
        has_data=is_there((one.is_ready for one in awaited), confirmed=confirmed),
        data_due=bool(awaited) and (ticket.stage != board.first.key or is_due),
        is_over=over,
    )


def _scopes(sprints: Sequence[Sprint], made: Sequence[Commitment]) -> tuple[SprintScope, ...]:
    started = [sprint for sprint in sprints if sprint.started_at is not None][-LAST_SPRINTS:]
    counts, none = counts_of(made), CommitmentCount(0, 0, 0)
    mine = [(sprint.number, counts.get(sprint.id, none)) for sprint in started]
    return tuple(SprintScope(number, taken_in=of.made, after_start=of.after_start) for number, of in mine)


def _mending(board: Board, tickets: Sequence[WorkItem]) -> dict[Cause, str]:
    """The open ticket that mends each cause."""
    rules = flow_rules(board)
    labels = {LABEL.format(cause.value): cause for cause in Cause}
    return {
        labels[label]: ticket.key
        for ticket in tickets
        if ticket.stage not in rules.ended
        for label in ticket.content.labels
        if label in labels
    }


def _draft(answer: Answer) -> TicketContent:
    evidence = [f"- {line}" for line in answer.speaks_for]
    behind = [f"- Tickets: {', '.join(answer.items[:50])}"] if answer.items else []
    return TicketContent(
        type=TicketType.DATA if answer.cause is Cause.DATA_NOT_READY else TicketType.ENGINEERING,
        title=f"Mend: {answer.cause.claim[:1].lower()}{answer.cause.claim[1:]}",
        hypothesis=f"{answer.fix}.",
        method="\n".join(["What the diagnosis found:", *evidence, *behind]),
        labels=(LABEL.format(answer.cause.value),),
        priority=1,
    )


def _view(answer: Answer, made: str | None) -> CauseView:
    return CauseView(
        cause=answer.cause.value,
        claim=answer.cause.claim,
        standing=answer.standing.value,
        is_healthy=answer.is_healthy,
        weight=answer.weight,
        speaks_for=answer.speaks_for,
        speaks_against=answer.speaks_against,
        missing=answer.missing,
        fix=answer.fix,
        tickets=answer.items,
        fix_ticket=made,
    )
