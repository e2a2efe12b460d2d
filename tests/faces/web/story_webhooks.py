"""A webhook of the story, as it stands after a while: some of what was told arrived, some was given up."""

from dataclasses import replace
from datetime import UTC, datetime

from assay.connectors.notifications.addresses import NamedHosts
from assay.connectors.notifications.post import WebhookPost
from assay.domain.notifications.events import EventType
from assay.workflows.webhook_delivery import KINDS
from assay.workflows.webhook_records import Delivery, DeliveryState
from assay.workflows.webhooks import add_webhook

NAME = "team-chat"
NEVER = datetime(2100, 1, 1, tzinfo=UTC)
ERROR = "it answers 400"


def add(ws, actor, slug):
    """Its server is inside, and nobody names it where the story is shown: nothing is ever sent there."""
    sender = WebhookPost(NamedHosts.of("10.1.2.3"))
    named = replace(ws, webhooks=replace(ws.webhooks, sender=sender))
    events = [one.value for one in EventType]
    return add_webhook(named, actor, slug, name=NAME, url="https://10.1.2.3/hooks/x", events=events).webhook


def tell_outcome(ws, slug, webhook):
    """The first events arrived or were given up; the receiver is left in peace for long."""

    def work(tx):
        states = (DeliveryState.DELIVERED, DeliveryState.PARKED, DeliveryState.DELIVERED)
        entries = tx.entries_of(slug, KINDS, after=0, most=len(states))
        told = [
            Delivery(
                f"delivery-{entry.seq}", webhook.id, entry.seq, "card.moved", entry.subject, state, tries=10 * (state is DeliveryState.PARKED),
                due_at=entry.at, first_tried_at=entry.at, tried_at=entry.at, status=204, error=ERROR if state is DeliveryState.PARKED else "",
            )
            for entry, state in zip(entries, states, strict=True)
        ]  # fmt: skip
        tx.add_deliveries(webhook.id, told, looked_at=tx.head()[0])
        at = entries[-1].at
        tx.put_receiver(
            replace(webhook, failures=4, paused_until=NEVER, delivered_at=at, failed_at=at, error=ERROR)
        )

    ws.store.write(work)
