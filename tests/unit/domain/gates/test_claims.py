"""Thresholds, rates and counts: which claims are met, ruled out or unclear, against published and other numbers."""

import numpy as np
import pytest
from scipy import stats

from assay.domain.experiments.criteria.model import Quantity, Threshold
from assay.domain.gates.settings import VerdictSettings
from tests.unit.domain.gates.cases import example_seeds, finding, lock, run, seeds, verdict, with_criterion

ACCURACY = "primary: accuracy >= 85%"


def flags(passed, n):
    return np.array([1.0] * passed + [0.0] * (n - passed))


def test_threshold_at_a_look_uses_the_one_sample_t_at_the_nominal_level():
    values = [0.861, 0.872, 0.858, 0.866, 0.870]
    found = finding(lock(ACCURACY), seeds("accuracy", values))
    reference = stats.ttest_1samp(values, 0.85, alternative="greater")
    assert found.p_value == pytest.approx(reference.pvalue, abs=1e-12)
    assert found.alpha == 0.012
    span = stats.t.interval(1 - 2 * 0.012, 4, np.mean(values), stats.sem(values))
    assert (found.interval.low, found.interval.high) == pytest.approx(span, abs=1e-12)
    assert found.interval.label == "97.6% two-sided (one-sided 0.012)"
    assert "look 2 of 4" in found.method
    assert found.outcome == "met"


@pytest.mark.parametrize(("n", "alpha"), [(3, 0.002), (5, 0.012), (8, 0.026), (10, 0.036)])
def test_threshold_default_stages_have_their_registered_levels(n, alpha):
    found = finding(lock(ACCURACY), seeds("accuracy", np.linspace(0.84, 0.87, n)))
    assert found.alpha == alpha


@pytest.mark.parametrize("n", [1, 2, 4, 6, 7, 9])
def test_threshold_between_looks_shows_the_estimate_names_the_next_look_and_decides_nothing(n):
    found = finding(lock(ACCURACY), seeds("accuracy", np.linspace(0.95, 0.97, n), gpu_hours=2.0))
    assert found.outcome == "unclear"
    assert found.estimate == pytest.approx(float(np.mean(np.linspace(0.95, 0.97, n))))
    assert found.interval is None
    following = next(s for s in (3, 5, 8, 10) if s > n)
    assert found.settle.amount == following - n
    assert found.settle.gpu_hours == 2.0 * (following - n)
    assert str(following) in found.reason


def test_threshold_other_plan_spends_by_obrien_fleming_over_its_maximum():
    single = finding(lock(ACCURACY, stages=(12,)), seeds("accuracy", np.linspace(0.84, 0.87, 12)))
    assert single.alpha == pytest.approx(0.05)
    first = finding(lock(ACCURACY, stages=(6, 12)), seeds("accuracy", np.linspace(0.84, 0.87, 6)))
    # Lan and DeMets 1983: one-sided .05 spent at half of the information is 2 - 2 Phi(z_.025 / sqrt(.5)).
    assert first.alpha == pytest.approx(
        2 - 2 * stats.norm.cdf(stats.norm.ppf(0.975) / np.sqrt(0.5)), abs=1e-9
    )


def test_threshold_past_the_last_look_is_decided_by_the_first_seeds_begun():
    values = [*np.linspace(0.88, 0.90, 10), 0.1, 0.1]
    found = finding(lock(ACCURACY), seeds("accuracy", values))
    assert (found.outcome, found.n.seeds) == ("met", 10)
    assert any("first 10" in note for note in found.notes)


def test_threshold_still_unclear_at_the_last_look_says_so():
    found = finding(lock(ACCURACY), seeds("accuracy", np.linspace(0.83, 0.872, 10)))
    assert (found.outcome, found.settle.kind) == ("unclear", "too_close")
    assert "last registered look" in found.settle.text


def test_threshold_opposite_bound_rules_out():
    found = finding(lock(ACCURACY), seeds("accuracy", [0.70, 0.71, 0.705, 0.702, 0.707]))
    assert found.outcome == "not_met"


def test_threshold_unclear_names_how_many_seeds_would_probably_settle_it():
    found = finding(lock(ACCURACY), seeds("accuracy", [0.856, 0.858, 0.853]))
    assert (found.outcome, found.settle.kind) == ("unclear", "seeds")
    assert "would settle it" in found.settle.text


def test_threshold_constant_seeds_are_unclear_and_never_promote():
    said = verdict(lock(ACCURACY), seeds("accuracy", [0.99] * 5))
    assert (said.recommendation, said.findings[0].outcome) == ("undecided", "unclear")
    assert "without any spread" in said.findings[0].reason


def test_threshold_unit_of_the_criterion_is_converted():
    test = Threshold(metric="latency_p95", comparison="<", value=Quantity(value="0.5", unit="s"))
    found = finding(with_criterion("primary", test), seeds("latency_p95", [430, 431, 433]))
    assert (found.outcome, found.threshold, found.unit) == ("met", 500.0, "ms")


