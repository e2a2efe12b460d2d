"""Candidates for a sprint, what was expected against what came true, and whether the ranking paid."""

from datetime import date, timedelta

import pytest

from assay.domain.experiments.experiment import DataNeed, DecisionKind, LinkKind, Place, TicketContent
from assay.domain.experiments.prediction import Effect, Prediction
from assay.domain.experiments.type_fields import DataFields
from assay.domain.kernel.findings import Outcome
from assay.domain.sprints.feasibility import Fit
from assay.domain.sprints.ranking import Per
from assay.errors import Forbidden, Invalid, NotFound, StaleVersion
from assay.workflows.actor import Actor
from assay.workflows.board import move_card
from assay.workflows.confirmations import attest
from assay.workflows.evidence import connect_source, sync_source
from assay.workflows.gate_runs import judge_upload
from assay.workflows.gate_views import Upload
from assay.workflows.gates import add_gate
from assay.workflows.links import link_tickets
from assay.workflows.planning import candidates, predictions_scored, set_place
from assay.workflows.retro import retro
from assay.workflows.sprints import create_sprint
from assay.workflows.tickets import create_ticket, edit_ticket, get_ticket
from tests.unit.workflows.conftest import ADA, START, content, run
from tests.unit.workflows.test_life_of_an_experiment import GOOD, SLUG, decide_it, start

BAD = (0.61, 0.60, 0.62, 0.61, 0.605)
HOPEFUL = Prediction(chance="0.6", effect=Effect(low="0.10", mid="0.14", high="0.18"), person_days=3)


def decided(ws, tracker, clock, *, wins, seed, **changes):
    """An experiment that ran and was decided by what came out."""
    ticket = start(ws, **changes)
    values = GOOD if wins else BAD
    tracker.put(*(run(ticket.key, number, 0.7, value, begun=clock()) for number, value in enumerate(values)))
    if seed == 0:
        connect_source(ws, ADA, SLUG, kind="listed", uri="memory", name="listed")
    sync_source(ws, ADA, SLUG, "listed")
    ticket = get_ticket(ws, ADA, SLUG, ticket.key)
    if wins:
        ticket = move_card(ws, ADA, SLUG, ticket.key, to="evaluation", expected_version=ticket.version).ticket
        decide_it(ws, ticket, DecisionKind.PROMOTE)
    else:
        decide_it(ws, ticket, DecisionKind.KILL, learnings="Rank 16 underfits billing questions.")
    return ticket.key


def test_project_without_tickets_has_no_candidates_and_no_record(ws):
    view = candidates(ws, ADA, SLUG)
    assert (view.rows, view.delayed, view.record.decided, view.score) == ((), (), 0, None)
    assert view.score_text == "No decided experiment had a chance given before its lock."


def test_candidates_are_experiments_that_are_not_locked_yet_ranked_with_a_reason(ws):
    started = start(ws, prediction=HOPEFUL)
    plain = create_ticket(ws, ADA, SLUG, content())
    expected = create_ticket(ws, ADA, SLUG, content(prediction=HOPEFUL))
    view = candidates(ws, ADA, SLUG)
    assert [row.ticket.key for row in view.rows] == [expected.key, plain.key]
    assert started.key not in {row.ticket.key for row in view.rows}
    first, last = (row.ranked for row in view.rows)
    assert first.sentence.startswith("Worth 0.57 points a GPU-hour: 60% chance of accuracy >= 85%")
    assert last.sentence == (
        "Not ranked by worth yet. It lacks the chance (no experiment is decided yet whose hit rate could stand for it)."
    )


def test_feasibility_is_told_for_the_days_that_are_asked_about(ws):
    labels = DataNeed(dataset="labels-v2", arrives="2026-06-04")
    slow = Prediction(chance="0.6", training_days=3, evaluation_days=2)
    create_ticket(ws, ADA, SLUG, content(prediction=slow, data_needs=(labels,)))
    days = {"starts_on": date(2026, 5, 25), "ends_on": date(2026, 6, 5)}
    [row] = candidates(ws, ADA, SLUG, **days).rows
    assert row.feasibility.fit is Fit.DOES_NOT
    assert "day 9 of 10" in row.feasibility.text
    [row] = candidates(ws, ADA, SLUG, starts_on=date(2026, 6, 8), ends_on=date(2026, 6, 19)).rows
    assert row.feasibility.fit is Fit.FITS


