import numpy as np
import pytest

from assay.stats.crossed import crossed_against_threshold, crossed_comparison, mean_variance
from assay.stats.estimates import Interval
from assay.stats.noninferiority import noninferior_examples, noninferior_method, noninferior_seeds
from assay.stats.paired import PairedCounts, exact_mcnemar, paired_comparison, tango_interval
from assay.stats.proportions import proportion_against_threshold
from assay.stats.samples import DegenerateSample
from assay.stats.welch import compare_with_exact_number


def test_interval_is_named_by_confidence_and_sides():
    assert Interval(0.1, 0.2, 0.928).label == "92.8% two-sided"
    assert Interval(0.1, None, 0.95, "lower").negated() == Interval(None, -0.1, 0.95, "upper")


def test_claims_have_three_answers():
    assert proportion_against_threshold(95, 100, 0.85).answer("greater") == "met"
    assert proportion_against_threshold(70, 100, 0.85).answer("greater") == "not_met"
    assert proportion_against_threshold(88, 100, 0.85).answer("greater") == "unclear"


def test_few_sources_or_a_few_that_hold_most_examples_are_judged_by_the_wild_bootstrap():
    rng = np.random.default_rng(6)
    x, y = (rng.random((2, 600)) < 0.7).astype(float)
    even, lopsided = np.arange(600) // 15, np.where(np.arange(600) < 400, np.arange(600) % 4, np.arange(600))
    assert paired_comparison(x, y, clusters=even).notes == ()
    for few in (np.arange(600) // 60, lopsided):
        result = paired_comparison(x, y, clusters=few)
        assert (result.method, result.notes) == ("paired t, wild cluster bootstrap-t", ("few-clusters",))
    seeds = crossed_comparison(np.c_[x, y], np.c_[y, y], clusters=lopsided)
    assert seeds.notes == ("few-clusters",)


def test_two_sources_give_no_bound_and_no_promotion():
    x, y = np.ones(40), np.r_[np.zeros(39), 1.0]
    result = paired_comparison(x, y, clusters=np.arange(40) % 2)
    assert (result.interval.low, result.answer("greater")) == (None, "unclear")


def test_rate_of_one_can_never_be_shown_only_refuted():
    assert proportion_against_threshold(5000, 5000, 1.0).answer("greater") == "unclear"
    assert proportion_against_threshold(4999, 5000, 1.0).answer("greater") == "not_met"


def test_exact_baseline_is_noted():
    result = compare_with_exact_number([0.85, 0.87, 0.86], 0.8)
    assert (result.n_baseline, result.notes) == (0, ("exact-baseline",))


def test_pairs_without_disagreement_show_nothing_but_keep_a_width():
    result = exact_mcnemar(PairedCounts(0, 0, 50))
    assert (result.p_greater, result.p_less, result.notes) == (1.0, 1.0, ("no-discordant-examples",))
    assert result.interval.width > 0.05


def test_binary_pairs_take_the_exact_test_and_real_valued_ones_the_t_test():
    assert paired_comparison([1, 1, 0, 1], [0, 1, 0, 0]).method == "exact McNemar"
    assert paired_comparison([1, 1, 0, 1], [0, 1, 0, 0], null=-0.1).method == "Tango score"
    x, y = np.arange(90) % 3 > 0, np.arange(90) % 4 > 0
    assert paired_comparison(x, y, clusters=np.arange(90) // 3).method == "paired t, cluster-robust"
    assert paired_comparison([1, 0.5, 0, 1], [0, 1, 0, 0]).method == "paired t"


@pytest.mark.parametrize("counts", [(0, 0, 1), (1, 0, 1), (0, 5, 5), (3, 3, 6), (0, 0, 10_000)])
def test_tango_interval_stays_within_minus_one_and_one_around_the_effect(counts):
    wins, losses, n = counts
    interval = tango_interval(PairedCounts(*counts))
    assert -1.0 <= interval.low <= (wins - losses) / n <= interval.high <= 1.0
    assert interval.width > 0


def test_noninferiority_follows_the_direction_of_the_metric():
    better, worse = [0.50, 0.51, 0.52], [0.80, 0.81, 0.82]
    assert noninferior_seeds(worse, better, 0.05, higher_is_better=True).answer() == "met"
    assert noninferior_seeds(worse, better, 0.05, higher_is_better=False).answer() == "not_met"
    assert (
        noninferior_seeds([0.5, 0.6, 0.7], [0.55, 0.6, 0.68], 0.02, higher_is_better=True).answer()
        == "unclear"
    )


def test_noninferiority_on_pairs_uses_the_score_test_at_the_margin():
    candidate, baseline = [1] * 95 + [0] * 5, [1] * 95 + [0] * 4 + [1]
    result = noninferior_examples(candidate, baseline, 0.05, higher_is_better=True)
    assert result.comparison.method == "Tango score"
    assert result.answer() == "met"


def table(rng, n, seeds, rate, seed_sd=0.0):
    return (rng.random((n, seeds)) < np.clip(rate + rng.normal(0, seed_sd, seeds), 0, 1)).astype(float)


def test_one_seed_an_arm_is_about_two_models_and_equals_the_paired_test():
    rng = np.random.default_rng(1)
    x, y = table(rng, 200, 1, 0.8), table(rng, 200, 1, 0.7)
    result = crossed_comparison(x, y)
    assert result == paired_comparison(x[:, 0], y[:, 0])
    assert result.scope == "these models, not the method"


def test_several_seeds_an_arm_are_about_the_method():
    rng = np.random.default_rng(2)
    result = crossed_comparison(table(rng, 300, 3, 0.8), table(rng, 300, 4, 0.7))
    assert (result.scope, result.n_candidate, result.n_baseline) == ("the method", 3, 4)
    assert result.dof <= 5


def test_one_arm_with_one_seed_narrows_the_scope_but_counts_the_spread_that_is_known():
    rng = np.random.default_rng(3)
    many, one = table(rng, 500, 5, 0.7, seed_sd=0.1), table(rng, 500, 1, 0.7)
    result = crossed_comparison(many, one)
    assert (result.scope, result.notes) == ("these models, not the method", ("one-seed",))
    # The seeds of the larger arm alone have a standard error of about .1 / sqrt(5).
    assert result.se > 0.03


def test_seed_effect_widens_the_interval_that_items_alone_would_give():
    rng = np.random.default_rng(4)
    _, parts = mean_variance(table(rng, 5000, 5, 0.7, seed_sd=0.03))
    assert parts.total > 3 * parts.between_examples
    assert parts.dof == 4


def test_crossed_threshold_on_perfect_scores_counts_each_example_once():
    perfect = crossed_against_threshold(np.ones((299, 3)), 0.99)
    assert perfect.answer("greater") == "met"
    assert crossed_against_threshold(np.ones((298, 3)), 0.99).answer("greater") == "unclear"
    clustered = crossed_against_threshold(np.ones((299, 3)), 0.99, clusters=np.arange(299) // 2)
    assert clustered.answer("greater") == "unclear"


def test_crossed_threshold_with_one_seed_is_the_plain_exact_test():
    scores = np.r_[np.ones(90), np.zeros(10)]
    ours, plain = crossed_against_threshold(scores, 0.8), proportion_against_threshold(90, 100, 0.8)
    assert (ours.p_greater, ours.estimate) == (plain.p_greater, plain.estimate)
    assert ours.scope == "these models, not the method"


def test_crossed_real_valued_scores_without_spread_are_degenerate():
    with pytest.raises(DegenerateSample):
        crossed_against_threshold(np.full((20, 3), 0.7), 0.5)


def test_noninferior_method_accepts_a_tiny_loss_and_rejects_a_large_one():
    rng = np.random.default_rng(5)
    x, y = table(rng, 4000, 5, 0.80), table(rng, 4000, 5, 0.80)
    assert noninferior_method(x, y, 0.05, higher_is_better=True).answer() == "met"
    assert (
        noninferior_method(x * (rng.random(x.shape) < 0.8), y, 0.05, higher_is_better=True).answer()
        == "not_met"
    )
