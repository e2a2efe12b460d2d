import pytest

from assay.stats.distributions import normal_quantile
from assay.stats.paired import PairedCounts, exact_mcnemar, tango_interval
from assay.stats.planning import noninferiority_power, paired_examples
from assay.stats.proportions import clopper_pearson, wilson, zero_failure_size
from assay.stats.spread import spread_estimate
from assay.stats.stages import DEFAULT_PLAN, StagePlan, obrien_fleming_plan, overall_error


@pytest.mark.parametrize(
    ("looks", "alpha", "published"),
    [
        # Lan-DeMets O'Brien-Fleming spending at equally spaced looks: Reboussin, DeMets, Kim and Lan (2000), Programs for
        # computing group sequential boundaries using the Lan-DeMets method; the same from R gsDesign's sfLDOF.
        (2, 0.025, [2.963, 1.969]),
        (3, 0.025, [3.710, 2.511, 1.993]),
        (4, 0.025, [4.333, 2.963, 2.359, 2.014]),
        (5, 0.025, [4.877, 3.357, 2.680, 2.290, 2.031]),
        (5, 0.05, [4.229, 2.888, 2.298, 1.962, 1.740]),
    ],
)
def test_obrien_fleming_bounds_equal_the_published_ones(looks, alpha, published):
    plan = obrien_fleming_plan([10 * k for k in range(1, looks + 1)], alpha=alpha)
    assert [-float(normal_quantile(a)) for a in plan.alphas] == pytest.approx(published, abs=6e-4)


@pytest.mark.parametrize(
    ("looks", "published"),
    [(2, 0.083), (3, 0.107), (4, 0.126), (5, 0.142), (10, 0.193), (20, 0.248), (50, 0.320)],
)
def test_naive_repeated_testing_errs_as_armitage_mcpherson_and_rowe_found(looks, published):
    """Table of repeated two-sided tests at 5% (Armitage, McPherson and Rowe 1969): about twice the one-sided error."""
    stages = tuple(range(100, 100 * looks + 1, 100))
    one_sided = overall_error(StagePlan(stages, (0.025,) * looks, 0.025, "naive"))
    # Crossing both bounds in one experiment is rare but counted twice here.
    assert published - 0.0005 <= 2 * one_sided <= published * 1.07 + 0.0005


def test_default_plan_spends_at_most_its_alpha_under_normal_theory():
    assert overall_error(DEFAULT_PLAN) == pytest.approx(0.0489, abs=5e-5)


def test_tango_interval_equals_fagerland_lydersen_and_laake_2014():
    """Airway hyper-responsiveness before and after transplantation (Bentur 2009): n12 = 1, n21 = 7 of 21 children."""
    interval = tango_interval(PairedCounts(1, 7, 21), confidence=0.95)
    assert (interval.low, interval.high) == pytest.approx((-0.517, -0.026), abs=5e-4)


def test_mcnemar_equals_fagerland_lydersen_and_laake_2013():
    """Same children: exact conditional two-sided p = .0703, mid-p = .0391."""
    result = exact_mcnemar(PairedCounts(1, 7, 21))
    assert 2 * result.p_less == pytest.approx(0.0703, abs=5e-5)
    assert 2 * dict(result.shown)["mid_p_less"] == pytest.approx(0.0391, abs=5e-5)


def test_rate_intervals_equal_newcombe_1998():
    """Two-sided intervals for proportions, Table I: 81 of 263, 15 of 148, 0 of 20, 1 of 29."""
    for (k, n), score, exact in [
        ((81, 263), (0.2553, 0.3662), (0.2527, 0.3676)),
        ((15, 148), (0.0624, 0.1605), (0.0578, 0.1617)),
        ((0, 20), (0.0, 0.1611), (0.0, 0.1684)),
        ((1, 29), (0.0061, 0.1718), (0.0009, 0.1776)),
    ]:
        shown, decides = wilson(k, n, confidence=0.95), clopper_pearson(k, n, confidence=0.95)
        assert (shown.low, shown.high) == pytest.approx(score, abs=5e-5)
        assert (decides.low, decides.high) == pytest.approx(exact, abs=5e-5)


def test_zero_failure_sizes_are_299_598_2995():
    """log(.05) / log(1 - rate), rounded up: the exact form of the rule of three (Hanley and Lippman-Hand 1983)."""
    assert [zero_failure_size(rate) for rate in (0.01, 0.005, 0.001)] == [299, 598, 2995]


@pytest.mark.parametrize(("n", "low", "high"), [(3, 0.58, 4.42), (5, 0.65, 2.37), (10, 0.73, 1.65)])
def test_spread_interval_has_the_known_chi_square_factors(n, low, high):
    estimate = spread_estimate([float(i) for i in range(n)])
    assert (estimate.interval.low / estimate.value, estimate.interval.high / estimate.value) == pytest.approx(
        (low, high), abs=5e-3
    )


def test_paired_sample_sizes_follow_connor_1987():
    """(z_a + z_b)^2 (disc - d^2) / d^2 at 20% discordant, two-sided 5%, power 80%."""
    assert [paired_examples(d, 0.2, alpha=0.025) for d in (0.01, 0.02)] == [15690, 3917]


def test_noninferiority_power_at_margin_two_points_and_15_percent_discordant():
    found = [noninferiority_power(n, 0.15, 0.02) for n in (200, 500, 1000, 2000, 5000)]
    assert found == pytest.approx([0.18, 0.32, 0.50, 0.75, 0.98], abs=0.012)
