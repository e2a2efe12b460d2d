"""Ceremonies prepare themselves from the board, the tracker and the journal."""

import math
from datetime import UTC, date, datetime, timedelta

import pytest

from assay.domain.board.blockers import BlockerCategory
from assay.domain.experiments.evidence import RunStatus
from assay.domain.experiments.experiment import DecisionKind
from assay.domain.experiments.prediction import Prediction
from assay.domain.kernel.ids import TicketType
from assay.domain.kernel.verdicts import Recommendation
from assay.domain.sprints.progress import Progress, RunBegan, RunEnd, RunNews, late_kill, news_of
from assay.domain.sprints.sprint import Retro
from assay.workflows.blockers import open_blocker
from assay.workflows.board import move_card
from assay.workflows.ceremonies import mid_sprint_check, review, standup
from assay.workflows.ceremony_markdown import (
    check_markdown,
    retro_markdown,
    review_markdown,
    standup_markdown,
)
from assay.workflows.commitments import commit_tickets, flag_extension, release_ticket
from assay.workflows.evidence import connect_source, sync_source
from assay.workflows.looking_back import save_retro
from assay.workflows.notes import add_note
from assay.workflows.projects import get_project, save_settings
from assay.workflows.retro import retro
from assay.workflows.sprint_charts import sprint_burn
from assay.workflows.sprint_flow import sprint_rates
from assay.workflows.sprints import create_sprint, end_sprint, start_sprint
from assay.workflows.tickets import create_ticket, get_ticket
from tests.unit.workflows.conftest import ADA, content, run
from tests.unit.workflows.test_life_of_an_experiment import GOOD, SLUG, decide_it, start

LOSES = (0.61, 0.60, 0.62, 0.61, 0.605)
NOON = datetime(2026, 5, 12, 12, tzinfo=UTC)


def begun(ws, *keys):
    create_sprint(ws, ADA, SLUG)
    commit_tickets(ws, ADA, SLUG, 1, keys, confirmed=True)
    start_sprint(ws, ADA, SLUG, 1, expected_version=None)


def log(ws, tracker, clock, key, values=GOOD, *, first_seed=0, **more):
    """Runs of this ticket that begin now, each an hour long."""
    if not ws_knows(ws):
        connect_source(ws, ADA, SLUG, kind="listed", uri="memory", name="listed")
    for seed, value in enumerate(values, start=first_seed):
        begin = clock()
        ended = {
            "ended_at": begin + timedelta(hours=1),
            "gpu_hours": 2.0,
            "external_id": f"{key}-{begin:%d%H%M}",
        }
        tracker.put(run(key, seed, 0.7, value, begun=begin, **(ended | more)))
    clock.now += timedelta(hours=2)
    sync_source(ws, ADA, SLUG, "listed")


def ws_knows(ws):
    with ws.store.read() as tx:
        return bool(tx.sources(tx.project(SLUG).id))


def of(view, key):
    return next(one for one in view.tickets if one.key == key)


def test_standup_shows_runs_since_yesterday_trouble_first_and_what_comes_next(ws, tracker, clock):
    ticket, waiting = start(ws), create_ticket(ws, ADA, SLUG, content(title="Rerank"))
    begun(ws, ticket.key, waiting.key)
    log(ws, tracker, clock, ticket.key, (0.86, math.nan))
    view = standup(ws, ADA, SLUG)
    assert [line.news for line in view.runs] == [RunNews.DIVERGED, RunNews.FINISHED]
    assert view.next.key == waiting.key
    assert (of(view, ticket.key).progress, of(view, waiting.key).progress) == (
        Progress.RESULTS,
        Progress.WAITING,
    )
    assert [one.key for one in view.learned] == [ticket.key]
    clock.now += timedelta(days=4)
    later = standup(ws, ADA, SLUG)
    assert (later.runs, later.learned) == ((), ())
    assert [one.key for one in later.silent] == [ticket.key]
    add_note(ws, ADA, SLUG, ticket.key, "The node is back.")
    assert standup(ws, ADA, SLUG).silent == ()


def test_standup_without_a_sprint_is_about_everything_in_progress(ws):
    ticket = start(ws)
    create_ticket(ws, ADA, SLUG, content(title="Not begun"))
    view = standup(ws, ADA, SLUG)
    assert view.stand is None
    assert [one.key for one in view.tickets] == [ticket.key]
    assert "No sprint is running" in standup_markdown(view)


def test_runs_without_a_name_are_told_by_their_id(ws, tracker, clock):
    ticket = start(ws)
    log(ws, tracker, clock, ticket.key, GOOD[:2], name="")
    (line,) = standup(ws, ADA, SLUG).runs
    assert line.text == f"2 runs finished, {line.run_id} last"


