"""Whatever a run or a ticket brings, the other tickets of the project get their verdict."""

import logging

import pytest

from assay.domain.kernel.findings import Outcome
from assay.domain.kernel.verdicts import Recommendation
from assay.errors import Refused, Unavailable
from assay.workflows import verdicts
from assay.workflows.evidence import list_runs, sync_source
from assay.workflows.replays import replay_verdict
from assay.workflows.ticket_page import ticket_page
from assay.workflows.tickets import get_ticket
from assay.workflows.verdicts import get_verdict, recompute_verdict, refresh_open_verdicts
from tests.unit.workflows.conftest import ADA, run
from tests.unit.workflows.test_life_of_an_experiment import GOOD, SLUG, connect_source, start

OTHER = (0.881, 0.876, 0.884, 0.879, 0.882)


def sync(ws, tracker, *runs):
    tracker.put(*runs)
    return sync_source(ws, ADA, SLUG, "listed")


def runs_of(ticket, clock, values=GOOD, first=0):
    return [run(ticket.key, seed, 0.7, value, begun=clock()) for seed, value in enumerate(values, first)]


@pytest.fixture
def two(ws):
    connect_source(ws, ADA, SLUG, kind="listed", uri="memory", name="listed")
    return start(ws), start(ws)


@pytest.mark.parametrize("first", [2**53, 10**17, 2**63, 10**38], ids=["54", "57", "64", "127 bits"])
def test_seeds_of_any_size_are_told_apart_and_kept_exactly(ws, tracker, clock, two, first):
    sync(ws, tracker, *runs_of(two[0], clock, first=first), *runs_of(two[1], clock))
    record = get_verdict(ws, ADA, SLUG, two[0].key)
    assert record.verdict.recommendation is Recommendation.PROMOTE
    assert record.verdict.groups[0].seeds == tuple(str(first + place) for place in range(5))
    assert replay_verdict(ws, ADA, SLUG, two[0].key).same
    assert get_verdict(ws, ADA, SLUG, two[1].key).verdict.recommendation is Recommendation.PROMOTE
    assert {str(first), "0"} <= {str(row.seed) for row in list_runs(ws, ADA, SLUG).rows}
    assert ticket_page(ws, ADA, SLUG, two[0].key).runs[0].seed == str(first)


def test_largest_number_that_json_keeps_is_still_a_number(ws, tracker, clock, two):
    sync(ws, tracker, *runs_of(two[0], clock, first=2**53 - 5))
    assert get_verdict(ws, ADA, SLUG, two[0].key).verdict.groups[0].seeds[-1] == 2**53 - 1


@pytest.fixture
def stumbling(monkeypatch, two):
    """The computation fails for the first ticket, in this way."""
    compute, key = verdicts.compute_verdict, two[0].key

    def fail(error):
        def computed(lock, evidence, **more):
            if any(one.ticket == key for one in evidence.runs):
                raise error
            return compute(lock, evidence, **more)

        monkeypatch.setattr(verdicts, "compute_verdict", computed)

    return fail


@pytest.mark.parametrize(
    "error", [Refused("cannot judge it: a rule", hint="change it"), ZeroDivisionError("by \ud800")]
)
def test_ticket_that_cannot_be_judged_says_why_and_no_other_waits_for_it(
    ws, tracker, clock, two, stumbling, monkeypatch, caplog, error
):
    caplog.set_level(
        logging.ERROR, "assay.verdicts"
    )  # what is logged travels to pytest's other process, half of a pair cannot
    stumbling(error)
    runs = [one for ticket in two for one in runs_of(ticket, clock)]
    assert sync(ws, tracker, *runs).changed == 10
    assert get_verdict(ws, ADA, SLUG, two[1].key).verdict.recommendation is Recommendation.PROMOTE
    page = ticket_page(ws, ADA, SLUG, two[0].key)
    said = page.verdict.verdict
    assert (said.recommendation, said.headline) == ("undecided", "This ticket could not be judged")
    assert {finding.outcome for finding in said.findings} == {Outcome.INVALID}
    reason = said.findings[0].reason
    assert "cannot judge it: a rule" in reason or "unexpected ZeroDivisionError: by ?" in reason
    assert (page.ticket.card["chip"], page.ticket.card["runs"]) == ("Not judged", 0)
    monkeypatch.undo()
    sync(ws, tracker, run(two[0].key, 7, 0.7, 0.87, begun=clock()))
    assert get_verdict(ws, ADA, SLUG, two[0].key).verdict.findings[0].outcome is Outcome.UNCLEAR


def test_lock_that_somebody_changed_in_the_database_is_said_on_its_page_only(ws, tracker, clock, two):
    changed = two[0].lock.registration.model_copy(update={"hypothesis": "Something else."})
    altered = two[0].lock.model_copy(update={"registration": changed})
    ws.store.write(lambda tx: tx.put_lock(two[0].id, altered))
    sync(ws, tracker, *(one for ticket in two for one in runs_of(ticket, clock)))
    refresh_open_verdicts(ws, SLUG)
    assert (
        "it no longer has the digest it was locked with"
        in get_verdict(ws, ADA, SLUG, two[0].key).verdict.detail
    )
    assert get_verdict(ws, ADA, SLUG, two[1].key).verdict.recommendation is Recommendation.PROMOTE
    with pytest.raises(Refused, match="it no longer has the digest it was locked with"):
        recompute_verdict(ws, ADA, SLUG, two[0].key)


def test_store_that_is_away_is_told_after_every_ticket_had_its_turn(ws, tracker, clock, two, stumbling):
    stumbling(Unavailable("cannot read store: it is away"))
    with pytest.raises(Unavailable):
        sync(ws, tracker, *(one for ticket in two for one in runs_of(ticket, clock)))
    assert get_verdict(ws, ADA, SLUG, two[1].key).verdict.recommendation is Recommendation.PROMOTE
    assert get_ticket(ws, ADA, SLUG, two[0].key).card["chip"] != "Not judged"
