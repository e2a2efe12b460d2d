"""What a sprint is made of: open tickets, carried over when the sprint before ends, kept once it was started."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from assay.domain.experiments.experiment import Budget, DecisionKind, Place
from assay.domain.experiments.prediction import Prediction
from assay.domain.sprints.progress import Progress
from assay.domain.sprints.sprint import Capacity, Split, SprintContent
from assay.errors import Invalid, NotFound, Refused
from assay.workflows.board import Moved, move_card
from assay.workflows.carrying_over import OVER_BEFORE_THE_START
from assay.workflows.ceremonies import mid_sprint_check, review, standup
from assay.workflows.ceremony_markdown import check_markdown
from assay.workflows.commitments import commit_tickets, release_ticket
from assay.workflows.confirmations import attest
from assay.workflows.integrity import record_faults
from assay.workflows.planning_page import planning
from assay.workflows.saved_filters import save_filter
from assay.workflows.sprint_charts import sprint_burn, sprint_overview
from assay.workflows.sprints import (
    create_sprint,
    edit_sprint,
    end_sprint,
    get_sprint,
    next_sprint,
    start_sprint,
)
from assay.workflows.tickets import create_ticket, delete_ticket, follow_up, get_ticket
from tests.unit.workflows.conftest import ADA, content
from tests.unit.workflows.test_ceremonies import begun, of
from tests.unit.workflows.test_life_of_an_experiment import SLUG, decide_it, start


def draft(ws, title="Rerank", **more):
    return create_ticket(ws, ADA, SLUG, content(title=title, **more)).key


def capacity(*, person_days, gpu_hours):
    days, hours = (Split(available=Decimal(one)) for one in (person_days, gpu_hours))
    given = Capacity(person_days=days, gpu_hours=hours)
    return SprintContent(name="S", starts_on=date(2026, 5, 12), ends_on=date(2026, 5, 25), capacity=given)


def kill(ws, key, **more):
    return decide_it(ws, get_ticket(ws, ADA, SLUG, key), DecisionKind.KILL, reason="out of time", **more)


def inside(ws, number):
    return [made.key for made in get_sprint(ws, ADA, SLUG, number).commitments if made.stands]


def promoted_and_live(ws, key):
    """A ticket that serves."""
    ticket = decide_it(ws, get_ticket(ws, ADA, SLUG, key), DecisionKind.PROMOTE, reason="good enough").ticket
    for stage in ("evaluation", "production", "live"):
        if ticket.stage != stage:
            for item in ("serving", "monitored", "signed_off"):
                ticket = attest(ws, ADA, SLUG, key, item=item, expected_version=None)
            moved = move_card(
                ws, ADA, SLUG, key, to=stage, expected_version=None, override_reason="seen on the dashboard"
            )
            assert isinstance(moved, Moved), moved.assessment
            ticket = moved.ticket
    return ticket


def test_killed_ticket_is_committed_to_no_sprint(ws):
    closed = start(ws).key
    kill(ws, closed)
    stuck = start(ws, title="Killed where it stands").key
    kill(ws, stuck, move=False)
    create_sprint(ws, ADA, SLUG)
    with pytest.raises(Refused, match="it is closed in Killed") as refusal:
        commit_tickets(ws, ADA, SLUG, 1, [closed])
    assert refusal.value.hint == f"assay ticket follow-up {closed}"
    with pytest.raises(Refused, match="it was killed, and stands in Experiment"):
        commit_tickets(ws, ADA, SLUG, 1, [stuck])


def test_decision_ends_when_the_ticket_is_taken_up_again(ws, clock):
    key = start(ws).key
    begun(ws, key)
    promoted_and_live(ws, key)
    assert of(standup(ws, ADA, SLUG), key).progress is Progress.PROMOTED
    clock.now += timedelta(days=1)
    move_card(ws, ADA, SLUG, key, to="evaluation", expected_version=None, reason="accuracy fell")
    seen = of(standup(ws, ADA, SLUG), key)
    assert (seen.progress, seen.decided_at, seen.learnings) == (Progress.STARTED, None, "")
    days = [(day.committed, day.decided) for day in sprint_burn(ws, ADA, SLUG, 1)[:2]]
    assert days == [(1, 1), (1, 0)]
    end_sprint(ws, ADA, SLUG, 1, expected_version=None)
    create_sprint(ws, ADA, SLUG)
    assert inside(ws, 2) == [key]
    release_ticket(ws, ADA, SLUG, 2, key)
    assert [ticket.key for ticket in sprint_overview(ws, ADA, SLUG, 2).at_hand] == [key]


def test_sprint_planned_ahead_takes_over_what_the_running_one_leaves(ws):
    killed, kept, late = start(ws).key, start(ws, title="Kept").key, draft(ws, "Late")
    begun(ws, killed, kept)
    create_sprint(ws, ADA, SLUG)
    release_ticket(ws, ADA, SLUG, 2, kept)
    assert inside(ws, 2) == [killed]
    commit_tickets(ws, ADA, SLUG, 1, [late])
    kill(ws, killed)
    end_sprint(ws, ADA, SLUG, 1, expected_version=None)
    assert inside(ws, 2) == [late]
    gone = [made for made in get_sprint(ws, ADA, SLUG, 2).commitments if not made.stands]
    assert {made.key: made.removed_reason for made in gone} == {kept: "", killed: OVER_BEFORE_THE_START}
    with ws.store.read() as tx:
        assert record_faults(tx) == ()


def test_sprint_that_is_only_planned_leaves_nothing_over(ws):
    create_sprint(ws, ADA, SLUG)
    commit_tickets(ws, ADA, SLUG, 1, [draft(ws)])
    assert create_sprint(ws, ADA, SLUG).commitments == ()


def test_what_is_decided_before_the_start_is_not_started(ws):
    key = start(ws).key
    create_sprint(ws, ADA, SLUG)
    commit_tickets(ws, ADA, SLUG, 1, [key])
    kill(ws, key)
    with pytest.raises(Refused, match="nothing is committed that is not decided yet"):
        start_sprint(ws, ADA, SLUG, 1, expected_version=None)


def test_more_than_usual_is_asked_about_again_when_it_is_carried_over(ws):
    keys = [draft(ws, f"Try {number}") for number in range(4)]
    begun(ws, *keys)
    end_sprint(ws, ADA, SLUG, 1, expected_version=None)
    create_sprint(ws, ADA, SLUG)
    with pytest.raises(Refused, match="4 experiments are more than the 3") as refusal:
        start_sprint(ws, ADA, SLUG, 2, expected_version=None)
    assert refusal.value.hint == "assay sprint start 2 --yes"
    assert start_sprint(ws, ADA, SLUG, 2, confirmed=True, expected_version=None).sprint.started_at


def test_ticket_of_a_started_sprint_stays(ws):
    told, planned = draft(ws), draft(ws, "Only planned")
    begun(ws, told, planned)
    with pytest.raises(Refused, match="sprint 1 ran with it") as refusal:
        delete_ticket(ws, ADA, SLUG, told, expected_version=None)
    assert refusal.value.hint == f"assay sprint release 1 {told} --reason TEXT"
    end_sprint(ws, ADA, SLUG, 1, expected_version=None)
    with pytest.raises(Refused, match="sprint 1 ran with it"):
        delete_ticket(ws, ADA, SLUG, told, expected_version=None)
    create_sprint(ws, ADA, SLUG)
    fresh = draft(ws, "Fresh")
    commit_tickets(ws, ADA, SLUG, 2, [fresh])
    delete_ticket(ws, ADA, SLUG, fresh, expected_version=None)


def test_agreement_goes_with_the_last_sprint_that_has_the_ticket(ws):
    key, said = draft(ws), draft(ws, "Said by a person")
    attest(ws, ADA, SLUG, said, item="agreed", note="at the stand-up", expected_version=None)
    create_sprint(ws, ADA, SLUG)
    create_sprint(ws, ADA, SLUG)
    commit_tickets(ws, ADA, SLUG, 1, [key, said])
    commit_tickets(ws, ADA, SLUG, 2, [key])
    for number, keys in ((1, (key, said)), (2, (key,))):
        assert [one.item for one in get_ticket(ws, ADA, SLUG, key).attestations] == ["agreed"]
        for one in keys:
            release_ticket(ws, ADA, SLUG, number, one)
    assert get_ticket(ws, ADA, SLUG, key).attestations == ()
    assert [one.item for one in get_ticket(ws, ADA, SLUG, said).attestations] == ["agreed"]


def test_days_beyond_the_calendar_of_a_team_are_refused_and_lists_still_stand(ws):
    far = SprintContent(name="Far", starts_on=date(9999, 12, 20), ends_on=date(9999, 12, 31))
    with pytest.raises(Invalid, match="beyond the calendar") as refusal:
        create_sprint(ws, ADA, SLUG, far)
    assert refusal.value.field == "ends_on"

    def taken_by_an_older_version(tx):
        tx.add_sprint(tx.project(SLUG).id, far, at=ws.clock())

    ws.store.write(taken_by_an_older_version)
    assert next_sprint(ws, ADA, SLUG).starts_on == ws.clock().date()


def test_sprint_page_and_planning_page_ask_for_the_same(ws):
    key = draft(ws, prediction=Prediction(gpu_hours=30, person_days=25), budget=Budget(gpu_hours=10))
    create_sprint(ws, ADA, SLUG, capacity(person_days=20, gpu_hours=24))
    commit_tickets(ws, ADA, SLUG, 1, [key])
    page, plan = sprint_overview(ws, ADA, SLUG, 1), planning(ws, ADA, SLUG)
    assert (page.load.gpu_hours.total, page.load.person_days.total) == (30, 25)
    assert (plan.load, plan.over) == (page.load, page.over)
    assert len(page.over) == 2


def test_changed_days_and_goal_of_a_running_sprint_are_told_as_scope(ws):
    begun(ws, draft(ws))
    plan = get_sprint(ws, ADA, SLUG, 1).sprint.content
    longer = plan.model_copy(update={"ends_on": plan.ends_on + timedelta(days=14), "goal": "An easier one"})
    edit_sprint(ws, ADA, SLUG, 1, longer, expected_version=None)
    view = mid_sprint_check(ws, ADA, SLUG, 1)
    assert [(one.key, one.title) for one in view.scope] == [
        ("", "the last day is 2026-06-08, it was 2026-05-25; half time is 2026-05-26, it was 2026-05-19"),
        ("", "the goal is “An easier one”, it was empty"),
    ]
    assert "half time is 2026-05-26, it was 2026-05-19" in check_markdown(view)


def test_review_leaves_out_what_was_taken_out_before(ws):
    kept, gone = start(ws).key, start(ws, title="Gone").key
    begun(ws, kept, gone)
    release_ticket(ws, ADA, SLUG, 1, gone, reason="no GPU")
    kill(ws, gone)
    view = review(ws, ADA, SLUG, 1)
    assert (view.killed, view.learned) == (0, ())


def test_sprint_shows_a_ticket_that_is_there(ws):
    create_sprint(ws, ADA, SLUG)
    shown = get_sprint(ws, ADA, SLUG, 1).sprint.content.model_copy(update={"demo": "FEAT-999"})
    with pytest.raises(Invalid, match="no such ticket"):
        edit_sprint(ws, ADA, SLUG, 1, shown, expected_version=None)


def test_planning_is_about_the_sprint_after_the_one_that_runs_or_the_one_that_is_named(ws):
    create_sprint(ws, ADA, SLUG)
    create_sprint(ws, ADA, SLUG)
    commit_tickets(ws, ADA, SLUG, 2, [draft(ws)])
    start_sprint(ws, ADA, SLUG, 2, expected_version=None)
    assert planning(ws, ADA, SLUG).sprint.number == 2
    create_sprint(ws, ADA, SLUG)
    assert planning(ws, ADA, SLUG).sprint.number == 3
    assert planning(ws, ADA, SLUG, number=1).sprint.number == 1


def test_follow_up_takes_over_neither_place_nor_chance(ws):
    said = Prediction(chance="0.9", gpu_hours=5)
    key = start(ws, prediction=said, place=Place(rank=1, reason="the regulator waits")).key
    kill(ws, key)
    again = follow_up(ws, ADA, SLUG, key).content
    assert (again.place, again.prediction) == (None, Prediction(gpu_hours=5))


def test_card_is_put_before_one_that_is_there(ws):
    key = draft(ws)
    with pytest.raises(NotFound, match="EXP-999"):
        move_card(ws, ADA, SLUG, key, to="backlog", before_key="EXP-999", expected_version=None)


def test_filter_by_a_sprint_that_cannot_be_is_not_kept(ws):
    with pytest.raises(Invalid, match="expected active, none or the number of a sprint"):
        save_filter(ws, ADA, SLUG, "Mine", {"sprint": "abc"})


def test_decided_ticket_asks_for_nothing_more_while_the_sprint_runs(ws):
    killed, going = start(ws).key, start(ws, title="Goes on").key
    begun(ws, killed, going)
    kill(ws, killed)
    plan = planning(ws, ADA, SLUG)
    assert (plan.load.gpu_hours.total, set(plan.fits)) == (24, {going})
    end_sprint(ws, ADA, SLUG, 1, expected_version=None)
    assert sprint_overview(ws, ADA, SLUG, 1).load.gpu_hours.total == 48
