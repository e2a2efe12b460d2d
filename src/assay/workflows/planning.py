"""What could be run next: candidates by value of information for their cost, each with feasibility and readiness."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache

from assay.domain.board.board import Board, ExitItem
from assay.domain.board.exit_policies import ExitFacts, check_item
from assay.domain.experiments.criteria.rules import Problem, registration_problems
from assay.domain.experiments.experiment import Place, TicketContent
from assay.domain.experiments.supplies import LinkedData
from assay.domain.gates.gate import ItemsCheck
from assay.domain.gates.gate_record import GatePart, GateRecord
from assay.domain.kernel.findings import Outcome
from assay.domain.kernel.metrics import MetricCatalog
from assay.domain.sprints.calls import Call, Paid, calls, ranking_paid, record_of, score_of, score_text
from assay.domain.sprints.feasibility import Feasibility, Window, feasibility
from assay.domain.sprints.ranking import Delayed, Per, Ranked, Ranking, by_cost_of_delay, candidate_of, ranked
from assay.errors import Invalid
from assay.stats.elicited_chances import BrierScore, TrackRecord
from assay.workflows.actor import Actor, Permission
from assay.workflows.lookup import required_project, required_ticket
from assay.workflows.ports import ReadTransaction, Workspace
from assay.workflows.records import Project, Ticket
from assay.workflows.tickets import edit_ticket

DEFAULT_DAYS = 14
LONGEST_DAYS = 366
READY_ITEMS = ("features stable", "environment reproducible")
"""Lines of the Definition of Ready that no ticket can show: a gate made from the template `ready` asks for them."""
MOST_CONTENTS = 1024


@dataclass(frozen=True, slots=True)
class ReadyItem:
    """One line of the Definition of Ready."""

    title: str
    outcome: Outcome
    reason: str
    do: str
    """What would satisfy it; empty where it is met."""


@dataclass(frozen=True, slots=True)
class PlanRow:
    """One candidate."""

    ticket: Ticket
    ranked: Ranked
    feasibility: Feasibility
    ready: tuple[ReadyItem, ...]

    @property
    def is_ready(self) -> bool:
        """Is every line of the Definition of Ready met?"""
        return all(item.outcome is Outcome.MET for item in self.ready)


@dataclass(frozen=True, slots=True)
class PlanView:
    """Candidates for a sprint, with what the ranking rests on."""

    project: Project
    metrics: MetricCatalog
    window: Window
    ranking: Ranking
    rows: tuple[PlanRow, ...]
    delayed: tuple[Delayed, ...]
    """All of them by cost of delay over job size."""
    hidden: int
    """Candidates further down, without a row."""
    record: TrackRecord
    score: BrierScore | None
    """Of all chances given so far; None where none was."""
    score_text: str
    linked: Mapping[str, tuple[LinkedData, ...]]
    """Data tickets that tickets of the project wait for, by key."""


@dataclass(frozen=True, slots=True)
class CallsView:
    """How good the expectations were of what was decided in a window, and whether the ranking paid."""

    since: datetime
    until: datetime
    decided: tuple[Call, ...]
    score: BrierScore | None
    score_text: str
    before: TrackRecord
    """What was known when the window began."""
    paid: Paid | None
    """None where too few of them had been predicted to be ranked."""


def candidates(
    ws: Workspace,
    actor: Actor,
    slug: str,
    *,
    per: Per = Per.GPU_HOUR,
    starts_on: date | None = None,
    ends_on: date | None = None,
) -> PlanView:
    """Which experiments could be run next, in which order, and would they fit between these days?

    Args:
        ws: the workspace.
        actor: who asks.
        slug: the project.
        per: the cost that is scarce.
        starts_on: first day of the sprint; None: the next Monday, or today if it is one.
        ends_on: its last day; None: two weeks from its first.

    Raises:
        NotFound: no such project.
        Invalid: the days are not in order, or too many.
    """
    actor.require(Permission.READ)
    window = _window(starts_on, ends_on, ws.clock().date())
    with ws.store.read() as tx:
        project = required_project(tx, slug)
        return plan_in(ws, tx, project, window, per=per)


def plan_in(
    ws: Workspace,
    tx: ReadTransaction,
    project: Project,
    window: Window,
    *,
    per: Per = Per.GPU_HOUR,
    after: int = 0,
    most: int | None = None,
    by_delay: bool = False,
) -> PlanView:
    """The part of `candidates` that reads, for workflows that read more beside it.

    Args:
        ws: the workspace.
        tx: one consistent view.
        project: whose candidates.
        window: the days of the sprint.
        per: the cost that is scarce.
        after: no rows for so many candidates, the first ones of the order that is asked for.
        most: rows for so many that follow; None: for all.
        by_delay: the order is by cost of delay.
    """
    keys = tx.plannable(project.id, _open_stages(project.settings.board))
    tickets = {ticket.key: ticket for ticket in (tx.tickets(project.id, keys=keys) if keys else ())}
    metrics = tx.metrics(project.id)
    known = calls(ws.memory.calls(tx, project.slug))
    record, score = record_of(known), score_of(known)
    found = [candidate_of(key, ticket.content, metrics, record) for key, ticket in tickets.items()]
    ranking = ranked(found, record, per=per)
    delayed = by_cost_of_delay(found)
    order = [row.candidate.key for row in (delayed if by_delay else ranking.rows)]
    shown = frozenset(order[after : None if most is None else after + most])
    vouched = _vouched(tx, project, tuple(shown)) if shown else {}
    linked = tx.data_links(project.id)
    rows = tuple(
        _row(
            tickets[row.candidate.key],
            row,
            window,
            metrics,
            vouched.get(row.candidate.key, {}),
            linked.get(row.candidate.key, ()),
        )
        for row in ranking.rows
        if row.candidate.key in shown
    )
    return PlanView(
        project=project,
        metrics=metrics,
        window=window,
        ranking=ranking,
        rows=rows,
        delayed=delayed,
        hidden=max(0, len(order) - after - len(shown)),
        record=record,
        score=score,
        score_text=score_text(score),
        linked=linked,
    )


def _window(starts_on: date | None, ends_on: date | None, today: date) -> Window:
    start = starts_on or today + timedelta(days=-today.weekday() % 7)
    if 1970 <= start.year <= 9990:  # years at the ends of the calendar overflow
        end = ends_on or start + timedelta(days=DEFAULT_DAYS - 1)
        if 1 <= (end - start).days + 1 <= LONGEST_DAYS:
            return Window(start, end, today)
    raise Invalid(
        f"cannot plan from {start} to {ends_on or 'two weeks later'} (expected 1 to {LONGEST_DAYS} days, in order)",
        hint="assay plan --from 2026-05-25 --to 2026-06-05",
        code="window-out-of-range",
        field="ends_on",
    )


def _open_stages(board: Board) -> tuple[str, ...]:
    return tuple(stage.key for stage in board.stages if not stage.terminal and not stage.hidden)


def _row(
    ticket: Ticket,
    row: Ranked,
    window: Window,
    metrics: MetricCatalog,
    vouched: Mapping[str, ReadyItem],
    linked: tuple[LinkedData, ...],
) -> PlanRow:
    content = ticket.content
    return PlanRow(
        ticket=ticket,
        ranked=row,
        feasibility=feasibility(content.data_needs, content.prediction, window, linked),
        ready=(
            _data_available(ticket, linked),
            *(vouched.get(name) or _nobody_says(name) for name in READY_ITEMS),
            _measurable(ticket, metrics),
        ),
    )


def _data_available(ticket: Ticket, linked: tuple[LinkedData, ...]) -> ReadyItem:
    facts = ExitFacts(
        content=ticket.content,
        entered_stage_at=ticket.entered_stage_at,
        linked=linked,
        confirmed={said.item: f"{said.by}, {said.at:%d %B %Y}" for said in ticket.attestations},
    )
    finding = check_item(ExitItem.DATASET_READY, facts)
    do = "" if finding.settle is None else finding.settle.text
    return ReadyItem("data available", finding.outcome, finding.reason, do)


@lru_cache(maxsize=MOST_CONTENTS)
def _problems(content: TicketContent, metrics: MetricCatalog) -> tuple[Problem, ...]:
    """What keeps a ticket from being locked follows from its text and the metrics: hundreds are asked each time, few have changed."""
    return registration_problems(content, metrics)


def _measurable(ticket: Ticket, metrics: MetricCatalog) -> ReadyItem:
    problems = _problems(ticket.content, metrics)
    if not problems:
        return ReadyItem("criteria measurable", Outcome.MET, "hypothesis and criteria can be locked", "")
    return ReadyItem("criteria measurable", Outcome.NOT_MET, problems[0].text, problems[0].fix)


def _nobody_says(name: str) -> ReadyItem:
    return ReadyItem(
        name,
        Outcome.NO_EVIDENCE,
        "no gate run about this ticket says so",
        "Keep a gate made from the template ready (assay gate new --template ready), and check it for this ticket",
    )


def _vouched(
    tx: ReadTransaction, project: Project, keys: tuple[str, ...]
) -> Mapping[str, Mapping[str, ReadyItem]]:
    """What the newest run of the project's Definition of Ready says of each ticket."""
    name = next((one.latest.name for one in tx.gates(project.id) if _asks(one.latest.gate.checks)), None)
    if name is None:
        return {}
    found = tx.latest_gate_records(project.id, name, keys)
    return {key: _said(name, number, record) for key, (number, record) in found.items()}


