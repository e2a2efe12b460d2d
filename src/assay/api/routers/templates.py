"""Ticket templates of a project."""

from __future__ import annotations

from fastapi import Request
from starlette.responses import Response

from assay.api.answers import gives
from assay.api.documents import answer
from assay.api.permissions import actor_of, requires, workspace_of
from assay.api.preconditions import ExpectedVersion, etag
from assay.api.schemas.backlogs import TemplateBody, TemplateList
from assay.api.versioned import v1_router
from assay.workflows.actor import Permission
from assay.workflows.projects import get_project
from assay.workflows.records import Project
from assay.workflows.templates import drop_template, put_template

router = v1_router("projects")
CONFIGURE = [requires(Permission.CONFIGURE)]


def _shown(project: Project) -> Response:
    """All templates, with the ETag of the project that holds them."""
    return answer(TemplateList(rows=project.settings.templates), headers={"etag": etag(project.version)})


@router.get("/projects/{slug}/templates", dependencies=[requires(Permission.READ)], **gives(TemplateList))
def list_ticket_templates(request: Request, slug: str) -> Response:
    """The templates of a project, each the YAML of a ticket file; the ETag is the project's."""
    return _shown(get_project(workspace_of(request), actor_of(request), slug))


@router.put("/projects/{slug}/templates/{name}", dependencies=CONFIGURE, **gives(TemplateList))
def put_ticket_template(
    request: Request, slug: str, name: str, body: TemplateBody, version: ExpectedVersion
) -> Response:
    """Write a template, or change it. Needs If-Match with the ETag of the templates."""
    return _shown(
        put_template(
            workspace_of(request), actor_of(request), slug, name, body.text, expected_version=version
        )
    )


@router.delete("/projects/{slug}/templates/{name}", dependencies=CONFIGURE, **gives(TemplateList))
def drop_ticket_template(request: Request, slug: str, name: str, version: ExpectedVersion) -> Response:
    """Remove a template. Needs If-Match with the ETag of the templates."""
    return _shown(
        drop_template(workspace_of(request), actor_of(request), slug, name, expected_version=version)
    )
