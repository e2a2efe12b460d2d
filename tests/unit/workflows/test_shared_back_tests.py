"""Several servers of one database work a back-test out once, on both databases."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from assay.workflows.backtest import back_test_rules, past_digest
from assay.workflows.evidence import connect_source, sync_source
from assay.workflows.journal import verify_journal
from assay.workflows.shared_back_tests import LEASE, shared_back_test
from tests.unit.workflows.conftest import ADA, START
from tests.unit.workflows.test_backtest import trained
from tests.unit.workflows.test_life_of_an_experiment import SLUG, start


@pytest.fixture
def past(ws, tracker, clock):
    """A winner and runs that lose, over the values of a metric that grows."""
    connect_source(ws, ADA, SLUG, kind="listed", uri="memory", name="listed")
    ticket = start(ws)
    for number, end in enumerate((0.9, 0.7, 0.6, 0.5)):
        tracker.put(trained(ticket.key, number, np.linspace(0.1, end, 12).tolist(), clock))
    sync_source(ws, ADA, SLUG, "listed")
    return replace(ws, clock=lambda: START + timedelta(days=2))


class Server:
    """One of several: which work it did, and how often it waited."""

    def __init__(self, ws, name):
        self.ws, self.name, self.worked, self.waited = ws, name, 0, 0

    def ask(self, *, meanwhile=lambda: None, wait=None):
        def work(still_at_it):
            self.worked += 1
            still_at_it()
            meanwhile()
            return back_test_rules(
                self.ws, ADA, SLUG, chance=lambda: np.random.default_rng(1), newest=500,
                at_work=lambda *_: still_at_it(),
            )  # fmt: skip

        def waits(seconds):
            self.waited += 1
            if wait is not None:
                wait()

        digest = past_digest(self.ws, ADA, SLUG, newest=500)
        return shared_back_test(
            self.ws, SLUG, newest=500, digest=digest, worker=self.name, work=work, wait=waits
        )


class StopWaiting(Exception):
    pass


def test_answer_of_one_server_is_that_of_all_others_until_something_changed(past, tracker, clock):
    first, second = Server(past, "first"), Server(past, "second")
    found = first.ask()
    assert found.runs == 4
    assert second.ask() == found
    assert (first.worked, second.worked, second.waited) == (1, 0, 0)
    tracker.put(trained("EXP-1", 9, np.linspace(0.1, 0.8, 12).tolist(), clock))
    sync_source(past, ADA, SLUG, "listed")
    assert second.ask().runs == 5
    assert second.worked == 1
    assert verify_journal(past, ADA).ok


def test_server_waits_while_another_is_at_work_and_takes_its_turn_when_that_is_gone(past):
    first, second = Server(past, "first"), Server(past, "second")

    def other():
        def stop():
            raise StopWaiting

        with pytest.raises(StopWaiting):
            second.ask(wait=stop)

    found = first.ask(meanwhile=other)
    assert (first.worked, second.worked, second.waited) == (1, 0, 1)
    assert second.ask() == found

    def dies():
        raise StopWaiting

    # Another number of runs is another question; its worker dies, and after a while somebody else takes it up.
    late = Server(replace(past, clock=lambda: past.clock() + 2 * LEASE), "late")
    digest = past_digest(past, ADA, SLUG, newest=7)
    with pytest.raises(StopWaiting):
        shared_back_test(
            past, SLUG, newest=7, digest=digest, worker="gone", work=lambda _: dies(), wait=print
        )
    assert late.ask().runs == 4
    view = shared_back_test(
        late.ws, SLUG, newest=7, digest=digest, worker="late", work=lambda _: found, wait=print
    )
    assert view == found
