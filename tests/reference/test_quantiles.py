import numpy as np
import pytest
import scipy.stats

from assay.stats.quantiles import quantile_against_threshold, quantile_estimate
from assay.stats.resampling import quantile_difference


def latencies(rng):
    values = rng.lognormal(4, 1, int(rng.integers(1, 400)))
    return np.round(values, int(rng.integers(0, 3))) if rng.random() < 0.5 else values


def test_quantile_test_agrees_with_scipy(cases, rng):
    for _ in range(cases // 4):
        values, q = latencies(rng), float(rng.choice([0.05, 0.5, 0.9, 0.95, 0.99]))
        limit = float(rng.choice(values) + rng.choice([-1, 0, 0, 1]))
        ours = quantile_against_threshold(values, q, limit)
        for side, p in (("greater", ours.p_greater), ("less", ours.p_less)):
            theirs = scipy.stats.quantile_test(values, q=limit, p=q, alternative=side)
            assert p == pytest.approx(theirs.pvalue, abs=1e-9)


def test_bounds_of_a_quantile_agree_with_scipy(cases, rng):
    for _ in range(cases // 4):
        values, q = latencies(rng), float(rng.choice([0.05, 0.5, 0.9, 0.95, 0.99]))
        alpha = rng.uniform(0.01, 0.1)
        ours = quantile_estimate(values, q, alpha=alpha)
        # A claim "less" leaves an upper bound.
        high = scipy.stats.quantile_test(values, p=q, alternative="less").confidence_interval(1 - alpha).high
        low = scipy.stats.quantile_test(values, p=q, alternative="greater").confidence_interval(1 - alpha).low
        assert ours.interval.high == (None if np.isnan(high) else pytest.approx(high))
        assert ours.interval.low == (None if np.isnan(low) else pytest.approx(low))
        assert ours.value == np.quantile(values, q, method="inverted_cdf")


def test_bootstrapped_quantile_difference_agrees_with_resampling_every_value(rng):
    x, y = rng.lognormal(5, 0.6, 300), rng.lognormal(5.1, 0.6, 300)
    ours = quantile_difference(x, y, 0.9, np.random.default_rng(1))
    picked = [np.sort(v[rng.integers(0, 300, (9999, 300))], axis=1)[:, 269] for v in (x, y)]
    draws = picked[0] - picked[1]
    expected = np.quantile(draws, [0.05, 0.95])
    assert (ours.interval.low, ours.interval.high) == pytest.approx(expected, abs=0.15 * draws.std())
    assert ours.se == pytest.approx(draws.std(), rel=0.05)


def test_bootstrap_over_sessions_agrees_with_drawing_the_sessions(rng):
    session = np.repeat(np.arange(25), rng.integers(5, 40, 25))
    effects = rng.normal(0, 0.7, 25)
    x, y = (np.exp(5 + effects[session] + rng.normal(0, 0.3, session.size)) for _ in range(2))
    ours = quantile_difference(x, y, 0.9, np.random.default_rng(1), clusters=(session, session))

    def drawn(values):
        members = [values[session == g] for g in range(25)]
        pooled = (np.sort(np.concatenate([members[g] for g in rng.integers(0, 25, 25)])) for _ in range(4000))
        return np.array([v[int(np.ceil(v.size * 0.9 - 1e-9)) - 1] for v in pooled])

    draws = drawn(x) - drawn(y)
    assert ours.se == pytest.approx(draws.std(), rel=0.08)
    assert ours.interval.low == pytest.approx(np.quantile(draws, 0.05), abs=0.2 * draws.std())