def test_data_ticket_an_experiment_is_linked_to_is_part_of_its_feasibility_and_readiness(ws):
    slow = Prediction(chance="0.6", training_days=3, evaluation_days=2)
    task = DataFields(source="crm", volume="10k", stage="annotation", arrives="2026-06-02 to 2026-06-05")
    data = create_ticket(ws, ADA, SLUG, TicketContent(type="data", title="Labels", data=task))
    needing = create_ticket(ws, ADA, SLUG, content(prediction=slow))
    blocked = create_ticket(ws, ADA, SLUG, content(prediction=slow))
    link_tickets(ws, ADA, SLUG, needing.key, LinkKind.NEEDS_DATA, data.key)
    link_tickets(ws, ADA, SLUG, data.key, LinkKind.BLOCKS, blocked.key)
    days = {"starts_on": date(2026, 5, 25), "ends_on": date(2026, 6, 5)}
    rows = {row.ticket.key: row for row in candidates(ws, ADA, SLUG, **days).rows}
    for key in (needing.key, blocked.key):
        assert rows[key].feasibility.fit is Fit.DOES_NOT
        assert rows[key].feasibility.text.startswith(f"{data.key} arrives on day 7-10 of 10 (in annotation)")
        assert (rows[key].ready[0].outcome, rows[key].ready[0].reason) == (
            Outcome.NOT_MET,
            f"not ready yet: {data.key}",
        )
    there = data.content.model_copy(update={"data": DataFields(source="crm", volume="10k", stage="ready")})
    edit_ticket(ws, ADA, SLUG, data.key, there, expected_version=data.version)
    row = candidates(ws, ADA, SLUG, **days).rows[0]
    assert (row.feasibility.fit, row.ready[0].outcome) == (Fit.FITS, Outcome.MET)


def test_data_whose_ticket_was_killed_is_not_waited_for_but_replaced(ws):
    data = create_ticket(ws, ADA, SLUG, TicketContent(type="data", title="Labels"))
    needing = create_ticket(ws, ADA, SLUG, content())
    link_tickets(ws, ADA, SLUG, needing.key, LinkKind.NEEDS_DATA, data.key)
    decide_it(ws, data, DecisionKind.KILL)
    [row] = candidates(ws, ADA, SLUG).rows
    assert row.ready[0].do == f"Link other data than {data.key}: it was killed"


@pytest.mark.parametrize(
    ("first", "last"), [(date(2026, 6, 5), date(2026, 6, 4)), (date(2026, 1, 1), date(2030, 1, 1))]
)
def test_days_that_are_no_sprint_are_refused(ws, first, last):
    with pytest.raises(Invalid, match="cannot plan from"):
        candidates(ws, ADA, SLUG, starts_on=first, ends_on=last)


def test_definition_of_ready_is_told_line_by_line_and_a_gate_answers_what_no_ticket_can(ws):
    ticket = create_ticket(ws, ADA, SLUG, content())
    [row] = candidates(ws, ADA, SLUG).rows
    assert [(item.title, item.outcome) for item in row.ready] == [
        ("data available", Outcome.NO_EVIDENCE),
        ("features stable", Outcome.NO_EVIDENCE),
        ("environment reproducible", Outcome.NO_EVIDENCE),
        ("criteria measurable", Outcome.MET),
    ]
    assert not row.is_ready
    attest(ws, ADA, SLUG, ticket.key, item="dataset_ready", expected_version=ticket.version)
    gate = "gate: ready\nversion: 1\nchecks:\n  - items:\n      features stable: yes\n      environment reproducible: yes\n"
    add_gate(ws, ADA, SLUG, text=gate)
    now = Upload({"scores.csv": b"sample_id,accuracy\n1,1\n2,0\n"})
    judge_upload(ws, ADA, SLUG, "ready", candidate=now, ticket=ticket.key)
    [row] = candidates(ws, ADA, SLUG).rows
    assert row.is_ready, row.ready


def test_team_without_predictions_is_ranked_by_its_own_hit_rate(ws, tracker, clock):
    decided(ws, tracker, clock, wins=False, seed=0)
    decided(ws, tracker, clock, wins=True, seed=1)
    create_ticket(ws, ADA, SLUG, content())
    view = candidates(ws, ADA, SLUG)
    assert (view.record.hits, view.record.decided, view.record.scored) == (1, 2, 0)
    assert "1 of 2 met their criteria" in view.rows[0].ranked.sentence