def _asks(checks: Iterable[object]) -> bool:
    return any(
        item.name.lower() in READY_ITEMS
        for check in checks
        if isinstance(check, ItemsCheck)
        for item in check.items
    )


def _said(name: str, number: int, record: GateRecord) -> Mapping[str, ReadyItem]:
    parts = [part for answer in record.answers if answer.kind == "items" for part in answer.parts]
    return {
        part.label.lower(): _part(part, name, number) for part in parts if part.label.lower() in READY_ITEMS
    }


def _part(part: GatePart, name: str, number: int) -> ReadyItem:
    reason = f"gate {name}, run {number}" + (f": {part.reason}" if part.reason else "")
    do = "" if part.outcome is Outcome.MET else f"Mend it, then run gate {name} for this ticket again"
    return ReadyItem(part.label.lower(), part.outcome, reason, do)


def set_place(
    ws: Workspace,
    actor: Actor,
    slug: str,
    key: str,
    place: Place | None,
    *,
    expected_version: int | None,
) -> Ticket:
    """Put a candidate on a place of the ranking by hand, with a reason; None gives it back to the computed order.

    Raises:
        StaleVersion: somebody changed the ticket meanwhile.
    """
    actor.require(Permission.WRITE_TICKETS)
    with ws.store.read() as tx:
        ticket = required_ticket(tx, required_project(tx, slug), key)
    content = ticket.content.model_copy(update={"place": place})
    # What was read is what is changed: somebody else's edit in between is told, never undone.
    version = ticket.version if expected_version is None else expected_version
    return edit_ticket(ws, actor, slug, key, content, expected_version=version)


