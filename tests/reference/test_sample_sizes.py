"""Power and sample sizes against published values, statsmodels, direct sums and simulated experiments."""

import math

import numpy as np
import pytest
import scipy.stats
from statsmodels.stats.power import NormalIndPower, TTestPower

from assay.stats.paired import PairedCounts, exact_mcnemar
from assay.stats.planning import noninferiority_power, paired_examples
from assay.stats.proportions import proportion_against_threshold
from assay.stats.sample_sizes import (
    CrossedDesign,
    crossed_power,
    crossed_rate_power,
    examples_for_mcnemar,
    examples_to_show_mean,
    examples_to_show_rate,
    mcnemar_power,
    mean_power,
    paired_rate_power,
    rate_power,
)
from assay.stats.samples import StatisticsError


def test_mcnemar_power_equals_obrien_2002_as_gpower_prints_it():
    """O'Brien (2002), table .54 .08 .32 .06, n = 50, one-sided .05: power .8393 with an actual alpha of .0326."""
    assert mcnemar_power(50, 0.32, 0.08) == pytest.approx(0.8393, abs=1e-4)
    assert mcnemar_power(50, 0.20, 0.20) == pytest.approx(0.0326, abs=5e-5)


@pytest.mark.parametrize(
    ("effect", "power", "published"),
    # Cohen (1988), one-sided .05, one sample; the same as G*Power 3.1 prints for "difference from constant".
    [(0.2, 0.8, 156), (0.5, 0.8, 27), (0.8, 0.8, 12), (0.5, 0.95, 45), (0.5, 0.9, 36)],
)
def test_examples_for_a_mean_equal_gpower(effect, power, published):
    assert examples_to_show_mean(effect, 1.0, power=power) == published


@pytest.mark.parametrize(
    ("null", "truth", "power", "published"),
    # A'Hern (2001), single-stage phase II designs, alpha .05: sizes (with 3, 4, 12, 17 responses needed).
    [(0.05, 0.25, 0.8, 16), (0.05, 0.25, 0.9, 25), (0.2, 0.4, 0.8, 35), (0.2, 0.4, 0.9, 47)],
)
def test_power_of_the_exact_test_reaches_what_ahern_2001_promises(null, truth, power, published):
    assert rate_power(published, null, truth, claim="greater") >= power
    smaller = [rate_power(n, null, truth, claim="greater") for n in range(2, published)]
    assert (
        max(smaller) < power + 0.03
    )  # power rises and falls in steps: his are the sizes at the lowest of them
    assert min(smaller[-10:]) < power


@pytest.mark.parametrize("claim", ["greater", "less"])
def test_rate_power_is_the_share_of_counts_that_the_deciding_test_accepts(claim, rng):
    for _ in range(60):
        n, threshold, truth = int(rng.integers(1, 120)), float(rng.random()), float(rng.random())
        alpha = float(rng.choice([0.05, 0.012, 0.002]))
        shown = [
            proportion_against_threshold(k, n, threshold, alpha=alpha).answer(claim, alpha) == "met"
            for k in range(n + 1)
        ]
        direct = float(scipy.stats.binom.pmf(np.arange(n + 1), n, truth)[shown].sum())
        assert rate_power(n, threshold, truth, claim=claim, alpha=alpha) == pytest.approx(direct, abs=1e-10)


def test_named_size_keeps_its_power_for_every_larger_one(rng):
    for _ in range(15):
        threshold = float(rng.uniform(0.02, 0.95))
        truth = threshold + float(rng.uniform(0.02, 0.9)) * (1.0 - threshold)
        needed = examples_to_show_rate(threshold, truth, claim="greater")
        after = [rate_power(n, threshold, truth, claim="greater") for n in range(needed, needed + 400)]
        assert min(after) >= 0.8
        before = [
            rate_power(n, threshold, truth, claim="greater") for n in range(max(1, needed - 60), needed)
        ]
        assert not before or min(before) < 0.8


def test_size_without_a_failure_is_the_rule_of_three():
    assert [examples_to_show_rate(rate, 0.0, claim="less") for rate in (0.01, 0.005, 0.001)] == [
        299,
        598,
        2995,
    ]


def test_mcnemar_power_is_the_sum_over_every_table(rng):
    for _ in range(12):
        n, gained, lost = int(rng.integers(1, 14)), *(rng.random(2) / 2)
        total = 0.0
        for wins in range(n + 1):
            for losses in range(n + 1 - wins):
                weight = scipy.stats.multinomial.pmf(
                    [wins, losses, n - wins - losses], n, [gained, lost, 1 - gained - lost]
                )
                met = wins + losses > 0 and exact_mcnemar(PairedCounts(wins, losses, n)).p_greater <= 0.05
                total += weight * met
        assert mcnemar_power(n, gained, lost) == pytest.approx(total, abs=1e-9)


