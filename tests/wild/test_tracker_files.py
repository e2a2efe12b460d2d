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
