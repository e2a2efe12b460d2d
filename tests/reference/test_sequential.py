"""E-values against numerical integrals, and the chance that they ever cross against exact enumeration."""

import numpy as np
import pytest
import scipy.integrate
import scipy.stats

from assay.stats.confidence_sequences import _boundary, _log_e, _rate, sequential_mean
from assay.stats.e_processes import (
    _log_bets,
    e_process,
    mcnemar_e_greater,
    mcnemar_e_value,
    sequential_pairs,
)
from assay.stats.sequential_rates import rate_e_value
from assay.stats.sequential_slices import any_time_slices
from assay.stats.slices import paired_slices


def averaged_likelihood_ratio(wins, losses, low):
    """The likelihood of wins and losses averaged over Beta(20, 20) on low..1, over that of a fair coin."""

    def integrand(p):
        ratio = wins * np.log(2 * p) + losses * np.log(2 * (1 - p))
        return np.exp(ratio) * scipy.stats.beta.pdf(p, 20, 20)

    total = scipy.integrate.quad(integrand, low, 1, points=[wins / max(wins + losses, 1)], limit=200)[0]
    return total / scipy.stats.beta.sf(low, 20, 20)


@pytest.mark.parametrize(("wins", "losses"), [(0, 0), (1, 0), (0, 7), (12, 3), (40, 55), (120, 80)])
def test_mcnemar_e_value_is_the_averaged_likelihood_ratio(wins, losses):
    both, greater = (
        averaged_likelihood_ratio(wins, losses, 0.0),
        averaged_likelihood_ratio(wins, losses, 0.5),
    )
    assert mcnemar_e_value(wins, losses) == pytest.approx(both, rel=1e-9)
    assert mcnemar_e_greater(wins, losses) == pytest.approx(greater, rel=1e-8)
    halves = (mcnemar_e_greater(wins, losses) + mcnemar_e_greater(losses, wins)) / 2
    assert halves == pytest.approx(mcnemar_e_value(wins, losses), rel=1e-12)


def chance_ever_to_cross(pairs, alpha, share=0.5):
    """Exact: a walk over (wins, losses) that is taken out where the e-value reaches 1/alpha."""
    alive, crossed, enough = np.array([1.0]), 0.0, 0  # by number of wins after m discordant pairs
    for m in range(1, pairs + 1):
        alive = np.r_[alive * (1 - share), 0.0] + np.r_[0.0, alive * share]
        while enough <= m and mcnemar_e_greater(enough, m - enough) < 1 / alpha:
            enough += 1
        crossed += alive[enough:].sum()
        alive[enough:] = 0.0
    return crossed


@pytest.mark.parametrize("alpha", [0.05, 0.01])
def test_equal_models_ever_cross_with_at_most_alpha_chance_over_three_thousand_disagreements(alpha):
    chance = chance_ever_to_cross(3000, alpha)
    assert 0.5 * alpha < chance <= alpha
    assert chance_ever_to_cross(3000, alpha, share=0.48) < chance


def chance_with_margin(examples, alpha, null, discordance):
    """Exact for a difference of rates of exactly the margin: the walk over (wins, losses) after each example."""
    up, down = (discordance + null) / 2, (discordance - null) / 2
    alive, crossed = np.zeros((examples + 1, examples + 1)), 0.0
    alive[0, 0] = 1.0
    for n in range(1, examples + 1):
        moved = alive * (1 - discordance)
        moved[1:] += up * alive[:-1]
        moved[:, 1:] += down * alive[:, :-1]
        w, lost = np.nonzero(moved > 1e-12)
        over = _log_bets(
            w.astype(float), lost.astype(float), np.full(w.size, float(n)), null, 20.0
        ) >= -np.log(alpha)
        crossed += moved[w[over], lost[over]].sum()
        moved[w[over], lost[over]] = 0.0
        alive = moved
    return crossed


def test_model_exactly_at_the_margin_ever_crosses_with_at_most_alpha_chance():
    assert 0.0 < chance_with_margin(90, 0.1, -0.2, 0.4) <= 0.1


def test_bets_at_null_zero_are_mcnemars(rng):
    x, y = (rng.random((2, 500)) < 0.7).astype(float)
    exact = e_process(x, y)
    wins, losses = np.cumsum(x > y)[exact.examples - 1], np.cumsum(x < y)[exact.examples - 1]
    bets = _log_bets(wins.astype(float), losses.astype(float), exact.examples.astype(float), 0.0, 20.0)
    assert np.exp(bets) == pytest.approx(exact.greater, rel=1e-9)


