import numpy as np
import pytest

from assay.stats.crossed import crossed_comparison
from assay.stats.paired import PairedCounts
from assay.stats.power import (
    Settles,
    TooCloseToCall,
    examples_for_crossed,
    examples_for_mean,
    examples_for_pairs,
    examples_for_rate,
    seeds_for_comparison,
    seeds_for_crossed,
    seeds_for_threshold,
)
from assay.stats.samples import DegenerateSample, StatisticsError


def test_no_failure_in_1000_against_a_tenth_of_a_percent_needs_1995_more_clean_cases():
    assert examples_for_rate(0, 1000, 0.001) == Settles(1995, 2995, "examples", None, "no further successes")


def test_all_passed_so_far_names_the_clean_cases_that_would_settle_it():
    assert examples_for_rate(50, 50, 0.99) == Settles(249, 299, "examples", None, "no further failures")


def test_rate_exactly_at_the_threshold_is_too_close_to_call():
    outlook = examples_for_rate(500, 1000, 0.5)
    assert isinstance(outlook, TooCloseToCall)
    assert outlook.limit == 10_000
    assert outlook.probability < 0.8


def test_impossible_threshold_is_too_close_to_call():
    assert isinstance(examples_for_rate(100, 100, 1.0), TooCloseToCall)


@pytest.mark.parametrize(
    "outlook",
    [
        examples_for_rate(95, 100, 0.8),
        examples_for_pairs(PairedCounts(40, 5, 200)),
        examples_for_pairs(PairedCounts(20, 22, 2000), null=-0.05),
        examples_for_mean([0.9, 1.1, 1.0, 1.2], null=0.0),
    ],
)
def test_claim_that_is_decided_needs_no_more(outlook):
    assert (outlook.more, outlook.probability) == (0, 1.0)


def test_close_pairs_name_a_size_within_ten_times_the_present():
    outlook = examples_for_pairs(PairedCounts(30, 20, 500))
    assert isinstance(outlook, Settles)
    assert 500 < outlook.total <= 5000
    assert outlook.probability >= 0.8


def test_seeds_point_at_a_registered_stage():
    outlook = seeds_for_comparison([0.80, 0.83, 0.86], [0.74, 0.78, 0.79])
    assert isinstance(outlook, Settles)
    assert outlook.total in (5, 8, 10)
    assert outlook.more == outlook.total - 3


def test_seeds_at_the_threshold_are_too_close_to_call_within_the_plan():
    outlook = seeds_for_threshold([0.79, 0.80, 0.81], 0.80)
    assert isinstance(outlook, TooCloseToCall)
    assert (outlook.limit, outlook.unit) == (10, "seeds")


def test_larger_baseline_keeps_its_seeds():
    outlook = seeds_for_comparison([0.80, 0.83, 0.86], [0.70, 0.71, 0.72, 0.73] * 4)
    assert isinstance(outlook, Settles)
    assert outlook.total >= 5


def test_identical_seeds_give_nothing_to_predict_from():
    with pytest.raises(DegenerateSample):
        seeds_for_threshold([0.8, 0.8, 0.8], 0.7)


def crossed(seed_sd, n):
    rng = np.random.default_rng(11)
    arms = [(rng.random((n, 3)) < rate + rng.normal(0, seed_sd, 3)).astype(float) for rate in (0.72, 0.70)]
    return crossed_comparison(*arms)


def test_crossed_comparison_that_lacks_examples_is_settled_by_examples_not_by_seeds():
    now = crossed(0.0, 300)
    assert min(now.p_greater, now.p_less) > 0.05
    by_examples, by_seeds = examples_for_crossed(now), seeds_for_crossed(now)
    assert by_examples.unit == "examples"
    assert by_seeds.unit == "seeds"


def test_prediction_from_two_single_models_is_refused():
    single = crossed_comparison([[1.0], [0.0], [1.0]], [[0.0], [0.0], [1.0]])
    with pytest.raises(StatisticsError):
        seeds_for_crossed(single)
