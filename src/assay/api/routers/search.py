"""Find what was tried, and see the whole at a glance."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Request
from starlette.responses import Response

from assay.api.answers import gives
from assay.api.documents import answer
from assay.api.pages import SearchAsked, TriedAsked
from assay.api.permissions import actor_of, requires, workspace_of
from assay.api.schemas.projects import listed
from assay.api.versioned import v1_router
from assay.workflows.actor import Permission
from assay.workflows.overview import overview
from assay.workflows.overview_views import OverviewView
from assay.workflows.search import search, tried_before
from assay.workflows.views import SearchHit

router = v1_router("search")


@router.get(
    "/projects/{slug}/search", dependencies=[requires(Permission.READ)], **gives(dict[str, list[SearchHit]])
)
def find(request: Request, slug: str, asked: Annotated[SearchAsked, Query()]) -> Response:
    """Tickets that match every word, best first; `matches` says where the matched words stand in `excerpt`."""
    return answer(listed(search(workspace_of(request), actor_of(request), slug, asked.q, limit=asked.limit)))


@router.get(
    "/projects/{slug}/tried-before",
    dependencies=[requires(Permission.READ)],
    **gives(dict[str, list[SearchHit]]),
)
def find_tried(request: Request, slug: str, asked: Annotated[TriedAsked, Query()]) -> Response:
    """Past tickets that share telling words with a draft, most words first; `shared` says which."""
    hits = tried_before(
        workspace_of(request), actor_of(request), slug, asked.q, exclude=asked.exclude, limit=asked.limit
    )
    return answer(listed(hits))


@router.get("/projects/{slug}/overview", dependencies=[requires(Permission.READ)], **gives(OverviewView))
def show_overview(request: Request, slug: str) -> Response:
    """What a leader wants to see first."""
    return answer(overview(workspace_of(request), actor_of(request), slug))