def test_standup_on_monday_looks_back_to_friday(ws, clock):
    clock.now = datetime(2026, 5, 25, 9, tzinfo=UTC)
    assert standup(ws, ADA, SLUG).since.isoformat()[:10] == "2026-05-22"


def test_night_and_monday_are_those_of_the_time_zone_of_the_project(ws, tracker, clock):
    ticket = start(ws)
    save_settings(
        ws, ADA, SLUG, expected_version=get_project(ws, ADA, SLUG).version, time_zone="America/Los_Angeles"
    )
    clock.now = datetime(2026, 5, 21, 22, tzinfo=UTC)
    log(ws, tracker, clock, ticket.key, GOOD[:1])
    assert [line.overnight for line in standup(ws, ADA, SLUG).runs] == [False]
    clock.now = datetime(2026, 5, 25, 2, tzinfo=UTC)
    assert standup(ws, ADA, SLUG).since.date() == date(2026, 5, 23)
    assert standup(ws, ADA, SLUG, since=date(2026, 5, 22)).since == datetime(2026, 5, 22, 7, tzinfo=UTC)


def test_check_names_what_has_neither_results_nor_a_flag(ws, tracker, clock):
    done, flagged, silent = (start(ws, title=name) for name in ("Done", "Flagged", "Silent"))
    task = create_ticket(
        ws, ADA, SLUG, content(title="Serve", type=TicketType.ENGINEERING, criteria=(), baseline=())
    )
    begun(ws, done.key, flagged.key, silent.key, task.key)
    log(ws, tracker, clock, done.key)
    view = mid_sprint_check(ws, ADA, SLUG, 1)
    assert (view.half_time.questions, view.half_time.with_results, view.half_time.holds) == (3, 1, False)
    assert not view.is_due
    flag_extension(ws, ADA, SLUG, 1, flagged.key, reason="two seeds more")
    clock.now += timedelta(days=7)
    view = mid_sprint_check(ws, ADA, SLUG, 1)
    assert (view.is_due, view.half_time.holds) == (True, True)
    assert [one.key for one in view.neither] == [silent.key]
    assert "It holds: 1 of 3 experiments" in check_markdown(view)


def test_sprint_without_questions_has_no_half_time_share(ws):
    task = create_ticket(
        ws, ADA, SLUG, content(title="Serve", type=TicketType.ENGINEERING, criteria=(), baseline=())
    )
    begun(ws, task.key)
    assert mid_sprint_check(ws, ADA, SLUG, 1).half_time.holds is None


def test_review_tells_what_was_learned_first_and_counts_kills_as_answers(ws, tracker, clock):
    ticket, late = start(ws), create_ticket(ws, ADA, SLUG, content(title="Late one"))
    begun(ws, ticket.key)
    commit_tickets(ws, ADA, SLUG, 1, [late.key])
    release_ticket(ws, ADA, SLUG, 1, late.key, reason="labels | late")
    log(ws, tracker, clock, ticket.key, LOSES)
    decide_it(
        ws,
        get_ticket(ws, ADA, SLUG, ticket.key),
        DecisionKind.KILL,
        learnings="Rank 16 *underfits* billing questions.",
    )
    view = review(ws, ADA, SLUG, 1)
    assert [(one.key, one.word, one.text) for one in view.learned] == [
        (ticket.key, "killed", "Rank 16 *underfits* billing questions.")
    ]
    assert (view.killed, view.promoted) == (1, 0)
    assert [change.came_in for change in view.scope] == [True, False]
    shown = review_markdown(view)
    assert "Rank 16 \\*underfits\\* billing questions." in shown
    assert "labels \\| late" in shown


def test_review_of_an_ended_sprint_does_not_change_with_what_comes_later(ws, tracker, clock):
    ticket = start(ws)
    begun(ws, ticket.key)
    log(ws, tracker, clock, ticket.key, LOSES)
    end_sprint(ws, ADA, SLUG, 1, expected_version=None)
    before = review(ws, ADA, SLUG, 1)
    clock.now += timedelta(days=2)
    decide_it(ws, get_ticket(ws, ADA, SLUG, ticket.key), DecisionKind.KILL)
    after = review(ws, ADA, SLUG, 1)
    assert (before.killed, after.killed) == (0, 0)
    assert after.tickets[0].progress is Progress.RESULTS


