"""Sprints: plan one, commit to running experiments, start it, change its scope in the open, end it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar

from assay.domain.board.board import ExitItem
from assay.domain.experiments.experiment import clean_text
from assay.domain.kernel.events import Event
from assay.domain.sprints.sprint import (
    Retro,
    SprintContent,
    SprintState,
    following,
    needs_confirmation,
)
from assay.errors import Invalid, NotFound, Refused, StaleVersion
from assay.workflows.actor import Actor, Permission
from assay.workflows.idempotency import Remember, write_once
from assay.workflows.lookup import required_project, required_ticket
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


def get_sprint(ws: Workspace, actor: Actor, slug: str, number: int) -> SprintPlan:
    """A sprint with its commitments, or NotFound."""
    actor.require(Permission.READ)
    with ws.store.read() as tx:
        sprint = required_sprint(tx, required_project(tx, slug), number)
        return SprintPlan(sprint, tuple(tx.commitments(sprint.id)))


def next_sprint(ws: Workspace, actor: Actor, slug: str) -> SprintContent:
    """What the next sprint looks like if nobody says otherwise: as the last one, right after it."""
    actor.require(Permission.READ)
    with ws.store.read() as tx:
        return _following(tx, required_project(tx, slug), ws.clock())


def _following(tx: ReadTransaction, project: Project, at: datetime) -> SprintContent:
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
        made = tx.sprints(project.id)
        sprint = tx.add_sprint(project.id, content or _following(tx, project, at), at=at)
        _tell(tx, actor, at, project, sprint, "sprint.planned", after=sprint.content.model_dump(mode="json"))
        for ticket in _unfinished(tx, project, made[-1]) if made else ():
            _take_in(tx, actor, at, project, sprint, ticket, confirmed="carried over")
        return _plan(tx, sprint)

    return write_once(ws, remember, work)


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
        _must_not_have_ended(sprint, "change")
        if content == sprint.content:
            return sprint
        saved = _saved(tx, replace(sprint, content=content))
        before, after = (one.model_dump(mode="json") for one in (sprint.content, content))
        _tell(tx, actor, at, project, sprint, "sprint.edited", before=before, after=after)
        return saved

    return _change(ws, slug, number, expected_version, change)


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
        running = next((s for s in tx.sprints(project.id) if s.state is SprintState.ACTIVE), None)
        if running is not None:
            raise Refused(
                f"cannot start sprint {number}: sprint {running.number} is still running (expected one at a time)",
                hint=f"assay sprint end {running.number}",
                code="sprint-already-running",
            )
        keys = [made.key for made in tx.commitments(sprint.id) if made.stands]
        if not keys:
            raise Refused(
                f"cannot start sprint {number}: nothing is committed (expected at least one ticket)",
                hint=f"assay sprint commit {number} EXP-1",
                code="sprint-empty",
            )
        saved = _saved(tx, replace(sprint, state=SprintState.ACTIVE, started_at=at))
        _tell(tx, actor, at, project, sprint, "sprint.started", tickets=keys)
        return saved

    return _change(ws, slug, number, expected_version, change)


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
        saved = _saved(tx, replace(sprint, state=SprintState.ENDED, ended_at=at))
        keys = [made.key for made in tx.commitments(sprint.id) if made.stands]
        _tell(tx, actor, at, project, sprint, "sprint.ended", tickets=keys)
        return saved

    return _change(ws, slug, number, expected_version, change)


def save_retro(
    ws: Workspace, actor: Actor, slug: str, number: int, retro: Retro, *, expected_version: int | None
) -> SprintPlan:
    """Keep what the team took from a sprint.

    Raises:
        NotFound: the improvement names no ticket of the project.
        Invalid: a kill is judged that was not committed to this sprint.
    """
    actor.require(Permission.WRITE_TICKETS)

    def change(tx: WriteTransaction, project: Project, sprint: Sprint, at: datetime) -> Sprint:
        if retro.improvement is not None:
            required_ticket(tx, project, retro.improvement)
        known = {made.key for made in tx.commitments(sprint.id)}
        unknown = sorted(set(retro.kill_calls) - known)
        if unknown:
            raise Invalid(
                f"cannot judge the kill of {unknown[0][:40]!r}: it was not in sprint {number} (expected one of its tickets)",
                code="retro-ticket-unknown",
                field="kill_calls",
            )
        if retro == sprint.retro:
            return sprint
        saved = _saved(tx, replace(sprint, retro=retro))
        _tell(tx, actor, at, project, sprint, "sprint.looked_back", after=retro.model_dump(mode="json"))
        return saved

    return _change(ws, slug, number, expected_version, change)


def commit_tickets(
    ws: Workspace,
    actor: Actor,
    slug: str,
    number: int,
    keys: Sequence[str],
    *,
    confirmed: bool = False,
    remember: Remember | None = None,
) -> SprintPlan:
    """Take tickets into a sprint: the team agrees to run them, whatever they will show. Twice is the same as once.

    Raises:
        Refused: it is more than a team usually finishes and nobody confirmed that, or the sprint has ended.
    """
    actor.require(Permission.WRITE_TICKETS)

    def work(tx: WriteTransaction) -> SprintPlan:
        project, at = required_project(tx, slug), ws.clock()
        sprint = required_sprint(tx, project, number)
        _must_not_have_ended(sprint, "commit to")
        inside = {made.key for made in tx.commitments(sprint.id) if made.stands}
        wanted = [required_ticket(tx, project, key) for key in dict.fromkeys(keys) if key not in inside]
        doubt = _doubt(tx, project, inside, wanted)
        if doubt and not confirmed:
            raise Refused(
                f"cannot commit {', '.join(ticket.key for ticket in wanted[:5])} to sprint {number}: {doubt} "
                "(expected a confirmation)",
                hint=f"assay sprint commit {number} {' '.join(ticket.key for ticket in wanted[:5])} --yes",
                code="commitment-unconfirmed",
                field="confirmed",
            )
        for ticket in wanted:
            _take_in(tx, actor, at, project, sprint, ticket, confirmed=doubt or "")
        return _plan(tx, sprint)

    return write_once(ws, remember, work)


def _doubt(tx: ReadTransaction, project: Project, inside: set[str], wanted: Sequence[Ticket]) -> str | None:
    if not wanted:
        return None
    there = tx.tickets(project.id, keys=sorted(inside)) if inside else []
    return needs_confirmation(
        (ticket.content.type for ticket in (*there, *wanted)), project.settings.commitments
    )


def _take_in(
    tx: WriteTransaction,
    actor: Actor,
    at: datetime,
    project: Project,
    sprint: Sprint,
    ticket: Ticket,
    *,
    confirmed: str,
) -> None:
    after_start = sprint.state is SprintState.ACTIVE
    tx.add_commitment(sprint, ticket, by=actor.name, at=at, after_start=after_start)
    _tell(
        tx, actor, at, project, sprint, "sprint.committed",
        ticket=ticket.key, type=ticket.content.type.value, after_start=after_start, confirmed=confirmed,
    )  # fmt: skip
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


def release_ticket(
    ws: Workspace, actor: Actor, slug: str, number: int, key: str, *, reason: str = ""
) -> SprintPlan:
    """Take a ticket out of a sprint. Once the sprint runs, that needs a reason.

    Raises:
        NotFound: it is not in.
        Invalid: the sprint runs and no reason is given.
    """
    said = _reason(reason)

    def change(made: Commitment, sprint: Sprint, at: datetime) -> tuple[Commitment, Event]:
        if sprint.state is SprintState.ACTIVE and not said:
            raise Invalid(
                f"cannot take {key!r} out of sprint {number}: the sprint is running and no reason is given (expected one sentence)",
                hint=f"assay sprint release {number} {key} --reason TEXT",
                code="release-reason-missing",
                field="reason",
            )
        gone = replace(made, removed_at=at, removed_by=actor.name, removed_reason=said)
        return gone, Event.of(
            "sprint.released", project=slug, subject=sprint.subject,
            ticket=key, reason=said, after_start=sprint.state is SprintState.ACTIVE,
        )  # fmt: skip

    return _change_commitment(ws, actor, slug, number, key, change)


def flag_extension(
    ws: Workspace, actor: Actor, slug: str, number: int, key: str, *, reason: str
) -> SprintPlan:
    """Say that an experiment needs longer than its sprint, and why; an empty reason takes the flag back.

    Raises:
        NotFound: it is not in the sprint.
    """
    said = _reason(reason)

    def change(made: Commitment, sprint: Sprint, _at: datetime) -> tuple[Commitment, Event]:
        flagged = replace(made, extension_reason=said)
        return flagged, Event.of(
            "sprint.extension_flagged", project=slug, subject=sprint.subject, ticket=key, reason=said
        )

    return _change_commitment(ws, actor, slug, number, key, change)


def _change_commitment(
    ws: Workspace,
    actor: Actor,
    slug: str,
    number: int,
    key: str,
    change: Callable[[Commitment, Sprint, datetime], tuple[Commitment, Event]],
) -> SprintPlan:
    actor.require(Permission.WRITE_TICKETS)

    def work(tx: WriteTransaction) -> SprintPlan:
        project, at = required_project(tx, slug), ws.clock()
        sprint = required_sprint(tx, project, number)
        _must_not_have_ended(sprint, "change the commitments of")
        made = next((one for one in tx.commitments(sprint.id) if one.stands and one.key == key), None)
        if made is None:
            raise NotFound(
                f"cannot find {key[:40]!r} in sprint {number}: it is not committed",
                hint=f"assay sprint show {number}",
                code="commitment-unknown",
                field="key",
            )
        after, event = change(made, sprint, at)
        if after != made:
            tx.save_commitment(after)
            tx.append(event, actor=actor, at=at)
        return _plan(tx, sprint)

    return ws.store.write(work)


def _change(
    ws: Workspace,
    slug: str,
    number: int,
    expected_version: int | None,
    change: Callable[[WriteTransaction, Project, Sprint, datetime], Sprint],
) -> SprintPlan:
    def work(tx: WriteTransaction) -> SprintPlan:
        project = required_project(tx, slug)
        sprint = required_sprint(tx, project, number)
        if expected_version is not None and sprint.version != expected_version:
            raise _stale(sprint)
        return _plan(tx, change(tx, project, sprint, ws.clock()))

    return ws.store.write(work)


def _plan(tx: ReadTransaction, sprint: Sprint) -> SprintPlan:
    return SprintPlan(sprint, tuple(tx.commitments(sprint.id)))


def _saved(tx: WriteTransaction, sprint: Sprint) -> Sprint:
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


def _must_not_have_ended(sprint: Sprint, verb: str) -> None:
    if sprint.state is SprintState.ENDED:
        raise Refused(
            f"cannot {verb} sprint {sprint.number}: it has ended (expected a planned or a running one)",
            hint="assay sprint new",
            code="sprint-ended",
        )


def _reason(text: str) -> str:
    said = text.strip()
    try:
        clean_text(said)
    except ValueError as error:
        raise Invalid(f"cannot take reason: {error}", code="reason-unshowable", field="reason") from error
    if len(said) > MAX_REASON_LENGTH:
        raise Invalid(
            f"cannot take reason: {len(said)} characters (expected at most {MAX_REASON_LENGTH})",
            code="reason-too-long",
            field="reason",
        )
    return said


def _tell(
    tx: WriteTransaction,
    actor: Actor,
    at: datetime,
    project: Project,
    sprint: Sprint,
    kind: str,
    **payload: object,
) -> None:
    event = Event.of(kind, project=project.slug, subject=sprint.subject, number=sprint.number, **payload)
    tx.append(event, actor=actor, at=at)
