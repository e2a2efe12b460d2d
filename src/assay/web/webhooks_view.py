"""Webhooks in plain words: who is told, how that goes, what is on its way."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from assay.domain.notifications.events import ABOUT, EventType
from assay.domain.notifications.messages import Form
from assay.domain.notifications.webhooks import DEFAULT_EVENTS
from assay.errors import AssayError
from assay.web import wording
from assay.web.contexts.ticket_form import Choice
from assay.web.contexts.webhooks import DeliveryLine, WebhookForm, WebhookLine, WebhookPage, WebhooksPage
from assay.web.lists_view import address
from assay.workflows.webhook_delivery import DeliveryPage
from assay.workflows.webhook_ports import Answer
from assay.workflows.webhook_records import Delivery, DeliveryState
from assay.workflows.webhooks import WebhookView

FORMS: Mapping[Form, str] = {
    Form.JSON: "JSON, for programs",
    Form.SLACK: "Slack, Mattermost, Rocket.Chat",
    Form.TEAMS: "Microsoft Teams",
}
_LOOKS: Mapping[DeliveryState, tuple[str, str, str]] = {
    DeliveryState.WAITING: ("waiting", "accent", "loop"),
    DeliveryState.DELIVERED: ("delivered", "promote", "check"),
    DeliveryState.PARKED: ("given up", "kill", "warning"),
}
"""The word, the colour and the icon of a state."""


def webhook_line(view: WebhookView, slug: str) -> WebhookLine:
    """One webhook on a page."""
    one = view.webhook
    state, tone, icon = _state(view)
    figures = (
        f"{view.waiting:,} waiting" if view.waiting else "",
        f"{view.parked:,} given up" if view.parked else "",
    )
    return WebhookLine(
        name=one.name,
        href=f"/p/{slug}/webhooks/{one.name}",
        target=one.target,
        form=FORMS[Form(one.form)],
        state=state,
        tone=tone,
        icon=icon,
        events=", ".join(one.events),
        figures=", ".join(filter(None, figures)),
        delivered_iso=_iso(one.delivered_at),
        delivered=_clock(one.delivered_at),
        failed_iso=_iso(one.failed_at) if one.error else "",
        failed=_clock(one.failed_at) if one.error else "",
        error=one.error,
        next_try=_clock(one.paused_until) if one.enabled else "",
    )


def _state(view: WebhookView) -> tuple[str, str, str]:
    one = view.webhook
    if not one.enabled:
        return "Off", "", "circle"
    if one.failures:
        return f"Fails, {wording.plural(one.failures, 'time')} in a row", "kill", "warning"
    if view.parked:
        return "On, some given up", "blocked", "warning"
    return ("On", "promote", "check") if one.delivered_at else ("On, nothing told yet", "accent", "circle")


def webhooks_page(
    views: Sequence[WebhookView],
    slug: str,
    *,
    csrf_token: str,
    typed: WebhookForm | None = None,
    secret: str = "",
    secret_of: str = "",
    problem: AssayError | None = None,
) -> WebhooksPage:
    """Every webhook of a project, and the form for a new one."""
    return WebhooksPage(
        csrf_token=csrf_token,
        action=f"/p/{slug}/webhooks",
        rows=tuple(webhook_line(one, slug) for one in views),
        new=typed or webhook_form(),
        opened=not views or problem is not None,
        secret=secret,
        secret_of=secret_of,
        problem="" if problem is None else problem.message,
        problem_hint="" if problem is None else problem.hint,
    )


def webhook_form(
    *,
    name: str = "",
    url: str = "",
    events: Collection[str] = DEFAULT_EVENTS,
    form: str = Form.JSON.value,
) -> WebhookForm:
    """The fields of a webhook, with what is chosen."""
    return WebhookForm(
        name=name,
        url=url,
        events=tuple((one.value, ABOUT[one], one in events) for one in EventType),
        forms=tuple(Choice(one.value, FORMS[one], chosen=one == form) for one in Form),
    )


def webhook_page(
    view: WebhookView,
    page: DeliveryPage,
    slug: str,
    *,
    csrf_token: str,
    state: DeliveryState | None,
    typed: WebhookForm | None = None,
    secret: str = "",
    answer: Answer | None = None,
    problem: AssayError | None = None,
) -> WebhookPage:
    """One webhook with its deliveries."""
    one, here = view.webhook, f"/p/{slug}/webhooks/{view.webhook.name}"
    asked = {} if state is None else {"state": state.value}
    return WebhookPage(
        csrf_token=csrf_token,
        version=one.version,
        here=here,
        list_href=f"/p/{slug}/webhooks",
        line=webhook_line(view, slug),
        enabled=one.enabled,
        parked=f"{view.parked:,}" if view.parked else "",
        edit=typed or webhook_form(events=one.events, form=one.form),
        opened=typed is not None,
        secret=secret,
        said="" if answer is None else _said(answer),
        said_well=answer is not None and not answer.error,
        states=tuple(Choice(one.value, _LOOKS[one][0], chosen=one is state) for one in DeliveryState),
        state="" if state is None else _LOOKS[state][0],
        deliveries=tuple(_delivery(one, slug) for one in page.rows),
        next_href=""
        if page.next_before is None
        else address(here, {**asked, "before": str(page.next_before)}),
        problem="" if problem is None else problem.message,
        problem_hint="" if problem is None else problem.hint,
    )


def _said(answer: Answer) -> str:
    if answer.error:
        return f"The test did not arrive: {answer.error}."
    return f"The test arrived: it answers {answer.status} after {round(answer.took_s * 1000):,} ms."


def _delivery(one: Delivery, slug: str) -> DeliveryLine:
    state, tone, icon = _LOOKS[one.state]
    waits = one.state is DeliveryState.WAITING
    return DeliveryLine(
        id=one.id,
        type=one.type,
        ticket=one.ticket,
        ticket_href=f"/p/{slug}/t/{one.ticket}",
        entry=f"{one.seq:,}",
        state=state,
        tone=tone,
        icon=icon,
        tried_iso=_iso(one.tried_at),
        tried=_clock(one.tried_at),
        error=one.error,
        next_iso=_iso(one.due_at) if waits else "",
        next=_clock(one.due_at) if waits else "",
        tries=wording.plural(one.tries, "failed try", "failed tries") if one.tries else "",
    )


def _iso(moment: datetime | None) -> str:
    return "" if moment is None else wording.iso(moment)


def _clock(moment: datetime | None) -> str:
    return "" if moment is None else wording.minute(moment)
