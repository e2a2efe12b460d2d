"""What is known across a project: the overview and the experiment list."""

from __future__ import annotations

from collections.abc import Mapping

from assay.workflows.actor import Actor, Permission
from assay.workflows.lookup import required_project
from assay.workflows.ports import Workspace
from assay.workflows.views import ExperimentListPage, OverviewView


def overview(ws: Workspace, actor: Actor, slug: str) -> OverviewView:
    """What a leader wants to see first."""
    actor.require(Permission.READ)
    with ws.store.read() as tx:
        return tx.overview(required_project(tx, slug))


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
        return tx.experiment_list(project, after=cursor, limit=limit, sort=sort, filters=filters or {})
