"""Figures that a tool reported without the examples behind them: what they may and may not decide."""

import math
from dataclasses import replace

import numpy as np
import pytest

from assay.domain.experiments.evidence import Aggregate
from assay.domain.gates.gate_record import GateResult
from assay.domain.gates.judge import judge
from assay.domain.kernel.findings import Outcome
from assay.domain.kernel.metrics import Direction, Metric, Unit
from assay.stats.proportions import proportion_against_threshold
from assay.stats.summaries import Summary, compare_summaries
from assay.stats.welch import welch_comparison
from tests.unit.domain.gates.gate_story import evaluation, gate, one_run, run

LOSS = Metric(name="loss", direction=Direction.LOWER)
LATENCY = Metric(name="latency", direction=Direction.LOWER, unit=Unit.MILLISECONDS)


def reported(value, stderr=None, n=None, *, metric="accuracy", name="candidate", seed=None, metrics=None):
    one = replace(run(name, seed=seed), aggregates={metric: Aggregate(value, stderr, n)})
    return evaluation(one) if metrics is None else evaluation(one, metrics=metrics)


def asked(criterion, *sides, **fields):
    (answer,) = judge(gate(criteria=[criterion], **fields), *sides).answers
    return answer


def test_rate_with_a_standard_error_is_held_to_the_exact_bound_it_speaks_of():
    stderr = math.sqrt(0.9 * 0.1 / 999)
    found = asked("accuracy >= 88%", reported(0.9, stderr, 1000)).finding
    exact = proportion_against_threshold(900, 1000, 0.88)
    assert found.outcome is Outcome.MET
    assert found.p_value == pytest.approx(exact.p_greater, rel=1e-6)
    assert (found.n.examples, found.n.runs) == (1000, 1)
    assert any("as reported" in note for note in found.notes)


def test_rate_of_a_whole_count_without_a_standard_error_is_judged_exactly():
    answers = [asked("accuracy >= 85%", reported(0.9, None, n)) for n in (1000, 100)]
    assert [one.finding.outcome for one in answers] == [Outcome.MET, Outcome.UNCLEAR]
    exact = proportion_against_threshold(900, 1000, 0.85)
    assert answers[0].finding.p_value == pytest.approx(exact.p_greater, rel=1e-12)
    assert answers[1].finding.settle.kind == "examples"
    assert answers[1].finding.settle.amount > 50


@pytest.mark.parametrize(
    ("figure", "lacks"),
    [
        ((0.9, None, None), "no standard error"),
        ((0.9, 0.0, None), "a standard error of 0"),
        ((0.8457, None, 1000), "no standard error"),
        ((1.0, None, 0), "0 examples"),
    ],
)
def test_figure_without_anything_to_judge_it_by_is_no_evidence_and_says_what_is_missing(figure, lacks):
    record = judge(gate(criteria=["accuracy >= 50%"]), reported(*figure))
    (answer,) = record.answers
    assert (answer.finding.outcome, record.exit_code) == (Outcome.NO_EVIDENCE, 3)
    assert lacks in answer.finding.reason
    assert "standard error" in answer.finding.settle.text
    assert answer.finding.interval is None


def test_figure_of_another_unit_needs_its_standard_error():
    good = asked("loss <= 0.5", reported(0.3, 0.05, 40, metric="loss", metrics=(LOSS,))).finding
    none = asked("loss <= 0.5", reported(0.3, None, 40, metric="loss", metrics=(LOSS,))).finding
    assert (good.outcome, none.outcome) == (Outcome.MET, Outcome.NO_EVIDENCE)
    assert good.method.startswith("t of a reported figure")


@pytest.mark.parametrize(
    "figure", [(math.nan, 0.01, 10), (0.9, math.nan, 10), (0.9, -0.1, 10), (90.0, 0.01, 10)]
)
def test_figures_that_cannot_be_are_invalid(figure):
    assert asked("accuracy >= 50%", reported(*figure)).finding.outcome is Outcome.INVALID


def test_blocking_check_on_a_figure_without_a_standard_error_fails_the_gate():
    record = judge(gate(blocking=["accuracy >= 50%"]), reported(0.9))
    assert (record.result, record.exit_code) == (GateResult.FAIL, 1)


