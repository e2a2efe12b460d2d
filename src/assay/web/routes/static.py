"""Static files, kept by browsers for good: their address changes with their content."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response

from assay.errors import NotFound
from assay.routing import RouteWhenAsked
from assay.web import assets
from assay.web.permissions import public

router = APIRouter(include_in_schema=False, route_class=RouteWhenAsked)


@router.get("/static/{digest}/{path:path}", dependencies=public())
def static_file(request: Request, digest: str, path: str) -> Response:
    """One static file, compressed where the browser takes it."""
    asset = assets.assets().get(path)
    if asset is None:
        raise NotFound(
            f"cannot find static file {path[:80]!r}: there is none of this name",
            hint="load the page again",
            code="file-unknown",
        )
    headers = {"Cache-Control": "public, max-age=31536000, immutable", "Vary": "Accept-Encoding"}
    if digest != assets.digest():
        headers["Cache-Control"] = "no-cache"
    if asset.compressed and "gzip" in request.headers.get("accept-encoding", ""):
        headers["Content-Encoding"] = "gzip"
        return Response(asset.gzipped(), media_type=asset.media_type, headers=headers)
    return Response(asset.body, media_type=asset.media_type, headers=headers)
