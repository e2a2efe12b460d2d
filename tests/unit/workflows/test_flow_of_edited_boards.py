"""Columns of a board change: a figure of a past day is that of the board of that day, whatever was edited since."""

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

from assay.domain.board.board import DEFAULT_BOARD, Board, ExitItem, Stage, Transition
from assay.domain.experiments.experiment import DecisionKind
from assay.workflows.board import move_card
from assay.workflows.commitments import commit_tickets
from assay.workflows.flow import flow
from assay.workflows.flow_tickets import flow_tickets
from assay.workflows.history import import_history
from assay.workflows.journal_memory import JournalMemory
from assay.workflows.projects import get_project, save_settings
from assay.workflows.sprint_flow import sprint_flows
from assay.workflows.sprints import create_sprint, start_sprint
from assay.workflows.tickets import create_ticket, get_ticket
from tests.unit.workflows.conftest import ADA, content
from tests.unit.workflows.test_history import HISTORY
from tests.unit.workflows.test_life_of_an_experiment import SLUG, decide_it, start, with_runs

LOSES = (0.61, 0.60, 0.62, 0.61, 0.605)
IDEAS = Stage(key="ideas", title="Ideas")
DROPPED = Stage(key="dropped", title="Dropped", entry_gate=(ExitItem.KILL_DECIDED,), terminal=True)


def change(ws, *stages):
    """The board with these columns, each left for the next one, and all moves of the default board between them."""
    keys = [stage.key for stage in stages]
    moves = {(move.source, move.target): move for move in DEFAULT_BOARD.transitions}
    kept = [move for move in moves.values() if {move.source, move.target} <= set(keys)]
    on = [Transition(source=one, target=other) for one, other in pairwise(keys) if (one, other) not in moves]
    ends = {stage.key for stage in stages if stage.terminal}
    board = Board(stages=stages, transitions=(*kept, *(move for move in on if move.source not in ends)))
    save_settings(ws, ADA, SLUG, expected_version=get_project(ws, ADA, SLUG).version, board=board)


def without(*keys):
    return tuple(stage for stage in DEFAULT_BOARD.stages if stage.key not in keys)


def seen(ws, **asked):
    return replace(flow(ws, ADA, SLUG, **asked), seq=0)


def a_month(ws, tracker, clock):
    """One killed, one running, one waiting; the last day with all of it over."""
    waits = create_ticket(ws, ADA, SLUG, content(title="Waits"))
    clock.now += timedelta(days=2)
    killed = with_runs(ws, tracker, clock, values=LOSES)
    runs = start(ws, title="Runs")
    clock.now += timedelta(days=5)
    decide_it(ws, killed, DecisionKind.KILL, learnings="Rank 16 underfits billing questions.")
    clock.now += timedelta(days=2)
    return waits, runs, killed


def test_figures_of_a_past_day_stay_when_a_column_comes_in_front(ws, tracker, clock):
    a_month(ws, tracker, clock)
    day = (clock.now - timedelta(days=1)).date()
    before, listed = seen(ws, at=day), flow_tickets(ws, ADA, SLUG, at=day, furthest="hypothesis")
    assert (before.decided, before.in_progress, before.waiting) == (1, 1, 1)
    change(ws, IDEAS, *DEFAULT_BOARD.stages)
    clock.now += timedelta(days=1)
    assert seen(ws, at=day) == before
    assert flow_tickets(ws, ADA, SLUG, at=day, furthest="hypothesis") == listed


def test_what_waited_still_waits_when_another_column_comes_in_front_of_it(ws, tracker, clock):
    waits, *_ = a_month(ws, tracker, clock)
    change(ws, IDEAS, *DEFAULT_BOARD.stages)
    new = create_ticket(ws, ADA, SLUG, content(title="A new idea"))
    clock.now += timedelta(days=1)
    now = seen(ws)
    assert (new.stage, get_ticket(ws, ADA, SLUG, waits.key).stage) == ("ideas", "backlog")
    assert (now.in_progress, now.waiting) == (1, 2)
    assert [step.reached for step in now.funnel][:3] == [4, 3, 2]
    [cycle] = now.cycles
    assert 5.0 <= cycle.days < 5.1


