"""Webhooks, and the events on their way to them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Text, and_, bindparam, delete, exists, func, insert, null, or_, select, update

from assay.domain.notifications.events import Entry
from assay.storage.session import Row, Session, Statement, any_of, from_json, in_list, to_json
from assay.storage.tables import journal, projects, webhook_deliveries, webhooks
from assay.workflows.webhook_records import Delivery, DeliveryState, Webhook

_W, _D, _J = webhooks.c, webhook_deliveries.c, journal.c
WAITING = "waiting"
_HOOK = (
    _W.id, _W.project_id, _W.name, _W.target, _W.sealed, _W.events, _W.form, _W.enabled, _W.version, _W.by, _W.at, _W.looked_at,
    _W.failures, _W.paused_until, _W.delivered_at, _W.failed_at, _W.error,
)  # fmt: skip
_DELIVERY = (
    _D.id, _D.webhook_id, _D.seq, _D.type, _D.ticket, _D.state, _D.tries, _D.due_at, _D.first_tried_at, _D.tried_at, _D.status, _D.error,
)  # fmt: skip
_BY_ID = _W.id == bindparam("the_webhook")
_OF_HOOK = _D.webhook_id == bindparam("the_webhook")
OF_PROJECT = Statement(select(*_HOOK).where(_W.project_id == bindparam("the_project")).order_by(_W.name))
ONE = Statement(
    select(*_HOOK).where(_W.project_id == bindparam("the_project"), _W.name == bindparam("the_name"))
)
BY_ID = Statement(select(*_HOOK).where(_BY_ID))
WITH_WORK = Statement(
    lambda engine: (
        select(_W.id)
        .join_from(webhooks, projects, projects.c.id == _W.project_id)
        .where(
            _W.enabled == 1,
            or_(_W.paused_until.is_(None), _W.paused_until <= bindparam("now")),
            or_(_W.held_until.is_(None), _W.held_until <= bindparam("now")),
            or_(
                _W.looked_at < bindparam("long_ago"),
                exists().where(
                    in_list(engine, _J.kind, "kinds"),
                    _J.seq > _W.looked_at,
                    func.coalesce(_J.project, "") == projects.c.slug,
                ),
                exists().where(_D.webhook_id == _W.id, _D.state == WAITING, _D.due_at <= bindparam("now")),
            ),
        )
        .order_by(_W.id)
    )
)
ANY_WAITS = Statement(select(_D.seq).where(_D.state == WAITING).limit(1))
ENTRIES = Statement(
    lambda engine: (
        select(_J.body)
        .where(
            in_list(engine, _J.kind, "kinds"),
            _J.seq > bindparam("after"),
            func.coalesce(_J.project, "") == bindparam("project"),
        )
        .order_by(_J.seq)
        .limit(bindparam("most"))
    )
)
VERDICT_BEFORE = Statement(
    select(_J.body)
    .where(
        _J.subject == bindparam("subject"),
        _J.seq < bindparam("before"),
        func.coalesce(_J.kind, "") == "verdict.computed",
        func.coalesce(_J.project, "") == bindparam("project"),
    )
    .order_by(_J.seq.desc())
    .limit(1)
)
ENTRY_AT = Statement(select(_J.body).where(_J.seq == bindparam("the_seq")))
_earlier = webhook_deliveries.alias("earlier")
DUE = Statement(
    select(*_DELIVERY)
    .where(
        _OF_HOOK,
        _D.state == WAITING,
        _D.due_at <= bindparam("now"),
        ~exists().where(
            _earlier.c.webhook_id == _D.webhook_id,
            _earlier.c.ticket == _D.ticket,
            _earlier.c.seq < _D.seq,
            _earlier.c.state == WAITING,
        ),
    )
    .order_by(_D.seq)
    .limit(bindparam("most"))
)
DELIVERY = Statement(select(*_DELIVERY).where(_OF_HOOK, _D.id == bindparam("the_delivery")))
LISTED = Statement(
    select(*_DELIVERY)
    .where(
        _OF_HOOK,
        or_(bindparam("the_state", type_=Text()) == "", _D.state == bindparam("the_state", type_=Text())),
        _D.seq < bindparam("before"),
    )
    .order_by(_D.seq.desc())
    .limit(bindparam("most"))
)
COUNTS = Statement(
    select(_D.webhook_id, _D.state, func.count())
    .join_from(webhook_deliveries, webhooks, _W.id == _D.webhook_id)
    .where(_W.project_id == bindparam("the_project"))
    .group_by(_D.webhook_id, _D.state)
)
_SET = ("name", "target", "sealed", "events", "form", "enabled", "by", "at", "looked_at")
_STANDING = ("failures", "paused_until", "delivered_at", "failed_at", "error")
ADD = Statement(insert(webhooks).returning(_W.id), ("project_id", "version", *_SET, *_STANDING))
SAVE = Statement(
    update(webhooks).where(_BY_ID, _W.version == bindparam("seen")).values(version=_W.version + 1),
    _SET,
)
RECEIVER = Statement(update(webhooks).where(_BY_ID), _STANDING)
REMOVE = Statement(delete(webhooks).where(_BY_ID))
REMOVE_ALL = Statement(delete(webhook_deliveries).where(_OF_HOOK))
LEASE = Statement(
    update(webhooks).where(
        _BY_ID,
        or_(
            _W.held_until.is_(None),
            _W.held_until <= bindparam("now"),
            _W.holder == bindparam("the_holder"),
        ),
    ),
    ("holder", "held_until"),
)
FREE = Statement(
    update(webhooks)
    .where(_BY_ID, _W.holder == bindparam("the_holder"))
    .values(holder=null(), held_until=null())
)
FREE_ALL = Statement(update(webhooks).values(holder=null(), held_until=null()))
LOOKED = Statement(update(webhooks).where(_BY_ID), ("looked_at",))
_TRY = ("state", "tries", "due_at", "first_tried_at", "tried_at", "status", "error")
TAKE_OVER = Statement(insert(webhook_deliveries), ("webhook_id", "seq", "id", "type", "ticket", *_TRY))
PUT = Statement(update(webhook_deliveries).where(_OF_HOOK, _D.seq == bindparam("the_seq")), _TRY)
HURRY = Statement(
    update(webhook_deliveries).where(_OF_HOOK, _D.state == WAITING, _D.due_at > bindparam("now")),
    ("due_at",),
)
AGAIN = Statement(
    update(webhook_deliveries)
    .where(
        _OF_HOOK,
        or_(
            and_(bindparam("the_delivery", type_=Text()) == "", _D.state == "parked"),
            _D.id == bindparam("the_delivery", type_=Text()),
        ),
    )
    .values(state=WAITING, tries=0, first_tried_at=null()),
    ("due_at",),
)
FORGET = Statement(
    delete(webhook_deliveries).where(_OF_HOOK, _D.state == "delivered", _D.tried_at < bindparam("before"))
)
_END = 2**62


class WebhookReader(Session):
    """Who is told what, and how far that got?"""

    __slots__ = ()

    def webhooks(self, project_id: int) -> Sequence[Webhook]:
        """The webhooks of a project, by name."""
        return [_webhook(row) for row in self.rows(OF_PROJECT, the_project=project_id)]

    def webhook(self, project_id: int, name: str) -> Webhook | None:
        """One of them."""
        row = self.row(ONE, the_project=project_id, the_name=name)
        return None if row is None else _webhook(row)

    def webhook_by_id(self, webhook_id: int) -> Webhook | None:
        """The same, of any project."""
        row = self.row(BY_ID, the_webhook=webhook_id)
        return None if row is None else _webhook(row)

    def webhooks_with_work(self, kinds: Sequence[str], now: datetime, *, long_ago: int) -> Sequence[int]:
        """Webhooks that are on, not left in peace and held by nobody, with entries to look at or a try that is due."""
        wanted = any_of(self.engine, kinds)
        return [found for (found,) in self.rows(WITH_WORK, kinds=wanted, now=now, long_ago=long_ago)]

    def deliveries_wait(self) -> bool:
        """Does any delivery wait for its next try?"""
        return self.row(ANY_WAITS) is not None

    def entries_of(self, slug: str, kinds: Sequence[str], *, after: int, most: int) -> Sequence[Entry]:
        """The first entries of these kinds of a project after a number."""
        wanted = any_of(self.engine, kinds)
        rows = self.rows(ENTRIES, project=slug, kinds=wanted, after=after, most=most)
        return [_entry(row) for row in rows]

    def verdict_entry_before(self, slug: str, subject: str, seq: int) -> Entry | None:
        """The newest computed verdict of a ticket before this entry."""
        row = self.row(VERDICT_BEFORE, project=slug, subject=subject, before=seq)
        return None if row is None else _entry(row)

    def entry_at(self, seq: int) -> Entry | None:
        """The entry of this number."""
        row = self.row(ENTRY_AT, the_seq=seq)
        return None if row is None else _entry(row)

    def due_deliveries(self, webhook_id: int, now: datetime, *, most: int) -> Sequence[Delivery]:
        """For each ticket its oldest waiting delivery, where that one's time has come; in the order of the journal."""
        return [_delivery(row) for row in self.rows(DUE, the_webhook=webhook_id, now=now, most=most)]

    def delivery(self, webhook_id: int, delivery_id: str) -> Delivery | None:
        """One delivery."""
        row = self.row(DELIVERY, the_webhook=webhook_id, the_delivery=delivery_id)
        return None if row is None else _delivery(row)

    def deliveries(
        self, webhook_id: int, *, state: str | None, before: int | None, limit: int
    ) -> Sequence[Delivery]:
        """The newest first; `before` is the number of a journal entry."""
        until = _END if before is None else min(before, _END)
        rows = self.rows(LISTED, the_webhook=webhook_id, the_state=state or "", before=until, most=limit)
        return [_delivery(row) for row in rows]

    def delivery_counts(self, project_id: int) -> Mapping[int, Mapping[str, int]]:
        """How many deliveries of each webhook are in each state."""
        found: dict[int, dict[str, int]] = {}
        for webhook_id, state, count in self.rows(COUNTS, the_project=project_id):
            found.setdefault(webhook_id, {})[state] = count
        return found