def test_threshold_in_a_unit_that_cannot_be_compared_is_invalid():
    test = Threshold(metric="latency_p95", comparison="<", value=Quantity(value="0.5", unit="USD"))
    assert (
        finding(with_criterion("primary", test), seeds("latency_p95", [430, 431, 433])).outcome == "invalid"
    )


def test_kill_threshold_is_met_only_when_the_upper_bound_is_below():
    locked = lock(ACCURACY, "kill: accuracy < 78%")
    near = verdict(locked, seeds("accuracy", [0.76, 0.80, 0.74, 0.79, 0.77]))
    assert (near.findings[1].outcome, near.recommendation != "kill") == ("unclear", True)
    far = verdict(locked, seeds("accuracy", [0.70, 0.71, 0.705, 0.702, 0.707]))
    assert (far.findings[1].outcome, far.recommendation) == ("met", "kill")


def test_rate_with_one_seed_is_decided_by_clopper_pearson_about_these_models():
    locked = lock("primary: toxicity < 1%")
    # methods: 299 clean cases show less than 1% at 95%, 298 do not.
    clean = finding(locked, [run(1, per_example={"toxicity": flags(0, 299)})])
    assert clean.outcome == "met"
    assert clean.alpha == 0.05
    assert any("these models, not the method" in note for note in clean.notes)
    assert any("Wilson (display only)" in note for note in clean.notes)
    exact = stats.binomtest(0, 299).proportion_ci(0.9, method="exact")
    assert clean.interval.high == pytest.approx(exact.high, abs=1e-12)
    assert finding(locked, [run(1, per_example={"toxicity": flags(0, 298)})]).outcome == "unclear"


def test_rate_zero_of_1000_leaves_a_tenth_of_a_percent_unclear_and_says_how_many_prompts_are_needed():
    found = finding(lock("blocking: toxicity < 0.1%"), [run(1, per_example={"toxicity": flags(0, 1000)})])
    assert (found.outcome, found.settle.kind, found.settle.amount) == ("unclear", "examples", 2995 - 1000)
    assert found.interval.high == pytest.approx(0.0030, abs=5e-5)
    assert "1,995 more examples would settle it" in found.settle.text


def test_rate_at_the_threshold_is_never_met():
    # scorecard G7b: a one-sided Wilson bound would pass about 7% of such models.
    for n in (20, 50, 300):
        found = finding(
            lock("primary: accuracy >= 80%"), [run(1, per_example={"accuracy": flags(int(0.8 * n), n)})]
        )
        assert found.outcome == "unclear"


def test_rate_over_several_seeds_is_about_the_method_and_uses_a_look():
    rng = np.random.default_rng(7)
    skill = rng.random(400)
    matrix = np.stack([(skill + rng.normal(0, 0.05, 400) < 0.93).astype(float) for _ in range(5)], axis=1)
    found = finding(lock(ACCURACY), example_seeds("accuracy", matrix))
    assert (found.outcome, found.alpha, found.n.seeds, found.n.examples) == ("met", 0.012, 5, 400)
    assert not any("not the method" in note for note in found.notes)


def test_rate_over_several_seeds_asks_for_examples_where_more_seeds_could_not_settle_it():
    # The same 60 examples fail under every seed: the seeds agree, the examples are few.
    column = flags(53, 60)
    matrix = np.column_stack([column, column, np.roll(column, 1)])
    found = finding(lock(ACCURACY), example_seeds("accuracy", matrix))
    assert found.outcome == "unclear"
    assert found.settle.kind in {"examples", "too_close"}


def test_count_equal_to_zero_is_a_census_with_the_bound_of_the_rate_beside_it():
    locked = lock("blocking: pii_leaks == 0", "primary: accuracy >= 1%")
    clean = finding(locked, [run(1, per_example={"pii_leaks": flags(0, 50), "accuracy": flags(50, 50)})])
    assert (clean.outcome, clean.method) == ("met", "census of the examined set")
    # "0 of 50" only shows less than 5.8%.
    assert any("0 of 50" in note and "5.8%" in note for note in clean.notes)
    leaky = finding(locked, [run(1, per_example={"pii_leaks": flags(2, 50), "accuracy": flags(50, 50)})])
    assert (leaky.outcome, leaky.estimate) == ("not_met", 2.0)
    bare = finding(locked, [run(1, {"pii_leaks": 0.0, "accuracy": 0.9})])
    assert bare.outcome == "met"
    assert any("nothing is known of the rate" in note for note in bare.notes)


def test_count_that_is_zero_in_sum_only_is_no_census_of_zero():
    locked = lock("blocking: pii_leaks == 0", "primary: accuracy >= 1%")
    scores = {"pii_leaks": np.array([-1.0, 1.0, 0.0]), "accuracy": flags(3, 3)}
    found = finding(locked, [run(1, per_example=scores)])
    assert found.outcome == "invalid"
    assert "has a count below 0" in found.reason


