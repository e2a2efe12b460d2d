"""The canvas of a project: one page, versioned, with today's value beside every number."""

from datetime import date

import pytest

from assay.domain.kernel.findings import Outcome
from assay.domain.kernel.metrics import Direction, Metric, Unit
from assay.domain.sprints.sprint import SprintContent
from assay.errors import Forbidden, Invalid, StaleVersion
from assay.workflows.actor import Actor, Permission
from assay.workflows.canvas import edit_canvas, get_canvas
from assay.workflows.commitments import commit_tickets
from assay.workflows.evidence import sync_source
from assay.workflows.journal import journal_page, verify_journal
from assay.workflows.projects import declare_metric
from assay.workflows.sprints import create_sprint, end_sprint, start_sprint
from assay.workflows.ticket_file import dump_ticket_text, load_ticket_text
from tests.unit.workflows.conftest import ADA, run
from tests.unit.workflows.test_life_of_an_experiment import GOOD, SLUG, start, with_runs

PAGE = {
    "objective": "Answer support tickets without a person",
    "success": [{"metric": "accuracy >= 85%", "why": "Fewer handovers"}],
    "data": [{"name": "Tickets since 2024", "gaps": "No German ones"}],
    "constraints": {"budget": {"gpu_hours": 120.5, "cost_usd": 5000}, "privacy": "Nothing leaves the EU"},
    "risks": [{"risk": "Topics drift", "mitigation": "Label 200 a week"}],
    "time_box": {"discovery_sprints": 3, "ship_by_sprint": 8},
    "kill": [{"criterion": "accuracy < 80%", "after_sprint": 1, "then": "pivot"}],
}
POOR = (0.701, 0.705, 0.699, 0.703, 0.702)


def put(ws, data=PAGE, version=0):
    return edit_canvas(ws, ADA, SLUG, data, expected_version=version)


def another_ticket_with_runs(ws, tracker, clock, values):
    ticket = start(ws, title="Another way to do it")
    tracker.put(*(run(ticket.key, 50 + seed, 0.7, value, begun=clock()) for seed, value in enumerate(values)))
    sync_source(ws, ADA, SLUG, "listed")
    return ticket


def a_sprint_ends(ws, key):
    plan = create_sprint(
        ws, ADA, SLUG, SprintContent(name="One", starts_on=date(2026, 5, 12), ends_on=date(2026, 5, 25))
    )
    number = plan.sprint.number
    commit_tickets(ws, ADA, SLUG, number, [key])
    start_sprint(ws, ADA, SLUG, number, expected_version=None)
    end_sprint(ws, ADA, SLUG, number, expected_version=None)


def journaled(ws, kind):
    return [row for row in journal_page(ws, ADA, project=SLUG, limit=200).rows if row.kind == kind]


def test_canvas_nobody_wrote_is_empty_and_has_version_0(ws):
    view = get_canvas(ws, ADA, SLUG)
    assert (view.version, view.canvas.is_empty, view.standing, view.data) == (0, True, None, {})


def test_canvas_is_read_back_without_loss_and_the_same_again_is_no_change(ws):
    view = put(ws)
    assert (view.version, view.data, view.by) == (1, PAGE, "ada")
    again = put(ws, load_ticket_text(dump_ticket_text(dict(view.data))), version=1)
    assert (again.version, len(journaled(ws, "canvas.edited"))) == (1, 1)
    assert put(ws, PAGE | {"objective": "Another"}, version=1).version == 2
    assert journaled(ws, "canvas.edited")[0].payload["after"]["objective"] == "Another"
    assert verify_journal(ws, ADA).ok


def test_edit_from_another_version_is_refused_and_changes_nothing(ws):
    put(ws)
    for seen in (0, 2):
        with pytest.raises(StaleVersion) as caught:
            put(ws, {}, version=seen)
        assert caught.value.details["version"] == 1
    assert get_canvas(ws, ADA, SLUG).data == PAGE


def test_who_may_only_read_cannot_edit(ws):
    with pytest.raises(Forbidden):
        edit_canvas(ws, Actor("eve", permissions=frozenset({Permission.READ})), SLUG, {}, expected_version=0)


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({"succes": []}, "succes"),
        ({"success": [{"metric": "accuracy improves by >= 3%"}]}, "success[0].criterion"),
        ({"success": [{"metric": "nope > 3"}]}, "success[0].metric"),
        ({"success": "accuracy"}, "success"),
        ({"risks": [{"risk": "Drift"}, {"mitigation": "x"}]}, "risks[1].risk"),
        ({"time_box": {"ship_by_sprint": 0}}, "time_box.ship_by_sprint"),
        ({"time_box": {"ship_by_sprint": True}}, "time_box.ship_by_sprint"),
        ({"kill": [{"criterion": "accuracy < 80%", "after": 3}]}, "kill[0].after"),
        ({"kill": [{"criterion": 3}]}, "kill[0].criterion"),
        ({"constraints": {"latency": "compute > 3 GPU-h"}}, "constraints.latency"),
        ({"constraints": {"budget": {"gpu_hours": -1}}}, "constraints.budget.gpu_hours"),
        (["objective"], ""),
    ],
)
def test_error_names_the_field(ws, data, field):
    with pytest.raises(Invalid) as caught:
        put(ws, data)
    assert caught.value.field == field
    assert "(expected " in caught.value.message


