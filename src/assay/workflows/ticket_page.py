"""Everything the ticket page shows, gathered in one read."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from datetime import datetime

from assay.domain.board.board import ExitItem, Stage
from assay.domain.board.exit_policies import ATTESTABLE, TITLES, confirmed_beside
from assay.domain.experiments.criteria.rules import Problem
from assay.domain.experiments.criteria.text import criterion_text
from assay.domain.experiments.evidence import Curve
from assay.domain.experiments.type_rules import ticket_problems
from assay.domain.kernel.findings import Role
from assay.domain.kernel.metrics import MetricCatalog
from assay.stats.curve_thinning import thinned_points
from assay.workflows.actor import Actor, Permission
from assay.workflows.blockers import by_age
from assay.workflows.board import assess
from assay.workflows.declared_values import as_declared
from assay.workflows.kill_cards import kill_views
from assay.workflows.lookup import required_project, required_ticket
from assay.workflows.pipelines import job_tree
from assay.workflows.ports import ReadTransaction, Workspace
from assay.workflows.records import Project, Ticket
from assay.workflows.run_ports import TicketRun
from assay.workflows.run_views import priced_row
from assay.workflows.spikes import spike_clock
from assay.workflows.standing_verdicts import StandingVerdict, standing_verdict
from assay.workflows.tickets import SIMILAR_SHOWN, locked_catalog
from assay.workflows.views import (
    AttestableItem,
    CriterionLine,
    CurvePoints,
    ExitGateView,
    TicketView,
)

CURVE_POINTS = 400
"""At most this many points a curve are drawn; the extremes of every stretch are kept."""
CURVES_SHOWN = 60
HISTORY_SHOWN = 50


def ticket_page(ws: Workspace, actor: Actor, slug: str, key: str, *, metric: str | None = None) -> TicketView:
    """One ticket with all that is known of it. `metric` chooses the charted metric; the primary one by default."""
    actor.require(Permission.READ)
    with ws.store.read() as tx:
        project = required_project(tx, slug)
        ticket = required_ticket(tx, project, key)
        return _view(ws, tx, project, ticket, metric)


def _view(
    ws: Workspace, tx: ReadTransaction, project: Project, ticket: Ticket, metric: str | None
) -> TicketView:
    catalog = tx.metrics(project.id)
    if ticket.lock is not None:
        catalog = locked_catalog(ticket.lock, catalog)
    standing = standing_verdict(tx, project, ticket)
    record = None if standing is None else standing.record
    prices = project.settings.prices
    runs = [run._replace(row=priced_row(run.row, prices)) for run in tx.runs_of(project.id, ticket.key)]
    shown = as_declared(tx, project.id, [run.row for run in runs], catalog)
    charted = metric or _primary_metric(ticket)
    paid = [run.row for run in runs if not run.row.deleted]
    gpu_hours, without_hours = _sum(row.gpu_hours for row in paid)
    cost_usd, without_cost = _sum(row.cost_usd for row in paid)
    stage = project.settings.board.stage(ticket.stage)
    text = f"{ticket.content.title} {ticket.content.hypothesis}"
    now = ws.clock()
    watchers, attachments = tx.company(ticket.id)
    spike = spike_clock(tx, project, ticket, now)
    return TicketView(
        project=project,
        ticket=ticket,
        stage_title=stage.title if stage else ticket.stage,
        criteria=tuple(
            CriterionLine(role=c.role.value, text=criterion_text(c, metrics=catalog), metric=c.metric)
            for c in ticket.content.criteria
        ),
        problems=_problems(ticket, catalog),
        metrics=catalog,
        verdict=record,
        verdict_digest=None if standing is None else standing.digest,
        since_kill=None if standing is None else standing.since,
        runs=shown,
        chart_metric=charted,
        curves=_curves(tx, project, runs, charted, standing),
        links=tuple(tx.links(ticket.id)),
        notes=tuple(tx.notes(ticket.id)),
        decisions=tuple(tx.decisions(ticket.id)),
        similar=tuple(tx.similar(project.id, text, exclude=ticket.key, limit=SIMILAR_SHOWN)),
        blockers=by_age(tx.blockers_of(ticket.id)),
        jobs=job_tree(tx, project, ticket.key),
        exits=_exits(tx, project, ticket, now),
        attestable=_attestable(tx, project, ticket),
        history=tuple(tx.latest_about(project.slug, ticket.key, limit=HISTORY_SHOWN)),
        gpu_hours=gpu_hours,
        runs_without_gpu_hours=without_hours,
        cost_usd=cost_usd,
        runs_without_cost=without_cost,
        days_used=spike.used_days if spike is not None else _days(ticket, now),
        spike=spike,
        watchers=tuple(watchers),
        attachments=tuple(attachments),
        kills=()
        if record is None or (stage is not None and stage.terminal)
        else kill_views(ticket, record.verdict, now),
    )


def _sum(amounts: Iterable[float | None]) -> tuple[float | None, int]:
    """What is known of them, None where nothing is; and how many are unknown."""
    told = list(amounts)
    known = [amount for amount in told if amount is not None]
    return math.fsum(known) if known else None, len(told) - len(known)


def _days(ticket: Ticket, now: datetime) -> int | None:
    return max((now - ticket.lock.locked_at).days, 0) if ticket.lock else None


def _problems(ticket: Ticket, catalog: MetricCatalog) -> tuple[Problem, ...]:
    return () if ticket.lock is not None else ticket_problems(ticket.content, catalog)


def _primary_metric(ticket: Ticket) -> str | None:
    return next((c.metric for c in ticket.content.criteria if c.role is Role.PRIMARY and c.metric), None)


def _exits(tx: ReadTransaction, project: Project, ticket: Ticket, now: datetime) -> tuple[ExitGateView, ...]:
    board, counts = project.settings.board, tx.stage_counts(project.id)
    views = []
    for target in board.legal_targets(ticket.stage):
        stage = board.stage(target)
        views.append(
            ExitGateView(
                target=target,
                title=stage.title if stage else target,
                assessment=assess(tx, project, ticket, to=target, now=now, counts=counts),
            )
        )
    return tuple(views)


def _attestable(tx: ReadTransaction, project: Project, ticket: Ticket) -> tuple[AttestableItem, ...]:
    stage = project.settings.board.stage(ticket.stage)
    said = {a.item: a for a in ticket.attestations}
    items = [item for item in _asked_in(stage) if _person_confirms(tx, item, ticket)]
    return tuple(
        AttestableItem(
            item=item.value,
            title=TITLES[item],
            by=said[item.value].by if item.value in said else "",
            at=said[item.value].at if item.value in said else None,
            note=said[item.value].note if item.value in said else "",
        )
        for item in items
    )


def _asked_in(stage: Stage | None) -> tuple[ExitItem, ...]:
    return () if stage is None else (*stage.exit_gate, *confirmed_beside(stage.exit_gate))


def _person_confirms(tx: ReadTransaction, item: ExitItem, ticket: Ticket) -> bool:
    """Data needs on the ticket are marked ready one by one, and data tickets say so themselves: neither by a confirmation."""
    if item is ExitItem.DATASET_READY:
        return not (ticket.content.data_needs or tx.linked_data([ticket.id]))
    return item in ATTESTABLE


def _curves(
    tx: ReadTransaction,
    project: Project,
    runs: Sequence[TicketRun],
    metric: str | None,
    standing: StandingVerdict | None,
) -> tuple[CurvePoints, ...]:
    """The first runs that logged the metric: no more are drawn, so no more are read."""
    if metric is None:
        return ()
    record = None if standing is None else standing.record
    seen = None if standing is None or standing.since is None else standing.record.run_digests.keys()
    logged = [run for run in runs if not run.row.deleted and metric in run.row.metrics]
    late = set() if seen is None else {run.row.run_id for run in logged} - seen
    # What came after a kill takes no place from what the verdict has seen.
    chosen = sorted(logged, key=lambda run: run.row.run_id in late)[:CURVES_SHOWN]
    curves = tx.curves_of(project.id, metric, [run.row.run_id for run in chosen])
    groups = {
        run_id: group for group in (record.verdict.groups if record else ()) for run_id in group.run_ids
    }
    exploratory = {
        i for group in (record.verdict.groups if record else ()) for i in group.exploratory_run_ids
    }
    shown: list[CurvePoints] = []
    for row, arm in chosen:
        run_id = row.run_id
        steps, values = thinned(curves[run_id], CURVE_POINTS)
        group = groups.get(run_id)
        shown.append(
            CurvePoints(
                run_id=run_id,
                name=row.name,
                arm=arm,
                group=group.label if group else arm,
                seed=row.seed,
                exploratory=run_id in exploratory,
                late=run_id in late,
                steps=steps,
                values=values,
            )
        )
    return tuple(shown)


def thinned(curve: Curve, most: int) -> tuple[tuple[int, ...], tuple[float | None, ...]]:
    """Steps and values for drawing, at most `most` points: of every stretch its extremes and the first broken value.

    Non-finite values become None, a gap in the drawn line.
    """
    keep = thinned_points(curve.steps, curve.values, most)
    values = (v if math.isfinite(v) else None for v in curve.values[keep].tolist())
    return tuple(curve.steps[keep].tolist()), tuple(values)
