"""Data readiness, lead time and learning rate from the journal of a real store: in a window, by sprint, for a past day."""

from datetime import timedelta

import pytest

from assay.domain.board.diagnosis import Cause
from assay.domain.experiments.experiment import DataNeed, DecisionKind, Mode
from assay.domain.kernel.ids import TicketType
from assay.errors import Invalid, NotFound
from assay.workflows.board import Moved, move_card
from assay.workflows.ceremony_markdown import retro_markdown
from assay.workflows.commitments import commit_tickets, release_ticket
from assay.workflows.confirmations import attest
from assay.workflows.diagnosis import diagnosis, mend_cause
from assay.workflows.flow import flow
from assay.workflows.flow_tickets import flow_tickets
from assay.workflows.history import import_history
from assay.workflows.phases import edit_phase
from assay.workflows.retro import retro
from assay.workflows.sprint_flow import sprint_flows
from assay.workflows.sprints import create_sprint, end_sprint, start_sprint
from assay.workflows.tickets import create_ticket, edit_ticket, get_ticket
from tests.unit.workflows.conftest import ADA, content
from tests.unit.workflows.test_life_of_an_experiment import SLUG, decide_it, start, with_runs

WINS = (0.90, 0.91, 0.92, 0.90, 0.91)


def needing(ws, clock, *, by, ready=False, **more):
    need = DataNeed(dataset="labels-v2", needed_by=clock.now + timedelta(days=by), ready=ready)
    return create_ticket(ws, ADA, SLUG, content(data_needs=(need,), **more))


def becomes_ready(ws, ticket):
    now = get_ticket(ws, ADA, SLUG, ticket.key)
    needs = tuple(need.model_copy(update={"ready": True}) for need in now.content.data_needs)
    edit_ticket(
        ws,
        ADA,
        SLUG,
        now.key,
        now.content.model_copy(update={"data_needs": needs}),
        expected_version=None,
    )


def pushed(ws, ticket, *columns):
    for column in columns:
        moved = move_card(
            ws, ADA, SLUG, ticket.key, to=column, expected_version=None, override_reason="at once"
        )
        assert isinstance(moved, Moved), moved


def cause_of(ws, cause):
    return next(one for one in diagnosis(ws, ADA, SLUG).causes if one.cause == cause.value)


def test_data_readiness_is_counted_by_when_data_was_needed_and_names_its_tickets(ws, clock):
    empty = flow(ws, ADA, SLUG).data
    assert (empty.ready.rate, empty.ready.text, empty.points) == (None, "no data was due", ())
    early, late = needing(ws, clock, by=3), needing(ws, clock, by=4)
    becomes_ready(ws, early)
    clock.now += timedelta(days=6)
    before = clock()
    becomes_ready(ws, late)
    found = flow(ws, ADA, SLUG).data
    assert (found.ready.count, found.ready.of, found.ready.band) == (1, 2, "under 60%: planning fails")
    told = {point.key: point for point in found.points}
    assert (told[early.key].on_time, told[early.key].days_late) == (True, 0.0)
    assert told[late.key].on_time is False
    assert 2.0 < told[late.key].days_late < 2.1
    then = flow(ws, ADA, SLUG, at=before).data
    assert {point.key for point in then.points if point.is_missing} == {late.key}
    cause = cause_of(ws, Cause.DATA_NOT_READY)
    assert cause.standing == "holds"
    assert "data ready on time in these days: 1 of 2" in cause.speaks_for[0]
    assert late.key in cause.tickets
    assert mend_cause(ws, ADA, SLUG, Cause.DATA_NOT_READY).content.type is TicketType.DATA


def test_data_that_a_person_vouched_for_is_ready_and_of_the_others_nothing_is_known(ws):
    sure, unsaid = (create_ticket(ws, ADA, SLUG, content(title=title)) for title in "ab")
    attest(ws, ADA, SLUG, sure.key, item="dataset_ready", expected_version=None)
    for ticket in (sure, unsaid):
        pushed(ws, ticket, "hypothesis", "experiment")
    found = flow(ws, ADA, SLUG).data
    assert {point.key: point.on_time for point in found.points} == {sure.key: True, unsaid.key: None}
    assert (found.ready.count, found.ready.of, found.unknown) == (1, 1, 1)


