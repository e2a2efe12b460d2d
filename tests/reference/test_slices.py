"""Every slice gets, to twelve digits, what SciPy, statsmodels or our own single-table method gives it alone."""

import numpy as np
import pytest
import scipy.stats
from statsmodels.stats.contingency_tables import mcnemar

from assay.stats.averaged_rates import held_by_score, less_sure, tried_pairs
from assay.stats.crossed import crossed_comparison, crossed_t
from assay.stats.distributions import normal_cdf
from assay.stats.paired import paired_comparison, tango_z
from assay.stats.planning import detectable_effect, detectable_effects, detectable_losses
from assay.stats.samples import DegenerateSample, TooFewSamples, is_binary
from assay.stats.slice_alarms import slice_alarm
from assay.stats.slice_sums import slice_moments
from assay.stats.slices import mcnemar_many, paired_slices, welch_slices


def test_welch_over_a_thousand_slices_agrees_with_scipy_to_twelve_digits(rng):
    rows, slices = 40_000, 1000
    index, arm = rng.integers(0, slices, rows), rng.random(rows) < 0.5
    values = rng.normal(rng.normal(0, 3, slices)[index], 10 ** rng.uniform(-2, 2, slices)[index])
    ours = welch_slices(values[arm], index[arm], values[~arm], index[~arm], slices)
    for place, number in enumerate(ours.positions):
        x, y = (values[side & (index == number)] for side in (arm, ~arm))
        for alternative, p in (("greater", ours.p_greater), ("less", ours.p_less)):
            expected = scipy.stats.ttest_ind(x, y, equal_var=False, alternative=alternative).pvalue
            assert p[place] == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("offset", [0.0, 1e6])
@pytest.mark.parametrize("outlier", [0.0, 1e6])
def test_slice_moments_keep_their_digits_beside_large_offsets_and_outliers(rng, offset, outlier):
    values, index = rng.normal(offset, 1, 20_000), rng.integers(0, 50, 20_000)
    values[0] += outlier
    ours = slice_moments(values, index, 50)
    for number in range(50):
        inside = values[index == number]
        assert ours.mean[number] == pytest.approx(inside.mean(), rel=1e-14, abs=1e-12)
        assert ours.variance[number] == pytest.approx(inside.var(ddof=1), rel=1e-12)


def test_exact_mcnemar_of_many_tables_agrees_with_statsmodels_to_twelve_digits(rng):
    wins, losses = rng.integers(0, 60, 500), rng.integers(0, 60, 500)
    wins[:5], losses[:5] = [0, 0, 1, 0, 59], [0, 1, 0, 59, 0]
    above, below = mcnemar_many(wins, losses)
    for w, lost, p in zip(wins, losses, np.minimum(1, 2 * np.minimum(above, below)), strict=True):
        assert p == pytest.approx(mcnemar([[0, w], [lost, 0]], exact=True).pvalue, abs=1e-12)


def alone(candidate, baseline, clusters, null):
    try:
        if clusters is None:
            return crossed_comparison(candidate, baseline, null=null)
        # Few clusters would go to the wild bootstrap, which a thousand slices cannot: the variance is the same.
        by_t, parts = crossed_t(candidate, baseline, clusters=clusters, alpha=0.05, null=null)
        assert by_t.p_greater == pytest.approx(scipy.stats.t.sf(by_t.statistic, by_t.dof), rel=1e-10)
        if null == 0.0 or not is_binary(candidate):
            return by_t
        if candidate.shape[1] == baseline.shape[1] == 1:
            return less_sure(by_t, tried_pairs(candidate[:, 0], baseline[:, 0], clusters=clusters, null=null))
        between = parts.between_examples, parts.example_dof
        return held_by_score(by_t, candidate, baseline, clusters=clusters, between_examples=between)
    except (DegenerateSample, TooFewSamples):
        return None


