"""Gates of a project, version by version."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Request
from starlette.responses import Response

from assay.api.answers import gives
from assay.api.documents import answer
from assay.api.permissions import actor_of, requires, workspace_of
from assay.api.preconditions import ExpectedVersion, SentBody, etag, remembered
from assay.api.schemas.gates import (
    GateBody,
    GateChangeBody,
    GateCheckBody,
    GateDraftDocument,
    GateFileDocument,
    GateSummaryDocument,
    GateVersionDocument,
    draft_document,
    file_document,
    sent_gate_files,
    summary_document,
    version_document,
)
from assay.api.schemas.projects import listed
from assay.api.versioned import v1_router
from assay.workflows.actor import Permission
from assay.workflows.gate_views import GateVersion
from assay.workflows.gates import (
    add_gate,
    change_gate,
    export_gates,
    gate_versions,
    get_gate,
    list_gates,
    preview_gate,
)

router = v1_router("gates")
READ = [requires(Permission.READ)]
CONFIGURE = [requires(Permission.CONFIGURE)]


def _shown(version: object, status: int = 200) -> Response:
    assert isinstance(version, GateVersion)
    return answer(version_document(version), status, {"etag": etag(version.version)})


def _created(slug: str, version: object) -> Response:
    response = _shown(version, 201)
    assert isinstance(version, GateVersion)
    response.headers["location"] = f"/api/v1/projects/{slug}/gates/{version.name}"
    return response


@router.get("/projects/{slug}/gates", dependencies=READ, **gives(dict[str, list[GateSummaryDocument]]))
def project_gates(request: Request, slug: str) -> Response:
    """The gates of a project by name, each with its newest version and answer."""
    found = list_gates(workspace_of(request), actor_of(request), slug)
    return answer(listed([summary_document(summary) for summary in found]))


@router.get("/projects/{slug}/gate-files", dependencies=READ, **gives(dict[str, list[GateFileDocument]]))
def export_gate_files(request: Request, slug: str) -> Response:
    """The newest version of every gate as a file, with the files that it names. Adding them again changes nothing."""
    found = export_gates(workspace_of(request), actor_of(request), slug)
    return answer(listed([file_document(file) for file in found]))


@router.post("/projects/{slug}/gates", dependencies=CONFIGURE, **gives(GateVersionDocument, 201))
def new_gate(request: Request, slug: str, body: GateBody, sent: SentBody) -> Response:
    """Give the project a gate, from the text of a gate file."""
    version = add_gate(
        workspace_of(request),
        actor_of(request),
        slug,
        text=body.text,
        name=body.name,
        files=sent_gate_files(body.files),
        reason=body.reason,
        remember=remembered(request, sent, lambda version: _created(slug, version)),
    )
    return _created(slug, version)


@router.post("/projects/{slug}/gates/check", dependencies=READ, **gives(GateDraftDocument))
def check_gate_text(request: Request, slug: str, body: GateCheckBody) -> Response:
    """What would this text ask, and what would it change against the newest version of that name? Nothing is stored."""
    draft = preview_gate(
        workspace_of(request),
        actor_of(request),
        slug,
        text=body.text,
        name=body.name,
        files=sent_gate_files(body.files),
    )
    return answer(draft_document(draft))


@router.get("/projects/{slug}/gates/{gate}", dependencies=READ, **gives(GateVersionDocument))
def show_gate(
    request: Request,
    slug: str,
    gate: str,
    version: Annotated[int | None, Query(ge=1, le=10**9, description="Left out: the newest.")] = None,
) -> Response:
    """A version of a gate, with the newest version's number as ETag when it is that one."""
    return _shown(get_gate(workspace_of(request), actor_of(request), slug, gate, version=version))


@router.put("/projects/{slug}/gates/{gate}", dependencies=CONFIGURE, **gives(GateVersionDocument))
def put_gate(
    request: Request, slug: str, gate: str, body: GateChangeBody, version: ExpectedVersion
) -> Response:
    """Give a gate its next version. Needs If-Match; what becomes easier to pass needs a reason. The same text changes nothing."""
    return _shown(
        change_gate(
            workspace_of(request),
            actor_of(request),
            slug,
            gate,
            text=body.text,
            files=sent_gate_files(body.files),
            reason=body.reason,
            expected_version=version,
        )
    )


@router.get(
    "/projects/{slug}/gates/{gate}/versions",
    dependencies=READ,
    **gives(dict[str, list[GateVersionDocument]]),
)
def show_gate_versions(request: Request, slug: str, gate: str) -> Response:
    """Every version of a gate with what it changed, newest first."""
    found = gate_versions(workspace_of(request), actor_of(request), slug, gate)
    return answer(listed([version_document(version) for version in found]))
