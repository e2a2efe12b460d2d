"""Who follows a ticket, and its files."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response

from assay.domain.experiments.attachment_names import disposition
from assay.errors import Invalid
from assay.routing import RouteWhenAsked
from assay.web import frame, inputs, uploads
from assay.web.permissions import requires
from assay.workflows.actor import Permission
from assay.workflows.attachments import attach_file, attachment, remove_attachment
from assay.workflows.watching import unwatch, watch

router = APIRouter(include_in_schema=False, route_class=RouteWhenAsked)


@router.post("/p/{slug}/t/{key}/watch", dependencies=requires(Permission.WRITE_TICKETS))
def follow(request: Request, slug: str, key: str, form: inputs.Form) -> Response:
    """Follow the ticket, or have somebody follow it."""
    ws, actor = frame.workspace(request), frame.actor(request)
    watch(ws, actor, slug, key, inputs.text(form, "name") or actor.name)
    return inputs.see_other(f"/p/{slug}/t/{key}", "watched")


@router.post("/p/{slug}/t/{key}/unwatch", dependencies=requires(Permission.WRITE_TICKETS))
def unfollow(request: Request, slug: str, key: str, form: inputs.Form) -> Response:
    """Follow it no longer."""
    ws, actor = frame.workspace(request), frame.actor(request)
    unwatch(ws, actor, slug, key, inputs.text(form, "name") or actor.name)
    return inputs.see_other(f"/p/{slug}/t/{key}", "unwatched")


@router.post("/p/{slug}/t/{key}/files", dependencies=requires(Permission.WRITE_TICKETS))
def attach(request: Request, slug: str, key: str, form: uploads.FileForm) -> Response:
    """Attach the chosen files."""
    files = uploads.files(form, "file")
    if not files:
        raise Invalid(
            "cannot attach file: none was chosen (expected a file)",
            hint=f"go back to {key} and choose one",
            code="upload-empty",
            field="file",
        )
    for name, content in files.items():
        attach_file(frame.workspace(request), frame.actor(request), slug, key, name=name, content=content)
    return inputs.see_other(f"/p/{slug}/t/{key}", "file-attached")


@router.get("/p/{slug}/t/{key}/files/{digest}", dependencies=requires(Permission.READ))
def download(request: Request, slug: str, key: str, digest: str) -> Response:
    """A file, to be saved and not to be shown."""
    found, content = attachment(frame.workspace(request), frame.actor(request), slug, key, digest)
    headers = {
        "content-disposition": disposition(found.name),
        "content-security-policy": "default-src 'none'; sandbox",
        "cache-control": "no-store",
    }
    return Response(content, media_type="application/octet-stream", headers=headers)


@router.post("/p/{slug}/t/{key}/files/remove", dependencies=requires(Permission.WRITE_TICKETS))
def remove(request: Request, slug: str, key: str, form: inputs.Form) -> Response:
    """Take a file off the ticket."""
    remove_attachment(frame.workspace(request), frame.actor(request), slug, key, inputs.text(form, "digest"))
    return inputs.see_other(f"/p/{slug}/t/{key}", "file-removed")
