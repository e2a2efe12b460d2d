"""Figures of flow, computed from the journal, for now and for any past moment."""

from datetime import UTC, datetime, timedelta

import pytest

from assay.domain.experiments.experiment import DecisionKind
from assay.errors import Invalid
from assay.workflows.board import move_card
from assay.workflows.column_ages import usual_days
from assay.workflows.confirmations import attest
from assay.workflows.flow import flow
from assay.workflows.tickets import create_ticket, delete_ticket, edit_ticket, get_ticket
from tests.unit.workflows.conftest import ADA, content
from tests.unit.workflows.test_life_of_an_experiment import SLUG, decide_it, start, with_runs

LOSES = (0.61, 0.60, 0.62, 0.61, 0.605)


def test_project_without_tickets_knows_no_rate_and_no_cycle_time(ws):
    found = flow(ws, ADA, SLUG)
    assert (found.decided, found.in_progress, found.cycles, found.ages) == (0, 0, (), ())
    assert (found.killed.rate, found.killed.low, found.cycle_days_median) == (None, None, None)
    assert found.killed.text == "none decided yet"
    assert set(map(sum, found.cumulative.counts)) == {0}


def test_killed_experiment_counts_with_its_days_from_hypothesis_to_decision(ws, tracker, clock):
    ticket = with_runs(ws, tracker, clock, values=LOSES)
    clock.now += timedelta(days=6)
    decide_it(ws, ticket, DecisionKind.KILL, learnings="Rank 16 underfits billing questions.")
    clock.now += timedelta(days=1)
    found = flow(ws, ADA, SLUG, days=30)
    assert (found.decided, found.killed.count, found.promoted.count, found.with_learnings.rate) == (
        1,
        1,
        0,
        1.0,
    )
    [cycle] = found.cycles
    assert (cycle.key, cycle.title, cycle.outcome) == (ticket.key, ticket.content.title, "killed")
    assert 6.0 < cycle.days < 6.1
    assert found.in_progress == 0
    assert [week.killed for week in found.weeks][-1] == 1


def test_past_moment_knows_nothing_of_what_came_later(ws, tracker, clock):
    ticket = with_runs(ws, tracker, clock, values=LOSES)
    before = clock()
    clock.now += timedelta(days=3)
    decide_it(ws, ticket, DecisionKind.KILL, learnings="Rank 16 underfits billing questions.")
    then = flow(ws, ADA, SLUG, at=before)
    assert (then.decided, then.in_progress) == (0, 1)
    assert [(age.key, age.stage) for age in then.ages] == [(ticket.key, "experiment")]
    assert then == flow(ws, ADA, SLUG, at=before)


def test_day_is_asked_for_at_its_end(ws, clock):
    ticket = start(ws)
    day = clock().date()
    clock.now += timedelta(days=2)
    found = flow(ws, ADA, SLUG, at=day)
    assert found.at == datetime(day.year, day.month, day.day, 23, 59, 59, 999_999, tzinfo=UTC)
    assert [age.key for age in found.ages] == [ticket.key]


def test_every_day_of_the_cumulative_flow_holds_every_ticket_that_was_there(ws, clock):
    kept, gone = (
        create_ticket(ws, ADA, SLUG, content()),
        create_ticket(ws, ADA, SLUG, content(title="Another")),
    )
    clock.now += timedelta(days=1)
    delete_ticket(ws, ADA, SLUG, gone.key, expected_version=gone.version)
    clock.now += timedelta(days=1)
    found = flow(ws, ADA, SLUG, days=4)
    assert [sum(day) for day in found.cumulative.counts] == [0, 2, 1, 1]
    assert found.cumulative.stages[0] == "backlog" == get_ticket(ws, ADA, SLUG, kept.key).stage
    assert found.waiting == 1


def test_card_sent_back_to_the_backlog_is_not_in_progress(ws):
    ticket = start(ws)
    move_card(ws, ADA, SLUG, ticket.key, to="backlog", reason="GPU is gone", expected_version=ticket.version)
    found = flow(ws, ADA, SLUG)
    assert (found.in_progress, found.waiting) == (0, 1)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"days": 0}, "flow of 0 days"),
        ({"days": 99_999}, "flow of 99999 days"),
        ({"at": datetime(2031, 1, 1, tzinfo=UTC)}, "knows nothing of it"),
        ({"at": datetime(1950, 1, 1, tzinfo=UTC).date()}, "knows nothing of it"),
    ],
)
def test_window_that_cannot_be_shown_is_refused(ws, asked, said):
    with pytest.raises(Invalid, match=said):
        flow(ws, ADA, SLUG, **asked)


def test_second_look_reads_only_what_came_since_and_sees_the_same(ws, clock):
    ticket = start(ws)
    first = flow(ws, ADA, SLUG, days=30)
    with ws.store.read() as tx:
        whole = [event for _, event in tx.flow_events(SLUG)]
        [(seq, last)] = list(tx.flow_events(SLUG))[-1:]
        assert list(tx.flow_events(SLUG, after=seq)) == []
        assert list(ws.memory.flow(tx, SLUG)) == whole
    assert whole[-1] == last
    clock.now += timedelta(days=1)
    create_ticket(ws, ADA, SLUG, content(title="Came later"))
    second = flow(ws, ADA, SLUG, days=30)
    assert (first.waiting, second.waiting) == (0, 1)
    assert second.in_progress == first.in_progress == 1
    assert get_ticket(ws, ADA, SLUG, ticket.key).stage == "experiment"


def test_usual_stay_in_a_column_is_told_from_five_finished_ones_on_and_not_where_cards_pass_through(
    ws, clock
):
    for number in range(5):
        assert "hypothesis" not in usual_days(ws, ADA, SLUG), number
        ticket = create_ticket(ws, ADA, SLUG, content(title=f"Idea {number}"))
        ticket = attest(ws, ADA, SLUG, ticket.key, item="agreed", expected_version=ticket.version)
        there = move_card(ws, ADA, SLUG, ticket.key, to="hypothesis", expected_version=ticket.version).ticket
        clock.now += timedelta(days=2)
        move_card(ws, ADA, SLUG, ticket.key, to="backlog", expected_version=there.version, reason="later")
    usual = usual_days(ws, ADA, SLUG)
    assert set(usual) == {"hypothesis"}
    assert usual["hypothesis"] == pytest.approx(2.0, abs=0.01)


def test_cycle_time_is_held_against_the_time_box_as_it_stood_at_the_decision(ws, tracker, clock):
    kept = with_runs(ws, tracker, clock, values=LOSES, time_box_days=10)
    over, boxless = (
        start(ws, title=title, time_box_days=box) for title, box in (("Over", 3), ("None", None))
    )
    clock.now += timedelta(days=4)
    for ticket in (kept, over, boxless):
        decide_it(
            ws,
            ticket,
            DecisionKind.KILL,
            learnings="Rank 16 underfits billing questions.",
            reason="It never wins.",
        )
    before = flow(ws, ADA, SLUG)
    assert {(c.key, c.time_box_days, c.is_within) for c in before.cycles} == {
        (kept.key, 10, True),
        (over.key, 3, False),
        (boxless.key, None, None),
    }
    assert (before.within_box.count, before.within_box.of) == (1, 2)
    now = get_ticket(ws, ADA, SLUG, over.key)
    longer = now.content.model_copy(update={"time_box_days": 9})
    edit_ticket(
        ws, ADA, SLUG, now.key, longer, expected_version=now.version, amendment_reason="It took longer."
    )
    assert flow(ws, ADA, SLUG).within_box == before.within_box
