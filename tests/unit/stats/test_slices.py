import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.stats.samples import Misaligned, NotFinite, StatisticsError
from assay.stats.slice_alarms import slice_alarm
from assay.stats.slice_sums import slice_moments, slice_sums
from assay.stats.slices import joined, paired_slices, welch_slices

rows = st.lists(
    st.tuples(st.integers(0, 4), st.floats(-1e6, 1e6, allow_subnormal=False), st.floats(-1e6, 1e6)),
    min_size=0,
    max_size=60,
)


def columns(table):
    index = np.array([row[0] for row in table], dtype=np.intp)
    return index, *(np.array([row[i] for row in table]) for i in (1, 2))


def same(one, other):
    return all(
        np.array_equal(getattr(one, name), getattr(other, name))
        for name in ("positions", "n", "effect", "se", "dof", "wins", "losses", "p_greater", "p_less")
    )


@given(rows, st.randoms())
@settings(max_examples=150)
def test_slices_get_the_same_bytes_for_every_order_of_the_rows(table, chance):
    shuffled = chance.sample(table, len(table))
    (g, x, y), (h, a, b) = columns(table), columns(shuffled)
    assert same(paired_slices(x, y, g, 5), paired_slices(a, b, h, 5))
    assert same(welch_slices(x, g, y, g, 5), welch_slices(a, h, b, h, 5))


@pytest.mark.parametrize("scale", [1e-200, 1e-5, 1.0, 1e100])
def test_sums_do_not_depend_on_order_even_beside_an_outlier(scale):
    rng = np.random.default_rng(1)
    values, index = rng.normal(0, scale, 50_000), rng.integers(0, 7, 50_000)
    values[3] *= 1e8
    order = rng.permutation(values.size)
    here, there = slice_moments(values, index, 7), slice_moments(values[order], index[order], 7)
    assert np.array_equal(here.mean, there.mean)
    assert np.array_equal(here.variance, there.variance)
    assert np.array_equal(slice_sums(values, index, 7), slice_sums(values[order], index[order], 7))
    assert slice_sums(values, index, 7) == pytest.approx(np.bincount(index, values), rel=1e-9)


def test_renumbered_slices_keep_their_answers():
    rng = np.random.default_rng(2)
    x, y, g = rng.normal(size=500), rng.normal(size=500), rng.integers(0, 6, 500)
    names = rng.permutation(6)
    here, there = paired_slices(x, y, g, 6), paired_slices(x, y, names[g], 6)
    assert np.array_equal(here.p_less, there.p_less[names])


def test_empty_slices_single_examples_and_constant_differences_say_why_they_were_not_tested():
    tests = paired_slices([0.5, 0.7, 0.9, 0.1], [0.4, 0.5, 0.7, 0.3], np.array([0, 2, 2, 3]), 5)
    constant = paired_slices([0.75, 0.5], [0.5, 0.25], np.array([0, 0]), 1)
    assert tests.untested == (
        (0, "too few examples"),
        (1, "empty"),
        (2, "no spread"),
        (3, "too few examples"),
        (4, "empty"),
    )
    assert constant.untested == ((0, "no spread"),)
    assert slice_alarm(constant, higher_is_better=True).blind_to(1.0) == (0,)


@pytest.mark.parametrize("n", [0, 1, 2, 3])
def test_tiny_pass_fail_slices_are_answered_and_never_shown(n):
    candidate, baseline = np.zeros(n), np.ones(n)
    alarm = slice_alarm(paired_slices(candidate, baseline, np.zeros(n, int), 1), higher_is_better=True)
    assert alarm.shown == ()
    assert alarm.blind_to(0.99) == (0,)


@pytest.mark.parametrize("value", [0.0, 1.0])
@pytest.mark.parametrize("seeds", [1, 3])
def test_slices_where_everything_passes_or_fails_show_no_harm_and_say_what_they_could_have_seen(value, seeds):
    scores = np.full((100, seeds), value)
    alarm = slice_alarm(paired_slices(scores, scores, np.arange(100) % 2, 2), higher_is_better=True)
    assert [h.shown for h in alarm.harms] == [False, False]
    assert all(0.02 < h.detectable < 0.3 for h in alarm.harms)
    assert all(h.interval.width > 0.01 for h in alarm.harms)


@pytest.mark.parametrize("seeds", [1, 3])
@pytest.mark.parametrize("margin", [0.0, 0.03])
def test_slice_lost_by_every_seed_on_every_example_is_shown(seeds, margin):
    candidate, baseline = np.ones((100, seeds)), np.ones((100, seeds))
    candidate[:30] = 0
    index = np.where(np.arange(100) < 30, 0, 1)
    alarm = slice_alarm(paired_slices(candidate, baseline, index, 2, null=-margin), higher_is_better=True)
    assert [h.position for h in alarm.shown] == [0]
    assert alarm.shown[0].interval.high < -margin


