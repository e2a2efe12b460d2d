"""Search, and the command palette that is made of it."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from assay.routing import RouteWhenAsked
from assay.web import frame, lists_view, templating
from assay.web.contexts.lists import Jump, SearchPage
from assay.web.permissions import requires
from assay.workflows.actor import Permission
from assay.workflows.gates import list_gates
from assay.workflows.projects import get_project
from assay.workflows.records import Project
from assay.workflows.search import search

router = APIRouter(include_in_schema=False, route_class=RouteWhenAsked)
GATES_SHOWN = 5
PLACES = (
    ("New ticket", "/t/new"),
    ("Board", "/board"),
    ("Backlog", "/backlog"),
    ("Planning", "/planning"),
    ("Stand-up", "/standup"),
    ("Sprints", "/sprints"),
    ("Blockers", "/blockers?state=all"),
    ("Overview", ""),
    ("Experiments", "/experiments"),
    ("Runs", "/runs"),
    ("Gates", "/gates"),
    ("New gate", "/gates#add"),
    ("Canvas", "/canvas"),
    ("Flow", "/flow"),
    ("Diagnosis", "/diagnosis"),
    ("Phase", "/phase"),
    ("Kill rules on past runs", "/backtest"),
    ("Build or buy", "/build-or-buy"),
    ("Journal", "/journal"),
    ("Settings", "/settings"),
    ("Metrics", "/settings#metrics"),
    ("Sources and sync", "/settings#sources"),
)


@router.get("/p/{slug}/search", dependencies=requires(Permission.READ))
def show_search(request: Request, slug: str, q: str = "") -> HTMLResponse:
    """Did we try this already? Words in titles, hypotheses, learnings and notes."""
    project = get_project(frame.workspace(request), frame.actor(request), slug)
    context = _found(request, project, q, limit=30)
    around = frame.build(
        request,
        "Search",
        project=project,
        twin=lists_view.address(f"/api/v1/projects/{slug}/search", {"q": q}) if q else "",
    )
    return templating.page("pages/search.html", around, context)


@router.get("/p/{slug}/palette", dependencies=requires(Permission.READ))
def palette(request: Request, slug: str, q: str | None = None) -> HTMLResponse:
    """The palette, and its answers while somebody types."""
    project = get_project(frame.workspace(request), frame.actor(request), slug)
    context = _found(request, project, q or "", limit=8)
    part = "fragments/search/_answers.html" if q is not None else "fragments/search/_palette.html"
    return templating.fragment(part, context)


def _found(request: Request, project: Project, query: str, *, limit: int) -> SearchPage:
    slug, words = project.slug, query.strip()[:200]
    stages = {stage.key: stage.title for stage in project.settings.board.stages}
    hits = search(frame.workspace(request), frame.actor(request), slug, words, limit=limit)
    places = [(label, path) for label, path in PLACES if words.lower() in label.lower()]
    if words:
        known = list_gates(frame.workspace(request), frame.actor(request), slug)
        names = [one.latest.name for one in known if words.lower() in f"gate {one.latest.name}".lower()]
        places += [(f"Gate {name}", f"/gates/{name}") for name in names[:GATES_SHOWN]]
    return SearchPage(
        query=words,
        action=f"/p/{slug}/search",
        palette_href=f"/p/{slug}/palette",
        hits=tuple(lists_view.hit(one, slug, stages) for one in hits),
        jumps=tuple(
            Jump(id=f"jump-{number}", label=label, href=f"/p/{slug}{path}")
            for number, (label, path) in enumerate(places)
        ),
        asked=bool(words),
        new_href=lists_view.address(f"/p/{slug}/t/new", {"title": words}),
    )
