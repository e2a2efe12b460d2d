import pytest

from assay.stats.samples import StatisticsError
from assay.stats.stages import (
    DEFAULT_PLAN,
    BetweenStages,
    Look,
    PastLastStage,
    StagePlan,
    look_for,
    obrien_fleming_plan,
    overall_error,
)


@pytest.mark.parametrize(
    ("n", "index", "alpha"), [(3, 1, 0.002), (5, 2, 0.012), (8, 3, 0.026), (10, 4, 0.036)]
)
def test_registered_stage_is_a_look_with_its_nominal_level(n, index, alpha):
    assert look_for(n) == Look(index, n, alpha)


@pytest.mark.parametrize(("n", "following"), [(0, 3), (2, 3), (4, 5), (6, 8), (7, 8), (9, 10)])
def test_between_stages_no_level_is_given_and_the_next_look_is_named(n, following):
    between = look_for(n)
    assert isinstance(between, BetweenStages)
    assert between.next.n == following
    assert not hasattr(between, "alpha")


def test_previous_look_is_known_between_stages():
    assert look_for(2).previous is None
    assert look_for(9).previous == Look(3, 8, 0.026)


def test_more_seeds_than_registered_fall_back_to_the_last_look():
    assert look_for(12) == PastLastStage(12, Look(4, 10, 0.036))


def test_fixed_design_may_use_all_of_alpha():
    assert obrien_fleming_plan([12], alpha=0.05).alphas == pytest.approx((0.05,), abs=1e-12)


@pytest.mark.parametrize("stages", [[2, 3], [3, 5, 8, 10], [2, 50], list(range(2, 60)), [100, 101, 5000]])
def test_spending_plan_spends_exactly_its_alpha_over_all_looks(stages):
    plan = obrien_fleming_plan(stages)
    assert overall_error(plan) == pytest.approx(0.05, abs=1e-9)
    assert all(0 <= a <= 0.05 for a in plan.alphas)


def test_look_too_early_to_spend_anything_gets_level_zero():
    assert obrien_fleming_plan([2, 5000]).alphas[0] == 0.0


def test_plan_whose_levels_do_not_fit_is_refused():
    with pytest.raises(StatisticsError):
        StagePlan((3, 5), (0.01,), 0.05, "x")
    with pytest.raises(StatisticsError):
        look_for(-1)


def test_default_plan_is_the_registered_one():
    assert (DEFAULT_PLAN.stages, DEFAULT_PLAN.maximum) == ((3, 5, 8, 10), 10)
