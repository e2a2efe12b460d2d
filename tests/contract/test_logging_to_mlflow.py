"""A training that logs to MLflow: sent by its own client from the run log, once, whatever was away or killed in between."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import assay
from assay.connectors.trackers.mlflow import MlflowSource
from assay.errors import Invalid, Unavailable
from assay.sdk import experiment as begun
from assay.sdk.run_folder import SPOOL
from assay.sdk.to_mlflow import Sending, left_behind, send_left_behind
from assay.testing.connector_contract import Synced
from assay.workflows.records import Source
from tests.support.mlflow_client import client_of, quiet

KILLED = """
import os, signal
import assay
from assay.sdk import experiment as begun
begun.begin_sending = lambda place, run_id: None
run = assay.experiment('EXP-1', tracker='mlflow')
run.log(loss=1)
run.flush()
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture(scope="module")
def empty_store(tmp_path_factory):
    path = tmp_path_factory.mktemp("mlflow") / "mlflow.db"
    with quiet():
        client_of(f"sqlite:///{path}").search_experiments()
    return path


@pytest.fixture
def spool(empty_store, tmp_path, monkeypatch):
    """The folder of runs on their way to a store beside it. Nobody sends by himself."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(begun, "begin_sending", lambda place, run_id: None)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'mlflow.db'}")
    shutil.copy(empty_store, tmp_path / "mlflow.db")
    return tmp_path / "assay-runs" / SPOOL


def in_mlflow():
    synced = Synced(Source(id=1, project_id=1, name="lab", kind="mlflow", uri="sqlite:///mlflow.db"))
    synced.sync(MlflowSource())
    return list(synced.runs.values())


def send(folder):
    with quiet():
        return send_left_behind(folder)


def begin(**more):
    return assay.experiment("EXP-1", tracker="mlflow", quiet=True, sync=False, **more)


def test_run_in_mlflow_is_the_one_that_was_logged_and_its_spool_is_gone(spool):
    with begin(seed=3, config={"net": {"depth": 8}}, arm="baseline", name="first", devices=2) as run:
        for step in range(1_500):
            run.log({"loss": 1 / (1 + step), "val/größe": float("nan")}, step=step)
        run.set_tag("note", "x" * 9000)
    assert send(spool) == (1, 0, "")
    (kept,) = in_mlflow()
    assert (kept.ticket, kept.seed, kept.arm, kept.status, kept.name) == (
        "EXP-1",
        3,
        "baseline",
        "finished",
        "first",
    )
    assert dict(kept.config) == {"net.depth": "8"}
    assert kept.curves["loss"].values.tolist() == [1 / (1 + step) for step in range(1_500)]
    assert kept.curves["val/gr__e"].points == 1_500
    assert kept.tags["assay.run"] == run.run_id
    assert [file.suffix for file in spool.iterdir() if file.suffix != ".sending"] == []
    assert list(left_behind(spool)) == []


def test_what_was_sent_twice_is_there_once(spool):
    with begin() as run:
        run.log(loss=1.0, step=0)
        run.flush()
        with quiet():
            sending = Sending(spool, run.run_id)
            assert sending.send() is False
            run.log(loss=0.5, step=1)
            run.set_tag("note", "later")
            run.flush()
            note = (spool / f"{run.run_id}.sent").read_bytes()
            assert sending.send() is False
        (spool / f"{run.run_id}.sent").write_bytes(note)  # killed before it could note what it had sent
    assert send(spool) == (1, 0, "")
    (kept,) = in_mlflow()
    assert kept.curves["loss"].steps.tolist() == [0, 1]
    assert kept.tags["note"] == "later"
    with begin() as run:
        run.log(loss=2.0)
        run.flush()
        with quiet():
            Sending(spool, run.run_id).send()
        (spool / f"{run.run_id}.sent").unlink()  # killed after it had begun the run there
    assert send(spool) == (1, 0, "")
    assert len(in_mlflow()) == 2


def test_runs_wait_while_mlflow_is_away_and_one_that_was_killed_failed(spool, tmp_path, monkeypatch):
    monkeypatch.setattr("mlflow.store.db.utils.MAX_RETRY_COUNT", 1)  # it would try for two minutes
    (tmp_path / "mlflow.db").rename(tmp_path / "away.db")
    (tmp_path / "mlflow.db").mkdir()
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", KILLED], env=environment, capture_output=True, check=False)
    assert done.returncode == -9, done.stderr
    with begin() as run:
        run.log(loss=2.0)
        assert send(spool)[1] >= 1
    sent, left, why = send(spool)
    assert (sent, left) == (0, 2)
    assert why
    (tmp_path / "mlflow.db").rmdir()
    (tmp_path / "away.db").rename(tmp_path / "mlflow.db")
    assert send(spool) == (2, 0, "")
    assert {(one.status.value, one.curves["loss"].last) for one in in_mlflow()} == {
        ("failed", 1.0),
        ("finished", 2.0),
    }


def test_run_that_another_process_sends_is_left_to_it(spool):
    with begin() as run:
        run.log(loss=1.0)
    other = Sending(spool, run.run_id)
    assert other.take_turn()
    assert send(spool) == (0, 0, "")
    other.give_up_turn()
    assert send(spool) == (1, 0, "")


def test_process_beside_the_training_sends_all_of_it_by_the_end(spool, monkeypatch, tmp_path):
    monkeypatch.undo()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    uri = f"sqlite:///{tmp_path / 'mlflow.db'}"
    with assay.experiment("EXP-1", tracker=uri, quiet=True, sync=False) as run:
        run.log(loss=1.0)
    (kept,) = in_mlflow()
    assert (kept.tags["assay.run"], kept.status) == (run.run_id, "finished")
    assert list(left_behind(Path(run.path).parent)) == []


def test_tracker_that_is_none_and_a_client_that_is_missing_are_told_before_the_training(spool, monkeypatch):
    with pytest.raises(Invalid, match="no tracker"):
        assay.experiment("EXP-1", tracker="wandb")
    monkeypatch.setenv("ASSAY_TRACKER", "mlflow")
    monkeypatch.setattr("assay.sdk.run_folder.find_spec", lambda name: None)
    with pytest.raises(Unavailable, match="its client is not installed"):
        assay.experiment("EXP-1")
    with assay.experiment("EXP-1", tracker="assay", quiet=True) as run:
        run.log(loss=1.0)
    assert Path(run.path).parent == spool.parent
