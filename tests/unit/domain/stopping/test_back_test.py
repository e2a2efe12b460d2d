"""What a rule would have done to past runs, by hand-made runs whose right answer can be counted."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.domain.stopping.backtest import (
    BackTest,
    MayStop,
    RecommendsOnly,
    back_test,
    leave_batch_out,
    may_stop,
    walk_forward,
)
from assay.domain.stopping.futility import (
    FutilityRule,
)
from assay.domain.stopping.rules import (
    Answers,
    AnyOf,
    Diverged,
    GapRule,
    MedianStopping,
    NotFalling,
    OverBudget,
    PlateauRule,
    SlowerThanHits,
    TimeBoxOver,
)
from assay.stats.futility import CHECKS
from assay.stats.futility_features import Runs
from assay.stats.samples import Misaligned, StatisticsError
from assay.stats.trajectories import Trajectory

SPENT = np.linspace(0.05, 1.0, 20)
RULES = [
    GapRule(0.15, since=0.25),
    PlateauRule(3, 0.01, since=0.25),
    SlowerThanHits(2.0),
    OverBudget(0.5),
    TimeBoxOver(0.8),
    NotFalling(),
    Diverged(),
    MedianStopping(),
    AnyOf("trio", (SlowerThanHits(2.0), PlateauRule(3, 0.01, since=0.25), GapRule(0.15, since=0.5))),
    FutilityRule(),
    FutilityRule(0.1, in_a_row=1),
]


def runs_of(*gaps, problem=None, batch=None):
    trajectories = [Trajectory(SPENT[: len(gap)], np.array(gap, dtype=float)) for gap in gaps]
    count = len(trajectories)
    return Runs(
        trajectories,
        np.zeros(count, dtype=np.int64) if problem is None else np.array(problem),
        np.arange(count) if batch is None else np.array(batch),
    )


def many(rng, count=160, problems=2, batches=8):
    floors, speeds = rng.normal(0.05, 0.15, count), rng.uniform(1, 6, count)
    gaps = [
        floor + np.exp(-speed * SPENT) + rng.normal(0, 0.02, 20)
        for floor, speed in zip(floors, speeds, strict=True)
    ]
    return runs_of(*gaps, problem=np.arange(count) % problems, batch=rng.integers(0, batches, count))


HIT = [0.9, 0.6, 0.3, 0.1, 0.0]
MISS = [0.9, 0.8, 0.75, 0.74, 0.735, 0.734, 0.733, 0.733, 0.733, 0.733]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_no_rule_looks_at_anything_later_than_its_check(rule):
    rng = np.random.default_rng(5)
    past, asked = many(rng), many(rng, count=12)
    cut = 11  # evaluations until 55% of the budget
    changed = [
        Trajectory(SPENT, np.append(run.gap[:cut], rng.normal(3, 1, 20 - cut))) for run in asked.trajectories
    ]
    checks = CHECKS[SPENT[cut - 1] >= CHECKS]
    told = rule.answers(asked, past, checks)
    other = rule.answers(Runs(changed, asked.problem, asked.batch), past, checks)
    under_way = (
        asked.end > checks.max()
    )  # a run that hits at a later evaluation is still under way here, in both
    np.testing.assert_array_equal(told.stop[under_way], other.stop[under_way])
    np.testing.assert_array_equal(told.asked[under_way], other.asked[under_way])


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_no_rule_stops_what_it_was_not_asked_about(rule):
    rng = np.random.default_rng(6)
    past, asked = many(rng), many(rng, count=30)
    told = rule.answers(asked, past, CHECKS)
    assert not (told.stop & ~told.asked).any()
    assert not (told.asked & (CHECKS[None, :] >= asked.end[:, None])).any()
    nothing = rule.answers(asked, past.of(np.array([], dtype=np.intp)), CHECKS)
    if isinstance(rule, FutilityRule | MedianStopping | SlowerThanHits):
        assert not nothing.asked.any()


def test_stopped_hits_doomed_runs_and_saved_compute_are_counted_by_hand():
    runs = runs_of(HIT, MISS, MISS, problem=[0, 0, 1])
    replay = leave_batch_out(GapRule(0.7, since=0.25, until=0.3), runs, CHECKS)
    # The hit is over by then; both misses are stopped at 25% of the budget, of the 50% that they used.
    assert np.isnan(replay.stopped_at[0])
    tested = back_test(replay, runs, np.array([100.0, 100.0, 300.0]), np.random.default_rng(1))
    assert (tested.hits, tested.hits_stopped, tested.misses, tested.misses_stopped) == (1, 0, 2, 2)
    assert tested.saved_compute == pytest.approx(0.25 * 100 + 0.25 * 300)
    assert tested.saved.value == pytest.approx(0.5)
    assert tested.false_kill_upper == pytest.approx(0.95)  # one hit says next to nothing


def test_one_problem_says_nothing_about_others():
    runs = runs_of(HIT, MISS)
    tested = back_test(
        leave_batch_out(PlateauRule(3, 0.01), runs, CHECKS), runs, np.ones(2), np.random.default_rng(1)
    )
    assert tested.false_kill.interval is None
    assert tested.saved.interval is None


def test_problems_without_doomed_runs_say_nothing_of_what_is_saved():
    runs = runs_of(HIT, MISS, HIT, problem=[0, 0, 1])
    replay = leave_batch_out(PlateauRule(3, 0.01), runs, CHECKS)
    tested = back_test(replay, runs, np.ones(3), np.random.default_rng(1))
    assert tested.saved.value > 0.0
    assert (
        tested.saved.interval is None
    )  # of the other problem nothing can be saved: an interval would have no width
    assert tested.false_kill.interval is not None


def test_without_a_past_hit_no_rule_may_stop_anything():
    runs = runs_of(MISS, MISS)
    tested = back_test(
        leave_batch_out(GapRule(0.1), runs, CHECKS), runs, np.ones(2), np.random.default_rng(1)
    )
    assert tested.false_kill is None
    assert may_stop(tested) == RecommendsOnly(
        "no past run reached its target, so it is not known how many winners it would kill", 59
    )


@pytest.mark.parametrize(
    ("hits", "stopped", "allowed"), [(58, 0, False), (59, 0, True), (93, 1, True), (92, 1, False)]
)
def test_a_rule_may_stop_by_itself_from_the_number_of_clean_hits_that_shows_its_limit(hits, stopped, allowed):
    runs = runs_of(*[HIT] * hits)
    replay = leave_batch_out(Diverged(), runs, CHECKS)
    replay.stopped_at[:stopped] = 0.1
    tested = back_test(replay, runs, np.ones(hits), np.random.default_rng(1))
    assert isinstance(may_stop(tested), MayStop if allowed else RecommendsOnly)
    # The number named is the number that is needed.
    assert (
        may_stop(BackTest("x", "runs finished before", 0, 0, 1, 0, 0, None, None, None, 0.0, 1)).hits_needed
        == 59
    )


def test_a_rule_that_never_could_say_anything_may_not_stop_anything():
    runs = runs_of(*[HIT] * 80, batch=[0] * 80)
    tested = back_test(
        leave_batch_out(FutilityRule(), runs, CHECKS), runs, np.ones(80), np.random.default_rng(1)
    )
    assert tested.unanswered == 80
    assert may_stop(tested).reason == "it could say nothing about any past run"


class _Remembers:
    """A rule that keeps what it was shown."""

    name = "remembers"

    def __init__(self):
        self.shown = []

    def answers(self, runs, past, checks):
        self.shown.append((runs, past))
        nothing = np.zeros((len(runs), len(checks)), dtype=bool)
        return Answers(nothing, nothing)


@settings(max_examples=25)
@given(st.integers(0, 2**32 - 1))
def test_walking_forward_judges_every_run_once_by_runs_that_had_ended_before_it_began(seed):
    rng = np.random.default_rng(seed)
    runs = many(rng, count=40)
    begun = rng.uniform(0, 10, 40)
    ended = begun + rng.uniform(0, 3, 40)
    when = {id(run): (begin, end) for run, begin, end in zip(runs.trajectories, begun, ended, strict=True)}
    rule = _Remembers()
    walk_forward(rule, runs, CHECKS, begun=begun, ended=ended)
    judged = [id(run) for asked, _ in rule.shown for run in asked.trajectories]
    assert sorted(judged) == sorted(when)
    for asked, past in rule.shown:
        first = min(when[id(run)][0] for run in asked.trajectories)
        known = {id(run) for run in past.trajectories}
        assert all(when[one][1] <= first for one in known)
        # No more than a tenth of the history that was there at the last of them is left out.
        last = max(when[id(run)][0] for run in asked.trajectories)
        assert (ended <= last).sum() <= 1.1 * len(known) + 1


def test_leaving_a_batch_out_shows_no_run_of_it():
    rule = _Remembers()
    runs = many(np.random.default_rng(1), count=40)
    leave_batch_out(rule, runs, CHECKS)
    assert sum(len(asked) for asked, _ in rule.shown) == 40
    for asked, past in rule.shown:
        assert not set(asked.batch.tolist()) & set(past.batch.tolist())
    with pytest.raises(Misaligned):
        walk_forward(rule, runs, CHECKS, begun=np.zeros(2), ended=np.zeros(40))


@pytest.mark.parametrize(("level", "in_a_row"), [(0.0, 1), (0.5, 1), (float("nan"), 1), (0.1, 0)])
def test_a_level_that_is_none_is_refused(level, in_a_row):
    with pytest.raises(StatisticsError, match="expected a level"):
        FutilityRule(level, in_a_row=in_a_row)
