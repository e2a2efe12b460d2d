"""When does the server sign the journal by itself?"""

import logging
from datetime import timedelta

import pytest
from sqlalchemy import create_engine, text

from assay.server.upkeep import Upkeep
from assay.workflows import journal
from assay.workflows.journal import keep_signed, list_checkpoints, verify_journal
from assay.workflows.tickets import create_ticket
from tests.unit.workflows.conftest import ADA, content


def sizes(ws):
    return [signed.checkpoint.size for signed in list_checkpoints(ws, ADA)]


def last(ws):
    return ws.store.last_seq()


def test_journal_is_signed_once_its_oldest_unsigned_entry_is_a_day_old(ws, clock):
    assert keep_signed(ws, ADA) is None
    clock.now += timedelta(days=1)
    assert keep_signed(ws, ADA).checkpoint.size == last(ws)
    clock.now += timedelta(days=9)
    assert keep_signed(ws, ADA) is None
    create_ticket(ws, ADA, "chatbot", content())
    assert keep_signed(ws, ADA) is None
    clock.now += timedelta(days=1)
    assert keep_signed(ws, ADA).checkpoint.size == last(ws)
    assert sizes(ws) == [last(ws) - 1, last(ws)]
    assert verify_journal(ws, ADA).covered == last(ws)


def test_journal_is_signed_when_many_entries_are_new(ws, monkeypatch):
    monkeypatch.setattr(journal, "UNSIGNED_ENTRIES", last(ws) + 1)
    assert keep_signed(ws, ADA) is None
    create_ticket(ws, ADA, "chatbot", content())
    assert keep_signed(ws, ADA).checkpoint.size == last(ws)
    create_ticket(ws, ADA, "chatbot", content())
    assert keep_signed(ws, ADA) is None


@pytest.mark.parametrize("interval_s", [0, 15])
def test_server_that_stops_signs_what_is_new_and_nothing_twice(ws, interval_s):
    for _ in range(2):
        upkeep = Upkeep(ws, interval_s=interval_s)
        upkeep.start()
        upkeep.stop()
        assert sizes(ws) == [last(ws)]


def test_server_stops_also_when_the_journal_cannot_be_signed(ws, store_url, caplog):
    engine = create_engine(store_url)
    off = {
        "sqlite": "DROP TRIGGER journal_refuses_update",
        "postgresql": "DROP TRIGGER journal_refuses_change ON journal",
    }
    with engine.begin() as connection:
        connection.execute(text(off[engine.name]))
        connection.execute(text("UPDATE journal SET hash = body WHERE seq = 1"))
    engine.dispose()
    upkeep = Upkeep(ws, interval_s=0)
    upkeep.start()
    with caplog.at_level(logging.WARNING, "assay.upkeep"):
        upkeep.stop()
    assert "the journal does not verify: entry 1 was altered" in caplog.text
    assert sizes(ws) == []
