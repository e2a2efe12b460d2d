"""The planning page: the sprint that is planned, its candidates in order, and what it asks for against what there is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from assay.domain.experiments.experiment import TicketContent
from assay.domain.kernel.ids import TicketType
from assay.domain.sprints.feasibility import Feasibility, Window, feasibility
from assay.domain.sprints.load import Load, load_of, overloads
from assay.domain.sprints.ranking import Per
from assay.domain.sprints.sprint import (
    CommitmentLimits,
    SprintContent,
    SprintState,
    is_product_task,
    overcommitted,
)
from assay.workflows.actor import Actor, Permission
from assay.workflows.lookup import required_project
from assay.workflows.planning import PlanView, plan_in
from assay.workflows.ports import ReadTransaction, Workspace
from assay.workflows.records import Project, Sprint
from assay.workflows.sprints import following_sprint


@dataclass(frozen=True, slots=True)
class PlanningView:
    """All that a team looks at when it plans."""

    sprint: Sprint | None
    """The sprint that is planned next, else the one that runs; None before there is one."""
    content: SprintContent
    """Of that sprint, or what the next one looks like if nobody says otherwise."""
    plan: PlanView
    committed: Mapping[str, TicketContent]
    fits: Mapping[str, Feasibility]
    """How the committed experiments stand to the days of the sprint."""
    experiments: int
    tasks: int
    limits: CommitmentLimits
    load: Load
    over: tuple[str, ...]
    """Where more is asked for, or shared out, than there is."""


def planning(
    ws: Workspace,
    actor: Actor,
    slug: str,
    *,
    per: Per = Per.GPU_HOUR,
    most: int | None = None,
    by_delay: bool = False,
) -> PlanningView:
    """What could go into the next sprint, in which order, and what is in already?

    `per`, `most` and `by_delay` as in `plan_in`.

    Raises:
        NotFound: no such project.
    """
    actor.require(Permission.READ)
    with ws.store.read() as tx:
        project, at = required_project(tx, slug), ws.clock()
        sprint = _planned(tx, project)
        content = following_sprint(tx, project, at) if sprint is None else sprint.content
        window = Window(content.starts_on, content.ends_on, at.date())
        plan = plan_in(tx, project, window, per=per, most=most, by_delay=by_delay)
        committed = {} if sprint is None else _committed(tx, project, sprint)
    load = load_of(committed)
    return PlanningView(
        sprint=sprint,
        content=content,
        plan=plan,
        committed=committed,
        fits={
            key: feasibility(one.data_needs, one.prediction, window)
            for key, one in committed.items()
            if one.type is TicketType.EXPERIMENT
        },
        experiments=sum(one.type in (TicketType.EXPERIMENT, TicketType.SPIKE) for one in committed.values()),
        tasks=sum(is_product_task(one.type) for one in committed.values()),
        limits=project.settings.commitments,
        load=load,
        over=(*overcommitted(content.capacity), *overloads(load, content.capacity)),
    )


def _planned(tx: ReadTransaction, project: Project) -> Sprint | None:
    found = {sprint.state: sprint for sprint in reversed(tx.sprints(project.id))}
    return found.get(SprintState.PLANNED) or found.get(SprintState.ACTIVE)


def _committed(tx: ReadTransaction, project: Project, sprint: Sprint) -> Mapping[str, TicketContent]:
    keys = [made.key for made in tx.commitments(sprint.id) if made.stands]
    tickets = tx.tickets(project.id, keys=keys) if keys else ()
    return {ticket.key: ticket.content for ticket in tickets}
