"""Who follows a ticket, and its files."""

from __future__ import annotations

from typing import Any

from fastapi import Request
from starlette.responses import Response

from assay.api.answers import gives, gives_nothing, gives_text
from assay.api.documents import answer
from assay.api.permissions import actor_of, requires, workspace_of
from assay.api.preconditions import remembered
from assay.api.schemas.projects import listed
from assay.api.uploads import SentForm, form_digest, known_fields, sent_files, takes_form
from assay.api.versioned import v1_router
from assay.domain.experiments.attachment_names import disposition
from assay.errors import Invalid
from assay.workflows.actor import Permission
from assay.workflows.attachments import attach_file, attachment, list_attachments, remove_attachment
from assay.workflows.records import Attachment
from assay.workflows.watching import unwatch, watch

router = v1_router("tickets")
READ = [requires(Permission.READ)]
WRITE = [requires(Permission.WRITE_TICKETS)]
SAVED = {"content-security-policy": "default-src 'none'; sandbox"}
"""Beside the header that has a browser save the file: should one show it all the same, it may do nothing."""
_FORM: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["file"],
    "properties": {"file": {"type": "string", "format": "binary", "description": "At most 10 MB."}},
}


@router.put(
    "/projects/{slug}/tickets/{key}/watchers/{name}", dependencies=WRITE, **gives(dict[str, list[str]])
)
def follow_ticket(request: Request, slug: str, key: str, name: str) -> Response:
    """Somebody follows the ticket; twice is once."""
    return answer(listed(watch(workspace_of(request), actor_of(request), slug, key, name)))


@router.delete(
    "/projects/{slug}/tickets/{key}/watchers/{name}", dependencies=WRITE, **gives(dict[str, list[str]])
)
def unfollow_ticket(request: Request, slug: str, key: str, name: str) -> Response:
    """Somebody follows the ticket no longer."""
    return answer(listed(unwatch(workspace_of(request), actor_of(request), slug, key, name)))


@router.get(
    "/projects/{slug}/tickets/{key}/attachments", dependencies=READ, **gives(dict[str, list[Attachment]])
)
def ticket_files(request: Request, slug: str, key: str) -> Response:
    """The files of a ticket, by name and digest."""
    return answer(listed(list_attachments(workspace_of(request), actor_of(request), slug, key)))


@router.post(
    "/projects/{slug}/tickets/{key}/attachments",
    dependencies=WRITE,
    **gives(Attachment, 201),
    **takes_form(_FORM),
)
def attach_ticket_file(request: Request, slug: str, key: str, form: SentForm) -> Response:
    """Attach one file to a ticket. The same content twice is one attachment, under its first name."""
    known_fields(form, frozenset(_FORM["properties"]))
    files = sent_files(form, "file")
    if len(files) != 1:
        raise Invalid(
            f"cannot attach file: {len(files)} were sent (expected one)",
            hint="curl -F file=@plot.png ...",
            code="upload-size",
            field="file",
        )
    ((name, content),) = files.items()

    def attached(found: object) -> Response:
        return answer(found, 201)

    remember = remembered(request, form_digest(form), attached)
    return attached(
        attach_file(
            workspace_of(request),
            actor_of(request),
            slug,
            key,
            name=name,
            content=content,
            remember=remember,
        )
    )


@router.get(
    "/projects/{slug}/tickets/{key}/attachments/{digest}",
    dependencies=READ,
    **gives_text("application/octet-stream", description="The file"),
)
def ticket_file(request: Request, slug: str, key: str, digest: str) -> Response:
    """A file of a ticket, byte for byte, to be saved and not to be shown."""
    found, content = attachment(workspace_of(request), actor_of(request), slug, key, digest)
    headers = {"content-disposition": disposition(found.name), **SAVED}
    return Response(content, media_type="application/octet-stream", headers=headers)


@router.delete("/projects/{slug}/tickets/{key}/attachments/{digest}", dependencies=WRITE, **gives_nothing())
def detach_ticket_file(request: Request, slug: str, key: str, digest: str) -> Response:
    """Take a file off a ticket; the journal keeps its name and digest."""
    remove_attachment(workspace_of(request), actor_of(request), slug, key, digest)
    return Response(status_code=204)
