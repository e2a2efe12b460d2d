"""Who outside is told of what happens: added, changed, removed, tried out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from assay.domain.kernel.canonical import canonical_bytes, read_canonical
from assay.domain.kernel.events import Event
from assay.domain.notifications.messages import Form
from assay.domain.notifications.webhooks import (
    DEFAULT_EVENTS,
    checked_events,
    checked_form,
    checked_name,
    checked_url,
    shown_address,
)
from assay.errors import Conflict, NotFound, Refused, StaleVersion
from assay.workflows.actor import Actor, Permission
from assay.workflows.idempotency import Remember, write_once
from assay.workflows.lookup import required_project
from assay.workflows.ports import ReadTransaction, Workspace, WriteTransaction
from assay.workflows.records import Project
from assay.workflows.webhook_records import DeliveryState, Webhook

MOST_WEBHOOKS = 20
"""In a project: each costs a try for every event."""


@dataclass(frozen=True, slots=True)
class WebhookView:
    """A webhook, and how it goes."""

    webhook: Webhook
    waiting: int
    delivered: int
    """Lately: what was delivered is forgotten after a month."""
    parked: int


@dataclass(frozen=True, slots=True)
class MadeWebhook:
    """A webhook and, this once, the secret that its messages are signed with."""

    webhook: Webhook
    secret: str | None
    """None where it stays as it was."""


@dataclass(frozen=True, slots=True)
class WebhookChanges:
    """What of a webhook becomes otherwise; None leaves it as it is."""

    url: str | None = None
    events: Sequence[str] | None = None
    form: str | None = None
    enabled: bool | None = None
    new_secret: bool = False


def list_webhooks(ws: Workspace, actor: Actor, slug: str) -> tuple[WebhookView, ...]:
    """The webhooks of a project by name, each with how many deliveries wait, arrived and were given up."""
    actor.require(Permission.READ)
    with ws.store.read() as tx:
        project = required_project(tx, slug)
        return _views(tx, project, tx.webhooks(project.id))


def get_webhook(ws: Workspace, actor: Actor, slug: str, name: str) -> WebhookView:
    """One of them.

    Raises:
        NotFound: there is none of this name.
    """
    actor.require(Permission.READ)
    with ws.store.read() as tx:
        project = required_project(tx, slug)
        [view] = _views(tx, project, [required_webhook(tx, project, name)])
        return view


def add_webhook(
    ws: Workspace,
    actor: Actor,
    slug: str,
    *,
    name: str,
    url: str,
    events: Sequence[str] = DEFAULT_EVENTS,
    form: str = Form.JSON,
    remember: Remember | None = None,
) -> MadeWebhook:
    """Tell this address of these events from now on. The secret is given here, and never again.

    Raises:
        Invalid: the address may not be asked, or something else breaks a rule.
        Conflict: the name is taken.
        Refused: the project has 20 webhooks.
    """
    actor.require(Permission.CONFIGURE)
    checked_name(name)
    ws.webhooks.sender.check(checked_url(url))
    asked, shape, secret = checked_events(events), checked_form(form), ws.webhooks.new_secret()

    def work(tx: WriteTransaction) -> MadeWebhook:
        project = required_project(tx, slug)
        known = tx.webhooks(project.id)
        if any(one.name == name for one in known):
            raise Conflict(
                f"cannot add webhook {name!r}: the project has one of this name (expected a new name)",
                hint=f"change that one: assay webhook edit {name}",
                code="webhook-exists",
                field="name",
            )
        if len(known) >= MOST_WEBHOOKS:
            raise Refused(
                f"cannot add webhook {name!r}: the project has {len(known)} (expected at most {MOST_WEBHOOKS})",
                hint="remove one that nobody needs: assay webhook list",
                code="webhooks-full",
            )
        at = ws.clock()
        made = Webhook(
            id=0,
            project_id=project.id,
            name=name,
            target=shown_address(url),
            sealed=_sealed(ws, slug, name, url, secret),
            events=asked,
            form=shape.value,
            enabled=True,
            version=0,
            by=actor.name,
            at=at,
            looked_at=tx.head()[0],
        )
        told = {**journaled_form(made), "secret": "new"}
        tx.append(Event.of("webhook.added", project=slug, subject=name, **told), actor=actor, at=at)
        return MadeWebhook(tx.add_webhook(made), secret)

    return write_once(ws, remember, work)


def edit_webhook(
    ws: Workspace,
    actor: Actor,
    slug: str,
    name: str,
    changes: WebhookChanges,
    *,
    expected_version: int | None,
) -> MadeWebhook:
    """Change a webhook. Switched on again, it is told of what happens from then on.

    Raises:
        StaleVersion: somebody changed it meanwhile.
    """
    actor.require(Permission.CONFIGURE)
    if changes.url is not None:
        ws.webhooks.sender.check(checked_url(changes.url))
    secret = ws.webhooks.new_secret() if changes.new_secret else None

    def work(tx: WriteTransaction) -> MadeWebhook:
        project = required_project(tx, slug)
        before = required_webhook(tx, project, name)
        after = _changed(ws, tx, slug, before, changes, secret)
        if after == before:
            return MadeWebhook(before, None)
        at = ws.clock()
        after = replace(after, by=actor.name, at=at)
        is_stale = expected_version is not None and expected_version != before.version
        if is_stale or not tx.save_webhook(after):
            raise StaleVersion(
                f"cannot change webhook {name!r}: it changed meanwhile and is now version {before.version} (expected the "
                "version you saw)",
                hint="assay webhook list",
                details={"version": before.version},
            )
        if changes.url is not None or changes.enabled:
            # Whatever was wrong may be mended: nobody waits for a pause to be over.
            tx.put_receiver(replace(after, failures=0, paused_until=None, error=""))
            tx.hurry_deliveries(after.id, at)
        told = journaled_form(after) | ({"secret": "new"} if secret else {})
        tx.append(Event.of("webhook.changed", project=slug, subject=name, **told), actor=actor, at=at)
        return MadeWebhook(required_webhook(tx, project, name), secret)

    return ws.store.write(work)


def _changed(
    ws: Workspace,
    tx: WriteTransaction,
    slug: str,
    before: Webhook,
    changes: WebhookChanges,
    secret: str | None,
) -> Webhook:
    after = before
    if changes.url is not None or secret is not None:
        url, kept = ("", "") if changes.url and secret else opened(ws, slug, before)
        url, kept = changes.url or url, secret or kept
        sealed = _sealed(ws, slug, before.name, url, kept)
        after = replace(after, target=shown_address(url), sealed=sealed)
    if changes.events is not None:
        after = replace(after, events=checked_events(changes.events))
    if changes.form is not None:
        after = replace(after, form=checked_form(changes.form).value)
    if changes.enabled is not None and changes.enabled != before.enabled:
        looked_at = tx.head()[0] if changes.enabled else before.looked_at
        after = replace(after, enabled=changes.enabled, looked_at=looked_at)
    return after


def remove_webhook(ws: Workspace, actor: Actor, slug: str, name: str) -> Webhook:
    """Tell this receiver nothing more; what waits for it is dropped. Returns what it was.

    Raises:
        NotFound: there is none of this name.
    """
    actor.require(Permission.CONFIGURE)

    def work(tx: WriteTransaction) -> Webhook:
        project = required_project(tx, slug)
        gone = required_webhook(tx, project, name)
        waiting = _views(tx, project, [gone])[0].waiting
        told = {**journaled_form(gone), "dropped": waiting}
        event = Event.of("webhook.removed", project=slug, subject=name, **told)
        tx.append(event, actor=actor, at=ws.clock())
        tx.remove_webhook(gone.id)
        return gone

    return ws.store.write(work)


def webhook_facts(ws: Workspace) -> Iterator[dict[str, Any]]:
    """What is to be said about the receivers of all projects? Rows of name, value, ok, advice; nothing of those that are off."""
    with ws.store.read() as tx:
        found = [(one.slug, _views(tx, one, tx.webhooks(one.id))) for one in tx.projects()]
    for slug, views in found:
        for view in views:
            one = view.webhook
            if one.enabled:
                fails = f"{one.failures} failures in a row: {one.error}" if one.failures else ""
                parked = f"{view.parked} deliveries given up" if view.parked else ""
                yield {
                    "name": f"webhook {one.name} of {slug}",
                    "value": "; ".join(filter(None, (fails, parked)))
                    or f"{one.target}, {view.waiting} waiting",
                    "ok": not (fails or parked),
                    "advice": _advice(one.name, slug, fails, parked),
                }


def _advice(name: str, slug: str, fails: str, parked: str) -> str:
    if fails:
        return f"assay webhook test {name} --project {slug}"
    return f"assay webhook retry {name} --project {slug}" if parked else ""


def required_webhook(tx: ReadTransaction, project: Project, name: str) -> Webhook:
    """The webhook of this name; NotFound, naming those that exist, when there is none."""
    found = tx.webhook(project.id, name)
    if found is None:
        known = ", ".join(one.name for one in tx.webhooks(project.id)) or "none yet"
        raise NotFound(
            f"cannot find webhook {name[:40]!r}: project {project.slug!r} has none of this name (expected one of: {known})",
            hint="assay webhook list",
            code="webhook-unknown",
            field="name",
        )
    return found


def opened(ws: Workspace, slug: str, webhook: Webhook) -> tuple[str, str]:
    """Its address and its secret.

    Raises:
        Refused: they were sealed with another key.
    """
    url, secret = read_canonical(
        ws.webhooks.seals.open(webhook.sealed, of=_name_of_seal(slug, webhook.name)).encode()
    )
    return url, secret


def _sealed(ws: Workspace, slug: str, name: str, url: str, secret: str) -> bytes:
    return ws.webhooks.seals.seal(canonical_bytes([url, secret]).decode(), of=_name_of_seal(slug, name))


def _name_of_seal(slug: str, name: str) -> str:
    return f"webhook {name!r} of {slug!r}"


def journaled_form(webhook: Webhook) -> dict[str, Any]:
    """What the journal says of a webhook: never its whole address, never its secret."""
    return {
        "target": webhook.target,
        "events": list(webhook.events),
        "form": webhook.form,
        "enabled": webhook.enabled,
    }


def _views(tx: ReadTransaction, project: Project, webhooks: Sequence[Webhook]) -> tuple[WebhookView, ...]:
    counts = tx.delivery_counts(project.id)

    def count(webhook: Webhook, state: DeliveryState) -> int:
        return counts.get(webhook.id, {}).get(state.value, 0)

    return tuple(
        WebhookView(
            one,
            waiting=count(one, DeliveryState.WAITING),
            delivered=count(one, DeliveryState.DELIVERED),
            parked=count(one, DeliveryState.PARKED),
        )
        for one in webhooks
    )
