"""How the server looks at trackers: a slow one holds up no other, and how old a look is stays known."""

import threading
from datetime import timedelta

import pytest

from assay.errors import Unavailable
from assay.server import upkeep as upkeep_module
from assay.server.upkeep import Upkeep
from assay.workflows.evidence import connect_source, list_sources, sync_source
from assay.workflows.journal import journal_page
from assay.workflows.ports import SyncBatch
from tests.unit.workflows.conftest import ADA

SLUG = "chatbot"


class Tracker:
    """Has nothing new after its first look; `answers` lets it answer at all."""

    def __init__(self):
        self.answers = threading.Event()
        self.answers.set()
        self.asked = 0
        self.error = None

    def changes(self, source, known):
        self.asked += 1
        assert self.answers.wait(20)
        if self.error is not None:
            raise self.error
        if not source.cursor:
            yield SyncBatch(runs=(), gone=(), cursor={"at": 1}, done=0, total=0, blobs={})

    def check(self, source):
        return "a tracker"


def connected(ws, kind):
    ws.sources[kind] = tracker = Tracker()
    connect_source(ws, ADA, SLUG, kind=kind, uri=f"memory-{kind}", name=kind)
    return tracker


def last_looks(ws):
    return {source.name: source.last_sync_at for source in list_sources(ws, ADA, SLUG)}


def test_tracker_that_does_not_answer_holds_up_no_other_and_is_not_asked_twice(ws, monkeypatch):
    monkeypatch.setattr(upkeep_module, "SOON_S", 0.5)
    slow, quick = connected(ws, "a-slow"), connected(ws, "b-quick")
    slow.answers.clear()
    upkeep = Upkeep(ws, interval_s=0)
    upkeep._round(judge=False)
    assert (slow.asked, last_looks(ws)["a-slow"]) == (1, None)
    upkeep._round(judge=False)
    for look in upkeep._looks.values():
        assert look.is_alive()
    assert (slow.asked, quick.asked) == (1, 2)
    slow.answers.set()
    for look in tuple(upkeep._looks.values()):
        look.join(20)
    assert last_looks(ws)["a-slow"] is not None
    upkeep._round(judge=False)
    for look in tuple(upkeep._looks.values()):
        look.join(20)
    assert slow.asked == 2
    upkeep.stop()


def test_look_that_finds_nothing_is_noted_once_a_minute_and_journaled_never(ws, clock):
    connected(ws, "lab")
    sync_source(ws, ADA, SLUG, "lab")
    first, entries = last_looks(ws)["lab"], journal_page(ws, ADA, project=SLUG).rows[0].seq
    clock.now = first - timedelta(seconds=30)  # a minute passes at each look at the clock
    sync_source(ws, ADA, SLUG, "lab")
    assert last_looks(ws)["lab"] == first
    clock.now += timedelta(minutes=3)
    sync_source(ws, ADA, SLUG, "lab")
    assert last_looks(ws)["lab"] - first >= timedelta(minutes=3)
    assert journal_page(ws, ADA, project=SLUG).rows[0].seq == entries


def test_look_that_fails_leaves_the_time_of_the_last_one_that_came_through(ws, clock):
    tracker = connected(ws, "lab")
    sync_source(ws, ADA, SLUG, "lab")
    first = last_looks(ws)["lab"]
    clock.now += timedelta(hours=3)
    tracker.error = Unavailable("cannot read tracker: it is away", hint="wait")
    with pytest.raises(Unavailable):
        sync_source(ws, ADA, SLUG, "lab")
    assert last_looks(ws)["lab"] == first
    assert list_sources(ws, ADA, SLUG)[0].last_sync_error == "cannot read tracker: it is away"
