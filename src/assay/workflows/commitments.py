"""Commitments of a sprint: take tickets in, take them out with a reason, flag what needs longer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from assay.domain.experiments.texts import clean_text
from assay.domain.kernel.events import Event
from assay.domain.sprints.sprint import SprintState, needs_confirmation
from assay.errors import Invalid, NotFound, Refused
from assay.workflows.actor import Actor, Permission
from assay.workflows.cadence import must_belong_in_sprints
from assay.workflows.carrying_over import about, let_go, take_in
from assay.workflows.idempotency import Remember, write_once
from assay.workflows.lookup import required_project, required_ticket
from assay.workflows.open_tickets import must_be_open
from assay.workflows.ports import ReadTransaction, Workspace, WriteTransaction
from assay.workflows.records import Commitment, Project, Sprint, Ticket
from assay.workflows.sprints import SprintPlan, must_not_have_ended, plan_of, required_sprint

MAX_REASON_LENGTH = 2000


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
        Invalid: no ticket is named.
        Refused: it is more than a team usually finishes and nobody confirmed that, the sprint has ended, or a ticket is over.
    """
    actor.require(Permission.WRITE_TICKETS)
    if not keys:
        raise Invalid(
            f"cannot commit to sprint {number}: no ticket is named (expected at least one)",
            hint=f"assay sprint commit {number} EXP-1",
            code="commitment-empty",
            field="tickets",
        )

    def work(tx: WriteTransaction) -> SprintPlan:
        project, at = required_project(tx, slug), ws.clock()
        sprint = required_sprint(tx, project, number)
        must_not_have_ended(sprint, "commit to")
        inside = {made.key for made in tx.commitments(sprint.id) if made.stands}
        wanted = [required_ticket(tx, project, key) for key in dict.fromkeys(keys) if key not in inside]
        for ticket in wanted:
            must_be_open(project, ticket, number)
        must_belong_in_sprints(project, wanted, number)
        doubt = _doubt(tx, project, inside, wanted)
        if doubt and not confirmed:
            raise Refused(
                f"cannot commit {', '.join(ticket.key for ticket in wanted[:5])} to sprint {number}: {doubt} "
                "(expected a confirmation)",
                hint=f"assay sprint commit {number} {' '.join(ticket.key for ticket in wanted)} --yes",
                code="commitment-unconfirmed",
                details={"doubt": doubt},
                field="confirmed",
            )
        for ticket in wanted:
            take_in(tx, actor, at, project, sprint, ticket, confirmed=doubt or "")
        return plan_of(tx, project, sprint)

    return write_once(ws, remember, work)


def _doubt(tx: ReadTransaction, project: Project, inside: set[str], wanted: Sequence[Ticket]) -> str | None:
    if not wanted:
        return None
    there = tx.tickets(project.id, keys=sorted(inside)) if inside else []
    return needs_confirmation(
        (ticket.content.type for ticket in (*there, *wanted)), project.settings.commitments
    )


def release_ticket(
    ws: Workspace, actor: Actor, slug: str, number: int, key: str, *, reason: str = ""
) -> SprintPlan:
    """Take a ticket out of a sprint. Once the sprint runs, that needs a reason.

    Raises:
        NotFound: it is not in.
        Invalid: the sprint runs and no reason is given.
    """
    said = checked_reason(reason)

    def change(
        tx: WriteTransaction, project: Project, sprint: Sprint, made: Commitment, at: datetime
    ) -> None:
        if sprint.state is SprintState.ACTIVE and not said:
            raise Invalid(
                f"cannot take {key!r} out of sprint {number}: the sprint is running and no reason is given (expected one sentence)",
                hint=f"assay sprint release {number} {key} --reason TEXT",
                code="release-reason-missing",
                field="reason",
            )
        let_go(tx, actor, at, project, sprint, made, reason=said)

    return _change_commitment(ws, actor, slug, number, key, change)


def flag_extension(
    ws: Workspace, actor: Actor, slug: str, number: int, key: str, *, reason: str
) -> SprintPlan:
    """Say that an experiment needs longer than its sprint, and why; an empty reason takes the flag back.

    Raises:
        NotFound: it is not in the sprint.
    """
    said = checked_reason(reason)

    def change(
        tx: WriteTransaction, project: Project, sprint: Sprint, made: Commitment, at: datetime
    ) -> None:
        if made.extension_reason == said:
            return
        tx.save_commitment(replace(made, extension_reason=said))
        event = Event.of("sprint.extension_flagged", **about(project, sprint), ticket=key, reason=said)
        tx.append(event, actor=actor, at=at)

    return _change_commitment(ws, actor, slug, number, key, change)


def _change_commitment(
    ws: Workspace,
    actor: Actor,
    slug: str,
    number: int,
    key: str,
    change: Callable[[WriteTransaction, Project, Sprint, Commitment, datetime], None],
) -> SprintPlan:
    actor.require(Permission.WRITE_TICKETS)

    def work(tx: WriteTransaction) -> SprintPlan:
        project, at = required_project(tx, slug), ws.clock()
        sprint = required_sprint(tx, project, number)
        must_not_have_ended(sprint, "change the commitments of")
        made = next((one for one in tx.commitments(sprint.id) if one.stands and one.key == key), None)
        if made is None:
            raise NotFound(
                f"cannot find {key[:40]!r} in sprint {number}: it is not committed",
                hint=f"assay sprint show {number}",
                code="commitment-unknown",
                field="key",
            )
        change(tx, project, sprint, made, at)
        return plan_of(tx, project, sprint)

    return ws.store.write(work)


def checked_reason(text: str) -> str:
    """A reason as it is kept; Invalid where it cannot be shown or is too long."""
    said = text.strip()
    try:
        clean_text(said)
    except ValueError as error:
        raise Invalid(
            f"cannot take reason: {error} (expected text that can be shown)",
            hint="write it anew, without control characters",
            code="reason-unshowable",
            field="reason",
        ) from error
    if len(said) > MAX_REASON_LENGTH:
        raise Invalid(
            f"cannot take reason: {len(said)} characters (expected at most {MAX_REASON_LENGTH})",
            hint="write one sentence, and the rest as a note: assay ticket note KEY TEXT",
            code="reason-too-long",
            field="reason",
        )
    return said
