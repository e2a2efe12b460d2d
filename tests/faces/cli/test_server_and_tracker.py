"""Own data in three lines, with a server that runs and one that does not."""

import re
import signal
import subprocess
import sys
import time

import pytest

from tests.faces.cli.conftest import CLEAN, program


@pytest.fixture
def folder(tmp_path):
    assert program("init", "--project", "vision", cwd=tmp_path).code == 0
    return tmp_path


@pytest.fixture
def up(folder):
    """A server in this folder: its process and its address."""
    process = subprocess.Popen(
        [sys.executable, "-m", "assay.cli.main", "up", "--port", "0"],
        cwd=folder, env=CLEAN, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    line = process.stdout.readline()
    found = re.fullmatch(r"Assay is ready: (http://127\.0\.0\.1:\d+)\n", line)
    assert found, line + process.stderr.read()
    yield process, found[1]
    if process.poll() is None:
        process.kill()
    process.communicate(timeout=15)


MLFLOW = """
import sys, mlflow
client = mlflow.MlflowClient(tracking_uri=sys.argv[1])
experiment = client.create_experiment("fine-tune")
for seed in (1, 2):
    run = client.create_run(experiment, tags={"assay.ticket": "EXP-1"}, run_name=f"seed-{seed}")
    client.log_param(run.info.run_id, "seed", str(seed))
    client.log_metric(run.info.run_id, "accuracy", 0.8 + seed / 100, step=1)
    client.set_terminated(run.info.run_id)
"""
"""Two seeds of one experiment, tagged with their ticket."""


def mlflow_store(folder):
    """A real MLflow store, written by MLflow."""
    pytest.importorskip("mlflow", reason="MLflow writes the store that is read here")
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", MLFLOW, f"sqlite:///{folder}/mlflow.db"],
        cwd=folder, env={**CLEAN, "MLFLOW_DISABLE_TELEMETRY": "true"}, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_own_data_in_three_lines(folder):
    mlflow_store(folder)
    program("metric", "add", "accuracy", "--direction", "higher", "--unit", "fraction", cwd=folder)
    program("ticket", "new", "Fine-tune", "--primary", "accuracy >= 85%", cwd=folder)
    ran = program("connect", "mlflow", "mlflow.db", cwd=folder)
    assert ran.code == 0, ran.err
    assert "2 runs new or changed" in ran.out
    runs = program("run", "list", "--ticket", "EXP-1", cwd=folder).out
    assert ("seed-1" in runs, "accuracy 82.0%" in runs) == (True, True)
    assert "0 runs new or changed" in program("sync", cwd=folder).out


@pytest.mark.slow
def test_commands_talk_to_the_server_that_runs(folder, up):
    process, url = up
    assert program("ticket", "new", "Over the wire", cwd=folder).code == 0
    assert "EXP-1" in program("ticket", "list", cwd=folder).out
    again = program("up", cwd=folder)
    assert (again.code, url in again.err) == (8, True)
    backup = program("backup", "kept.backup", cwd=folder)
    assert backup.code == 0, backup.err
    refused = program("restore", "kept.backup", "--replace", cwd=folder)
    assert refused.code == 8
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=15) == 0
    assert program("restore", "kept.backup", "--replace", cwd=folder).code == 0
    assert "EXP-1" in program("ticket", "list", cwd=folder).out


@pytest.mark.slow
def test_results_go_to_the_server_that_runs_as_files(folder, up):
    rows = "".join(f"q{number},1,accuracy,{int(number < 390)}\n" for number in range(400))
    (folder / "scores.csv").write_text("sample_id,seed,metric,value\n" + rows)
    (folder / "answers.yaml").write_text('criteria: ["accuracy >= 85%"]\n')
    assert program("gate", "add", "answers.yaml", cwd=folder).code == 0
    judged = program("gate", "judge", "--gate", "answers", "--candidate", "scores.csv", cwd=folder)
    assert (judged.code, judged.out.splitlines()[0]) == (0, "Gate run 1: answers version 1"), judged.err
    assert program("gate", "replay", "1", cwd=folder).out.startswith("Gate run 1: the same bytes")


@pytest.mark.slow
@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_server_stops_cleanly_on_a_signal(up, sent):
    process, _ = up
    began = time.monotonic()
    process.send_signal(sent)
    out, err = process.communicate(timeout=15)
    assert (process.returncode, out, err) == (0, "Stopped.\n", "")
    assert time.monotonic() - began < 8


@pytest.mark.slow
def test_taken_port_is_replaced_by_a_free_one(folder, tmp_path_factory):
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        process = subprocess.Popen(
            [sys.executable, "-m", "assay.cli.main", "up", "--port", str(port)],
            cwd=folder, env=CLEAN, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        line = process.stdout.readline()
        process.terminate()
        process.communicate(timeout=15)
    assert line.startswith("Assay is ready: http://127.0.0.1:")
    assert str(port) not in line
