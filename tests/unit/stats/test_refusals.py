"""Broken or missing evidence is refused by name; it never becomes a number."""

import math

import numpy as np
import pytest

from assay.stats import (
    crossed,
    means,
    multiplicity,
    paired,
    power,
    proportions,
    samples,
    spread,
    stages,
    welch,
)
from assay.stats.estimates import Comparison, Estimate, Interval
from assay.stats.noninferiority import noninferior_examples, noninferior_seeds

BROKEN = [
    *(math.nan, math.inf, -math.inf, None, "0.9", "x", 1j),
    pytest.param(10**400, id="a number of 401 digits"),
    pytest.param([1.0], id="a list"),
    pytest.param(object(), id="an object"),
]
ONE_ARM = [
    means.mean_estimate,
    lambda x: means.mean_against_threshold(x, 0.5),
    spread.spread_estimate,
    lambda x: spread.spread_against_limit(x, 0.5),
    lambda x: proportions.rate_against_threshold(x, 0.5),
    lambda x: welch.compare_with_exact_number(x, 0.5),
    lambda x: power.seeds_for_threshold(x, 0.5),
    power.examples_for_mean,
    lambda x: crossed.crossed_against_threshold(x, 0.5),
    multiplicity.holm,
    multiplicity.benjamini_hochberg,
]
TWO_ARMS = [
    welch.welch_comparison,
    paired.paired_comparison,
    paired.paired_t,
    paired.paired_counts,
    crossed.crossed_comparison,
    spread.spread_ratio,
    power.seeds_for_comparison,
    lambda a, b: noninferior_seeds(a, b, 0.1, higher_is_better=True),
    lambda a, b: noninferior_examples(a, b, 0.1, higher_is_better=False),
]


@pytest.mark.parametrize("broken", BROKEN, ids=repr)
@pytest.mark.parametrize("method", ONE_ARM)
def test_method_on_one_arm_with_a_broken_score_refuses(method, broken):
    with pytest.raises(samples.StatisticsError):
        method([0.1, broken, 0.3, 0.2])


@pytest.mark.parametrize("broken", BROKEN, ids=repr)
@pytest.mark.parametrize("method", TWO_ARMS)
def test_method_on_two_arms_with_a_broken_score_in_either_refuses(method, broken):
    for arms in (([0.0, broken, 1.0], [0.0, 1.0, 1.0]), ([0.0, 1.0, 1.0], [0.0, broken, 1.0])):
        with pytest.raises(samples.StatisticsError):
            method(*arms)


@pytest.mark.parametrize("method", [*ONE_ARM[:-2]])
def test_method_on_one_arm_without_scores_refuses(method):
    with pytest.raises(samples.TooFewSamples):
        method([])


@pytest.mark.parametrize("method", TWO_ARMS)
def test_method_on_two_arms_without_scores_refuses(method):
    with pytest.raises(samples.TooFewSamples):
        method([], [])


@pytest.mark.parametrize("method", [welch.welch_comparison, means.mean_estimate, spread.spread_estimate])
def test_seed_method_with_one_seed_refuses(method):
    arms = ([0.9], [0.8]) if method is welch.welch_comparison else ([0.9],)
    with pytest.raises(samples.TooFewSamples, match="1 "):
        method(*arms)


@pytest.mark.parametrize("value", [0.9, 0.1 + 0.2, 1e300, 1e-300, 0.0, 3.28])
@pytest.mark.parametrize("n", [2, 3, 7, 10])
def test_identical_seeds_are_degenerate_and_never_pass(value, n):
    with pytest.raises(samples.DegenerateSample):
        means.mean_against_threshold([value] * n, -1.0)
    with pytest.raises(samples.DegenerateSample):
        welch.welch_comparison([value] * n, [value - 1.0] * n)


def test_seeds_that_differ_by_rounding_only_are_degenerate():
    with pytest.raises(samples.DegenerateSample):
        means.mean_against_threshold([0.3, 0.1 + 0.2, 0.3], 0.2)


def test_one_constant_arm_is_compared_and_noted():
    result = welch.welch_comparison([0.9, 0.9, 0.9], [0.7, 0.8, 0.9])
    assert result.notes == ("constant-candidate",)
    assert result.dof == pytest.approx(2.0)


def test_squares_that_overflow_are_refused_and_squares_that_underflow_are_degenerate():
    with pytest.raises(samples.NotFinite, match="too large"):
        means.mean_estimate([1e200, -1e200, 3e200])
    with pytest.raises(samples.DegenerateSample):
        means.mean_estimate([1e-200, 2e-200, 3e-200])


