import math

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.stats.fairness import fairness_gap
from assay.stats.samples import DegenerateSample, NotFinite, StatisticsError, TooFewSamples
from assay.stats.welch import welch_comparison


def pass_fail(*groups):
    """(successes, n) of each group as scores and group numbers."""
    scores = np.concatenate([np.r_[np.ones(k), np.zeros(n - k)] for k, n in groups])
    return scores, np.repeat(np.arange(len(groups)), [n for _, n in groups])


def test_gap_beyond_the_margin_is_shown_and_a_small_one_is_not():
    scores, index = pass_fail((480, 500), (470, 500), (400, 500))
    found = fairness_gap(scores, index, 3, margin=0.05)
    assert {(p.high, p.low) for p in found.shown} == {(0, 2), (1, 2)}
    assert (found.largest.high, found.largest.low) == (0, 2)
    assert found.largest.gap == pytest.approx(0.16)
    assert found.p_within > 0.5


def test_equal_groups_can_be_shown_to_be_within_the_margin():
    scores, index = pass_fail((900, 1000), (902, 1000))
    found = fairness_gap(scores, index, 2, margin=0.05)
    assert found.shown == ()
    assert found.p_within < 0.001


def test_small_groups_say_how_little_they_could_have_seen():
    scores, index = pass_fail((9, 10), (960, 1000))
    found = fairness_gap(scores, index, 2, margin=0.05)
    assert found.largest.detectable > 0.3
    assert found.blind_to(0.1) == ((1, 0),)
    assert found.blind_to(0.6) == ()


@pytest.mark.parametrize("n", [1, 2, 3])
def test_one_two_and_three_examples_a_group_never_show_a_gap(n):
    scores, index = pass_fail((n, n), (0, n))
    assert fairness_gap(scores, index, 2, margin=0.05, alpha=0.01).shown == ()


@pytest.mark.parametrize("value", [0.0, 1.0])
@pytest.mark.parametrize("seeds", [1, 3])
def test_groups_where_everything_passes_or_fails_show_nothing_and_keep_a_width(value, seeds):
    found = fairness_gap(np.full((200, seeds), value), np.arange(200) % 2, 2, margin=0.05)
    assert (found.largest.gap, found.shown) == (0.0, ())
    assert found.largest.interval.width > 0.02
    assert 0.05 < found.largest.detectable < 0.3


@pytest.mark.parametrize("seeds", [1, 3])
def test_one_group_that_always_fails_beside_one_that_always_passes_is_shown(seeds):
    index = np.arange(200) % 2
    found = fairness_gap(np.repeat(index[:, np.newaxis] == 0, seeds, axis=1), index, 2, margin=0.05)
    assert found.largest.shown
    assert found.largest.interval.low >= 0.05


def test_real_scores_are_compared_by_welch_and_corrected_for_all_pairs():
    rng = np.random.default_rng(1)
    index, scores = rng.integers(0, 3, 300), rng.normal(0, 1, 300)
    scores[index == 2] += 0.5
    found = fairness_gap(scores, index, 3, margin=0.1)
    for pair in found.pairs:
        alone = welch_comparison(scores[index == pair.high], scores[index == pair.low], null=0.1)
        assert pair.p_gap == pytest.approx(min(1.0, 2 * alone.p_greater), rel=1e-9)
    smallest = min(found.pairs, key=lambda pair: pair.p_gap)
    assert smallest.p_adjusted == pytest.approx(min(1.0, 3 * smallest.p_gap))


def test_pass_fail_pair_agrees_with_fishers_test_in_size():
    scores, index = pass_fail((90, 100), (70, 100))
    pair = fairness_gap(scores, index, 2, margin=0.0).largest
    fisher = scipy.stats.fisher_exact([[90, 10], [70, 30]]).pvalue
    assert 0.5 * fisher < pair.p_gap <= fisher


