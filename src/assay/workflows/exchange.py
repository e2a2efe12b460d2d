"""Tickets as files in the team's own repository: in, out, and in again without a change."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from assay.domain.experiments.experiment import LinkKind, TicketContent
from assay.domain.experiments.link_data import links_from_data, links_to_data
from assay.domain.experiments.ticket_data import ticket_from_data, ticket_to_data
from assay.domain.experiments.time_box import box_in_days
from assay.domain.kernel.ids import TicketType, checked_ticket_key, ticket_key
from assay.domain.kernel.metrics import MetricCatalog
from assay.domain.sprints.sprint_file import is_sprint_file
from assay.errors import AssayError, Conflict, Invalid, Refused
from assay.workflows.actor import Actor, Permission
from assay.workflows.journaled import content_data
from assay.workflows.links import change_link
from assay.workflows.lookup import required_project
from assay.workflows.ports import ReadTransaction, Workspace, WriteTransaction
from assay.workflows.records import Project
from assay.workflows.sprint_import import import_sprint
from assay.workflows.sprints import sprint_days
from assay.workflows.tickets import change_content, insert_ticket
from assay.workflows.verdicts import refresh_verdict

IMPORTED_NUMBER_MAX = 1_000_000
Document = tuple[str, Mapping[str, Any]]
"""File name and fields."""


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import did, by ticket key."""

    created: tuple[str, ...]
    changed: tuple[str, ...]
    unchanged: tuple[str, ...]
    sprints: tuple[int, ...] = ()
    """Numbers of the sprints that files planned."""
    left_out: tuple[str, ...] = ()
    """Links that would have closed a circle, such as `EXP-2 needs_data EXP-1`, where that was asked for."""


def export_tickets(ws: Workspace, actor: Actor, slug: str) -> tuple[tuple[str, dict[str, Any]], ...]:
    """Every ticket as (file name, document), with its outgoing links. Importing them again changes nothing."""
    actor.require(Permission.READ)
    with ws.store.read() as tx:
        project = required_project(tx, slug)
        catalog = tx.metrics(project.id)
        related = _links_by_key(tx, project)
        return tuple(
            (
                f"{ticket.key}.yaml",
                {
                    "key": ticket.key,
                    **ticket_to_data(ticket.content, catalog),
                    **links_to_data(related.get(ticket.key, ())),
                },
            )
            for ticket in tx.tickets(project.id)
        )


def import_tickets(
    ws: Workspace,
    actor: Actor,
    slug: str,
    documents: Iterable[tuple[str, Mapping[str, Any]]],
    *,
    amendment_reason: str | None = None,
    leave_out_circles: bool = False,
) -> ImportReport:
    """Bring tickets in: same key and same content is no change, other content is an edit. All of them, or none.

    A document that says `sprint` plans a whole sprint with its tickets. One that says `links` replaces the ticket's outgoing links; one that does not leaves them alone.

    With `leave_out_circles`, links that would close a circle are left out and named in the report, where they are refused
    otherwise: an instance may hold some that are older than the rule.

    Raises:
        Invalid: a document cannot be read; the error names file and field.
        Refused: a locked ticket would change and no reason for the amendment was given, or links would close a circle.
    """
    actor.require(Permission.WRITE_TICKETS)
    listed = list(documents)

    def work(tx: WriteTransaction) -> tuple[dict[str, list[str]], list[str], list[int]]:
        project = required_project(tx, slug)
        catalog, days = tx.metrics(project.id), sprint_days(tx, project)
        done: dict[str, list[str]] = {"created": [], "changed": [], "unchanged": []}
        amended: list[str] = []
        linked: list[tuple[str, str, Mapping[str, Any]]] = []
        sprints: list[int] = []
        for name, document in _baselines_first(listed):
            if is_sprint_file(document):
                with _named(name):
                    number, found = import_sprint(
                        tx, ws, actor, project, catalog, document, amendment_reason=amendment_reason
                    )
                sprints.append(number)
                for one in found:
                    done[one.outcome].append(one.key)
                    amended += [one.key] if one.amended else []
                continue
            with _named(name):
                outcome, key, is_amended = _import_one(
                    tx, ws, actor, project, catalog, days, document, amendment_reason
                )
            done[outcome].append(key)
            linked.append((name, key, document))
            if is_amended:
                amended.append(key)
        done["left_out"] = _relink(tx, ws, actor, project, linked, done, leave_out_circles=leave_out_circles)
        return done, amended, sprints

    done, amended, sprints = ws.store.write(work)
    for key in amended:
        refresh_verdict(ws, slug, key)
    return ImportReport(
        created=tuple(done["created"]),
        changed=tuple(done["changed"]),
        unchanged=tuple(done["unchanged"]),
        sprints=tuple(sprints),
        left_out=tuple(done["left_out"]),
    )


@contextmanager
def _named(name: str) -> Iterator[None]:
    """An error of one document says which file it is about."""
    try:
        yield
    except AssayError as error:
        error.message = f"{name}: {error.message}"
        error.args = (error.message,)
        error.details.setdefault("file", name)
        raise


def _baselines_first(listed: Sequence[Document]) -> list[Document]:
    """The documents in an order in which a ticket comes after those whose runs are its baseline."""
    by_key = {key: entry for entry in listed if isinstance(key := entry[1].get("key"), str)}
    ordered: dict[int, Document] = {}

    def put(entry: Document, waiting: frozenset[int]) -> None:
        if id(entry) in ordered or id(entry) in waiting:
            return
        for key in _baseline_keys(entry[1]):
            if key in by_key:
                put(by_key[key], waiting | {id(entry)})
        ordered[id(entry)] = entry

    for entry in listed:
        put(entry, frozenset())
    return list(ordered.values())