class WebhookWriter(WebhookReader):
    """Changes of it."""

    __slots__ = ()

    def add_webhook(self, webhook: Webhook) -> Webhook:
        """A new one; its id and version are given here."""
        (number,) = self.one(
            ADD, project_id=webhook.project_id, version=1, **_written(webhook), **_standing(webhook)
        )
        return replace(webhook, id=number, version=1)

    def save_webhook(self, webhook: Webhook) -> bool:
        """Write what people set where the version still is `webhook.version`; False when it is not."""
        return bool(self.execute(SAVE, the_webhook=webhook.id, seen=webhook.version, **_written(webhook)))

    def remove_webhook(self, webhook_id: int) -> None:
        """Forget it, with all of its deliveries."""
        self.execute(REMOVE_ALL, the_webhook=webhook_id)
        self.execute(REMOVE, the_webhook=webhook_id)

    def lease_webhook(self, webhook_id: int, *, holder: str, until: datetime, now: datetime) -> bool:
        """May this process deliver for it until then? Not while another one does."""
        leased = self.execute(
            LEASE, the_webhook=webhook_id, the_holder=holder, holder=holder, held_until=until, now=now
        )
        return bool(leased)

    def free_webhook(self, webhook_id: int, *, holder: str) -> None:
        """Another process may take over."""
        self.execute(FREE, the_webhook=webhook_id, the_holder=holder)

    def free_webhooks(self) -> None:
        """Nobody delivers for any of them."""
        self.execute(FREE_ALL)

    def add_deliveries(self, webhook_id: int, deliveries: Iterable[Delivery], *, looked_at: int) -> None:
        """These wait from now on, and the journal is looked at up to this number."""
        rows = [
            {"webhook_id": webhook_id, "seq": one.seq, "id": one.id, "type": one.type, "ticket": one.ticket, **_tried(one)}
            for one in deliveries
        ]  # fmt: skip
        self.execute_many(TAKE_OVER, rows)
        self.execute(LOOKED, the_webhook=webhook_id, looked_at=looked_at)

    def put_delivery(self, delivery: Delivery) -> bool:
        """How the delivery stands; False where it is gone."""
        return bool(
            self.execute(PUT, the_webhook=delivery.webhook_id, the_seq=delivery.seq, **_tried(delivery))
        )

    def put_receiver(self, webhook: Webhook) -> None:
        """What is known of the receiver."""
        self.execute(RECEIVER, the_webhook=webhook.id, **_standing(webhook))

    def hurry_deliveries(self, webhook_id: int, now: datetime) -> None:
        """Whatever waits is due now."""
        self.execute(HURRY, the_webhook=webhook_id, now=now, due_at=now)

    def send_again(self, webhook_id: int, now: datetime, *, delivery_id: str | None) -> int:
        """Parked deliveries, or this one in whatever state, wait again from the first try on; returns how many."""
        return self.execute(AGAIN, the_webhook=webhook_id, the_delivery=delivery_id or "", due_at=now)

    def forget_delivered(self, webhook_id: int, *, before: datetime) -> None:
        """Drop what was delivered before then."""
        self.execute(FORGET, the_webhook=webhook_id, before=before)