def test_retro_prices_a_kill_that_came_late(ws, tracker, clock):
    ticket = start(ws)
    begun(ws, ticket.key)
    log(ws, tracker, clock, ticket.key, LOSES)
    clock.now += timedelta(days=1)
    log(ws, tracker, clock, ticket.key, (0.6, 0.61, 0.605), first_seed=5)
    decide_it(ws, get_ticket(ws, ADA, SLUG, ticket.key), DecisionKind.KILL)
    end_sprint(ws, ADA, SLUG, 1, expected_version=None)
    [kill] = retro(ws, ADA, SLUG, 1).kills
    assert kill.ticket.key == ticket.key
    assert kill.late.runs >= 1
    assert "after the verdict said kill" in retro_markdown(retro(ws, ADA, SLUG, 1))


def test_retro_opens_with_what_the_last_one_picked(ws):
    ticket = start(ws)
    begun(ws, ticket.key)
    end_sprint(ws, ADA, SLUG, 1, expected_version=None)
    better = create_ticket(
        ws, ADA, SLUG, content(title="Log seeds", type=TicketType.ENGINEERING, criteria=(), baseline=())
    )
    save_retro(ws, ADA, SLUG, 1, Retro(improvement=better.key), expected_version=None)
    create_sprint(ws, ADA, SLUG)
    view = retro(ws, ADA, SLUG, 2)
    assert (view.last_improvement.key, view.last_improvement.is_done) == (better.key, False)
    assert view.improvement is None


def test_next_experiment_is_the_one_in_preparation_before_the_one_that_waits(ws):
    waiting, prepared = (create_ticket(ws, ADA, SLUG, content(title=name)) for name in ("Waits", "Prepared"))
    begun(ws, waiting.key, prepared.key)
    move_card(ws, ADA, SLUG, prepared.key, to="hypothesis", expected_version=None)
    assert standup(ws, ADA, SLUG).next.key == prepared.key


def test_retro_of_a_sprint_says_nothing_of_one_planned_before_it_but_started_later(ws):
    key = start(ws).key
    for number in (1, 2):
        create_sprint(ws, ADA, SLUG)
        commit_tickets(ws, ADA, SLUG, number, [key])
    start_sprint(ws, ADA, SLUG, 2, expected_version=None)
    end_sprint(ws, ADA, SLUG, 2, expected_version=None)
    start_sprint(ws, ADA, SLUG, 1, expected_version=None)
    view = retro(ws, ADA, SLUG, 2)
    assert ([one.number for one in view.rates], [one.number for one in view.aims]) == ([2], [2])
    assert "nothing decided" in retro_markdown(view)


def test_retro_tells_how_runs_broke_and_what_was_in_the_way(ws, tracker, clock):
    ticket = start(ws)
    late = create_ticket(ws, ADA, SLUG, content(title="Late"))
    begun(ws, ticket.key, late.key)
    open_blocker(ws, ADA, SLUG, late.key, category=BlockerCategory.DATA_QUALITY, text="No labels")
    clock.now += timedelta(days=1)
    log(ws, tracker, clock, ticket.key, (0.86, math.nan))
    end_sprint(ws, ADA, SLUG, 1, expected_version=None)
    clock.now += timedelta(days=1)
    found = retro(ws, ADA, SLUG, 1).tooling
    assert (found.broken_runs, found.runs) == (1, 2)
    [(blocked, days)] = [(cost.category, cost.days) for cost in found.blocked]
    assert (blocked, 1 < days < 2) == (BlockerCategory.DATA_QUALITY, True)
    assert "Broken runs: 1 of 2 (failed" in retro_markdown(retro(ws, ADA, SLUG, 1))


def test_burn_up_follows_scope_and_decisions_and_knows_nothing_of_the_future(ws, tracker, clock):
    ticket, late = start(ws), create_ticket(ws, ADA, SLUG, content(title="Late one"))
    begun(ws, ticket.key)
    clock.now += timedelta(days=1)
    commit_tickets(ws, ADA, SLUG, 1, [late.key])
    clock.now += timedelta(days=1)
    log(ws, tracker, clock, ticket.key, LOSES)
    decide_it(ws, get_ticket(ws, ADA, SLUG, ticket.key), DecisionKind.KILL)
    release_ticket(ws, ADA, SLUG, 1, late.key, reason="labels late")
    days = sprint_burn(ws, ADA, SLUG, 1)
    assert [(day.committed, day.decided, day.left) for day in days[:4]] == [
        (1, 0, 1),
        (2, 0, 2),
        (1, 1, 0),
        (None, None, None),
    ]
    assert len(days) == 14
    [rate] = sprint_rates(ws, ADA, SLUG)
    assert (rate.killed, rate.promoted, rate.kill_rate, rate.rate) == (1, 0, 1.0, 0.0)


