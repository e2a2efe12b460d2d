"""The list of tickets: filtered, sorted, by the page."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from assay.domain.experiments.experiment import Axis
from assay.domain.portfolio.phases import Phase
from assay.routing import RouteWhenAsked
from assay.web import backlog_view, frame, inputs, lists_view, templating, wording
from assay.web.contexts.lists import ExperimentsPage
from assay.web.contexts.ticket_form import Choice
from assay.web.permissions import requires
from assay.web.saved_filters_view import saved_filters
from assay.workflows.actor import Permission
from assay.workflows.overview import list_experiments
from assay.workflows.projects import get_project

router = APIRouter(include_in_schema=False, route_class=RouteWhenAsked)
FILTERS = (
    "q",
    "owner",
    "stage",
    "decision",
    "axis",
    "phase",
    "mode",
    "sprint",
    "blocked",
    "stale",
    "waiting",
)


@router.get("/p/{slug}/experiments", dependencies=requires(Permission.READ))
def show_experiments(request: Request, slug: str, cursor: str = "", sort: str = "-updated") -> HTMLResponse:
    """A page of the list."""
    ws, actor = frame.workspace(request), frame.actor(request)
    filters = inputs.filters(request, FILTERS)
    project = get_project(ws, actor, slug)
    page = list_experiments(ws, actor, slug, cursor=cursor or None, limit=50, sort=sort, filters=filters)
    stages = {stage.key: stage.title for stage in project.settings.board.stages}
    path = f"/p/{slug}/experiments"
    more = {**filters, "sort": sort, "cursor": page.next_cursor or ""}
    context = ExperimentsPage(
        rows=tuple(lists_view.experiment_line(row, slug, stages) for row in page.rows),
        total=page.total,
        heads=lists_view.sort_heads(path, filters, sort),
        text=filters.get("q", ""),
        owner=filters.get("owner", ""),
        stages=_choices("Any column", stages, filters.get("stage", "")),
        decisions=_choices(
            "Any decision", {**wording.DECISIONS, "none": "none yet"}, filters.get("decision", "")
        ),
        axes=_choices("Any axis", {axis.value: axis.value for axis in Axis}, filters.get("axis", "")),
        phases=_choices("Any phase", {phase.value: phase.value for phase in Phase}, filters.get("phase", "")),
        is_stale=filters.get("stale") == "yes",
        is_waiting=filters.get("waiting") == "yes",
        saved=saved_filters(project, "experiments", FILTERS, filters),
        sort=sort,
        filtered=bool(filters),
        here=path,
        next_href=lists_view.address(path, more) if page.next_cursor else "",
        first_href=lists_view.address(path, {**filters, "sort": sort}) if cursor else "",
        new_href=f"/p/{slug}/t/new",
        compare_href=f"/p/{slug}/compare",
        bulk=backlog_view.bulk_form(
            request, slug, back=lists_view.address(path, {**filters, "sort": sort, "cursor": cursor})
        ),
    )
    twin = lists_view.address(f"/api/v1/projects/{slug}/tickets", filters)
    around = frame.build(request, "Experiments", project=project, section="experiments", twin=twin)
    return templating.page("pages/experiments.html", around, context)


def _choices(first: str, entries: dict[str, str], chosen: str) -> tuple[Choice, ...]:
    every = (("", first), *entries.items())
    return tuple(Choice(value, label[:1].upper() + label[1:], value == chosen) for value, label in every)
