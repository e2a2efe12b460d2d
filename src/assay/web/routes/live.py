"""The stream that tells open pages that something happened."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool

from assay.routing import RouteWhenAsked
from assay.web import frame
from assay.web.live import feed
from assay.web.permissions import requires
from assay.workflows.actor import Permission
from assay.workflows.projects import get_project

router = APIRouter(include_in_schema=False, route_class=RouteWhenAsked)


@router.get("/p/{slug}/events", dependencies=requires(Permission.READ))
async def events(request: Request, slug: str, after: int = 0) -> StreamingResponse:
    """Server-sent events with the newest journal number; what changed is asked for by the page."""
    await run_in_threadpool(get_project, frame.workspace(request), frame.actor(request), slug)
    last = request.headers.get("last-event-id", "")
    start = int(last) if last.isascii() and last.isdigit() and len(last) < 19 else max(0, after)
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(feed(request.app).events(start), media_type="text/event-stream", headers=headers)
