"""A sprint from its plan to its end: commitments, their limits, scope changed in the open."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from assay.domain.kernel.ids import TicketType
from assay.domain.sprints.sprint import Capacity, Retro, Split, SprintContent, SprintState, Work
from assay.errors import Invalid, NotFound, Refused, StaleVersion
from assay.workflows.board import move_card
from assay.workflows.commitments import commit_tickets, flag_extension, release_ticket
from assay.workflows.integrity import record_faults
from assay.workflows.journal import journal_page
from assay.workflows.looking_back import pick_improvement, save_retro
from assay.workflows.planning_page import planning
from assay.workflows.retro import retro
from assay.workflows.sprint_cancelling import cancel_sprint, restore_sprint
from assay.workflows.sprint_charts import sprint_overview
from assay.workflows.sprints import (
    create_sprint,
    edit_sprint,
    end_sprint,
    get_sprint,
    next_sprint,
    reopen_sprint,
    start_sprint,
)
from assay.workflows.tickets import create_ticket, delete_ticket, get_ticket
from tests.unit.workflows.conftest import ADA, content
from tests.unit.workflows.test_life_of_an_experiment import SLUG


def tickets(ws, count, **more):
    return [create_ticket(ws, ADA, SLUG, content(title=f"Try {n}", **more)).key for n in range(count)]


def running(ws, count=1):
    keys = tickets(ws, count)
    create_sprint(ws, ADA, SLUG)
    commit_tickets(ws, ADA, SLUG, 1, keys)
    start_sprint(ws, ADA, SLUG, 1, expected_version=None)
    return keys


def kinds(ws, number):
    rows = journal_page(ws, ADA, project=SLUG, subject=f"sprint-{number}", limit=50).rows
    return [row.kind.removeprefix("sprint.") for row in rows][::-1]


def test_first_sprint_lasts_two_weeks_from_today(ws, clock):
    plan = create_sprint(ws, ADA, SLUG)
    assert (plan.sprint.number, plan.sprint.state) == (1, SprintState.PLANNED)
    assert plan.sprint.content.starts_on == clock().date()
    assert plan.sprint.content.days == 14


def test_next_sprint_follows_the_last_one_with_its_length_and_capacity(ws):
    capacity = Capacity(person_days=Split(available=Decimal(36), percent={Work.DATA: 25}))
    first = SprintContent(
        name="One", starts_on=date(2126, 5, 25), ends_on=date(2126, 5, 31), capacity=capacity
    )
    create_sprint(ws, ADA, SLUG, first)
    following = next_sprint(ws, ADA, SLUG)
    assert (following.name, following.starts_on, following.ends_on) == (
        "Sprint 2",
        date(2126, 6, 1),
        date(2126, 6, 7),
    )
    assert following.capacity == capacity


def test_committing_says_that_the_team_agreed(ws):
    [key] = tickets(ws, 1)
    create_sprint(ws, ADA, SLUG)
    commit_tickets(ws, ADA, SLUG, 1, [key, key])
    plan = commit_tickets(ws, ADA, SLUG, 1, [key])
    assert [made.key for made in plan.commitments] == [key]
    assert [said.item for said in get_ticket(ws, ADA, SLUG, key).attestations] == ["agreed"]


def test_fourth_experiment_and_third_product_task_need_a_second_word(ws):
    experiments = tickets(ws, 4)
    tasks = tickets(ws, 3, type=TicketType.ENGINEERING, criteria=(), baseline=())
    create_sprint(ws, ADA, SLUG)
    commit_tickets(ws, ADA, SLUG, 1, [*experiments[:3], *tasks[:2]])
    with pytest.raises(Refused, match="4 experiments are more than the 3"):
        commit_tickets(ws, ADA, SLUG, 1, experiments[3:])
    with pytest.raises(Refused, match="3 product tasks are more than the 2"):
        commit_tickets(ws, ADA, SLUG, 1, tasks[2:])
    plan = commit_tickets(ws, ADA, SLUG, 1, experiments[3:], confirmed=True)
    assert len(plan.commitments) == 6


def test_empty_sprint_and_a_second_one_at_once_cannot_be_started(ws):
    create_sprint(ws, ADA, SLUG)
    with pytest.raises(Refused, match="nothing is committed"):
        start_sprint(ws, ADA, SLUG, 1, expected_version=None)
    commit_tickets(ws, ADA, SLUG, 1, tickets(ws, 1))
    start_sprint(ws, ADA, SLUG, 1, expected_version=None)
    create_sprint(ws, ADA, SLUG)
    with pytest.raises(Refused, match="sprint 1 is still running"):
        start_sprint(ws, ADA, SLUG, 2, expected_version=None)


def test_scope_changed_after_the_start_is_recorded_as_such(ws):
    [key] = running(ws)
    [late] = tickets(ws, 1)
    plan = commit_tickets(ws, ADA, SLUG, 1, [late])
    assert [(made.key, made.after_start) for made in plan.commitments] == [(key, False), (late, True)]
    with pytest.raises(Invalid, match="no reason is given"):
        release_ticket(ws, ADA, SLUG, 1, key)
    plan = release_ticket(ws, ADA, SLUG, 1, key, reason="labels come in June")
    assert [(made.key, made.stands, made.removed_reason) for made in plan.commitments] == [
        (key, False, "labels come in June"),
        (late, True, ""),
    ]
    assert kinds(ws, 1) == ["planned", "committed", "started", "committed", "released"]


def test_undecided_experiments_go_on_in_the_next_sprint(ws):
    first, second = running(ws, 2)
    release_ticket(ws, ADA, SLUG, 1, second, reason="no GPU")
    end_sprint(ws, ADA, SLUG, 1, expected_version=None)
    plan = create_sprint(ws, ADA, SLUG)
    assert [made.key for made in plan.commitments] == [first]


def test_extension_is_flagged_and_taken_back(ws):
    [key] = running(ws)
    assert flag_extension(ws, ADA, SLUG, 1, key, reason="two seeds more").commitments[0].extension_reason
    assert not flag_extension(ws, ADA, SLUG, 1, key, reason="").commitments[0].extension_reason
    with pytest.raises(NotFound, match="EXP-99"):
        flag_extension(ws, ADA, SLUG, 1, "EXP-99", reason="x")


def test_change_based_on_an_old_version_is_refused(ws):
    plan = create_sprint(ws, ADA, SLUG)
    longer = plan.sprint.content.model_copy(
        update={"ends_on": plan.sprint.content.ends_on + timedelta(days=1)}
    )
    edit_sprint(ws, ADA, SLUG, 1, longer, expected_version=1)
    with pytest.raises(StaleVersion, match="version 2"):
        edit_sprint(ws, ADA, SLUG, 1, plan.sprint.content, expected_version=1)


def test_ended_sprint_takes_nothing_in_but_its_retro(ws):
    [key] = running(ws)
    end_sprint(ws, ADA, SLUG, 1, expected_version=None)
    with pytest.raises(Refused, match="it has ended"):
        commit_tickets(ws, ADA, SLUG, 1, tickets(ws, 1))
    [better] = tickets(ws, 1, type=TicketType.ENGINEERING, criteria=(), baseline=())
    with pytest.raises(Invalid, match="it was not killed"):
        save_retro(ws, ADA, SLUG, 1, Retro(kill_calls={key: "good"}), expected_version=None)
    retro = Retro(improvement=better)
    assert save_retro(ws, ADA, SLUG, 1, retro, expected_version=None).sprint.retro.improvement == better
    with pytest.raises(Invalid, match="was not in sprint 1"):
        save_retro(ws, ADA, SLUG, 1, Retro(kill_calls={"EXP-99": "good"}), expected_version=None)
    assert get_sprint(ws, ADA, SLUG, 1).sprint.retro == retro


def test_commitment_to_nothing_is_refused(ws):
    create_sprint(ws, ADA, SLUG)
    with pytest.raises(Invalid, match="no ticket is named"):
        commit_tickets(ws, ADA, SLUG, 1, [])


def test_sprint_ended_by_mistake_goes_on_until_another_was_started(ws):
    running(ws)
    with pytest.raises(Refused, match="it is active"):
        reopen_sprint(ws, ADA, SLUG, 1, expected_version=None)
    end_sprint(ws, ADA, SLUG, 1, expected_version=None)
    again = reopen_sprint(ws, ADA, SLUG, 1, expected_version=None).sprint
    assert (again.state, again.ended_at) == (SprintState.ACTIVE, None)
    assert kinds(ws, 1)[-2:] == ["ended", "reopened"]
    end_sprint(ws, ADA, SLUG, 1, expected_version=None)
    create_sprint(ws, ADA, SLUG)
    start_sprint(ws, ADA, SLUG, 2, expected_version=None)
    with pytest.raises(Refused, match="sprint 2 is still running"):
        reopen_sprint(ws, ADA, SLUG, 1, expected_version=None)
    end_sprint(ws, ADA, SLUG, 2, expected_version=None)
    with pytest.raises(Refused, match="sprint 2 was started after it"):
        reopen_sprint(ws, ADA, SLUG, 1, expected_version=None)


def test_planned_sprint_that_will_not_be_run_is_cancelled_and_planning_turns_to_the_next(ws):
    key = create_ticket(ws, ADA, SLUG, content()).key
    create_sprint(ws, ADA, SLUG)
    commit_tickets(ws, ADA, SLUG, 1, [key])
    gone = cancel_sprint(ws, ADA, SLUG, 1, reason="The team moved on.", expected_version=None)
    assert gone.sprint.state is SprintState.CANCELLED
    assert [(made.key, made.removed_reason) for made in gone.commitments] == [
        (key, "the sprint was cancelled: The team moved on.")
    ]
    assert get_ticket(ws, ADA, SLUG, key).attestations == ()
    assert planning(ws, ADA, SLUG).sprint is None
    follows = create_sprint(ws, ADA, SLUG)
    assert (follows.sprint.number, follows.sprint.content.starts_on, follows.commitments) == (
        2,
        gone.sprint.content.starts_on,
        (),
    )
    assert planning(ws, ADA, SLUG).sprint.number == 2
    for change in (
        lambda: commit_tickets(ws, ADA, SLUG, 1, [key]),
        lambda: edit_sprint(ws, ADA, SLUG, 1, gone.sprint.content, expected_version=None),
    ):
        with pytest.raises(Refused, match="it was cancelled") as refused:
            change()
        assert refused.value.hint == "assay sprint restore 1"
    with pytest.raises(Refused, match="it is cancelled") as refused:
        start_sprint(ws, ADA, SLUG, 1, expected_version=None)
    assert refused.value.hint == "assay sprint restore 1"


def test_cancelled_sprint_is_planned_again_with_what_is_still_open_in_it(ws):
    kept, over = (create_ticket(ws, ADA, SLUG, content()).key for _ in range(2))
    create_sprint(ws, ADA, SLUG)
    commit_tickets(ws, ADA, SLUG, 1, [kept, over])
    cancel_sprint(ws, ADA, SLUG, 1, expected_version=None)
    delete_ticket(ws, ADA, SLUG, over, expected_version=None)
    again = restore_sprint(ws, ADA, SLUG, 1, expected_version=None)
    assert again.sprint.state is SprintState.PLANNED
    assert [made.key for made in again.commitments if made.stands] == [kept]
    assert kinds(ws, 1)[-3:] == ["cancelled", "restored", "committed"]
    with ws.store.read() as tx:
        assert record_faults(tx) == ()
    start_sprint(ws, ADA, SLUG, 1, expected_version=None)
    with pytest.raises(Refused, match="it is active"):
        cancel_sprint(ws, ADA, SLUG, 1, expected_version=None)
    with pytest.raises(Refused, match="it is active"):
        restore_sprint(ws, ADA, SLUG, 1, expected_version=None)


def test_ticket_that_went_into_another_planned_sprint_stays_there_when_the_cancelled_one_comes_back(ws):
    went, kept = (create_ticket(ws, ADA, SLUG, content()).key for _ in range(2))
    create_sprint(ws, ADA, SLUG)
    commit_tickets(ws, ADA, SLUG, 1, [went, kept])
    cancel_sprint(ws, ADA, SLUG, 1, expected_version=None)
    create_sprint(ws, ADA, SLUG)
    commit_tickets(ws, ADA, SLUG, 2, [went])
    again = restore_sprint(ws, ADA, SLUG, 1, expected_version=None)
    assert [made.key for made in again.commitments if made.stands] == [kept]
    told = (f"{went} stayed in sprint 2 when this one was planned again.",)
    assert again.conflicts == get_sprint(ws, ADA, SLUG, 1).conflicts == told
    assert sprint_overview(ws, ADA, SLUG, 1).plan.conflicts == told
    assert [made.key for made in get_sprint(ws, ADA, SLUG, 2).commitments if made.stands] == [went]
    commit_tickets(ws, ADA, SLUG, 1, [went])  # by hand it may be in both
    assert get_sprint(ws, ADA, SLUG, 1).conflicts == ()


def test_planned_sprint_says_that_another_runs_in_its_days_restored_or_new(ws):
    key = create_ticket(ws, ADA, SLUG, content()).key
    first = create_sprint(ws, ADA, SLUG).sprint.content
    commit_tickets(ws, ADA, SLUG, 1, [key])
    cancel_sprint(ws, ADA, SLUG, 1, expected_version=None)
    create_sprint(ws, ADA, SLUG, first.model_copy(update={"name": "Again"}))
    commit_tickets(ws, ADA, SLUG, 2, [key])
    start_sprint(ws, ADA, SLUG, 2, expected_version=None)
    again = restore_sprint(ws, ADA, SLUG, 1, expected_version=None)
    assert [made.key for made in again.commitments if made.stands] == [key]  # it goes on, as in a new sprint
    [said] = again.conflicts
    assert said.startswith(f"Sprint 2 runs until {first.ends_on:%d %B %Y}, in days of this one")
    assert (
        create_sprint(ws, ADA, SLUG, first.model_copy(update={"name": "Third"})).conflicts == again.conflicts
    )
    later = first.model_copy(
        update={"starts_on": first.ends_on + timedelta(days=1), "ends_on": first.ends_on + timedelta(days=9)}
    )
    assert edit_sprint(ws, ADA, SLUG, 1, later, expected_version=None).conflicts == ()
    assert get_sprint(ws, ADA, SLUG, 2).conflicts == ()


def test_nobody_looks_back_on_a_cancelled_sprint_and_what_was_said_stays(ws):
    create_sprint(ws, ADA, SLUG)
    said = Retro(went_well="We saw early that it would not fit.")
    save_retro(ws, ADA, SLUG, 1, said, expected_version=None)
    cancel_sprint(ws, ADA, SLUG, 1, expected_version=None)
    before = ws.store.last_seq()
    for change in (
        lambda: save_retro(ws, ADA, SLUG, 1, Retro(went_well="Other"), expected_version=None),
        lambda: save_retro(ws, ADA, SLUG, 1, said, expected_version=None),
        lambda: pick_improvement(ws, ADA, SLUG, 1, title="Plan less"),
    ):
        with pytest.raises(Refused, match="it was cancelled and never ran") as refused:
            change()
        assert (refused.value.code, refused.value.hint) == ("sprint-cancelled", "assay sprint restore 1")
    assert ws.store.last_seq() == before
    assert retro(ws, ADA, SLUG, 1).notes == said
    restore_sprint(ws, ADA, SLUG, 1, expected_version=None)
    assert save_retro(ws, ADA, SLUG, 1, Retro(), expected_version=None).sprint.retro == Retro()


def test_improvement_becomes_a_ticket_beside_what_the_team_says(ws):
    running(ws)
    said = Retro(went_well="The kill came early.")
    saved = save_retro(
        ws, ADA, SLUG, 1, said, improvement="Log every seed", expected_version=None
    ).sprint.retro
    assert saved.went_well == "The kill came early."
    assert get_ticket(ws, ADA, SLUG, saved.improvement).content.title == "Log every seed"
    with pytest.raises(Refused, match=f"{saved.improvement} is picked already"):
        pick_improvement(ws, ADA, SLUG, 1, title="Draw the halves")
    create_sprint(ws, ADA, SLUG)
    with pytest.raises(Refused, match="it has not begun"):
        pick_improvement(ws, ADA, SLUG, 2, title="Too early")


def test_unknown_sprint_names_those_that_exist(ws):
    create_sprint(ws, ADA, SLUG)
    with pytest.raises(NotFound, match="expected one of: 1"):
        get_sprint(ws, ADA, SLUG, 2)


def test_what_could_be_taken_in_comes_by_urgency_then_as_the_board_has_it(ws):
    later, urgent, first = (
        create_ticket(ws, ADA, SLUG, content(title=title, priority=priority)).key
        for title, priority in (("a", 2), ("b", 0), ("c", 2))
    )
    moved = get_ticket(ws, ADA, SLUG, first)
    move_card(ws, ADA, SLUG, first, to="backlog", before_key=later, expected_version=moved.version)
    taken = tickets(ws, 1)
    create_sprint(ws, ADA, SLUG)
    commit_tickets(ws, ADA, SLUG, 1, taken)
    assert [ticket.key for ticket in sprint_overview(ws, ADA, SLUG, 1).at_hand] == [urgent, first, later]
