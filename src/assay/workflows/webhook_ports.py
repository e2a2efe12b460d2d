"""What workflows about webhooks need from the outside: parts of the ports that live with all others in `ports`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from assay.domain.notifications.retries import Schedule

if TYPE_CHECKING:
    from assay.domain.notifications.events import Entry
    from assay.workflows.webhook_records import Delivery, Webhook


class WebhookReads(Protocol):
    """Who is told what, and how far that got?"""

    def webhooks(self, project_id: int) -> Sequence[Webhook]:
        """The webhooks of a project, by name."""
        ...

    def webhook(self, project_id: int, name: str) -> Webhook | None: ...
    def webhook_by_id(self, webhook_id: int) -> Webhook | None: ...
    def webhooks_with_work(self, kinds: Sequence[str], now: datetime, *, long_ago: int) -> Sequence[int]:
        """Webhooks that are on, that nothing pauses, and that have entries of these kinds to look at, or a try that is due.

        Those that looked at the journal `long_ago` are among them, so that what they have to look through stays short.
        """
        ...

    def deliveries_wait(self) -> bool:
        """Does any delivery wait for its next try?"""
        ...

    def entries_of(self, slug: str, kinds: Sequence[str], *, after: int, most: int) -> Sequence[Entry]:
        """The first entries of these kinds about tickets of a project after a number."""
        ...

    def verdict_entry_before(self, slug: str, subject: str, seq: int) -> Entry | None:
        """The newest computed verdict of a ticket before this entry."""
        ...

    def entry_at(self, seq: int) -> Entry | None: ...
    def due_deliveries(self, webhook_id: int, now: datetime, *, most: int) -> Sequence[Delivery]:
        """For each ticket its oldest waiting delivery, where that one's time has come; in the order of the journal."""
        ...

    def delivery(self, webhook_id: int, delivery_id: str) -> Delivery | None: ...
    def deliveries(
        self, webhook_id: int, *, state: str | None, before: int | None, limit: int
    ) -> Sequence[Delivery]:
        """The newest first; `before` is the number of a journal entry."""
        ...

    def delivery_counts(self, project_id: int) -> Mapping[int, Mapping[str, int]]:
        """How many deliveries of each webhook are in each state."""
        ...


class WebhookWrites(WebhookReads, Protocol):
    """What changes of it."""

    def add_webhook(self, webhook: Webhook) -> Webhook:
        """A new one; its id and version are given here."""
        ...

    def save_webhook(self, webhook: Webhook) -> bool:
        """Write what people set where the version still is `webhook.version`; False when it is not."""
        ...

    def remove_webhook(self, webhook_id: int) -> None: ...
    def lease_webhook(self, webhook_id: int, *, holder: str, until: datetime, now: datetime) -> bool:
        """May this process deliver for it until then? Not while another one does."""
        ...

    def free_webhook(self, webhook_id: int, *, holder: str) -> None:
        """Another process may take over."""
        ...

    def free_webhooks(self) -> None:
        """Nobody delivers for any of them."""
        ...

    def add_deliveries(self, webhook_id: int, deliveries: Iterable[Delivery], *, looked_at: int) -> None:
        """These wait from now on, and the journal is looked at up to this number."""
        ...

    def put_delivery(self, delivery: Delivery) -> bool:
        """How the delivery stands; False where it is gone."""
        ...

    def put_receiver(self, webhook: Webhook) -> None:
        """What is known of the receiver: failures in a row, pause, last delivery, last error."""
        ...

    def hurry_deliveries(self, webhook_id: int, now: datetime) -> None:
        """Whatever waits is due now: the receiver is back."""
        ...

    def send_again(self, webhook_id: int, now: datetime, *, delivery_id: str | None) -> int:
        """Parked deliveries, or this one in whatever state, wait again from the first try on; returns how many."""
        ...

    def forget_delivered(self, webhook_id: int, *, before: datetime) -> None:
        """Drop what was delivered before then."""
        ...


@dataclass(frozen=True, slots=True)
class Answer:
    """What a receiver said to one message."""

    status: int | None
    """Number of the HTTP answer; None where none came."""
    error: str
    """Why it is not delivered; empty when it is. Nothing of what the receiver wrote is in it."""
    refused: bool = False
    """It was not sent: its address may not be asked."""
    took_s: float = 0.0
    wait_s: float | None = None
    """The receiver asks to be left in peace for so long."""


class MessageSender(Protocol):
    """Sends messages to the outside."""

    def send(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer: ...
    def check(self, url: str) -> None:
        """Invalid where this address may not be asked."""
        ...


class Sealer(Protocol):
    """Keeps words that must not be readable in the database."""

    def seal(self, words: str, *, of: str) -> bytes: ...
    def open(self, sealed: bytes, *, of: str) -> str: ...


@dataclass(frozen=True, slots=True)
class WebhookTools:
    """What delivering needs of the outside."""

    sender: MessageSender
    seals: Sealer
    new_secret: Callable[[], str]
    chance: Callable[[], float]
    """A number from 0 up to 1: spreads tries."""
    link_base: str
    """Address under which people reach this installation, without a slash at its end."""
    alone: bool = False
    """No other process can use the store."""
    schedule: Schedule = field(default_factory=Schedule)
