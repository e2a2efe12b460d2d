"""The score test of two rates against published intervals, statsmodels, the likelihood itself, and exact error rates.

statsmodels 0.15 is asked at a difference of 0 only: at others its constrained rate is not the one that maximises the
likelihood (its cubic multiplies by a count where the published one has a number of examples).
"""

import numpy as np
import pytest
import scipy.optimize
import scipy.special
import scipy.stats
from statsmodels.stats.proportion import test_proportions_2indep as statsmodels_score

from assay.stats.independent_rates import compare_independent_rates, exact_score_p, score_bounds, score_z


@pytest.mark.parametrize(
    ("counts", "low", "high"),
    [
        ((56, 70, 48, 80), 0.0528, 0.3382),
        ((9, 10, 3, 10), 0.1700, 0.8406),
        ((6, 7, 2, 7), 0.0342, 0.8534),
        ((5, 56, 0, 29), -0.0326, 0.1933),
        ((0, 10, 0, 20), -0.1658, 0.2844),
        ((0, 10, 0, 10), -0.2879, 0.2879),
        ((10, 10, 0, 20), 0.7156, 1.0),
        ((10, 10, 0, 10), 0.6636, 1.0),
    ],
)
def test_interval_agrees_with_newcombe_1998_table_2_method_6(counts, low, high):
    k, n, m, size = (np.array([float(count)]) for count in counts)
    ends = score_bounds(k / n, m / size, n, size, np.array([scipy.stats.norm.ppf(0.975)]))
    assert (ends[0][0], ends[1][0]) == pytest.approx((low, high), abs=6e-5)


def random_counts(rng):
    n = int(rng.choice([1, 3, 20, 200, 5000]))
    return int(rng.choice([0, n, rng.integers(0, n + 1)])), n


def test_statistic_agrees_with_statsmodels_at_difference_zero(cases, rng):
    for _ in range(cases // 10):
        one, other = random_counts(rng), random_counts(rng)
        ours = compare_independent_rates(*one, *other).statistic
        with np.errstate(all="ignore"):
            theirs = statsmodels_score(*one, *other, method="score", compare="diff").statistic
        assert ours == pytest.approx(0.0 if np.isnan(theirs) else theirs, rel=1e-9, abs=1e-9)


def test_statistic_agrees_with_the_numerically_maximised_likelihood(rng):
    for _ in range(80):
        (k, n), (m, size) = random_counts(rng), random_counts(rng)
        null = float(rng.uniform(-0.4, 0.4))

        def against(first, k=k, n=n, m=m, size=size, null=null):
            parts = [(k, first), (n - k, 1 - first), (m, first - null), (size - m, 1 - first + null)]
            return -sum(scipy.special.xlogy(count, max(p, 0.0)) for count, p in parts)

        low, high = max(0.0, null), min(1.0, 1 + null)
        grid = np.linspace(low, high, 4001)
        at = int(np.argmin([against(p) for p in grid]))
        ends = grid[max(at - 1, 0)], grid[min(at + 1, 4000)]
        found = scipy.optimize.minimize_scalar(
            against, bounds=ends, method="bounded", options={"xatol": 1e-14}
        )
        first = min((found.x, *ends), key=against)
        second = first - null
        variance = (first * (1 - first) / n + second * (1 - second) / size) * (n + size) / (n + size - 1)
        expected = (k / n - m / size - null) / np.sqrt(variance)
        ours = compare_independent_rates(k, n, m, size, null=null).statistic
        assert ours == pytest.approx(expected, rel=1e-4, abs=1e-4)


def test_exact_p_value_is_the_probability_of_the_table_and_more_extreme_ones(rng):
    for _ in range(20):
        n, size = int(rng.integers(1, 30)), int(rng.integers(1, 60))
        k, m, null = (
            int(rng.integers(0, n + 1)),
            int(rng.integers(0, size + 1)),
            float(rng.choice([0, -0.05, 0.1])),
        )
        z = score_z(
            *np.meshgrid(np.arange(n + 1) / n, np.arange(size + 1) / size, indexing="ij"),
            float(n),
            float(size),
            null,
        )
        # The most likely rates under the null, on a grid fine enough for six digits.
        first = np.linspace(max(0, null), min(1, 1 + null), 200_001)
        second = np.clip(first - null, 0, 1)
        likelihood = (
            scipy.special.xlogy(k, first)
            + scipy.special.xlog1py(n - k, -first)
            + scipy.special.xlogy(m, second)
            + scipy.special.xlog1py(size - m, -second)
        )
        at = int(np.argmax(likelihood))
        table = np.outer(
            scipy.stats.binom.pmf(np.arange(n + 1), n, first[at]),
            scipy.stats.binom.pmf(np.arange(size + 1), size, second[at]),
        )
        expected = table[z >= z[k, m] - 1e-9].sum(), table[z <= z[k, m] + 1e-9].sum()
        assert exact_score_p(k, n, m, size, null) == pytest.approx(expected, abs=1e-4)


def error_rate(n, size, rate, margin, level):
    """How often a true difference of exactly minus the margin is called larger, over all possible tables."""
    first = scipy.stats.binom.pmf(np.arange(n + 1), n, rate - margin)
    second = scipy.stats.binom.pmf(np.arange(size + 1), size, rate)
    error = 0.0
    for k, p in enumerate(first):
        for m, q in enumerate(second):
            if p * q > 1e-6 and exact_score_p(k, n, m, size, -margin)[1] <= level:
                error += p * q
    return error


@pytest.mark.parametrize("margin", [0.0, 0.05])
@pytest.mark.parametrize("level", [0.05, 0.05 / 10])
def test_a_small_group_beside_a_large_one_errs_no_more_often_than_promised(margin, level):
    assert error_rate(12, 80, 0.95, margin, level) <= 1.05 * level
