"""The planning page: the sprint that is planned, its candidates in order, and what it asks for against what there is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from assay.domain.experiments.experiment import TicketContent
from assay.domain.kernel.ids import TicketType
from assay.domain.sprints.feasibility import Feasibility, Window, feasibility
from assay.domain.sprints.load import Load
from assay.domain.sprints.ranking import Per
from assay.domain.sprints.sprint import (
    CommitmentLimits,
    SprintContent,
    SprintState,
    is_product_task,
)
from assay.workflows.actor import Actor, Permission
from assay.workflows.lookup import required_project
from assay.workflows.open_tickets import is_over
from assay.workflows.planning import PlanView, plan_in
from assay.workflows.ports import ReadTransaction, Workspace
from assay.workflows.records import Project, Sprint, Ticket
from assay.workflows.sprint_load import sprint_load, too_much
from assay.workflows.sprints import following_sprint, required_sprint


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
    """How the committed experiments that are still to be trained stand to the days of the sprint."""
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
    after: int = 0,
    most: int | None = None,
    by_delay: bool = False,
    number: int | None = None,
) -> PlanningView:
    """What could go into a sprint, in which order, and what is in already?

    `per`, `after`, `most` and `by_delay` as in `plan_in`; `number` of the sprint, None: the one that is planned next.

    Raises:
        NotFound: no such project, or no such sprint.
    """
    actor.require(Permission.READ)
    with ws.store.read() as tx:
        project, at = required_project(tx, slug), ws.clock()
        sprint = _planned(tx, project) if number is None else required_sprint(tx, project, number)
        content = following_sprint(tx, project, at) if sprint is None else sprint.content
        window = Window(content.starts_on, content.ends_on, at.date())
        plan = plan_in(ws, tx, project, window, per=per, after=after, most=most, by_delay=by_delay)
        tickets = [] if sprint is None else _committed(tx, project, sprint)
    committed = {ticket.key: ticket.content for ticket in tickets}
    load = sprint_load(project, tickets, has_ended=sprint is not None and sprint.state is SprintState.ENDED)
    return PlanningView(
        sprint=sprint,
        content=content,
        plan=plan,
        committed=committed,
        fits={
            one.key: feasibility(
                one.content.data_needs, one.content.prediction, window, plan.linked.get(one.key, ())
            )
            for one in tickets
            if one.content.type is TicketType.EXPERIMENT and not _is_trained(project, one)
        },
        experiments=sum(one.type in (TicketType.EXPERIMENT, TicketType.SPIKE) for one in committed.values()),
        tasks=sum(is_product_task(one.type) for one in committed.values()),
        limits=project.settings.commitments,
        load=load,
        over=too_much(content, load),
    )


def _planned(tx: ReadTransaction, project: Project) -> Sprint | None:
    """The first that is planned after the last one that was started, else the one that runs, else the first that is planned."""
    made = tx.sprints(project.id)
    started = max((one.number for one in made if one.started_at is not None), default=0)
    planned = [one for one in made if one.state is SprintState.PLANNED]
    ahead = [one for one in planned if one.number > started]
    running = [one for one in made if one.state is SprintState.ACTIVE]
    return next(iter((*ahead, *running, *planned)), None)


def _committed(tx: ReadTransaction, project: Project, sprint: Sprint) -> list[Ticket]:
    keys = [made.key for made in tx.commitments(sprint.id) if made.stands]
    return list(tx.tickets(project.id, keys=keys)) if keys else []


def _is_trained(project: Project, ticket: Ticket) -> bool:
    """Whether days of training are asked about no more: it is over, or runs of it have finished."""
    return is_over(project, ticket) or bool(ticket.card.get("finished"))
