"""Events reach their webhooks: taken over from the journal, tried in order, tried again, put aside and sent again.

The journal is the outbox. A webhook remembers up to which entry it has looked at it, and what of that is on its way; both are
written together, and a delivery counts as done only after the receiver took it. So whatever ends this process at whatever
moment, an event is told once or once more, under the same id, and never not at all.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from assay.domain.kernel.events import Event
from assay.domain.notifications.events import (
    SAID,
    TESTED,
    Entry,
    EventType,
    Told,
    delivery_id,
    event_type,
    told,
)
from assay.domain.notifications.messages import Form, message
from assay.domain.notifications.retries import MOST_WAIT_ASKED, Outcome, outcome_of
from assay.domain.notifications.signatures import headers
from assay.errors import AssayError, NotFound
from assay.workflows.actor import Actor, Permission
from assay.workflows.idempotency import Remember, write_once
from assay.workflows.lookup import required_project
from assay.workflows.ports import ReadTransaction, Workspace, WriteTransaction
from assay.workflows.records import Project
from assay.workflows.webhook_ports import Answer
from assay.workflows.webhook_records import Delivery, DeliveryState, Webhook
from assay.workflows.webhooks import opened, required_webhook

KINDS = tuple(SAID)
MOST_ENTRIES = 500
MOST_UNSEEN = 1000
"""Entries of other projects and kinds that a webhook leaves behind before it notes that it has nothing to do with them."""
MOST_AT_ONCE = 20
LEASE = timedelta(seconds=30)
"""So long another process waits when this one is killed; every try renews it."""
KEPT_FOR = timedelta(days=30)
_PREFIX = "t-"


@dataclass(frozen=True, slots=True)
class Round:
    """What one round of deliveries came to."""

    delivered: int = 0
    failed: int = 0


@dataclass(frozen=True, slots=True)
class DeliveryPage:
    """Deliveries of a webhook, the newest first."""

    rows: tuple[Delivery, ...]
    next_before: int | None


def has_work(ws: Workspace) -> tuple[int, ...]:
    """The webhooks, by id, for which something can be done now."""
    with ws.store.read() as tx:
        long_ago = tx.head()[0] - MOST_UNSEEN
        return tuple(tx.webhooks_with_work(KINDS, ws.clock(), long_ago=long_ago))


def begin_alone(ws: Workspace) -> None:
    """Whoever held a webhook before is gone, where no other process can use the store: nothing waits for its time to be over."""
    if ws.webhooks.alone:
        ws.store.write(lambda tx: tx.free_webhooks())


def something_waits(ws: Workspace) -> bool:
    """Does any delivery wait for its time, so that a look is worth it although nothing happened?"""
    with ws.store.read() as tx:
        return tx.deliveries_wait()


def deliver_webhook(
    ws: Workspace, webhook_id: int, *, holder: str, stopped: Callable[[], bool] = lambda: False
) -> Round:
    """Send everything of this webhook that is due, until nothing is, the receiver fails too often, or it is `stopped`.

    Args:
        ws: the workspace.
        webhook_id: which one.
        holder: name of this process; another one does nothing meanwhile.
        stopped: asked between two tries.
    """
    total = Round()
    while not stopped():
        claimed = ws.store.write(lambda tx: _claim(tx, ws, webhook_id, holder))
        if claimed is None:
            break
        project, webhook, due = claimed
        for one in due:
            if stopped():
                break
            answer = _send(ws, project, webhook, one)
            after = ws.store.write(partial(_record, ws=ws, delivery=one, answer=answer, holder=holder))
            delivered = outcome(answer) is Outcome.DELIVERED
            total = Round(total.delivered + delivered, total.failed + (not delivered))
            if after is None or after.paused_until is not None:
                break
    ws.store.write(lambda tx: tx.free_webhook(webhook_id, holder=holder))
    return total


def deliver_project(ws: Workspace, actor: Actor, slug: str, *, holder: str) -> Round:
    """One round for every webhook of a project: for an installation whose server does not run."""
    actor.require(Permission.CONFIGURE)
    with ws.store.read() as tx:
        project = required_project(tx, slug)
        own = {one.id for one in tx.webhooks(project.id)}
    rounds = [deliver_webhook(ws, one, holder=holder) for one in has_work(ws) if one in own]
    return Round(sum(one.delivered for one in rounds), sum(one.failed for one in rounds))


def _claim(
    tx: WriteTransaction, ws: Workspace, webhook_id: int, holder: str
) -> tuple[Project, Webhook, Sequence[Delivery]] | None:
    """The project, the webhook and what is due; None where there is nothing to do for this process."""
    now = ws.clock()
    if not tx.lease_webhook(webhook_id, holder=holder, until=now + LEASE, now=now):
        return None
    webhook = tx.webhook_by_id(webhook_id)
    if webhook is None or not webhook.enabled or _is_paused(webhook, now):
        return None
    project = next(one for one in tx.projects() if one.id == webhook.project_id)
    _take_over(tx, ws, project, webhook, now)
    most = 1 if ws.webhooks.schedule.is_open(webhook.failures) else MOST_AT_ONCE
    due = tx.due_deliveries(webhook_id, now, most=most)
    return (project, webhook, due) if due else None


def _is_paused(webhook: Webhook, now: datetime) -> bool:
    return webhook.paused_until is not None and webhook.paused_until > now


def _take_over(
    tx: WriteTransaction, ws: Workspace, project: Project, webhook: Webhook, now: datetime
) -> None:
    looked_at = webhook.looked_at
    while entries := tx.entries_of(project.slug, KINDS, after=looked_at, most=MOST_ENTRIES):
        looked_at = entries[-1].seq
        found = []
        for entry in entries:
            kind = event_type(entry, _before(tx, project, entry))
            if kind is not None and kind in webhook.events:
                assert entry.subject is not None
                number = delivery_id(ws.instance_id, webhook.id, entry.seq)
                found.append(
                    Delivery(
                        number, webhook.id, entry.seq, kind.value, entry.subject, DeliveryState.WAITING, tries=0, due_at=now
                    )
                )  # fmt: skip
        tx.add_deliveries(webhook.id, found, looked_at=looked_at)
    newest = tx.head()[0]
    if newest > looked_at:
        tx.add_deliveries(webhook.id, (), looked_at=newest)
        tx.forget_delivered(webhook.id, before=now - KEPT_FOR)


def _before(tx: ReadTransaction, project: Project, entry: Entry) -> Entry | None:
    if SAID[entry.kind][0] is not EventType.VERDICT_CHANGED or entry.subject is None:
        return None
    return tx.verdict_entry_before(project.slug, entry.subject, entry.seq)


def _send(ws: Workspace, project: Project, webhook: Webhook, delivery: Delivery) -> Answer:
    with ws.store.read() as tx:
        entry = tx.entry_at(delivery.seq)
        before = None if entry is None else _before(tx, project, entry)
    if entry is None:
        return Answer(None, f"entry {delivery.seq} of the journal is gone", refused=True)
    event = told(entry, before, project=project.slug, delivery=delivery.id)
    return _post(ws, project.slug, webhook, event)


def _post(ws: Workspace, slug: str, webhook: Webhook, event: Told) -> Answer:
    try:
        url, secret = opened(ws, slug, webhook)
    except AssayError as error:
        return Answer(None, error.message, refused=True)
    link = f"{ws.webhooks.link_base}/p/{slug}" + (f"/t/{event.ticket}" if event.ticket else "")
    body = message(event, Form(webhook.form), link=link)
    sent_at = int(ws.clock().timestamp())
    signed = headers(secret, timestamp_s=sent_at, delivery=event.id, body=body)
    return ws.webhooks.sender.send(url, body, signed)


def outcome(answer: Answer) -> Outcome:
    """What came of it?"""
    return Outcome.REFUSED if answer.refused else outcome_of(answer.status)


def _record(
    tx: WriteTransaction, *, ws: Workspace, delivery: Delivery, answer: Answer, holder: str
) -> Webhook | None:
    """Write down how it went. Returns the webhook as it stands; None where it is gone or switched off."""
    now, webhook_id = ws.clock(), delivery.webhook_id
    webhook = tx.webhook_by_id(webhook_id)
    if webhook is None:
        return None
    result, fresh = outcome(answer), tx.delivery(webhook_id, delivery.id)
    if fresh is None or fresh.state is DeliveryState.DELIVERED:
        return webhook if webhook.enabled else None  # another process was slower to be stopped, or faster
    tx.put_delivery(_tried(ws, webhook, fresh, answer, result, now))
    after = _standing(ws, webhook, answer, result, now)
    tx.put_receiver(after)
    if result is Outcome.DELIVERED and ws.webhooks.schedule.is_open(webhook.failures):
        tx.hurry_deliveries(webhook_id, now)
    tx.lease_webhook(webhook_id, holder=holder, until=now + LEASE, now=now)
    return after if after.enabled else None


def _tried(
    ws: Workspace, webhook: Webhook, delivery: Delivery, answer: Answer, result: Outcome, now: datetime
) -> Delivery:
    first = delivery.first_tried_at or now
    after = replace(delivery, first_tried_at=first, tried_at=now, status=answer.status, error=answer.error)
    if result is Outcome.DELIVERED:
        return replace(after, state=DeliveryState.DELIVERED)
    tries, tools = delivery.tries + 1, ws.webhooks
    is_over = tools.schedule.is_given_up(
        tries, result, first_tried_at=first, last_delivered_at=webhook.delivered_at
    )
    wait = max(tools.schedule.wait(tries, tools.chance()), _asked(answer))
    state = DeliveryState.PARKED if is_over else DeliveryState.WAITING
    return replace(after, tries=tries, due_at=now + wait, state=state)


def _standing(ws: Workspace, webhook: Webhook, answer: Answer, result: Outcome, now: datetime) -> Webhook:
    if result is Outcome.DELIVERED:
        return replace(webhook, failures=0, paused_until=None, delivered_at=now, error="")
    after = replace(webhook, failed_at=now, error=answer.error)
    if result is Outcome.REFUSED:
        return replace(after, failures=0, paused_until=None)
    failures = webhook.failures + 1
    pause = ws.webhooks.schedule.pause(failures, ws.webhooks.chance())
    asked = _asked(answer)
    if pause is None and not asked:
        return replace(after, failures=failures, paused_until=None)
    return replace(after, failures=failures, paused_until=now + max(pause or asked, asked))


def _asked(answer: Answer) -> timedelta:
    """How long the receiver asked to be left in peace."""
    return min(timedelta(seconds=answer.wait_s or 0), MOST_WAIT_ASKED)


def send_test(ws: Workspace, actor: Actor, slug: str, name: str, *, number: str) -> Answer:
    """Send a message that says nothing but that it is a test, now and once.

    Args:
        ws: the workspace.
        actor: who asks.
        slug: the project.
        name: of the webhook; it need not be on.
        number: something that no other test had, for the id.
    """
    actor.require(Permission.CONFIGURE)
    with ws.store.read() as tx:
        project = required_project(tx, slug)
        webhook = required_webhook(tx, project, name)
        seq = tx.head()[0]
    event = Told(f"{_PREFIX}{number}", seq, TESTED, slug, None, ws.clock(), actor.name, {"webhook": name})
    answer = _post(ws, slug, webhook, event)
    if outcome(answer) is Outcome.DELIVERED:
        ws.store.write(lambda tx: _is_back(tx, ws, webhook.id))
    return answer


def _is_back(tx: WriteTransaction, ws: Workspace, webhook_id: int) -> None:
    webhook = tx.webhook_by_id(webhook_id)
    if webhook is not None and webhook.failures:
        tx.put_receiver(replace(webhook, failures=0, paused_until=None, error=""))
        tx.hurry_deliveries(webhook_id, ws.clock())


def list_deliveries(
    ws: Workspace,
    actor: Actor,
    slug: str,
    name: str,
    *,
    state: DeliveryState | None = None,
    before: int | None = None,
    limit: int = 50,
) -> DeliveryPage:
    """The deliveries of a webhook, the newest first."""
    actor.require(Permission.READ)
    with ws.store.read() as tx:
        project = required_project(tx, slug)
        webhook = required_webhook(tx, project, name)
        rows = tx.deliveries(webhook.id, state=state and state.value, before=before, limit=limit + 1)
    return DeliveryPage(tuple(rows[:limit]), rows[limit - 1].seq if len(rows) > limit else None)


def send_again(
    ws: Workspace,
    actor: Actor,
    slug: str,
    name: str,
    *,
    delivery: str | None = None,
    remember: Remember | None = None,
) -> int:
    """Send a delivery again, or every parked one; returns how many. They go out under the ids they had.

    Raises:
        NotFound: there is no such delivery.
    """
    actor.require(Permission.CONFIGURE)

    def work(tx: WriteTransaction) -> int:
        project = required_project(tx, slug)
        webhook = required_webhook(tx, project, name)
        if delivery is not None and tx.delivery(webhook.id, delivery) is None:
            raise NotFound(
                f"cannot send delivery {delivery[:60]!r} again: webhook {name!r} has no such delivery (expected one of its list)",
                hint=f"assay webhook deliveries {name}",
                code="delivery-unknown",
                field="delivery",
            )
        at = ws.clock()
        count = tx.send_again(webhook.id, at, delivery_id=delivery)
        if count:
            tx.put_receiver(replace(webhook, failures=0, paused_until=None))
            facts = {"deliveries": count, "delivery": delivery}
            event = Event.of("webhook.sent_again", project=slug, subject=name, **facts)
            tx.append(event, actor=actor, at=at)
        return count

    return write_once(ws, remember, work)
