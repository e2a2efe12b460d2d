"""Templates to HTML: one environment, always escaping, where an unknown name is an error and not an empty string."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from functools import cache
from secrets import token_hex
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse, Response
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from assay.web import assets, wording
from assay.web.contexts.frame import Frame
from assay.web.parts import KeptPage, Part, gzipped, plain

HTML = "text/html; charset=utf-8"
_VARY_KEPT = "HX-Request, Accept-Encoding"
_MARK = token_hex(16)
_TOKEN = f"token-{_MARK}"
PARTS = Markup(f"parts-{_MARK}")  # noqa: S704 - of our making
"""Where a page that is kept shows its parts. Drawn by each process, so that no text can hold it."""


@cache
def environment() -> Environment:
    """The template environment of the product."""
    env = Environment(
        loader=PackageLoader("assay.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    env.globals["static"] = assets.url
    env.filters.update(
        day=wording.day,
        minute=wording.minute,
        iso=wording.iso,
        initials=wording.initials,
    )
    return env


def render(template: str, **names: Any) -> str:
    """A template as text."""
    return environment().get_template(template).render(**names)


def variables(context: object) -> dict[str, Any]:
    """The fields of a page context by name: what its template may use, and nothing else."""
    return {field.name: getattr(context, field.name) for field in fields(context)}  # type: ignore[arg-type]


def page(
    template: str, frame: Frame, context: object, *, status: int = 200, headers: dict[str, str] | None = None
) -> HTMLResponse:
    """A whole page: the frame and the fields of its context."""
    html = render(template, frame=frame, **variables(context))
    return HTMLResponse(html, status_code=status, headers=_headers(headers))


def fragment(
    template: str, context: object, *, status: int = 200, headers: dict[str, str] | None = None
) -> HTMLResponse:
    """A part of a page, as htmx or our own script asks for it."""
    return HTMLResponse(render(template, **variables(context)), status_code=status, headers=_headers(headers))


def html(body: str, *, status: int = 200, headers: dict[str, str] | None = None) -> HTMLResponse:
    """HTML that was put together already."""
    return HTMLResponse(body, status_code=status, headers=_headers(headers))


def page_to_keep(template: str, frame: Frame, context: object, parts: Sequence[Part]) -> KeptPage:
    """A whole page without its token, and with `parts` in the place that its context calls `PARTS`."""
    html = render(template, frame=replace(frame, csrf_token=_TOKEN), **variables(context))
    before, rest = html.split(_TOKEN)
    above, found, below = rest.partition(PARTS)
    return KeptPage(Part(before), (Part(above), *parts, Part(below)) if found else (Part(above),))


def kept_page(request: Request, page: KeptPage) -> Response:
    """A page that was put together before, for the browser that asks."""
    parts = page.filled(request.state.csrf_token)
    if "gzip" not in request.headers.get("accept-encoding", ""):
        return Response(plain(parts), media_type=HTML, headers=_headers({"Vary": _VARY_KEPT}))
    headers = _headers({"Vary": _VARY_KEPT, "Content-Encoding": "gzip"})
    return Response(gzipped(parts), media_type=HTML, headers=headers)


def _headers(more: dict[str, str] | None) -> dict[str, str]:
    # One address answers whole pages and fragments: caches must keep them apart, and nothing of a project is kept at all.
    return {"Vary": "HX-Request", "Cache-Control": "no-store", **(more or {})}


def wants_fragment(request: Request) -> bool:
    """Whether a script asks for a part of the page only."""
    return request.headers.get("hx-request") == "true" and request.headers.get("hx-boosted") != "true"
