"""Where a project stands: the overview says the same as flow, on both databases."""

import math

from assay.domain.experiments.experiment import DecisionKind
from assay.domain.kernel.ids import TicketType
from assay.storage.queries.overview import ATTENTION_SHOWN
from assay.web.cards import card_context
from assay.web.facts import facts
from assay.web.overview_view import headline_of, overview_page
from assay.workflows.board import board, move_card
from assay.workflows.evidence import sync_source
from assay.workflows.flow import flow
from assay.workflows.history import import_history
from assay.workflows.overview import list_experiments, overview
from assay.workflows.overview_views import Why
from assay.workflows.projects import get_metrics, get_project
from assay.workflows.tickets import create_ticket, get_ticket
from tests.unit.workflows.conftest import ADA, content, run
from tests.unit.workflows.test_history import HISTORY
from tests.unit.workflows.test_life_of_an_experiment import GOOD, SLUG, decide_it, with_runs

LOSES = (0.61, 0.60, 0.62, 0.61, 0.605)


def agreed(ws):
    """The overview, which has to add up and to say what flow says."""
    told, flowed = overview(ws, ADA, SLUG), flow(ws, ADA, SLUG, days=365)
    assert (told.decided, told.killed, told.promoted, told.active, told.waiting) == (
        flowed.decided,
        flowed.killed.count,
        flowed.promoted.count,
        flowed.in_progress,
        flowed.waiting,
    )
    assert told.killed + told.promoted == told.decided <= told.experiments
    assert told.iterating + told.ready + told.undecided + told.other_work == told.active
    return told


def words(ws):
    told, metrics = overview(ws, ADA, SLUG), get_metrics(ws, ADA, SLUG)
    shown = {fact.label: f"{fact.value} {fact.rest}" for fact in facts(told, metrics)}
    return shown["Decided"], shown["In progress"], headline_of(told, metrics)


def more_runs(ws, tracker, clock, key, values, first=0):
    tracker.put(*(run(key, seed, 0.7, value, begun=clock()) for seed, value in enumerate(values, first)))
    sync_source(ws, ADA, SLUG, "listed")
    return get_ticket(ws, ADA, SLUG, key)


def move(ws, key, to, **changes):
    return move_card(ws, ADA, SLUG, key, to=to, expected_version=None, **changes).ticket


def test_iterating_experiment_is_in_progress_and_not_decided(ws, tracker, clock):
    ticket = with_runs(ws, tracker, clock)
    assert (agreed(ws).decided, agreed(ws).ready) == (0, 1)
    decide_it(ws, ticket, DecisionKind.ITERATE, reason="German regressed.")
    told = agreed(ws)
    assert (told.decided, told.active, told.iterating, told.ready) == (0, 1, 1, 0)
    move(ws, ticket.key, "evaluation", override_reason="look at it again")
    told = agreed(ws)
    assert (told.active, told.iterating, told.ready) == (1, 0, 1)


def test_work_of_other_types_is_no_decided_experiment(ws, tracker, clock):
    ticket = with_runs(ws, tracker, clock, values=LOSES)
    decide_it(ws, ticket, DecisionKind.KILL)
    create_ticket(ws, ADA, SLUG, content(title="Not begun"))
    for _ in range(2):
        plain = content(type=TicketType.DATA, criteria=(), hypothesis="", baseline=())
        labels = create_ticket(ws, ADA, SLUG, plain)
        move(ws, labels.key, "hypothesis", override_reason="begin now")
    decide_it(ws, get_ticket(ws, ADA, SLUG, labels.key), DecisionKind.KILL)
    told = agreed(ws)
    assert (told.experiments, told.decided, told.active, told.other_work, told.waiting) == (2, 1, 1, 1, 1)
    decided, progress, (headline, detail, _) = words(ws)
    assert decided == "1 of 2 experiments · 1 killed, 0 promoted"
    assert progress == "1 ticket: 1 other work"
    assert headline.endswith("1 experiment decided: 1 killed.")
    assert detail == "1 ticket in progress: 1 other work. 1 not begun."


def test_promoted_experiment_that_comes_back_is_in_progress_again_and_counts_once(ws, tracker, clock):
    ticket = with_runs(ws, tracker, clock)
    ticket = move(ws, ticket.key, "evaluation")
    decide_it(ws, ticket, DecisionKind.PROMOTE, move=False)
    assert (agreed(ws).decided, agreed(ws).active) == (1, 0)
    move(ws, ticket.key, "production")
    assert (agreed(ws).decided, agreed(ws).active) == (1, 0)
    move(ws, ticket.key, "evaluation", reason="It answers in the wrong language.")
    told = agreed(ws)
    assert (told.decided, told.active, told.reopened) == (1, 1, 1)
    assert "1 of them was decided before." in words(ws)[2][1]
    decide_it(ws, get_ticket(ws, ADA, SLUG, ticket.key), DecisionKind.KILL, reason="It regressed.")
    told = agreed(ws)
    assert (told.decided, told.promoted, told.killed, told.active) == (1, 1, 0, 0)


def test_history_of_another_board_counts_as_it_does_in_flow(ws):
    import_history(ws, ADA, SLUG, HISTORY)
    told = agreed(ws)
    assert (told.decided, told.killed, told.experiments) == (1, 1, 1)


def test_card_keeps_its_time_box_after_a_decision_to_iterate_and_loses_it_with_a_kill(ws, tracker, clock):
    ticket = with_runs(ws, tracker, clock, time_box_days=10)

    def box():
        [card] = [card for column in board(ws, ADA, SLUG).columns for card in column.cards]
        return bool(card_context(SLUG, card).box_end)

    decide_it(ws, ticket, DecisionKind.ITERATE, reason="German regressed.")
    assert box()
    decide_it(ws, get_ticket(ws, ADA, SLUG, ticket.key), DecisionKind.KILL, reason="It regressed.")
    assert not box()