@pytest.mark.parametrize("null", [0.0, -0.02])
@pytest.mark.parametrize("seeds", [(1, 1), (3, 3), (5, 2), (1, 4)])
@pytest.mark.parametrize("clustered", [False, True])
@pytest.mark.parametrize("binary", [False, True])
def test_each_slice_gets_what_its_own_table_would_get(rng, null, seeds, clustered, binary):
    n, slices = 3000, 40
    index = rng.integers(0, slices, n)
    index[0], index[index == 1] = 1, 2  # a slice with one example
    index[0] = 1
    level = rng.normal(0, 1, n)[:, np.newaxis]
    arms = [level + rng.normal(0, 1, (n, s)) + rng.normal(0, 0.2, s) for s in seeds]
    if binary:
        arms = [(arm > -0.5).astype(float) for arm in arms]
    clusters = rng.integers(0, 400, n) if clustered else None
    ours = paired_slices(*arms, index, slices, clusters=clusters, null=null)
    tested = dict(zip(ours.positions.tolist(), range(ours.positions.size), strict=True))
    for number in range(slices):
        inside = index == number
        sources = None if clusters is None else clusters[inside]
        expected = alone(arms[0][inside], arms[1][inside], sources, null)
        if expected is None:
            assert number not in tested
            continue
        place = tested[number]
        assert ours.effect[place] == pytest.approx(expected.effect, abs=1e-13)
        assert ours.p_greater[place] == pytest.approx(expected.p_greater, abs=1e-12)
        assert ours.p_less[place] == pytest.approx(expected.p_less, abs=1e-12)
        if expected.se is not None and expected.dof is not None:
            assert ours.se[place] == pytest.approx(expected.se, rel=1e-11)
            assert ours.dof[place] == pytest.approx(expected.dof, rel=1e-9)


@pytest.mark.parametrize("null", [0.0, -0.03])
def test_a_single_slice_is_judged_and_shown_as_the_whole_set_would_be(rng, null):
    for _ in range(50):
        n = int(rng.integers(1, 300))
        x, y = (rng.random((2, n)) < 0.8).astype(float)
        alarm = slice_alarm(paired_slices(x, y, np.zeros(n, int), 1, null=null), higher_is_better=True)
        whole = paired_comparison(x, y, null=null)
        harm = alarm.harms[0]
        assert harm.shown == (whole.answer("less") == "met")
        assert (harm.interval.low, harm.interval.high) == pytest.approx(
            (whole.interval.low, whole.interval.high), abs=1e-9
        )


def test_detectable_effects_are_those_of_one_test_at_a_time():
    dof = np.array([1.0, 2.5, 7.0, 40.0, np.inf, 7.0])
    for alpha in (0.05, 0.05 / 30, 0.05 / 1000):
        ours = detectable_effects(np.full(6, 0.3), dof, alpha=alpha)
        expected = [detectable_effect(0.3, None if np.isinf(d) else d, alpha=alpha) for d in dof]
        assert ours == pytest.approx(expected, rel=1e-8)


def power_of_losses(n, discordance, drop, level, margin):
    """Exact power by summing over every possible table."""
    spread, power = max(discordance, drop), 0.0
    for discordant in range(n + 1):
        weight = scipy.stats.binom.pmf(discordant, n, spread)
        losses = np.arange(discordant + 1)
        if weight < 1e-10:
            continue
        wins = discordant - losses
        p = normal_cdf(tango_z(wins, losses, n, -margin)) if margin else mcnemar_many(wins, losses)[1]
        rejects = p <= level
        share = (spread + drop) / 2 / spread
        power += weight * float(scipy.stats.binom.pmf(losses, discordant, share) @ rejects)
    return power


@pytest.mark.parametrize(
    ("n", "discordant", "margin", "level"),
    [
        (200, 32, 0.0, 0.05 / 30),
        (200, 40, 0.0, 0.05),
        (50, 8, 0.0, 0.05),
        (50, 0, 0.0, 0.05 / 10),
        (60, 12, 0.03, 0.05),
    ],
)
def test_harm_said_to_be_detectable_is_found_four_times_in_five_or_a_little_more(
    n, discordant, margin, level
):
    drop = detectable_losses(np.array([n]), np.array([discordant]), margin, level=level)[0]
    power = power_of_losses(n, (discordant + 1) / (n + 2), drop, level, margin)
    assert 0.79 <= power <= 0.97
