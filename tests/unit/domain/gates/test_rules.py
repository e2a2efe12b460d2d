"""Curves, resources, plateau, gap: as criteria of a ticket, and as rules of thumb of a project."""

import math
from datetime import timedelta
from decimal import Decimal

import pytest

from assay.domain.experiments.evidence import RunStatus
from assay.domain.gates.kill_rules import settings_without
from assay.domain.gates.settings import KillRules, VerdictSettings
from tests.unit.domain.gates.cases import LOCKED, finding, lock, run, seeds, verdict

ACCURACY = "primary: accuracy >= 85%"
NAN, INF = float("nan"), float("inf")


def losses(*curves, **fields):
    return [run(i, curves={"train_loss": values}, **fields) for i, values in enumerate(curves, 1)]


@pytest.mark.parametrize("bad", [NAN, INF, -INF])
def test_diverges_is_met_by_one_seed_and_kills_where_the_ticket_says_so(bad):
    runs = losses([2.0, 1.5], [2.0, bad])
    said = verdict(lock(ACCURACY, "kill: train_loss diverges"), runs)
    assert said.recommendation == "kill"
    assert "seed 2" in said.findings[1].reason
    assert "step 1" in said.findings[1].reason


def test_diverges_counts_a_crashed_run_as_evidence():
    runs = losses([2.0, NAN], status=RunStatus.FAILED)
    assert finding(lock(ACCURACY, "kill: train_loss diverges"), runs, 1).outcome == "met"


def test_diverges_is_not_met_by_finite_curves_and_unknown_without_any():
    locked = lock(ACCURACY, "kill: train_loss diverges")
    assert finding(locked, losses([2.0, 1.0]), 1).outcome == "not_met"
    assert finding(locked, seeds("accuracy", [0.9]), 1).outcome == "no_evidence"


@pytest.mark.parametrize(
    ("curves", "outcome"),
    [
        ([[3.0, 2.0, 1.5], [3.0, 2.1, 1.6]], "met"),
        ([[3.0, 2.0, 2.0], [3.0, 2.1, 2.5]], "not_met"),
        ([[3.0, 2.0, 1.5], [3.0, 2.1, 2.5]], "unclear"),
        ([[3.0, 2.0, 1.5, 2.2]], "unclear"),
        ([[3.0, 2.0]], "no_evidence"),
        ([[3.0, 2.0, NAN]], "invalid"),
    ],
)
def test_falls_after_an_epoch_is_judged_over_all_runs(curves, outcome):
    assert (
        finding(lock(ACCURACY, "secondary: train_loss falls after epoch 1"), losses(*curves), 1).outcome
        == outcome
    )
    opposite = {"met": "not_met", "not_met": "met"}.get(outcome, outcome)
    assert (
        finding(lock(ACCURACY, "kill: train_loss does not fall after epoch 1"), losses(*curves), 1).outcome
        == opposite
    )


def test_compute_over_twice_the_budget_kills_only_where_the_ticket_says_so():
    runs = seeds("accuracy", [0.80, 0.81, 0.80, 0.82, 0.81], gpu_hours=10.0)
    written = verdict(lock(ACCURACY, "kill: compute > 2x budget", gpu_hours=24), runs)
    assert (written.recommendation, written.findings[1].estimate) == ("kill", 50.0)
    silent = verdict(lock(ACCURACY, gpu_hours=24), runs)
    assert silent.recommendation == "iterate"
    advice = next(a for a in silent.advice if a.rule == "over_budget")
    assert not advice.advises_kill


@pytest.mark.parametrize(
    ("costs", "reason"),
    [
        ((60.0, 60.0, 60.0), None),
        ((100.0, 100.0, 100.0), "300 USD, more than 2x the budget of 100"),
        ((250.0, None, None), "at least 250 USD, more than 2x the budget of 100"),
        ((None, None, None), None),
    ],
)
def test_money_over_twice_the_budget_is_advised_of_like_compute(costs, reason):
    runs = [run(n, {"accuracy": 0.8 + n / 100}, cost_usd=cost) for n, cost in enumerate(costs, start=1)]
    advice = [a for a in verdict(lock(ACCURACY, cost_usd=100), runs).advice if a.rule == "over_budget"]
    assert [(a.reason, a.advises_kill) for a in advice] == ([] if reason is None else [(reason, False)])


def test_money_and_compute_over_budget_are_told_together():
    runs = seeds("accuracy", [0.80, 0.81, 0.80], gpu_hours=20.0, cost_usd=80.0)
    said = verdict(lock(ACCURACY, gpu_hours=24, cost_usd=100), runs)
    assert [a.reason for a in said.advice if a.rule == "over_budget"] == [
        "60 GPU-hours, more than 2x the budget of 24; 240 USD, more than 2x the budget of 100"
    ]


