"""Ticket templates: what a kind of ticket usually says."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from assay.errors import Invalid, Refused
from assay.routing import RouteWhenAsked
from assay.statuses import http_status
from assay.web import frame, inputs, templating
from assay.web.contexts.templates import TemplateLine, TemplatesPage
from assay.web.errors import sentences
from assay.web.permissions import requires
from assay.workflows.actor import Permission
from assay.workflows.projects import get_project
from assay.workflows.templates import drop_template, put_template

router = APIRouter(include_in_schema=False, route_class=RouteWhenAsked)
EXAMPLE = "type: experiment\naxis: prompt\nmode: explore\ntime_box_days: 5\nlabels: [prompt]\n"


@router.get("/p/{slug}/templates", dependencies=requires(Permission.READ))
def show_templates(request: Request, slug: str) -> HTMLResponse:
    """The templates of a project."""
    return _page(request, slug)


@router.post("/p/{slug}/templates", dependencies=requires(Permission.CONFIGURE))
def keep_template(request: Request, slug: str, form: inputs.Form) -> Response:
    """Write a template, or say what is wrong with it."""
    name, text = inputs.text(form, "name"), inputs.text(form, "text")
    try:
        put_template(
            frame.workspace(request),
            frame.actor(request),
            slug,
            name,
            text + "\n",
            expected_version=inputs.version(form),
        )
    except (Invalid, Refused) as error:
        return _page(request, slug, name=name, text=text, error=error)
    return inputs.see_other(f"/p/{slug}/templates", "template-kept")


@router.post("/p/{slug}/templates/remove", dependencies=requires(Permission.CONFIGURE))
def remove_template(request: Request, slug: str, form: inputs.Form) -> Response:
    """Remove a template."""
    drop_template(
        frame.workspace(request),
        frame.actor(request),
        slug,
        inputs.text(form, "name"),
        expected_version=inputs.version(form),
    )
    return inputs.see_other(f"/p/{slug}/templates", "template-removed")


def _page(
    request: Request, slug: str, *, name: str = "", text: str = "", error: Invalid | Refused | None = None
) -> HTMLResponse:
    project = get_project(frame.workspace(request), frame.actor(request), slug)
    what, expected = sentences(error.message) if error is not None else ("", "")
    context = TemplatesPage(
        action=f"/p/{slug}/templates",
        csrf_token=request.state.csrf_token,
        version=project.version,
        templates=tuple(
            TemplateLine(
                name=one.name,
                text=one.text,
                use_href=f"/p/{slug}/t/new?template={one.name}",
                lines=len(one.text.splitlines()) + 1,
            )
            for one in project.settings.templates
        ),
        name=name,
        text=text or EXAMPLE,
        problem=f"{what}. Expected: {expected}." if expected else what,
        hint=error.hint if error is not None else "",
    )
    around = frame.build(
        request, "Templates", project=project, section="settings", twin=f"/api/v1/projects/{slug}/templates"
    )
    status = http_status(error) if error is not None else 200
    return templating.page("pages/templates.html", around, context, status=status)
