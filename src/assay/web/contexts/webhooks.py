"""What templates print of webhooks."""

from __future__ import annotations

from dataclasses import dataclass

from assay.web.contexts.ticket_form import Choice


@dataclass(frozen=True, slots=True)
class WebhookLine:
    """One webhook and how it goes."""

    name: str
    href: str
    """Its deliveries."""
    target: str
    form: str
    state: str
    tone: str
    icon: str
    events: str
    figures: str
    """How much waits and was given up; empty where nothing does."""
    delivered_iso: str
    delivered: str
    """When it last took something; empty before."""
    failed_iso: str
    failed: str
    error: str
    """Why it last failed; empty after a success."""
    next_try: str
    """When it is tried again, while it is left in peace."""


@dataclass(frozen=True, slots=True)
class WebhookForm:
    """The fields of a webhook."""

    name: str
    url: str
    events: tuple[tuple[str, str, bool], ...]
    """Type, what it means, whether it is told."""
    forms: tuple[Choice, ...]


@dataclass(frozen=True, slots=True)
class WebhooksPage:
    """Context of pages/webhooks/list.html."""

    csrf_token: str
    action: str
    rows: tuple[WebhookLine, ...]
    new: WebhookForm
    opened: bool
    secret: str
    """Just made, and shown this once."""
    secret_of: str
    problem: str
    problem_hint: str


@dataclass(frozen=True, slots=True)
class DeliveryLine:
    """One event on its way."""

    id: str
    type: str
    ticket: str
    ticket_href: str
    entry: str
    """Number in the journal."""
    state: str
    tone: str
    icon: str
    tried_iso: str
    tried: str
    error: str
    next_iso: str
    next: str
    tries: str


@dataclass(frozen=True, slots=True)
class WebhookPage:
    """Context of pages/webhooks/webhook.html."""

    csrf_token: str
    version: int
    here: str
    list_href: str
    line: WebhookLine
    enabled: bool
    parked: str
    """How many were given up; empty where none was."""
    edit: WebhookForm
    opened: bool
    secret: str
    said: str
    """What came of a test; empty where none was made."""
    said_well: bool
    states: tuple[Choice, ...]
    state: str
    """The deliveries that are shown; empty for all."""
    deliveries: tuple[DeliveryLine, ...]
    next_href: str
    problem: str
    problem_hint: str