def test_compute_that_a_run_does_not_say_is_unknown_never_zero():
    locked = lock(ACCURACY, "kill: compute > 2x budget", "blocking: compute <= 24 GPU-h", gpu_hours=24)
    partly = [run(1, {"accuracy": 0.9}, gpu_hours=5.0), run(2, {"accuracy": 0.91})]
    said = verdict(locked, partly)
    assert [f.outcome for f in said.findings[1:]] == ["no_evidence", "no_evidence"]
    assert all(f.estimate is None for f in said.findings[1:])
    assert [f.outcome for f in verdict(locked, []).findings[1:]] == ["no_evidence", "no_evidence"]


def test_compute_known_part_can_show_that_a_limit_is_passed():
    locked = lock(ACCURACY, "kill: compute > 2x budget", "blocking: compute <= 24 GPU-h", gpu_hours=24)
    partly = [run(1, {"accuracy": 0.9}, gpu_hours=49.0), run(2, {"accuracy": 0.91})]
    assert [f.outcome for f in verdict(locked, partly).findings[1:]] == ["met", "not_met"]


def test_compute_of_deleted_failed_and_earlier_runs_was_spent_too():
    locked = lock(ACCURACY, "kill: compute > 2x budget", gpu_hours=10)
    runs = [
        run(1, {"accuracy": 0.9}, gpu_hours=8.0), run(2, gpu_hours=8.0, deleted=True),
        run(3, gpu_hours=8.0, status=RunStatus.FAILED),
    ]  # fmt: skip
    assert finding(locked, runs, 1).estimate == 24.0


@pytest.mark.parametrize("bad", [NAN, INF, -1.0, 1e300])
def test_compute_that_is_no_amount_is_invalid(bad):
    locked = lock(ACCURACY, "kill: compute > 2x budget", gpu_hours=10)
    assert finding(locked, [run(1, {"accuracy": 0.9}, gpu_hours=bad)], 1).outcome == "invalid"


def test_compute_without_a_budget_is_no_evidence():
    assert (
        finding(
            lock(ACCURACY, "kill: compute > 2x budget"), seeds("accuracy", [0.9], gpu_hours=1.0), 1
        ).outcome
        == "no_evidence"
    )


def test_cost_and_time_are_compared_with_their_amounts():
    locked = lock(ACCURACY, "kill: cost > 500 USD", "kill: time > 10 d")
    runs = seeds("accuracy", [0.9, 0.91], cost_usd=300.0)
    day_7 = verdict(locked, runs, now=LOCKED + timedelta(days=7, hours=5))
    assert [f.outcome for f in day_7.findings[1:]] == ["met", "not_met"]
    assert day_7.findings[2].estimate == 7.0
    day_11 = verdict(locked, runs, now=LOCKED + timedelta(days=11))
    assert day_11.findings[2].outcome == "met"
    before = verdict(locked, runs, now=LOCKED - timedelta(hours=1))
    assert before.findings[2].outcome == "no_evidence"


def groups(*values, metric="accuracy"):
    """One seed group a list of values, in the order in which they were begun."""
    found, place = [], 0
    for index, seed_values in enumerate(values):
        for seed, value in enumerate(seed_values, 1):
            place += 1
            found.append(run(seed, {metric: value}, config={"depth": str(index)}, number=place))
    return found


def test_plateau_looks_at_the_last_three_seed_groups_in_starting_order():
    locked = lock(ACCURACY, "kill: accuracy plateau 1% over 3 runs")
    flat = groups([0.60], [0.80, 0.81], [0.806], [0.80])
    found = finding(locked, flat, 1)
    assert (found.outcome, found.n.runs) == ("met", 4)
    assert finding(locked, groups([0.80], [0.806], [0.80], [0.70]), 1).outcome == "not_met"


def test_plateau_seeds_of_one_group_are_one_run_of_the_rule():
    locked = lock(ACCURACY, "kill: accuracy plateau 1% over 3 runs")
    assert finding(locked, groups([0.80, 0.801, 0.802, 0.803]), 1).outcome == "no_evidence"


def test_plateau_at_the_target_is_no_plateau():
    locked = lock(ACCURACY, "kill: accuracy plateau 1% over 3 runs")
    assert finding(locked, groups([0.85], [0.856], [0.858]), 1).outcome == "not_met"


def test_plateau_exactly_at_the_tolerance_lies_within_it():
    locked = lock(ACCURACY, "kill: accuracy plateau 1% over 3 runs")
    assert finding(locked, groups([0.80], [0.81], [0.805]), 1).outcome == "met"


def test_gap_is_a_claim_that_the_bound_has_to_show():
    locked = lock(ACCURACY, "kill: accuracy gap > 15%")
    assert finding(locked, seeds("accuracy", [0.60, 0.61, 0.605]), 1).outcome == "met"
    assert finding(locked, seeds("accuracy", [0.60]), 1).outcome == "unclear"
    assert finding(locked, seeds("accuracy", [0.84, 0.841, 0.842]), 1).outcome == "not_met"


def rules(said):
    return [advice.rule for advice in said.advice]