def test_column_that_no_longer_says_promoted_takes_no_lead_time_back(ws, clock):
    import_history(ws, ADA, SLUG, HISTORY.replace("Killed", "Live"))
    before = seen(ws)
    assert (before.lead.deployed, before.promoted.count) == (1, 1)
    plain = [
        stage.model_copy(update={"entry_gate": ()}) if stage.key in ("live", "production") else stage
        for stage in DEFAULT_BOARD.stages
    ]
    change(ws, *plain)
    assert seen(ws, at=(clock.now - timedelta(days=1)).date()).lead.deployed == 1
    now = seen(ws)
    assert (now.lead.deployed, now.promoted.count, now.in_progress) == (1, 1, 0)


def test_work_in_a_column_that_ends_it_from_now_on_is_over_from_now_on(ws, tracker, clock):
    _, runs, _ = a_month(ws, tracker, clock)
    day = clock.now.date()
    clock.now += timedelta(days=1)
    ends = [
        stage.model_copy(update={"entry_gate": (ExitItem.KILL_DECIDED,)})
        if stage.key == "experiment"
        else stage
        for stage in DEFAULT_BOARD.stages
    ]
    change(ws, *ends)
    then, now = seen(ws, at=day), seen(ws)
    assert [age.key for age in then.ages] == [runs.key]
    assert (now.ages, now.decided) == ((), then.decided)


def test_column_that_went_is_shown_on_the_days_on_which_it_held_cards(ws, tracker, clock):
    _, runs, _ = a_month(ws, tracker, clock)
    day = clock.now.date()
    shown = seen(ws, at=clock.now, days=9).cumulative
    clock.now += timedelta(days=1)
    move_card(ws, ADA, SLUG, runs.key, to="backlog", reason="GPU is gone", expected_version=runs.version)
    change(ws, *without("hypothesis", "experiment", "iteration"))
    clock.now += timedelta(days=3)
    now, later = seen(ws, days=13), seen(ws, days=2)
    assert now.cumulative.stages == ("backlog", "experiment", "evaluation", "production", "live", "killed")
    assert now.cumulative.titles[1] == "Experiment"
    assert list(map(sum, now.cumulative.counts))[:9] == list(map(sum, shown.counts))
    assert "experiment" not in later.cumulative.stages
    assert [(step.key, step.reached) for step in now.funnel][:2] == [("backlog", 3), ("evaluation", 0)]
    listed = flow_tickets(ws, ADA, SLUG, at=day, column="experiment")
    assert [(row.key, row.column) for row in listed.rows] == [(runs.key, "Experiment")]


def test_history_is_read_on_the_board_on_which_it_came_in(ws, clock):
    change(ws, *without("killed"), DROPPED, DEFAULT_BOARD.stages[-1])
    clock.now += timedelta(days=1)
    import_history(ws, ADA, SLUG, HISTORY.replace("Killed", "Dropped"))
    day = clock.now.date() - timedelta(days=30)
    before = seen(ws, at=day, days=300)
    assert (before.killed.count, before.in_progress) == (1, 0)
    assert dict(zip(before.cumulative.stages, before.cumulative.counts[-1], strict=True))["dropped"] == 1
    clock.now += timedelta(days=1)
    closed = DROPPED.model_copy(update={"entry_gate": ()})
    change(ws, IDEAS, *without("killed"), closed, DEFAULT_BOARD.stages[-1])
    assert seen(ws, at=day, days=300) == before


def test_figures_of_an_ended_sprint_stay(ws, tracker, clock):
    ticket = create_ticket(ws, ADA, SLUG, content(title="Committed"))
    create_sprint(ws, ADA, SLUG)
    commit_tickets(ws, ADA, SLUG, 1, [ticket.key], confirmed=True)
    start_sprint(ws, ADA, SLUG, 1, expected_version=None)
    a_month(ws, tracker, clock)
    moment = clock.now
    before = sprint_flows(ws, ADA, SLUG, at=moment)
    assert before[0].decided == 1
    change(ws, IDEAS, *DEFAULT_BOARD.stages)
    clock.now += timedelta(days=1)
    assert sprint_flows(ws, ADA, SLUG, at=moment) == before


def test_look_that_was_kept_and_one_that_reads_all_anew_say_the_same(ws, tracker, clock):
    a_month(ws, tracker, clock)
    seen(ws)
    change(ws, IDEAS, *DEFAULT_BOARD.stages)
    clock.now += timedelta(days=1)
    create_ticket(ws, ADA, SLUG, content(title="A new idea"))
    moment = clock.now
    assert seen(ws, at=moment) == seen(replace(ws, memory=JournalMemory()), at=moment)
