"""Everything a ceremony reads about a sprint, read once, and its tickets as they stood at a moment."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from assay.domain.board.flow import flow_rules
from assay.domain.sprints.progress import RunEnd, by_our_clock, progress
from assay.workflows.lookup import required_project
from assay.workflows.ports import ReadTransaction
from assay.workflows.records import Commitment, Project, Sprint, Ticket
from assay.workflows.sprint_views import Decided, TicketAt
from assay.workflows.sprints import required_sprint
from assay.workflows.views import JournalRow

TOLD = ("ticket.moved", "ticket.noted", "ticket.edited", "verdict.computed")


@dataclass(frozen=True, slots=True)
class SprintFacts:
    """Everything a ceremony reads, read once."""

    project: Project
    sprint: Sprint | None
    commitments: Sequence[Commitment]
    tickets: Mapping[str, Ticket]
    told: Mapping[str, Sequence[JournalRow]]
    runs: Mapping[str, Sequence[RunEnd]]
    decided: Sequence[Decided]
    at: datetime


def sprint_facts(tx: ReadTransaction, slug: str, number: int, now: datetime) -> SprintFacts:
    """The facts of one sprint; one that has ended is shown as it stood then, whatever came later."""
    project = required_project(tx, slug)
    sprint = required_sprint(tx, project, number)
    return facts_of(tx, project, sprint, sprint.ended_at or now, now=now)


def facts_of(
    tx: ReadTransaction,
    project: Project,
    sprint: Sprint | None,
    at: datetime,
    *,
    now: datetime,
    keys: Sequence[str] | None = None,
) -> SprintFacts:
    """What is known by this moment about the tickets of a sprint, or about these."""
    commitments = tx.commitments(sprint.id) if sprint else ()
    wanted = list(keys if keys is not None else dict.fromkeys(made.key for made in commitments))
    told: dict[str, list[JournalRow]] = defaultdict(list)
    for row in tx.told_of(project.slug, wanted, TOLD):
        if row.at <= at and row.subject is not None:
            told[row.subject].append(row)
    runs: dict[str, list[RunEnd]] = defaultdict(list)
    for run in tx.run_ends(project.id, wanted):
        runs[run.ticket].append(by_our_clock(run, now))
    return SprintFacts(
        project=project,
        sprint=sprint,
        commitments=commitments,
        tickets={ticket.key: ticket for ticket in tx.tickets(project.id, keys=wanted)},
        told=told,
        runs=runs,
        decided=[one for one in tx.decided(project.id) if one.at <= at],
        at=at,
    )


def keys_in_progress(tx: ReadTransaction, project: Project) -> list[str]:
    """Every ticket that somebody has started and that is not over."""
    board = project.settings.board
    rules = flow_rules(board)
    return [
        ticket.key
        for ticket in tx.tickets(project.id)
        if ticket.stage not in rules.waiting and ticket.stage not in rules.ended
    ]


def begin_of(sprint: Sprint) -> datetime:
    """When a sprint began: when it was started, else its first day."""
    day = sprint.content.starts_on
    return sprint.started_at or datetime(day.year, day.month, day.day, tzinfo=UTC)


def standing(facts: SprintFacts) -> tuple[TicketAt, ...]:
    """Tickets that were in at that moment, in the order they came in."""
    made = {one.key: one for one in facts.commitments if one.removed_at is None or one.removed_at > facts.at}
    keys = made if facts.sprint else facts.tickets
    return tuple(_ticket_at(facts, facts.tickets[key], made.get(key)) for key in keys if key in facts.tickets)


def _ticket_at(facts: SprintFacts, ticket: Ticket, made: Commitment | None) -> TicketAt:
    board, rules = facts.project.settings.board, flow_rules(facts.project.settings.board)
    rows, runs = facts.told.get(ticket.key, ()), facts.runs.get(ticket.key, ())
    moves = [row for row in rows if row.kind == "ticket.moved"]
    key = str(moves[-1].payload["after"]) if moves else board.first.key
    stage = board.stage(key)
    decision = next((one for one in facts.decided[::-1] if one.key == ticket.key), None)
    said = [row for row in rows if row.kind == "verdict.computed"]
    begin = begin_of(facts.sprint) if facts.sprint else datetime.min.replace(tzinfo=UTC)
    mine = [run for run in runs if run.started_at is not None and begin <= run.started_at <= facts.at]
    return TicketAt(
        key=ticket.key,
        title=ticket.content.title,
        type=ticket.content.type.value,
        owner=ticket.content.owner,
        stage=stage.title if stage else key,
        progress=progress(
            has_left_first_stage=key not in rules.waiting,
            has_ended=key in rules.ended,
            decision=decision.kind if decision else None,
            runs=runs,
            at=facts.at,
        ),
        headline=str(said[-1].payload.get("headline") or "") if said else "",
        figures=_figures(ticket),
        learnings=decision.learnings if decision else "",
        decided_at=decision.at if decision else None,
        after_start=bool(made and made.after_start),
        extension_reason=made.extension_reason if made else "",
        last_sign_at=_last_sign(rows, runs, facts.at),
        gpu_hours=sum(run.gpu_hours for run in mine if run.gpu_hours is not None),
        runs_without_gpu_hours=sum(run.gpu_hours is None for run in mine),
    )


def _figures(ticket: Ticket) -> str:
    card = ticket.card
    parts = (card.get("baseline_text"), card.get("current_text"), card.get("target_text"))
    if not card.get("metric") or not card.get("current_text"):
        return ""
    words = [
        f"{name} {part}" for name, part in zip(("baseline", "now", "target"), parts, strict=True) if part
    ]
    return f"{card['metric']}: {', '.join(words)}"


def _last_sign(rows: Iterable[JournalRow], runs: Iterable[RunEnd], at: datetime) -> datetime | None:
    moments = [row.at for row in rows if row.kind != "verdict.computed"]
    moments += [
        moment for run in runs for moment in (run.started_at, run.ended_at) if moment and moment <= at
    ]
    return max(moments, default=None)
