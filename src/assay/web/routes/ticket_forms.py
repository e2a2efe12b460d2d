"""Writing and changing a ticket, with a check that reads along."""

from __future__ import annotations

from dataclasses import replace

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from assay.domain.experiments.experiment import TicketContent
from assay.domain.experiments.time_box import days_in, is_in_sprints
from assay.domain.kernel.ids import TicketType
from assay.domain.kernel.metrics import Metric, MetricCatalog
from assay.errors import AssayError, Invalid, Refused, StaleVersion
from assay.routing import RouteWhenAsked
from assay.web import frame, happenings, inputs, templating, ticket_form_view, ticket_guide
from assay.web.contexts.ticket_form import Check, CheckFragment, Typed, Wrong
from assay.web.errors import sentences
from assay.web.metric_form import metric_from_form
from assay.web.permissions import requires
from assay.web.ticket_draft import Draft, read_draft, typed_from_content, typed_from_form
from assay.workflows.actor import Permission
from assay.workflows.projects import declare_metric, get_metrics, get_project
from assay.workflows.records import Project, Ticket
from assay.workflows.search import tried_before
from assay.workflows.sprints import get_sprint_days
from assay.workflows.templates import template_content
from assay.workflows.tickets import create_ticket, draft_check, edit_ticket, get_ticket

router = APIRouter(include_in_schema=False, route_class=RouteWhenAsked)


@router.get("/p/{slug}/t/new", dependencies=requires(Permission.READ))
def new_ticket(request: Request, slug: str) -> HTMLResponse:
    """An empty form."""
    project, catalog, _ = _around(request, slug, None)
    asked = request.query_params
    if asked.get("template"):
        return _begun(request, slug, asked["template"])
    kind = asked.get("type", "")
    typed = Typed(
        type=kind if kind in set(TicketType) else TicketType.EXPERIMENT.value,
        title=asked.get("title", "")[:200],
        owner=frame.actor(request).name,
    )
    return _page(request, project, catalog, typed, None, check=Check())


def _begun(request: Request, slug: str, name: str) -> HTMLResponse:
    """The form with what a template says."""
    project, catalog, _ = _around(request, slug, None)
    content = template_content(frame.workspace(request), frame.actor(request), slug, name)
    typed = typed_from_content(content, catalog)
    typed = replace(
        typed,
        title="" if typed.title == "-" else typed.title,
        owner=typed.owner or frame.actor(request).name,
    )
    check = _check(request, slug, typed, catalog, exclude=None)
    return _page(request, project, catalog, typed, None, check=check)


@router.get("/p/{slug}/t/{key}/edit", dependencies=requires(Permission.READ))
def edit_form(request: Request, slug: str, key: str) -> HTMLResponse:
    """A ticket as a form."""
    project, catalog, ticket = _around(request, slug, key)
    assert ticket is not None
    typed = typed_from_content(ticket.content, catalog)
    return _page(
        request, project, catalog, typed, ticket, check=_check(request, slug, typed, catalog, exclude=key)
    )


@router.post("/p/{slug}/t/check", dependencies=requires(Permission.READ))
def check(request: Request, slug: str, form: inputs.Form, exclude: str | None = None) -> HTMLResponse:
    """The draft as it reads now, while it is being written."""
    catalog = get_metrics(frame.workspace(request), frame.actor(request), slug)
    typed = _in_days(request, slug, typed_from_form(form))
    return templating.fragment(
        "fragments/tickets/_check.html",
        CheckFragment(check=_check(request, slug, typed, catalog, exclude=exclude)),
    )


@router.post("/p/{slug}/t/new", dependencies=requires(Permission.WRITE_TICKETS))
def create(request: Request, slug: str, form: inputs.Form) -> Response:
    """Write the ticket, or say beside each field what is wrong with it."""
    return _submitted(request, slug, None, form)


@router.post("/p/{slug}/t/{key}/edit", dependencies=requires(Permission.WRITE_TICKETS))
def save(request: Request, slug: str, key: str, form: inputs.Form) -> Response:
    """Change the ticket; after the lock with a reason, which makes it an amendment."""
    return _submitted(request, slug, key, form)