def test_harm_follows_the_direction_of_the_metric():
    rng = np.random.default_rng(3)
    slow, fast = rng.normal(120, 5, 400), rng.normal(100, 5, 400)
    index = np.arange(400) // 200
    latency = slice_alarm(paired_slices(slow, fast, index, 2, null=2.0), higher_is_better=False)
    assert len(latency.shown) == 2
    assert not slice_alarm(paired_slices(slow, fast, index, 2, null=-2.0), higher_is_better=True).shown
    with pytest.raises(StatisticsError, match="an improvement"):
        slice_alarm(paired_slices(slow, fast, index, 2, null=2.0), higher_is_better=True)


def test_correction_counts_all_slices_of_all_families():
    rng = np.random.default_rng(4)
    y = (rng.random(400) < 0.8).astype(float)
    x = y.copy()
    x[:11][y[:11] == 1] = 0
    by_one = paired_slices(x, y, np.zeros(400, int), 1)
    by_many = paired_slices(x, y, np.arange(400) % 40, 40)
    both = joined([by_one, by_many])
    assert both.slices == 41
    assert slice_alarm(by_one, higher_is_better=True).shown
    whole = slice_alarm(both, higher_is_better=True).harms[0]
    assert whole.p_adjusted == pytest.approx(41 * whole.p_harm)


def test_families_of_other_methods_or_margins_are_not_joined():
    x, y, g = [0.1, 0.4, 0.3], [0.2, 0.1, 0.5], np.zeros(3, int)
    with pytest.raises(StatisticsError, match="2 kinds"):
        joined([paired_slices(x, y, g, 1), paired_slices(x, y, g, 1, null=-0.1)])
    with pytest.raises(StatisticsError, match="0 families"):
        joined([])


def test_shown_interval_and_decision_never_disagree():
    rng = np.random.default_rng(5)
    for case in range(60):
        n, margin = int(rng.integers(20, 800)), float(rng.choice([0.0, 0.02]))
        index, seeds = rng.integers(0, 8, n), int(rng.choice([1, 2]))
        y = (rng.random((n, seeds)) < 0.8).astype(float)
        x = np.where(rng.random((n, seeds)) < 0.15 * (index == 1)[:, None], 0.0, y)
        if case % 2:
            x = x + rng.normal(0, 0.2, x.shape)
        alarm = slice_alarm(paired_slices(x, y, index, 8, null=-margin), higher_is_better=True)
        for harm in alarm.harms:
            assert harm.shown == (harm.interval.high < -margin)
            assert harm.shown == (harm.p_adjusted <= 0.05)


@given(st.floats(0.001, 0.2), st.integers(0, 40))
@settings(max_examples=60)
def test_more_tolerance_never_shows_more_harm_and_more_losses_never_less(margin, losses):
    baseline, index = np.ones(60), np.zeros(60, int)

    def harm(lost, allowed):
        candidate = np.r_[np.zeros(lost), np.ones(60 - lost)]
        return slice_alarm(paired_slices(candidate, baseline, index, 1, null=-allowed), higher_is_better=True)

    here = harm(losses, margin).harms[0]
    assert harm(losses, margin + 0.05).harms[0].p_harm >= here.p_harm
    assert harm(losses + 1, margin).harms[0].p_harm <= here.p_harm


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf, None, "0.5"])
def test_scores_that_are_no_finite_numbers_are_refused(bad):
    index = np.zeros(3, int)
    for call in (
        lambda: paired_slices([0.1, bad, 0.3], [0.1, 0.2, 0.4], index, 1),
        lambda: welch_slices([0.1, 0.2, 0.4], index, [0.1, bad, 0.3], index, 1),
    ):
        with pytest.raises(NotFinite):
            call()


def test_slice_numbers_that_do_not_fit_the_rows_are_refused():
    with pytest.raises(Misaligned):
        paired_slices([1, 0], [0, 1], np.array([0]), 1)
    with pytest.raises(StatisticsError, match="expected 0"):
        paired_slices([1, 0], [0, 1], np.array([0, 2]), 2)
    with pytest.raises(StatisticsError, match="expected 0"):
        paired_slices([1, 0], [0, 1], np.array([0, -1]), 2)
    with pytest.raises(StatisticsError, match="whole numbers"):
        paired_slices([1, 0], [0, 1], np.array([0.0, 1.0]), 2)


def test_values_too_large_to_square_and_wild_nulls_are_refused():
    with pytest.raises(NotFinite, match="too large"):
        welch_slices([1e200, -1e200], np.zeros(2, int), [0.0, 1.0], np.zeros(2, int), 1)
    for null in (math.nan, math.inf, 1.0):
        with pytest.raises(StatisticsError):
            paired_slices([1, 0], [0, 1], np.zeros(2, int), 1, null=null)