def test_sprint_counts_the_data_of_what_was_committed_up_to_its_end(ws, clock):
    ready, late = needing(ws, clock, by=1, ready=True), needing(ws, clock, by=99)
    beside = needing(ws, clock, by=1)
    sprint = create_sprint(ws, ADA, SLUG).sprint
    commit_tickets(ws, ADA, SLUG, sprint.number, [ready.key, late.key], confirmed=True)
    assert sprint_flows(ws, ADA, SLUG) == ()
    start_sprint(ws, ADA, SLUG, sprint.number, expected_version=None)
    clock.now += timedelta(days=2)
    [running] = sprint_flows(ws, ADA, SLUG)
    assert (running.is_over, running.data.count, running.data.of) == (False, 1, 1)
    clock.now += timedelta(days=8)
    end_sprint(ws, ADA, SLUG, sprint.number, expected_version=None)
    [ended] = sprint_flows(ws, ADA, SLUG)
    assert (ended.is_over, ended.data.count, ended.data.of, ended.data_late) == (True, 1, 2, (late.key,))
    assert beside.key not in ended.data_late
    [then] = sprint_flows(ws, ADA, SLUG, at=running.end)
    assert (then.is_over, then.data.of) == (False, 1)
    view = retro(ws, ADA, SLUG, sprint.number)
    assert view.flow.data_late == (late.key,)
    text = retro_markdown(view)
    assert "## How work flowed" in text
    assert "Data ready on time: 1 of 2 (50%" in text
    assert "Lead time: nothing came into use" in text


def test_lead_time_runs_from_the_idea_to_what_is_live(ws, tracker, clock):
    assert flow(ws, ADA, SLUG).lead.days_median is None
    ticket = with_runs(ws, tracker, clock, values=WINS)
    clock.now += timedelta(days=4)
    pushed(ws, ticket, "evaluation")
    ticket = get_ticket(ws, ADA, SLUG, ticket.key)
    decide_it(ws, ticket, DecisionKind.PROMOTE, learnings="Rank 32 answers billing questions.")
    pushed(ws, ticket, "live")
    before = clock()
    found = flow(ws, ADA, SLUG, days=30)
    assert (found.lead.column, found.lead.deployed) == ("Live", 1)
    assert [point.key for point in found.lead.points] == [ticket.key]
    assert 4.0 < found.lead.days_median < 4.2
    assert (found.learning.count, found.learning.of) == (1, 1)
    clock.now += timedelta(days=30)
    later = flow(ws, ADA, SLUG, days=30).lead
    assert (later.deployed, later.days_median, later.days_median_before) == (0, None, found.lead.days_median)
    assert flow(ws, ADA, SLUG, at=before, days=30).lead == found.lead


def test_lead_time_of_an_idea_whose_day_an_imported_history_does_not_tell_is_not_known(ws):
    rows = [
        "ticket,from,to,at",
        "A,,Backlog,2026-04-01",
        "A,Backlog,Live,2026-04-11",
        "B,Experiment,Live,2026-04-12",
    ]
    import_history(ws, ADA, SLUG, "\n".join(rows) + "\n")
    lead = flow(ws, ADA, SLUG).lead
    assert [point.days for point in lead.points] == [10.0, None]
    assert (lead.deployed, lead.days_median) == (2, 10.0)
    assert flow(ws, ADA, SLUG).with_learnings.rate is None


