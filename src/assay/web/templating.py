"""Templates to HTML: one environment, always escaping, where an unknown name is an error and not an empty string."""

from __future__ import annotations

from dataclasses import fields
from functools import cache
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined

from assay.web import assets, wording
from assay.web.contexts.frame import Frame


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
        marked=wording.marked,
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


def _headers(more: dict[str, str] | None) -> dict[str, str]:
    # One address answers whole pages and fragments: caches must keep them apart, and nothing of a project is kept at all.
    return {"Vary": "HX-Request", "Cache-Control": "no-store", **(more or {})}


def wants_fragment(request: Request) -> bool:
    """Whether a script asks for a part of the page only."""
    return request.headers.get("hx-request") == "true" and request.headers.get("hx-boosted") != "true"
