import numpy as np
import pytest
import scipy.stats

from assay.stats.means import mean_against_threshold
from assay.stats.planning import comparison_power, detectable_effect
from assay.stats.proportions import clopper_pearson, proportion_against_threshold, wilson
from assay.stats.spread import spread_against_limit, spread_estimate, spread_ratio
from assay.stats.welch import compare_with_exact_number, welch_comparison


def scores(rng, low=2, high=40):
    """Random sizes, offsets and spreads over many orders of magnitude, sometimes rounded so that ties occur."""
    n = int(rng.integers(low, high))
    values = rng.normal(rng.normal(0, 3), 10 ** rng.uniform(-3, 2), n)
    rounded = np.round(values, 1)
    return rounded if rng.random() < 0.2 and np.ptp(rounded) > 0.05 else values


def test_one_sample_t_agrees_with_scipy_to_1e_9(cases, rng):
    for _ in range(cases):
        x = scores(rng)
        threshold, alpha = float(np.mean(x) + rng.normal() * np.std(x)), rng.uniform(0.001, 0.2)
        ours = mean_against_threshold(x, threshold, alpha=alpha)
        for side, p in (("greater", ours.p_greater), ("less", ours.p_less)):
            assert p == pytest.approx(
                scipy.stats.ttest_1samp(x, threshold, alternative=side).pvalue, abs=1e-9
            )
        low, high = scipy.stats.ttest_1samp(x, threshold).confidence_interval(1 - 2 * alpha)
        assert (ours.estimate.interval.low, ours.estimate.interval.high) == pytest.approx(
            (low, high), rel=1e-9, abs=1e-9
        )


def test_welch_agrees_with_scipy_to_1e_9(cases, rng):
    for _ in range(cases):
        x, y, alpha = scores(rng), scores(rng), rng.uniform(0.001, 0.2)
        ours = welch_comparison(x, y, alpha=alpha)
        theirs = scipy.stats.ttest_ind(x, y, equal_var=False)
        assert ours.statistic == pytest.approx(theirs.statistic, rel=1e-9, abs=1e-9)
        assert ours.dof == pytest.approx(theirs.df, rel=1e-9)
        for side, p in (("greater", ours.p_greater), ("less", ours.p_less)):
            expected = scipy.stats.ttest_ind(x, y, equal_var=False, alternative=side).pvalue
            assert p == pytest.approx(expected, abs=1e-9)
        low, high = theirs.confidence_interval(1 - 2 * alpha)
        assert (ours.interval.low, ours.interval.high) == pytest.approx((low, high), rel=1e-9, abs=1e-9)


def test_welch_with_margin_agrees_with_scipy_on_shifted_candidate(cases, rng):
    for _ in range(cases // 4):
        x, y, null = scores(rng), scores(rng), rng.normal()
        expected = scipy.stats.ttest_ind(x - null, y, equal_var=False, alternative="greater").pvalue
        assert welch_comparison(x, y, null=null).p_greater == pytest.approx(expected, abs=1e-9)


def test_exact_number_baseline_agrees_with_scipy_one_sample(cases, rng):
    for _ in range(cases // 4):
        x, baseline = scores(rng), rng.normal()
        ours = compare_with_exact_number(x, baseline)
        assert ours.p_less == pytest.approx(
            scipy.stats.ttest_1samp(x, baseline, alternative="less").pvalue, abs=1e-9
        )
        assert ours.effect == pytest.approx(np.mean(x) - baseline, abs=1e-9)


def counts(rng):
    n = int(rng.choice([1, 2, 5, 20, 100, 1000, 20_000]))
    return int(rng.choice([0, n, rng.integers(0, n + 1)])), n


def test_exact_binomial_agrees_with_scipy_to_1e_9(cases, rng):
    for _ in range(cases):
        (k, n), threshold = counts(rng), float(rng.choice([0.0, 1.0, 0.5, *rng.random(4)]))
        ours = proportion_against_threshold(k, n, threshold)
        for side, p in (("greater", ours.p_greater), ("less", ours.p_less)):
            assert p == pytest.approx(
                scipy.stats.binomtest(k, n, threshold, alternative=side).pvalue, abs=1e-9
            )


def test_clopper_pearson_and_wilson_agree_with_scipy_to_1e_9(cases, rng):
    for _ in range(cases):
        (k, n), confidence = counts(rng), rng.uniform(0.5, 0.999)
        theirs = scipy.stats.binomtest(k, n)
        exact, shown = clopper_pearson(k, n, confidence=confidence), wilson(k, n, confidence=confidence)
        assert (exact.low, exact.high) == pytest.approx(
            tuple(theirs.proportion_ci(confidence, "exact")), abs=1e-9
        )
        assert (shown.low, shown.high) == pytest.approx(
            tuple(theirs.proportion_ci(confidence, "wilson")), abs=1e-9
        )


def test_one_sided_clopper_pearson_agrees_with_scipy(cases, rng):
    for _ in range(cases // 4):
        k, n = counts(rng)
        upper = scipy.stats.binomtest(k, n, alternative="less").proportion_ci(0.95, "exact").high
        lower = scipy.stats.binomtest(k, n, alternative="greater").proportion_ci(0.95, "exact").low
        assert clopper_pearson(k, n, confidence=0.95, sides="upper").high == pytest.approx(upper, abs=1e-9)
        assert clopper_pearson(k, n, confidence=0.95, sides="lower").low == pytest.approx(lower, abs=1e-9)


def test_spread_agrees_with_scipy_chi_square_and_f(cases, rng):
    for _ in range(cases // 4):
        x, y = scores(rng, 3), scores(rng, 3)
        sd, dof = np.std(x, ddof=1), len(x) - 1
        ours = spread_estimate(x)
        expected = [sd * np.sqrt(dof / scipy.stats.chi2.ppf(p, dof)) for p in (0.95, 0.05)]
        assert (ours.interval.low, ours.interval.high) == pytest.approx(expected, rel=1e-9)
        limit = sd * rng.uniform(0.3, 3)
        below = scipy.stats.chi2.cdf(dof * (sd / limit) ** 2, dof)
        assert spread_against_limit(x, limit).p_less == pytest.approx(below, abs=1e-9)
        f = (sd / np.std(y, ddof=1)) ** 2
        ratio = spread_ratio(x, y)
        assert ratio.p_greater == pytest.approx(scipy.stats.f.sf(f, dof, len(y) - 1), abs=1e-9)
        assert ratio.p_less == pytest.approx(scipy.stats.f.cdf(f, dof, len(y) - 1), abs=1e-9)
        edge = np.sqrt(f / scipy.stats.f.ppf(0.95, dof, len(y) - 1))
        assert ratio.interval.low == pytest.approx(edge, rel=1e-9)


def test_power_of_a_comparison_agrees_with_scipy_noncentral_t(rng):
    for _ in range(200):
        seeds, effect = int(rng.integers(2, 60)), rng.uniform(0, 3)
        dof = 2 * (seeds - 1)
        expected = scipy.stats.nct.sf(scipy.stats.t.ppf(0.95, dof), dof, effect * np.sqrt(seeds / 2))
        assert comparison_power(effect, seeds) == pytest.approx(expected, abs=1e-9)
        found = detectable_effect(0.3, dof)
        reached = scipy.stats.nct.sf(scipy.stats.t.ppf(0.95, dof), dof, found / 0.3)
        assert reached == pytest.approx(0.8, abs=1e-9)
