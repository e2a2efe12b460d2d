"""How tickets relate: blocks, needs data, derived from, duplicates, follow-up of."""

from __future__ import annotations

from assay.domain.experiments.experiment import LinkKind
from assay.domain.kernel.events import Event
from assay.errors import Invalid, Refused
from assay.workflows.actor import Actor, Permission
from assay.workflows.lookup import required_project, required_ticket
from assay.workflows.ports import ReadTransaction, Workspace, WriteTransaction
from assay.workflows.records import Project


def link_tickets(ws: Workspace, actor: Actor, slug: str, key: str, kind: LinkKind, other: str) -> None:
    """Relate two tickets of a project. Linking twice is the same as once."""
    _change_link(ws, actor, slug, key, kind, other, add=True)


def unlink_tickets(ws: Workspace, actor: Actor, slug: str, key: str, kind: LinkKind, other: str) -> None:
    """Take a relation back."""
    _change_link(ws, actor, slug, key, kind, other, add=False)


def _change_link(
    ws: Workspace, actor: Actor, slug: str, key: str, kind: LinkKind, other: str, *, add: bool
) -> None:
    actor.require(Permission.WRITE_TICKETS)

    def work(tx: WriteTransaction) -> None:
        change_link(tx, ws, actor, required_project(tx, slug), key, kind, other, add=add)

    ws.store.write(work)


def change_link(
    tx: WriteTransaction,
    ws: Workspace,
    actor: Actor,
    project: Project,
    key: str,
    kind: LinkKind,
    other: str,
    *,
    add: bool,
) -> bool:
    """The transaction part of linking and unlinking; False where nothing changed."""
    if kind is LinkKind.USES_BASELINE_OF or key == other:
        raise Invalid(
            f"cannot link {key!r} to {other[:40]!r}: "
            + (
                "a ticket cannot relate to itself"
                if key == other
                else "this relation follows from the baseline field"
            )
            + " (expected another ticket and one of: blocks, needs_data, derived_from, duplicates, follow_up_of)",
            hint="assay ticket link --help",
            code="link-not-possible",
            field="other",
        )
    source, target = required_ticket(tx, project, key), required_ticket(tx, project, other)
    if add and kind is LinkKind.BLOCKS and _reaches(tx, project, start=other, goal=key):
        raise Refused(
            f"cannot let {key!r} block {other!r}: {other!r} already blocks {key!r}, directly or through others "
            "(expected no circle)",
            hint=f"assay ticket show {other}",
            code="link-circle",
            field="other",
        )
    changed = tx.add_link(source.id, kind, target.id) if add else tx.remove_link(source.id, kind, target.id)
    if changed:
        name = "ticket.linked" if add else "ticket.unlinked"
        event = Event.of(name, project=project.slug, subject=key, link=kind.value, other=other)
        tx.append(event, actor=actor, at=ws.clock())
    return changed


def _reaches(tx: ReadTransaction, project: Project, *, start: str, goal: str) -> bool:
    seen, frontier = {start}, [start]
    while frontier:
        ticket = tx.ticket(project.id, frontier.pop())
        blocked = [
            link.key
            for link in (tx.links(ticket.id) if ticket else ())
            if link.kind is LinkKind.BLOCKS and link.outgoing and link.key not in seen
        ]
        if goal in blocked:
            return True
        seen.update(blocked)
        frontier.extend(blocked)
    return False
