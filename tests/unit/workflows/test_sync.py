"""How the portions of a sync reach the store: in turn, each durable, whatever happens to the next one."""

import re
from dataclasses import replace

import pytest

from assay.errors import Refused, Unavailable
from assay.workflows.decisions import may_be_decided
from assay.workflows.evidence import attach_run, connect_source, get_run, list_runs, list_sources, sync_source
from assay.workflows.journal import journal_page
from assay.workflows.ports import SyncBatch
from assay.workflows.ticket_page import ticket_page
from assay.workflows.tickets import create_ticket, delete_ticket, get_ticket
from tests.unit.workflows.conftest import ADA, content, run

SLUG = "chatbot"


class InPortions:
    """A tracker that gives these portions of runs, and then stops with an error where it has one."""

    def __init__(self, *portions, error=None, asks=False, cursors=None):
        self.portions = portions
        self.cursors = cursors or [{"at": number} for number in range(len(portions))]
        self.error = error
        self.asks = asks
        self.told = []

    def changes(self, source, known):
        done = 0
        for number, runs in enumerate(self.portions):
            done += len(runs)
            yield SyncBatch(runs=runs, gone=(), cursor=self.cursors[number], done=done, total=None, blobs={})
            if self.asks:
                self.told.append(sorted(known()))
        if self.error is not None:
            raise self.error

    def check(self, source):
        return "in portions"


@pytest.fixture
def portions(clock):
    return [
        tuple(run("EXP-1", seed, 0.7, 0.8, begun=clock()) for seed in part) for part in ((1, 2), (3,), (4, 5))
    ]


def connected(ws, tracker):
    ws.sources["listed"] = tracker
    connect_source(ws, ADA, SLUG, kind="listed", uri="memory", name="listed")


def kept(ws):
    return sorted(row.run_id for row in list_runs(ws, ADA, SLUG).rows)


def ids(portions):
    return sorted(f"listed:{one.external_id}" for part in portions for one in part)


def test_every_portion_is_kept_and_told_once_it_is(ws, portions):
    connected(ws, InPortions(*portions))
    told = []
    report = sync_source(ws, ADA, SLUG, "listed", on_progress=lambda p: told.append((p.done, len(kept(ws)))))
    assert [done for done, _ in told] == [2, 3, 5]
    assert all(there >= done for done, there in told)
    assert (report.seen, report.changed, kept(ws)) == (5, 5, ids(portions))
    assert list_sources(ws, ADA, SLUG)[0].cursor == {"at": 2}


def test_reader_that_asks_what_is_known_is_told_of_the_portion_it_gave_last(ws, portions):
    tracker = InPortions(*portions, asks=True)
    connected(ws, tracker)
    sync_source(ws, ADA, SLUG, "listed")
    assert [len(known) for known in tracker.told] == [2, 3, 5]


def test_portions_before_a_failure_of_the_tracker_are_kept_with_their_cursor(ws, portions):
    connected(ws, InPortions(*portions, error=Unavailable("cannot read tracker: it went away")))
    with pytest.raises(Unavailable):
        sync_source(ws, ADA, SLUG, "listed")
    (source,) = list_sources(ws, ADA, SLUG)
    assert kept(ws) == ids(portions)
    assert (source.cursor, source.last_sync_status) == ({"at": 2}, "failed")
    assert source.last_sync_error == "cannot read tracker: it went away"


@pytest.mark.parametrize("cursors", [[{"at": 0}, {"at": 1}, {"at": 2}], [{"at": 0}, {"at": 0}, {"at": 2}]])
def test_portion_that_cannot_be_written_stops_the_sync_before_the_next_cursor(
    ws, portions, cursors, monkeypatch
):
    connected(ws, InPortions(*portions, cursors=cursors))
    submit, given = ws.store.submit, []

    def failing(work):
        given.append(work)

        def refuse(tx):
            work(tx)
            raise Unavailable("cannot write: the disk is full")

        return submit(refuse if len(given) == 2 else work)

    monkeypatch.setattr(ws.store, "submit", failing)
    with pytest.raises(Unavailable, match="disk is full"):
        sync_source(ws, ADA, SLUG, "listed")
    assert kept(ws) == ids(portions[:1])
    assert list_sources(ws, ADA, SLUG)[0].cursor == {"at": 0}


def test_portions_are_all_kept_while_another_sync_of_the_source_goes_between(ws, portions, monkeypatch):
    connected(ws, InPortions(*portions))
    (source,) = list_sources(ws, ADA, SLUG)
    submit = ws.store.submit

    def after_another(work):
        ws.store.write(lambda tx: tx.save_source(replace(source, cursor={"at": "elsewhere"})))
        return submit(work)

    monkeypatch.setattr(ws.store, "submit", after_another)
    assert sync_source(ws, ADA, SLUG, "listed").changed == 5
    assert (kept(ws), list_sources(ws, ADA, SLUG)[0].cursor) == (ids(portions), {"at": 2})


