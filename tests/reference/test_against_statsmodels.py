import numpy as np
import pytest
import scipy.optimize
import scipy.stats
import statsmodels.api as sm
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.power import TTestIndPower
from statsmodels.stats.proportion import proportion_confint

from assay.stats.crossed import mean_variance
from assay.stats.multiplicity import benjamini_hochberg, holm
from assay.stats.paired import PairedCounts, exact_mcnemar, paired_t, tango_interval, tango_test
from assay.stats.planning import seeds_per_arm
from assay.stats.proportions import clopper_pearson, wilson


@pytest.mark.usefixtures("quick_collections")
def test_holm_and_benjamini_hochberg_agree_with_statsmodels(cases, rng):
    for _ in range(cases):
        p = rng.random(int(rng.integers(1, 30))) ** 3
        p[rng.random(p.size) < 0.2] = rng.choice([0.0, 1.0, 0.05])
        for ours, name in ((holm, "holm"), (benjamini_hochberg, "fdr_bh")):
            rejected, adjusted, _, _ = multipletests(p, alpha=0.05, method=name)
            result = ours(p, alpha=0.05)
            assert np.abs(np.array(result.p_values) - adjusted).max() <= 1e-12
            clear = np.abs(adjusted - 0.05) > 1e-12
            assert np.array_equal(np.array(result.rejected)[clear], rejected[clear])


def random_pairs(rng):
    n = int(rng.choice([1, 5, 20, 200, 5000]))
    wins = int(rng.integers(0, n + 1))
    return PairedCounts(wins, int(rng.integers(0, n - wins + 1)), n)


def test_exact_mcnemar_agrees_with_statsmodels_and_binomtest(cases, rng):
    for _ in range(cases):
        c = random_pairs(rng)
        ours = exact_mcnemar(c)
        table = [[0, c.wins], [c.losses, c.n - c.wins - c.losses]]
        two_sided = mcnemar(table, exact=True).pvalue
        assert min(1.0, 2 * min(ours.p_greater, ours.p_less)) == pytest.approx(two_sided, abs=1e-9)
        if c.wins + c.losses:
            expected = scipy.stats.binomtest(c.wins, c.wins + c.losses, alternative="greater").pvalue
            assert ours.p_greater == pytest.approx(expected, abs=1e-9)


