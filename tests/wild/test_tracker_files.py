"""Tracker files found in the world, read as their README says they are."""

import pytest

from assay.connectors.tracked.registry import InstalledTrackers
from assay.domain.experiments.evidence import Evaluation, RunStatus
from assay.domain.gates.gate_data import gate_from_data
from assay.domain.gates.judge import judge
from assay.domain.kernel.findings import Outcome
from assay.testing.connector_contract import Synced
from assay.workflows.records import Source

pytestmark = pytest.mark.wild


@pytest.fixture(scope="module")
def history(request):
    return request.getfixturevalue("wild_data") / "experiment-history"


def read(kind, path):
    synced = Synced(Source(id=1, project_id=1, name="lab", kind=kind, uri=str(path)))
    reader = InstalledTrackers()[kind]
    synced.sync(reader)
    assert synced.sync(reader) == [], "an unchanged folder says nothing"
    return synced.runs


def test_seventeen_runs_of_mltrace_are_there_and_hold_no_evidence(history):
    runs = read("mlflow", history / "mlflow-mltrace-empty-runs" / "mlruns")
    assert len(runs) == 17
    assert {run.status for run in runs.values()} == {RunStatus.FINISHED}
    assert all(not run.curves and not run.scores and not run.config for run in runs.values())
    assert all(run.ticket is None and run.seed is None and run.gpu_hours is None for run in runs.values())
    assert {run.tags["mlflow.user"] for run in runs.values()} == {"boyuan"}


def test_runs_without_evidence_pass_no_gate(history):
    runs = tuple(read("mlflow", history / "mlflow-mltrace-empty-runs" / "mlruns").values())
    gate = gate_from_data(
        {"criteria": ["accuracy >= 0.5"], "metrics": {"accuracy": {"direction": "higher"}}}, name="empty"
    )
    result = judge(gate, Evaluation(runs=runs))
    assert {finding.outcome for finding in result.findings} == {Outcome.NO_EVIDENCE}


def test_run_of_keyword_transformer_that_crashed_after_two_seconds_failed_and_holds_nothing(history):
    run = read("wandb", history / "wandb-keyword-transformer")["2zuxwf70"]
    assert run.status is RunStatus.FAILED
    assert (run.ended_at - run.started_at).total_seconds() == 2
    assert run.curves == {}


def test_run_of_keyword_transformer_whose_log_was_cut_holds_what_its_summary_tells(history):
    run = read("wandb", history / "wandb-keyword-transformer")["3ojed7lz"]
    assert run.status is RunStatus.FAILED, "its log says no end"
    accuracy, validated_at = run.curves["Validation/accuracy"], run.curves["Validation/step"]
    assert round(accuracy.last, 5) == 68.17555
    assert validated_at.last == 792
    assert accuracy.values[accuracy.steps.tolist().index(792)] == accuracy.last
    assert accuracy.values[accuracy.steps.tolist().index(791)] < accuracy.last
    loss = run.curves["Training/loss"]
    assert (loss.steps[-1], round(loss.last, 5)) == (863, 1.47692)
    assert loss.points == 862


@pytest.fixture(scope="module")
def curves(request):
    return request.getfixturevalue("wild_data") / "learning-curves"


def test_runs_of_the_speedrun_whose_log_was_cut_short_failed(history):
    runs = read("table", history / "nanogpt-speedrun" / "final_results.csv")
    assert len(runs) == 425
    cut = [
        run
        for run in runs.values()
        if run.config["record"] == "2026-01-30_MimeticValueOutput" and run.status is RunStatus.FAILED
    ]
    assert [(run.curves["final_val_loss"].steps[-1], run.curves["final_val_loss"].last) for run in cut] == [
        (1500, 3.2950)
    ]


def test_five_runs_of_each_agent_come_out_of_the_order_of_rows_and_a_lost_run_is_shorter(curves):
    runs = read("table", f"{curves}/dopamine/pong.json.gz?repeats=runs")
    agents = {}
    for run in runs.values():
        agents.setdefault(run.config["Agent"], []).append(run.curves["Value"].points)
    assert {len(found) for found in agents.values()} == {5}
    lost = read("table", f"{curves}/dopamine/breakout_Impala.json.gz?repeats=runs")
    ended = {}
    for run in lost.values():
        curve = run.curves["Value"]
        ended.setdefault(run.config["Agent"], []).append(int(curve.steps[-1]))
    last = max(max(steps) for steps in ended.values())
    short = {agent for agent, steps in ended.items() if sum(step == last for step in steps) == 4}
    assert any("IQN" in agent for agent in short)
    assert any("Rainbow" in agent for agent in short)


def test_trials_of_algoperf_are_a_run_a_file_and_reach_the_target_when_they_did(curves):
    runs = read("table", f"{curves}/algoperf/self_tuning/baseline?step=global_step")
    ogbg = [run for name, run in runs.items() if "ogbg" in name]
    assert len(ogbg) == 5
    times = []
    for run in ogbg:
        reached = run.curves["validation/mean_average_precision"]
        spent = dict(
            zip(
                run.curves["accumulated_submission_time"].steps.tolist(),
                run.curves["accumulated_submission_time"].values.tolist(),
                strict=True,
            )
        )
        times.append(
            next(
                spent[step]
                for step, value in zip(reached.steps.tolist(), reached.values.tolist(), strict=True)
                if value >= 0.28098114
            )
        )
    assert (round(min(times)), round(max(times))) == (7222, 8663)


def test_repetitions_of_lcdb_are_told_apart_by_their_columns(curves):
    path = next((curves / "lcdb").glob("*spambase*"))
    runs = read("table", f"{path}?step=size_train&group=openmlid,outer_seed,inner_seed")
    final = {}
    for run in runs.values():
        final.setdefault(run.config["learner"], []).append(run.curves["score_test"].last)
    means = {learner: round(sum(values) / len(values), 4) for learner, values in final.items()}
    assert means["SVC_rbf"] == 0.7058
