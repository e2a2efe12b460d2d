"""What past runs say of a run that goes on: by runs whose right answer is known, and by histories that say nothing."""

import zlib

import numpy as np
import pytest

from assay.domain.stopping.backtest import MayStop, RecommendsOnly
from assay.domain.stopping.futility import FutilityRule
from assay.domain.stopping.history import LeftOut, PastRun, history_of
from assay.domain.stopping.learned import (
    ChanceToHit,
    TooLittleHistory,
    UnlikePastHits,
    learn,
    record_text,
    stop_record,
)
from assay.domain.stopping.learned_bytes import learned_bytes, learned_from_bytes
from assay.errors import Invalid
from assay.stats.futility import CHECKS
from assay.stats.futility_features import Runs
from assay.stats.trajectories import Trajectory
from tests.unit.domain.stopping.test_back_test import many

STEPS = np.arange(50, 1001, 50)


def records(runs, problems=("accuracy", "f1")):
    return [
        PastRun(f"run-{number:03}", f"EXP-{batch + 1}", problems[problem], STEPS, run.gap, None)
        for number, (run, problem, batch) in enumerate(
            zip(runs.trajectories, runs.problem.tolist(), runs.batch.tolist(), strict=True)
        )
    ]


def going_on(gaps, budget=1000):
    return Trajectory(STEPS[: len(gaps)] / budget, np.array(gaps, dtype=float), over=False)


@pytest.fixture(scope="module")
def taught():
    """Past runs, and what they taught."""
    past = history_of(records(many(np.random.default_rng(2))))
    return past, learn(past)


def by_the_rule(past, run, batch):
    """What the rule of the back-test says of it: chances and p-values at all checks, the past runs in batches by ticket."""
    tickets = sorted({one.ticket for one in past.records})
    runs = past.runs.in_batches(np.array([tickets.index(one.ticket) for one in past.records]))
    return FutilityRule(0.05).numbers(
        Runs([run], np.zeros(1, dtype=np.int64), np.array([batch])), runs, CHECKS
    )


def test_chance_of_a_run_that_goes_on_is_that_of_the_rule_in_the_back_test(taught):
    past, learned = taught[0], taught[1].of("accuracy")
    for gaps in ([2.0] * 10, (0.2 + np.exp(-2 * STEPS[:13] / 1000)).tolist(), [1.0, *[float("nan")] * 9]):
        run = going_on(gaps)
        found = learned.outlook(run, "EXP-99", 0.05)
        assert isinstance(found, ChanceToHit)
        assert found.check == pytest.approx(len(gaps) / 20)
        chances, _ = by_the_rule(past, run, 99)
        at = len(gaps) - 1
        assert found.chance == pytest.approx(chances[0, at], abs=1e-6)
        assert found.before == pytest.approx(chances[0, at - 1], abs=1e-6)
    hits = past.runs.hit[past.runs.problem == 0]
    assert (found.past.runs, found.past.hits, found.past.of_all_problems) == (80, hits.sum(), 160)
    assert (found.past.recent_runs, found.past.recent_hits) == (20, hits[-20:].sum())


def test_past_runs_of_its_own_ticket_say_nothing_about_a_run(taught):
    past, learned = taught[0], taught[1].of("accuracy")
    own = np.array([one.ticket == "EXP-1" for one in past.records if one.problem == "accuracy"])
    assert learned.past_without("EXP-1").runs == 80 - own.sum()
    assert (learned.own_budget("EXP-1"), learned.own_budget("EXP-99")) == (1000, None)
    assert (len(learned.other_budgets("EXP-1")), len(learned.other_budgets("EXP-99"))) == (7, 8)
    chances, _ = by_the_rule(past, going_on([0.5] * 8), 0)
    found = learned.outlook(going_on([0.5] * 8), "EXP-1", 0.05)
    assert found.chance == pytest.approx(chances[0, 7], abs=1e-6)


def test_with_few_runs_past_hits_alone_are_the_yardstick_and_with_fewer_nothing_is_said():
    past = many(np.random.default_rng(3))
    hits = past.of(np.flatnonzero(past.hit & (past.problem == 0)))
    behind = going_on([2.0] * 10)
    found = learn(history_of(records(hits))).of("accuracy").outlook(behind, "EXP-99", 0.05)
    assert isinstance(found, UnlikePastHits)
    _, p_values = by_the_rule(history_of(records(hits)), behind, 99)
    assert found.p_value == pytest.approx(p_values[0, 9], abs=1e-6)
    few = learn(history_of(records(hits.of(np.arange(18))))).of("accuracy")
    said = few.outlook(behind, "EXP-99", 0.05)
    assert isinstance(said, TooLittleHistory)
    assert (said.past.runs, said.past.hits) == (18, 18)


