"""Evidence at its edges: each has one defined answer, and none of them is a silent pass."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from assay.domain.experiments.evidence import Aggregate, Scores
from assay.domain.gates.gate_record import GateResult
from assay.domain.gates.judge import judge
from assay.domain.kernel.findings import Outcome
from assay.domain.kernel.metrics import Direction, Metric
from tests.unit.domain.gates.gate_story import ACCURACY, evaluation, gate, ids, labels, one_run, run, scores

SCORE = Metric(name="score", direction=Direction.HIGHER)
COMPARED = ["accuracy improves by > 0%", "accuracy no worse than baseline by 2%"]
ALARMS = [
    {"slices": {"by": "language", "margin": "3%"}},
    {"fairness": {"by": "language", "gap": "5%"}},
    "regression",
    {"consistency": {"sd": "3%"}},
]


def side(name, values, *names):
    slices = {"language": labels(len(values), *(names or ("de", "en")))}
    return evaluation(run(name, scores(values, slices=slices)))


def real(name, values):
    return evaluation(run(name, scores(values, metric="score")), metrics=(SCORE,))


def outcomes(criteria, *sides, checks=(), **settings):
    record = judge(gate(criteria=criteria, checks=list(checks), settings=settings), *sides)
    return [finding.outcome for finding in record.findings]


@pytest.mark.parametrize("n", [1, 2, 3])
@pytest.mark.parametrize("ours", [0.0, 1.0])
@pytest.mark.parametrize("theirs", [0.0, 1.0])
@pytest.mark.parametrize("settings", [{}, {"sequential": True}])
def test_one_two_and_three_examples_show_nothing_about_another_model(n, ours, theirs, settings):
    sides = side("c", np.full(n, ours)), side("b", np.full(n, theirs))
    record = judge(gate(criteria=["accuracy >= 50%", *COMPARED], checks=ALARMS, settings=settings), *sides)
    assert record.result in (GateResult.INCONCLUSIVE, GateResult.INVALID, GateResult.FAIL)
    assert Outcome.MET not in [finding.outcome for finding in record.findings[:3]]


@pytest.mark.parametrize("n", [1, 2, 3])
@pytest.mark.parametrize("check", ALARMS[:2], ids=["slices", "fairness"])
def test_alarms_that_could_not_have_seen_anything_do_not_pass_alone(n, check):
    sides = side("c", np.ones(n)), side("b", np.ones(n))
    record = judge(gate(criteria=["accuracy >= 1%"], checks=[{**check, "role": "primary"}]), *sides)
    assert record.findings[1].outcome in (Outcome.UNCLEAR, Outcome.INVALID)
    assert record.result is not GateResult.PASS


@pytest.mark.parametrize(
    ("n", "rate", "met"), [(4, 1.0, False), (5, 1.0, True), (4, 0.0, False), (5, 0.0, False)]
)
def test_rates_of_zero_and_one_have_the_exact_bound(n, rate, met):
    record = judge(gate(criteria=["accuracy >= 50%"]), one_run(np.full(n, rate)))
    (finding,) = record.findings
    assert (finding.outcome is Outcome.MET) == met
    bound = 0.05 ** (1 / n)
    assert (finding.interval.low, finding.interval.high) == pytest.approx(
        (bound, 1) if rate else (0, 1 - bound)
    )


def test_all_equal_scores_have_no_spread_to_show_anything_by():
    for n in (1, 2, 3, 50):
        criteria = ["score >= 0.5", "score improves by > 0", "score no worse than baseline by 0.02"]
        record = judge(gate(criteria=criteria), real("c", np.full(n, 0.7)), real("b", np.full(n, 0.6)))
        assert {finding.outcome for finding in record.findings} == {Outcome.UNCLEAR}
        assert all("spread" in finding.reason for finding in record.findings)
        assert record.exit_code == 3


def test_the_same_answers_on_both_sides_are_no_improvement_and_no_shown_regression():
    same = np.r_[np.ones(90), np.zeros(10)]
    assert outcomes(COMPARED, side("c", same), side("b", same)) == [Outcome.UNCLEAR, Outcome.UNCLEAR]
    many = np.tile(same, 20)
    assert outcomes(COMPARED, side("c", many), side("b", many)) == [Outcome.UNCLEAR, Outcome.MET]


def test_a_constant_baseline_is_compared_with_by_pairs():
    better, perfect = np.r_[np.ones(90), np.zeros(10)], np.ones(100)
    assert outcomes(COMPARED, side("c", better), side("b", perfect)) == [Outcome.NOT_MET, Outcome.NOT_MET]
    assert outcomes(COMPARED, side("c", better), side("b", 1 - perfect)) == [Outcome.MET, Outcome.MET]


def test_one_run_without_its_examples_waits_for_more_seeds():
    figure = evaluation(replace(run("c", seed=1), aggregates={"score": Aggregate(0.9)}), metrics=(SCORE,))
    assert outcomes(["score >= 0.5", "sd of score <= 0.1"], figure) == [
        Outcome.NO_EVIDENCE,
        Outcome.NO_EVIDENCE,
    ]


def test_seeds_that_all_gave_one_value_show_nothing():
    def seeds(name, value):
        runs = [replace(run(f"{name}{s}", seed=s), aggregates={"score": Aggregate(value)}) for s in range(3)]
        return evaluation(*runs, metrics=(SCORE,))

    criteria = ["score >= 0.5", "score improves by > 0", "sd of score <= 0.1"]
    assert outcomes(criteria, seeds("c", 0.7), seeds("b", 0.6)) == [Outcome.UNCLEAR] * 3


@pytest.mark.parametrize(
    "values",
    [np.full(50, 85.0), np.r_[np.ones(25), np.full(25, 100.0)], np.r_[np.full(45, 100.0), np.zeros(5)]],
    ids=["85", "1 and 100", "0 and 100"],
)
@pytest.mark.parametrize("mode", ["bound", "point"])
def test_percentages_where_a_fraction_is_meant_are_invalid_and_say_so(values, mode):
    record = judge(gate(criteria=["accuracy >= 50%"], settings={"mode": mode}), one_run(values))
    assert (record.result, record.exit_code) == (GateResult.INVALID, 2)
    assert "percentage" in record.findings[0].reason


BROKEN = {
    "unequal lengths": Scores("accuracy", None, ids(4), np.ones(5)),
    "no example": Scores("accuracy", None, (), np.ones(0)),
    "duplicated ids": Scores("accuracy", None, ("a", "a", "b"), np.ones(3)),
    "NaN": Scores("accuracy", None, ids(3), np.array([1.0, np.nan, 1.0])),
    "infinity": Scores("accuracy", None, ids(3), np.array([1.0, np.inf, 1.0])),
    "clusters of another length": Scores("accuracy", None, ids(3), np.ones(3), clusters=("a", "b")),
    "too large": Scores("accuracy", None, ids(3), np.array([1.0, 1e200, 1.0])),
}


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN)
@pytest.mark.parametrize("mode", ["bound", "point"])
def test_broken_scores_are_invalid_on_either_side_and_in_either_mode(broken, mode):
    good, bad = side("good", np.ones(50)), evaluation(run("bad", broken))
    for sides in ((bad, good), (good, bad)):
        record = judge(gate(criteria=COMPARED, checks=["regression"], settings={"mode": mode}), *sides)
        assert (record.result, record.exit_code) == (GateResult.INVALID, 2)
        assert record.settle is not None


@pytest.mark.parametrize(("ours", "theirs"), [("s@3", "s@2"), ("s@3", None), (None, "s@2")])
def test_other_versions_of_the_evaluation_set_are_not_compared(ours, theirs):
    sides = [
        evaluation(run(name, scores(values), dataset=version))
        for name, values, version in (("c", np.ones(500), ours), ("b", np.zeros(500), theirs))
    ]
    assert outcomes(COMPARED, *sides) == [Outcome.INVALID, Outcome.INVALID]


def test_runs_on_two_sets_are_no_method():
    runs = [run(f"c{s}", scores(np.ones(50)), dataset=f"s@{s}", seed=s) for s in (1, 2, 3)]
    assert outcomes(["accuracy >= 50%"], evaluation(*runs)) == [Outcome.INVALID]


def test_sides_of_other_lengths_fail_closed_and_name_what_is_missing():
    record = judge(gate(criteria=COMPARED), side("c", np.ones(10)), side("b", np.ones(7)))
    assert record.result is GateResult.INVALID
    assert "q00007" in record.detail


def test_a_seed_with_two_results_is_invalid():
    runs = [
        run(f"c{i}", scores(values, seed=1), seed=1) for i, values in enumerate((np.ones(9), np.zeros(9)))
    ]
    assert outcomes(["accuracy >= 50%"], evaluation(*runs)) == [Outcome.INVALID]


def test_one_slice_for_all_is_no_comparison_of_groups():
    found = judge(gate(criteria=["accuracy >= 50%"], checks=[ALARMS[1]]), side("c", np.ones(50), "de"))
    assert found.findings[1].outcome is Outcome.INVALID
    assert ACCURACY.name in found.findings[1].check


def test_seeds_that_change_nothing_wait_for_the_next_look_and_say_so():
    values = np.r_[np.ones(40), np.zeros(10)]
    runs = [run(f"c{s}", scores(values, seed=s), seed=s) for s in range(3)]
    (finding,) = judge(gate(criteria=["accuracy >= 50%"]), evaluation(*runs)).findings
    assert finding.outcome is Outcome.UNCLEAR
    assert finding.settle.text.startswith("next look at 5 seeds: 2 more")
    assert any("the seed changes nothing" in note for note in finding.notes)
