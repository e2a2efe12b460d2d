"""Why a team does not ship, from its real store, and the ticket that mends a cause."""

from datetime import timedelta

import pytest

from assay.domain.board.blockers import BlockerCategory
from assay.domain.board.diagnosis import Cause
from assay.domain.experiments.experiment import DataNeed, DecisionKind
from assay.domain.kernel.ids import TicketType
from assay.errors import Conflict, Forbidden, Invalid, Refused
from assay.workflows.actor import Actor, Permission
from assay.workflows.blockers import open_blocker
from assay.workflows.board import move_card
from assay.workflows.commitments import commit_tickets
from assay.workflows.confirmations import attest, withdraw_attestation
from assay.workflows.diagnosis import diagnosis, mend_cause
from assay.workflows.sprints import create_sprint, start_sprint
from assay.workflows.tickets import create_ticket, get_ticket
from tests.unit.workflows.conftest import ADA, content
from tests.unit.workflows.test_life_of_an_experiment import SLUG, decide_it, start, with_runs

LOSES = (0.61, 0.60, 0.62, 0.61, 0.605)


def cause_of(ws, cause, **asked):
    return next(one for one in diagnosis(ws, ADA, SLUG, **asked).causes if one.cause == cause.value)


def test_project_without_tickets_is_told_what_is_not_known(ws):
    found = diagnosis(ws, ADA, SLUG)
    assert (found.shipped, found.decided, len(found.causes)) == (0, 0, len(Cause))
    assert all(one.speaks_for or one.speaks_against or one.missing for one in found.causes)
    assert [one.cause for one in found.causes if one.standing == "holds"] == []


def test_card_past_its_time_box_is_found_and_mended_by_a_ticket_that_says_why(ws, clock):
    ticket = start(ws, time_box_days=10)
    assert cause_of(ws, Cause.NOBODY_KILLS).standing == "does_not_hold"
    clock.now += timedelta(days=11)
    found = cause_of(ws, Cause.NOBODY_KILLS)
    assert (found.standing, found.tickets, found.fix_ticket) == ("holds", (ticket.key,), None)
    made = mend_cause(ws, ADA, SLUG, Cause.NOBODY_KILLS)
    assert made.content.type is TicketType.ENGINEERING
    assert found.fix in made.content.hypothesis
    assert ticket.key in made.content.method
    assert found.speaks_for[0] in made.content.method
    assert cause_of(ws, Cause.NOBODY_KILLS).fix_ticket == made.key
    with pytest.raises(Conflict, match=made.key):
        mend_cause(ws, ADA, SLUG, Cause.NOBODY_KILLS)


def test_decided_card_is_no_zombie_and_counts_as_decided(ws, tracker, clock):
    ticket = with_runs(ws, tracker, clock, values=LOSES, time_box_days=10)
    assert cause_of(ws, Cause.NOBODY_KILLS).standing == "holds"
    assert "the evidence says kill" in cause_of(ws, Cause.NOBODY_KILLS).speaks_for[0]
    decide_it(ws, ticket, DecisionKind.KILL, learnings="Rank 16 underfits billing questions.")
    clock.now += timedelta(days=30)
    assert cause_of(ws, Cause.NOBODY_KILLS).standing != "holds"
    assert diagnosis(ws, ADA, SLUG).decided == 1
    assert diagnosis(ws, ADA, SLUG, days=7).decided == 0


def test_blocked_tickets_that_do_not_start_name_what_blocks_them(ws):
    key = create_ticket(ws, ADA, SLUG, content()).key
    open_blocker(ws, ADA, SLUG, key, category=BlockerCategory.CLARITY, text="Which metric?")
    found = cause_of(ws, Cause.DO_NOT_START)
    assert found.standing == "holds"
    assert "1 by Clarity" in found.speaks_for[1]


def test_scope_added_is_counted_from_sprints_that_were_started(ws):
    keys = [create_ticket(ws, ADA, SLUG, content(title=title)).key for title in "ab"]
    sprint = create_sprint(ws, ADA, SLUG).sprint
    commit_tickets(ws, ADA, SLUG, sprint.number, [keys[0]])
    assert cause_of(ws, Cause.SCOPE_ADDED).standing == "not_known"
    start_sprint(ws, ADA, SLUG, sprint.number, expected_version=None)
    commit_tickets(ws, ADA, SLUG, sprint.number, [keys[1]])
    found = cause_of(ws, Cause.SCOPE_ADDED)
    assert (found.standing, found.weight) == ("holds", 0.5)


def test_window_does_not_begin_before_the_journal(ws, clock):
    before = clock()
    create_ticket(ws, ADA, SLUG, content())
    clock.now += timedelta(days=3)
    assert diagnosis(ws, ADA, SLUG, days=90).since > before
    assert diagnosis(ws, ADA, SLUG, days=1).since > before + timedelta(days=1)


def test_ticket_is_made_only_where_a_cause_holds(ws):
    create_ticket(ws, ADA, SLUG, content())
    for cause, why in (
        (Cause.SCOPE_ADDED, "not known whether it holds"),
        (Cause.NO_TIME_BOX, "the data speaks against it"),
    ):
        with pytest.raises(Refused, match=why):
            mend_cause(ws, ADA, SLUG, cause)


def test_who_may_only_read_gets_the_diagnosis_and_makes_no_ticket(ws):
    reader = Actor("eve", permissions=frozenset({Permission.READ}))
    assert diagnosis(ws, reader, SLUG).causes
    with pytest.raises(Forbidden):
        mend_cause(ws, reader, SLUG, Cause.NOISE)
    with pytest.raises(Invalid, match="diagnose 0 days"):
        diagnosis(ws, reader, SLUG, days=0)


def test_mended_cause_may_have_a_new_ticket_once_the_old_one_is_over(ws, clock):
    start(ws, time_box_days=1)
    clock.now += timedelta(days=2)
    made = mend_cause(ws, ADA, SLUG, Cause.NOBODY_KILLS)
    assert get_ticket(ws, ADA, SLUG, made.key).stage == "backlog"
    moved = move_card(ws, ADA, SLUG, made.key, to="hypothesis", expected_version=None, override_reason="x")
    assert moved.ticket.stage == "hypothesis"
    assert cause_of(ws, Cause.NOBODY_KILLS).fix_ticket == made.key


def test_data_that_a_killed_experiment_lacked_is_missed_only_as_long_as_it_ran(ws, tracker, clock):
    labels = DataNeed(dataset="labels-v2", needed_by=clock.now - timedelta(days=2), ready=False)
    key = create_ticket(ws, ADA, SLUG, content(data_needs=(labels,))).key
    for stage in ("hypothesis", "experiment"):
        move_card(ws, ADA, SLUG, key, to=stage, override_reason="Without it.", expected_version=None)
    found = cause_of(ws, Cause.DATA_NOT_READY)
    assert (get_ticket(ws, ADA, SLUG, key).stage, found.tickets) == ("experiment", (key,))
    said = found.speaks_for[-2]
    attest(ws, ADA, SLUG, key, item="dataset_ready", expected_version=None)
    assert said not in cause_of(ws, Cause.DATA_NOT_READY).speaks_for  # a person says that it is there
    withdraw_attestation(ws, ADA, SLUG, key, item="dataset_ready", expected_version=None)
    decide_it(ws, get_ticket(ws, ADA, SLUG, key), DecisionKind.KILL, reason="It never came.")
    clock.now += timedelta(days=300)
    found = cause_of(ws, Cause.DATA_NOT_READY)
    assert (found.standing, found.tickets) == ("not_known", ())