@pytest.mark.parametrize(("standard", "n"), [(0.0, 100), (25.0, 400), (-10.0, 50), (120.0, 2000)])
def test_e_value_of_a_sum_is_the_average_over_half_normal_drifts(standard, n):
    rate = _rate(1000, 0.05)

    def integrand(drift):
        return np.exp(drift * standard - n * drift**2 / 2) * 2 * scipy.stats.norm.pdf(drift, 0, np.sqrt(rate))

    expected = scipy.integrate.quad(integrand, 0, np.inf, limit=300, points=None)[0]
    assert np.exp(_log_e(np.array([standard]), np.array([float(n)]), rate))[0] == pytest.approx(
        expected, rel=1e-7
    )


def test_boundary_is_a_little_below_the_published_closed_form_and_tightest_where_it_was_tuned():
    """Waudby-Smith et al. (2024), one-sided: sigma sqrt(2 (n r + 1) / (n^2 r) log(1 + sqrt(n r + 1) / 2 alpha))."""
    for tuned in (200, 1000, 5000):
        n, rate = np.array([float(tuned)]), _rate(tuned, 0.05)
        ours = _boundary(n, rate, 0.05)[0]
        published = np.sqrt(2 * (n * rate + 1) / rate * np.log(1 + np.sqrt(n * rate + 1) / 0.1))[0]
        assert 0.98 * published < ours < published
        assert all(ours <= _boundary(n, rate * factor, 0.05)[0] for factor in (0.5, 2.0))


@pytest.mark.parametrize("greater", [True, False])
@pytest.mark.parametrize(("n", "threshold"), [(1, 0.5), (7, 0.9), (60, 0.001), (150, 0.85)])
def test_e_value_of_a_rate_has_mean_one_at_the_threshold_and_less_on_the_wrong_side(n, threshold, greater):
    counts = np.arange(n + 1)
    values = np.array([rate_e_value(int(k), n, threshold, greater=greater) for k in counts])
    assert scipy.stats.binom.pmf(counts, n, threshold) @ values == pytest.approx(1.0, abs=1e-9)
    for wrong in (
        threshold * np.linspace(0.1, 0.9, 5) if greater else 1 - (1 - threshold) * np.linspace(0.1, 0.9, 5)
    ):
        assert scipy.stats.binom.pmf(counts, n, wrong) @ values <= 1.0 + 1e-9


@pytest.mark.parametrize(
    ("k", "n", "threshold"), [(90, 100, 0.8), (3, 10, 0.2), (0, 25, 0.1), (999, 1000, 0.99)]
)
def test_e_value_of_a_rate_is_the_integral_that_it_stands_for(k, n, threshold):
    def weight(rate):
        return rate**-0.5 * (1 - rate) ** -0.5

    def likelihood(rate):
        return np.exp(k * np.log(rate / threshold) + (n - k) * np.log((1 - rate) / (1 - threshold)))

    ends = (threshold, 1.0)
    top = scipy.integrate.quad(lambda p: weight(p) * likelihood(p), *ends, epsabs=0, epsrel=1e-10, limit=400)[
        0
    ]
    whole = scipy.integrate.quad(weight, *ends, epsabs=0, epsrel=1e-10, limit=400)[0]
    assert rate_e_value(k, n, threshold, greater=True) == pytest.approx(top / whole, rel=1e-7)


def test_slices_at_any_time_get_the_e_values_that_the_whole_set_would_get():
    rng = np.random.default_rng(4)
    ours, theirs = (rng.random(900) < 0.85).astype(float), (rng.random(900) < 0.8).astype(float)
    index = np.arange(900) // 300
    tests = any_time_slices(paired_slices(ours, theirs, index, 3, null=-0.03))
    for at in range(3):
        one = sequential_pairs(ours[index == at], theirs[index == at], null=-0.03, in_order=False)
        assert (tests.p_greater[at], tests.p_less[at]) == pytest.approx((one.p_greater, one.p_less), rel=1e-9)
    noisy = ours + rng.normal(0, 0.1, 900)
    tests = any_time_slices(paired_slices(noisy, theirs, index, 3, null=-0.03))
    for at in range(3):
        one = sequential_mean(noisy[index == at], theirs[index == at], null=-0.03, in_order=False)
        assert (tests.p_greater[at], tests.p_less[at]) == pytest.approx((one.p_greater, one.p_less), rel=1e-9)