def _written(webhook: Webhook) -> dict[str, object]:
    return {
        "name": webhook.name, "target": webhook.target, "sealed": webhook.sealed, "events": to_json(list(webhook.events)),
        "form": webhook.form, "enabled": int(webhook.enabled), "by": webhook.by, "at": webhook.at, "looked_at": webhook.looked_at,
    }  # fmt: skip


def _standing(webhook: Webhook) -> dict[str, object]:
    return {name: getattr(webhook, name) for name in _STANDING}


def _tried(delivery: Delivery) -> dict[str, object]:
    return {name: getattr(delivery, name) for name in _TRY} | {"state": delivery.state.value}


def _webhook(row: Row) -> Webhook:
    number, project, name, target, sealed, events, form, enabled, version, by, at, looked_at, *standing = row
    return Webhook(
        number, project, name, target, bytes(sealed), tuple(from_json(events)), form, bool(enabled), version, by, at, looked_at,
        *standing,
    )  # fmt: skip


def _delivery(row: Row) -> Delivery:
    number, webhook, seq, kind, ticket, state, *tried = row
    return Delivery(number, webhook, seq, kind, ticket, DeliveryState(state), *tried)


def _entry(row: Row) -> Entry:
    """What the hashed bytes say: the columns beside them are only there to filter by."""
    said = from_json(bytes(row[0]))
    at = datetime.fromisoformat(said["at"])
    return Entry(said["seq"], at, said["actor"], said["kind"], said["subject"], said["payload"])
