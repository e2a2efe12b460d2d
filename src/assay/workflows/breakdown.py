"""Break a feature down into tickets of both backlogs, and see where each of them is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from assay.domain.experiments.experiment import LinkKind
from assay.domain.kernel.ids import TicketType
from assay.domain.portfolio.breakdown import Stage, part_of, part_title
from assay.domain.sprints.sprint import is_product_task
from assay.errors import Refused
from assay.workflows.actor import Actor, Permission
from assay.workflows.idempotency import Remember, write_once
from assay.workflows.links import change_link
from assay.workflows.lookup import required_project, required_ticket
from assay.workflows.ports import ReadTransaction, Workspace, WriteTransaction
from assay.workflows.records import Project, Ticket
from assay.workflows.tickets import insert_ticket


@dataclass(frozen=True, slots=True)
class Part:
    """A ticket a feature was broken down into."""

    key: str
    title: str
    type: str
    backlog: str
    """product or experiment."""
    stage: str
    """Title of its column: how far it is on the way to deployment."""
    decision: str | None
    model_version: str
    """Empty while nobody named one."""


@dataclass(frozen=True, slots=True)
class Breakdown:
    """A feature with its tickets."""

    feature: str
    parts: tuple[Part, ...]
    created: tuple[str, ...] = ()


def parts_of(ws: Workspace, actor: Actor, slug: str, key: str) -> Breakdown:
    """The tickets that are derived from a feature."""
    actor.require(Permission.READ)
    with ws.store.read() as tx:
        project = required_project(tx, slug)
        feature = required_ticket(tx, project, key)
        return Breakdown(key, tuple(_part(project, one) for one in _derived(tx, project, feature)))


FEATURES_SHOWN = 10


def features_of(ws: Workspace, actor: Actor, slug: str) -> tuple[tuple[Breakdown, str, str], ...]:
    """The features changed last, each with its tickets, its title and the title of its column, in five statements."""
    actor.require(Permission.READ)
    with ws.store.read() as tx:
        project = required_project(tx, slug)
        filters = {"type": TicketType.FEATURE.value}
        page = tx.experiment_list(project, after=None, limit=FEATURES_SHOWN, sort="-updated", filters=filters)
        rows = page.rows
        if not rows:
            return ()
        derived: dict[str, list[str]] = {row.key: [] for row in rows}
        for key, kind, other in tx.project_links(project.id):
            if kind is LinkKind.DERIVED_FROM and other in derived:
                derived[other].append(key)
        keys = [key for several in derived.values() for key in several]
        tickets = {one.key: one for one in tx.tickets(project.id, keys=keys)} if keys else {}
        titles = {stage.key: stage.title for stage in project.settings.board.stages}
        return tuple(
            (
                Breakdown(row.key, tuple(_part(project, tickets[key]) for key in derived[row.key])),
                row.title,
                titles.get(row.stage, row.stage),
            )
            for row in rows
        )


def break_down(
    ws: Workspace,
    actor: Actor,
    slug: str,
    key: str,
    *,
    stages: Sequence[Stage] | None = None,
    remember: Remember | None = None,
) -> Breakdown:
    """One ticket for each stage that has none yet, linked to the feature. Again, it changes nothing.

    Raises:
        Refused: the ticket is no feature.
    """
    actor.require(Permission.WRITE_TICKETS)

    def work(tx: WriteTransaction) -> Breakdown:
        project = required_project(tx, slug)
        feature = required_ticket(tx, project, key)
        if feature.content.type is not TicketType.FEATURE:
            raise Refused(
                f"cannot break down {key!r}: it is of type {feature.content.type.value} (expected a feature)",
                hint='assay ticket new "Title" --type feature',
                code="breakdown-no-feature",
                field="key",
            )
        known = {one.content.title for one in _derived(tx, project, feature)}
        created = []
        for stage in dict.fromkeys(stages if stages is not None else Stage):
            if part_title(feature.content, stage) not in known:
                made = insert_ticket(tx, ws, actor, project, part_of(feature.content, stage))
                change_link(tx, ws, actor, project, made.key, LinkKind.DERIVED_FROM, key, add=True)
                created.append(made.key)
        parts = tuple(_part(project, one) for one in _derived(tx, project, feature))
        return Breakdown(key, parts, tuple(created))

    return write_once(ws, remember, work)


def _derived(tx: ReadTransaction, project: Project, feature: Ticket) -> Sequence[Ticket]:
    keys = [
        link.key for link in tx.links(feature.id) if link.kind is LinkKind.DERIVED_FROM and not link.outgoing
    ]
    return tx.tickets(project.id, keys=keys) if keys else ()


def _part(project: Project, ticket: Ticket) -> Part:
    titles = {stage.key: stage.title for stage in project.settings.board.stages}
    return Part(
        key=ticket.key,
        title=ticket.content.title,
        type=ticket.content.type.value,
        backlog="product" if is_product_task(ticket.content.type) else "experiment",
        stage=titles.get(ticket.stage, ticket.stage),
        decision=ticket.decision.kind.value if ticket.decision else None,
        model_version=ticket.content.engineering.model_version,
    )
