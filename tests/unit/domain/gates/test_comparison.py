"""Improvement and non-inferiority against runs or a number, in pairs where the examples are shared."""

import numpy as np
import pytest
from scipy import stats

from tests.unit.domain.gates.cases import (
    HIGHER,
    METRICS,
    example_seeds,
    finding,
    lock,
    number,
    run,
    seeds,
    verdict,
)

BETTER = "primary: f1 improves by >= 3%"
NO_WORSE = "blocking: f1 no worse than baseline by 2%"
OLD = [0.80, 0.81, 0.79, 0.805, 0.795]


def baseline(values, **fields):
    return seeds("f1", values, arm="baseline", **({"after": False} | fields))


def test_improvement_over_baseline_runs_is_welch_at_the_level_of_the_look():
    new = [0.86, 0.87, 0.85, 0.866, 0.858]
    found = finding(lock(BETTER), [*seeds("f1", new), *baseline(OLD)])
    reference = stats.ttest_ind(np.array(new) - 0.03, OLD, equal_var=False, alternative="greater")
    assert found.p_value == pytest.approx(reference.pvalue, abs=1e-12)
    assert (found.outcome, found.alpha, found.n.baseline_seeds) == ("met", 0.012, 5)
    assert found.estimate == pytest.approx(np.mean(new) - np.mean(OLD))
    assert found.baseline == pytest.approx(np.mean(OLD))
    assert found.threshold == pytest.approx(0.03)
    assert found.detectable > 0


def test_improvement_of_a_metric_where_less_is_better_has_to_fall():
    locked = lock("primary: val_loss improves by >= 0.01")
    old = seeds("val_loss", [3.30, 3.301, 3.299], arm="baseline", after=False)
    assert finding(locked, [*seeds("val_loss", [3.28, 3.281, 3.279]), *old]).outcome == "met"
    assert finding(locked, [*seeds("val_loss", [3.32, 3.321, 3.319]), *old]).outcome == "not_met"


def test_improvement_over_a_bare_number_is_labelled_exact():
    found = finding(lock(BETTER, baseline=[number("f1", 0.8)]), seeds("f1", [0.86, 0.862, 0.866]))
    assert found.outcome == "met"
    assert any("bare number, taken as exact" in note and "production v12" in note for note in found.notes)


def test_improvement_without_any_baseline_is_no_evidence():
    found = finding(lock(BETTER), seeds("f1", [0.86, 0.87, 0.866]))
    assert (found.outcome, found.settle.kind) == ("no_evidence", "measure")


def test_improvement_over_weak_runs_does_not_pass_a_harder_locked_number():
    # Registered against 85%, then compared with baseline runs at 80%: clearing the runs alone is not enough.
    runs = [*seeds("f1", [0.86, 0.87, 0.85, 0.866, 0.858]), *baseline(OLD)]
    found = finding(lock(BETTER, baseline=[number("f1", 0.85)]), runs)
    assert found.outcome == "unclear"
    assert "locked baseline" in found.reason


@pytest.mark.parametrize("rates", [("0.1", "0.2"), ("0.2", "0.1")])
def test_improvement_is_judged_against_the_best_of_several_baseline_groups(rates):
    weak = [
        run(i, {"f1": v}, arm="baseline", after=False, config={"lr": rates[0]}) for i, v in enumerate(OLD, 1)
    ]
    strong = [
        run(i, {"f1": v}, arm="baseline", after=False, config={"lr": rates[1]}, number=20 + i)
        for i, v in enumerate([0.85, 0.86, 0.855], 1)
    ]
    found = finding(lock(BETTER), [*seeds("f1", [0.86, 0.87, 0.85, 0.866, 0.858]), *weak, *strong])
    assert found.baseline == pytest.approx(0.855)
    assert found.outcome != "met"


def test_improvement_baseline_that_grows_after_the_lock_has_to_stand_at_a_look_too():
    new = [0.86, 0.87, 0.85, 0.866, 0.858]
    waiting = finding(lock(BETTER), [*seeds("f1", new), *baseline(OLD[:4], after=True)])
    assert waiting.outcome == "unclear"
    assert "baseline" in waiting.reason
    decided = finding(lock(BETTER), [*seeds("f1", new), *baseline(OLD[:3], after=True)])
    assert decided.alpha == 0.002


def test_improvement_over_broken_baseline_runs_is_invalid():
    new = seeds("f1", [0.86, 0.87, 0.866])
    assert finding(lock(BETTER), [*new, *baseline([0.8, float("nan"), 0.81])]).outcome == "invalid"


def test_improvement_with_constant_arms_is_unclear():
    assert finding(lock(BETTER), [*seeds("f1", [0.9] * 3), *baseline([0.8] * 3)]).outcome == "unclear"
    # Welch's t alone would call both of these shown.
    assert finding(lock(BETTER), [*seeds("f1", [0.99] * 5), *baseline(OLD)]).outcome == "unclear"
    assert (
        finding(lock(BETTER), [*seeds("f1", [0.97, 0.98, 0.99]), *baseline([0.4] * 3)]).outcome == "unclear"
    )


