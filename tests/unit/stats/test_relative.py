"""A share of a measured baseline is as unsure as the baseline: numbers against independent computations."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import optimize, stats

from assay.stats.crossed import crossed_comparison
from assay.stats.paired_ratios import PairedTable, ratio_test
from assay.stats.relative import relative_comparison, relative_to
from assay.stats.relative_slices import relative_slices
from assay.stats.samples import DegenerateSample
from assay.stats.slice_alarms import slice_alarm
from assay.stats.welch import welch_comparison


def fieller(a, b, alpha):
    """Bounds of mean(a) / mean(b) of pairs, from the roots of Fieller's quadratic (1954)."""
    n, t = a.size, stats.t.ppf(1 - alpha, a.size - 1)
    cov = np.cov(a, b) / n
    coefficients = (
        b.mean() ** 2 - t**2 * cov[1, 1],
        -2 * (a.mean() * b.mean() - t**2 * cov[0, 1]),
        a.mean() ** 2 - t**2 * cov[0, 0],
    )
    return sorted(np.roots(coefficients).real)


@pytest.mark.parametrize("share", [-0.02, 0.02, 0.5])
def test_pairs_give_fiellers_interval_and_the_t_test_of_the_scaled_difference(share):
    rng = np.random.default_rng(3)
    b = rng.gamma(2.0, 100.0, 60)
    a = b * 1.1 + rng.normal(0.0, 20.0, 60)
    found = relative_comparison(a[:, None], b[:, None], share=share)
    oracle = stats.ttest_1samp(a - (1 + share) * b, 0.0, alternative="greater")
    assert found.p_greater == pytest.approx(oracle.pvalue, rel=1e-9)
    low, high = fieller(a, b, 0.05)
    assert found.interval.low / b.mean() == pytest.approx(low - 1, abs=1e-9)
    assert found.interval.high / b.mean() == pytest.approx(high - 1, abs=1e-9)
    assert found.effect == pytest.approx(a.mean() - b.mean())
    assert found.null == pytest.approx(share * b.mean())


def test_seeds_give_welchs_test_of_the_scaled_baseline():
    a, b = np.array([0.81, 0.84, 0.80, 0.83]), np.array([0.70, 0.74, 0.71])
    found = relative_to(lambda f: welch_comparison(a, f * b), 0.1, float(b.mean()))
    oracle = stats.ttest_ind(a, 1.1 * b, equal_var=False, alternative="greater")
    assert found.p_greater == pytest.approx(oracle.pvalue, rel=1e-9)
    for bound in (found.interval.low, found.interval.high):
        edge = stats.ttest_ind(a, (1 + bound / b.mean()) * b, equal_var=False, alternative="greater").pvalue
        assert min(edge, 1 - edge) == pytest.approx(0.05, abs=1e-9)


@pytest.mark.parametrize(("mean", "share"), [(-5.0, 0.1), (5.0, -0.1)])
def test_the_interval_excludes_the_share_exactly_when_the_claim_is_decided(mean, share):
    rng = np.random.default_rng(8)
    seen = set()
    for _ in range(60):
        b = rng.normal(mean, 2.0, 30)
        a = b * (1 + share * rng.uniform(-1, 3)) + rng.normal(0.0, 0.5, 30)
        found = relative_comparison(a[:, None], b[:, None], share=share)
        assert (found.interval.low >= found.null) == (found.p_greater <= 0.05)
        assert (found.interval.high <= found.null) == (found.p_less <= 0.05)
        seen.add(found.answer("greater"))
    assert seen == {"met", "not_met", "unclear"}


def test_a_baseline_that_may_be_zero_leaves_ends_open():
    rng = np.random.default_rng(2)
    b = rng.normal(0.05, 1.0, 20)
    found = relative_comparison((b + rng.normal(0.3, 1.0, 20))[:, None], b[:, None], share=0.1)
    assert None in (found.interval.low, found.interval.high)


def test_sides_that_agree_on_every_example_show_nothing():
    b = np.array([[1.0], [2.0], [4.0]])
    with pytest.raises(DegenerateSample):
        relative_comparison(b, b, share=-0.02)
    proportional = relative_comparison(1.05 * b, b, share=0.02)
    assert proportional.interval.low < proportional.effect < proportional.interval.high


