import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.stats.power import examples_for_rate
from assay.stats.quantiles import quantile_against_threshold, quantile_estimate, quantile_sample_size
from assay.stats.resampling import quantile_difference
from assay.stats.samples import DegenerateSample, NotFinite, StatisticsError, TooFewSamples

latencies = st.lists(st.floats(0, 1e6, allow_subnormal=False), min_size=1, max_size=200)
probabilities = st.sampled_from([0.01, 0.5, 0.9, 0.95, 0.99])


def test_bound_exists_from_the_published_numbers_of_values_on():
    assert [quantile_sample_size(q) for q in (0.5, 0.9, 0.95, 0.99)] == [5, 29, 59, 299]
    assert quantile_sample_size(0.95, alpha=0.025) == 72
    for n, high in ((58, None), (59, 58.0)):
        assert quantile_estimate(np.arange(n), 0.95).interval.high == high


@pytest.mark.parametrize("n", [1, 2, 3])
def test_a_few_values_never_show_that_a_high_percentile_is_low(n):
    test = quantile_against_threshold([100.0] * n, 0.95, 500.0)
    assert test.answer("less") == "unclear"
    assert test.estimate.interval.high is None
    assert test.estimate.value == 100.0


def test_a_few_values_beyond_the_limit_can_show_that_a_high_percentile_is_high():
    assert quantile_against_threshold([600.0, 700.0], 0.95, 500.0).answer("less") == "not_met"


def test_identical_values_are_judged_like_any_others():
    assert quantile_against_threshold([100.0] * 100, 0.95, 100.5).answer("less") == "met"
    assert quantile_against_threshold([100.0] * 100, 0.95, 100.0).answer("less") == "unclear"
    assert quantile_against_threshold([100.0] * 100, 0.95, 99.5).answer("less") == "not_met"


@given(latencies, probabilities, st.integers(0, 199), st.sampled_from([-1.0, 0.0, 1.0]))
@settings(max_examples=300)
def test_decision_and_shown_bounds_never_disagree(values, probability, position, shift):
    threshold = values[position % len(values)] + shift
    test = quantile_against_threshold(values, probability, threshold)
    interval = test.estimate.interval
    assert (test.answer("less") == "met") == (interval.high is not None and interval.high < threshold)
    assert (test.answer("greater") == "met") == (interval.low is not None and interval.low > threshold)
    assert interval.contains(test.estimate.value)


@given(latencies, probabilities, st.floats(0, 1e6), st.floats(0.1, 1e3), st.randoms())
@settings(max_examples=150)
def test_order_changes_nothing_and_a_looser_limit_never_makes_it_harder(values, q, limit, step, chance):
    here = quantile_against_threshold(values, q, limit)
    assert here == quantile_against_threshold(chance.sample(values, len(values)), q, limit)
    looser = quantile_against_threshold(values, q, limit + step)
    assert looser.p_less <= here.p_less
    assert looser.p_greater >= here.p_greater


def test_requests_of_one_session_count_for_less_than_as_many_independent_ones():
    rng = np.random.default_rng(1)
    session = np.repeat(np.arange(60), 20)
    values = np.exp(rng.normal(0, 0.8, 60))[session] * np.exp(rng.normal(0, 0.3, 1200))
    alone = quantile_estimate(values, 0.95)
    together = quantile_estimate(values, 0.95, clusters=session)
    assert (alone.n, together.n) == (1200, 60)
    assert together.interval.width > 2 * alone.interval.width
    assert together.method.endswith("at the effective number of requests")


def test_several_runs_of_the_same_requests_are_about_the_method_and_name_no_method_for_one():
    rng = np.random.default_rng(2)
    values = np.exp(rng.normal(0, 0.5, (400, 1)) + rng.normal(0, 0.2, (400, 3)) + rng.normal(0, 0.1, 3))
    several = quantile_against_threshold(values, 0.95, 9.0)
    one = quantile_against_threshold(values[:, 0], 0.95, 9.0)
    assert (several.scope, several.notes) == ("the method", ())
    assert (one.scope, one.notes) == ("these models, not the method", ("one-seed",))
    shuffled = values[rng.permutation(400)][:, [2, 0, 1]]
    assert quantile_against_threshold(shuffled, 0.95, 9.0) == several


def test_what_would_settle_it_is_asked_as_for_a_rate():
    values = np.r_[np.full(96, 100.0), np.full(4, 900.0)]
    assert quantile_against_threshold(values, 0.95, 500.0).answer("less") == "unclear"
    assert examples_for_rate(int((values < 500).sum()), values.size, 0.95).unit == "examples"


@pytest.mark.parametrize("bad", [math.nan, math.inf, None, "12ms"])
def test_values_and_limits_that_are_no_numbers_are_refused(bad):
    with pytest.raises(NotFinite):
        quantile_estimate([1.0, bad], 0.95)
    with pytest.raises(NotFinite):
        quantile_difference([1.0, bad], [1.0, 2.0], 0.5, np.random.default_rng(1))
    if isinstance(bad, float):
        with pytest.raises(StatisticsError):
            quantile_against_threshold([1.0, 2.0], 0.95, bad)


@pytest.mark.parametrize("probability", [0.0, 1.0, -0.1, 95.0, math.nan])
def test_percentile_that_is_none_is_refused(probability):
    with pytest.raises(StatisticsError):
        quantile_estimate([1.0, 2.0], probability)
    with pytest.raises(StatisticsError):
        quantile_sample_size(probability)


def test_no_value_at_all_and_one_request_over_runs_are_too_few():
    with pytest.raises(TooFewSamples):
        quantile_estimate([], 0.95)
    with pytest.raises(TooFewSamples):
        quantile_estimate([[1.0, 2.0, 3.0]], 0.95)


def test_quantile_difference_refuses_what_it_cannot_resample():
    rng = np.random.default_rng(3)
    with pytest.raises(TooFewSamples, match="at least 59"):
        quantile_difference(np.arange(58.0), np.arange(400.0), 0.95, rng)
    with pytest.raises(DegenerateSample):
        quantile_difference([5.0] * 100, [4.0] * 100, 0.95, rng)
    one = ["a"] * 100
    with pytest.raises(TooFewSamples, match="cluster"):
        quantile_difference(np.arange(100.0), np.arange(100.0), 0.95, rng, clusters=(one, one))


def test_quantile_difference_mirrors_when_the_arms_are_swapped_and_ignores_order():
    rng = np.random.default_rng(4)
    x, y = rng.lognormal(5, 0.6, 500), rng.lognormal(5.2, 0.6, 400)
    here = quantile_difference(x, y, 0.95, np.random.default_rng(5))
    assert quantile_difference(rng.permutation(x), y[::-1], 0.95, np.random.default_rng(5)) == here
    assert here.answer("less") == "met"
    assert here.interval.high < 0
    assert quantile_difference(y, x, 0.95, np.random.default_rng(5)).answer("greater") == "met"
