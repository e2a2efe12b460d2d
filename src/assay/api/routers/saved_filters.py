"""Saved filters of a project."""

from __future__ import annotations

from typing import Annotated

from fastapi import Request
from pydantic import Field
from starlette.responses import Response
from typing_extensions import TypedDict

from assay.api.answers import gives
from assay.api.documents import answer
from assay.api.permissions import actor_of, requires, workspace_of
from assay.api.preconditions import ExpectedVersion, etag
from assay.api.schemas.tickets import Body
from assay.api.versioned import v1_router
from assay.workflows.actor import Permission
from assay.workflows.projects import get_project
from assay.workflows.records import Project, SavedFilter
from assay.workflows.saved_filters import remove_filter, save_filter

router = v1_router("projects")
WRITE = [requires(Permission.WRITE_TICKETS)]
Word = Annotated[str, Field(max_length=200)]


class FilterBody(Body):
    """What a saved filter asks: filters of the list of tickets."""

    filters: Annotated[dict[Word, Word], Field(max_length=20, examples=[{"owner": "Ada", "blocked": "yes"}])]


class FilterList(TypedDict):
    """Saved filters, by name."""

    rows: tuple[SavedFilter, ...]


def _shown(project: Project) -> Response:
    return answer(FilterList(rows=project.settings.filters), headers={"etag": etag(project.version)})


@router.get("/projects/{slug}/filters", dependencies=[requires(Permission.READ)], **gives(FilterList))
def list_saved_filters(request: Request, slug: str) -> Response:
    """The saved filters of a project; the ETag is the project's."""
    return _shown(get_project(workspace_of(request), actor_of(request), slug))


@router.put("/projects/{slug}/filters/{name}", dependencies=WRITE, **gives(FilterList))
def put_saved_filter(
    request: Request, slug: str, name: str, body: FilterBody, version: ExpectedVersion
) -> Response:
    """Keep a filter under a name. Needs If-Match with the ETag of the filters, or `*`."""
    ws, actor = workspace_of(request), actor_of(request)
    return _shown(save_filter(ws, actor, slug, name, body.filters, expected_version=version))


@router.delete("/projects/{slug}/filters/{name}", dependencies=WRITE, **gives(FilterList))
def drop_saved_filter(request: Request, slug: str, name: str, version: ExpectedVersion) -> Response:
    """Forget a saved filter. Needs If-Match with the ETag of the filters, or `*`."""
    ws, actor = workspace_of(request), actor_of(request)
    return _shown(remove_filter(ws, actor, slug, name, expected_version=version))