def test_chance_given_before_the_lock_is_scored_and_a_later_one_is_not(ws, tracker, clock):
    key = decided(ws, tracker, clock, wins=False, seed=0, prediction=Prediction(chance="0.8"))
    ticket = get_ticket(ws, ADA, SLUG, key)
    wise = ticket.content.model_copy(update={"prediction": Prediction(chance="0.01")})
    edit_ticket(ws, ADA, SLUG, key, wise, expected_version=ticket.version)
    found = predictions_scored(ws, ADA, SLUG, since=START)
    assert (found.score.n, round(found.score.score, 6)) == (1, 0.64)
    assert found.score_text == (
        "Chances were given as 80% on average, 0% came true (1 experiment, Brier 0.64: too few to say how good they are)."
    )
    [call] = found.decided
    assert (call.hit, call.shipped, round(call.gain, 3)) == (False, False, -0.111)


def test_past_window_knows_nothing_of_what_came_later(ws, tracker, clock):
    decided(ws, tracker, clock, wins=False, seed=0, prediction=Prediction(chance="0.8"))
    middle = clock()
    clock.now += timedelta(days=1)
    decided(ws, tracker, clock, wins=True, seed=1, prediction=Prediction(chance="0.7"))
    then = predictions_scored(ws, ADA, SLUG, since=START, until=middle)
    assert (then.score.n, then.before.decided) == (1, 0)
    later = predictions_scored(ws, ADA, SLUG, since=middle)
    assert (later.score.n, later.before.decided, round(later.score.score, 2)) == (1, 1, 0.09)


def test_ranking_paid_where_those_ranked_high_shipped_more_for_their_cost(ws, tracker, clock):
    bold = Prediction(chance="0.7", effect=Effect(low="0.10", mid="0.14", high="0.18"))
    timid = Prediction(chance="0.1", effect=Effect(low="-0.02", mid="0.00", high="0.02"))
    plan = [(bold, True), (timid, False), (bold, True)]
    for number, (prediction, wins) in enumerate(plan):
        decided(ws, tracker, clock, wins=wins, seed=number, prediction=prediction)
    assert predictions_scored(ws, ADA, SLUG, since=START).paid is None  # three are too few
    decided(ws, tracker, clock, wins=False, seed=3, prediction=timid)
    paid = predictions_scored(ws, ADA, SLUG, since=START).paid
    assert (paid.high.shipped, paid.rest.shipped, paid.is_enough) == (2, 0, False)
    assert paid.high.gain == pytest.approx(2 * 0.1504, abs=1e-3)
    assert paid.high.per_cost > paid.rest.per_cost == 0.0
    assert "say little" in paid.text


def test_place_given_by_hand_stands_until_it_is_taken_back(ws):
    create_ticket(ws, ADA, SLUG, content(prediction=HOPEFUL))
    low = create_ticket(ws, ADA, SLUG, content())
    lifted = set_place(
        ws, ADA, SLUG, low.key, Place(rank=1, reason="the regulator waits"), expected_version=low.version
    )
    assert candidates(ws, ADA, SLUG).rows[0].ticket.key == low.key
    with pytest.raises(StaleVersion):
        set_place(ws, ADA, SLUG, low.key, None, expected_version=low.version)
    set_place(ws, ADA, SLUG, low.key, None, expected_version=lifted.version)
    assert [row.ticket.key for row in candidates(ws, ADA, SLUG, per=Per.PERSON_DAY).rows][1] == low.key


def test_stranger_and_unknown_project_are_refused(ws):
    with pytest.raises(Forbidden):
        candidates(ws, Actor(name="eve", permissions=frozenset()), SLUG)
    with pytest.raises(NotFound):
        candidates(ws, ADA, "nowhere")


def test_retro_tells_what_was_expected_of_what_was_decided_and_what_was_measured(ws, tracker, clock):
    number = create_sprint(ws, ADA, SLUG).sprint.number
    assert retro(ws, ADA, SLUG, number).expected.calls == ()
    key = decided(ws, tracker, clock, wins=True, seed=0, prediction=HOPEFUL)
    expected = retro(ws, ADA, SLUG, number).expected
    assert expected.chances.startswith("Chances were given as 60% on average, 100% came true (1 experiment")
    assert expected.calls == (
        (key, "60% was said, its criteria were met: +15.0 points measured, +14.0 points expected"),
    )
    assert expected.ranking == ""
