"""The history of another tool's board: look at what a file would bring in, bring it in, get a board for it."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from assay.errors import AssayError, Conflict, Invalid, Refused
from assay.routing import RouteWhenAsked
from assay.statuses import http_status
from assay.web import frame, inputs, templating, uploads
from assay.web.history_view import Typed, history_page, typed
from assay.web.permissions import requires
from assay.workflows.actor import Permission
from assay.workflows.history import HistoryReport, board_for_history, import_history, preview_history
from assay.workflows.projects import get_project

router = APIRouter(include_in_schema=False, route_class=RouteWhenAsked)


@router.get("/p/{slug}/history", dependencies=requires(Permission.READ))
def show_history_form(request: Request, slug: str) -> HTMLResponse:
    """Where a file is chosen."""
    return _page(request, slug, Typed())


@router.post("/p/{slug}/history", dependencies=requires(Permission.CONFIGURE))
def bring_in(request: Request, slug: str, form: uploads.FileForm) -> Response:
    """Tell what a file would bring in; bring it in, or draft a board for it, where that was chosen."""
    ws, actor, said = frame.workspace(request), frame.actor(request), Typed()
    action = inputs.text(form, "action")
    try:
        said = typed(form)
        if action == "draft":
            draft = board_for_history(said.text, name=said.name, ended=said.ended, waiting=said.waiting)
            return _page(request, slug, said, draft=draft)
        if action == "import":
            import_history(ws, actor, slug, said.text, name=said.name, source=said.source)
            return inputs.see_other(f"/p/{slug}/flow", "history-imported")
        report = preview_history(ws, actor, slug, said.text, name=said.name, source=said.source)
    except (Invalid, Refused, Conflict) as error:
        return _page(request, slug, said, problem=error)
    return _page(request, slug, said, report=report)


def _page(
    request: Request,
    slug: str,
    said: Typed,
    *,
    report: HistoryReport | None = None,
    draft: str = "",
    problem: AssayError | None = None,
) -> HTMLResponse:
    project = get_project(frame.workspace(request), frame.actor(request), slug)
    context = history_page(
        project, said, csrf_token=request.state.csrf_token, report=report, draft=draft, problem=problem
    )
    around = frame.build(
        request,
        "History of another board",
        project=project,
        section="settings",
        twin=f"/api/v1/projects/{slug}",
    )
    status = 200 if problem is None else http_status(problem)
    return templating.page("pages/history.html", around, context, status=status)
