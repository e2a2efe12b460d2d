"""Published evaluations of which only totals exist, judged as gates: the known answers in their README come out."""

import pytest

from assay.connectors.evals.read import read_evaluation
from assay.domain.gates.gate_data import gate_from_data
from assay.domain.gates.gate_record import GateResult
from assay.domain.gates.judge import judge
from assay.domain.kernel.findings import Outcome
from assay.stats.distributions import normal_cdf

pytestmark = pytest.mark.wild


@pytest.fixture(scope="module")
def pythia(request):
    return request.getfixturevalue("wild_data") / "eval-logs" / "lm-eval-pythia" / "pythia-v1"


@pytest.fixture(scope="module")
def inspect(request):
    return request.getfixturevalue("wild_data") / "eval-logs" / "inspect"


def final(pythia, model, step=143000):
    return read_evaluation(pythia / f"pythia-{model}" / "zero-shot" / f"{model}_step{step}.json")


def asked(criteria, *sides, **fields):
    return judge(gate_from_data({"criteria": criteria, **fields}, name="pythia"), *sides)


@pytest.mark.parametrize(
    ("size", "task", "z"),
    [
        ("70m", "lambada_openai", 0.91), ("70m", "piqa", 0.20), ("70m", "sciq", 0.23), ("70m", "arc_easy", 0.78),
        ("70m", "winogrande", -1.83), ("70m", "logiqa", 1.07), ("70m", "wsc", 0.0),
        ("410m", "lambada_openai", 0.83), ("410m", "winogrande", -0.16), ("410m", "wsc", -1.39),
    ],
)  # fmt: skip
def test_deduplication_is_no_improvement_and_the_published_z_comes_out(pythia, size, task, z):
    sides = final(pythia, f"{size}-deduped"), final(pythia, size)
    record = asked([f"{task}/acc improves by > 0%"], *sides, settings={"alpha": 0.025})
    (finding,) = record.findings
    assert finding.p_value == pytest.approx(1.0 - float(normal_cdf(z)), abs=0.0021)
    assert finding.outcome is Outcome.UNCLEAR
    assert record.result is GateResult.INCONCLUSIVE


@pytest.mark.parametrize("size", ["70m", "410m"])
def test_two_points_of_wsc_cannot_be_excluded(pythia, size):
    record = asked(
        ["wsc/acc no worse than baseline by 2%"], final(pythia, f"{size}-deduped"), final(pythia, size)
    )
    assert (record.result, record.exit_code) == (GateResult.INCONCLUSIVE, 3)
    assert "every example on both sides" in record.settle.text


def test_intervention_does_not_harm_lambada_and_only_common_tasks_are_compared(pythia):
    folder = pythia / "pythia-1.4b-deduped"
    for step in (134000, 136000, 138000, 140000, 142000):
        sides = [
            read_evaluation(folder / kind / f"{kind}-1.4b-deduped_step{step}.json")
            for kind in ("intervention", "baseline")
        ]
        record = asked(
            ["lambada_openai/acc no worse than baseline by 3%"],
            *sides,
            checks=[{"regression": {"margin": "15%"}}],
        )
        lambada, regression = record.findings
        assert lambada.outcome is Outcome.MET
        notes = " ".join(regression.notes)
        assert "measured by the candidate only" in notes
        assert "piqa/acc" in notes or "more" in notes


def test_untrained_checkpoint_is_a_shown_regression(pythia):
    record = asked(
        ["sciq/acc no worse than baseline by 2%"], final(pythia, "70m", step=0), final(pythia, "70m")
    )
    assert (record.result, record.exit_code) == (GateResult.FAIL, 1)


def test_three_right_answers_of_three_clear_no_bar(inspect):
    evaluation = read_evaluation(inspect / "2025-05-12T20-28-26-04-00_security-guide.json")
    (metric,) = {name for run in evaluation.runs for name in (*run.scores, *run.aggregates) if "fact" in name}
    record = asked([f"{metric} >= 90%"], evaluation)
    (finding,) = record.findings
    assert finding.outcome is Outcome.UNCLEAR
    assert finding.interval.low == pytest.approx(0.05 ** (1 / 3))


@pytest.mark.parametrize(
    "name", ["2025-05-12T20-28-13-04-00_no-samples.json", "2025-05-12T20-28-13-04-00_popularity.json",
             "2024-08-29T15-11-18+00-00_popularity_5EAmX6wjMFqea6WY7XHzZp.json"]
)  # fmt: skip
def test_cancelled_and_broken_evaluations_are_never_a_pass(inspect, name):
    record = asked(["match >= 1%"], read_evaluation(inspect / name))
    assert record.result is GateResult.INVALID
