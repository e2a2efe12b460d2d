"""The phase of a project: read it with how things stand, set it."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Request
from starlette.responses import Response

from assay.api.answers import gives
from assay.api.documents import answer
from assay.api.permissions import actor_of, requires, workspace_of
from assay.api.preconditions import ExpectedVersion, etag
from assay.api.schemas.kept import KeptBody, PhaseAsked, yaml_text
from assay.api.versioned import v1_router
from assay.workflows.actor import Permission
from assay.workflows.phases import PhaseView, edit_phase, get_phase

router = v1_router("phases", prefix="/projects/{slug}/phase")
READ = [requires(Permission.READ)]
WRITE = [requires(Permission.WRITE_TICKETS)]


@router.get("", dependencies=READ, **gives(PhaseView))
def show_phase(request: Request, slug: str, asked: Annotated[PhaseAsked, Query()]) -> Response:
    """The phase with the running sprint's mix, decisions that are due, and what is stuck."""
    view = get_phase(workspace_of(request), actor_of(request), slug)
    headers = {"etag": etag(view.version)}
    if asked.format == "yaml":
        return Response(yaml_text(view.data), headers=headers, media_type="application/yaml; charset=utf-8")
    return answer(view, 200, headers)


@router.put("", dependencies=WRITE, **gives(PhaseView))
def put_phase(request: Request, slug: str, body: KeptBody, version: ExpectedVersion) -> Response:
    """Set phase, measure of the mix and decision gates. Needs If-Match; "0" for a phase nobody set yet."""
    view = edit_phase(
        workspace_of(request), actor_of(request), slug, body.data("phase"), expected_version=version
    )
    return answer(view, 200, {"etag": etag(view.version)})