def test_figure_opens_the_tickets_that_were_there_then(ws, clock):
    one, two = (create_ticket(ws, ADA, SLUG, content(title=title)) for title in "ab")
    pushed(ws, one, "hypothesis")
    before = clock()
    clock.now += timedelta(days=2)
    pushed(ws, one, "experiment")
    assert [row.key for row in flow_tickets(ws, ADA, SLUG, column="hypothesis").rows] == []
    assert [row.key for row in flow_tickets(ws, ADA, SLUG, column="hypothesis", at=before).rows] == [one.key]
    assert [row.key for row in flow_tickets(ws, ADA, SLUG, furthest="hypothesis").rows] == [one.key]
    assert {row.key for row in flow_tickets(ws, ADA, SLUG).rows} == {one.key, two.key}
    steps = {step.key: step.reached for step in flow(ws, ADA, SLUG).funnel}
    assert {key: len(flow_tickets(ws, ADA, SLUG, furthest=key).rows) for key in steps} == steps
    with pytest.raises(Invalid, match=r"expected one of: backlog, hypothesis, .*promoted"):
        flow_tickets(ws, ADA, SLUG, furthest="killed")


def test_day_of_a_sprint_opens_what_was_in_it_then(ws, clock):
    kept, gone, late = (create_ticket(ws, ADA, SLUG, content(title=title)) for title in ("k", "g", "l"))
    create_sprint(ws, ADA, SLUG)
    commit_tickets(ws, ADA, SLUG, 1, [kept.key, gone.key])
    start_sprint(ws, ADA, SLUG, 1, expected_version=None)
    before = clock()
    clock.now += timedelta(days=2)
    release_ticket(ws, ADA, SLUG, 1, gone.key, reason="no labels")
    commit_tickets(ws, ADA, SLUG, 1, [late.key])
    then = flow_tickets(ws, ADA, SLUG, at=before, sprint=1)
    assert ({row.key for row in then.rows}, then.title) == ({kept.key, gone.key}, "Sprint 1")
    assert {row.key for row in flow_tickets(ws, ADA, SLUG, sprint=1).rows} == {kept.key, late.key}
    with pytest.raises(NotFound):
        flow_tickets(ws, ADA, SLUG, sprint=9)


def test_mix_that_does_not_fit_the_phase_is_a_cause_with_its_tickets(ws):
    assert "nobody said which phase" in cause_of(ws, Cause.PHASE_MIX).missing
    edit_phase(ws, ADA, SLUG, {"phase": "optimization"}, expected_version=None)
    assert "no sprint is running" in cause_of(ws, Cause.PHASE_MIX).missing
    keys = [create_ticket(ws, ADA, SLUG, content(title=t, mode=Mode.EXPLORE)).key for t in "ab"]
    sprint = create_sprint(ws, ADA, SLUG).sprint
    commit_tickets(ws, ADA, SLUG, sprint.number, keys)
    start_sprint(ws, ADA, SLUG, sprint.number, expected_version=None)
    found = cause_of(ws, Cause.PHASE_MIX)
    assert (found.standing, found.tickets) == ("holds", tuple(keys))
    assert found.speaks_for == (
        "sprint 1: the sprint explores 100%, optimization asks for 10%: 90 points too much",
    )
    assert found.weight == 0.9
    made = mend_cause(ws, ADA, SLUG, Cause.PHASE_MIX)
    assert "optimization asks for 10%" in made.content.method
    edit_phase(ws, ADA, SLUG, {"phase": "discovery"}, expected_version=None)
    fits = cause_of(ws, Cause.PHASE_MIX)
    assert (fits.standing, fits.speaks_against) == (
        "does_not_hold",
        ("sprint 1 explores 100%, discovery asks for 90%",),
    )


def test_phase_without_end_is_named_with_its_evidence_and_its_way_out(ws, clock):
    assert cause_of(ws, Cause.STUCK_IN_PHASE).standing == "not_known"
    edit_phase(ws, ADA, SLUG, {"phase": "discovery"}, expected_version=None)
    assert cause_of(ws, Cause.STUCK_IN_PHASE).standing == "does_not_hold"
    ticket = start(ws)
    clock.now += timedelta(days=60)
    found = cause_of(ws, Cause.STUCK_IN_PHASE)
    assert (found.standing, found.tickets) == ("holds", (ticket.key,))
    assert "explores without end: in discovery since 2026-05-12, 8 weeks" in found.speaks_for[0]
    assert "works out of sight" in found.speaks_for[1]
