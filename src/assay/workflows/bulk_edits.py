"""The same change on many tickets at once: all of them or none, one journal entry each, and a way back."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from assay.domain.experiments.experiment import TicketContent
from assay.domain.experiments.ticket_data import check_lines
from assay.errors import AssayError, Invalid
from assay.workflows.actor import Actor, Permission
from assay.workflows.idempotency import Remember, write_once
from assay.workflows.lookup import check_version, required_project, required_ticket
from assay.workflows.ports import Workspace, WriteTransaction
from assay.workflows.records import Project, Ticket
from assay.workflows.tickets import change_content

MOST = 500
FIELDS = ("owner", "priority", "axis", "mode")
"""What is set alike; labels are added and taken away."""


@dataclass(frozen=True, slots=True)
class BulkChange:
    """What becomes of every ticket."""

    fields: Mapping[str, Any]
    """New values by name, of `FIELDS`; None clears axis and mode."""
    add_labels: tuple[str, ...] = ()
    remove_labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BulkReport:
    """What a bulk edit did, by ticket key, and how it is named for the way back."""

    changed: tuple[str, ...]
    unchanged: tuple[str, ...]
    """They were so already; after an undo, those that were changed again meanwhile."""
    first_seq: int | None
    """Numbers of its first and last journal entry; None where nothing changed."""
    last_seq: int | None


def edit_many(
    ws: Workspace,
    actor: Actor,
    slug: str,
    tickets: Sequence[tuple[str, int | None]],
    change: BulkChange,
    *,
    remember: Remember | None = None,
) -> BulkReport:
    """Change many tickets alike. All of them, or none.

    Args:
        ws: the workspace.
        actor: who does it.
        slug: the project.
        tickets: key and the version it was seen in (None takes any) of each.
        change: what becomes of them.
        remember: how the answer is kept for the same request sent again.

    Raises:
        Invalid: no ticket, too many, nothing to change, or a value that no ticket can have.
        StaleVersion: one of them changed meanwhile.
        NotFound: one of them is not there.
    """
    actor.require(Permission.WRITE_TICKETS)
    asked = dict(tickets)
    _must_say_something(asked, change)

    def work(tx: WriteTransaction) -> BulkReport:
        project = required_project(tx, slug)
        found = {ticket.key: ticket for ticket in tx.tickets(project.id, keys=tuple(asked))}
        wanted = []
        for key, version in asked.items():
            ticket = found.get(key) or required_ticket(tx, project, key)
            check_version(ticket, version)
            wanted.append((ticket, _changed(ticket, change)))
        return _write(tx, ws, actor, project, wanted)

    return write_once(ws, remember, work)


def _must_say_something(asked: Mapping[str, object], change: BulkChange) -> None:
    if not 1 <= len(asked) <= MOST:
        raise Invalid(
            f"cannot edit tickets: {len(asked)} are chosen (expected 1 to {MOST})",
            hint="choose tickets of the list",
            code="bulk-size",
            field="tickets",
        )
    unknown = sorted(set(change.fields) - set(FIELDS))
    if unknown or not (change.fields or change.add_labels or change.remove_labels):
        fact = f"{unknown[0]!r} is not edited in bulk" if unknown else "nothing is to be changed"
        raise Invalid(
            f"cannot edit tickets: {fact} (expected {', '.join(FIELDS)}, or labels to add or to take away)",
            hint="say what shall change",
            code="bulk-nothing",
            field="set",
        )


def _changed(ticket: Ticket, change: BulkChange) -> TicketContent:
    kept = [label for label in ticket.content.labels if label not in change.remove_labels]
    labels = dict.fromkeys((*kept, *change.add_labels))
    return with_fields(ticket, {**change.fields, "labels": tuple(labels)})


def with_fields(ticket: Ticket, fields: Mapping[str, Any]) -> TicketContent:
    """The content of a ticket with these fields changed.

    Raises:
        Invalid: no ticket can have such a value.
    """
    check_lines(fields)
    try:
        return TicketContent.model_validate({**dict(ticket.content), **fields})
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name = ".".join(str(part) for part in first["loc"])
        raise Invalid(
            f"cannot edit ticket {ticket.key!r}: {name} is {str(first['input'])[:40]!r} ({first['msg']})",
            hint="assay ticket edit --help",
            code="field-invalid",
            field=name,
        ) from None


def _write(
    tx: WriteTransaction,
    ws: Workspace,
    actor: Actor,
    project: Project,
    wanted: Sequence[tuple[Ticket, TicketContent]],
) -> BulkReport:
    head, _ = tx.head()
    changed: list[str] = []
    # Two bulk edits of one size may stand side by side: each says where it begins.
    bulk = {"bulk": sum(content != ticket.content for ticket, content in wanted), "bulk_first": head + 1}
    for ticket, content in wanted:
        try:
            after, _ = change_content(
                tx, ws, actor, project, ticket, content, amendment_reason=None, bulk=bulk
            )
        except AssayError as error:
            error.details.setdefault("key", ticket.key)
            raise
        if after is not ticket:
            changed.append(ticket.key)
    last, _ = tx.head()
    return BulkReport(
        changed=tuple(changed),
        unchanged=tuple(ticket.key for ticket, _ in wanted if ticket.key not in changed),
        first_seq=head + 1 if changed else None,
        last_seq=last if changed else None,
    )


def undo_many(
    ws: Workspace,
    actor: Actor,
    slug: str,
    *,
    first_seq: int,
    last_seq: int,
    remember: Remember | None = None,
) -> BulkReport:
    """Take a bulk edit back, as one of its own. What somebody changed again since then stays, and is named.

    Raises:
        Invalid: these journal entries are no bulk edit of the project.
    """
    actor.require(Permission.WRITE_TICKETS)

    def work(tx: WriteTransaction) -> BulkReport:
        project = required_project(tx, slug)
        entries = _entries(tx, project, first_seq, last_seq)
        wanted, left = [], []
        for key, before, after in entries:
            ticket = tx.ticket(project.id, key)
            now = {} if ticket is None else ticket.content.model_dump(mode="json")
            if ticket is None or any(now.get(name) != value for name, value in after.items()):
                left.append(key)
            else:
                wanted.append((ticket, with_fields(ticket, before)))
        report = _write(tx, ws, actor, project, wanted)
        return BulkReport(
            changed=report.changed,
            unchanged=(*report.unchanged, *left),
            first_seq=report.first_seq,
            last_seq=report.last_seq,
        )

    return write_once(ws, remember, work)


def _entries(
    tx: WriteTransaction, project: Project, first_seq: int, last_seq: int
) -> list[tuple[str, dict[str, Any], dict[str, Any]]]:
    found = []
    if 1 <= first_seq <= last_seq < first_seq + MOST:
        for _, body, _ in tx.raw_entries(after=first_seq - 1, until=last_seq):
            said = json.loads(body)
            payload = said["payload"]
            if (
                said["kind"] == "ticket.edited"
                and said["project"] == project.slug
                and payload.get("bulk") == last_seq - first_seq + 1
                and payload.get("bulk_first", first_seq) == first_seq
            ):
                found.append((said["subject"], payload["before"], payload["after"]))
    if not found or len(found) != last_seq - first_seq + 1:
        raise Invalid(
            f"cannot undo journal entries {first_seq} to {last_seq}: they are no bulk edit of this project (expected the "
            "numbers that its answer gave)",
            hint="assay audit log",
            code="bulk-unknown",
            field="first_seq",
        )
    return found