@pytest.mark.parametrize("count", [1, 15, 16, 17, 1024, 1025, 2337])
def test_runs_of_any_number_arrive_whole(ws, clock, count):
    begun = clock()
    connected(ws, InPortions(tuple(run("EXP-1", seed, 0.7, 0.8, begun=begun) for seed in range(count))))
    assert sync_source(ws, ADA, SLUG, "listed").changed == count
    for seed in {0, count // 2, count - 1}:
        one = run("EXP-1", seed, 0.7, 0.8, begun=begun)
        found = get_run(ws, ADA, SLUG, f"listed:{one.external_id}").run
        assert (found.seed, found.started_at, found.digest) == (seed, begun, one.digest)
        assert {name: curve.values.tolist() for name, curve in found.curves.items()} == {
            name: curve.values.tolist() for name, curve in one.curves.items()
        }


def test_run_that_the_tracker_lists_as_deleted_is_told_as_gone_and_no_more_as_changed(ws, tracker, clock):
    kept_on, left = (run("EXP-1", seed, 0.7, 0.8, begun=clock()) for seed in (1, 2))
    tracker.put(kept_on, left)
    connect_source(ws, ADA, SLUG, kind="listed", uri="memory", name="listed")
    sync_source(ws, ADA, SLUG, "listed")
    tracker.put(kept_on, replace(left, deleted=True, digest="deleted"))
    report = sync_source(ws, ADA, SLUG, "listed")
    assert (report.changed, report.gone) == (0, 1)
    told = journal_page(ws, ADA, project=SLUG, kind="runs.synced").rows[0]
    assert (told.payload["changed"], told.payload["gone"]) == (0, 1)


def test_runs_that_name_no_ticket_are_told_and_are_there_when_it_comes(ws, tracker, clock):
    connect_source(ws, ADA, SLUG, kind="listed", uri="memory", name="listed")
    first = create_ticket(ws, ADA, SLUG, content())
    odd = run(
        "odd", 3, 0.7, 0.8, begun=clock(), external_id="odd", ticket=None, tags={"assay.ticket": "rank sweep"}
    )
    tracker.put(run(first.key, 1, 0.7, 0.8, begun=clock()), run("EXP-2", 2, 0.7, 0.8, begun=clock()), odd)
    report = sync_source(ws, ADA, SLUG, "listed")
    assert (report.tickets, report.unknown) == (("EXP-1",), ("EXP-2", "rank sweep"))
    (early,) = list_runs(ws, ADA, SLUG, filters={"ticket": "EXP-2"}).rows
    assert (early.ticket, early.unknown_ticket) == (None, "EXP-2")
    found = get_run(ws, ADA, SLUG, early.run_id)
    assert (found.run.ticket, found.unknown_ticket) == (None, "EXP-2")
    second = create_ticket(ws, ADA, SLUG, content())
    assert [row.run_id for row in ticket_page(ws, ADA, SLUG, second.key).runs] == [early.run_id]
    (now,) = list_runs(ws, ADA, SLUG, filters={"ticket": "EXP-2"}).rows
    assert (now.ticket, now.unknown_ticket) == ("EXP-2", None)
    assert get_run(ws, ADA, SLUG, "listed:odd").unknown_ticket == "rank sweep"
    attach_run(ws, ADA, SLUG, "listed:odd", first.key)
    assert get_run(ws, ADA, SLUG, "listed:odd").run.ticket == first.key


def test_draft_with_runs_is_deleted_once_they_are_detached_as_its_refusals_say(ws, tracker, clock):
    key = create_ticket(ws, ADA, SLUG, content()).key
    connect_source(ws, ADA, SLUG, kind="listed", uri="memory", name="listed")
    tracker.put(*(run(key, seed, 0.7, 0.8, begun=clock()) for seed in (1, 2)))
    sync_source(ws, ADA, SLUG, "listed")
    draft = get_ticket(ws, ADA, SLUG, key)
    with ws.store.read() as tx:
        undecided = may_be_decided(tx.project(SLUG), draft)
    assert f"assay ticket delete {key}" in undecided.hint
    for left in (2, 1):
        with pytest.raises(Refused, match=f"it has {left} runs?") as refused:
            delete_ticket(ws, ADA, SLUG, key, expected_version=None)
        run_id = re.search("assay run detach ([^;]+);", refused.value.hint)[1]
        attach_run(ws, ADA, SLUG, run_id, None)
    delete_ticket(ws, ADA, SLUG, key, expected_version=None)
    assert [(row.ticket, row.unknown_ticket) for row in list_runs(ws, ADA, SLUG).rows] == [(None, None)] * 2