def test_rate_intervals_agree_with_statsmodels(cases, rng):
    for _ in range(cases // 4):
        n = int(rng.integers(1, 500))
        k = int(rng.integers(0, n + 1))
        for ours, name in ((clopper_pearson, "beta"), (wilson, "wilson")):
            interval = ours(k, n, confidence=0.9)
            expected = proportion_confint(k, n, alpha=0.1, method=name)
            assert (interval.low, interval.high) == pytest.approx(expected, abs=1e-9)


def test_clustered_paired_t_agrees_with_statsmodels_cluster_robust_ols(rng):
    for _ in range(60):
        n, groups = int(rng.integers(20, 200)), int(rng.integers(2, 15))
        g = rng.integers(0, groups, n)
        g[:2] = [0, 1]
        difference = rng.normal(0.1, 1, n) + rng.normal(0, 1, groups)[g]
        codes = np.unique(g, return_inverse=True)[1]
        fit = sm.OLS(difference, np.ones(n)).fit(cov_type="cluster", cov_kwds={"groups": codes}, use_t=True)
        ours = paired_t(difference, np.zeros(n), clusters=g)
        assert ours.se == pytest.approx(fit.bse[0], abs=1e-9)
        assert 2 * min(ours.p_greater, ours.p_less) == pytest.approx(fit.pvalues[0], abs=1e-9)


def test_paired_t_agrees_with_scipy(cases, rng):
    for _ in range(cases // 4):
        n = int(rng.integers(2, 100))
        x, y = rng.normal(0, 1, n), rng.normal(0, 1, n)
        ours = paired_t(x, y)
        assert ours.p_greater == pytest.approx(
            scipy.stats.ttest_rel(x, y, alternative="greater").pvalue, abs=1e-9
        )


def test_crossed_variance_agrees_with_two_way_analysis_of_variance(rng):
    """One observation a cell: Var(mean) = (MS_examples + MS_seeds - MS_residual) / (n S), mean squares by OLS."""
    for _ in range(15):
        n, seeds = int(rng.integers(3, 12)), int(rng.integers(2, 6))
        table = rng.normal(0, 1, (n, seeds)) + rng.normal(0, 1, (n, 1)) + rng.normal(0, 1, seeds)
        example, seed = (x.ravel() for x in np.indices((n, seeds)))
        design = np.column_stack(
            [example[:, None] == np.arange(n), seed[:, None] == np.arange(1, seeds)]
        ).astype(float)
        residual_ss = sm.OLS(table.ravel(), design).fit().ssr
        without_examples = sm.OLS(table.ravel(), (seed[:, None] == np.arange(seeds)).astype(float)).fit().ssr
        without_seeds = sm.OLS(table.ravel(), (example[:, None] == np.arange(n)).astype(float)).fit().ssr
        ms_residual = residual_ss / ((n - 1) * (seeds - 1))
        ms_examples = (without_examples - residual_ss) / (n - 1)
        ms_seeds = (without_seeds - residual_ss) / (seeds - 1)
        _, parts = mean_variance(table)
        cells = n * seeds
        assert parts.residual == pytest.approx(ms_residual / cells, abs=1e-9)
        assert parts.between_examples == pytest.approx(ms_examples / cells, abs=1e-9)
        assert parts.between_seeds == pytest.approx(ms_seeds / cells, abs=1e-9)
        expected = max(ms_examples + ms_seeds - ms_residual, ms_examples, ms_seeds) / cells
        assert parts.total == pytest.approx(expected, abs=1e-9)


def likelihood_score_z(wins, losses, n, null):
    """Tango's statistic with the nuisance rate found by maximising the multinomial likelihood numerically."""

    def minus_log_likelihood(losing):
        winning = losing + null
        ties = 1 - winning - losing
        terms = [(wins, winning), (losses, losing), (n - wins - losses, ties)]
        return -sum(k * np.log(max(p, 1e-300)) for k, p in terms if k)

    lowest, highest = max(0.0, -null), (1 - null) / 2
    losing = scipy.optimize.minimize_scalar(
        minus_log_likelihood, bounds=(lowest, highest), method="bounded", options={"xatol": 1e-13}
    ).x
    return (wins - losses - n * null) / np.sqrt(n * (2 * losing + null * (1 - null)))


def test_tango_score_agrees_with_numerically_maximised_likelihood(rng):
    for _ in range(200):
        n = int(rng.integers(10, 300))
        wins = int(rng.integers(1, n // 3))
        losses, null = int(rng.integers(1, n // 3)), rng.uniform(-0.3, 0.3)
        ours = tango_test(PairedCounts(wins, losses, n), null=null).statistic
        assert ours == pytest.approx(likelihood_score_z(wins, losses, n, null), abs=1e-5)


def test_tango_interval_ends_where_its_own_test_reaches_alpha(cases, rng):
    for _ in range(cases // 4):
        c = random_pairs(rng)
        interval = tango_interval(c, confidence=0.9)
        if interval.low > -1 + 1e-12:
            # Three or four wins in a row are likelier than the normal says: no p-value may lie below their probability.
            all_won = ((1.0 + interval.low) / 2.0) ** c.n
            expected = max(0.05, all_won)
            assert tango_test(c, null=interval.low).p_greater == pytest.approx(expected, abs=1e-9)
        if interval.high < 1 - 1e-12:
            expected = max(0.05, ((1.0 - interval.high) / 2.0) ** c.n)
            assert tango_test(c, null=interval.high).p_less == pytest.approx(expected, abs=1e-9)


def test_seeds_per_arm_agrees_with_statsmodels_power():
    for effect in (0.5, 1.0, 1.5, 2.0, 3.0):
        needed = TTestIndPower().solve_power(effect, alpha=0.05, power=0.8, alternative="larger")
        assert seeds_per_arm(effect) == int(np.ceil(needed))
