"""Scorecard G1: equal arms are promoted at most 5% of the time over all looks, and power is not thrown away."""

import numpy as np
import pytest

from assay.stats.means import one_sample_core
from assay.stats.planning import comparison_power
from assay.stats.samples import moments
from assay.stats.stages import DEFAULT_PLAN, StagePlan, obrien_fleming_plan
from assay.stats.welch import welch_comparison, welch_core

# The levels of DEFAULT_PLAN hold 4.8% for Welch's t of two arms, but 5.4% for the one-sample t against a fixed number:
# its p-values at different looks hang together less. These hold 4.9% there (one million simulated paths).
ONE_ARM_PLAN = StagePlan(
    stages=(3, 5, 8, 10),
    alphas=(0.002, 0.012, 0.024, 0.032),
    alpha=0.05,
    method="planned stages 3, 5, 8, 10, one arm",
)


def staged(candidate, baseline, plan):
    """Promoted at any look? And seeds an arm used. The cores are those that the shipped functions call."""
    promoted = np.zeros(len(candidate), dtype=bool)
    used = np.full(len(candidate), plan.maximum)
    for look in plan.looks:
        arms = [(*moments(arm[:, : look.n]), look.n) for arm in (candidate, baseline)]
        passed = (welch_core(*arms)[3] <= look.alpha) & ~promoted
        used[passed] = look.n
        promoted |= passed
    return promoted, used


def staged_threshold(scores, threshold, plan):
    promoted = np.zeros(len(scores), dtype=bool)
    for look in plan.looks:
        mean, variance = moments(scores[:, : look.n])
        promoted |= (
            one_sample_core(mean, np.sqrt(variance / look.n), look.n - 1.0, threshold)[1] <= look.alpha
        )
    return promoted


def test_core_of_the_simulation_is_what_the_shipped_function_says(calibration):
    for x, y in calibration.rng.normal(size=(100, 2, 5)):
        arms = [(*moments(arm[np.newaxis]), 5) for arm in (x, y)]
        assert welch_core(*arms)[3][0] == pytest.approx(welch_comparison(x, y).p_greater, abs=1e-14)


def test_g1_staged_looks_at_equal_arms_promote_at_most_five_percent(calibration):
    n = calibration.replicates(200_000)
    promoted, _ = staged(*calibration.rng.normal(size=(2, n, 10)), DEFAULT_PLAN)
    calibration.rate("G1 A/A promote, stages 3, 5, 8, 10", promoted.sum(), n, at_most=0.05)


def test_g1_stretch_power_and_seeds_spent(calibration):
    n = calibration.replicates(100_000)
    for effect, least in ((1.0, 0.95 * comparison_power(1.0, 10)), (1.5, 0.91), (2.0, 0.98)):
        candidate, baseline = calibration.rng.normal(size=(2, n, 10))
        promoted, used = staged(candidate + effect, baseline, DEFAULT_PLAN)
        calibration.rate(
            f"G1 power at {effect} sd, mean seeds {used.mean():.2f}",
            promoted.sum(),
            n,
            at_least=least,
            stretch=True,
        )
        if effect == 1.5:
            calibration.exact(
                "G1 mean seeds an arm at 1.5 sd", used.mean(), at_most=7.35, unit="seeds", stretch=True
            )


@pytest.mark.parametrize("stages", [(3, 6, 12), (4, 8, 12, 16, 20), (5, 10)])
def test_other_plans_spend_at_most_five_percent(calibration, stages):
    n = calibration.replicates(100_000)
    plan = obrien_fleming_plan(stages)
    promoted, _ = staged(*calibration.rng.normal(size=(2, n, plan.maximum)), plan)
    calibration.rate(f"Lan-DeMets {stages} A/A promote", promoted.sum(), n, at_most=0.05)


@pytest.mark.parametrize(
    ("name", "draw"),
    [
        ("sd ratio 3", lambda rng, n: (rng.normal(size=(n, 10)), 3 * rng.normal(size=(n, 10)))),
        ("t3 noise", lambda rng, n: (rng.standard_t(3, (n, 10)), rng.standard_t(3, (n, 10)))),
        (
            "a tenth of the seeds diverged",
            lambda rng, n: tuple(
                rng.normal(size=(n, 10)) - 10 * (rng.random((n, 10)) < 0.1) for _ in range(2)
            ),
        ),
    ],
)
def test_g1_holds_roughly_when_scores_are_not_normal(calibration, name, draw):
    n = calibration.replicates(50_000)
    promoted, _ = staged(*draw(calibration.rng, n), DEFAULT_PLAN)
    calibration.rate(f"equal arms promoted, {name}", promoted.sum(), n, at_most=0.055)


@pytest.mark.parametrize(("plan", "bar"), [(ONE_ARM_PLAN, 0.05), (DEFAULT_PLAN, 0.055)])
def test_staged_threshold_claim_at_exactly_the_threshold_rarely_passes(calibration, plan, bar):
    n = calibration.replicates(200_000)
    promoted = staged_threshold(calibration.rng.normal(size=(n, 10)), 0.0, plan)
    calibration.rate(
        f"threshold over seeds, truth at it, levels {plan.alphas}", promoted.sum(), n, at_most=bar
    )