def test_number_nobody_measured_is_unknown_and_not_zero(ws):
    reading = put(ws).reading("success[0]")
    assert (reading.finding.outcome, reading.finding.estimate, reading.ticket) == (
        Outcome.NO_EVIDENCE,
        None,
        None,
    )
    assert reading.finding.reason == "no locked ticket has measured accuracy"


def test_number_shows_the_best_ticket_with_the_interval_of_the_engine(ws, tracker, clock):
    put(ws)
    ticket = with_runs(ws, tracker, clock)
    view = get_canvas(ws, ADA, SLUG)
    reading = view.reading("success[0]")
    assert (reading.ticket, reading.tickets, reading.finding.outcome) == (ticket.key, 1, Outcome.MET)
    assert reading.finding.estimate == pytest.approx(sum(GOOD) / 5)
    assert reading.finding.interval.low < reading.finding.estimate < reading.finding.interval.high
    worse = another_ticket_with_runs(ws, tracker, clock, POOR)
    reading = get_canvas(ws, ADA, SLUG).reading("success[0]")
    assert (reading.ticket, reading.tickets) == (ticket.key, 2)
    assert worse.key != ticket.key


def test_being_the_best_of_several_tickets_costs_level(ws, tracker, clock):
    put(ws)
    with_runs(ws, tracker, clock)
    alone = get_canvas(ws, ADA, SLUG).reading("success[0]").finding
    another_ticket_with_runs(ws, tracker, clock, POOR)
    chosen = get_canvas(ws, ADA, SLUG).reading("success[0]").finding
    assert chosen.alpha == pytest.approx(alone.alpha / 2)
    assert chosen.interval.low < alone.interval.low


def test_project_is_killed_when_every_ticket_is_shown_to_be_below_and_its_sprint_has_ended(
    ws, tracker, clock
):
    put(ws)
    poor = with_runs(ws, tracker, clock, POOR)
    view = get_canvas(ws, ADA, SLUG)
    assert view.kills[0].reading.finding.outcome is Outcome.MET
    assert (view.kills[0].counts, view.kills[0].is_met) == (False, False)
    a_sprint_ends(ws, poor.key)
    assert get_canvas(ws, ADA, SLUG).kills[0].is_met
    better = another_ticket_with_runs(ws, tracker, clock, GOOD)
    kill = get_canvas(ws, ADA, SLUG).kills[0]
    assert (kill.is_met, kill.reading.ticket, kill.reading.finding.outcome) == (
        False,
        better.key,
        Outcome.NOT_MET,
    )
    outcomes = [row.payload["readings"][1]["outcome"] for row in journaled(ws, "canvas.judged")]
    assert outcomes == ["not_met", "met", "no_evidence"]


def test_sync_without_news_judges_nothing_again(ws, tracker, clock):
    put(ws)
    with_runs(ws, tracker, clock)
    before = journal_page(ws, ADA, project=SLUG, limit=1).rows[0].seq
    sync_source(ws, ADA, SLUG, "listed")
    assert journal_page(ws, ADA, project=SLUG, limit=1).rows[0].seq == before


def test_limit_on_a_metric_no_ticket_claims_anything_about_is_unknown_in_its_unit(ws):
    declare_metric(
        ws, ADA, SLUG, Metric(name="latency_ms", direction=Direction.LOWER, unit=Unit.MILLISECONDS)
    )
    put(ws, PAGE | {"constraints": {"latency": "latency_ms < 500 ms"}})
    reading = get_canvas(ws, ADA, SLUG).reading("constraints.latency")
    assert reading.finding.outcome is Outcome.NO_EVIDENCE
    assert reading.finding.unit == "ms"


def test_compute_spent_is_known_only_as_far_as_runs_say_it(ws, tracker, clock):
    assert get_canvas(ws, ADA, SLUG).gpu_hours is None
    with_runs(ws, tracker, clock)
    view = get_canvas(ws, ADA, SLUG)
    assert (view.runs, view.runs_with_hours) in {(5, 5), (5, 0)}