def test_zero_has_to_hold_for_every_example_where_values_can_cancel():
    locked = lock("blocking: score == 0", "primary: accuracy >= 1%")
    scores = {"score": np.array([-1.0, 1.0, 0.0]), "accuracy": flags(3, 3)}
    found = finding(locked, [run(1, per_example=scores)])
    assert found.outcome == "not_met"
    assert "0 overall, but not on 2 examples, in seed 1" in found.reason
    assert any("2 of 3" in note for note in found.notes)
    scores["score"] = np.zeros(3)
    assert finding(locked, [run(1, per_example=scores)]).outcome == "met"


def test_scores_broken_in_any_way_are_invalid():
    locked = lock(ACCURACY)
    good = {"accuracy": flags(95, 100)}
    assert finding(locked, [run(1, per_example=good, ids=["same"] * 100)]).outcome == "invalid"
    assert (
        finding(locked, [run(1, per_example={"accuracy": np.append(flags(95, 99), np.nan)})]).outcome
        == "invalid"
    )
    assert (
        finding(locked, [run(1, per_example=good, scores_error="duplicated ids in row 7")]).outcome
        == "invalid"
    )
    assert finding(locked, [run(1, per_example={"accuracy": []})]).outcome == "invalid"
    others = [run(1, per_example=good), run(2, per_example=good, ids=[f"other-{i}" for i in range(100)])]
    found = finding(locked, others)
    assert found.outcome == "invalid"
    assert "not shared" in found.reason


def test_scores_of_other_examples_in_one_seed_are_named_and_invalid_beyond_one_percent():
    def three(missing):
        ids = [f"ex-{i}" for i in range(200)]
        other = [f"new-{i}" if i < missing else f"ex-{i}" for i in range(200)]
        return [
            run(n, per_example={"accuracy": flags(190, 200)}, ids=i)
            for n, i in ((1, ids), (2, ids), (3, other))
        ]

    assert finding(lock(ACCURACY), three(5)).outcome == "invalid"
    tolerated = finding(lock(ACCURACY), three(1))
    assert tolerated.n.examples == 199
    assert any("left out: ex-0, new-0" in note for note in tolerated.notes)


def test_count_threshold_compares_totals_of_seeds_not_means_of_examples():
    locked = lock("primary: pii_leaks <= 5")
    leaky = [run(i, per_example={"pii_leaks": flags(20 + i, 100)}) for i in (1, 2, 3)]
    found = finding(locked, leaky)
    assert (found.estimate, found.outcome) == (22.0, "not_met")


def test_scores_and_a_logged_value_that_disagree_are_noted_and_the_scores_count():
    found = finding(lock(ACCURACY), [run(1, {"accuracy": 0.99}, per_example={"accuracy": flags(80, 100)})])
    assert found.estimate == pytest.approx(0.8)
    assert any("the scores count" in note for note in found.notes)


def test_point_mode_decides_by_the_estimate_and_shows_the_strict_answer():
    settings = VerdictSettings(strictness="point")
    said = verdict(lock(ACCURACY), seeds("accuracy", [0.84, 0.88, 0.86]), settings=settings)
    assert said.recommendation == "promote"
    assert any("strict answer is unclear" in note for note in said.findings[0].notes)
    assert any("strict answer is undecided" in note for note in said.notes)
    strict = verdict(lock(ACCURACY), seeds("accuracy", [0.84, 0.88, 0.86]))
    assert (strict.recommendation, strict.point_recommendation) == ("undecided", "promote")


def test_point_mode_does_not_pass_broken_or_missing_evidence():
    settings = VerdictSettings(strictness="point")
    for runs in ([], seeds("accuracy", [0.9, float("nan")]), seeds("f1", [0.9, 0.9])):
        assert verdict(lock(ACCURACY), runs, settings=settings).recommendation == "undecided"


def test_secondary_claims_are_holm_corrected_together():
    values = [0.861, 0.872, 0.858, 0.866, 0.870]
    runs = [run(i, {"accuracy": v, "f1": 0.5 + 0.01 * i}) for i, v in enumerate(values, 1)]
    both = verdict(lock(ACCURACY, "secondary: accuracy >= 84%", "secondary: f1 >= 50%"), runs)
    assert both.findings[0].alpha == 0.012
    assert sorted(f.alpha for f in both.findings[1:]) == pytest.approx([0.006, 0.012])
    alone = verdict(lock(ACCURACY, "secondary: accuracy >= 84%"), runs)
    assert alone.findings[1].alpha == 0.012


def test_condition_after_seeds_or_training_waits():
    locked = lock(ACCURACY, "kill: accuracy < 78% after 5 seeds")
    found = finding(locked, seeds("accuracy", [0.70, 0.701, 0.702]), 1)
    assert (found.outcome, found.settle.amount) == ("no_evidence", 2)
    assert finding(locked, seeds("accuracy", [0.70, 0.701, 0.702, 0.703, 0.7]), 1).outcome == "met"