@pytest.mark.parametrize("gaps", [[], [0.5], [0.5, 0.0, 0.2], [0.5] * 20])
def test_nothing_is_asked_of_a_run_evaluated_once_or_at_its_target_or_past_its_budget(taught, gaps):
    assert taught[1].of("accuracy").outlook(going_on(gaps), "EXP-99", 0.05) is None


def nothing_but(value, count=40):
    return [
        PastRun(f"run-{n}", f"EXP-{n % 4}", "accuracy", STEPS, np.full(20, float(value)), None)
        for n in range(count)
    ]


@pytest.mark.parametrize(
    "hostile",
    [
        [],
        [LeftOut.NO_CURVE],
        nothing_but(0.5, 1),
        nothing_but(0.5),
        nothing_but("nan"),
        nothing_but("-inf"),
        # hits that were at their target at once were never under way: there are both outcomes and nothing to learn from
        [*nothing_but(-0.1, 10), *nothing_but(0.5, 30)],
    ],
    ids=["none", "none to use", "one run", "all misses", "all NaN", "minus infinity", "hits at once"],
)
def test_hostile_history_never_makes_a_number_out_of_nothing(hostile):
    past = history_of(hostile)
    learned = learn(past)
    assert learned.runs == len(past.records)
    said = learned.of("accuracy").outlook(going_on([0.6] * 6), "EXP-99", 0.05)
    assert isinstance(said, TooLittleHistory | None)
    if not past.runs.hit.any():
        assert isinstance(said, TooLittleHistory)
    assert isinstance(stop_record(past, 0.05), RecommendsOnly)


def test_all_hits_make_no_chance_but_a_yardstick():
    rising = [
        PastRun(f"run-{n}", f"EXP-{n % 4}", "accuracy", STEPS, 0.5 - np.arange(1, 21) / 30 - n / 1000, None)
        for n in range(40)
    ]
    learned = learn(history_of(rising)).of("accuracy")
    assert learned.regression is None
    assert isinstance(learned.outlook(going_on([0.9] * 6), "EXP-99", 0.05), UnlikePastHits)


def test_rule_may_stop_by_itself_only_on_a_record_of_59_winners():
    """Winners that are ahead from the start and losers that never move: nobody could confuse them."""
    made = [
        PastRun(
            f"run-{n}",
            f"EXP-{n % 6}",
            "accuracy",
            STEPS,
            0.3 - np.arange(1, 21) / 50 - n / 10_000 if n % 5 else np.full(20, 0.9),
            None,
        )
        for n in range(100)
    ]
    enough, few = history_of(made), history_of(made[:60])
    assert (enough.runs.hit.sum(), few.runs.hit.sum()) == (80, 48)
    found = stop_record(enough, 0.05)
    assert isinstance(found, MayStop)
    assert found.upper < 0.05
    assert record_text(found).startswith("it stops at most 3.7% of winners")
    said = stop_record(few, 0.05)
    assert isinstance(said, RecommendsOnly)
    assert (
        record_text(said)
        == "it may not stop runs by itself yet (59 winners of which it kills none are needed, 48 seen)"
    )


def test_what_was_learned_is_the_same_after_it_was_sent(taught):
    learned = taught[1]
    again = learned_from_bytes(learned_bytes(learned))
    assert learned_bytes(again) == learned_bytes(learned)
    run = going_on([0.5] * 9)
    assert again.of("f1").outlook(run, "EXP-1", 0.05) == learned.of("f1").outlook(run, "EXP-1", 0.05)
    for damaged in (b"", b"nothing", zlib.compress(b"{}"), learned_bytes(learned)[:-9]):
        with pytest.raises(Invalid, match="cannot read what past runs taught"):
            learned_from_bytes(damaged)


def test_digest_says_which_runs_it_was_learned_from():
    past = records(many(np.random.default_rng(7), count=40))
    first = learn(history_of(past)).digest
    assert learn(history_of(past)).digest == first
    assert learn(history_of(past[:-1])).digest != first
    last = past[-1]
    other = PastRun(last.run_id, last.ticket, last.problem, last.steps, last.gaps + 1e-9, None)
    assert learn(history_of([*past[:-1], other])).digest != first
