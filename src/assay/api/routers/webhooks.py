"""Webhooks: who outside is told of what happens, and how far that got."""

from __future__ import annotations

from typing import Annotated
from uuid import uuid4

from fastapi import Query, Request
from starlette.responses import Response

from assay.api.answers import gives, gives_nothing
from assay.api.documents import answer
from assay.api.permissions import actor_of, requires, workspace_of
from assay.api.preconditions import ExpectedVersion, SentBody, etag, remembered
from assay.api.schemas.webhooks import (
    CountDocument,
    DeliveryList,
    MadeWebhookDocument,
    RetryBody,
    RoundDocument,
    TrialDocument,
    WebhookBody,
    WebhookDocument,
    WebhookList,
    WebhookPatch,
    delivery_document,
    trial_document,
    webhook_document,
)
from assay.api.versioned import v1_router
from assay.workflows.actor import Permission
from assay.workflows.webhook_delivery import deliver_project, list_deliveries, send_again, send_test
from assay.workflows.webhook_records import DeliveryState
from assay.workflows.webhooks import (
    MadeWebhook,
    WebhookChanges,
    WebhookView,
    add_webhook,
    edit_webhook,
    get_webhook,
    list_webhooks,
    remove_webhook,
)

router = v1_router("webhooks")
READ = [requires(Permission.READ)]
CONFIGURE = [requires(Permission.CONFIGURE)]
NO_STORE = {"cache-control": "no-store"}


@router.get("/projects/{slug}/webhooks", dependencies=READ, **gives(WebhookList))
def project_webhooks(request: Request, slug: str) -> Response:
    """The webhooks of a project by name, each with how it goes. Addresses are shown up to their server."""
    found = list_webhooks(workspace_of(request), actor_of(request), slug)
    return answer({"rows": [webhook_document(one) for one in found]})


@router.post("/projects/{slug}/webhooks", dependencies=CONFIGURE, **gives(MadeWebhookDocument, 201))
def new_webhook(request: Request, slug: str, body: WebhookBody, sent: SentBody) -> Response:
    """Tell an address of events from now on. The answer carries the secret, once: a repeat under the same key does not."""
    made = add_webhook(
        workspace_of(request),
        actor_of(request),
        slug,
        name=body.name,
        url=body.url,
        events=body.events,
        form=body.form,
        remember=remembered(request, sent, lambda one: _made(one, 201, secret=False)),
    )
    return _made(made, 201)


@router.get("/projects/{slug}/webhooks/{name}", dependencies=READ, **gives(WebhookDocument))
def show_webhook(request: Request, slug: str, name: str) -> Response:
    """One webhook, with its ETag."""
    return _shown(get_webhook(workspace_of(request), actor_of(request), slug, name))


@router.patch("/projects/{slug}/webhooks/{name}", dependencies=CONFIGURE, **gives(MadeWebhookDocument))
def patch_webhook(
    request: Request, slug: str, name: str, body: WebhookPatch, version: ExpectedVersion
) -> Response:
    """Change a webhook, switch it on or off, or give it a new secret. Needs If-Match."""
    changes = WebhookChanges(body.url, body.events, body.form, body.enabled, body.new_secret)
    return _made(
        edit_webhook(workspace_of(request), actor_of(request), slug, name, changes, expected_version=version)
    )


@router.delete("/projects/{slug}/webhooks/{name}", dependencies=CONFIGURE, **gives_nothing())
def drop_webhook(request: Request, slug: str, name: str) -> Response:
    """Remove a webhook; what waits for it is dropped."""
    remove_webhook(workspace_of(request), actor_of(request), slug, name)
    return Response(status_code=204)


@router.post("/projects/{slug}/webhooks/{name}/tests", dependencies=CONFIGURE, **gives(TrialDocument))
def try_webhook(request: Request, slug: str, name: str) -> Response:
    """Send a test now, and say what came of it."""
    said = send_test(workspace_of(request), actor_of(request), slug, name, number=uuid4().hex)
    return answer(trial_document(said))


@router.get("/projects/{slug}/webhooks/{name}/deliveries", dependencies=READ, **gives(DeliveryList))
def webhook_deliveries(
    request: Request,
    slug: str,
    name: str,
    state: DeliveryState | None = None,
    before: Annotated[int | None, Query(ge=1, le=2**53, description="Go on below this journal entry")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Response:
    """What is on its way, arrived or was given up, the newest first. What arrived is forgotten after a month."""
    page = list_deliveries(
        workspace_of(request), actor_of(request), slug, name, state=state, before=before, limit=limit
    )
    rows = [delivery_document(one) for one in page.rows]
    return answer({"rows": rows, "next_before": page.next_before})


@router.post("/projects/{slug}/webhooks/{name}/retries", dependencies=CONFIGURE, **gives(CountDocument))
def retry_deliveries(request: Request, slug: str, name: str, body: RetryBody, sent: SentBody) -> Response:
    """Send one delivery again, or every parked one. They keep their ids."""
    count = send_again(
        workspace_of(request),
        actor_of(request),
        slug,
        name,
        delivery=body.delivery,
        remember=remembered(request, sent, _count),
    )
    return _count(count)


@router.post("/projects/{slug}/webhook-rounds", dependencies=CONFIGURE, **gives(RoundDocument))
def deliver_now(request: Request, slug: str) -> Response:
    """Send what is due now. A running server does so by itself."""
    done = deliver_project(workspace_of(request), actor_of(request), slug, holder=uuid4().hex)
    return answer(RoundDocument(delivered=done.delivered, failed=done.failed))


def _shown(view: WebhookView) -> Response:
    return answer(webhook_document(view), headers={"etag": etag(view.webhook.version)})


def _made(made: object, status: int = 200, *, secret: bool = True) -> Response:
    assert isinstance(made, MadeWebhook)
    shown = webhook_document(WebhookView(made.webhook, waiting=0, delivered=0, parked=0))
    headers = {**NO_STORE, "etag": etag(made.webhook.version)}
    return answer({**shown, "secret": made.secret if secret else None}, status, headers)


def _count(count: object) -> Response:
    assert isinstance(count, int)
    return answer(CountDocument(deliveries=count))
