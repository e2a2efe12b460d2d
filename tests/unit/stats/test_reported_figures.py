import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.stats.independent_rates import compare_independent_rates
from assay.stats.samples import DegenerateSample, NotFinite, StatisticsError, TooFewSamples
from assay.stats.summaries import Summary, compare_summaries, summary_against_threshold


def rate(value, stderr, n=None):
    return Summary(value, stderr, n, rate=True)


def test_standard_error_of_zero_is_refused_or_replaced_by_the_counts():
    for nothing in (0.0, None):
        with pytest.raises(DegenerateSample, match="candidate's standard error"):
            compare_summaries(rate(1.0, nothing), rate(0.9, 0.03))
        with pytest.raises(DegenerateSample, match="baseline's standard error"):
            compare_summaries(Summary(3.2, 0.1, 50), Summary(3.1, nothing, 50))
        counted = compare_summaries(rate(1.0, nothing, 3), rate(2 / 3, 1 / 3, 3))
        assert counted.method.startswith("Miettinen-Nurminen")
        assert counted.answer("greater") == "unclear"


def test_rates_with_few_failures_are_judged_by_their_counts():
    assert compare_summaries(rate(0.99, 0.00995, 100), rate(0.9, 0.03, 100)).method.startswith("Miettinen")
    assert compare_summaries(rate(0.85, 0.0357, 100), rate(0.9, 0.03, 100)).method.startswith("Welch")


def test_number_of_examples_widens_the_interval_of_a_handful():
    z = compare_summaries(Summary(0.8, 0.1), Summary(0.5, 0.1))
    t = compare_summaries(Summary(0.8, 0.1, 4), Summary(0.5, 0.1, 4))
    assert (z.method, t.method) == ("z of reported figures", "Welch t of reported figures")
    assert (z.dof, t.dof) == (None, pytest.approx(6))
    assert t.interval.width > 1.15 * z.interval.width
    assert z.statistic == t.statistic == pytest.approx(0.3 / math.hypot(0.1, 0.1))


def test_rate_is_judged_at_the_number_of_examples_its_standard_error_speaks_of():
    plain = summary_against_threshold(rate(0.9, math.sqrt(0.09 / 999), 1000), 0.88)
    clustered = summary_against_threshold(rate(0.9, 2 * math.sqrt(0.09 / 999), 1000), 0.88)
    unknown = summary_against_threshold(rate(0.9, math.sqrt(0.09 / 999)), 0.88)
    assert plain.answer("greater") == "met"
    assert clustered.answer("greater") == "unclear"
    assert unknown.p_greater == pytest.approx(plain.p_greater, rel=1e-9)
    too_good = summary_against_threshold(rate(0.9, 1e-6, 1000), 0.88)
    assert too_good.p_greater == pytest.approx(plain.p_greater, rel=1e-9)


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_rates_of_zero_and_one_keep_an_exact_bound(value):
    test = summary_against_threshold(rate(value, 0.0, 299), 0.01 if value == 0.0 else 0.99)
    assert test.answer("less" if value == 0.0 else "greater") == "met"
    with pytest.raises(DegenerateSample):
        summary_against_threshold(rate(value, 0.0), 0.5)


@pytest.mark.parametrize("n", [1, 2, 3])
def test_one_two_and_three_examples_never_promote(n):
    assert compare_summaries(rate(1.0, 0.0, n), rate(0.0, 0.0, n), alpha=0.01).answer("greater") == "unclear"
    assert summary_against_threshold(rate(1.0, 0.0, n), 0.9).answer("greater") == "unclear"
    with pytest.raises((TooFewSamples, DegenerateSample)):
        summary_against_threshold(Summary(5.0, 0.0, n), 1.0)
    with pytest.raises(TooFewSamples):
        summary_against_threshold(Summary(5.0, 0.1, 1), 1.0)


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"value": math.nan, "stderr": 0.1}, NotFinite),
        ({"value": math.inf, "stderr": 0.1}, NotFinite),
        ({"value": 0.5, "stderr": math.nan}, NotFinite),
        ({"value": 0.5, "stderr": -0.1}, StatisticsError),
        ({"value": 0.5, "stderr": 0.1, "n": 0}, TooFewSamples),
        ({"value": 85.0, "stderr": 0.1, "rate": True}, StatisticsError),
    ],
)
def test_figures_that_cannot_be_are_refused(fields, error):
    with pytest.raises(error):
        Summary(**fields)


def test_nulls_and_thresholds_that_are_no_numbers_are_refused():
    one = rate(0.5, 0.05, 100)
    with pytest.raises(StatisticsError):
        compare_summaries(one, one, null=math.nan)
    with pytest.raises(StatisticsError):
        summary_against_threshold(one, math.inf)
    with pytest.raises(StatisticsError):
        summary_against_threshold(one, 85.0)
    with pytest.raises(StatisticsError):
        compare_independent_rates(3, 2, 1, 2)
    with pytest.raises(TooFewSamples):
        compare_independent_rates(0, 0, 1, 2)
    with pytest.raises(StatisticsError):
        compare_independent_rates(1, 2, 1, 2, null=1.0)


def test_a_printed_rate_gives_its_count_back_only_where_it_is_one():
    assert rate(0.6667, 0.3333, 3).successes == 2
    assert rate(0.8457, 0.01, 1000).successes is None
    assert rate(0.845, None, 1000).successes == 845
    assert Summary(0.5, None, 10).successes is None


sides = st.integers(1, 60).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@given(sides, sides, st.sampled_from([0.0, -0.05, 0.1]))
@settings(max_examples=150)
def test_counts_decide_and_show_alike_and_mirror_when_swapped(one, other, null):
    here = compare_independent_rates(*one, *other, null=null)
    back = compare_independent_rates(*other, *one, null=-null)
    assert (here.answer("greater") == "met") == (here.interval.low >= null)
    assert (here.answer("greater") == "not_met") == (here.interval.high <= null)
    assert here.interval.width > 0
    assert here.p_greater == pytest.approx(back.p_less, abs=1e-4)


@given(sides, sides, st.floats(-0.4, 0.4), st.floats(0.01, 0.3))
@settings(max_examples=100)
def test_one_more_success_never_speaks_against_the_first_rate(one, other, null, step):
    (k, n), _ = one, other
    here = compare_independent_rates(k, n, *other, null=null)
    if k < n:
        assert compare_independent_rates(k + 1, n, *other, null=null).statistic >= here.statistic - 1e-9
    assert compare_independent_rates(k, n, *other, null=null + step).statistic <= here.statistic + 1e-9


@given(st.floats(0, 1), st.floats(0.001, 0.2), st.floats(-0.1, 0.1), st.floats(0.001, 0.1))
@settings(max_examples=100)
def test_reported_figures_are_monotone_in_margin_and_shift(value, stderr, null, step):
    other = Summary(0.5, 0.05)
    here = compare_summaries(Summary(value, stderr), other, null=null)
    assert compare_summaries(Summary(value, stderr), other, null=null + step).p_greater >= here.p_greater
    assert compare_summaries(Summary(value + step, stderr), other, null=null).p_greater <= here.p_greater