def _submitted(request: Request, slug: str, key: str | None, form: inputs.Form) -> Response:
    typed = _in_days(request, slug, typed_from_form(form))
    if inputs.text(form, "act") == "declare":
        return _declared(request, slug, key, typed, form)
    project, catalog, ticket = _around(request, slug, key)
    written = _written_for_people(request, project, catalog, typed, ticket, inputs.text(form, "act"))
    if written is not None:
        return written
    draft = read_draft(typed, catalog)
    wrong = list(draft.wrong)
    if draft.content is not None:
        try:
            return _written(
                request,
                slug,
                ticket,
                draft.content,
                typed,
                version=inputs.version(form) if ticket is not None else None,
            )
        except (Invalid, Refused) as error:
            wrong.append(_wrong(error))
        except StaleVersion:
            return _overtaken(request, slug, key or "", typed)
    shown = _check(request, slug, typed, catalog, exclude=key)
    return _page(request, project, catalog, typed, ticket, check=shown, wrong=wrong, status=422)


def _in_days(request: Request, slug: str, typed: Typed) -> Typed:
    if not is_in_sprints(typed.time_box_days):
        return typed
    sprint_days = get_sprint_days(frame.workspace(request), frame.actor(request), slug)
    return replace(typed, time_box_days=days_in(typed.time_box_days, sprint_days))


def _written_for_people(
    request: Request, project: Project, catalog: MetricCatalog, typed: Typed, ticket: Ticket | None, act: str
) -> HTMLResponse | None:
    """The form again with what a button of it wrote; None where it is to be saved."""
    wrong: list[Wrong] = []
    kind = act.removeprefix("type-")
    if act == "compose":
        typed, wrong, notice = ticket_guide.composed(typed, catalog)
    elif act == "draft-kill":
        rules = project.settings.verdicts.kill_rules
        typed, notice = ticket_guide.with_drafted_kills(typed, catalog, rules)
    elif act != kind and kind in set(TicketType) and ticket is None:
        typed, notice = replace(typed, type=kind), ""
    else:
        return None
    exclude = ticket.key if ticket is not None else None
    check = _check(request, project.slug, typed, catalog, exclude=exclude)
    status = 422 if wrong else 200
    return _page(
        request, project, catalog, typed, ticket, check=check, wrong=wrong, notice=notice, status=status
    )


def _overtaken(request: Request, slug: str, key: str, typed: Typed) -> HTMLResponse:
    """Somebody saved first: the form again with everything typed, made from the version that stands now."""
    project, catalog, ticket = _around(request, slug, key)
    assert ticket is not None
    faster = happenings.latest(frame.workspace(request), frame.actor(request), slug, key)
    meanwhile = ticket_form_view.differences(typed, typed_from_content(ticket.content, catalog))
    return _page(
        request,
        project,
        catalog,
        typed,
        ticket,
        check=_check(request, slug, typed, catalog, exclude=key),
        notice=f"{key} changed meanwhile: {faster}. Nothing was saved. Saving now replaces what stands there.",
        meanwhile=meanwhile,
        status=412,
    )


def _written(
    request: Request,
    slug: str,
    ticket: Ticket | None,
    content: TicketContent,
    typed: Typed,
    *,
    version: int | None,
) -> Response:
    ws, actor = frame.workspace(request), frame.actor(request)
    if ticket is None:
        made = create_ticket(ws, actor, slug, content)
        return inputs.see_other(f"/p/{slug}/t/{made.key}", "created")
    content = _with_what_is_not_asked(content, ticket.content)
    before = ticket.lock.digest if ticket.lock else ""
    after = edit_ticket(
        ws,
        actor,
        slug,
        ticket.key,
        content,
        expected_version=version,
        amendment_reason=typed.amendment_reason or None,
    )
    amended = after.lock is not None and after.lock.digest != before
    return inputs.see_other(f"/p/{slug}/t/{ticket.key}", "amended" if amended else "saved")


