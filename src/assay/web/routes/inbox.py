"""The inbox: what others did on followed tickets, and marking it as read."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from assay.routing import RouteWhenAsked
from assay.web import frame, inputs, templating
from assay.web.inbox_view import inbox_page
from assay.web.lists_view import address
from assay.web.permissions import requires
from assay.workflows.actor import Permission
from assay.workflows.inbox import inbox, mark_read
from assay.workflows.projects import get_project

router = APIRouter(include_in_schema=False, route_class=RouteWhenAsked)


@router.get("/p/{slug}/inbox", dependencies=requires(Permission.READ))
def show_inbox(request: Request, slug: str, who: str = "", before: str = "", undo: str = "") -> HTMLResponse:
    """What is new, newest first; `undo` is the number that takes the last marking back."""
    ws, actor = frame.workspace(request), frame.actor(request)
    project = get_project(ws, actor, slug)
    older = inputs.entry_number(before, "before") if before else None
    back = str(inputs.entry_number(undo, "undo")) if undo else ""
    view = inbox(ws, actor, slug, who=who or None, before=older)
    context = inbox_page(
        view, slug, me=actor.name, is_first=older is None, undo=back, csrf_token=request.state.csrf_token
    )
    twin = address(f"/api/v1/projects/{slug}/inbox", {"who": who} if who else {})
    around = frame.build(request, "Inbox", project=project, section="inbox", twin=twin)
    return templating.page("pages/inbox.html", around, context)


@router.post("/p/{slug}/inbox/read", dependencies=requires(Permission.WRITE_TICKETS))
def mark(request: Request, slug: str, form: inputs.Form) -> Response:
    """Mark as read up to what was shown, or take that back."""
    ws, actor = frame.workspace(request), frame.actor(request)
    who = inputs.text(form, "who")
    up_to = inputs.entry_number(inputs.text(form, "up_to"), "up_to")
    done = mark_read(ws, actor, slug, up_to=up_to, who=who or None)
    words = {"who": who} if who else {}
    if done.before > done.read_up_to:
        return inputs.see_other(address(f"/p/{slug}/inbox", words), "unread-again")
    return inputs.see_other(address(f"/p/{slug}/inbox", {**words, "undo": str(done.before)}), "marked-read")
