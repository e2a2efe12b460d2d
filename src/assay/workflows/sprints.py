"""Sprints: plan one, commit to running experiments, start it, change its scope in the open, end it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeVar

from assay.domain.board.board import ExitItem
from assay.domain.board.flow import flow_rules
from assay.domain.kernel.events import Event
from assay.domain.sprints.sprint import (
    SprintContent,
    SprintState,
    following,
)
from assay.errors import NotFound, Refused, StaleVersion
from assay.workflows.actor import Actor, Permission
from assay.workflows.idempotency import Remember, write_once
from assay.workflows.lookup import required_project
from assay.workflows.ports import ReadTransaction, Workspace, WriteTransaction
from assay.workflows.records import Attestation, Commitment, Project, Sprint, Ticket

MAX_REASON_LENGTH = 2000
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class SprintPlan:
    """A sprint with what is in it."""

    sprint: Sprint
    commitments: tuple[Commitment, ...]
    """Everything ever taken in, in that order."""


def required_sprint(tx: ReadTransaction, project: Project, number: int) -> Sprint:
    """Sprint `number` of a project; NotFound, naming those that exist, when there is none."""
    sprint = tx.sprint(project.id, number)
    if sprint is None:
        known = ", ".join(str(one.number) for one in tx.sprints(project.id)[-10:]) or "none yet"
        raise NotFound(
            f"cannot find sprint {number}: project {project.slug!r} has no such sprint (expected one of: {known})",
            hint="assay sprint new",
            code="sprint-unknown",
            field="number",
        )
    return sprint


def list_sprints(ws: Workspace, actor: Actor, slug: str) -> tuple[Sprint, ...]:
    """Every sprint of a project, by number."""
    actor.require(Permission.READ)
    with ws.store.read() as tx:
        return tuple(tx.sprints(required_project(tx, slug).id))


def running_sprint(ws: Workspace, actor: Actor, slug: str) -> Sprint | None:
    """The sprint of a project that runs now, None while none does."""
    return next((one for one in list_sprints(ws, actor, slug) if one.state is SprintState.ACTIVE), None)


def get_sprint(ws: Workspace, actor: Actor, slug: str, number: int) -> SprintPlan:
    """A sprint with its commitments, or NotFound."""
    actor.require(Permission.READ)
    with ws.store.read() as tx:
        sprint = required_sprint(tx, required_project(tx, slug), number)
        return SprintPlan(sprint, tuple(tx.commitments(sprint.id)))


def count_committed(ws: Workspace, actor: Actor, slug: str) -> tuple[tuple[Sprint, int], ...]:
    """Every sprint of a project by number, each with how many tickets are in it."""
    actor.require(Permission.READ)
    with ws.store.read() as tx:
        project = required_project(tx, slug)
        inside = Counter(made.sprint_id for made in tx.all_commitments(project.id) if made.stands)
        return tuple((sprint, inside[sprint.id]) for sprint in tx.sprints(project.id))


def undecided(tx: ReadTransaction, project: Project) -> Sequence[Ticket]:
    """Every ticket of a project that is neither decided nor over."""
    ended = flow_rules(project.settings.board).ended
    return [t for t in tx.tickets(project.id) if t.stage not in ended and not _is_decided(t)]


def next_sprint(ws: Workspace, actor: Actor, slug: str) -> SprintContent:
    """What the next sprint looks like if nobody says otherwise: as the last one, right after it."""
    actor.require(Permission.READ)
    with ws.store.read() as tx:
        return following_sprint(tx, required_project(tx, slug), ws.clock())


def following_sprint(tx: ReadTransaction, project: Project, at: datetime) -> SprintContent:
    """The sprint that follows the last one of a project."""
    made = tx.sprints(project.id)
    last = made[-1] if made else None
    return following(last.content if last else None, number=last.number + 1 if last else 1, today=at.date())


def create_sprint(
    ws: Workspace,
    actor: Actor,
    slug: str,
    content: SprintContent | None = None,
    *,
    remember: Remember | None = None,
) -> SprintPlan:
    """Plan a sprint; without content it follows the last one, and takes over what that one committed to and did not decide.

    Experiments may span sprints: their time box goes on.
    """
    actor.require(Permission.WRITE_TICKETS)

    def work(tx: WriteTransaction) -> SprintPlan:
        project, at = required_project(tx, slug), ws.clock()
        wanted = content or following_sprint(tx, project, at)
        return plan_of(tx, insert_sprint(tx, actor, at, project, wanted))

    return write_once(ws, remember, work)


def insert_sprint(
    tx: WriteTransaction, actor: Actor, at: datetime, project: Project, content: SprintContent
) -> Sprint:
    """The transaction part of `create_sprint`, for workflows that write more beside it."""
    made = tx.sprints(project.id)
    sprint = tx.add_sprint(project.id, content, at=at)
    tx.append(
        Event.of("sprint.planned", **about(project, sprint), after=sprint.content.model_dump(mode="json")),
        actor=actor,
        at=at,
    )
    for ticket in _unfinished(tx, project, made[-1]) if made else ():
        take_in(tx, actor, at, project, sprint, ticket, confirmed="carried over")
    return sprint


def _unfinished(tx: ReadTransaction, project: Project, last: Sprint) -> list[Ticket]:
    keys = [made.key for made in tx.commitments(last.id) if made.stands]
    closed = {stage.key for stage in project.settings.board.stages if stage.terminal or stage.hidden}
    found = tx.tickets(project.id, keys=keys) if keys else []
    return [t for t in found if t.stage not in closed and not _is_decided(t)]


def _is_decided(ticket: Ticket) -> bool:
    return ticket.decision is not None and ticket.decision.kind.value in {"kill", "promote"}


def edit_sprint(
    ws: Workspace,
    actor: Actor,
    slug: str,
    number: int,
    content: SprintContent,
    *,
    expected_version: int | None,
) -> SprintPlan:
    """Change goal, dates or capacity.

    Raises:
        StaleVersion: somebody changed it meanwhile.
        Refused: it has ended.
    """
    actor.require(Permission.WRITE_TICKETS)

    def change(tx: WriteTransaction, project: Project, sprint: Sprint, at: datetime) -> Sprint:
        return change_sprint(tx, actor, at, project, sprint, content)

    return change_of_sprint(ws, slug, number, expected_version, change)


def change_sprint(
    tx: WriteTransaction, actor: Actor, at: datetime, project: Project, sprint: Sprint, content: SprintContent
) -> Sprint:
    """The transaction part of `edit_sprint`."""
    must_not_have_ended(sprint, "change")
    if content == sprint.content:
        return sprint
    saved = saved_sprint(tx, replace(sprint, content=content))
    before, after = (one.model_dump(mode="json") for one in (sprint.content, content))
    tx.append(
        Event.of("sprint.edited", **about(project, sprint), before=before, after=after), actor=actor, at=at
    )
    return saved


def start_sprint(
    ws: Workspace, actor: Actor, slug: str, number: int, *, expected_version: int | None
) -> SprintPlan:
    """Start a planned sprint. From here on every change of its scope is recorded as one.

    Raises:
        Refused: it is not planned any more, another sprint of the project is active, or nothing is committed.
    """
    actor.require(Permission.WRITE_TICKETS)

    def change(tx: WriteTransaction, project: Project, sprint: Sprint, at: datetime) -> Sprint:
        _must_be(sprint, SprintState.PLANNED, "start")
        _none_must_run(tx, project, sprint, "start")
        keys = [made.key for made in tx.commitments(sprint.id) if made.stands]
        if not keys:
            raise Refused(
                f"cannot start sprint {number}: nothing is committed (expected at least one ticket)",
                hint=f"assay sprint commit {number} EXP-1",
                code="sprint-empty",
            )
        saved = saved_sprint(tx, replace(sprint, state=SprintState.ACTIVE, started_at=at))
        tx.append(Event.of("sprint.started", **about(project, sprint), tickets=keys), actor=actor, at=at)
        return saved

    return change_of_sprint(ws, slug, number, expected_version, change)


def end_sprint(
    ws: Workspace, actor: Actor, slug: str, number: int, *, expected_version: int | None
) -> SprintPlan:
    """End the running sprint. What is not decided may go on in the next one.

    Raises:
        Refused: it is not running.
    """
    actor.require(Permission.WRITE_TICKETS)

    def change(tx: WriteTransaction, project: Project, sprint: Sprint, at: datetime) -> Sprint:
        _must_be(sprint, SprintState.ACTIVE, "end")
        saved = saved_sprint(tx, replace(sprint, state=SprintState.ENDED, ended_at=at))
        keys = [made.key for made in tx.commitments(sprint.id) if made.stands]
        tx.append(Event.of("sprint.ended", **about(project, sprint), tickets=keys), actor=actor, at=at)
        return saved

    return change_of_sprint(ws, slug, number, expected_version, change)


def reopen_sprint(
    ws: Workspace, actor: Actor, slug: str, number: int, *, expected_version: int | None
) -> SprintPlan:
    """Let the sprint that ended last go on, for one that was ended by mistake.

    Raises:
        Refused: it has not ended, another sprint is running, or a later one was started.
    """
    actor.require(Permission.WRITE_TICKETS)

    def change(tx: WriteTransaction, project: Project, sprint: Sprint, at: datetime) -> Sprint:
        _must_be(sprint, SprintState.ENDED, "reopen")
        _none_must_run(tx, project, sprint, "reopen")
        later = next((one for one in tx.sprints(project.id) if _began_after(one, sprint)), None)
        if later is not None:
            raise Refused(
                f"cannot reopen sprint {number}: sprint {later.number} was started after it (expected the one that was started last)",
                hint="assay sprint new",
                code="sprint-followed",
            )
        saved = saved_sprint(tx, replace(sprint, state=SprintState.ACTIVE, ended_at=None))
        tx.append(Event.of("sprint.reopened", **about(project, sprint)), actor=actor, at=at)
        return saved

    return change_of_sprint(ws, slug, number, expected_version, change)


def may_reopen(tx: ReadTransaction, project: Project, sprint: Sprint) -> bool:
    """Can this sprint be reopened?"""
    if sprint.state is not SprintState.ENDED:
        return False
    return not any(
        one.state is SprintState.ACTIVE or _began_after(one, sprint) for one in tx.sprints(project.id)
    )


def _began_after(one: Sprint, other: Sprint) -> bool:
    return one.started_at is not None and other.started_at is not None and one.started_at > other.started_at


def change_of_sprint(
    ws: Workspace,
    slug: str,
    number: int,
    expected_version: int | None,
    change: Callable[[WriteTransaction, Project, Sprint, datetime], Sprint],
) -> SprintPlan:
    """One change of a sprint in one transaction; StaleVersion where somebody else was first."""

    def work(tx: WriteTransaction) -> SprintPlan:
        project = required_project(tx, slug)
        sprint = required_sprint(tx, project, number)
        if expected_version is not None and sprint.version != expected_version:
            raise _stale(sprint)
        return plan_of(tx, change(tx, project, sprint, ws.clock()))

    return ws.store.write(work)


def take_in(
    tx: WriteTransaction,
    actor: Actor,
    at: datetime,
    project: Project,
    sprint: Sprint,
    ticket: Ticket,
    *,
    confirmed: str,
) -> None:
    """The transaction part of a commitment: it also says that the team agreed."""
    after_start = sprint.state is SprintState.ACTIVE
    tx.add_commitment(sprint, ticket, by=actor.name, at=at, after_start=after_start)
    tx.append(
        Event.of(
            "sprint.committed",
            **about(project, sprint),
            ticket=ticket.key,
            type=ticket.content.type.value,
            after_start=after_start,
            confirmed=confirmed,
        ),
        actor=actor,
        at=at,
    )
    if all(said.item != ExitItem.AGREED.value for said in ticket.attestations):
        agreed = Attestation(item=ExitItem.AGREED.value, by=actor.name, at=at, note=f"Sprint {sprint.number}")
        tx.put_attestation(ticket.id, agreed)
        tx.touch_ticket(ticket, at=at)
        tx.append(
            Event.of(
                "ticket.confirmed",
                project=project.slug,
                subject=ticket.key,
                item=agreed.item,
                note=agreed.note,
            ),
            actor=actor,
            at=at,
        )


def plan_of(tx: ReadTransaction, sprint: Sprint) -> SprintPlan:
    """A sprint with its commitments as they stand in this transaction."""
    return SprintPlan(sprint, tuple(tx.commitments(sprint.id)))


def saved_sprint(tx: WriteTransaction, sprint: Sprint) -> Sprint:
    """The sprint as it is written; StaleVersion where it changed meanwhile."""
    saved = tx.save_sprint(sprint)
    if saved is None:
        raise _stale(sprint)
    return saved


def _stale(sprint: Sprint) -> StaleVersion:
    return StaleVersion(
        f"cannot change sprint {sprint.number}: it changed meanwhile and is now version {sprint.version} "
        "(expected the version you saw)",
        hint=f"assay sprint show {sprint.number}",
        details={"version": sprint.version},
    )


def _must_be(sprint: Sprint, state: SprintState, verb: str) -> None:
    if sprint.state is not state:
        raise Refused(
            f"cannot {verb} sprint {sprint.number}: it is {sprint.state.value} (expected {state.value})",
            hint="assay sprint list",
            code="sprint-state",
        )


def _none_must_run(tx: ReadTransaction, project: Project, sprint: Sprint, verb: str) -> None:
    running = next((one for one in tx.sprints(project.id) if one.state is SprintState.ACTIVE), None)
    if running is not None:
        raise Refused(
            f"cannot {verb} sprint {sprint.number}: sprint {running.number} is still running (expected one at a time)",
            hint=f"assay sprint end {running.number}",
            code="sprint-already-running",
        )


def must_not_have_ended(sprint: Sprint, verb: str) -> None:
    """Refused once the sprint has ended."""
    if sprint.state is SprintState.ENDED:
        raise Refused(
            f"cannot {verb} sprint {sprint.number}: it has ended (expected a planned or a running one)",
            hint="assay sprint new",
            code="sprint-ended",
        )


def about(project: Project, sprint: Sprint) -> dict[str, Any]:
    """What every journal entry about a sprint says beside what happened."""
    return {"project": project.slug, "subject": sprint.subject, "number": sprint.number}