def test_seeds_that_favour_different_groups_widen_the_interval():
    rng = np.random.default_rng(2)
    index = np.arange(2000) % 2
    steady = (rng.random((2000, 5)) < 0.8).astype(float)
    swaying = rng.normal(0, 0.1, 5)
    moved = (rng.random((2000, 5)) < 0.7 + np.where(index[:, np.newaxis] == 0, swaying, -swaying)).astype(
        float
    )
    one, other = (fairness_gap(table, index, 2, margin=0.02).largest for table in (steady, moved))
    assert other.interval.width > 2 * one.interval.width
    assert other.detectable > 2 * one.detectable


def test_sources_widen_the_interval():
    rng = np.random.default_rng(3)
    source = np.arange(1000) // 20
    index = (source % 2).astype(int)
    scores = (rng.random(1000) < 0.7 + 0.2 * rng.choice([-1, 1], 50)[source]).astype(float)
    alone = fairness_gap(scores, index, 2, margin=0.02).largest
    together = fairness_gap(scores, index, 2, margin=0.02, clusters=source).largest
    assert (alone.n_high, together.n_high) == (500, 25)
    assert together.interval.width > 1.5 * alone.interval.width


groups = st.lists(
    st.integers(1, 40).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), min_size=2, max_size=5
)


@given(groups, st.sampled_from([0.0, 0.05, 0.2]), st.randoms())
@settings(max_examples=80)
def test_order_and_names_of_groups_change_nothing_and_decision_and_interval_agree(counts, margin, chance):
    scores, index = pass_fail(*counts)
    found = fairness_gap(scores, index, len(counts), margin=margin)
    names = np.array(chance.sample(range(len(counts)), len(counts)))
    rows = np.array(chance.sample(range(scores.size), scores.size))
    renamed = fairness_gap(scores[rows], names[index][rows], len(counts), margin=margin)
    assert sorted(p.p_adjusted for p in found.pairs) == pytest.approx(
        sorted(p.p_adjusted for p in renamed.pairs), abs=1e-4
    )
    for pair in found.pairs:
        assert pair.shown == (pair.interval.low >= margin)
        assert pair.gap >= 0


@given(groups, st.floats(0.001, 0.3))
@settings(max_examples=60)
def test_a_larger_allowance_never_shows_more(counts, step):
    scores, index = pass_fail(*counts)
    here = fairness_gap(scores, index, len(counts), margin=0.05)
    easier = fairness_gap(scores, index, len(counts), margin=0.05 + step)
    assert len(easier.shown) <= len(here.shown)


def test_groups_without_examples_are_left_out_and_single_ones_named():
    scores, index = pass_fail((50, 60), (0, 0), (40, 60))
    found = fairness_gap(scores, index, 4, margin=0.05)
    assert [(p.high, p.low) for p in found.pairs] == [(0, 2)]
    real = fairness_gap(np.r_[np.arange(10.0), 3.0], np.r_[np.arange(10) % 2, 2], 3, margin=0.1)
    assert real.untested == (2,)


def test_what_cannot_be_compared_is_refused():
    with pytest.raises(TooFewSamples):
        fairness_gap([1, 0, 1], np.zeros(3, int), 2, margin=0.05)
    with pytest.raises(DegenerateSample):
        fairness_gap([0.5] * 4, np.arange(4) % 2, 2, margin=0.05)
    for margin in (-0.1, math.nan, math.inf):
        with pytest.raises(StatisticsError):
            fairness_gap([1, 0], np.arange(2), 2, margin=margin)
    for bad in (math.nan, math.inf, None):
        with pytest.raises(NotFinite):
            fairness_gap([1.0, bad], np.arange(2), 2, margin=0.05)


def test_rates_are_never_more_than_one_apart():
    scores, index = pass_fail((60, 60), (0, 60))
    found = fairness_gap(scores, index, 2, margin=1.0)
    assert (found.shown, found.p_within) == ((), 0.0)
