"""The canvas: read it with today's values, replace it."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Request
from starlette.responses import Response

from assay.api.answers import gives
from assay.api.documents import answer
from assay.api.permissions import actor_of, requires, workspace_of
from assay.api.preconditions import ExpectedVersion, SentBody, etag, remembered
from assay.api.schemas.canvas import BreakdownBody, PartsDocument, parts_document
from assay.api.schemas.kept import CanvasDocument, KeptAsked, KeptBody, canvas_document, yaml_text
from assay.api.versioned import v1_router
from assay.workflows.actor import Permission
from assay.workflows.breakdown import Breakdown, break_down, parts_of
from assay.workflows.canvas import CanvasView, edit_canvas, get_canvas
from assay.workflows.canvas_words import canvas_markdown

router = v1_router("canvas", prefix="/projects/{slug}")
READ = [requires(Permission.READ)]
WRITE = [requires(Permission.WRITE_TICKETS)]


def _shown(view: CanvasView) -> Response:
    return answer(canvas_document(view), 200, {"etag": etag(view.version)})


@router.get("/canvas", dependencies=READ, **gives(CanvasDocument))
def show_canvas(request: Request, slug: str, asked: Annotated[KeptAsked, Query()]) -> Response:
    """The canvas with today's value beside every number. One nobody wrote is empty and has version 0."""
    view = get_canvas(workspace_of(request), actor_of(request), slug)
    headers = {"etag": etag(view.version)}
    if asked.format == "yaml":
        return Response(yaml_text(view.data), headers=headers, media_type="application/yaml; charset=utf-8")
    if asked.format == "markdown":
        return Response(
            canvas_markdown(view, slug), headers=headers, media_type="text/markdown; charset=utf-8"
        )
    return _shown(view)


@router.put("/canvas", dependencies=WRITE, **gives(CanvasDocument))
def put_canvas(request: Request, slug: str, body: KeptBody, version: ExpectedVersion) -> Response:
    """Replace the canvas. The same content is no change. Needs If-Match; "0" for one nobody wrote yet."""
    data = body.data("canvas")
    return _shown(edit_canvas(workspace_of(request), actor_of(request), slug, data, expected_version=version))


@router.get("/tickets/{key}/parts", dependencies=READ, **gives(PartsDocument))
def feature_parts(request: Request, slug: str, key: str) -> Response:
    """The tickets a feature was broken down into, with model version and column."""
    return _parts(parts_of(workspace_of(request), actor_of(request), slug, key))


@router.post("/tickets/{key}/parts", dependencies=WRITE, **gives(PartsDocument))
def break_feature_down(
    request: Request, slug: str, key: str, body: BreakdownBody, sent: SentBody
) -> Response:
    """Break a feature down by stages into tickets of both backlogs; stages that have one are left alone."""
    found = break_down(
        workspace_of(request),
        actor_of(request),
        slug,
        key,
        stages=body.stages,
        remember=remembered(request, sent, _parts),
    )
    return _parts(found)


def _parts(found: object) -> Response:
    assert isinstance(found, Breakdown)
    return answer(parts_document(found))
