import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.stats.curve_thinning import smoothed, thinned_points
from assay.stats.samples import StatisticsError

logged = st.floats(-1e300, 1e300) | st.sampled_from([math.nan, math.inf, -math.inf])
curves = st.lists(logged, min_size=1, max_size=300)
budgets = st.integers(6, 80)


@st.composite
def drawn(draw):
    values = np.array(draw(curves))
    gaps = draw(st.lists(st.integers(0, 10**6), min_size=values.size, max_size=values.size))
    return np.cumsum(gaps), values, draw(budgets)


@given(drawn())
def test_thinned_curve_keeps_ends_extremes_order_and_its_budget(curve):
    across, values, most = curve
    kept = thinned_points(across, values, most)
    assert kept.size <= most
    assert (np.diff(kept) > 0).all()
    assert {kept[0], kept[-1]} == {0, values.size - 1}
    finite = values[np.isfinite(values)]
    if finite.size:
        shown = values[kept][np.isfinite(values[kept])]
        assert (shown.min(), shown.max()) == (finite.min(), finite.max())


@given(drawn())
def test_first_value_that_is_no_number_is_always_drawn(curve):
    across, values, most = curve
    broken = np.flatnonzero(~np.isfinite(values))
    assert not broken.size or broken[0] in thinned_points(across, values, most)


@given(curves, budgets)
def test_curve_that_fits_is_left_as_it_is(values, most):
    if len(values) <= most:
        assert thinned_points(np.arange(len(values)), np.array(values), most).tolist() == list(
            range(len(values))
        )


def test_every_stretch_keeps_what_the_published_method_keeps():
    values = np.random.default_rng(3).normal(size=1000)
    steps = np.arange(1000)
    expected = {999}
    for stretch in np.split(steps, 25):
        held = values[stretch].tolist()
        expected |= {
            stretch[0],
            stretch[-1],
            stretch[held.index(min(held))],
            stretch[held.index(max(held))],
        }
    assert set(thinned_points(np.linspace(0.0, 1.0, 1000), values, 101).tolist()) == expected


def test_every_stretch_with_a_broken_value_shows_a_gap():
    values = np.random.default_rng(3).normal(size=1000)
    values[[105, 112, 555]] = [np.nan, np.inf, np.nan]
    kept = values[thinned_points(np.arange(1000), values, 101)]
    assert (~np.isfinite(kept)).sum() == 2


def test_dense_steps_and_far_ones_are_both_drawn():
    steps = np.concatenate([np.arange(500), [10**15]])
    assert thinned_points(steps, np.sin(steps / 30), 50)[-1] == 500


def test_curve_of_steps_that_are_all_equal_keeps_its_extremes():
    assert thinned_points(np.zeros(50), np.arange(50.0) % 7, 10).tolist() == [0, 6, 49]


def test_fewer_points_than_one_stretch_needs_are_refused():
    with pytest.raises(StatisticsError, match="expected at least 6"):
        thinned_points(np.arange(10), np.arange(10.0), 5)


@pytest.mark.parametrize("weight", [0.3, 0.9, 0.99, 0.999])
def test_smoothed_curve_is_the_debiased_running_mean_worked_out_one_by_one(weight):
    values = np.random.default_rng(1).normal(size=3000)
    mean, expected = 0.0, []
    for place, value in enumerate(values, start=1):
        mean = weight * mean + (1 - weight) * value
        expected.append(mean / (1 - weight**place))
    np.testing.assert_allclose(smoothed(values, weight), expected, rtol=1e-10, atol=1e-12)


@given(curves, st.floats(0, 0.9999))
def test_smoothed_values_lie_between_the_logged_ones_and_broken_ones_stay(values, weight):
    before = np.array(values)
    after = smoothed(before, weight)
    finite = np.isfinite(before)
    assert (np.isfinite(after) == finite).all()
    if finite.any():
        low, high = before[finite].min(), before[finite].max()
        room = 1e-9 * max(abs(low), abs(high))
        assert (after[finite] >= low - room).all()
        assert (after[finite] <= high + room).all()


def test_weight_of_one_is_refused():
    with pytest.raises(StatisticsError, match="0 to below 1"):
        smoothed(np.array([1.0]), 1.0)
