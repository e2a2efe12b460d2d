"""Each usual cause of not shipping: when does the data speak for it, when against, and when is it not known?"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from assay.domain.board.blockers import BlockedSpan, BlockerCategory
from assay.domain.board.board import Board
from assay.domain.board.causes import TESTS, diagnose
from assay.domain.board.diagnosis import (
    Answer,
    Cause,
    Column,
    Facts,
    Item,
    SprintScope,
    Standing,
    worst_first,
)
from assay.domain.board.flow import Crossing, Decided, Outcome, flow_rules, item_flows

BOARD = Board.default()
RULES = flow_rules(BOARD)
HOLDS, NOT_KNOWN, DOES_NOT_HOLD = Standing.HOLDS, Standing.NOT_KNOWN, Standing.DOES_NOT_HOLD


def day(number):
    return datetime(2026, 5, 1, tzinfo=UTC) + timedelta(days=number)


class Team:
    """What a team did in 100 days, one call a card."""

    def __init__(self):
        self.crossings, self.decisions, self.items, self.blocked = [], [], {}, []
        self.sprints, self.limits = (), {}

    def card(self, *way, decided=None, box=10, prefix="EXP", **facts):
        """A card with its way as (day, column); `decided` is (day, outcome)."""
        key = f"{prefix}-{len(self.items) + 1}"
        before = None
        for number, stage in way:
            self.crossings.append(Crossing(day(number), key, before, stage))
            before = stage
        if decided is not None:
            self.decisions.append(Decided(day(decided[0]), key, decided[1], True))
        begun = next((number for number, stage in way if stage == "experiment"), None)
        ends = None if begun is None or box is None or decided is not None else day(begun + box)
        self.items[key] = Item(
            key, before, is_experiment=prefix == "EXP", time_box_ends=ends, time_box_days=box, **facts
        )
        return key

    def many(self, count, *way, **more):
        return [self.card(*way, **more) for _ in range(count)]

    def facts(self):
        stages = [item.stage for item in self.items.values()]
        return Facts(
            start=day(0), end=day(100), flows=item_flows(self.crossings, RULES, decisions=self.decisions), rules=RULES,
            items=self.items,
            columns=[Column(s.key, s.title, self.limits.get(s.key, s.wip_limit), stages.count(s.key), s.locks) for s in BOARD.stages],
            blocked=self.blocked, sprints=self.sprints,
        )  # fmt: skip

    def asked(self, cause):
        return TESTS[cause](self.facts())


def start(at):
    return (at - 1, "backlog"), (at, "hypothesis"), (at + 1, "experiment")


@pytest.fixture
def team():
    return Team()


def killed(team, count, at=50, **more):
    return team.many(count, *start(at), (at + 5, "killed"), decided=(at + 5, Outcome.KILLED), **more)


def promoted(team, count, at=50):
    way = (*start(at), (at + 5, "production"))
    return team.many(count, *way, decided=(at + 5, Outcome.PROMOTED))


@pytest.mark.parametrize(
    ("kills", "promotions", "standing"),
    [(0, 0, DOES_NOT_HOLD), (3, 1, NOT_KNOWN), (140, 60, HOLDS), (60, 3, HOLDS), (5, 60, DOES_NOT_HOLD)],
)
def test_that_most_fail_is_a_habit_only_once_the_interval_says_so(team, kills, promotions, standing):
    killed(team, kills)
    promoted(team, promotions)
    found = team.asked(Cause.RUN_AND_FAIL)
    assert found.standing is standing
    assert len(found.items) == kills


def test_that_most_fail_is_healthy_in_its_band_and_to_be_mended_above_it(team):
    killed(team, 140)
    promoted(team, 60)
    inside = team.asked(Cause.RUN_AND_FAIL)
    assert (inside.is_healthy, inside.is_to_mend, inside.fix) == (True, False, Cause.RUN_AND_FAIL.fix)
    killed(team, 800)
    above = team.asked(Cause.RUN_AND_FAIL)
    assert (above.standing, above.is_healthy, above.is_to_mend) == (HOLDS, False, True)
    assert above.speaks_for[0].endswith("healthy is 60% to 80%: more than that")
    assert above.fix.startswith("Nearly everything is killed")


def test_experiments_that_do_not_start_are_told_by_what_blocks_them(team):
    waiting = team.many(4, (1, "backlog"), names_data=False)
    late = team.card((1, "backlog"), (2, "hypothesis"), names_data=True, data_due=True)
    for key, category in zip(waiting, (BlockerCategory.CLARITY, BlockerCategory.GPU_SHORTAGE), strict=False):
        team.blocked.append(BlockedSpan(key, 1, category, day(90), None))
    team.blocked.append(BlockedSpan(waiting[3], 1, BlockerCategory.REVIEW, day(80), day(85)))
    found = team.asked(Cause.DO_NOT_START)
    assert found.standing is HOLDS
    assert found.weight == pytest.approx(3 / 5)
    assert any("1 by Clarity, 1 by GPU shortage, 1 by missing data" in line for line in found.speaks_for)
    assert set(found.items) == {waiting[0], waiting[1], late}


def test_nothing_that_starts_in_a_window_holds_and_a_team_that_starts_does_not(team):
    team.many(3, (1, "backlog"))
    assert team.asked(Cause.DO_NOT_START).weight == 1.0
    team.many(3, *start(40))
    assert team.asked(Cause.DO_NOT_START).standing is DOES_NOT_HOLD


def test_cards_past_their_time_box_and_kills_nobody_takes_are_zombies(team):
    over = team.card(*start(50))
    told = team.card(*start(95), verdict_says_kill=True)
    team.many(2, *start(95))
    found = team.asked(Cause.NOBODY_KILLS)
    assert (found.standing, found.weight, found.items) == (HOLDS, 0.5, (over, told))
    team.items[over] = replace(team.items[over], time_box_ends=day(100))
    team.items[told] = replace(team.items[told], verdict_says_kill=False)
    assert team.asked(Cause.NOBODY_KILLS).standing is DOES_NOT_HOLD


def test_without_a_time_box_nothing_can_be_overdue(team):
    team.many(3, *start(50), box=None)
    assert team.asked(Cause.NOBODY_KILLS).standing is NOT_KNOWN
    boxless = team.asked(Cause.NO_TIME_BOX)
    assert (boxless.standing, boxless.weight, len(boxless.items)) == (HOLDS, 1.0, 3)


@pytest.mark.parametrize(
    ("open_cards", "decisions", "standing"), [(4, 0, NOT_KNOWN), (4, 20, HOLDS), (2, 25, DOES_NOT_HOLD), (0, 9, DOES_NOT_HOLD)]
)  # fmt: skip
def test_work_in_progress_is_held_against_the_time_boxes_by_littles_law(
    team, open_cards, decisions, standing
):
    team.limits = dict.fromkeys(("experiment", "hypothesis", "killed"), 1000)
    team.many(open_cards, *start(95))
    killed(team, decisions)
    found = team.asked(Cause.TOO_MUCH_IN_PROGRESS)
    assert found.standing is standing
    if standing is HOLDS:
        assert "each takes 20 days" in found.speaks_for[0]
        assert found.weight == pytest.approx(0.5)


def test_pace_of_experiments_is_that_of_experiments_and_of_other_work_its_own(team):
    done = ((1, "backlog"), (2, "hypothesis"), (50, "live"))
    team.many(8, *done, decided=(50, Outcome.CLOSED), prefix="ENG")
    team.many(3, (1, "backlog"), (95, "hypothesis"), box=40, prefix="ENG")
    killed(team, 1)
    found = team.asked(Cause.TOO_MUCH_IN_PROGRESS)
    assert (found.standing, found.missing) == (DOES_NOT_HOLD, "")
    [said] = found.speaks_against
    assert said.startswith("3 other cards in progress: at the pace of these days each takes 37.5 days")
    team.many(2, *start(96))
    found = team.asked(Cause.TOO_MUCH_IN_PROGRESS)
    assert found.standing is HOLDS
    assert found.speaks_for[0].startswith(
        "2 experiments in progress: at the pace of these days each takes 200 days"
    )
    assert found.weight == pytest.approx(0.95)


def test_column_above_its_limit_holds_whatever_the_pace(team):
    team.many(4, *start(95))
    found = team.asked(Cause.TOO_MUCH_IN_PROGRESS)
    assert (found.standing, found.speaks_for) == (HOLDS, ("Experiment holds 4, its limit is 3",))


@pytest.mark.parametrize(
    ("ready", "late", "standing", "worse"),
    [(0, 0, NOT_KNOWN, False), (4, 1, DOES_NOT_HOLD, False), (3, 1, HOLDS, False), (1, 1, HOLDS, True)],
)
def test_data_is_ready_at_eighty_percent_and_a_failure_of_planning_under_sixty(
    team, ready, late, standing, worse
):
    team.many(ready, *start(90), names_data=True, data_due=True, has_data=True)
    keys = team.many(late, *start(90), names_data=True, data_due=True)
    found = team.asked(Cause.DATA_NOT_READY)
    assert (found.standing, list(found.items)) == (standing, keys)
    assert ("under 60% it is planning that fails" in found.speaks_for) is worse


def test_data_of_what_is_over_and_of_other_work_is_not_missed(team):
    team.many(2, *start(90), names_data=True, data_due=True, is_over=True)
    team.many(2, *start(90), names_data=True, data_due=True, prefix="DATA")
    assert team.asked(Cause.DATA_NOT_READY).standing is NOT_KNOWN


def test_scope_added_needs_a_sprint_and_holds_from_a_quarter_on(team):
    assert team.asked(Cause.SCOPE_ADDED).standing is NOT_KNOWN
    team.sprints = (SprintScope(1, 6, 0), SprintScope(2, 6, 3))
    found = team.asked(Cause.SCOPE_ADDED)
    assert (found.standing, found.weight) == (HOLDS, 0.25)
    assert found.speaks_for == (
        "3 of 12 tickets of the last 2 sprints came in after the start, most in sprint 2 (3)",
    )
    team.sprints = (SprintScope(1, 6, 1),)
    assert team.asked(Cause.SCOPE_ADDED).standing is DOES_NOT_HOLD


def test_late_failures_are_a_habit_only_once_the_interval_says_so(team):
    assert team.asked(Cause.LATE_FAILURES).standing is DOES_NOT_HOLD
    back = team.card(*start(50), (56, "production"), (60, "evaluation"))
    promoted(team, 1)
    found = team.asked(Cause.LATE_FAILURES)
    assert (found.standing, found.items) == (NOT_KNOWN, (back,))
    team.many(9, *start(50), (56, "production"), (57, "live"), (60, "evaluation"))
    assert team.asked(Cause.LATE_FAILURES).standing is HOLDS
    promoted(team, 90)
    assert team.asked(Cause.LATE_FAILURES).standing is DOES_NOT_HOLD


def test_card_that_goes_live_from_production_did_not_come_back(team):
    team.card(*start(50), (56, "production"), (60, "live"))
    assert team.asked(Cause.LATE_FAILURES).items == ()


def test_board_without_a_column_for_what_is_promoted_cannot_tell_late_failures(team):
    facts = replace(team.facts(), rules=replace(RULES, ended={"killed": Outcome.KILLED}))
    assert TESTS[Cause.LATE_FAILURES](facts).standing is NOT_KNOWN


@pytest.mark.parametrize(
    ("first", "second", "standing"),
    [(0, 0, NOT_KNOWN), (3, 1, HOLDS), (9, 9, HOLDS), (12, 11, DOES_NOT_HOLD), (12, 1, DOES_NOT_HOLD)],
)
def test_few_decisions_are_noise_until_there_are_twenty_or_a_change_is_more_than_chance(
    team, first, second, standing
):
    killed(team, first, at=10)
    killed(team, second, at=70)
    assert team.asked(Cause.NOISE).standing is standing


def test_planning_is_compared_with_running_in_the_middle_of_three_or_more(team):
    for number in range(3):
        assert team.asked(Cause.LONG_PLANNING).standing is NOT_KNOWN
        way = ((1, "backlog"), (2, "hypothesis"), (20 + number, "experiment"), (30, "killed"))
        team.card(*way, decided=(30, Outcome.KILLED))
    found = team.asked(Cause.LONG_PLANNING)
    assert (found.standing, found.weight) == (HOLDS, pytest.approx(19 / 28))
    killed(team, 5)
    assert team.asked(Cause.LONG_PLANNING).standing is DOES_NOT_HOLD


def test_every_cause_is_answered_and_says_why_for_a_team_without_a_ticket(team):
    found = diagnose(team.facts())
    assert {answer.cause for answer in found} == set(Cause)
    assert [
        answer.cause for answer in found if not (answer.speaks_for or answer.speaks_against or answer.missing)
    ] == []
    assert [answer.cause for answer in found if answer.standing is HOLDS] == []


def test_worst_comes_first_what_is_healthy_last_of_what_holds_and_unknown_before_what_does_not():
    answers = [
        Answer(Cause.NOISE, DOES_NOT_HOLD, 1.0),
        Answer(Cause.RUN_AND_FAIL, HOLDS, 1.0),
        Answer(Cause.LATE_FAILURES, NOT_KNOWN),
        Answer(Cause.NO_TIME_BOX, HOLDS, 0.3),
        Answer(Cause.NOBODY_KILLS, HOLDS, 0.4),
    ]
    assert [answer.cause for answer in worst_first(answers)] == [
        Cause.NOBODY_KILLS, Cause.NO_TIME_BOX, Cause.RUN_AND_FAIL, Cause.LATE_FAILURES, Cause.NOISE,
    ]  # fmt: skip