def _with_what_is_not_asked(content: TicketContent, stands: TicketContent) -> TicketContent:
    """The form asks for no place in the ranking, and only of experiments what is expected: both stay."""
    kept: dict[str, object] = {"place": stands.place}
    if content.type is not TicketType.EXPERIMENT:
        kept["prediction"] = stands.prediction
    return content.model_copy(update=kept)


def _declared(request: Request, slug: str, key: str | None, typed: Typed, form: inputs.Form) -> Response:
    """Declare a metric from inside the ticket form; everything typed stays."""
    ws, actor = frame.workspace(request), frame.actor(request)
    wrong: list[Wrong] = []
    notice = ""
    try:
        metric = _as_far_as_asked(metric_from_form(form), get_metrics(ws, actor, slug))
        declare_metric(ws, actor, slug, metric)
        notice = f"Metric {metric.name} is declared. The ticket is not saved yet."
    except AssayError as error:
        wrong.append(Wrong(field="metric", text=sentences(error.message)[0], hint=error.hint))
    project, catalog, ticket = _around(request, slug, key)
    shown = _check(request, slug, typed, catalog, exclude=key)
    name = inputs.text(form, "metric_name") if wrong else ""
    return _page(
        request, project, catalog, typed, ticket, check=shown, wrong=wrong, notice=notice, metric_name=name,
        status=422 if wrong else 200,
    )  # fmt: skip


def _as_far_as_asked(metric: Metric, catalog: MetricCatalog) -> Metric:
    """The metric; of one that is declared already what this form does not ask for stays, such as which value of a run counts."""
    known = catalog.get(metric.name)
    if known is None or known.name != metric.name:
        return metric
    return known.model_copy(update={"direction": metric.direction, "unit": metric.unit})


def _around(request: Request, slug: str, key: str | None) -> tuple[Project, MetricCatalog, Ticket | None]:
    ws, actor = frame.workspace(request), frame.actor(request)
    ticket = None if key is None else get_ticket(ws, actor, slug, key)
    return get_project(ws, actor, slug), get_metrics(ws, actor, slug), ticket


def _check(
    request: Request, slug: str, typed: Typed, catalog: MetricCatalog, *, exclude: str | None
) -> Check:
    ws, actor = frame.workspace(request), frame.actor(request)
    draft: Draft = read_draft(typed, catalog)
    if draft.content is not None:
        found = draft_check(ws, actor, slug, draft.content, exclude=exclude)
        return ticket_form_view.check_of(slug, typed, draft, found, found.similar)
    text = f"{typed.title} {typed.hypothesis}".strip()
    similar = tried_before(ws, actor, slug, text, exclude=exclude)
    return ticket_form_view.check_of(slug, typed, draft, None, similar)


def _wrong(error: AssayError) -> Wrong:
    what, expected = sentences(error.message)
    name = (error.field or "").partition(".")[0]
    field = {"baseline": "baselines", "data_needs": "needs", "criteria": "primary"}.get(name, name)
    return Wrong(field=field, text=f"{what}. Expected {expected}." if expected else what)


def _page(
    request: Request,
    project: Project,
    catalog: MetricCatalog,
    typed: Typed,
    ticket: Ticket | None,
    *,
    check: Check,
    wrong: list[Wrong] | None = None,
    notice: str = "",
    meanwhile: tuple[tuple[str, str], ...] = (),
    metric_name: str = "",
    status: int = 200,
) -> HTMLResponse:
    found = wrong or []
    context = ticket_form_view.form_page(
        project.slug,
        typed,
        catalog,
        csrf_token=request.state.csrf_token,
        ticket=ticket,
        check=check,
        wrong=found,
        summary=f"{len(found)} {'field needs' if len(found) == 1 else 'fields need'} another look. Nothing was saved."
        if found
        else "",
        notice=notice,
        meanwhile=meanwhile,
        metric_name=metric_name,
        templates=tuple(one.name for one in project.settings.templates),
    )
    around = frame.build(
        request, context.heading, project=project, section="board", sheets=("css/board.css",)
    )
    return templating.page("pages/tickets/form.html", around, context, status=status)
