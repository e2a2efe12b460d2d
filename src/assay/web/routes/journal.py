"""The journal: what happened, and whether it still holds."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from assay.routing import RouteWhenAsked
from assay.web import frame, inputs, journal_view, lists_view, templating
from assay.web.contexts.lists import JournalPageView
from assay.web.happenings import KINDS
from assay.web.permissions import requires
from assay.workflows.actor import Permission
from assay.workflows.journal import journal_page, make_checkpoint, verify_journal
from assay.workflows.projects import get_project

router = APIRouter(include_in_schema=False, route_class=RouteWhenAsked)
FILTERS = ("kind", "subject", "who")


@router.get("/p/{slug}/journal", dependencies=requires(Permission.READ))
def show_journal(request: Request, slug: str, before: str = "") -> HTMLResponse:
    """A page of the journal, newest first."""
    ws, actor = frame.workspace(request), frame.actor(request)
    project = get_project(ws, actor, slug)
    filters = inputs.filters(request, FILTERS)
    page = journal_page(
        ws,
        actor,
        project=slug,
        before=inputs.entry_number(before, "before") if before else None,
        limit=50,
        kind=filters.get("kind"),
        subject=filters.get("subject"),
        who=filters.get("who"),
    )
    path = f"/p/{slug}/journal"
    context = JournalPageView(
        rows=tuple(lists_view.journal_line(row, slug) for row in page.rows),
        total=("more than " if page.more_than_total else "") + f"{page.total:,}",
        kind=filters.get("kind", ""),
        subject=filters.get("subject", ""),
        who=filters.get("who", ""),
        kinds=KINDS,
        filtered=bool(filters),
        here=path,
        next_href=lists_view.address(path, {**filters, "before": str(page.next_before)})
        if page.next_before
        else "",
        first_href=lists_view.address(path, filters) if before else "",
        verify_action=f"{path}/verify",
        checkpoint_action=f"{path}/checkpoint",
        csrf_token=request.state.csrf_token,
        export_href="/api/v1/journal/export",
    )
    twin = lists_view.address("/api/v1/journal", {"project": slug, **filters})
    around = frame.build(request, "Journal", project=project, section="journal", twin=twin)
    return templating.page("pages/journal.html", around, context)


@router.post("/p/{slug}/journal/verify", dependencies=requires(Permission.AUDIT))
def verify(request: Request, slug: str, form: inputs.Form) -> HTMLResponse:  # noqa: ARG001 - checked for its token
    """Check every entry against the chain, the tree and the signed checkpoints."""
    ws, actor = frame.workspace(request), frame.actor(request)
    project = get_project(ws, actor, slug)
    context = journal_view.verify_page(verify_journal(ws, actor), slug)
    around = frame.build(request, context.headline, project=project, section="journal")
    return templating.page("pages/verify.html", around, context)


@router.post("/p/{slug}/journal/checkpoint", dependencies=requires(Permission.AUDIT))
def checkpoint(request: Request, slug: str, form: inputs.Form) -> Response:  # noqa: ARG001 - checked for its token
    """A signed checkpoint to keep somewhere else."""
    ws, actor = frame.workspace(request), frame.actor(request)
    get_project(ws, actor, slug)
    document = make_checkpoint(ws, actor).to_bytes()
    headers = {
        "Content-Disposition": 'attachment; filename="assay-checkpoint.json"',
        "Cache-Control": "no-store",
    }
    return Response(document, media_type="application/json", headers=headers)
