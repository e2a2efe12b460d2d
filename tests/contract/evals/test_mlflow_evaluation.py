"""Runs are read from a store that MLflow's own client wrote, with per-example scores where they were logged."""

import shutil

import numpy as np
import pytest

from assay.connectors.evals.long_form import write_scores
from assay.connectors.evals.read import read_evaluation
from assay.domain.experiments.evidence import RunStatus, Scores
from assay.domain.kernel.metrics import Direction, Metric, Unit
from assay.errors import Invalid, Unavailable
from tests.support.mlflow_client import MlflowTracker, client_of, quiet


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory):
    path = tmp_path_factory.mktemp("mlflow") / "mlflow.db"
    with quiet():
        client_of(f"sqlite:///{path}").search_experiments()
    return path


@pytest.fixture
def tracker(empty_store, tmp_path):
    path = tmp_path / "mlflow.db"
    shutil.copy(empty_store, path)
    made = MlflowTracker(f"sqlite:///{path}", missing_uri="", file=path)
    with quiet():
        made.experiment = made.client.create_experiment(
            "support", artifact_location=(tmp_path / "artifacts").as_uri()
        )
    return made


def add(tracker, tmp_path, seed, accuracy, *, ticket="EXP-7", right=None):
    run = tracker.add_run(
        ticket=ticket, params={"seed": str(seed), "depth": "8"}, points=[("accuracy", 0, accuracy)]
    )
    if right is not None:
        folder = tmp_path / "artifacts" / run / "artifacts" / "assay"
        folder.mkdir(parents=True)
        scores = Scores(
            "correct", seed, tuple(f"q{i}" for i in range(len(right))), np.array(right, dtype=float)
        )
        (folder / "scores.parquet").write_bytes(write_scores([scores]))
    return run


def test_runs_of_a_ticket_come_with_values_and_scores(tracker, tmp_path):
    add(tracker, tmp_path, 2, 0.9, right=[1, 1, 0])
    add(tracker, tmp_path, 1, 0.8, right=[1, 0, 0])
    add(tracker, tmp_path, 1, 0.1, ticket="EXP-8")
    found = read_evaluation(f"mlflow:{tracker.uri}?ticket=EXP-7")
    assert found.reader == "mlflow"
    assert [(run.seed, run.curves["accuracy"].last) for run in found.runs] == [(1, 0.8), (2, 0.9)]
    assert [run.scores["correct"].values.tolist() for run in found.runs] == [[1, 0, 0], [1, 1, 0]]
    assert {tuple(run.config.items()) for run in found.runs} == {(("depth", "8"),)}
    assert all(run.status is RunStatus.FINISHED for run in found.runs)


def test_runs_are_chosen_by_id_experiment_arm_and_tag(tracker, tmp_path):
    first, second = add(tracker, tmp_path, 1, 0.8), add(tracker, tmp_path, 2, 0.9)
    tracker.set_tag(second, "model", "large")
    tracker.set_tag(second, "assay.arm", "baseline")

    def chosen(query):
        return {run.external_id for run in read_evaluation(f"mlflow:{tracker.uri}?{query}").runs}

    assert chosen(f"run={first},{second}") == {first, second}
    assert chosen(f"run={second}") == {second}
    assert chosen("experiment=support") == {first, second}
    assert chosen("experiment=support&tag.model=large") == {second}
    assert chosen("ticket=EXP-7&arm=baseline") == {second}


def test_deleted_runs_are_left_out_and_told(tracker, tmp_path):
    add(tracker, tmp_path, 1, 0.8)
    tracker.delete(add(tracker, tmp_path, 2, 0.9))
    found = read_evaluation(f"mlflow:{tracker.uri}?ticket=EXP-7")
    assert [run.seed for run in found.runs] == [1]
    assert found.notes == ("1 deleted runs were left out",)


def test_store_of_the_environment_is_used_where_the_address_names_none(tracker, tmp_path, monkeypatch):
    add(tracker, tmp_path, 1, 0.8)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", tracker.uri)
    assert len(read_evaluation("mlflow:?ticket=EXP-7").runs) == 1


def test_percent_is_refused_where_a_fraction_is_declared(tracker, tmp_path):
    add(tracker, tmp_path, 1, 88.0)
    fraction = Metric(name="accuracy", direction=Direction.HIGHER, unit=Unit.FRACTION)
    with pytest.raises(Invalid, match=r"last value, 'accuracy' holds 88, and accuracy is a fraction"):
        read_evaluation(f"mlflow:{tracker.uri}?ticket=EXP-7", metrics=[fraction])


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("", "no runs are selected"),
        ("?ticket=EXP-9", "no run matches"),
        ("?run=abc", "no run abc"),
        ("?user=me", "unknown selection 'user'"),
    ],
)
def test_selection_that_finds_nothing_is_refused(tracker, tmp_path, query, told):
    add(tracker, tmp_path, 1, 0.8)
    with pytest.raises(Invalid) as refused:
        read_evaluation(f"mlflow:{tracker.uri}{query}")
    assert told in refused.value.message
    assert refused.value.hint


def test_password_of_an_address_is_not_shown():
    with pytest.raises(Invalid) as refused:
        read_evaluation("mlflow:postgresql://ada:secret@host/db")
    assert "secret" not in refused.value.message


def test_store_that_is_not_there_is_unavailable(tmp_path):
    with pytest.raises(Unavailable):
        read_evaluation(f"mlflow:sqlite:///{tmp_path}/nowhere.db?ticket=EXP-7")
