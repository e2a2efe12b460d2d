import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.stats.quantiles import sequential_quantile
from assay.stats.samples import StatisticsError, TooFewSamples
from assay.stats.sequential_rates import examples_for_sequential_rate, rate_e_value, sequential_rate

counts = st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
thresholds = st.floats(0.001, 0.999)


@given(counts, thresholds)
@settings(max_examples=150, deadline=None)
def test_interval_and_decision_agree_and_hold_the_estimate(kn, threshold):
    test = sequential_rate(*kn, threshold)
    interval = test.estimate.interval
    assert (test.answer("greater") == "met") == (interval.low >= threshold)
    assert (test.answer("less") == "met") == (interval.high <= threshold)
    assert interval.low <= test.estimate.value <= interval.high
    assert interval.width > 0


@given(counts, thresholds, st.floats(0.001, 0.2))
@settings(max_examples=150, deadline=None)
def test_more_asked_for_is_shown_less_and_more_successes_show_more(kn, threshold, step):
    k, n = kn
    here = rate_e_value(k, n, threshold, greater=True)
    harder = min(threshold + step, 1.0)
    if here >= 1.0:
        assert rate_e_value(k, n, harder, greater=True) <= here * (1 + 1e-9)
    if k < n:
        assert rate_e_value(k + 1, n, threshold, greater=True) >= here * (1 - 1e-9)


@given(counts, thresholds)
@settings(max_examples=100, deadline=None)
def test_successes_and_failures_mirror_each_other(kn, threshold):
    k, n = kn
    there = rate_e_value(n - k, n, 1.0 - threshold, greater=False)
    assert rate_e_value(k, n, threshold, greater=True) == pytest.approx(there, rel=1e-6, abs=1e-300)


@pytest.mark.parametrize(("k", "n"), [(0, 1), (1, 1), (0, 2), (2, 2), (0, 3), (3, 3)])
def test_one_two_and_three_examples_show_nothing_against_one_half(k, n):
    assert sequential_rate(k, n, 0.5).answer("greater") == "unclear"


@pytest.mark.parametrize("threshold", [0.0, 1.0])
def test_thresholds_that_nothing_lies_beyond_are_never_shown(threshold):
    beyond = "less" if threshold == 0.0 else "greater"
    for k, n in ((0, 500), (500, 500), (250, 500)):
        assert sequential_rate(k, n, threshold).answer(beyond) != "met"


def test_what_cannot_be_is_refused():
    with pytest.raises(TooFewSamples):
        sequential_rate(0, 0, 0.5)
    for bad in ((3, 2, 0.5), (1, 2, 1.5), (-1, 2, 0.5)):
        with pytest.raises(StatisticsError):
            sequential_rate(*bad)
    with pytest.raises(StatisticsError):
        examples_for_sequential_rate(1, 2, 0.5)


def test_clean_cases_that_are_named_do_settle_it_and_one_less_does_not():
    total = examples_for_sequential_rate(0, 100, 0.01).total
    assert sequential_rate(0, total, 0.01).answer("less") == "met"
    assert sequential_rate(0, total - 1, 0.01).answer("less") == "unclear"


@given(
    st.lists(st.floats(0, 100), min_size=1, max_size=200),
    st.floats(0, 100),
    st.sampled_from([0.5, 0.9, 0.95]),
)
@settings(max_examples=100, deadline=None)
def test_percentile_and_its_interval_agree_with_the_decision(values, limit, share):
    test = sequential_quantile(values, share, limit)
    low, high = test.estimate.interval.low, test.estimate.interval.high
    if test.answer("less") == "met":
        assert high is not None
        assert high < limit
    if test.answer("greater") == "met":
        assert low is not None
        assert low > limit
