"""What must every store do with webhooks and deliveries? Part of the storage contract."""

from __future__ import annotations

from dataclasses import replace

from assay.domain.kernel.events import Event
from assay.testing.storage_samples import ADA, AT, later, new_project, new_ticket
from assay.workflows.ports import Store, WriteTransaction
from assay.workflows.records import Project
from assay.workflows.webhook_records import Delivery, DeliveryState, Webhook

MOVED = ("ticket.moved",)


def put_webhook(store: Store, project: Project, name: str = "chat") -> Webhook:
    """A webhook that has looked at the whole journal."""
    made = Webhook(
        id=0, project_id=project.id, name=name, target="https://hooks.example.org/...", sealed=b"\x00sealed\xff",
        events=("kill.suggested", "card.moved"), form="json", enabled=True, version=0, by="ada π", at=AT, looked_at=0,
    )  # fmt: skip

    def work(tx: WriteTransaction) -> Webhook:
        return tx.add_webhook(replace(made, looked_at=tx.head()[0]))

    return store.write(work)


def put_deliveries(store: Store, webhook: Webhook, *of: tuple[int, str]) -> list[Delivery]:
    """Deliveries of these entries about these tickets, due at `AT`."""
    made = [
        Delivery(f"id-{seq}", webhook.id, seq, "card.moved", key, DeliveryState.WAITING, tries=0, due_at=AT)
        for seq, key in of
    ]
    store.write(lambda tx: tx.add_deliveries(webhook.id, made, looked_at=max(seq for seq, _ in of)))
    return made


def with_work(store: Store, minutes: int = 0) -> list[int]:
    """The webhooks that have something to do then."""
    with store.read() as tx:
        return list(tx.webhooks_with_work(MOVED, later(minutes), long_ago=0))


class WebhookContract:
    """The tests; the fixture `store` is an empty store."""

    def test_webhook_is_read_back_as_written_and_changed_only_in_the_version_that_was_seen(
        self, store: Store
    ) -> None:
        project = new_project(store)
        made = put_webhook(store, project)
        changed = replace(made, events=("card.moved",), enabled=False, at=later(1))
        assert store.write(lambda tx: tx.save_webhook(changed))
        assert not store.write(lambda tx: tx.save_webhook(changed))
        standing = replace(
            changed,
            failures=3,
            paused_until=later(9),
            delivered_at=AT,
            failed_at=later(2),
            error="it answers 500",
        )
        store.write(lambda tx: tx.put_receiver(standing))
        with store.read() as tx:
            expected = replace(standing, version=made.version + 1)
            assert tx.webhook(project.id, "chat") == tx.webhook_by_id(made.id) == expected
            assert list(tx.webhooks(project.id)) == [expected]
            assert tx.webhook(project.id, "other") is None

    def test_webhook_has_work_when_an_entry_of_its_project_came_or_a_try_is_due(self, store: Store) -> None:
        project, other = new_project(store), new_project(store, "other")
        webhook = put_webhook(store, project)
        assert with_work(store) == []

        def moved(slug: str) -> int:
            event = Event.of("ticket.moved", project=slug, subject="EXP-1", before="a", after="b")
            return store.write(lambda tx: tx.append(event, actor=ADA, at=AT))

        moved(other.slug)
        assert with_work(store) == []
        seq = moved(project.slug)
        assert with_work(store) == [webhook.id]
        with store.read() as tx:
            [entry] = tx.entries_of(project.slug, MOVED, after=webhook.looked_at, most=5)
            assert (entry.seq, entry.payload["after"], tx.entry_at(seq)) == (seq, "b", entry)
        put_deliveries(store, webhook, (seq, "EXP-1"))
        assert with_work(store, -1) == []
        assert with_work(store) == [webhook.id]
        store.write(lambda tx: tx.put_receiver(replace(webhook, paused_until=later(5))))
        assert (with_work(store, 4), with_work(store, 5)) == ([], [webhook.id])

    def test_only_one_process_delivers_for_a_webhook_until_its_time_is_over(self, store: Store) -> None:
        webhook = put_webhook(store, new_project(store))

        def lease(holder: str, minutes: int) -> bool:
            return store.write(
                lambda tx: tx.lease_webhook(
                    webhook.id, holder=holder, until=later(minutes + 1), now=later(minutes)
                )
            )

        assert [lease("one", 0), lease("one", 0), lease("two", 0), lease("two", 1)] == [
            True,
            True,
            False,
            True,
        ]
        store.write(lambda tx: tx.free_webhook(webhook.id, holder="one"))
        assert not lease("one", 1)
        store.write(lambda tx: tx.free_webhook(webhook.id, holder="two"))
        assert lease("one", 1)

    def test_deliveries_of_a_ticket_are_due_one_after_another_and_those_of_others_beside_them(
        self, store: Store
    ) -> None:
        project = new_project(store)
        new_ticket(store, project)
        webhook = put_webhook(store, project)
        first, second, other = put_deliveries(store, webhook, (1, "EXP-1"), (2, "EXP-1"), (3, "EXP-2"))

        def due(minutes: int = 0) -> list[Delivery]:
            with store.read() as tx:
                return list(tx.due_deliveries(webhook.id, later(minutes), most=9))

        assert due() == [first, other]
        failed = replace(
            first,
            tries=1,
            due_at=later(5),
            first_tried_at=AT,
            tried_at=AT,
            status=500,
            error="it answers 500",
        )
        store.write(lambda tx: tx.put_delivery(failed))
        assert (due(), due(5)) == ([other], [failed, other])
        store.write(lambda tx: tx.hurry_deliveries(webhook.id, AT))
        assert due() == [replace(failed, due_at=AT), other]
        store.write(lambda tx: tx.put_delivery(replace(failed, state=DeliveryState.PARKED)))
        assert due() == [second, other]

    def test_given_up_deliveries_are_sent_again_and_delivered_ones_forgotten(self, store: Store) -> None:
        project = new_project(store)
        webhook = put_webhook(store, project)
        one, two, three = put_deliveries(store, webhook, (1, "EXP-1"), (2, "EXP-2"), (3, "EXP-3"))

        def work(tx: WriteTransaction) -> None:
            tx.put_delivery(replace(one, state=DeliveryState.PARKED, tries=9))
            tx.put_delivery(replace(two, state=DeliveryState.DELIVERED, tried_at=later(1)))
            assert tx.delivery_counts(project.id)[webhook.id] == {"parked": 1, "delivered": 1, "waiting": 1}
            assert [d.id for d in tx.deliveries(webhook.id, state=None, before=None, limit=2)] == [
                three.id,
                two.id,
            ]
            assert [d.id for d in tx.deliveries(webhook.id, state="parked", before=3, limit=9)] == [one.id]
            tx.forget_delivered(webhook.id, before=later(1))
            assert tx.delivery(webhook.id, two.id) is not None
            assert tx.send_again(webhook.id, later(3), delivery_id=None) == 1
            assert tx.delivery(webhook.id, one.id) == replace(one, due_at=later(3))
            assert tx.send_again(webhook.id, later(3), delivery_id=two.id) == 1
            assert tx.send_again(webhook.id, later(3), delivery_id="none") == 0
            tx.put_delivery(replace(two, state=DeliveryState.DELIVERED, tried_at=later(1)))
            tx.forget_delivered(webhook.id, before=later(2))
            assert tx.delivery(webhook.id, two.id) is None
            tx.remove_webhook(webhook.id)
            assert not tx.deliveries_wait()

        store.write(work)