def test_exact_mcnemar_size_is_a_little_above_connor_1987():
    """Normal theory promises 3,917 at 20% discordant and 2 points; the exact test wants a few more."""
    exact = examples_for_mcnemar(0.11, 0.09, alpha=0.025)
    assert paired_examples(0.02, 0.2, alpha=0.025) < exact < 1.05 * paired_examples(0.02, 0.2, alpha=0.025)


def test_mean_power_agrees_with_statsmodels(cases, rng):
    for _ in range(cases // 10):
        n, effect = int(rng.integers(2, 200)), float(rng.uniform(0.05, 1.0))
        alpha = float(rng.choice([0.05, 0.012]))
        theirs = TTestPower().power(effect, n, alpha, alternative="larger")
        assert mean_power(effect, 1.0 / math.sqrt(n), n - 1.0, alpha=alpha) == pytest.approx(theirs, abs=1e-8)
        normal = NormalIndPower(ddof=0).power(effect, n, alpha, ratio=0, alternative="larger")
        assert mean_power(effect, 1.0 / math.sqrt(n), None, alpha=alpha) == pytest.approx(normal, abs=1e-8)


@pytest.mark.parametrize("seeds", [3, 5, 10])
def test_seeds_alone_have_the_power_of_the_noncentral_t(seeds):
    design = CrossedDesign(0.01**2, 0.0, 0.0, seeds - 1.0, 1e9, 10**9)
    for distance in (0.005, 0.02, 0.05):
        assert crossed_power(distance, design, alpha=0.012) == pytest.approx(
            mean_power(distance, 0.01, seeds - 1.0, alpha=0.012), abs=2e-3
        )


def test_examples_alone_are_judged_at_the_seeds_few_degrees_of_freedom():
    """Nothing between seeds comes out by chance then: power is that of a normal at the t bound."""
    design = CrossedDesign(0.0, 0.01**2, 0.0, 4.0, 999.0, 5000)
    bound = float(scipy.stats.t.isf(0.012, 4))
    assert crossed_power(0.03, design, alpha=0.012) == pytest.approx(
        scipy.stats.norm.cdf(3.0 - bound), abs=1e-12
    )


def test_crossed_rate_of_many_seeds_and_no_scatter_is_the_exact_binomial():
    n, truth = 500, 0.9
    design = CrossedDesign(0.0, truth * (1 - truth) / n, 0.0, 1e6, n - 1.0, n)
    exact = rate_power(n, 0.85, truth, claim="greater")
    assert crossed_rate_power(0.85, truth, design, claim="greater") == pytest.approx(exact, abs=0.03)
    mirrored = crossed_rate_power(0.15, 1 - truth, design, claim="less")
    assert mirrored == pytest.approx(crossed_rate_power(0.85, truth, design, claim="greater"), abs=1e-9)


def test_paired_rate_power_is_the_noninferiority_power_that_was_there():
    for n in (200, 1000, 5000):
        assert paired_rate_power(n, 0.15, 0.0, -0.02) == pytest.approx(
            noninferiority_power(n, 0.15, 0.02), abs=1e-12
        )


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (lambda: examples_to_show_rate(0.85, 0.85, claim="greater"), None),
        (lambda: examples_to_show_rate(0.85, 0.80, claim="greater"), None),
        (lambda: examples_to_show_rate(0.001, 0.002, claim="less"), None),
        (lambda: examples_to_show_rate(1.0, 1.0, claim="greater"), None),
        (lambda: examples_to_show_rate(0.5, 0.5 + 1e-6, claim="greater"), None),
        (lambda: examples_for_mcnemar(0.1, 0.1), None),
        (lambda: examples_to_show_mean(0.0, 1.0), None),
        (lambda: examples_to_show_mean(1e-9, 1.0), None),
        (lambda: examples_to_show_rate(0.0, 0.1, claim="greater"), 16),
        (lambda: examples_to_show_rate(0.99, 1.0, claim="greater"), 299),
    ],
)
def test_what_no_size_shows_has_none(found, expected):
    assert found() == expected


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: rate_power(10, 1.2, 0.5, claim="greater"),
        lambda: rate_power(10, 0.5, math.nan, claim="less"),
        lambda: mcnemar_power(0, 0.1, 0.1),
        lambda: mcnemar_power(10, 0.0, 0.0),
        lambda: mcnemar_power(10, 0.8, 0.8),
        lambda: mean_power(1.0, 0.0, 5),
        lambda: mean_power(1.0, math.nan, 5),
        lambda: paired_rate_power(10, 0.01, 0.2, 0.0),
        lambda: crossed_power(0.1, CrossedDesign(0.0, 0.0, 0.0, 2.0, 9.0, 30)),
        lambda: crossed_rate_power(0.5, 0.6, CrossedDesign(0.0, 0.0, 0.0, 2.0, 9.0, 30), claim="greater"),
        lambda: examples_to_show_rate(0.5, 0.6, claim="greater", power=1.0),
    ],
)
def test_what_cannot_be_planned_is_refused(wrong):
    with pytest.raises(StatisticsError):
        wrong()
