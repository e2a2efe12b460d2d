"""Trainings of several processes, how a script says that it failed, and parameters that are the same in every process."""

import builtins
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import assay
from assay.connectors.trackers.run_log.reader import RunTail
from assay.sdk import run_head
from assay.sdk.run_head import plain

ENVIRONMENT = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}


@pytest.fixture(autouse=True)
def lab(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def all_kept():
    return [RunTail("assay-runs", path.stem).read() for path in Path("assay-runs").glob("*-*-????????.jsonl")]


def begun(**more):
    return assay.experiment("EXP-1", quiet=True, sync=False, **more)


# ---------------------------------------------------------------------------------------------------- several processes
def test_only_the_first_process_of_a_distributed_training_begins_a_run(monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "4")
    for rank in range(4):
        monkeypatch.setenv("RANK", str(rank))
        with begun(seed=1, devices=4) as run:
            run.log(loss=rank, step=rank)
            run.set_tag("note", "said by all")
            asked = assay.should_stop()
            assert list(run.until_stopped(range(3))) == [0, 1, 2]
            assert run.should_stop_together().stop is None
        assert run.status == "finished"
        if rank:
            assert "first process" in asked.reason
    (kept,) = all_kept()
    assert kept.curves["loss"].values.tolist() == [0.0]


def test_rank_that_is_said_wins_over_the_environment(monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("RANK", "1")
    begun(rank=0).finish()
    begun(rank=3).finish()
    assert len(all_kept()) == 1


def test_rank_without_other_processes_means_nothing(monkeypatch):
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    monkeypatch.setenv("RANK", "3")
    begun().finish()
    assert len(all_kept()) == 1


@pytest.mark.parametrize(
    ("visible", "processes", "devices"),
    [
        ("0,1", None, "2"),
        ("0,1,-1,3", None, "2"),
        ("GPU-8f1c,MIG-7d", None, "2"),
        ("NoDevFiles", None, None),
        ("", None, None),
        ("-1", None, None),
        ("0,1", "16", "16"),
        ("0,1,2,3", "1", "4"),
        ("", "16", None),
    ],
)
def test_devices_are_those_that_cuda_takes_and_one_a_process(monkeypatch, visible, processes, devices):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    monkeypatch.setenv("WORLD_SIZE", processes or "")
    run = begun(rank=0)
    run.finish()
    assert run.head["tags"].get("assay.devices") == devices


@pytest.mark.parametrize(
    ("models", "seen"),
    [
        (("NVIDIA A100-SXM4-40GB", "NVIDIA A100-SXM4-40GB"), "NVIDIA A100-SXM4-40GB"),
        (("Tesla T4", "Tesla V100"), None),
        ((), None),
    ],
)
def test_model_of_the_devices_is_what_their_driver_says_where_they_are_alike(lab, monkeypatch, models, seen):
    for place, model in enumerate(models):
        (lab / "gpus" / f"0000:0{place}:00.0").mkdir(parents=True)
        text = f"Model: \t\t {model}\nIRQ:   \t\t 24\nGPU UUID: \t GPU-1\n"
        (lab / "gpus" / f"0000:0{place}:00.0" / "information").write_text(text)
    monkeypatch.setattr(run_head, "_NVIDIA", lab / "gpus")
    run = begun(devices=1)
    run.finish()
    assert run.head["tags"].get("assay.device_seen") == seen


def test_processes_of_a_trainer_stop_at_the_same_step(lab):
    pytest.importorskip("torch", reason="PyTorch is not installed: its processes are not tried")
    script = lab / "train.py"
    script.write_text(
        "import sys, assay, torch\n"
        "from assay.sdk.stopping import StopAnswer\n"
        "torch.distributed.init_process_group('gloo')\n"
        "rank = torch.distributed.get_rank()\n"
        "with assay.experiment('EXP-1', sync=False, quiet=True) as run:\n"
        "    for step in range(50):\n"
        "        torch.distributed.all_reduce(torch.ones(1))\n"
        "        run.log(loss=1, step=step)\n"
        "        if rank == 0 and step == 3:\n"
        "            class Rules:\n"
        "                answer = StopAnswer(True, 'diverged', 'it is time')\n"
        "                end = lambda self: None\n"
        "            run._adviser = Rules()\n"
        "        if run.should_stop_together():\n"
        "            break\n"
        "print(rank, step, flush=True)\n"
    )
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc_per_node", "2", str(script)]
    done = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, timeout=90, check=False)
    assert done.returncode == 0, done.stderr
    assert sorted(done.stdout.split("\n")) == ["", "0 3", "1 3"]
    (kept,) = all_kept()
    assert kept.status.value == "stopped"


# ---------------------------------------------------------------------------------------------------- ends of a script
@pytest.mark.parametrize(
    ("last", "ends", "status"),
    [
        ("sys.exit(1)", 1, "failed"),
        ("sys.exit('no data')", 1, "failed"),
        ("sys.exit()", 0, "finished"),
        ("exit(2)", 2, "failed"),
        ("raise KeyboardInterrupt", 130, "stopped"),
    ],
)
def test_script_that_says_how_it_ends_ends_its_run_so(last, ends, status):
    code = (
        f"import assay, sys\nrun = assay.experiment('EXP-1', quiet=True, sync=False)\nrun.log(loss=1)\n{last}"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=ENVIRONMENT, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode in (ends, -2), done.stderr
    (kept,) = all_kept()
    assert kept.status.value == status


def test_ways_out_are_left_as_they_were_when_the_run_is_over():
    before = sys.exit, builtins.exit
    with begun():
        assert sys.exit is not before[0]
    assert (sys.exit, builtins.exit) == before


# ---------------------------------------------------------------------------------------------------- parameters
class Augmentation:
    """Says nothing about itself but where it lies in memory."""


def test_parameters_are_the_same_in_every_process_and_differ_where_values_do():
    assert plain({"a": Augmentation()}) == plain({"a": Augmentation()})
    assert plain(lambda x: x) == plain(lambda x: x)
    assert plain(np.arange(3)) == [0, 1, 2]
    assert plain(np.array(0.5)) == 0.5
    assert plain(np.array([0.5, np.nan])) == [0.5, "nan"]
    large = np.arange(5000.0)
    assert plain(large) == plain(large.copy())
    assert plain(large) != plain(large + 1)
    assert str(plain(large)).startswith("ndarray of shape (5000,), sha256 ")
