"""Everything a ceremony reads about a sprint, read once, and its tickets as they stood at a moment."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time

from assay.domain.board.board import Board
from assay.domain.board.flow import Crossing, FlowRules, flow_rules
from assay.domain.board.flow_events import FlowEvents
from assay.domain.board.standing_boards import StandingBoards, known_by
from assay.domain.kernel.ids import TicketType
from assay.domain.sprints.progress import ASKS_A_QUESTION, Over, RunsSoFar, progress, times_over
from assay.workflows.card_figures import figures_text
from assay.workflows.lookup import required_project
from assay.workflows.ports import ReadTransaction, Workspace
from assay.workflows.records import Commitment, Project, Sprint, Ticket
from assay.workflows.sprint_views import Decided, TicketAt
from assay.workflows.sprints import required_sprint
from assay.workflows.views import JournalRow

EDITED, FLAGGED = "sprint.edited", "sprint.extension_flagged"
SIGNS = ("ticket.moved", "ticket.noted", "ticket.edited")
LATEST = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class SprintFacts:
    """Everything a ceremony reads, read once."""

    project: Project
    sprint: Sprint | None
    commitments: Sequence[Commitment]
    tickets: Mapping[str, Ticket]
    moves: Mapping[str, Sequence[Crossing]]
    """Where each ticket came into being and went, oldest first."""
    said: Mapping[str, JournalRow]
    """The last verdict of each that had one."""
    signs: Mapping[str, JournalRow]
    """The last move, note or edit of each."""
    runs: Mapping[str, RunsSoFar]
    decided: Mapping[str, Sequence[Decided]]
    """What was decided on each, oldest first."""
    boards: StandingBoards
    plans: Sequence[JournalRow]
    """Changes of the plan since the sprint was started, oldest first."""
    flags: Mapping[str, str]
    """Why a ticket was flagged for extension."""
    at: datetime
    is_past: bool
    beside: Sequence[str] = ()
    """Tickets that are shown beside those of the sprint."""

    @property
    def board_moment(self) -> datetime:
        """The moment whose board counts: a history that was brought in is read on the board of that time."""
        return known_by((move for way in self.moves.values() for move in way), self.at)


def sprint_facts(ws: Workspace, tx: ReadTransaction, slug: str, number: int) -> SprintFacts:
    """The facts of one sprint; one that has ended is shown as it stood then, whatever came later."""
    project = required_project(tx, slug)
    sprint, now = required_sprint(tx, project, number), ws.clock()
    return facts_of(ws, tx, project, sprint, sprint.ended_at or now, now=now)


def half_time_facts(ws: Workspace, tx: ReadTransaction, slug: str, number: int) -> SprintFacts:
    """The facts of one sprint; one that has ended is shown as it stood at the end of its day of half time."""
    project = required_project(tx, slug)
    sprint, at = required_sprint(tx, project, number), ws.clock()
    now = at
    if sprint.ended_at is not None:
        half = datetime.combine(sprint.content.half_time, time.max, tzinfo=UTC)
        at = max(begin_of(sprint), min(sprint.ended_at, half))
    return facts_of(ws, tx, project, sprint, at, now=now)


def facts_of(
    ws: Workspace,
    tx: ReadTransaction,
    project: Project,
    sprint: Sprint | None,
    at: datetime,
    *,
    now: datetime,
    keys: Sequence[str] | None = None,
    beside: Sequence[str] = (),
    with_words: bool = True,
) -> SprintFacts:
    """What is known by this moment about the tickets of a sprint and those `beside` it, or about these.

    Without words, what verdicts said and how the plan was changed are left out: who only looks how far the tickets are needs neither.
    """
    commitments = tx.commitments(sprint.id) if sprint else ()
    wanted = list(keys if keys is not None else dict.fromkeys((*(made.key for made in commitments), *beside)))
    # Where the tracker's clock runs ahead of ours, what it tells has happened all the same.
    until = at if at < now else LATEST
    events = ws.memory.flow(tx, project.slug)
    told = _told(tx, project, sprint if with_words else None, at)
    return SprintFacts(
        project=project,
        sprint=sprint,
        commitments=commitments,
        tickets={ticket.key: ticket for ticket in tx.tickets(project.id, keys=wanted)},
        moves={key: _moves(events, key, at) for key in wanted},
        said=tx.newest_of(project.slug, wanted if with_words else (), ("verdict.computed",), until=at),
        signs=tx.newest_of(project.slug, wanted, SIGNS, until=at),
        runs=tx.runs_so_far(project.id, wanted, begin=begin_of(sprint), until=until),
        decided=_decided(tx, project, wanted, at),
        boards=events.boards(project.settings.board),
        plans=_plans(told, sprint),
        flags=_flags(told, commitments),
        at=at,
        is_past=at < now,
        beside=beside,
    )


def _told(tx: ReadTransaction, project: Project, sprint: Sprint | None, at: datetime) -> Sequence[JournalRow]:
    return () if sprint is None else tx.told_of(project.slug, [sprint.subject], (EDITED, FLAGGED), until=at)


def _plans(told: Sequence[JournalRow], sprint: Sprint | None) -> Sequence[JournalRow]:
    started = None if sprint is None else sprint.started_at
    return [row for row in told if row.kind == EDITED and started is not None and started <= row.at]


def _flags(told: Sequence[JournalRow], made: Sequence[Commitment]) -> Mapping[str, str]:
    """A ticket that was taken in again is flagged anew."""
    since = {one.key: one.added_at for one in made}
    flagged = [row for row in told if row.kind == FLAGGED]
    said = {str(row.payload["ticket"]): row for row in flagged}
    return {key: str(row.payload["reason"]) for key, row in said.items() if row.at >= since.get(key, row.at)}


def _moves(events: FlowEvents, key: str, at: datetime) -> Sequence[Crossing]:
    return [one for one in events.crossings_of.get(key, ()) if one.target is not None and one.at <= at]


def _decided(
    tx: ReadTransaction, project: Project, keys: Sequence[str], at: datetime
) -> Mapping[str, Sequence[Decided]]:
    found: dict[str, list[Decided]] = defaultdict(list)
    for one in tx.decided(project.id, keys):
        if one.at <= at:
            found[one.key].append(one)
    return found


def keys_in_progress(tx: ReadTransaction, project: Project) -> list[str]:
    """Every ticket that somebody has started and that is not over."""
    return list(_in_progress(tx, project))


def questions_in_progress(tx: ReadTransaction, project: Project) -> list[str]:
    """Experiments and spikes in progress, whether a sprint took them in or not: they span sprints or flow beside them."""
    return [key for key, kind in _in_progress(tx, project).items() if kind in ASKS_A_QUESTION]


def _in_progress(tx: ReadTransaction, project: Project) -> Mapping[str, TicketType]:
    board = project.settings.board
    rules = flow_rules(board)
    over = rules.waiting | rules.ended.keys()
    return tx.keys_in(project.id, [stage.key for stage in board.stages if stage.key not in over])


def begin_of(sprint: Sprint | None) -> datetime:
    """When a sprint began: when it was started, else its first day; before everything where there is none."""
    if sprint is None:
        return datetime.min.replace(tzinfo=UTC)
    day = sprint.content.starts_on
    return sprint.started_at or datetime(day.year, day.month, day.day, tzinfo=UTC)


def commitments_of(facts: SprintFacts) -> Mapping[str, Commitment]:
    """What was in the sprint at that moment, by ticket, in the order it came in."""
    return {
        one.key: one
        for one in facts.commitments
        if one.added_at <= facts.at and (one.removed_at is None or one.removed_at > facts.at)
    }


def standing(facts: SprintFacts) -> tuple[TicketAt, ...]:
    """Tickets that were in at that moment, in the order they came in."""
    made = commitments_of(facts)
    keys = dict.fromkeys((*made, *facts.beside)) if facts.sprint else facts.tickets
    moment = facts.board_moment
    board, rules = facts.boards.board_at(moment), facts.boards.at(moment)
    return tuple(
        _ticket_at(facts, board, rules, facts.tickets[key], made.get(key))
        for key in keys
        if key in facts.tickets
    )


def over_of(facts: SprintFacts, key: str) -> tuple[Over, ...]:
    """When was work on a ticket over, by that moment?"""
    decisions = ((one.at, one.kind) for one in facts.decided.get(key, ()))
    moves = (
        (move.at, move.target in facts.boards.at(move.told_at or move.at).ended)
        for move in facts.moves.get(key, ())
    )
    return times_over(decisions, moves)


def _ticket_at(
    facts: SprintFacts, board: Board, rules: FlowRules, ticket: Ticket, made: Commitment | None
) -> TicketAt:
    moves, runs = facts.moves.get(ticket.key, ()), facts.runs.get(ticket.key, RunsSoFar())
    key = moves[-1].target if moves and moves[-1].target else board.first.key
    stage = board.stage(key)
    over, decided = over_of(facts, ticket.key), facts.decided.get(ticket.key, ())
    decision = decided[-1] if decided and over and over[-1].until is None else None
    said = facts.said.get(ticket.key)
    return TicketAt(
        key=ticket.key,
        title=ticket.content.title,
        type=ticket.content.type.value,
        owner=ticket.content.owner,
        stage=stage.title if stage else key,
        progress=progress(
            has_left_first_stage=key not in rules.waiting and _was_started(facts, moves),
            has_ended=key in rules.ended,
            decision=decision.kind if decision else None,
            runs=runs,
        ),
        headline=str(said.payload.get("headline") or "") if said else "",
        figures=_figures(facts, ticket),
        learnings=decision.learnings if decision else "",
        decided_at=decision.at if decision else None,
        after_start=bool(made and made.after_start),
        extension_reason=facts.flags.get(ticket.key, "") if made else "",
        last_sign_at=_last_sign(facts.signs.get(ticket.key), moves, runs, facts.at),
        gpu_hours=runs.gpu_hours,
        runs_without_gpu_hours=runs.without_gpu_hours,
    )


def _was_started(facts: SprintFacts, moves: Sequence[Crossing]) -> bool:
    """It came into a column that was none of waiting then, whatever the board is now."""
    return any(move.target not in {"", *facts.boards.at(move.told_at or move.at).waiting} for move in moves)


def _figures(facts: SprintFacts, ticket: Ticket) -> str:
    """As the card shows them; of a past moment, as the verdict of that time had them."""
    if not facts.is_past:
        return figures_text(ticket.card)
    said = facts.said.get(ticket.key)
    return "" if said is None else str(said.payload.get("figures") or "")


def _last_sign(
    sign: JournalRow | None, moves: Sequence[Crossing], runs: RunsSoFar, at: datetime
) -> datetime | None:
    moments = [sign.at] if sign else []
    # That a history was brought in is no sign of work, what it tells is.
    moments += [move.at for move in moves[-1:] if move.told_at is not None]
    if runs.last_sign_at is not None:
        moments.append(min(runs.last_sign_at, at))
    return max(moments, default=None)
