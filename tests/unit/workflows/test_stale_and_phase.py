"""Lists narrowed to what is stale and to a phase, on both databases."""

from datetime import date, timedelta

import pytest

from assay.domain.board.staleness import Staleness
from assay.domain.experiments.experiment import DecisionKind
from assay.errors import Invalid
from assay.workflows.board import board, move_card
from assay.workflows.evidence import connect_source, sync_source
from assay.workflows.notes import add_note
from assay.workflows.overview import list_experiments
from assay.workflows.phases import edit_phase
from assay.workflows.saved_filters import save_filter
from assay.workflows.staleness import list_stale
from assay.workflows.tickets import create_ticket, get_ticket
from tests.unit.workflows.conftest import ADA, content, run
from tests.unit.workflows.test_life_of_an_experiment import SLUG, decide_it, with_runs


def found(ws, **filters):
    listed = list_experiments(ws, ADA, SLUG, sort="key", filters=filters)
    shown = [card.key for column in board(ws, ADA, SLUG, filters=filters).columns for card in column.cards]
    assert sorted(shown) == sorted(row.key for row in listed.rows)
    return sorted(shown)


def begin(ws, title="Begun", **changes):
    ticket = create_ticket(ws, ADA, SLUG, content(title=title, **changes))
    move_card(
        ws, ADA, SLUG, ticket.key, to="hypothesis", expected_version=None, override_reason="begin with it now"
    )
    return ticket.key


def phase(ws, version, name, since):
    edit_phase(ws, ADA, SLUG, {"phase": name, "since": since}, expected_version=version)


def test_begun_card_is_stale_after_two_weeks_of_silence_and_any_sign_ends_that(ws, tracker, clock):
    waits = create_ticket(ws, ADA, SLUG, content(title="Waits")).key
    noted, measured, forgotten = (begin(ws, title) for title in ("Noted", "Measured", "Forgotten"))
    clock.now += timedelta(days=13)
    assert found(ws, stale="yes") == []
    add_note(ws, ADA, SLUG, noted, text="Still at it")
    tracker.put(run(measured, 0, 0.8, begun=clock.now))
    connect_source(ws, ADA, SLUG, kind="listed", uri="lab", name="lab")
    sync_source(ws, ADA, SLUG, "lab")
    clock.now += timedelta(days=2)
    assert found(ws, stale="yes") == [forgotten]
    assert found(ws, stale="no") == sorted([waits, noted, measured])


def test_card_past_its_time_box_is_stale_until_somebody_decides(ws, tracker, clock):
    ticket = with_runs(ws, tracker, clock, time_box_days=3)
    clock.now += timedelta(days=2)
    assert found(ws, stale="yes") == []
    clock.now += timedelta(days=2)
    assert found(ws, stale="yes") == [ticket.key]
    (card,) = list_stale(ws, ADA, SLUG)
    assert (card.key, card.title, card.why, card.days < 2) == (
        ticket.key,
        ticket.content.title,
        Staleness.OVERDUE,
        True,
    )
    decide_it(ws, get_ticket(ws, ADA, SLUG, ticket.key), DecisionKind.PROMOTE)
    assert found(ws, stale="yes") == []


def test_ticket_belongs_to_the_phase_in_which_it_was_begun_and_waiting_ones_to_that_of_now(ws, clock):
    before_anybody_said = begin(ws, "Early")
    waits = create_ticket(ws, ADA, SLUG, content(title="Waits")).key
    assert (found(ws, phase="none"), found(ws, phase="discovery")) == (
        sorted([before_anybody_said, waits]),
        [],
    )
    clock.now += timedelta(days=10)
    phase(ws, 0, "discovery", date(2026, 5, 20))
    explored = begin(ws, "Explored")
    assert found(ws, phase="discovery") == sorted([explored, waits])
    clock.now += timedelta(days=10)
    phase(ws, 1, "convergence", clock.now.date())
    competes = begin(ws, "Competes")
    assert found(ws, phase="none") == [before_anybody_said]
    assert found(ws, phase="discovery") == [explored]
    assert found(ws, phase="convergence") == sorted([waits, competes])
    assert found(ws, phase="convergence", q="Competes") == [competes]
    phase(ws, 2, "convergence", date(2026, 5, 20))
    assert (found(ws, phase="discovery"), found(ws, phase="none")) == ([], [before_anybody_said])


def test_owner_none_means_nobody(ws):
    free = create_ticket(ws, ADA, SLUG, content(title="Free", owner="")).key
    create_ticket(ws, ADA, SLUG, content(title="Taken", owner="Jo"))
    assert found(ws, owner="none") == [free]


@pytest.mark.parametrize(("name", "value"), [("stale", "perhaps"), ("phase", "beta")])
def test_value_that_nothing_can_have_is_refused_in_lists_and_saved_filters(ws, name, value):
    for ask in (
        lambda: found(ws, **{name: value}),
        lambda: save_filter(ws, ADA, SLUG, "Odd", {name: value}),
    ):
        with pytest.raises(Invalid, match=f"cannot filter by {name}"):
            ask()


def test_stale_work_of_a_phase_is_kept_as_a_filter(ws):
    asked = {"stale": "yes", "phase": "discovery"}
    assert save_filter(ws, ADA, SLUG, "Kill or revive", asked).settings.filters[0].filters == asked