def constrained(x, r):
    """z by numerical maximum likelihood under `candidate = r x baseline`."""
    both, wins, losses, _neither = x
    n = sum(x)

    def minus_log(t):
        rate, lost = t
        p = np.array([rate - lost, lost + (r - 1) * rate, lost, 1 - r * rate - lost])
        return 1e9 if (p <= 0).any() else -(np.array(x) * np.log(p)).sum()

    starts = [(a, b) for a in np.linspace(0.05, 0.95, 8) for b in np.linspace(0.01, 0.5, 8)]
    best = min(
        (
            optimize.minimize(minus_log, s, method="Nelder-Mead", options={"xatol": 1e-10, "fatol": 1e-13})
            for s in starts
            if minus_log(s) < 1e8
        ),
        key=lambda o: o.fun,
    )
    rate, lost = best.x
    won = lost + (r - 1) * rate
    return (both + wins - r * (both + losses)) / math.sqrt(n * r * (won + lost))


@pytest.mark.parametrize(
    ("table", "r"), [((24, 3, 22, 14), 0.63), ((37, 1, 15, 7), 0.84), ((17, 9, 8, 24), 1.37)]
)
def test_the_ratio_of_paired_rates_is_tested_at_the_constrained_rates(table, r):
    assert ratio_test(PairedTable(*table), r).statistic == pytest.approx(constrained(table, r), abs=1e-6)


def test_without_a_margin_the_ratio_test_is_mcnemars_score():
    assert ratio_test(PairedTable(50, 12, 5, 20), 1.0).statistic == pytest.approx(7 / math.sqrt(17))


def test_slices_get_the_test_that_the_whole_set_would_get():
    rng = np.random.default_rng(5)
    index = np.repeat([0, 1, 2], 40)
    b = rng.gamma(3.0, 10.0, (120, 1))
    a = b * 1.05 + rng.normal(0.0, 3.0, (120, 1))
    tests = relative_slices(a, b, index, 3, share=0.02)
    right = (rng.random((120, 2)) < 0.7).astype(float)
    rates = relative_slices(right[:, :1], right[:, 1:], index, 3, share=-0.1)
    for s in range(3):
        here = index == s
        assert tests.p_less[s] == pytest.approx(relative_comparison(a[here], b[here], share=0.02).p_less)
        assert tests.effect[s] + tests.shift[s] == pytest.approx((a - b)[here].mean())
        alone = relative_comparison(right[here, :1], right[here, 1:], share=-0.1)
        assert rates.p_greater[s] == pytest.approx(alone.p_greater)


def test_a_slice_that_every_seed_loses_is_seen_though_it_has_no_spread():
    index = np.repeat([0, 1], 30)
    b = np.ones((60, 3))
    a = np.ones((60, 3))
    a[:30] = 0.0
    b[30:40, 0] = 0.0
    alarm = slice_alarm(relative_slices(a, b, index, 2, share=-0.05), higher_is_better=True)
    harm = alarm.shown[0]
    assert (harm.position, harm.effect, harm.margin) == (0, -1.0, 0.05)
    assert harm.interval.high < -0.05


@pytest.mark.parametrize("seeds", [(1, 1), (3, 3), (1, 4)])
@pytest.mark.parametrize("sources", [None, 40])
@pytest.mark.parametrize("binary", [False, True])
def test_ends_of_a_relative_interval_are_the_changes_at_which_the_whole_comparison_turns(
    seeds, sources, binary
):
    rng = np.random.default_rng(11)
    level = rng.uniform(0.6, 1.0, (400, 1))
    ours, theirs = (
        (rng.random((400, k)) < level).astype(float) if binary else level * rng.normal(50, 9, (400, k))
        for k in seeds
    )
    clusters = None if sources is None else rng.integers(0, sources, 400)
    found = relative_comparison(ours, theirs, share=-0.02, clusters=clusters)
    mean = theirs.mean()
    if "score test" in found.method:
        return  # of the ratio, checked above and in test_tried_ratios
    for end, side in ((found.interval.low, "low"), (found.interval.high, "high")):
        there = crossed_comparison(ours, (1.0 + end / mean) * theirs, clusters=clusters)
        assert getattr(there.interval, side) == pytest.approx(0.0, abs=1e-10 * mean)
