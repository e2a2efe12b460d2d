"""Which value a rule should have: the choice, and what it is worth on tickets that had no part in it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.domain.stopping.backtest import back_test, leave_batch_out
from assay.domain.stopping.choosing import Advice, Tally, choose, tally, tried_elsewhere
from assay.domain.stopping.history import PastRun, history_of, record_by
from assay.domain.stopping.rules import GapRule
from assay.stats.futility import CHECKS

tallies = st.lists(
    st.integers(0, 80).flatmap(
        lambda hits: st.builds(Tally, st.just(hits), st.integers(0, hits), st.floats(0, 10), st.just(10.0))
    ),
    min_size=1,
    max_size=6,
)


@given(tallies, st.data())
def test_value_to_use_is_the_most_saving_one_of_those_within_the_limit(tried, data):
    now = data.draw(st.none() | st.integers(0, len(tried) - 1))
    said = choose(tried, now)
    within = [one for one in tried if one.hits >= 20 and one.hits_stopped <= 0.05 * one.hits]
    assert (said.place is not None) == (said.advice is Advice.USE)
    if said.place is not None:
        assert tried[said.place] in within
        assert tried[said.place].saved == max(one.saved for one in within) > 0
    elif said.advice is Advice.OFF:
        assert not any(one.saved for one in within)
    else:
        few = max(one.hits for one in tried) < 20
        assert few or now is None or tried[now] in within


def test_between_equal_values_the_one_that_is_set_stays_and_else_the_kinder_one():
    bold, kind = Tally(60, 3, 5.0, 10.0), Tally(60, 0, 5.0, 10.0)
    assert choose([bold, kind], 0).place == 0
    assert choose([bold, kind], None).place == 1


@pytest.mark.parametrize(("hits", "advice"), [(19, Advice.LEAVE), (20, Advice.USE)])
def test_nothing_is_chosen_by_a_handful_of_winners(hits, advice):
    said = choose([Tally(hits, 0, 5.0, 10.0)], 0)
    assert said.advice is advice
    assert ("20 winners that it could judge are needed to choose by, 19 seen" in said.why) == (hits == 19)


def past_of(*gaps_by_ticket):
    """Runs of ten evaluations: how far short of the target they stay, then whether they reach it in the end."""
    found = []
    for ticket, runs in enumerate(gaps_by_ticket):
        for number, (gap, hits) in enumerate(runs):
            gaps = np.full(10, gap)
            gaps[-1] = 0.0 if hits else gap
            found.append(PastRun(f"{ticket}-{number}", f"EXP-{ticket}", "acc", np.arange(1, 11), gaps, None))
    return history_of(found)


def replays(past, *limits):
    return [leave_batch_out(GapRule(limit, since=0.5), past.runs, CHECKS) for limit in limits]


def test_tally_agrees_with_the_back_test_of_the_same_replay():
    past = past_of([(0.1, True), (0.3, False), (0.3, True)], [(0.5, False), (0.1, False)])
    [replay] = replays(past, 0.2)
    told = tally(replay, past)
    tested = back_test(replay, past.runs, past.budgets, np.random.default_rng(1))
    record = record_by(replay, past, np.random.default_rng(1))
    assert (told.hits, told.hits_stopped) == (record.judged.hits, record.judged.hits_stopped) == (2, 1)
    assert told.saved == pytest.approx(tested.saved_compute)
    assert told.saved / told.spent == pytest.approx(tested.saved.value)


def test_value_tried_elsewhere_is_chosen_without_the_tickets_that_it_is_tried_on():
    # By the first ticket a gap of 0.1 costs nothing and saves; by the second it kills every winner.
    first = [(0.05, True)] * 30 + [(0.15, False)] * 30
    second = [(0.15, True)] * 30 + [(0.3, False)] * 30
    past = past_of(first, second)
    tried = replays(past, 0.1, 0.2)
    told = tried_elsewhere(tried, 1, past)
    by_second, by_first = (
        choose([tally(one, past, np.flatnonzero(past.runs.batch == part)) for one in tried], 1)
        for part in (1, 0)
    )
    assert (by_first.place, by_second.place) == (0, 1)
    # The second is judged at 0.1, which loses all its winners; the first at 0.2, which saves nothing of it.
    assert (told.hits, told.hits_stopped) == (60, 30)
    assert 0.0 < told.saved < told.spent
    whole = choose([tally(one, past) for one in tried], 1)
    assert whole.place == 1


def test_one_part_of_tickets_says_nothing_about_others():
    past = past_of([(0.05, True), (0.3, False)])
    assert tried_elsewhere(replays(past, 0.1), 0, past) is None
