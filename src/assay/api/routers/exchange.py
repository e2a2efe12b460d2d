"""Tickets as files: out, and in again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from fastapi import Request
from starlette.responses import Response

from assay.api.answers import gives
from assay.api.documents import answer
from assay.api.permissions import actor_of, requires, workspace_of
from assay.api.schemas.projects import listed
from assay.api.schemas.tickets import DocumentBody, ImportBody
from assay.api.versioned import v1_router
from assay.errors import Invalid
from assay.workflows.actor import Permission
from assay.workflows.exchange import ImportReport, export_tickets, import_tickets
from assay.workflows.ticket_file import dump_ticket_text, load_ticket_text

router = v1_router("tickets")


@router.get(
    "/projects/{slug}/ticket-files",
    dependencies=[requires(Permission.READ)],
    **gives(dict[str, list[DocumentBody]]),
)
def export_files(request: Request, slug: str) -> Response:
    """Every ticket as a file: its name, its YAML text and the same as JSON. Importing them changes nothing."""
    found = export_tickets(workspace_of(request), actor_of(request), slug)
    return answer(
        listed([{"name": name, "text": dump_ticket_text(data), "document": data} for name, data in found])
    )


@router.post(
    "/projects/{slug}/ticket-files", dependencies=[requires(Permission.WRITE_TICKETS)], **gives(ImportReport)
)
def import_files(request: Request, slug: str, body: ImportBody) -> Response:
    """Bring ticket files in: all of them, or none."""
    return answer(
        import_tickets(
            workspace_of(request),
            actor_of(request),
            slug,
            _documents(body),
            amendment_reason=body.amendment_reason,
            leave_out_circles=body.leave_out_circles,
        )
    )


def _documents(body: ImportBody) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for index, file in enumerate(body.documents):
        if (file.text is None) == (file.document is None):
            raise _unreadable(file.name, index, "text and document", "one of the two")
        data = load_ticket_text(file.text, name=file.name) if file.text is not None else file.document
        if not isinstance(data, dict):
            raise _unreadable(file.name, index, "no mapping", "fields such as 'title: ...'")
        yield file.name, data


def _unreadable(name: str, index: int, found: str, expected: str) -> Invalid:
    return Invalid(
        f"cannot read file {ascii(name)[:100]}: found {found} (expected {expected})",
        hint="GET the same address for examples",
        code="file-invalid",
        field=f"documents.{index}",
    )