def test_refusal_names_the_position_of_the_broken_value():
    with pytest.raises(samples.NotFinite, match="nan at position 2"):
        means.mean_estimate([1.0, 2.0, math.nan])


def test_arms_over_other_examples_are_misaligned():
    with pytest.raises(samples.Misaligned):
        paired.paired_comparison([1, 0, 1], [1, 0])
    with pytest.raises(samples.Misaligned):
        crossed.crossed_comparison([[1, 0], [0, 1]], [[1, 0]])
    with pytest.raises(samples.Misaligned):
        crossed.crossed_comparison([[1, 0], [0]], [[1, 0], [1, 1]])
    with pytest.raises(samples.Misaligned):
        paired.paired_t([0.1, 0.2, 0.3], [0.0, 0.0, 0.0], clusters=["a", "b"])


def test_missing_cluster_label_is_refused():
    with pytest.raises(samples.StatisticsError, match="label is missing"):
        paired.paired_t([0.1, 0.2, 0.4], [0.0, 0.0, 0.0], clusters=["a", None, "b"])


def test_one_cluster_is_too_few():
    with pytest.raises(samples.TooFewSamples):
        paired.paired_t([0.1, 0.2, 0.4], [0.0, 0.0, 0.0], clusters=["a", "a", "a"])


@pytest.mark.parametrize(
    ("k", "n", "threshold"), [(-1, 5, 0.5), (6, 5, 0.5), (0.5, 5, 0.5), (3, 5, 85), (3, 5, math.nan)]
)
def test_impossible_counts_or_percent_thresholds_are_refused(k, n, threshold):
    with pytest.raises(samples.StatisticsError):
        proportions.proportion_against_threshold(k, n, threshold)


@pytest.mark.parametrize("alpha", [0.0, -0.1, 0.5, 1.0, math.nan])
def test_alpha_outside_its_range_is_refused(alpha):
    with pytest.raises(samples.StatisticsError):
        means.mean_estimate([1.0, 2.0], alpha=alpha)


@pytest.mark.parametrize("margin", [0.0, -0.02, math.nan, math.inf])
def test_margin_that_is_no_tolerance_is_refused(margin):
    with pytest.raises(samples.StatisticsError):
        noninferior_seeds([1.0, 2.0], [1.0, 2.0], margin, higher_is_better=True)


def test_results_refuse_to_hold_non_finite_numbers():
    interval = Interval(0.0, 1.0, 0.9)
    with pytest.raises(samples.NotFinite):
        Interval(math.nan, 1.0, 0.9)
    with pytest.raises(samples.StatisticsError):
        Interval(1.0, 0.0, 0.9)
    with pytest.raises(samples.NotFinite):
        Estimate(math.nan, interval, 3, None, None, "m")
    with pytest.raises(samples.NotFinite):
        Comparison(0.0, interval, 3, 3, None, None, None, math.nan, 0.5, 0.05, "m")


@pytest.mark.parametrize("chosen", [[], [1, 2], [3, 3], [5, 3], list(range(2, 300))])
def test_plan_with_impossible_stages_is_refused(chosen):
    with pytest.raises(samples.StatisticsError):
        stages.obrien_fleming_plan(chosen)


def test_booleans_integers_and_numpy_types_are_numbers():
    assert samples.summarize([True, False, np.int8(1), np.float32(0.5)]).mean == pytest.approx(0.625)


@pytest.mark.parametrize("number", [math.nan, math.inf])
def test_threshold_or_null_that_is_not_finite_is_refused(number):
    seeds, other = [0.1, 0.2, 0.4], [0.1, 0.3, 0.5]
    for call in (
        lambda: means.mean_against_threshold(seeds, number),
        lambda: welch.welch_comparison(seeds, other, null=number),
        lambda: welch.compare_with_exact_number(seeds, number),
        lambda: paired.paired_t(seeds, other[::-1], null=number),
        lambda: crossed.crossed_against_threshold([[0.1, 0.2], [0.3, 0.1]], number),
        lambda: power.seeds_for_threshold(seeds, number),
        lambda: power.seeds_for_comparison(seeds, other, null=number),
        lambda: power.examples_for_mean(seeds, null=number),
    ):
        with pytest.raises(samples.StatisticsError):
            call()


def test_threshold_at_the_edge_of_floats_is_answered_not_overflowed():
    result = means.mean_against_threshold([0.1, 0.1000001, 0.2], 1e308)
    assert (result.answer("less"), result.p_less) == ("met", 0.0)
