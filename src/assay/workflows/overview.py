"""What is known across a project: the overview and the experiment list."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from assay.domain.board.saved_compute import saved_compute
from assay.domain.kernel.metrics import Direction, MetricCatalog
from assay.workflows.actor import Actor, Permission
from assay.workflows.filters import asked_of_tickets
from assay.workflows.lookup import required_project
from assay.workflows.overview_views import BestPoint, Measured, OverviewView
from assay.workflows.ports import Workspace
from assay.workflows.views import ExperimentListPage

SAVED_WITHIN = timedelta(days=90)


def overview(ws: Workspace, actor: Actor, slug: str) -> OverviewView:
    """What a leader wants to see first."""
    actor.require(Permission.READ)
    with ws.store.read() as tx:
        project = required_project(tx, slug)
        view = tx.overview(project)
        measured, metrics = tx.measured(project.id), tx.metrics(project.id)
        metric, best = best_over_time(measured, metrics)
        other = measured_otherwise(measured, metrics, metric)
        killed = tx.killed_work(project.id, since=ws.clock() - SAVED_WITHIN)
        return replace(
            view, best_metric=metric, best=best, measured_otherwise=other, saved=saved_compute(killed)
        )


def measured_otherwise(measured: Sequence[Measured], metrics: MetricCatalog, name: str | None) -> int:
    """How many tickets measured this metric, or any where it is None, by another value of the runs than is declared now?"""
    alike = set(measured_alike(measured, metrics))
    declared = (one for one in measured if metrics.get(one.metric) is not None and one not in alike)
    return sum(name in (None, one.metric) for one in declared)


def measured_alike(measured: Sequence[Measured], metrics: MetricCatalog) -> tuple[Measured, ...]:
    """What was measured by the value that is declared now; nothing else can be compared."""
    declared = ((one, metrics.get(one.metric)) for one in measured)
    return tuple(one for one, metric in declared if metric is not None and one.reading == metric.reading.text)


def best_over_time(
    measured: Sequence[Measured], metrics: MetricCatalog
) -> tuple[str | None, tuple[BestPoint, ...]]:
    """How did the best value of the most claimed metric rise? Steps only, oldest first."""
    measured = measured_alike(measured, metrics)
    claims = Counter(item.metric for item in measured)
    if not claims:
        return None, ()
    name = min(claims, key=lambda one: (-claims[one], one))
    higher = metrics.require(name).direction is Direction.HIGHER
    steps: list[BestPoint] = []
    for item in sorted((m for m in measured if m.metric == name), key=lambda m: (m.measured_at, m.key)):
        if not steps or (item.estimate > steps[-1].value if higher else item.estimate < steps[-1].value):
            steps.append(BestPoint(at=item.measured_at, value=item.estimate, key=item.key))
    return name, tuple(steps)


def list_experiments(
    ws: Workspace,
    actor: Actor,
    slug: str,
    *,
    cursor: str | None = None,
    limit: int = 50,
    sort: str = "-updated",
    filters: Mapping[str, str] | None = None,
) -> ExperimentListPage:
    """The tickets of a project, a page at a time."""
    actor.require(Permission.READ)
    with ws.store.read() as tx:
        project = required_project(tx, slug)
        asked = asked_of_tickets(tx, project, filters, at=ws.clock())
        return tx.experiment_list(project, after=cursor, limit=limit, sort=sort, filters=asked)
