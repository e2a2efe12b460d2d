"""Rules of thumb after every value, past successes as a yardstick, and what a test can still show."""

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from assay.stats.conditional_power import conditional_power
from assay.stats.conformal_gap import conformal_gap_p_values, hits_needed
from assay.stats.samples import Misaligned, NotFinite, StatisticsError
from assay.stats.stop_rules import (
    beyond,
    fall_after,
    first_non_finite,
    median_of_peers,
    plateau_after_each,
    running_average,
)

numbers = st.lists(st.floats(-10, 10) | st.sampled_from([np.nan, np.inf]), max_size=20).map(np.array)


@given(numbers, st.integers(2, 5), st.floats(0, 5))
def test_a_plateau_after_a_value_is_a_plateau_of_all_until_then(values, of, tolerance):
    met = plateau_after_each(values, of=of, tolerance=tolerance)
    assert len(met) == len(values)
    for end in range(1, len(values) + 1):
        last = values[end - of : end] if end >= of else np.array([])
        plain = len(last) == of and np.isfinite(last).all() and np.ptp(last) <= tolerance * (1 + 1e-9)
        assert met[end - 1] == plain


def test_values_that_are_no_numbers_meet_no_rule_of_thumb_and_are_found():
    bad = np.array([np.nan, np.inf, -np.inf])
    assert not plateau_after_each(bad, of=2, tolerance=1e9).any()
    assert not beyond(bad, 0.1).any()
    assert first_non_finite(np.array([0.1, 0.2, -np.inf])) == 2


@pytest.mark.parametrize(
    ("values", "answer"),
    [
        ([0.9, 0.8], "fell"),
        ([0.9, 0.9], "never fell"),
        ([0.9, 0.8, 0.95], "came back up"),
        ([0.9, np.nan], "diverged"),
        ([0.9], "not known"),
    ],
)
def test_the_shape_of_a_loss_after_its_first_epoch(values, answer):
    steps = np.arange(1, len(values) + 1)
    assert fall_after(steps, np.array(values), 1) == answer
    assert fall_after(steps[::-1], np.array(values)[::-1], 1) == answer


def test_a_median_needs_three_peers_that_have_come_so_far():
    steps = np.array([1, 2, 3])
    short, whole = np.array([1]), np.array([0.4, 0.5, 0.9])
    assert np.isnan(running_average(short, np.array([0.4]), 2))
    assert np.isnan(running_average(steps, np.array([0.4, np.inf, 0.9]), 2))
    averages = np.array([running_average(steps, whole + shift, 2) for shift in (0.0, 0.1, 0.3)])
    assert median_of_peers(averages) == pytest.approx(0.55)
    assert median_of_peers(averages[:2]) is None


def test_a_run_like_past_hits_is_rarely_called_unlike_them_over_all_checks_together():
    rng = np.random.default_rng(20261121)
    called, trials = 0, 2000
    for _ in range(trials):
        # Correlated in time, and at the target at different times.
        paths = rng.normal(size=(40, 1)) + np.cumsum(rng.normal(size=(40, 12)), axis=1)
        paths[np.arange(12)[None, :] >= rng.integers(6, 13, 40)[:, None]] = np.nan
        called += (conformal_gap_p_values(paths[0], paths[1:]) <= 0.1).any()
    assert called / trials <= 0.1 + 3 * np.sqrt(0.09 / trials)
    assert called / trials >= 0.03


@given(st.integers(0, 40), st.integers(0, 2**32 - 1))
def test_no_p_value_is_below_what_the_number_of_past_hits_allows_and_none_rises(hits, seed):
    rng = np.random.default_rng(seed)
    values = conformal_gap_p_values(rng.normal(size=6) + 3, rng.normal(size=(hits, 6)))
    assert (np.diff(values) <= 0).all()
    assert values.min() >= 1 / (hits + 1)
    assert hits_needed(1 / (hits + 3)) == hits + 2


def test_being_further_behind_never_looks_more_like_a_hit():
    rng = np.random.default_rng(3)
    hits = rng.normal(size=(30, 5))
    mine = rng.normal(size=5)
    values = [conformal_gap_p_values(mine + shift, hits)[-1] for shift in np.linspace(-3, 3, 40)]
    assert (np.diff(values) <= 0).all()


def test_gaps_at_other_checks_cannot_be_compared():
    with pytest.raises(Misaligned):
        conformal_gap_p_values(np.zeros(3), np.zeros((5, 4)))
    with pytest.raises(StatisticsError):
        hits_needed(0.0)


def test_conditional_power_is_the_share_of_continued_trials_that_are_met():
    rng = np.random.default_rng(12)
    effect, n, seen = 0.3, 60, 25
    first = rng.normal(effect, 1, seen)
    z = first.sum() / np.sqrt(seen)
    rest = rng.normal(effect, 1, (20_000, n - seen)).sum(axis=1)
    met = ((first.sum() + rest) / np.sqrt(n) > scipy.stats.norm.ppf(0.95)).mean()
    power = conditional_power(z, seen / n, drift=effect * np.sqrt(n))
    assert power == pytest.approx(met, abs=4 * np.sqrt(0.25 / 20_000))


def test_conditional_power_starts_at_the_planned_power_and_ends_at_the_answer():
    drift = scipy.stats.norm.ppf(0.95) + scipy.stats.norm.ppf(0.8)
    assert conditional_power(0.0, 1e-9, drift=drift) == pytest.approx(0.8, abs=1e-4)
    assert conditional_power(1.7, 1 - 1e-9, drift=drift) == pytest.approx(1.0)
    assert conditional_power(1.6, 1 - 1e-9, drift=drift) == pytest.approx(0.0)


@pytest.mark.parametrize("share", [0.0, 1.0, -0.2, 1.3])
def test_conditional_power_asks_for_a_share_of_the_information(share):
    with pytest.raises(StatisticsError, match="between 0 and 1"):
        conditional_power(1.0, share, drift=2.0)
    with pytest.raises(NotFinite):
        conditional_power(float("nan"), 0.5, drift=2.0)
