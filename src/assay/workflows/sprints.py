"""Sprints: plan one, commit to running experiments, start it, change its scope in the open, end it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar

from assay.domain.kernel.events import Event
from assay.domain.sprints.sprint import (
    DEFAULT_LENGTH_DAYS,
    FIRST_DAY,
    LAST_DAY,
    SprintContent,
    SprintState,
    following,
    is_plannable,
)
from assay.errors import Invalid, NotFound, Refused, StaleVersion
from assay.workflows.actor import Actor, Permission
from assay.workflows.carrying_over import about, carry_over, must_be_sure
from assay.workflows.idempotency import Remember, write_once
from assay.workflows.lookup import required_project
from assay.workflows.ports import ReadTransaction, Workspace, WriteTransaction
from assay.workflows.records import Commitment, Project, Sprint
from assay.workflows.sprint_conflicts import conflicts_of

MAX_REASON_LENGTH = 2000
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class SprintPlan:
    """A sprint with what is in it."""

    sprint: Sprint
    commitments: tuple[Commitment, ...]
    """Everything ever taken in, in that order."""
    conflicts: tuple[str, ...] = ()
    """What stands in the way of a planned one, in whole sentences."""


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
        project = required_project(tx, slug)
        return plan_of(tx, project, required_sprint(tx, project, number))


def count_committed(ws: Workspace, actor: Actor, slug: str) -> tuple[tuple[Sprint, int], ...]:
    """Every sprint of a project by number, each with how many tickets are in it."""
    actor.require(Permission.READ)
    with ws.store.read() as tx:
        project = required_project(tx, slug)
        counts = tx.commitment_counts(project.id)
        return tuple(
            (sprint, counts[sprint.id].standing if sprint.id in counts else 0)
            for sprint in tx.sprints(project.id)
        )


def next_sprint(ws: Workspace, actor: Actor, slug: str) -> SprintContent:
    """What the next sprint looks like if nobody says otherwise: as the last one, right after it."""
    actor.require(Permission.READ)
    with ws.store.read() as tx:
        return following_sprint(tx, required_project(tx, slug), ws.clock())


def following_sprint(tx: ReadTransaction, project: Project, at: datetime) -> SprintContent:
    """The sprint that follows the last one of a project."""
    made = tx.sprints(project.id)
    last = _last(made)
    return following(
        last.content if last else None,
        number=made[-1].number + 1 if made else 1,
        today=at.date(),
        ended_on=last.ended_at.date() if last and last.ended_at else None,
    )


def sprint_days(tx: ReadTransaction, project: Project) -> int:
    """How long a sprint of this project is: as long as the last one that was not cancelled, two weeks before there is one."""
    last = _last(tx.sprints(project.id))
    return last.content.days if last else DEFAULT_LENGTH_DAYS


def get_sprint_days(ws: Workspace, actor: Actor, slug: str) -> int:
    """How long a sprint of this project is, as a time box in sprints counts it."""
    actor.require(Permission.READ)
    with ws.store.read() as tx:
        return sprint_days(tx, required_project(tx, slug))


def _last(made: Sequence[Sprint]) -> Sprint | None:
    """The last one that was not cancelled."""
    return next((one for one in reversed(made) if one.state is not SprintState.CANCELLED), None)


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
        return plan_of(tx, project, insert_sprint(tx, actor, at, project, wanted))

    return write_once(ws, remember, work)


def insert_sprint(
    tx: WriteTransaction, actor: Actor, at: datetime, project: Project, content: SprintContent
) -> Sprint:
    """The transaction part of `create_sprint`, for workflows that write more beside it."""
    last = _last(tx.sprints(project.id))
    _must_be_plannable(content)
    _must_show_a_ticket(tx, project, content)
    sprint = tx.add_sprint(project.id, content, at=at)
    tx.append(
        Event.of("sprint.planned", **about(project, sprint), after=sprint.content.model_dump(mode="json")),
        actor=actor,
        at=at,
    )
    # What a sprint that has not begun will leave over, nobody knows yet.
    if last is not None and last.state is not SprintState.PLANNED:
        carry_over(tx, actor, at, project, last, sprint)
    return sprint


def _must_show_a_ticket(tx: ReadTransaction, project: Project, content: SprintContent) -> None:
    if content.demo is not None and tx.ticket(project.id, content.demo) is None:
        raise Invalid(
            f"cannot show {content.demo} at the review: project {project.slug!r} has no such ticket (expected one of its tickets)",
            hint="assay ticket list",
            code="sprint-demo-unknown",
            field="demo",
        )


def _must_be_plannable(content: SprintContent) -> None:
    if not is_plannable(content):
        raise Invalid(
            f"cannot plan sprint from {content.starts_on} to {content.ends_on}: that is beyond the calendar of a team "
            f"(expected days from {FIRST_DAY} to {LAST_DAY})",
            hint="write days such as 2026-05-25",
            code="sprint-days-out-of-range",
            field="starts_on" if content.starts_on < FIRST_DAY else "ends_on",
        )


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
    if (content.starts_on, content.ends_on) != (sprint.content.starts_on, sprint.content.ends_on):
        _must_be_plannable(content)
    if content.demo != sprint.content.demo:
        _must_show_a_ticket(tx, project, content)
    saved = saved_sprint(tx, replace(sprint, content=content))
    before, after = (one.model_dump(mode="json") for one in (sprint.content, content))
    tx.append(
        Event.of("sprint.edited", **about(project, sprint), before=before, after=after), actor=actor, at=at
    )
    return saved


def start_sprint(
    ws: Workspace,
    actor: Actor,
    slug: str,
    number: int,
    *,
    confirmed: bool = False,
    expected_version: int | None,
) -> SprintPlan:
    """Start a planned sprint. From here on every change of its scope is recorded as one.

    What the sprint before left undecided goes on in it, what was decided meanwhile goes out.

    Raises:
        Refused: it is not planned any more, another sprint of the project is active, nothing is committed, or it is more than
            a team usually finishes and nobody confirmed that.
    """
    actor.require(Permission.WRITE_TICKETS)

    def change(tx: WriteTransaction, project: Project, sprint: Sprint, at: datetime) -> Sprint:
        must_be(sprint, SprintState.PLANNED, "start")
        _none_must_run(tx, project, sprint, "start")
        carry_over(tx, actor, at, project, _ended_last(tx, project), sprint)
        keys = [made.key for made in tx.commitments(sprint.id) if made.stands]
        if not keys:
            raise Refused(
                f"cannot start sprint {number}: nothing is committed that is not decided yet (expected at least one ticket)",
                hint=f"assay sprint commit {number} EXP-1",
                code="sprint-empty",
            )
        doubt = must_be_sure(tx, project, sprint, tx.tickets(project.id, keys=keys), confirmed=confirmed)
        saved = saved_sprint(tx, replace(sprint, state=SprintState.ACTIVE, started_at=at))
        tx.append(
            Event.of("sprint.started", **about(project, sprint), tickets=keys, confirmed=doubt),
            actor=actor,
            at=at,
        )
        return saved

    return change_of_sprint(ws, slug, number, expected_version, change)


def _ended_last(tx: ReadTransaction, project: Project) -> Sprint | None:
    ended = [(one.ended_at, one.number, one) for one in tx.sprints(project.id) if one.ended_at is not None]
    return max(ended)[2] if ended else None


def end_sprint(
    ws: Workspace, actor: Actor, slug: str, number: int, *, expected_version: int | None
) -> SprintPlan:
    """End the running sprint. What is not decided goes on in the next one, where that is planned already.

    Raises:
        Refused: it is not running.
    """
    actor.require(Permission.WRITE_TICKETS)

    def change(tx: WriteTransaction, project: Project, sprint: Sprint, at: datetime) -> Sprint:
        must_be(sprint, SprintState.ACTIVE, "end")
        saved = saved_sprint(tx, replace(sprint, state=SprintState.ENDED, ended_at=at))
        keys = [made.key for made in tx.commitments(sprint.id) if made.stands]
        tx.append(Event.of("sprint.ended", **about(project, sprint), tickets=keys), actor=actor, at=at)
        ahead = [
            one
            for one in tx.sprints(project.id)
            if one.number > sprint.number and one.state is SprintState.PLANNED
        ]
        if ahead:
            carry_over(tx, actor, at, project, sprint, ahead[0])
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
        must_be(sprint, SprintState.ENDED, "reopen")
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
        return plan_of(tx, project, change(tx, project, sprint, ws.clock()))

    return ws.store.write(work)


def plan_of(tx: ReadTransaction, project: Project, sprint: Sprint) -> SprintPlan:
    """A sprint with its commitments as they stand in this transaction."""
    made = tuple(tx.commitments(sprint.id))
    return SprintPlan(sprint, made, conflicts_of(tx, project, sprint, made))


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


def must_be(sprint: Sprint, state: SprintState, verb: str) -> None:
    """Refused where the sprint is in another state than this asks for."""
    if sprint.state is not state:
        is_cancelled = sprint.state is SprintState.CANCELLED and verb != "cancel"
        raise Refused(
            f"cannot {verb} sprint {sprint.number}: it is {sprint.state.value} (expected {state.value})",
            hint=f"assay sprint restore {sprint.number}" if is_cancelled else "assay sprint list",
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
    """Refused once the sprint has ended, or was cancelled."""
    if sprint.state is SprintState.CANCELLED:
        raise Refused(
            f"cannot {verb} sprint {sprint.number}: it was cancelled (expected a planned or a running one)",
            hint=f"assay sprint restore {sprint.number}",
            code="sprint-cancelled",
        )
    if sprint.state is SprintState.ENDED:
        raise Refused(
            f"cannot {verb} sprint {sprint.number}: it has ended (expected a planned or a running one)",
            hint="assay sprint new",
            code="sprint-ended",
        )
