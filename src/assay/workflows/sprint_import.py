"""A sprint file becomes a sprint and its tickets, in one go; the same file again changes nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from assay.domain.experiments.experiment import TicketContent
from assay.domain.experiments.ticket_data import ticket_from_data, ticket_to_data
from assay.domain.experiments.time_box import box_in_days
from assay.domain.kernel.ids import TicketType
from assay.domain.kernel.metrics import MetricCatalog
from assay.domain.sprints.sprint import SprintContent, SprintState, needs_confirmation
from assay.domain.sprints.sprint_data import sprint_from_data
from assay.domain.sprints.sprint_file import SprintEntry, SprintFile, sprint_file_from_data
from assay.errors import Invalid, Refused
from assay.workflows.actor import Actor
from assay.workflows.cadence import must_belong_in_sprints
from assay.workflows.carrying_over import take_in
from assay.workflows.lookup import required_ticket
from assay.workflows.open_tickets import must_be_open
from assay.workflows.ports import Workspace, WriteTransaction
from assay.workflows.records import Project, Sprint, Ticket
from assay.workflows.sprints import change_sprint, following_sprint, insert_sprint
from assay.workflows.tickets import change_content, insert_ticket


@dataclass(frozen=True, slots=True)
class ImportedTicket:
    """What became of one entry."""

    key: str
    outcome: str
    """created, changed or unchanged."""
    amended: bool


def import_sprint(
    tx: WriteTransaction,
    ws: Workspace,
    actor: Actor,
    project: Project,
    catalog: MetricCatalog,
    document: Mapping[str, Any],
    *,
    amendment_reason: str | None,
) -> tuple[int, list[ImportedTicket]]:
    """The sprint's number, and what became of its tickets; the transaction part of an import.

    An entry without a key is the ticket that ever was in this sprint with the same type and title, where there is one: two such
    entries could not be told apart. What an entry does not say stays as it is on the ticket, and what was taken out of the sprint
    stays out.

    Raises:
        Invalid: the document cannot be read, or two entries are the same ticket.
        Refused: it is more than a team usually finishes and the file does not say `confirmed: true`, or a locked ticket would
            change without a reason.
    """
    file = sprint_file_from_data(document)
    sprint = _planned(tx, actor, ws, project, file)
    made = tx.commitments(sprint.id)
    inside = {one.key for one in made if one.stands}
    known = list(dict.fromkeys(one.key for one in sorted(made, key=lambda one: not one.stands)))
    present = _by_name(tx.tickets(project.id, keys=known) if known else (), inside)
    done: list[ImportedTicket] = []
    wanted: list[Ticket] = []
    places: dict[str, str] = {}
    for entry in file.entries:
        ticket, imported = _ticket(
            tx, ws, actor, project, catalog, entry, present, amendment_reason, sprint_days=sprint.content.days
        )
        if ticket.key in places:
            raise _same(entry, places[ticket.key], ticket)
        places[ticket.key] = entry.path
        done.append(imported)
        if ticket.key not in known:
            wanted.append(ticket)
        present.setdefault((ticket.content.type, ticket.content.title), ticket)
    for ticket in wanted:
        must_be_open(project, ticket, sprint.number)
    must_belong_in_sprints(project, wanted, sprint.number)
    doubt = _doubt(tx, project, inside, wanted)
    if doubt and not file.confirmed:
        raise Refused(
            f"cannot plan sprint {file.name!r}: {doubt} (expected a confirmation)",
            hint="write 'confirmed: true' in the file if the team is sure",
            code="commitment-unconfirmed",
            field="confirmed",
        )
    for ticket in wanted:
        take_in(tx, actor, ws.clock(), project, sprint, ticket, confirmed=doubt or "")
    return sprint.number, done


def _by_name(tickets: Sequence[Ticket], inside: set[str]) -> dict[tuple[TicketType, str], Ticket]:
    """By type and title, those that are in before those that were taken out."""
    found: dict[tuple[TicketType, str], Ticket] = {}
    for ticket in sorted(tickets, key=lambda ticket: ticket.key not in inside):
        found.setdefault((ticket.content.type, ticket.content.title), ticket)
    return found


def _same(entry: SprintEntry, other: str, ticket: Ticket) -> Invalid:
    return Invalid(
        f"cannot plan sprint: {entry.path} is the same ticket as {other}, {ticket.content.title[:60]!r} (expected each once, "
        "those of one title told apart by their keys)",
        hint="write another title, or the key of each, such as key: EXP-42",
        code="sprint-entry-twice",
        field=f"{entry.path}.title" if entry.key is None else f"{entry.path}.key",
    )


def _planned(tx: WriteTransaction, actor: Actor, ws: Workspace, project: Project, file: SprintFile) -> Sprint:
    """The open sprint of this name as the file has it, made where there is none."""
    at = ws.clock()
    named = [one for one in tx.sprints(project.id) if one.content.name == file.name]
    found = next((one for one in named if one.state.is_open), None)
    if found is None and named:
        was_cancelled = named[-1].state is SprintState.CANCELLED
        raise Refused(
            f"cannot plan sprint {file.name!r}: sprint {named[-1].number} of this name "
            f"{'was cancelled' if was_cancelled else 'has ended'} (expected a new name)",
            hint=f"assay sprint restore {named[-1].number}" if was_cancelled else "name the next one",
            code="sprint-cancelled" if was_cancelled else "sprint-ended",
            field="sprint",
        )
    before: SprintContent = found.content if found else following_sprint(tx, project, at)
    content = sprint_from_data({**file.fields, "name": file.name}, before=before)
    if found is None:
        return insert_sprint(tx, actor, at, project, content)
    return change_sprint(tx, actor, at, project, found, content)


def _ticket(
    tx: WriteTransaction,
    ws: Workspace,
    actor: Actor,
    project: Project,
    catalog: MetricCatalog,
    entry: SprintEntry,
    present: Mapping[tuple[TicketType, str], Ticket],
    amendment_reason: str | None,
    *,
    sprint_days: int,
) -> tuple[Ticket, ImportedTicket]:
    content = _content(entry, {}, catalog, sprint_days)
    if entry.key is not None:
        before: Ticket | None = required_ticket(tx, project, entry.key)
    else:
        before = present.get((content.type, content.title))
    if before is None:
        made = insert_ticket(tx, ws, actor, project, content)
        return made, ImportedTicket(made.key, "created", amended=False)
    written = ticket_to_data(before.content, catalog, criteria="structured")
    after, amended = change_content(
        tx,
        ws,
        actor,
        project,
        before,
        _content(entry, written, catalog, sprint_days),
        amendment_reason=amendment_reason,
    )
    outcome = "unchanged" if after is before else "changed"
    return after, ImportedTicket(after.key, outcome, amended=amended)


def _content(
    entry: SprintEntry, written: Mapping[str, Any], catalog: MetricCatalog, sprint_days: int
) -> TicketContent:
    fields = dict(entry.fields)
    if "criteria" in fields:
        fields["criteria"] = {**written.get("criteria", {}), **fields["criteria"]}
    try:
        return ticket_from_data({**written, **box_in_days(fields, sprint_days)}, catalog)
    except Invalid as error:
        error.field = f"{entry.path}.{error.field}" if error.field else entry.path
        error.message = f"{entry.path}: {error.message}"
        error.args = (error.message,)
        raise


def _doubt(tx: WriteTransaction, project: Project, inside: set[str], wanted: list[Ticket]) -> str | None:
    if not wanted:
        return None
    there = tx.tickets(project.id, keys=sorted(inside)) if inside else []
    return needs_confirmation((t.content.type for t in (*there, *wanted)), project.settings.commitments)
