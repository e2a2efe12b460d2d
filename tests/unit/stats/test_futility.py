"""Where runs stand before their end, what past runs say about them, and that nothing looks ahead."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from assay.stats.futility import CHECKS, fit_futility
from assay.stats.futility_features import FEATURES, Runs, features_at
from assay.stats.monotone_logistic import _basis, fit_monotone_logistic
from assay.stats.samples import Misaligned, NotFinite, TooFewSamples
from assay.stats.trajectories import Trajectory, standing_at

gaps = st.lists(st.floats(-1, 5) | st.sampled_from([np.nan, np.inf]), min_size=2, max_size=30)


def trajectory(values):
    return Trajectory(np.linspace(1 / len(values), 1.0, len(values)), np.array(values))


def history(rng, runs=120, problems=3, batches=6):
    """Runs that fall towards a level of their own, some of which jump late, on problems of different scale."""
    spent = np.linspace(0.02, 1.0, 50)
    made = []
    for run in range(runs):
        scale = 10.0 ** (run % problems)
        floor, speed, jump = rng.normal(0.05, 0.2), rng.uniform(1, 6), rng.choice([0.0, 0.25])
        gap = floor + np.exp(-speed * spent) - jump * (spent > 0.8) + rng.normal(0, 0.02, 50)
        made.append(Trajectory(spent, scale * gap))
    return Runs(made, np.arange(runs) % problems, rng.integers(0, batches, runs))


@given(gaps, st.integers(1, 29))
def test_where_a_run_stands_depends_on_nothing_later_than_the_check(values, cut):
    whole = trajectory(values)
    known = min(cut, len(values))
    check = np.array([whole.spent[known - 1]])
    part = Trajectory(
        np.append(whole.spent[:known], check + 1e-9), np.append(whole.gap[:known], [np.nan])
    )  # whatever came next
    here, there = standing_at([whole], check), standing_at([part], check)
    if here.judged.all() and there.judged.all():
        for name in ("best", "level", "gain20", "gain40"):
            np.testing.assert_array_equal(getattr(here, name), getattr(there, name))


def test_a_run_hits_only_within_its_budget_and_is_over_when_it_hits():
    late = Trajectory(np.array([0.5, 1.2]), np.array([0.1, -0.1]))
    assert (late.hit, late.end) == (False, 1.0)
    early = Trajectory(np.array([0.2, 0.5, 0.9]), np.array([0.1, 0.0, 0.3]))
    assert (early.hit, early.end) == (True, 0.5)
    assert standing_at([early], np.array([0.4, 0.5, 0.8])).judged.tolist() == [[False, False, False]]


@pytest.mark.parametrize("value", [-np.inf, np.inf, np.nan])
def test_value_that_is_no_finite_number_never_reaches_a_target(value):
    run = Trajectory(np.array([0.2, 0.5, 0.9]), np.array([0.4, value, 0.3]))
    assert (run.hit, run.end, run.best.tolist()) == (False, 0.9, [0.4, 0.4, 0.3])


def test_run_that_goes_on_is_judged_at_its_last_evaluation_too():
    spent, gap = np.array([0.2, 0.5]), np.array([0.4, 0.3])
    assert standing_at([Trajectory(spent, gap)], spent).judged.tolist() == [[False, False]]
    assert standing_at([Trajectory(spent, gap, over=False)], spent).judged.tolist() == [[False, True]]


def test_a_run_has_stalled_since_the_first_of_its_smallest_gaps():
    run = Trajectory(np.array([0.1, 0.2, 0.3, 0.4, 0.5]), np.array([0.5, 0.3, 0.4, 0.3, 0.2]))
    diverged = Trajectory(run.spent, np.full(5, np.nan))
    stalled = standing_at([run, diverged], np.array([0.2, 0.4, 0.5, 0.9])).stalled
    np.testing.assert_allclose(stalled[0, :2], [0.0, 0.5])
    assert np.isnan(stalled[0, 2:]).all()  # it was over
    np.testing.assert_allclose(stalled[1, :2], [0.5, 0.75])


def test_runs_that_cannot_be_read_are_refused():
    with pytest.raises(Misaligned, match="one each"):
        Trajectory(np.array([0.1]), np.array([1.0, 2.0]))
    with pytest.raises(Misaligned, match="falls"):
        Trajectory(np.array([0.2, 0.1]), np.array([1.0, 2.0]))
    with pytest.raises(NotFinite, match="share of the budget"):
        Trajectory(np.array([0.2, np.nan]), np.array([1.0, 2.0]))


def test_the_fit_is_the_constrained_optimum_that_a_general_solver_finds():
    rng = np.random.default_rng(4)
    features, time = rng.normal(size=(600, 3)), rng.uniform(size=600)
    yes = rng.uniform(size=600) < 1 / (1 + np.exp(-(features[:, 0] - features[:, 1] + time)))
    rising = np.array([True, True, False])  # the second one falls in truth: its curve is held flat
    model = fit_monotone_logistic(features, time, yes, rising=rising, ridge=2.0)
    design = _basis(features, time, model.knots)
    penalty = np.array([2.0] * 24 + [0.1] * 3)

    def loss(weights):
        logit = design @ weights
        return (np.logaddexp(0, logit) - yes * logit).sum() + 0.5 * (penalty * weights**2).sum()

    def slope(weights):
        return design.T @ (1 / (1 + np.exp(-design @ weights)) - yes) + penalty * weights

    bounds = [(0, None)] * 16 + [(None, None)] * 11
    best = minimize(
        loss,
        np.zeros(27),
        jac=slope,
        method="L-BFGS-B",
        bounds=bounds,
        options={"maxiter": 5000, "ftol": 1e-14, "gtol": 1e-9},
    )
    assert loss(model.weights) == pytest.approx(best.fun, abs=1e-4)
    assert (model.weights[:16] >= 0).all()
    np.testing.assert_allclose(model.chance(features, time), 1 / (1 + np.exp(-design @ best.x)), atol=2e-3)


@settings(max_examples=30)
@given(st.integers(0, 2**32 - 1))
def test_no_rising_feature_ever_lowers_a_chance(seed):
    rng = np.random.default_rng(seed)
    features, time = rng.normal(size=(200, 2)), rng.uniform(size=200)
    model = fit_monotone_logistic(
        features, time, rng.uniform(size=200) < 0.5, rising=np.array([True, True]), ridge=1.0
    )
    grid = np.sort(rng.normal(size=40))
    for column in (0, 1):
        moved = np.zeros((40, 2))
        moved[:, column] = grid
        assert (np.diff(model.chance(moved, np.full(40, rng.uniform()))) >= -1e-12).all()


def test_one_outcome_alone_teaches_nothing():
    with pytest.raises(TooFewSamples, match="same outcome"):
        fit_monotone_logistic(
            np.zeros((5, 1)), np.zeros(5), np.ones(5, dtype=bool), rising=np.array([True]), ridge=1.0
        )
    with pytest.raises(TooFewSamples, match="expected curves"):
        fit_futility(Runs([Trajectory(np.array([1.0]), np.array([0.1]))], np.zeros(1, int), np.zeros(1, int)))


def late_jumps(rates, rng, each=10):
    """Runs that all look alike until the last tenth of the budget, where so many of each problem and batch jump to the target."""
    spent = np.linspace(0.05, 1.0, 20)
    made, problem, batch = [], [], []
    for (row, column), rate in np.ndenumerate(rates):
        for run in range(each):
            gap = 1.0 + rng.normal(0, 0.01, 20).cumsum()
            made.append(Trajectory(spent, gap - 5.0 * (spent > 0.9) * (run < rate * each)))
            problem.append(row)
            batch.append(column)
    return Runs(made, np.array(problem), np.array(batch))


def chances_by_problem(past, rng):
    problems = len(np.unique(past.problem))
    new = late_jumps(np.zeros((problems, 1)), rng, each=3)
    chances = fit_futility(past).chances(new.in_batches(np.full(len(new), 99)), np.array([0.5]))[:, 0]
    return np.array([chances[new.problem == problem].mean() for problem in range(problems)])


def test_the_rate_of_a_problem_counts_as_far_as_it_carries_over_from_batch_to_batch():
    rng = np.random.default_rng(12)
    carried = np.repeat([[0.1], [0.3], [0.7], [0.9]], 6, axis=1)
    np.testing.assert_allclose(chances_by_problem(late_jumps(carried, rng), rng), carried[:, 0], atol=0.1)
    by_chance = rng.choice([0.1, 0.9], size=(12, 6))  # what one batch did tells nothing of the next
    spread = chances_by_problem(late_jumps(by_chance, rng), rng).std()
    assert spread < 0.5 * by_chance.mean(axis=1).std()


def test_what_became_of_a_runs_own_batch_tells_nothing_about_it():
    past = history(np.random.default_rng(13))
    mine = np.flatnonzero(past.batch == 0)
    missed = [Trajectory(t.spent, np.where(t.gap <= 0, 1e-6, t.gap)) for t in past.trajectories]
    other = Runs(
        [missed[row] if past.batch[row] == 0 else t for row, t in enumerate(past.trajectories)],
        past.problem,
        past.batch,
    )
    asked, checks = past.of(mine), np.array([0.5])
    compared = FEATURES.index("best among past hits")  # from here on a run is compared one by one
    np.testing.assert_array_equal(
        features_at(asked, past, checks)[0][..., compared:],
        features_at(asked, other, checks)[0][..., compared:],
    )
    share = FEATURES.index("past runs under way that hit")
    strangers = past.of(np.flatnonzero(past.batch == 1))
    assert (
        features_at(strangers, past, checks)[0][..., share]
        > features_at(strangers, other, checks)[0][..., share]
    ).all()


def test_chances_are_the_same_whatever_order_and_numbers_runs_problems_and_batches_have():
    rng = np.random.default_rng(7)
    past, asked = history(rng), history(rng, runs=12)
    chances = fit_futility(past).chances(asked, CHECKS)
    order = rng.permutation(len(past.trajectories))
    shuffled = past.of(order)
    other = fit_futility(Runs(shuffled.trajectories, 5 - shuffled.problem, shuffled.batch * 10))
    again = other.chances(Runs(asked.trajectories, 5 - asked.problem, asked.batch * 10), CHECKS)
    np.testing.assert_allclose(again, chances, rtol=1e-6, atol=1e-9)


def test_chances_are_the_same_in_any_unit_of_the_metric():
    rng = np.random.default_rng(8)
    past, asked = history(rng), history(rng, runs=12)

    def percent(runs):
        return Runs([Trajectory(t.spent, 100 * t.gap) for t in runs.trajectories], runs.problem, runs.batch)

    np.testing.assert_allclose(
        fit_futility(percent(past)).chances(percent(asked), CHECKS),
        fit_futility(past).chances(asked, CHECKS),
        rtol=1e-6,
        atol=1e-9,
    )


def test_a_chance_depends_on_nothing_later_than_its_check():
    rng = np.random.default_rng(9)
    model = fit_futility(history(rng))
    asked = history(rng, runs=6)
    known = [Trajectory(np.append(t.spent[:25], 1.0), np.append(t.gap[:25], 9.9)) for t in asked.trajectories]
    checks = np.array([0.3, 0.5])
    np.testing.assert_array_equal(
        model.chances(Runs(known, asked.problem, asked.batch), checks), model.chances(asked, checks)
    )


def test_nothing_is_said_about_a_run_that_is_over_or_was_evaluated_once():
    rng = np.random.default_rng(10)
    model = fit_futility(history(rng))
    over = Trajectory(np.array([0.1, 0.2, 0.3]), np.array([1.0, 0.5, -0.1]))
    chances = model.chances(Runs([over], np.zeros(1, int), np.array([99])), np.array([0.15, 0.25, 0.5]))
    assert np.isnan(chances[0, [0, 2]]).all()
    assert 0.0 < chances[0, 1] < 1.0


def test_a_diverged_run_has_the_worst_of_chances():
    rng = np.random.default_rng(11)
    past = history(rng)
    model = fit_futility(past)
    spent = np.linspace(0.02, 0.6, 30)
    ill = Runs([Trajectory(spent, np.full(30, np.nan))], np.zeros(1, int), np.array([99]))
    chances = model.chances(past, np.array([0.5]))
    assert model.chances(ill, np.array([0.5]))[0, 0] <= np.nanmin(chances[past.problem == 0])
