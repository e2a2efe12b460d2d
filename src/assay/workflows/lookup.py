"""Look a project or ticket up, or say clearly that it is not there."""

from __future__ import annotations

from assay.domain.kernel.ids import checked_ticket_key
from assay.errors import NotFound, StaleVersion
from assay.workflows.ports import ReadTransaction
from assay.workflows.records import Project, Ticket


def required_project(tx: ReadTransaction, slug: str) -> Project:
    """The project called `slug`; NotFound, naming those that exist, when there is none."""
    project = tx.project(slug)
    if project is None:
        known = ", ".join(p.slug for p in tx.projects()[:10]) or "none yet"
        raise NotFound(
            f"cannot find project {slug[:60]!r}: no project has this name (expected one of: {known})",
            hint="assay project new NAME",
            code="project-unknown",
            field="project",
        )
    return project


def required_ticket(tx: ReadTransaction, project: Project, key: str) -> Ticket:
    """The ticket `key` of a project; NotFound when there is none."""
    ticket = tx.ticket(project.id, checked_ticket_key(key))
    if ticket is None:
        raise NotFound(
            f"cannot find ticket {key!r}: project {project.slug!r} has no such ticket",
            hint=f"assay ticket list --project {project.slug}",
            code="ticket-unknown",
            field="key",
        )
    return ticket


def check_version(ticket: Ticket, expected_version: int | None) -> None:
    """StaleVersion, with the fresh state, when the edit was based on another version. None accepts any."""
    if expected_version is not None and ticket.version != expected_version:
        raise stale(ticket)


def stale(ticket: Ticket) -> StaleVersion:
    """The error for an edit that lost: what stands now."""
    return StaleVersion(
        f"cannot change ticket {ticket.key!r}: it changed meanwhile and is now version {ticket.version}, in "
        f"{ticket.stage} (expected the version you saw)",
        hint=f"look at {ticket.key} again and repeat the change",
        details={"key": ticket.key, "version": ticket.version, "stage": ticket.stage, "ticket": ticket},
    )