def predictions_scored(
    ws: Workspace,
    actor: Actor,
    slug: str,
    *,
    since: datetime,
    until: datetime | None = None,
    per: Per = Per.GPU_HOUR,
) -> CallsView:
    """How good were the chances given for what was decided in this window, and did the ranking pay?

    Args:
        ws: the workspace.
        actor: who asks.
        slug: the project.
        since: aware; decisions from here on count, and the ranking is by what was known here.
        until: decisions up to here; None: now.
        per: the cost that the ranking is by.

    Raises:
        NotFound: no such project.
    """
    actor.require(Permission.READ)
    end = until or ws.clock()
    with ws.store.read() as tx:
        project = required_project(tx, slug)
        known = calls(ws.memory.calls(tx, project.slug), until=end)
    return scored_between(known, since, end, per=per)


def scored_between(
    known: Iterable[Call], since: datetime, until: datetime, *, per: Per = Per.GPU_HOUR
) -> CallsView:
    """The same over calls that were read already."""
    found = tuple(known)
    inside = tuple(call for call in found if since <= call.decided_at <= until)
    before = record_of(call for call in found if call.decided_at < since)
    score = score_of(inside)
    return CallsView(
        since=since,
        until=until,
        decided=inside,
        score=score,
        score_text=score_text(score),
        before=before,
        paid=ranking_paid(inside, before, per=per),
    )