def test_card_that_came_back_from_production_waits_for_a_decision_until_it_is_taken(ws, tracker, clock):
    ticket = move(ws, with_runs(ws, tracker, clock).key, "evaluation")

    def waiting():
        return [(row.key, row.decision) for row in overview(ws, ADA, SLUG).attention]

    assert waiting() == [(ticket.key, None)]
    ticket = decide_it(ws, ticket, DecisionKind.PROMOTE).ticket
    assert (ticket.stage, waiting()) == ("production", [])
    move(ws, ticket.key, "evaluation", reason="It answers in the wrong language.")
    assert waiting() == [(ticket.key, None)]
    more_runs(ws, tracker, clock, ticket.key, (math.nan,), first=9)
    assert get_ticket(ws, ADA, SLUG, ticket.key).card["recommendation"] == "undecided"
    assert waiting() == [(ticket.key, None)]
    decide_it(ws, get_ticket(ws, ADA, SLUG, ticket.key), DecisionKind.ITERATE, reason="Look at German.")
    assert waiting() == [(ticket.key, "iterate")]  # decided: what waits now is the broken run


def test_iterating_card_waits_for_a_decision_again_once_it_is_moved_on_with_a_verdict(ws, tracker, clock):
    ticket = with_runs(ws, tracker, clock, values=LOSES)
    decide_it(ws, ticket, DecisionKind.ITERATE, reason="German regressed.")
    assert overview(ws, ADA, SLUG).attention == ()
    move(ws, ticket.key, "evaluation", override_reason="look at it again")
    assert [row.key for row in overview(ws, ADA, SLUG).attention] == [ticket.key]


def test_iterating_card_waits_for_a_decision_once_its_verdict_says_to_promote_or_to_kill_anew(
    ws, tracker, clock
):
    ticket = with_runs(ws, tracker, clock, values=GOOD[:2])
    assert ticket.card["recommendation"] == "undecided"
    decide_it(ws, ticket, DecisionKind.ITERATE, reason="German regressed.")
    assert overview(ws, ADA, SLUG).attention == ()
    ticket = more_runs(ws, tracker, clock, ticket.key, GOOD)
    assert ticket.card["recommendation"] == "promote"
    [row] = overview(ws, ADA, SLUG).attention
    assert (row.key, row.why, row.decision) == (ticket.key, Why.DECISION, None)
    decide_it(ws, ticket, DecisionKind.ITERATE, reason="French next.")
    assert overview(ws, ADA, SLUG).attention == ()  # the advice that was decided on is not news


def test_more_tickets_than_the_overview_shows_are_counted_and_all_are_listed(ws, tracker, clock):
    keys = {with_runs(ws, tracker, clock).key}
    for number in range(ATTENTION_SHOWN):
        ticket = create_ticket(ws, ADA, SLUG, content(title=f"Broken {number}"))
        card = (
            {"money_share": 1.5, "invalid": False}
            if number < 2
            else {"invalid": True, "foot": '"invalid":false'}
        )
        ws.store.write(lambda tx, one=ticket, card=card: tx.put_card(one.id, card))
        keys.add(move(ws, ticket.key, "hypothesis", override_reason="now").key)
    create_ticket(ws, ADA, SLUG, content(title="Not begun"))
    told = overview(ws, ADA, SLUG)
    assert (len(told.attention), told.attention_total) == (ATTENTION_SHOWN, ATTENTION_SHOWN + 1)
    assert [row.why for row in told.attention] == [
        Why.DECISION,
        *[Why.BROKEN] * (ATTENTION_SHOWN - 2),
        Why.OVER_BUDGET,
    ]
    page = overview_page(get_project(ws, ADA, SLUG), told, get_metrics(ws, ADA, SLUG))
    assert page.waiting_note == "12 of 13, most urgent first"
    assert page.waiting_href == f"/p/{SLUG}/experiments?waiting=yes"
    assert [line.action for line in (page.waiting[0], page.waiting[1], page.waiting[-1])] == [
        "Decide",
        "See broken runs",
        "See what was spent",
    ]
    listed = {
        wanted: list_experiments(ws, ADA, SLUG, filters={"waiting": wanted}) for wanted in ("yes", "no")
    }
    assert ({row.key for row in listed["yes"].rows}, listed["no"].total) == (keys, 1)


def test_compute_of_runs_of_which_some_do_not_say_is_a_lower_bound(ws, tracker, clock):
    ticket = with_runs(ws, tracker, clock)
    metrics = get_metrics(ws, ADA, SLUG)
    assert overview_page(get_project(ws, ADA, SLUG), overview(ws, ADA, SLUG), metrics).compute == (
        "not known of 24 budgeted"
    )
    tracker.put(run(ticket.key, 7, 0.7, 0.8, begun=clock(), gpu_hours=0.5))
    sync_source(ws, ADA, SLUG, "listed")
    told = overview(ws, ADA, SLUG)
    page = overview_page(get_project(ws, ADA, SLUG), told, metrics)
    assert (page.compute, page.compute_note) == (
        "at least 0.5 GPU-hours of 24 budgeted",
        "5 runs not counted: no GPU hours logged",
    )
    shown = {fact.label: f"{fact.value} {fact.rest}" for fact in facts(told, metrics)}
    assert shown["Compute"] == "at least 0.5 of 24 GPU\u2011h"
    assert "at least" in get_ticket(ws, ADA, SLUG, ticket.key).card["compute_text"]
