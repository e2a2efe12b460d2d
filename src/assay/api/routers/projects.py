"""Projects and their settings."""

from __future__ import annotations

from typing import Any

from fastapi import Request
from starlette.responses import Response

from assay.api.answers import gives
from assay.api.documents import answer
from assay.api.permissions import actor_of, requires, workspace_of
from assay.api.preconditions import ExpectedVersion, SentBody, etag, remembered
from assay.api.schemas.projects import ProjectBody, ProjectDocument, SettingsBody, listed, project_document
from assay.api.versioned import v1_router
from assay.workflows.actor import Permission
from assay.workflows.projects import create_project, get_project, list_projects, save_settings
from assay.workflows.records import Project

router = v1_router("projects")


def _shown(project: Any, status: int = 200) -> Response:
    assert isinstance(project, Project)
    return answer(project_document(project), status, {"etag": etag(project.version)})


@router.get("/projects", dependencies=[requires(Permission.READ)], **gives(dict[str, list[ProjectDocument]]))
def all_projects(request: Request) -> Response:
    """Every project, by name."""
    found = list_projects(workspace_of(request), actor_of(request))
    return answer(listed([project_document(project) for project in found]))


@router.post("/projects", dependencies=[requires(Permission.CONFIGURE)], **gives(ProjectDocument, 201))
def new_project(request: Request, body: ProjectBody, sent: SentBody) -> Response:
    """Start a project with a board to begin with and the default rules."""
    remember = remembered(request, sent, lambda project: _shown(project, 201))
    project = create_project(
        workspace_of(request),
        actor_of(request),
        slug=body.slug,
        name=body.name,
        template=body.template,
        remember=remember,
    )
    return _shown(project, 201)


@router.get("/projects/{slug}", dependencies=[requires(Permission.READ)], **gives(ProjectDocument))
def show_project(request: Request, slug: str) -> Response:
    """A project with its board and rules."""
    return _shown(get_project(workspace_of(request), actor_of(request), slug))


@router.patch("/projects/{slug}", dependencies=[requires(Permission.CONFIGURE)], **gives(ProjectDocument))
def configure_project(request: Request, slug: str, body: SettingsBody, version: ExpectedVersion) -> Response:
    """Change name, board, rules, what a sprint usually holds, or the time zone. Needs If-Match."""
    ws, actor = workspace_of(request), actor_of(request)
    expected = get_project(ws, actor, slug).version if version is None else version
    return _shown(
        save_settings(
            ws,
            actor,
            slug,
            expected_version=expected,
            name=body.name,
            board=body.board,
            verdicts=body.verdicts,
            commitments=body.commitments,
            time_zone=body.time_zone,
        )
    )
