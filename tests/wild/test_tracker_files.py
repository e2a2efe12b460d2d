"""Tracker files found in the world, read as their README says they are."""

import pytest

from assay.connectors.tracked.registry import InstalledTrackers
from assay.domain.experiments.evidence import RunStatus
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
