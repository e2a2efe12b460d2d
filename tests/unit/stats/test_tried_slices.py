"""Slices of examples that were tried several times, or that never moved."""

import numpy as np
import pytest

from assay.stats.crossed import crossed_comparison
from assay.stats.slice_alarms import slice_alarm
from assay.stats.slices import joined, paired_slices


def shares(examples=150, times=3, seed=1):
    """Three slices of shares of right answers; the baseline is a little better."""
    rng = np.random.default_rng(seed)
    arms = [(rng.binomial(times, rate, examples) / times)[:, np.newaxis] for rate in (0.93, 0.97)]
    return *arms, np.arange(examples) % 3


def seeds(examples=150, times=5, lost=6):
    """Right-or-wrong scores of several seeds against a baseline that is always right."""
    table = np.ones((examples, times))
    table[np.arange(lost) * 7, np.arange(lost) % times] = 0.0
    return table, np.ones_like(table), np.arange(examples) % 3


@pytest.mark.parametrize("data", [shares(), seeds()])
@pytest.mark.parametrize("null", [-0.02, -0.08])
def test_each_slice_of_tries_gets_the_test_of_the_whole_set(data, null):
    ours, theirs, index = data
    found = paired_slices(ours, theirs, index, 3, null=null)
    for slot in range(3):
        here = index == slot
        whole = crossed_comparison(ours[here], theirs[here], null=null)
        assert found.p_greater[slot] == pytest.approx(whole.p_greater, rel=1e-9)
        assert found.p_less[slot] == pytest.approx(whole.p_less, rel=1e-9)
    alarm = slice_alarm(found, higher_is_better=True)
    for slot, harm in enumerate(alarm.harms):
        here = index == slot
        whole = crossed_comparison(ours[here], theirs[here], null=null)
        assert harm.claimed.low == pytest.approx(whole.interval.low, abs=1e-8)
        assert harm.claimed.high == pytest.approx(whole.interval.high, abs=1e-8)


def test_sources_in_a_slice_that_never_wins_are_decided_as_in_the_whole_set():
    ours = np.ones((120, 1))
    ours[[3, 4, 50, 77]] = 0.0
    theirs, index, source = np.ones_like(ours), np.zeros(120, dtype=int), np.arange(120) // 3
    found = paired_slices(ours, theirs, index, 1, clusters=source, null=-0.05)
    whole = crossed_comparison(ours, theirs, clusters=source, null=-0.05)
    assert found.p_greater[0] == pytest.approx(whole.p_greater, rel=1e-9)
    assert "where that is less sure" in slice_alarm(found, higher_is_better=True).method


@pytest.mark.parametrize("times", [1, 5])
def test_slice_with_one_lost_try_is_no_surer_than_a_slice_without_any(times):
    index, theirs = np.zeros(50, dtype=int), np.ones((50, times))
    ours = theirs.copy()
    ours[0, 0] = 0.0 if times > 1 else 0.8
    clean, partly = (paired_slices(table, theirs, index, 1, null=-0.03) for table in (theirs, ours))
    assert partly.p_greater[0] >= clean.p_greater[0] > 0.05


def test_slices_in_which_no_score_moved_are_evidence():
    rng, index = np.random.default_rng(2), np.arange(400) // 200
    scores = rng.normal(70, 8, (400, 1))
    reach = float(np.ptp(scores))
    blind = paired_slices(scores, scores, index, 2, null=-2.0)
    assert [why for _, why in blind.untested] == ["no spread", "no spread"]
    tests = paired_slices(scores, scores, index, 2, null=-2.0, moves=reach)
    alarm = slice_alarm(tests, higher_is_better=True)
    assert not alarm.shown
    for harm in alarm.harms:
        assert 0.05 > harm.p_harmless >= (1 - 2.0 / reach) ** 200
        assert -2.0 < harm.claimed.low < 0.0 < harm.claimed.high < 2.0
        assert 2.0 < harm.detectable < reach / 2
    few = paired_slices(scores[:20], scores[:20], index[:20], 1, null=-2.0, moves=reach)
    assert few.p_greater[0] > 0.05


def test_columns_with_and_without_unmoved_slices_are_one_family():
    rng = np.random.default_rng(3)
    theirs = rng.normal(70, 8, (90, 1))
    ours = theirs.copy()
    ours[30:] += rng.normal(0, 1, (60, 1))
    index = np.arange(90) // 30
    by_third = paired_slices(ours, theirs, index, 3, null=-1.0, moves=40.0)
    all_moved = paired_slices(ours, theirs, np.arange(90) % 2, 2, null=-1.0, moves=40.0)
    alarm = slice_alarm(joined([by_third, all_moved]), higher_is_better=True)
    assert [harm.position for harm in alarm.harms] == [0, 1, 2, 3, 4]
    assert not alarm.untested


def test_a_margin_wider_than_scores_can_move_is_ruled_out_by_any_two_examples():
    scores = np.array([[3.0], [5.0], [4.0]])
    tests = paired_slices(scores, scores, np.zeros(3, dtype=int), 1, null=-9.0, moves=2.0)
    assert tests.p_greater[0] < 0.01
