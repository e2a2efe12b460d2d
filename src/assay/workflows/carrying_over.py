"""What goes into a sprint and out of it: by hand, and carried over from the sprint before."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from assay.domain.board.board import ExitItem
from assay.domain.kernel.events import Event
from assay.domain.sprints.sprint import SprintState, needs_confirmation
from assay.errors import Refused
from assay.workflows.actor import Actor
from assay.workflows.open_tickets import is_over
from assay.workflows.ports import ReadTransaction, WriteTransaction
from assay.workflows.records import Attestation, Commitment, Project, Sprint, Ticket

CARRIED_OVER = "carried over"
OVER_BEFORE_THE_START = "it was decided before the sprint began"
_BY_A_SPRINT = re.compile(r"Sprint [0-9]+", re.ASCII)


def about(project: Project, sprint: Sprint) -> dict[str, Any]:
    """What every journal entry about a sprint says beside what happened."""
    return {"project": project.slug, "subject": sprint.subject, "number": sprint.number}


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


def let_go(
    tx: WriteTransaction,
    actor: Actor,
    at: datetime,
    project: Project,
    sprint: Sprint,
    made: Commitment,
    *,
    reason: str,
) -> None:
    """Take a ticket out; that the team agreed goes with it where a commitment said so and no other open sprint has it."""
    tx.save_commitment(replace(made, removed_at=at, removed_by=actor.name, removed_reason=reason))
    tx.append(
        Event.of(
            "sprint.released",
            **about(project, sprint),
            ticket=made.key,
            reason=reason,
            after_start=sprint.state is SprintState.ACTIVE,
        ),
        actor=actor,
        at=at,
    )
    ticket = tx.ticket(project.id, made.key)
    if ticket is None or not _agreed_by_a_sprint(ticket) or _is_wanted_elsewhere(tx, project, made):
        return
    tx.remove_attestation(ticket.id, ExitItem.AGREED.value)
    tx.touch_ticket(ticket, at=at)
    item = ExitItem.AGREED.value
    event = Event.of(
        "ticket.confirmation_withdrawn", project=project.slug, subject=ticket.key, item=item, reason=reason
    )
    tx.append(event, actor=actor, at=at)


def _agreed_by_a_sprint(ticket: Ticket) -> bool:
    return any(
        said.item == ExitItem.AGREED.value and _BY_A_SPRINT.fullmatch(said.note)
        for said in ticket.attestations
    )


def _is_wanted_elsewhere(tx: ReadTransaction, project: Project, made: Commitment) -> bool:
    open_ones = {one.id for one in tx.sprints(project.id) if one.id != made.sprint_id and one.state.is_open}
    others = tx.all_commitments(project.id) if open_ones else ()
    return any(one.stands and one.key == made.key and one.sprint_id in open_ones for one in others)


def carry_over(
    tx: WriteTransaction, actor: Actor, at: datetime, project: Project, before: Sprint | None, sprint: Sprint
) -> None:
    """Bring a planned sprint up to date: what the one before did not decide goes on, what is over by now goes out.

    What somebody took out of it stays out, and so does what flows over the board by now.
    """
    made = tx.commitments(sprint.id)
    wanted = [] if before is None else [one.key for one in tx.commitments(before.id) if one.stands]
    keys = sorted({*wanted, *(one.key for one in made)})
    tickets = {ticket.key: ticket for ticket in (tx.tickets(project.id, keys=keys) if keys else ())}
    for one in made:
        if one.stands and is_over(project, tickets[one.key]):
            let_go(tx, actor, at, project, sprint, one, reason=OVER_BEFORE_THE_START)
    known = {one.key for one in made}
    for key in wanted:
        flows = project.settings.cadence.flows(tickets[key].content.type)
        if key not in known and not flows and not is_over(project, tickets[key]):
            take_in(tx, actor, at, project, sprint, tickets[key], confirmed=CARRIED_OVER)


def must_be_sure(
    tx: ReadTransaction, project: Project, sprint: Sprint, tickets: Sequence[Ticket], *, confirmed: bool
) -> str:
    """Why more than usual is started, empty where it is not more.

    Raises:
        Refused: what was carried over makes it more than a team usually finishes, and nobody has said since that it is sure.
    """
    limits = project.settings.commitments
    doubt = needs_confirmation((ticket.content.type for ticket in tickets), limits)
    if doubt is None:
        return ""
    if not confirmed and _last_word_is_carried(tx, project, sprint):
        raise Refused(
            f"cannot start sprint {sprint.number}: {doubt}, some of them carried over (expected a confirmation)",
            hint=f"assay sprint start {sprint.number} --yes",
            code="commitment-unconfirmed",
            details={"doubt": doubt},
            field="confirmed",
        )
    return doubt


def _last_word_is_carried(tx: ReadTransaction, project: Project, sprint: Sprint) -> bool:
    rows = tx.told_of(project.slug, [sprint.subject], ("sprint.committed",))
    said = [row.payload.get("confirmed") for row in rows if row.payload.get("confirmed")]
    return bool(said) and said[-1] == CARRIED_OVER
