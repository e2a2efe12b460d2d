"""How tickets relate: blocks, needs data, derived from, duplicates, follow-up of."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass

from assay.domain.experiments.experiment import LinkKind
from assay.domain.kernel.events import Event
from assay.errors import Invalid, Refused
from assay.workflows.actor import Actor, Permission
from assay.workflows.lookup import required_project, required_ticket
from assay.workflows.ports import ReadTransaction, Workspace, WriteTransaction
from assay.workflows.records import Project

MOST_SHOWN = 10
"""So many tickets of a circle are named in words; its details name all."""


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
    if add:
        _must_be_no_circle(tx, project, kind, *((other, key) if kind is LinkKind.BLOCKS else (key, other)))
    changed = tx.add_link(source.id, kind, target.id) if add else tx.remove_link(source.id, kind, target.id)
    if changed:
        name = "ticket.linked" if add else "ticket.unlinked"
        event = Event.of(name, project=project.slug, subject=key, link=kind.value, other=other)
        tx.append(event, actor=actor, at=ws.clock())
    return changed


@dataclass(frozen=True, slots=True)
class _Way:
    """Relations that must not lead back to where they began."""

    words: str
    """What would be said of each in a circle about the next."""
    outward: tuple[LinkKind, ...] = ()
    """Relations that lead on from the ticket that names them."""
    inward: tuple[LinkKind, ...] = ()
    """Relations that lead on from the ticket that they name."""


_WAITS = _Way("each would wait for the next", outward=(LinkKind.NEEDS_DATA,), inward=(LinkKind.BLOCKS,))
_WAYS: Mapping[LinkKind, _Way] = {
    LinkKind.BLOCKS: _WAITS,
    LinkKind.NEEDS_DATA: _WAITS,
    LinkKind.DERIVED_FROM: _Way("each would be derived from the next", outward=(LinkKind.DERIVED_FROM,)),
    LinkKind.DUPLICATES: _Way("each would duplicate the next", outward=(LinkKind.DUPLICATES,)),
    LinkKind.FOLLOW_UP_OF: _Way("each would follow up the next", outward=(LinkKind.FOLLOW_UP_OF,)),
}


def _must_be_no_circle(tx: ReadTransaction, project: Project, kind: LinkKind, start: str, then: str) -> None:
    way = _WAYS[kind]
    path = _path(tx, project, way, start=then, goal=start)
    if not path:
        return
    circle = [start, *path]
    shown = circle if len(circle) <= MOST_SHOWN else [*circle[: MOST_SHOWN - 2], "...", *circle[-2:]]
    raise Refused(
        f"cannot link {start!r} and {then!r}: {way.words}, {' -> '.join(shown)} (expected no circle)",
        hint=f"assay ticket show {path[-2] if len(path) > 1 else then}",
        code="link-circle",
        field="other",
        details={"circle": circle},
    )


def _path(tx: ReadTransaction, project: Project, way: _Way, *, start: str, goal: str) -> list[str]:
    """The keys on the shortest way from one ticket to another, both among them; none where no way leads there."""
    came_from: dict[str, str] = {start: ""}
    frontier = deque([start])
    while frontier and goal not in came_from:
        here = frontier.popleft()
        ticket = tx.ticket(project.id, here)
        for link in tx.links(ticket.id) if ticket else ():
            leads = way.outward if link.outgoing else way.inward
            if link.kind in leads and link.key not in came_from:
                came_from[link.key] = here
                frontier.append(link.key)
    path, key = [], goal if goal in came_from else ""
    while key:
        path.append(key)
        key = came_from[key]
    return path[::-1]
