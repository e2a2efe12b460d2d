"""The server tells webhooks by itself: in threads that stop when it does, and beside whoever else delivers."""

import threading
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from assay.server import outbox
from assay.server.outbox import Outbox
from assay.workflows.webhook_delivery import deliver_webhook, has_work
from assay.workflows.webhooks import add_webhook
from tests.support.webhooks import receiver
from tests.unit.workflows.conftest import ADA
from tests.unit.workflows.test_life_of_an_experiment import SLUG
from tests.unit.workflows.test_webhooks import moved

QUICK_S = 0.01


@pytest.fixture
def ws(ws):
    yield replace(ws, clock=lambda: datetime.now(UTC))
    for thread in threading.enumerate():
        if thread.name.startswith(("assay-outbox", "assay-webhook")):
            thread.join(timeout=30)  # before the store is closed below it
            assert not thread.is_alive()


def add(ws, url, name="chat"):
    return add_webhook(ws, ADA, SLUG, name=name, url=url, events=["card.moved"]).webhook.id


def all_arrived(there, count):
    done = threading.Event()

    def answers(_):
        if len(there.got) >= count:
            done.set()
        return 204

    there.answers = answers
    return done


def test_event_is_told_without_being_asked_although_another_receiver_hangs(ws, monkeypatch):
    monkeypatch.setattr(outbox, "STOP_WAIT_S", 0.1)
    released = threading.Event()
    with receiver(lambda _: released.wait(30) and 204) as hangs, receiver() as there:
        add(ws, hangs.url, "hangs")
        add(ws, there.url)
        arrived = all_arrived(there, 2)
        running = Outbox(ws, look_every_s=QUICK_S)
        running.start()
        moved(ws, "EXP-1")
        moved(ws, "EXP-2")
        assert arrived.wait(30)
        running.stop()  # although a try is under way
        released.set()
    assert Counter(one.data["ticket"] for one in there.got) == {"EXP-1": 1, "EXP-2": 1}


def test_try_that_was_under_way_when_the_server_stopped_is_made_again_under_the_same_id(ws, monkeypatch):
    monkeypatch.setattr(outbox, "STOP_WAIT_S", 0.0)
    asked, released = threading.Event(), threading.Event()

    def hangs(_):
        asked.set()
        released.wait(30)

    ws = replace(ws, webhooks=replace(ws.webhooks, alone=True))
    with receiver(hangs) as there:
        number = add(ws, there.url)
        moved(ws, "EXP-1")
        first = Outbox(ws, look_every_s=QUICK_S)
        first.start()
        assert asked.wait(30)
        first.stop()
        assert has_work(ws) == ()  # held by the one that stopped
        arrived = all_arrived(there, 2)
        second = Outbox(ws, look_every_s=QUICK_S)
        second.start()
        assert arrived.wait(30)
        second.stop()
        released.set()
        assert len({one.id for one in there.got}) == 1
    assert deliver_webhook(ws, number, holder="x").delivered == 0


def test_two_processes_that_deliver_at_the_same_time_send_each_event_once(ws):
    with receiver() as there:
        number = add(ws, there.url)
        for count in range(20):
            moved(ws, f"EXP-{count % 3}", str(count))

        threads = [
            threading.Thread(target=deliver_webhook, args=(ws, number), kwargs={"holder": name})
            for name in ("one", "two")
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert set(Counter(one.id for one in there.got).values()) == {1}
    assert len(there.got) == 20