def test_sprint_rates_count_experiments_only_and_each_once_in_the_sprint_of_its_first_decision(
    ws, tracker, clock
):
    ticket = start(ws)
    task = create_ticket(
        ws, ADA, SLUG, content(title="Serve", type=TicketType.ENGINEERING, criteria=(), baseline=())
    )
    begun(ws, ticket.key, task.key)
    log(ws, tracker, clock, ticket.key)
    decide_it(ws, get_ticket(ws, ADA, SLUG, ticket.key), DecisionKind.PROMOTE)
    decide_it(ws, get_ticket(ws, ADA, SLUG, task.key), DecisionKind.KILL, learnings="Nobody asked for it.")
    clock.now += timedelta(days=14)
    end_sprint(ws, ADA, SLUG, 1, expected_version=None)
    next_one = create_ticket(ws, ADA, SLUG, content(title="Next"))
    create_sprint(ws, ADA, SLUG)
    commit_tickets(ws, ADA, SLUG, 2, [next_one.key])
    start_sprint(ws, ADA, SLUG, 2, expected_version=None)
    clock.now += timedelta(days=1)
    killed = {"learnings": "It fell in use.", "reason": "Its users went back to the old one."}
    decide_it(ws, get_ticket(ws, ADA, SLUG, ticket.key), DecisionKind.KILL, **killed)
    clock.now += timedelta(days=1)
    assert [(one.killed, one.promoted) for one in sprint_rates(ws, ADA, SLUG)] == [(0, 1), (0, 0)]
    assert retro(ws, ADA, SLUG, 2).rates == sprint_rates(ws, ADA, SLUG)


def test_run_that_outlasts_twice_the_longest_one_has_stalled():
    begin, two_hours = NOON + timedelta(hours=1), timedelta(hours=2)
    going = RunEnd("r", "r", "EXP-1", RunStatus.RUNNING, begin, None, ())
    at = NOON + timedelta(hours=4)
    assert news_of(going, two_hours, since=NOON, at=at) == (RunNews.STARTED, "is running")
    news, text = news_of(going, two_hours, since=NOON, at=at + timedelta(hours=2))
    assert (news, text) == (
        RunNews.STALLED,
        "has been running for 5 hours; the longest finished one took 2 hours",
    )
    assert news_of(going, None, since=NOON, at=NOON + timedelta(days=2))[0] is RunNews.STALLED


def test_run_whose_metric_is_no_number_has_diverged_while_it_goes_on():
    going = RunEnd("r", "r", "EXP-1", RunStatus.RUNNING, NOON, None, ("loss",))
    news, text = news_of(going, None, since=NOON, at=NOON + timedelta(hours=1))
    assert (news, text) == (RunNews.DIVERGED, "goes on, though loss is no number any more")


def test_failed_run_without_an_end_is_told_by_its_beginning():
    failed = RunEnd("r", "r", "EXP-1", RunStatus.FAILED, NOON, None, ())
    assert news_of(failed, None, since=NOON, at=NOON + timedelta(hours=1)) is None
    earlier = NOON - timedelta(hours=1)
    assert news_of(failed, None, since=earlier, at=NOON)[0] is RunNews.FAILED


def test_run_without_numbers_and_one_that_failed_are_no_results(ws, tracker, clock):
    silent, failed = start(ws).key, start(ws, title="Breaks off").key
    begun(ws, silent, failed)
    log(ws, tracker, clock, silent, (0.8,), curves={})
    log(ws, tracker, clock, failed, (0.8,), status=RunStatus.FAILED, ended_at=None)
    view = standup(ws, ADA, SLUG)
    assert [of(view, key).progress for key in (silent, failed)] == [Progress.STARTED, Progress.STARTED]
    assert {line.ticket: line.news for line in view.runs} == {
        silent: RunNews.FINISHED,
        failed: RunNews.FAILED,
    }
    assert mid_sprint_check(ws, ADA, SLUG, 1).half_time.with_results == 0


def test_run_that_a_rule_stopped_is_told_with_the_reason_and_is_no_trouble(ws, tracker, clock):
    key = start(ws).key
    begun(ws, key)
    why = {"assay.stop_reason": "3% chance to reach 80.0% by step 19."}
    log(ws, tracker, clock, key, (0.3,), status=RunStatus.STOPPED, tags=why)
    [line] = standup(ws, ADA, SLUG).runs
    assert (line.news, line.text) == (
        RunNews.STOPPED,
        "was stopped: 3% chance to reach 80.0% by step 19",
    )