def test_two_figures_are_compared_as_independent_and_it_is_said():
    sides = reported(0.6252, 0.0067, 5153), reported(0.6293, 0.0067, 5153, name="b")
    answer = asked("accuracy no worse than baseline by 3%", *sides)
    expected = compare_summaries(
        Summary(0.6252, 0.0067, 5153, rate=True), Summary(0.6293, 0.0067, 5153, rate=True), null=-0.03
    )
    assert answer.finding.outcome is Outcome.MET
    assert answer.finding.p_value == pytest.approx(expected.p_greater, rel=1e-12)
    assert any("independent" in note for note in answer.finding.notes)
    assert any("not the method" in note for note in answer.finding.notes)


def test_open_comparison_of_figures_asks_for_the_examples_of_both_sides():
    sides = reported(0.62, 0.02), reported(0.61, 0.02, name="b")
    found = asked("accuracy improves by >= 0%", *sides).finding
    assert found.outcome is Outcome.UNCLEAR
    assert "every example on both sides" in found.settle.text


def test_comparison_with_a_figure_that_has_no_standard_error_is_no_evidence_on_either_side():
    good, bad = reported(0.62, 0.02), reported(0.61, name="b")
    ours = asked("accuracy improves by >= 0%", bad, good).finding
    theirs = asked("accuracy improves by >= 0%", good, bad).finding
    assert ours.outcome is theirs.outcome is Outcome.NO_EVIDENCE
    assert theirs.reason.startswith("baseline: ")
    assert theirs.estimate == pytest.approx(0.01)


def test_run_with_examples_beside_a_figure_is_summed_up_to_be_compared():
    values = np.r_[np.ones(900), np.zeros(100)]
    found = asked(
        "accuracy improves by >= 5%", one_run(values), reported(0.8, 0.0126, 1000, name="b")
    ).finding
    assert found.outcome is Outcome.MET
    assert found.method.startswith("Welch t of reported figures")


def test_figures_of_several_seeds_are_seeds_at_registered_looks():
    def side(name, values):
        runs = [
            replace(run(f"{name}{seed}", seed=seed), aggregates={"accuracy": Aggregate(value, 0.01, 500)})
            for seed, value in enumerate(values)
        ]
        return evaluation(*runs)

    ours, theirs = [0.90, 0.91, 0.92], [0.80, 0.81, 0.82]
    found = asked("accuracy improves by >= 0%", side("c", ours), side("b", theirs)).finding
    assert found.outcome is Outcome.MET
    assert found.p_value == pytest.approx(welch_comparison(ours, theirs).p_greater, rel=1e-9)
    two = asked("accuracy >= 50%", side("c", ours[:2])).finding
    assert (two.outcome, two.settle.amount) == (Outcome.UNCLEAR, 1)


def test_every_shared_figure_is_held_to_its_margin():
    def side(name, accuracy, latency):
        figures = {"accuracy": Aggregate(accuracy, 0.004), "latency": Aggregate(latency, 1.0)}
        metrics = (Metric(name="accuracy", direction=Direction.HIGHER, unit=Unit.FRACTION), LATENCY)
        return evaluation(replace(run(name), aggregates=figures), metrics=metrics)

    record = judge(
        gate(criteria=["accuracy >= 80%"], checks=["regression"]),
        side("c", 0.9, 220.0),
        side("b", 0.9, 200.0),
    )
    parts = {part.label: part.outcome for part in record.answers[1].parts}
    assert parts == {"accuracy": Outcome.MET, "latency": Outcome.NOT_MET}


def test_checks_that_need_examples_have_no_evidence_in_a_figure():
    checks = [
        {"slices": {"by": ["language"], "margin": "3%"}},
        {"fairness": {"by": "language", "gap": "5%"}},
        {"reliability": {"pass^2": "50%"}},
    ]
    sides = reported(0.9, 0.01, 900), reported(0.9, 0.01, 900, name="b")
    record = judge(gate(criteria=["accuracy >= 50%"], checks=checks), *sides)
    assert {one.finding.outcome for one in record.answers[1:]} == {Outcome.NO_EVIDENCE}


def test_best_of_several_configurations_with_figures_alone_is_corrected_over_their_number():
    runs = [
        replace(run(f"c{i}", config={"depth": str(i)}), aggregates={"accuracy": Aggregate(value, 0.01, 1000)})
        for i, value in enumerate((0.84, 0.90, 0.86))
    ]
    record = judge(gate(criteria=["accuracy >= 85%"]), evaluation(*runs))
    (finding,) = record.findings
    assert (finding.outcome, finding.estimate) == (Outcome.MET, 0.90)
    assert finding.alpha == pytest.approx(0.05 / 3)
    assert any("best of 3 groups" in note for note in record.notes)
