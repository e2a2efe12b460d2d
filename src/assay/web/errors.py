"""Errors as pages: what happened, what was expected, what to do next, and details to copy into a report."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

from fastapi import Request
from fastapi.responses import HTMLResponse
from markupsafe import Markup

from assay.errors import AssayError
from assay.web import frame, templating
from assay.web.contexts.frame import Frame
from assay.workflows.projects import get_project

_HEADLINES = {
    403: "Not allowed",
    404: "Nothing here",
    405: "This address does not take that",
    409: "Not possible now",
    412: "It changed meanwhile",
    413: "Too large",
    415: "Not a form this server reads",
    421: "Unknown host",
    422: "That cannot be used as it is",
    428: "Version missing",
    503: "Not reachable now",
}


@dataclass(frozen=True, slots=True)
class ErrorPage:
    """Context of pages/error.html."""

    status: int
    headline: str
    what: str
    """What could not be done and what was found."""
    expected: str
    """The rule, empty where the message states none."""
    hint: str
    code: str
    field: str
    fresh: str
    """What stands now, where somebody was faster."""
    back: str
    back_label: str
    details: str


def error_page(request: Request, error: AssayError, status: int) -> HTMLResponse:
    """The page for an error; for a script the same words as a fragment."""
    context = error_context(request, error, status)
    if templating.wants_fragment(request):
        return templating.fragment("fragments/_said.html", Said(text=_spoken(context)), status=status)
    return templating.page("pages/error.html", _around(request, context), context, status=status)


def _around(request: Request, context: ErrorPage) -> Frame:
    """The project's own frame where its address is right; nothing from the store where that may be what failed."""
    slug = _slug(request)
    if slug and context.status < 500:
        with suppress(AssayError):
            project = get_project(frame.workspace(request), frame.actor(request), slug)
            return frame.build(request, context.headline, project=project)
    return frame.bare(request, context.headline)


@dataclass(frozen=True, slots=True)
class WayBack:
    """A form that takes back what was just done."""

    label: str
    action: str
    key: str
    fields: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Said:
    """Context of fragments/_said.html: one message for the person at the board, and columns that changed."""

    text: str
    columns: str | Markup = ""
    undo: WayBack | None = None


def _spoken(context: ErrorPage) -> str:
    return f"{context.headline}. {context.what}{'. ' + context.fresh if context.fresh else ''}"


def error_context(request: Request, error: AssayError, status: int) -> ErrorPage:
    """What the error page prints."""
    what, expected = sentences(error.message)
    slug = _slug(request)
    lines = [
        f"status: {status}",
        f"code: {error.code}",
        f"request: {request.method} {request.url.path}",
        f"message: {error.message}",
        *([f"field: {error.field}"] if error.field else []),
        *([f"hint: {error.hint}"] if error.hint else []),
    ]
    return ErrorPage(
        status=status,
        headline=_HEADLINES.get(status, "Something went wrong"),
        what=what,
        expected=expected,
        hint=error.hint,
        code=error.code,
        field=error.field or "",
        fresh=_fresh(error),
        back=f"/p/{slug}/board" if slug else "/",
        back_label="To the board" if slug else "To the start",
        details="\n".join(lines),
    )


def sentences(message: str) -> tuple[str, str]:
    """An error's message as what happened and what was expected: "X: full (expected room)" to "X: full" and "room"."""
    what, found, expected = message.partition(" (expected ")
    what = what[:1].upper() + what[1:]
    return what, expected.removesuffix(")") if found else ""


def _fresh(error: AssayError) -> str:
    version, stage = error.details.get("version"), error.details.get("stage")
    if version is None:
        return ""
    return f"It is now version {version}" + (f", in {stage}" if stage else "")


def _slug(request: Request) -> str:
    parts = request.url.path.split("/")
    return parts[2] if len(parts) > 3 and parts[1] == "p" and parts[2].replace("-", "").isalnum() else ""