def test_improvement_same_run_in_both_arms_is_invalid():
    locked = lock(BETTER, baseline=[{"metric": "f1", "ticket": "EXP-1"}])
    runs = seeds("f1", [0.86, 0.87, 0.866])
    assert finding(locked, runs, baseline_runs=runs).outcome == "invalid"


def test_improvement_over_the_runs_of_another_ticket():
    locked = lock(BETTER, baseline=[{"metric": "f1", "ticket": "EXP-1"}])
    theirs = [run(i, {"f1": v}, number=50 + i, after=False) for i, v in enumerate(OLD, 1)]
    found = finding(locked, seeds("f1", [0.86, 0.87, 0.85, 0.866, 0.858]), baseline_runs=theirs)
    assert (found.outcome, found.n.baseline_seeds) == ("met", 5)


def test_paired_one_seed_an_arm_is_exact_mcnemar_about_these_models():
    rng = np.random.default_rng(3)
    old = (rng.random(500) < 0.70).astype(float)
    new = np.where(rng.random(500) < 0.25, 1.0, old)
    runs = [run(1, per_example={"f1": new}), run(1, per_example={"f1": old}, arm="baseline", after=False)]
    found = finding(lock("primary: f1 improves by > 0%"), runs)
    wins, losses = int(((new == 1) & (old == 0)).sum()), int(((new == 0) & (old == 1)).sum())
    reference = stats.binomtest(wins, wins + losses, 0.5, alternative="greater").pvalue
    assert found.p_value == pytest.approx(reference, rel=1e-9)
    assert (found.outcome, found.method) == ("met", "exact McNemar, one model")
    assert any("mid-p" in note for note in found.notes)
    assert any("not the method" in note for note in found.notes)


def test_paired_several_seeds_use_the_crossed_variance():
    rng = np.random.default_rng(11)
    item = rng.normal(0, 1, 300)[:, None]
    old = 0.5 + 0.1 * item + rng.normal(0, 0.02, (300, 5))
    locked = lock("primary: score improves by >= 0.01")
    runs = [
        *example_seeds("score", old + 0.05 + rng.normal(0, 0.001, 5)),
        *example_seeds("score", old, arm="baseline", after=False),
    ]
    found = finding(locked, runs)
    assert (found.outcome, found.n.seeds, found.n.examples) == ("met", 5, 300)
    assert "crossed" in found.method
    assert found.estimate == pytest.approx(0.05, abs=0.002)


def test_paired_examples_in_one_arm_only_are_named_and_invalid_beyond_the_limit():
    values = np.tile([1.0, 0.0], 50)
    ours = run(1, per_example={"f1": values}, ids=[f"ex-{i}" for i in range(100)])
    theirs = run(
        1, per_example={"f1": values}, ids=[f"ex-{i}" for i in range(5, 105)], arm="baseline", after=False
    )
    found = finding(lock(BETTER), [ours, theirs])
    assert found.outcome == "invalid"
    assert "ex-0" in found.reason


def test_paired_other_evaluation_set_is_invalid():
    values = np.tile([1.0, 0.0], 50)
    ours = run(1, per_example={"f1": values}, dataset="eval@3")
    theirs = run(1, per_example={"f1": values}, dataset="eval@2", arm="baseline", after=False)
    assert finding(lock(BETTER), [ours, theirs]).outcome == "invalid"


def test_noninferiority_rules_harm_beyond_the_margin_out_instead_of_seeing_no_difference():
    same = [0.80, 0.81, 0.79, 0.805, 0.795, 0.80, 0.802, 0.798]
    close = finding(lock(NO_WORSE), [*seeds("f1", same), *baseline(OLD)])
    assert (close.outcome, close.threshold) == ("met", pytest.approx(-0.02))
    # Noisy seeds: no "significant drop", and still nothing is shown.
    noisy = [0.70, 0.88, 0.79]
    assert finding(lock(NO_WORSE), [*seeds("f1", noisy), *baseline(OLD)]).outcome == "unclear"
    worse = [0.70, 0.71, 0.69, 0.705, 0.695]
    assert finding(lock(NO_WORSE), [*seeds("f1", worse), *baseline(OLD)]).outcome == "not_met"


def test_noninferiority_relative_margin_is_a_share_of_the_baseline():
    locked = lock("blocking: latency_p95 no worse than baseline by 2% relative")
    old = seeds("latency_p95", [500, 501, 499], arm="baseline", after=False)
    found = finding(locked, [*seeds("latency_p95", [500, 502, 498]), *old])
    assert found.threshold == pytest.approx(10.0)
    assert any("relative margin" in note for note in found.notes)


def test_blocking_check_without_evidence_means_iterate():
    runs = [run(i, {"accuracy": v}) for i, v in enumerate([0.90, 0.91, 0.905], 1)]
    said = verdict(lock("primary: accuracy >= 85%", NO_WORSE), runs)
    assert said.recommendation == "iterate"
    assert METRICS.require("f1").direction is HIGHER