def test_rules_of_thumb_advise_and_never_decide():
    far = verdict(lock(ACCURACY), seeds("accuracy", [0.60, 0.61, 0.605, 0.602, 0.607]))
    assert (far.recommendation, rules(far)) == ("iterate", ["gap"])
    flat = verdict(lock(ACCURACY), groups([0.80], [0.801], [0.802]))
    assert "plateau" in rules(flat)
    assert flat.recommendation != "kill"


def test_rules_of_thumb_are_silent_about_killing_once_the_primary_is_met():
    runs = [
        run(i, {"accuracy": v}, curves={"train_loss": [1.0, 1.0, 1.1]})
        for i, v in enumerate([0.90, 0.91, 0.905], 1)
    ]
    assert verdict(lock(ACCURACY), runs).recommendation == "promote"
    assert rules(verdict(lock(ACCURACY), runs)) == []
    behind = [
        run(i, {"accuracy": v}, curves={"train_loss": [1.0, 1.0, 1.1]})
        for i, v in enumerate([0.80, 0.81, 0.805], 1)
    ]
    assert "not_falling" in rules(verdict(lock(ACCURACY), behind))


def test_rule_gap_needs_a_real_result_and_a_fraction():
    assert rules(verdict(lock(ACCURACY), [])) == []
    assert rules(verdict(lock("primary: score >= 10"), seeds("score", [1.0, 1.1, 1.2]))) == []


def test_rule_plateau_default_tolerance_is_for_fractions_only_unless_set():
    locked = lock("primary: score >= 10")
    runs = groups([1.0], [1.001], [1.002], metric="score")
    assert "plateau" not in rules(verdict(locked, runs))
    tuned = VerdictSettings(
        kill_rules=KillRules(plateau_tolerance_for="all", plateau_tolerance=Decimal("0.01"))
    )
    assert "plateau" in rules(verdict(locked, runs, settings=tuned))


def test_rule_plateau_goes_by_the_tolerance_of_the_metric_in_its_own_unit():
    locked = lock("primary: score >= 10")
    runs = groups([1.0], [1.2], [1.4], metric="score")
    for tolerance, speaks in (("0.5", True), ("0.3", False)):
        rules_of = KillRules(plateau_tolerances={"score": Decimal(tolerance)})
        said = verdict(locked, runs, settings=VerdictSettings(kill_rules=rules_of))
        assert ("plateau" in rules(said)) is speaks
    other = VerdictSettings(kill_rules=KillRules(plateau_tolerances={"accuracy": Decimal("0.5")}))
    assert "plateau" not in rules(verdict(locked, runs, settings=other))


def test_settings_without_tolerances_of_metrics_are_recorded_as_ever():
    assert "plateau_tolerances" not in KillRules().model_dump(mode="json")
    own = KillRules(plateau_tolerances={"score": Decimal("0.5")})
    assert KillRules.model_validate_json(own.model_dump_json()) == own


def test_rule_diverged_names_the_run():
    said = verdict(lock(ACCURACY), [run(1, {"accuracy": 0.5}, curves={"train_loss": [2.0, NAN]})])
    assert next(a for a in said.advice if a.rule == "diverged").reason.endswith(
        "candidate-1 (seed 1) at step 1"
    )


def test_rule_time_box_speaks_when_its_days_are_over():
    locked = lock(ACCURACY, time_box_days=10)
    assert "time_box" not in rules(verdict(locked, [], now=LOCKED + timedelta(days=9, hours=23)))
    assert "time_box" in rules(verdict(locked, [], now=LOCKED + timedelta(days=10)))


def test_rule_median_compares_the_declared_candidate_with_its_peers():
    def climb(place, values):
        return run(1, curves={"accuracy": values}, config={"depth": str(place)}, number=place)

    peers = [climb(i, [0.5, 0.7, 0.8]) for i in range(1, 5)]
    behind = climb(9, [0.3, 0.4, 0.5])
    said = verdict(lock(ACCURACY, candidate="depth=9"), [*peers, behind])
    assert "median" in rules(said)
    assert "median" not in rules(verdict(lock(ACCURACY, candidate="depth=9"), [*peers[:2], behind]))


def test_rules_can_be_switched_off_by_project_or_ticket():
    runs = seeds("accuracy", [0.60, 0.61, 0.605])
    off = VerdictSettings(kill_rules=KillRules(enabled=()))
    assert rules(verdict(lock(ACCURACY), runs, settings=off)) == []
    assert rules(verdict(lock(ACCURACY), runs, settings=settings_without(VerdictSettings(), ["gap"]))) == []


def test_rule_reasons_hold_no_number_that_is_not_finite():
    runs = [run(1, {"accuracy": math.inf}, gpu_hours=math.nan)]
    assert all(
        "inf" not in a.reason and "nan" not in a.reason
        for a in verdict(lock(ACCURACY, gpu_hours=1), runs).advice
    )
