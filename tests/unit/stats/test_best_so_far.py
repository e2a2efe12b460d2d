"""The best after further tries: the chance of a record is known without a model, the rest follows from the tail."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import hyp2f1

from assay.stats.best_so_far import FurtherTries, later_best, tries_at_rate
from assay.stats.samples import NotFinite, StatisticsError


def normal(count, seed=1):
    return np.random.default_rng(seed).normal(size=count)


@pytest.mark.parametrize("tried", [8, 15, 60, 500])
@pytest.mark.parametrize("more", [1, 5, 100])
def test_chance_of_a_record_is_that_of_exchangeable_tries(tried, more):
    """Renyi (1962): of k + m tries in random order the best is as likely at every place."""
    found = later_best(normal(tried), FurtherTries(more))
    assert found.chance_of_record == pytest.approx(more / (tried + more), abs=1e-7)


@pytest.mark.parametrize("further", [FurtherTries(12), tries_at_rate(15, span=10, ahead=8)])
def test_chance_beyond_the_best_is_the_hypergeometric_function_over_the_scales(further):
    """The integral over the rank of the best is Euler's: 2F1(-m, 1; k + 1; S), and 2F1(a, 1; k + 1; -S mu/a) at a rate."""
    found = later_best(normal(15), further)
    value = found.best + 0.2
    bounded = np.clip(1 - 0.2 / (2 * found.scales), 0, None) ** 2
    beyond = np.where(found.bounded, bounded, np.exp(-0.2 / found.scales))
    if further.shape is None:
        none = hyp2f1(-further.expected, 1, 16, beyond)
    else:
        none = hyp2f1(further.shape, 1, 16, -further.expected / further.shape * beyond)
    assert found.chance_above(value) == pytest.approx(1 - found.weights @ none, abs=1e-9)


def test_scales_and_shapes_of_the_tail_have_the_posterior_that_numerical_integration_gives():
    values = normal(12)
    found = later_best(values, FurtherTries(5))
    top = np.sort(values)[::-1][:4]
    beyond = top[:3] - top[3]
    scales = np.geomspace(beyond[0] / 100, beyond[0] * 1e4, 400_001)
    ended = np.prod(np.clip(1 - beyond[:, None] / (2 * scales), 0, None), axis=0) * scales**-4.0
    endless = np.exp(-beyond.sum() / scales) * scales**-4.0
    share = np.trapezoid(0.6 * ended, scales) / np.trapezoid(0.6 * ended + 0.4 * endless, scales)
    assert found.weights[found.bounded].sum() == pytest.approx(share, rel=1e-4)
    farther = np.trapezoid(endless * np.exp(-0.3 / scales), scales) / np.trapezoid(endless, scales)
    weights, rates = found.weights[~found.bounded], 1 / found.scales[~found.bounded]
    assert weights @ np.exp(-0.3 * rates) / weights.sum() == pytest.approx(farther, rel=1e-4)
    within = 2 * scales > beyond[0]
    later = np.clip(1 - 0.3 / (2 * scales - beyond[0])[within], 0, None)
    farther = np.trapezoid(ended[within] * later, scales[within]) / np.trapezoid(ended, scales)
    weights, scales = found.weights[found.bounded], found.scales[found.bounded]
    assert weights @ np.clip(1 - 0.3 / (2 * scales), 0, None) / weights.sum() == pytest.approx(
        farther, rel=2e-3
    )


def test_quantile_and_chance_are_inverse_to_each_other_and_rise():
    found = later_best(normal(20), FurtherTries(30))
    levels = (0.5, 0.7, 0.9, 0.99)
    values = [found.quantile(level) for level in levels]
    assert values == sorted(values)
    assert [1 - found.chance_above(value) for value in values] == pytest.approx(levels, abs=1e-6)
    assert found.quantile(0.1) == found.best == normal(20).max()
    assert found.chance_above(found.best - 1) == 1


def test_more_tries_promise_no_less_and_an_unknown_number_of_them_scatters_more():
    values = normal(20)
    few, many = later_best(values, FurtherTries(5)), later_best(values, FurtherTries(50))
    assert few.quantile(0.9) < many.quantile(0.9)
    unsure = later_best(values, FurtherTries(5, shape=0.5))
    assert unsure.chance_of_record < few.chance_of_record
    assert unsure.quantile(0.9) > unsure.best


@pytest.mark.parametrize("values", [[0.5] * 7, [0.5] * 30, [0.9, 0.9, 0.9, *[0.1] * 5]])
def test_where_the_tail_cannot_be_known_nothing_is_said(values):
    assert later_best(values, FurtherTries(5)) is None


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_value_that_is_not_finite_is_refused(value):
    with pytest.raises(NotFinite):
        later_best([*normal(9), value], FurtherTries(5))


@pytest.mark.parametrize("expected", [0, -1, float("nan"), float("inf")])
def test_number_of_further_tries_that_is_none_is_refused(expected):
    with pytest.raises(StatisticsError):
        FurtherTries(expected)


@settings(max_examples=40)
@given(st.lists(st.floats(-1e6, 1e6), min_size=8, max_size=40), st.randoms(use_true_random=False))
def test_order_and_scale_of_the_tries_change_nothing(values, chance):
    found = later_best(values, FurtherTries(7))
    mixed = list(values)
    chance.shuffle(mixed)
    again = later_best(mixed, FurtherTries(7))
    if found is None:
        assert again is None
        return
    assert again.quantile(0.9) == found.quantile(0.9)
    assert found.quantile(0.9) >= max(values)
    doubled = later_best([2 * value for value in values], FurtherTries(7))
    assert doubled.quantile(0.9) == pytest.approx(2 * found.quantile(0.9), rel=1e-9)


@pytest.mark.parametrize("draw", ["normal", "uniform", "beta", "lognormal"])
def test_eight_in_ten_fall_inside_the_cone_for_tails_of_other_shapes(draw):
    rng = np.random.default_rng(5)
    shapes = {
        "normal": lambda size: rng.normal(size=size),
        "uniform": rng.random,
        "beta": lambda size: rng.beta(8, 2, size),
        "lognormal": lambda size: -rng.lognormal(size=size),
    }
    inside = []
    for _ in range(1500):
        stream = shapes[draw](30)
        found, best = later_best(stream[:15], FurtherTries(15)), stream.max()
        stands = best <= found.best
        place = rng.uniform(0, 1 - found.chance_of_record) if stands else 1 - found.chance_above(best)
        inside.append(0.1 <= place <= 0.9)
    assert 0.7 <= np.mean(inside) <= 0.88  # 80% are promised; a normal tail is longer than an accuracy's