def _baseline_keys(document: Mapping[str, Any]) -> list[str]:
    given = document.get("baseline")
    named = (
        [one.get("ticket") for one in given if isinstance(one, Mapping)] if isinstance(given, list) else []
    )
    return [key for key in named if isinstance(key, str)]


def _links_by_key(tx: ReadTransaction, project: Project) -> dict[str, list[tuple[LinkKind, str]]]:
    """What people linked, by the ticket it goes out from; what follows from a baseline is told by the baseline."""
    found: dict[str, list[tuple[LinkKind, str]]] = {}
    for key, kind, other in tx.project_links(project.id):
        if kind is not LinkKind.USES_BASELINE_OF:
            found.setdefault(key, []).append((kind, other))
    return found


def _relink(
    tx: WriteTransaction,
    ws: Workspace,
    actor: Actor,
    project: Project,
    linked: Sequence[tuple[str, str, Mapping[str, Any]]],
    done: dict[str, list[str]],
    *,
    leave_out_circles: bool,
) -> list[str]:
    """The links of the documents that name any, once every ticket is there. Returns those that were left out."""
    left_out: list[str] = []
    if not any("links" in document for _, _, document in linked):
        return left_out
    present = _links_by_key(tx, project)
    changed: set[str] = set()
    for add in (False, True):  # what goes first, so that a relation can turn around
        for name, key, document in linked:
            if "links" not in document:
                continue
            with _named(name):
                wanted, there = links_from_data(document["links"]), present.get(key, [])
                old, new = (there, wanted) if add else (wanted, there)
                for kind, other in (one for one in new if one not in old):
                    try:
                        change_link(tx, ws, actor, project, key, kind, other, add=add)
                    except Refused as error:
                        if error.code != "link-circle":
                            raise
                        if not leave_out_circles:
                            error.hint = "take one of these links out of its file, or leave out what closes circles: --leave-out-circles"
                            raise
                        left_out.append(f"{key} {kind.value} {other}")
                        continue
                    changed.add(key)
    done["changed"] += [key for key in done["unchanged"] if key in changed]
    done["unchanged"] = [key for key in done["unchanged"] if key not in changed]
    return left_out


def _import_one(
    tx: WriteTransaction,
    ws: Workspace,
    actor: Actor,
    project: Project,
    catalog: MetricCatalog,
    days: int,
    document: Mapping[str, Any],
    amendment_reason: str | None,
) -> tuple[str, str, bool]:
    fields = dict(document)
    key = fields.pop("key", None)
    fields.pop("links", None)
    content = ticket_from_data(box_in_days(fields, days), catalog)
    if key is None:
        ticket = insert_ticket(tx, ws, actor, project, content)
        return "created", ticket.key, False
    if not isinstance(key, str):
        raise Invalid(
            f"cannot read ticket: key is {type(key).__name__} (expected text such as EXP-42)",
            hint="write key: EXP-42, or no key for a new ticket",
            code="ticket-key-malformed",
            field="key",
        )
    before = tx.ticket(project.id, checked_ticket_key(key))
    if before is None:
        number = _number_of(key, content.type)
        _check_free(tx, project, key, number)
        _must_be_the_one_that_was_deleted(tx, project, key, content)
        return "created", insert_ticket(tx, ws, actor, project, content, number=number).key, False
    after, amended = change_content(
        tx, ws, actor, project, before, content, amendment_reason=amendment_reason
    )
    return ("unchanged" if after is before else "changed"), key, amended


def _number_of(key: str, kind: TicketType) -> int:
    number = int(key.rpartition("-")[2])
    if ticket_key(kind, number) != key:
        raise Invalid(
            f"cannot import ticket {key!r}: its type is {kind.value} (expected the key {ticket_key(kind, number)})",
            hint=f"write key: {ticket_key(kind, number)}, or no key for a new ticket",
            code="ticket-key-type",
            field="key",
        )
    if number > IMPORTED_NUMBER_MAX:
        raise Invalid(
            f"cannot import ticket {key!r}: the tickets after it would be numbered on from there (expected a number up to "
            f"{IMPORTED_NUMBER_MAX:,})",
            hint="leave the key out, and the ticket gets the next number",
            code="ticket-number-too-large",
            field="key",
        )
    return number


def _must_be_the_one_that_was_deleted(
    tx: ReadTransaction, project: Project, key: str, content: TicketContent
) -> None:
    """The journal tells of one ticket under each key: what comes back under a deleted one is that ticket as it was."""
    told = tx.told_of(project.slug, [key], ("ticket.deleted",))
    if told and told[-1].payload.get("before") != content_data(content):
        raise Conflict(
            f"cannot import ticket {key!r}: another ticket of this key was deleted (expected that one as it was, or a new key)",
            hint="leave the key out, and the ticket gets the next number",
            code="ticket-key-deleted",
            field="key",
        )


def _check_free(tx: ReadTransaction, project: Project, key: str, number: int) -> None:
    """All types of a project count together, so a number names one ticket."""
    keys = (ticket_key(kind, number) for kind in TicketType)
    taken = next((other for other in keys if tx.ticket(project.id, other) is not None), None)
    if taken is not None:
        raise Conflict(
            f"cannot import ticket {key!r}: number {number} belongs to {taken} (expected a number that is free)",
            hint="leave the key out, and the ticket gets the next number",
            code="ticket-number-taken",
            field="key",
        )