def test_verdict_that_took_its_kill_back_makes_no_late_kill():
    said = [(NOON, Recommendation.KILL), (NOON + timedelta(hours=1), Recommendation.UNDECIDED)]
    runs = [RunBegan("EXP-1", NOON + timedelta(hours=hours), cost) for hours, cost in ((2, 1.0), (4, None))]
    assert late_kill(said, runs[:1], decided_at=NOON + timedelta(days=1)) is None
    again = [*said, (NOON + timedelta(hours=3), Recommendation.KILL)]
    late = late_kill(again, runs, decided_at=NOON + timedelta(days=1))
    assert (late.runs, late.gpu_hours, late.unknown) == (1, 0, 1)


@pytest.mark.parametrize("text", ["# title", "<script>alert(1)</script>", "a\n\n- b", "[x](javascript:y)"])
def test_text_of_people_stays_text_in_markdown(ws, text):
    ticket = start(ws, title=f"T {text}".replace("\n", " "))
    begun(ws, ticket.key)
    shown = standup_markdown(standup(ws, ADA, SLUG))
    assert "\n# title" not in shown
    assert "<script>" not in shown
    assert "[x](javascript" not in shown


def test_retro_tells_apart_what_was_promoted_and_what_met_its_criteria(ws, tracker, clock):
    ticket = start(ws, prediction=Prediction(chance="0.9"))
    begun(ws, ticket.key)
    log(ws, tracker, clock, ticket.key, LOSES)
    move_card(ws, ADA, SLUG, ticket.key, to="evaluation", expected_version=None)
    promote = {"learnings": "It is enough for the pilot.", "reason": "The customer takes 61%."}
    decide_it(ws, get_ticket(ws, ADA, SLUG, ticket.key), DecisionKind.PROMOTE, **promote)
    view = retro(ws, ADA, SLUG, 1)
    [rate], [aim] = view.rates, view.aims
    assert (rate.promoted, rate.rate) == (1, 1.0)
    assert (aim.hits, aim.decided, aim.hit_rate) == (0, 1, 0.0)
    shown = retro_markdown(view)
    assert "1 of 1 promoted (100%). Hit rate: 0 of 1 met the primary criteria (0%, 0% to 98%)." in shown
    assert (
        "Of 1 experiment a chance had been given, 90% on average: 0% of those came true (Brier 0.81)" in shown
    )


def test_check_of_an_ended_sprint_shows_what_was_known_at_half_time(ws, tracker, clock):
    early, late, flagged = (start(ws, title=name) for name in ("Early", "Late", "Flagged later"))
    begun(ws, early.key, late.key, flagged.key)
    log(ws, tracker, clock, early.key)
    clock.now += timedelta(days=10)
    log(ws, tracker, clock, late.key, LOSES)
    flag_extension(ws, ADA, SLUG, 1, flagged.key, reason="two seeds more")
    added = create_ticket(ws, ADA, SLUG, content(title="Came in on day 11"))
    commit_tickets(ws, ADA, SLUG, 1, [added.key], confirmed=True)
    assert mid_sprint_check(ws, ADA, SLUG, 1).half_time.with_results == 2
    clock.now += timedelta(days=3)
    end_sprint(ws, ADA, SLUG, 1, expected_version=None)
    view = mid_sprint_check(ws, ADA, SLUG, 1)
    half = view.half_time
    assert (half.questions, half.with_results, half.flagged, half.holds) == (3, 1, 0, False)
    assert [one.key for one in view.neither] == [late.key, flagged.key]
    assert "At half time it did not hold: 1 of 3 experiments had preliminary results" in check_markdown(view)
    assert (view.is_due, view.at.date()) == (True, view.stand.half_time)
    reviewed = {one.key: one for one in review(ws, ADA, SLUG, 1).tickets}
    assert reviewed[flagged.key].extension_reason == "two seeds more"


def test_figures_of_the_review_are_those_of_its_sprint(ws, tracker, clock):
    ticket = start(ws)
    begun(ws, ticket.key)
    log(ws, tracker, clock, ticket.key)
    [running] = review(ws, ADA, SLUG, 1).tickets
    assert running.figures.startswith("accuracy: baseline")
    end_sprint(ws, ADA, SLUG, 1, expected_version=None)
    clock.now += timedelta(days=1)
    log(ws, tracker, clock, ticket.key, LOSES, first_seed=10)
    later = get_ticket(ws, ADA, SLUG, ticket.key).card
    [shown] = review(ws, ADA, SLUG, 1).tickets
    assert shown.figures == running.figures
    assert later["current_text"] not in shown.figures
