"""Scorecard G8: at the size that is named, 80% of reruns are decided (within 5 points)."""

import numpy as np
import pytest

from assay.stats.crossed import crossed_comparison
from assay.stats.distributions import binomial_at_least, normal_cdf
from assay.stats.means import mean_against_threshold
from assay.stats.paired import PairedCounts, exact_mcnemar, tango_test, tango_z
from assay.stats.power import (
    Settles,
    TooCloseToCall,
    examples_for_crossed,
    examples_for_mean,
    examples_for_pairs,
    examples_for_rate,
    seeds_for_comparison,
)
from assay.stats.proportions import proportion_against_threshold
from assay.stats.stages import DEFAULT_PLAN
from assay.stats.welch import welch_comparison


def decided(test):
    return min(test.p_greater, test.p_less) <= test.alpha


def within_five_points(calibration, name, hits, count):
    calibration.rate(name, hits, count, at_least=0.75, at_most=0.85)


@pytest.mark.parametrize(
    ("k", "n", "threshold"), [(50, 1000, 0.04), (845, 1000, 0.83), (8500, 10_000, 0.845), (27, 400, 0.05)]
)
def test_g8_rate_reruns_drawn_from_estimate_and_standard_error(calibration, k, n, threshold):
    outlook = examples_for_rate(k, n, threshold)
    if proportion_against_threshold(k, n, threshold).answer("greater") != "unclear":
        pytest.fail("the case must be unclear")
    assert isinstance(outlook, Settles)
    count, rate = calibration.replicates(20_000, least=2000), k / n
    truths = np.clip(calibration.rng.normal(rate, np.sqrt(rate * (1 - rate) / n), count), 0, 1)
    totals = k + calibration.rng.binomial(outlook.more, truths)
    hits = sum(decided(proportion_against_threshold(int(t), outlook.total, threshold)) for t in totals)
    within_five_points(calibration, f"G8 rate {k}/{n} against {threshold}, {outlook.more} more", hits, count)


@pytest.mark.parametrize(
    ("wins", "losses", "n", "null"), [(30, 20, 500, 0.0), (300, 270, 5000, 0.0), (66, 70, 1000, -0.02)]
)
def test_g8_paired_reruns_drawn_from_estimate_and_standard_error(calibration, wins, losses, n, null):
    counts = PairedCounts(wins, losses, n)
    outlook = examples_for_pairs(counts, null=null)
    assert isinstance(outlook, Settles)
    count = calibration.replicates(20_000, least=2000)
    posterior = calibration.rng.dirichlet([wins, losses, n - wins - losses], count)
    won, lost, _ = calibration.rng.multinomial(outlook.more, posterior).T
    wins_then, losses_then = wins + won, losses + lost
    if null == 0:
        p_values = [binomial_at_least(k, wins_then + losses_then, 0.5) for k in (wins_then, losses_then)]
    else:
        z = tango_z(wins_then, losses_then, outlook.total, null)
        p_values = [normal_cdf(-z), normal_cdf(z)]
    for i in range(20):  # the cores above are those of the tests that decide
        after = PairedCounts(int(wins_then[i]), int(losses_then[i]), outlook.total)
        shipped = exact_mcnemar(after) if null == 0 else tango_test(after, null=null)
        assert (shipped.p_greater, shipped.p_less) == (p_values[0][i], p_values[1][i])
    hits = int((np.minimum(*p_values) <= 0.05).sum())
    within_five_points(
        calibration, f"G8 pairs +{wins}/-{losses} of {n}, null {null}, {outlook.more} more", hits, count
    )


def test_g8_mean_reruns_drawn_from_estimate_and_standard_error(calibration):
    values = calibration.rng.normal(0, 1, 400)
    values = (values - values.mean()) / values.std(ddof=1) + 0.065
    outlook = examples_for_mean(values)
    assert isinstance(outlook, Settles)
    count, hits = calibration.replicates(20_000, least=2000), 0
    for truth in calibration.rng.normal(0.065, 1 / np.sqrt(400), count):
        after = np.r_[values, calibration.rng.normal(truth, 1, outlook.more)]
        hits += decided(mean_against_threshold(after, 0.0))
    within_five_points(calibration, f"G8 mean of 400 differences, {outlook.more} more", hits, count)


def test_g8_seeds_probability_is_the_share_of_staged_reruns_decided(calibration):
    candidate, baseline = np.array([0.80, 0.83, 0.86]), np.array([0.74, 0.78, 0.79])
    outlook = seeds_for_comparison(candidate, baseline)
    assert isinstance(outlook, Settles)
    count, hits, rng = calibration.replicates(10_000, least=1000), 0, calibration.rng
    for _ in range(count):
        arms = []
        for arm in (candidate, baseline):
            sigma = arm.std(ddof=1) * np.sqrt(2 / rng.chisquare(2))
            truth = rng.normal(arm.mean(), sigma / np.sqrt(3))
            arms.append(np.r_[arm, rng.normal(truth, sigma, outlook.more)])
        looks = [look for look in DEFAULT_PLAN.looks if 3 < look.n <= outlook.total]
        hits += any(decided(welch_comparison(arms[0][: k.n], arms[1][: k.n], alpha=k.alpha)) for k in looks)
    name = f"G8 seeds, {outlook.more} more, predicted {outlook.probability:.3f}"
    calibration.rate(
        name, hits, count, at_least=outlook.probability - 0.03, at_most=outlook.probability + 0.03
    )


def test_g8_crossed_reruns_with_more_examples(calibration):
    rng, n, seeds = calibration.rng, 800, 5
    now = outlook = None
    while not (isinstance(outlook, Settles) and 1000 < outlook.total < 6000):
        effects = rng.normal(0, 0.003, (2, seeds))
        arms = [
            (rng.random((n, seeds)) < rate + e).astype(float)
            for rate, e in zip((0.715, 0.70), effects, strict=True)
        ]
        now = crossed_comparison(*arms)
        outlook = examples_for_crossed(now)
    count, hits = calibration.replicates(4000, least=300), 0
    for effect in rng.normal(now.effect, now.se, count):
        shift = (effect - now.effect) / 2
        rates = [arm.mean() + sign * shift + e for arm, sign, e in zip(arms, (1, -1), effects, strict=True)]
        more = [(rng.random((outlook.more, seeds)) < np.clip(r, 0, 1)).astype(float) for r in rates]
        hits += decided(crossed_comparison(*(np.vstack(pair) for pair in zip(arms, more, strict=True))))
    name = f"G8 crossed, {outlook.more} more examples, predicted {outlook.probability:.3f}"
    within_five_points(calibration, name, hits, count)


def test_g8_estimate_on_the_threshold_is_too_close_to_call():
    assert isinstance(examples_for_rate(500, 1000, 0.5), TooCloseToCall)
    assert isinstance(examples_for_pairs(PairedCounts(50, 50, 1000)), TooCloseToCall)
