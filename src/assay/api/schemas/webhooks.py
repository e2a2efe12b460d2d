"""Webhooks and their deliveries, as they travel. A secret travels once."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any

from pydantic import Field
from typing_extensions import TypedDict

from assay.api.schemas.tickets import Body
from assay.domain.notifications.messages import Form
from assay.domain.notifications.webhooks import DEFAULT_EVENTS, LONGEST_ADDRESS
from assay.workflows.webhook_ports import Answer
from assay.workflows.webhook_records import Delivery
from assay.workflows.webhooks import WebhookView

Url = Annotated[
    str,
    Field(
        max_length=2 * LONGEST_ADDRESS,
        description="Where events are posted. Only its server is ever shown again.",
        examples=["https://hooks.example.org/assay"],
    ),
]
Events = Annotated[
    list[Annotated[str, Field(max_length=100)]],
    Field(max_length=50, description="Which events are told.", examples=[["kill.suggested"]]),
]
FormName = Annotated[str, Field(max_length=100, description="json, slack or teams.", examples=["json"])]
On = Annotated[bool, Field(description="Off: nothing is told, and what happens meanwhile never will be.")]


class WebhookBody(Body):
    """A new webhook."""

    name: Annotated[str, Field(max_length=200, examples=["team-chat"])]
    url: Url
    events: Events = Field(default_factory=lambda: [one.value for one in DEFAULT_EVENTS])
    form: FormName = Form.JSON.value


class WebhookPatch(Body):
    """What of a webhook becomes otherwise; what is left out stays."""

    url: Url | None = None
    events: Events | None = None
    form: FormName | None = None
    enabled: On | None = None
    new_secret: Annotated[bool, Field(description="Make a new secret; the old one ends at once.")] = False


class RetryBody(Body):
    """Which delivery is sent again."""

    delivery: Annotated[
        str | None,
        Field(
            max_length=200,
            description="Id of one delivery, whatever became of it; without it every parked one.",
        ),
    ] = None


class WebhookDocument(TypedDict):
    """A webhook and how it goes."""

    name: str
    target: str
    events: tuple[str, ...]
    form: str
    enabled: bool
    version: int
    by: str
    at: datetime
    failures: int
    paused_until: datetime | None
    delivered_at: datetime | None
    failed_at: datetime | None
    error: str
    waiting: int
    delivered: int
    parked: int


class MadeWebhookDocument(WebhookDocument):
    """The same with its secret, where it was just made; null afterwards."""

    secret: str | None


class WebhookList(TypedDict):
    """The webhooks of a project."""

    rows: list[WebhookDocument]


class DeliveryDocument(TypedDict):
    """One event on its way."""

    id: str
    seq: int
    type: str
    ticket: str
    state: str
    tries: int
    due_at: datetime | None
    tried_at: datetime | None
    status: int | None
    error: str


class DeliveryList(TypedDict):
    """Deliveries of a webhook, the newest first."""

    rows: list[DeliveryDocument]
    next_before: int | None


class TrialDocument(TypedDict):
    """What a receiver said to a test."""

    delivered: bool
    status: int | None
    error: str
    took_ms: int


class CountDocument(TypedDict):
    """How many are sent again."""

    deliveries: int


class RoundDocument(TypedDict):
    """What one round of deliveries came to."""

    delivered: int
    failed: int


def webhook_document(view: WebhookView) -> dict[str, Any]:
    """What people see of a webhook: neither its whole address nor its secret."""
    hidden = {"id", "project_id", "sealed", "looked_at"}
    shown = {name: value for name, value in asdict(view.webhook).items() if name not in hidden}
    return shown | {"waiting": view.waiting, "delivered": view.delivered, "parked": view.parked}


def delivery_document(delivery: Delivery) -> dict[str, Any]:
    """One delivery; the time of its next try only where there is one."""
    shown = asdict(delivery) | {"state": delivery.state.value}
    for name in ("webhook_id", "first_tried_at"):
        del shown[name]
    return shown if delivery.state == "waiting" else shown | {"due_at": None}


def trial_document(answer: Answer) -> TrialDocument:
    """What came of a test."""
    return TrialDocument(
        delivered=not answer.error,
        status=answer.status,
        error=answer.error,
        took_ms=round(answer.took_s * 1000),
    )
