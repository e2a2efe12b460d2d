"""Webhooks: who outside is told of what happens, how that goes, and what is sent again."""

from __future__ import annotations

from uuid import uuid4

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from assay.errors import AssayError, Conflict, Invalid, Refused
from assay.routing import RouteWhenAsked
from assay.statuses import http_status
from assay.web import frame, inputs, templating, webhooks_view
from assay.web.contexts.webhooks import WebhookForm
from assay.web.permissions import requires
from assay.workflows.actor import Permission
from assay.workflows.projects import get_project
from assay.workflows.webhook_delivery import list_deliveries, send_again, send_test
from assay.workflows.webhook_ports import Answer
from assay.workflows.webhook_records import DeliveryState
from assay.workflows.webhooks import (
    WebhookChanges,
    add_webhook,
    edit_webhook,
    get_webhook,
    list_webhooks,
    remove_webhook,
)

router = APIRouter(include_in_schema=False, route_class=RouteWhenAsked)
DELIVERIES_SHOWN = 50


@router.get("/p/{slug}/webhooks", dependencies=requires(Permission.READ))
def show_webhooks(request: Request, slug: str) -> HTMLResponse:
    """The webhooks of a project."""
    return _list(request, slug)


@router.post("/p/{slug}/webhooks", dependencies=requires(Permission.CONFIGURE))
def add(request: Request, slug: str, form: inputs.Form) -> Response:
    """Add one. The answer shows its secret, so there is no address that would show it again."""
    typed = _typed(form)
    try:
        made = add_webhook(
            frame.workspace(request),
            frame.actor(request),
            slug,
            name=typed.name,
            url=typed.url,
            events=inputs.texts(form, "event"),
            form=inputs.text(form, "form"),
        )
    except (Invalid, Conflict, Refused) as error:
        return _list(request, slug, typed=typed, problem=error)
    return _list(request, slug, secret=made.secret or "", secret_of=made.webhook.name)


@router.get("/p/{slug}/webhooks/{name}", dependencies=requires(Permission.READ))
def show_webhook(request: Request, slug: str, name: str, state: str = "", before: str = "") -> HTMLResponse:
    """One webhook with its deliveries."""
    until = inputs.entry_number(before, "before") if before else None
    return _one(request, slug, name, state=_state(state), before=until)


@router.post("/p/{slug}/webhooks/{name}", dependencies=requires(Permission.CONFIGURE))
def edit(request: Request, slug: str, name: str, form: inputs.Form) -> Response:
    """Change what it is told, in which form, where, and with which secret."""
    typed = _typed(form)
    changes = WebhookChanges(
        url=typed.url or None,
        events=inputs.texts(form, "event"),
        form=inputs.text(form, "form"),
        new_secret=inputs.text(form, "new_secret") == "yes",
    )
    try:
        made = edit_webhook(
            frame.workspace(request),
            frame.actor(request),
            slug,
            name,
            changes,
            expected_version=inputs.version(form),
        )
    except (Invalid, Conflict, Refused) as error:
        return _one(request, slug, name, typed=typed, problem=error)
    if made.secret:
        return _one(request, slug, name, secret=made.secret)
    return inputs.see_other(f"/p/{slug}/webhooks/{name}", "saved")


@router.post("/p/{slug}/webhooks/{name}/switch", dependencies=requires(Permission.CONFIGURE))
def switch(request: Request, slug: str, name: str, form: inputs.Form) -> Response:
    """On or off."""
    is_on = inputs.text(form, "on") == "yes"
    edit_webhook(
        frame.workspace(request),
        frame.actor(request),
        slug,
        name,
        WebhookChanges(enabled=is_on),
        expected_version=inputs.version(form),
    )
    return inputs.see_other(f"/p/{slug}/webhooks/{name}", "webhook-on" if is_on else "webhook-off")


@router.post("/p/{slug}/webhooks/{name}/test", dependencies=requires(Permission.CONFIGURE))
def try_out(request: Request, slug: str, name: str) -> Response:
    """Send a test and say what came of it."""
    answer = send_test(frame.workspace(request), frame.actor(request), slug, name, number=uuid4().hex)
    return _one(request, slug, name, answer=answer)


@router.post("/p/{slug}/webhooks/{name}/retry", dependencies=requires(Permission.CONFIGURE))
def retry(request: Request, slug: str, name: str, form: inputs.Form) -> Response:
    """Send one delivery again, or all that were given up."""
    delivery = inputs.text(form, "delivery") or None
    send_again(frame.workspace(request), frame.actor(request), slug, name, delivery=delivery)
    return inputs.see_other(f"/p/{slug}/webhooks/{name}", "sent-again")


@router.post("/p/{slug}/webhooks/{name}/remove", dependencies=requires(Permission.CONFIGURE))
def remove(request: Request, slug: str, name: str) -> Response:
    """Tell it nothing more."""
    remove_webhook(frame.workspace(request), frame.actor(request), slug, name)
    return inputs.see_other(f"/p/{slug}/webhooks", "webhook-removed")


def _typed(form: inputs.Form) -> WebhookForm:
    return webhooks_view.webhook_form(
        name=inputs.text(form, "name"),
        url=inputs.text(form, "url"),
        events=inputs.texts(form, "event"),
        form=inputs.text(form, "form"),
    )


def _state(text: str) -> DeliveryState | None:
    return DeliveryState(text) if text in set(DeliveryState) else None


def _list(
    request: Request,
    slug: str,
    *,
    typed: WebhookForm | None = None,
    secret: str = "",
    secret_of: str = "",
    problem: AssayError | None = None,
) -> HTMLResponse:
    ws, actor = frame.workspace(request), frame.actor(request)
    project = get_project(ws, actor, slug)
    context = webhooks_view.webhooks_page(
        list_webhooks(ws, actor, slug),
        slug,
        csrf_token=request.state.csrf_token,
        typed=typed,
        secret=secret,
        secret_of=secret_of,
        problem=problem,
    )
    around = frame.build(
        request, "Webhooks", project=project, section="settings", twin=f"/api/v1/projects/{slug}/webhooks"
    )
    status = 200 if problem is None else http_status(problem)
    return templating.page("pages/webhooks/list.html", around, context, status=status)


def _one(
    request: Request,
    slug: str,
    name: str,
    *,
    state: DeliveryState | None = None,
    before: int | None = None,
    typed: WebhookForm | None = None,
    secret: str = "",
    answer: Answer | None = None,
    problem: AssayError | None = None,
) -> HTMLResponse:
    ws, actor = frame.workspace(request), frame.actor(request)
    project = get_project(ws, actor, slug)
    context = webhooks_view.webhook_page(
        get_webhook(ws, actor, slug, name),
        list_deliveries(ws, actor, slug, name, state=state, before=before, limit=DELIVERIES_SHOWN),
        slug,
        csrf_token=request.state.csrf_token,
        state=state,
        typed=typed,
        secret=secret,
        answer=answer,
        problem=problem,
    )
    twin = f"/api/v1/projects/{slug}/webhooks/{name}/deliveries"
    around = frame.build(request, f"Webhook {name}", project=project, section="settings", twin=twin)
    status = 200 if problem is None else http_status(problem)
    return templating.page("pages/webhooks/webhook.html", around, context, status=status)
