"""Where a project stands: one read for those who steer the sprint and for everyone else, from the same facts as every other page."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta

from assay.domain.experiments.criteria.model import Threshold
from assay.domain.experiments.display import format_value
from assay.domain.experiments.supplies import data_state, supplies
from assay.domain.forecasting.best_ahead import Tried, best_ahead
from assay.domain.gates.quantities import in_unit_of
from assay.domain.kernel.findings import Finding, Outcome, Role
from assay.domain.kernel.ids import TicketType
from assay.domain.kernel.metrics import Direction, Metric, MetricCatalog
from assay.domain.portfolio.phases import GateState, week_of
from assay.domain.sprints.progress import Progress
from assay.workflows.actor import Actor, Permission
from assay.workflows.lookup import required_project
from assay.workflows.overview import best_over_time, measured_alike, measured_otherwise
from assay.workflows.overview_views import BestPoint, Measured
from assay.workflows.phases import GateLine, PhaseView, read_phase
from assay.workflows.ports import ReadTransaction, Workspace
from assay.workflows.records import Project, Ticket
from assay.workflows.sprint_facts import SprintFacts, standing
from assay.workflows.sprint_views import TicketAt
from assay.workflows.standing_verdicts import standing_verdict
from assay.workflows.state_views import Headline, StateTicket, StateView

TREND = timedelta(days=30)
_OVER = (Progress.PROMOTED, Progress.KILLED, Progress.DONE)


def project_state(ws: Workspace, actor: Actor, slug: str) -> StateView:
    """Where the project and its running sprint stand; without a sprint, what is in progress."""
    actor.require(Permission.READ)
    with ws.store.read() as tx:
        project = required_project(tx, slug)
        phase, facts, canvas = read_phase(ws, tx, project)
        at = ws.clock()
        measured = tx.measured(project.id)
        found = _headline(tx, project, measured, canvas.metrics, at)
        tickets = _tickets(tx, facts, canvas.metrics)
        experiments = [one.at for one in tickets if one.at.type == TicketType.EXPERIMENT]
        known = [one.at for one in tickets if one.at.gpu_hours or not one.at.runs_without_gpu_hours]
        budgets = [one.gpu_hours_budget for one in tickets if one.gpu_hours_budget is not None]
        return StateView(
            project=project,
            phase=phase,
            week=week_of(phase.phase.phase, phase.phase.since, at.date()),
            headline=found,
            measured_otherwise=measured_otherwise(
                measured, canvas.metrics, None if found is None else found.metric.name
            ),
            next_gate=_next_gate(phase),
            sprint=phase.sprint,
            tickets=tickets,
            total=len(experiments),
            promoted=sum(one.progress is Progress.PROMOTED for one in experiments),
            killed=sum(one.progress is Progress.KILLED for one in experiments),
            active=sum(one.progress not in (*_OVER, Progress.WAITING) for one in experiments),
            gpu_hours=math.fsum(one.gpu_hours for one in known) if known else None,
            runs_without_gpu_hours=sum(one.at.runs_without_gpu_hours for one in tickets),
            gpu_hours_budget=math.fsum(budgets) if budgets else None,
            at=at,
        )


def _tickets(tx: ReadTransaction, facts: SprintFacts, catalog: MetricCatalog) -> tuple[StateTicket, ...]:
    linked = tx.linked_data([ticket.id for ticket in facts.tickets.values()])
    found = []
    for at in standing(facts):
        ticket = facts.tickets[at.key]
        begun = at.progress is not Progress.WAITING
        data = data_state(supplies(ticket.content.data_needs, linked.get(ticket.id, ())), begun=begun)
        found.append(_ticket(at, ticket, None if data is None else data.value, catalog))
    return tuple(found)


def _ticket(at: TicketAt, ticket: Ticket, data: str | None, catalog: MetricCatalog) -> StateTicket:
    card: Mapping[str, object] = ticket.card
    aim = _aim(ticket, catalog)
    metric = str(card.get("metric") or "") or (aim[0].name if aim else "")
    target = "" if aim is None else format_value(*aim)
    budget = ticket.content.budget.gpu_hours
    return StateTicket(
        at=at,
        hypothesis=ticket.content.hypothesis,
        metric=metric,
        best=str(card.get("current_text") or ""),
        target=str(card.get("target_text") or "") or target,
        gap=_gap(ticket, metric, catalog),
        is_shown=card.get("claim") == Outcome.MET,
        declared=catalog.get(metric) if metric else None,
        recommendation=str(card.get("recommendation") or ""),
        gpu_hours_budget=None if budget is None else float(budget),
        data=data,
    )


def _gap(ticket: Ticket, name: str, catalog: MetricCatalog) -> float | None:
    """From what was measured to the number of the primary threshold; None where there is no such number."""
    metric, estimate = catalog.get(name) if name else None, ticket.card.get("estimate")
    if metric is None or not isinstance(estimate, int | float) or ticket.card.get("invalid"):
        return None
    aim = _aim(ticket, catalog)
    if aim is None or aim[0].name != metric.name:
        return None
    return aim[1] - estimate if metric.direction is Direction.HIGHER else estimate - aim[1]


def _aim(ticket: Ticket, catalog: MetricCatalog) -> tuple[Metric, float] | None:
    """The number that the first primary threshold asks for, in its metric's unit; None where none asks for a number."""
    tests = (c.test for c in ticket.content.criteria if c.role is Role.PRIMARY)
    for one in tests:
        metric = catalog.get(one.metric) if isinstance(one, Threshold) else None
        value = in_unit_of(one.value, metric) if isinstance(one, Threshold) and metric is not None else None
        if metric is not None and value is not None:
            return metric, value
    return None


def headline(ws: Workspace, actor: Actor, slug: str) -> Headline | None:
    """The metric that most tickets claim something about: how it came to be where it is, and where it may go."""
    actor.require(Permission.READ)
    with ws.store.read() as tx:
        project = required_project(tx, slug)
        return _headline(tx, project, tx.measured(project.id), tx.metrics(project.id), ws.clock())


def _headline(
    tx: ReadTransaction, project: Project, every: Sequence[Measured], catalog: MetricCatalog, at: datetime
) -> Headline | None:
    measured = measured_alike(every, catalog)
    name, best = best_over_time(measured, catalog)
    if name is None or not best:
        return None
    metric = catalog.require(name)
    tried = [Tried(one.measured_at, one.estimate) for one in measured if one.metric == name]
    ticket = tx.ticket(project.id, best[-1].key)
    standing = None if ticket is None else standing_verdict(tx, project, ticket)
    findings = () if standing is None else standing.record.verdict.findings
    ahead = best_ahead(tried, metric, at)
    return Headline(metric, best, _primary(findings, name), _change(best, at), ahead)


def _primary(findings: Sequence[Finding], name: str) -> Finding | None:
    return next((one for one in findings if one.role is Role.PRIMARY and one.metric == name), None)


def _change(best: Sequence[BestPoint], at: datetime) -> float | None:
    before = [point.value for point in best if point.at <= at - TREND]
    return best[-1].value - before[-1] if before else None


def _next_gate(phase: PhaseView) -> GateLine | None:
    """The open decision that is due first: overdue ones before those that are due, then by sprint or day."""
    opened = [line for line in phase.gates if line.state is not GateState.SETTLED]
    order = (GateState.OVERDUE, GateState.DUE, GateState.AHEAD)

    def place(line: GateLine) -> tuple[int, int, date]:
        gate = line.gate
        return order.index(line.state), gate.by_sprint or 0, gate.by_day or date.max

    return min(opened, key=place, default=None)
