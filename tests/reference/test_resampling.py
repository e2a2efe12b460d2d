"""Bootstrap ends against SciPy within their own simulation error; closed forms against the long way round."""

import numpy as np
import pytest
import scipy.stats

from assay.stats.paired import cluster_dof
from assay.stats.resampling import paired_bootstrap
from assay.stats.wild_clusters import wild_cluster_test


def differences(rng, kind):
    if kind == "pass/fail":
        return rng.choice([-1.0, 0.0, 1.0], 300, p=[0.08, 0.8, 0.12])
    return rng.exponential(1, 60) - 0.8 if kind == "skewed" else rng.normal(0.1, 1, 200)


@pytest.mark.parametrize("kind", ["pass/fail", "skewed", "normal"])
@pytest.mark.parametrize("method", ["BCa", "percentile"])
def test_bootstrap_interval_agrees_with_scipy_to_simulation_error(rng, kind, method):
    values = differences(rng, kind)
    ours = paired_bootstrap(values, np.zeros(values.size), np.random.default_rng(1), kind=method)
    theirs = scipy.stats.bootstrap(
        (values,),
        np.mean,
        confidence_level=0.9,
        n_resamples=9999,
        method=method,
        rng=np.random.default_rng(2),
    )
    # An end is a quantile of 9,999 draws: its own standard error, four of which are allowed, plus one step of a lattice.
    error = np.sqrt(0.05 * 0.95 / 9999) / scipy.stats.norm.pdf(1.645) * ours.se
    step = 1 / values.size if kind == "pass/fail" else 0.0
    for here, there in zip(
        (ours.interval.low, ours.interval.high), tuple(theirs.confidence_interval), strict=True
    ):
        assert here == pytest.approx(there, abs=4 * np.sqrt(2) * error + 1.01 * step)
    assert ours.se == pytest.approx(theirs.standard_error, rel=0.04)


def test_acceleration_of_the_interval_is_that_of_the_jackknife(rng):
    values = rng.exponential(1, 40)
    plain = paired_bootstrap(values, np.zeros(40), np.random.default_rng(3), kind="percentile")
    corrected = paired_bootstrap(values, np.zeros(40), np.random.default_rng(3), kind="BCa")
    assert corrected.interval.low > plain.interval.low  # a right skew moves both ends up
    assert corrected.interval.high > plain.interval.high


def test_bootstrap_over_clusters_agrees_with_drawing_whole_clusters(rng):
    cluster = np.repeat(np.arange(40), rng.integers(1, 12, 40))
    values = rng.normal(0, 1, 40)[cluster] + rng.normal(0, 1, cluster.size)
    ours = paired_bootstrap(values, np.zeros(values.size), np.random.default_rng(4), clusters=cluster)
    totals, sizes = np.bincount(cluster, values), np.bincount(cluster)
    picked = rng.integers(0, 40, (9999, 40))
    draws = totals[picked].sum(axis=1) / sizes[picked].sum(axis=1)
    assert ours.se == pytest.approx(draws.std(ddof=1), rel=0.04)
    assert ours.effect == pytest.approx(values.mean())


def wild_the_long_way(totals, sizes, null, rng, worlds=40_000):
    """Every world's statistic from its own data, as Cameron, Gelbach and Miller (2008) describe it."""
    six = np.sqrt([1.5, 1.0, 0.5])
    weights = rng.choice(np.r_[-six, six], (worlds, totals.size))

    def t(world):
        mean = world.sum(axis=-1, keepdims=True) / sizes.sum()
        return mean[..., 0] / np.sqrt(((world - sizes * mean) ** 2).sum(axis=-1))

    under_null = totals - null * sizes
    return float((t(weights * under_null) >= t(under_null)).mean())


@pytest.mark.parametrize("clusters", [6, 12, 25])
@pytest.mark.parametrize("null", [0.0, 0.1, -0.05])
def test_wild_cluster_p_value_agrees_with_the_long_way(rng, clusters, null):
    sizes = rng.choice([5.0, 60.0], clusters, p=[0.8, 0.2])
    totals = sizes * rng.normal(0.05, 0.2, clusters)
    ours = wild_cluster_test(totals, sizes, null=null, alpha=0.05).p_greater
    assert ours == pytest.approx(wild_the_long_way(totals, sizes, null, rng), abs=0.025)


def test_degrees_of_freedom_of_clusters_agree_with_the_matrix_form(rng):
    for _ in range(30):
        sizes = rng.integers(1, 80, int(rng.integers(2, 30))).astype(float)
        n, clusters = sizes.sum(), sizes.size
        residual = np.eye(clusters) - np.outer(sizes, np.ones(clusters)) / n
        adjust = np.diag(1 / np.sqrt(1 - sizes / n))
        spread = adjust @ residual @ np.diag(sizes) @ residual.T @ adjust
        expected = np.trace(spread) ** 2 / (spread * spread).sum()
        assert cluster_dof(sizes) == pytest.approx(min(expected, clusters - 1), rel=1e-9)
