"""Looking back on a sprint: what the team says, and the one improvement that it picks."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from assay.domain.experiments.experiment import DecisionKind, TicketContent
from assay.domain.experiments.ticket_data import ticket_from_data
from assay.domain.kernel.events import Event
from assay.domain.kernel.metrics import MetricCatalog
from assay.domain.sprints.sprint import Retro, SprintState
from assay.errors import Invalid, Refused
from assay.workflows.actor import Actor, Permission
from assay.workflows.carrying_over import about
from assay.workflows.idempotency import Remember, write_once
from assay.workflows.lookup import required_project, required_ticket
from assay.workflows.ports import Workspace, WriteTransaction
from assay.workflows.records import Project, Sprint
from assay.workflows.sprints import (
    SprintPlan,
    change_of_sprint,
    plan_of,
    required_sprint,
    saved_sprint,
)
from assay.workflows.tickets import insert_ticket


def save_retro(
    ws: Workspace,
    actor: Actor,
    slug: str,
    number: int,
    retro: Retro,
    *,
    improvement: str = "",
    expected_version: int | None,
) -> SprintPlan:
    """Keep what the team took from a sprint.

    `improvement` is the title of the one improvement that it picked: a ticket is made of it, and the next retro opens with that.

    Raises:
        NotFound: the improvement names no ticket of the project.
        Invalid: a kill is judged of a ticket that was not in this sprint, or not killed, or the title is too long.
        Refused: an improvement is picked already, or the sprint has not begun or was cancelled.
    """
    actor.require(Permission.WRITE_TICKETS)
    picked = _improvement(improvement) if improvement else None

    def change(tx: WriteTransaction, project: Project, sprint: Sprint, at: datetime) -> Sprint:
        _must_not_be_cancelled(sprint)
        if retro.improvement is not None:
            required_ticket(tx, project, retro.improvement)
        known = {made.key for made in tx.commitments(sprint.id)}
        unknown = sorted(set(retro.kill_calls) - known)
        if unknown:
            raise Invalid(
                f"cannot judge the kill of {unknown[0][:40]!r}: it was not in sprint {number} (expected one of its tickets)",
                hint=f"assay sprint show {number}",
                code="retro-ticket-unknown",
                field="kill_calls",
            )
        if picked is None and retro == sprint.retro:
            return sprint
        alive = set(retro.kill_calls) - set(sprint.retro.kill_calls) - _killed(tx, project)
        if alive:
            raise Invalid(
                f"cannot judge the kill of {min(alive)!r}: it was not killed (expected a killed ticket of the sprint)",
                hint=f"assay sprint retro {number}",
                code="retro-not-killed",
                field="kill_calls",
            )
        return _looked_back(tx, ws, actor, at, project, sprint, retro, picked)

    return change_of_sprint(ws, slug, number, expected_version, change)


def pick_improvement(
    ws: Workspace, actor: Actor, slug: str, number: int, *, title: str, remember: Remember | None = None
) -> SprintPlan:
    """Make a ticket of the one improvement that the retro picked; the next retro opens with it.

    Raises:
        Invalid: the title is empty or too long.
        Refused: one is picked already, or the sprint has not begun or was cancelled.
    """
    actor.require(Permission.WRITE_TICKETS)
    picked = _improvement(title)

    def work(tx: WriteTransaction) -> SprintPlan:
        project = required_project(tx, slug)
        sprint = required_sprint(tx, project, number)
        _must_not_be_cancelled(sprint)
        return plan_of(
            tx, project, _looked_back(tx, ws, actor, ws.clock(), project, sprint, sprint.retro, picked)
        )

    return write_once(ws, remember, work)


def _improvement(title: str) -> TicketContent:
    """The ticket that an improvement becomes; Invalid where its title is none."""
    return ticket_from_data(
        {"type": "engineering", "title": title, "labels": ["retro"]}, MetricCatalog.of(())
    )


def _killed(tx: WriteTransaction, project: Project) -> set[str]:
    return {one.key for one in tx.decided(project.id) if one.kind is DecisionKind.KILL}


def _must_not_be_cancelled(sprint: Sprint) -> None:
    if sprint.state is SprintState.CANCELLED:
        raise Refused(
            f"cannot look back on sprint {sprint.number}: it was cancelled and never ran (expected one that is planned, runs or "
            "has ended)",
            hint=f"assay sprint restore {sprint.number}",
            code="sprint-cancelled",
        )


def _must_be_free_to_pick(tx: WriteTransaction, project: Project, sprint: Sprint, retro: Retro) -> None:
    """Each retro picks one: a second would leave the first without anybody who looks at it."""
    number = sprint.number
    if sprint.started_at is None:
        raise Refused(
            f"cannot pick an improvement of sprint {number}: it has not begun (expected one that was started)",
            hint=f"assay sprint start {number}",
            code="sprint-state",
        )
    if retro.improvement is not None and tx.ticket(project.id, retro.improvement) is not None:
        raise Refused(
            f"cannot pick an improvement of sprint {number}: {retro.improvement} is picked already (expected one a retro)",
            hint=f"assay ticket edit {retro.improvement} --title TEXT",
            code="improvement-picked",
        )


def _looked_back(
    tx: WriteTransaction,
    ws: Workspace,
    actor: Actor,
    at: datetime,
    project: Project,
    sprint: Sprint,
    retro: Retro,
    picked: TicketContent | None,
) -> Sprint:
    if picked is not None:
        _must_be_free_to_pick(tx, project, sprint, retro)
        ticket = insert_ticket(tx, ws, actor, project, picked)
        retro = retro.model_copy(update={"improvement": ticket.key})
    saved = saved_sprint(tx, replace(sprint, retro=retro))
    tx.append(
        Event.of("sprint.looked_back", **about(project, sprint), after=retro.model_dump(mode="json")),
        actor=actor,
        at=at,
    )
    return saved
