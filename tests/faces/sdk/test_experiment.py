"""`assay.experiment`: what was logged is there, whatever happens to the training process."""

import argparse
import json
import logging
import math
import multiprocessing
import os
import pickle
import random
import resource
import signal
import struct
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

import assay
from assay.connectors.trackers.run_log.lines import GatheredLines
from assay.connectors.trackers.run_log.reader import RunLogReader
from assay.domain.experiments.evidence import RunStatus
from assay.errors import Invalid, NotFound, Unavailable
from assay.sdk import point_queue
from assay.testing.connector_contract import Synced
from assay.workflows.records import Source

CHILD = Path(__file__).with_name("logging_child.py")
OWN_HANDLER = """
signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))
with assay.experiment('EXP-1') as run:
    run.log(loss=1)
    os.kill(os.getpid(), signal.SIGTERM)
"""
ENVIRONMENT = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}


@pytest.fixture(autouse=True)
def lab(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def read(folder="assay-runs"):
    synced = Synced(Source(id=1, project_id=1, name="lab", kind="assay", uri=str(Path(folder).absolute())))
    synced.sync(RunLogReader())
    return synced.runs


def the_run(folder="assay-runs"):
    (run,) = read(folder).values()
    return run


def train(code, *, ends=0, **more):
    """A training script of its own; returns what it said."""
    done = subprocess.run(
        [sys.executable, "-c", f"import assay, os, signal, sys, time\n{code}"],
        env=ENVIRONMENT, capture_output=True, text=True, timeout=60, check=False, **more,
    )  # fmt: skip
    assert done.returncode == ends, done.stderr
    return done


# ---------------------------------------------------------------------------------------------------- what is kept
def test_a_run_says_ticket_seed_parameters_and_every_point_with_its_step():
    with assay.experiment(
        "exp-42", seed=3, config={"lr": 0.1, "net": {"depth": 8}}, arm="baseline", devices=2
    ) as run:
        run.log(accuracy=0.5, step=1)
        run.log({"val/loss": 0.7}, accuracy=0.87, step=7)
    kept = the_run()
    assert (kept.ticket, kept.seed, kept.arm, kept.status) == ("EXP-42", 3, "baseline", RunStatus.FINISHED)
    assert dict(kept.config) == {"lr": "0.1", "net.depth": "8"}
    assert kept.curves["accuracy"].steps.tolist() == [1, 7]
    assert kept.curves["accuracy"].values.tolist() == [0.5, 0.87]
    assert kept.curves["val/loss"].values.tolist() == [0.7]
    assert kept.external_id == run.run_id
    assert kept.gpu_hours == pytest.approx(2 * (kept.ended_at - kept.started_at).total_seconds() / 3600)
    assert abs(time.time() - kept.curves["accuracy"].times_ms[0] / 1000) < 60


def test_without_a_step_each_metric_counts_on_from_its_last_one():
    with assay.experiment("EXP-1") as run:
        for loss in (3.0, 2.0, 1.0):
            run.log(loss=loss)
        run.log(accuracy=0.5)
        run.log(loss=0.5, step=10)
        run.log(loss=0.25)
    curves = the_run().curves
    assert curves["loss"].steps.tolist() == [0, 1, 2, 10, 11]
    assert curves["accuracy"].steps.tolist() == [0]


def test_numbers_of_any_library_and_those_that_are_none_are_kept():
    with assay.experiment("EXP-1") as run:
        run.log(loss=np.float32(0.5), step=np.int64(3))
        run.log(loss=np.array(2.0), step=4.0)
        run.log(loss=True, step=5)
        run.log(loss=float("nan"), step=6)
        run.log(loss=math.inf, step=7)
        run.log(loss=np.array([-math.inf]), step=8)
    loss = the_run().curves["loss"]
    assert loss.steps.tolist() == [3, 4, 5, 6, 7, 8]
    assert [str(value) for value in loss.values] == ["0.5", "2.0", "1.0", "nan", "inf", "-inf"]
    assert run.refused == {}


def test_what_is_no_number_is_told_once_counted_and_kills_no_training(caplog):
    with assay.experiment("EXP-1") as run:
        for _ in range(3):
            run.log(accuracy="0.87", loss=0.5)
        run.log(accuracy=None)
        run.log(accuracy=np.ones((2, 2)))
        run.log({"confusion": {"a": 1}})
        run.log([("loss", 0.25)])
        run.log(7)
        run.log({3: 0.5})
        run.log(loss=0.1, step="last")
        run.log(loss=0.1, step=0.5)
        run.log(loss=10**400)
    assert the_run().curves["loss"].values.tolist() == [0.5, 0.5, 0.5, 0.25]
    assert set(the_run().curves) == {"loss"}
    assert run.refused["accuracy is the text '0.87'"] == 3
    assert sum(run.refused.values()) == 11
    said = [record.getMessage() for record in caplog.records]
    assert len(said) == len(run.refused)
    assert (
        said[0]
        == "cannot log: accuracy is the text '0.87' (expected a number). It is not kept; the training goes on."
    )
    assert json.loads(Path(run.path).read_text().splitlines()[-1])["end"]["refused"] == 11


def test_a_strict_run_raises_at_the_call():
    with assay.experiment("EXP-1", strict=True) as run, pytest.raises(Invalid, match="accuracy is None"):
        run.log(accuracy=None)


def test_logging_after_the_end_is_told(caplog):
    run = assay.experiment("EXP-1")
    run.finish()
    run.finish("failed")
    run.log(loss=1.0)
    assert "the run has ended" in caplog.text
    assert (the_run().status, run.status) == (RunStatus.FINISHED, "finished")


def test_configurations_of_every_shape_are_parameters():
    with assay.experiment(
        "EXP-1", config=argparse.Namespace(lr=np.float64(0.1), layers=[64, 32], device=object)
    ):
        pass
    config = the_run().config
    assert (config["lr"], config["layers"]) == ("0.1", "[64,32]")
    assert "object" in config["device"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"ticket": "42"}, "not a key"),
        ({"ticket": "EXP-1", "seed": "three"}, "not a whole number"),
        ({"ticket": "EXP-1", "project": "../up"}, "not a slug"),
    ],
)
def test_a_run_that_cannot_be_begun_says_so_before_the_training(arguments, said):
    with pytest.raises(Invalid, match=said) as refused:
        assay.experiment(**arguments)
    assert refused.value.hint


def test_a_home_without_a_project_in_use_is_told(lab):
    (lab / ".assay").mkdir()
    (lab / ".assay" / "assay.toml").write_text("")
    with pytest.raises(NotFound, match="no project is in use"):
        assay.experiment("EXP-1")
    with assay.experiment("EXP-1", project="churn"):
        pass
    assert the_run(".assay/runs/churn").ticket == "EXP-1"


def test_a_folder_that_cannot_be_written_is_named(lab):
    (lab / "assay-runs").write_text("a file")
    with pytest.raises(Unavailable, match="assay-runs"):
        assay.experiment("EXP-1")


def test_the_commit_that_is_checked_out_is_kept(lab):
    (lab / ".git" / "refs" / "heads").mkdir(parents=True)
    (lab / ".git" / "HEAD").write_text("ref: refs/heads/main\n")
    (lab / ".git" / "refs" / "heads" / "main").write_text("5f3a9c1e" * 5 + "\n")
    with assay.experiment("EXP-1"):
        pass
    assert the_run().tags["assay.commit"] == "5f3a9c1e" * 5


# ---------------------------------------------------------------------------------------------------- how it ends
@pytest.mark.parametrize(
    ("error", "status"),
    [
        (ValueError, "failed"),
        (KeyboardInterrupt, "stopped"),
        (GeneratorExit, "stopped"),
        (SystemExit(0), "finished"),
        (SystemExit(1), "failed"),
    ],
)
def test_an_exception_ends_the_run_and_passes_on(error, status):
    def training():
        with assay.experiment("EXP-1") as run:
            run.log(loss=1.0)
            raise error

    with pytest.raises(BaseException) as passed:
        training()
    assert passed.type is (error if isinstance(error, type) else type(error))
    assert the_run().status == status
    assert the_run().curves["loss"].points == 1


@pytest.mark.parametrize(
    ("code", "ends", "status"),
    [
        ("run = assay.experiment('EXP-1'); run.log(loss=1)", 0, "finished"),
        ("run = assay.experiment('EXP-1'); run.log(loss=1); 1/0", 1, "failed"),
        (
            "run = assay.experiment('EXP-1'); run.log(loss=1); os.kill(os.getpid(), signal.SIGTERM)",
            -15,
            "stopped",
        ),
        (
            # Tests that run under nohup hand down that hangups are ignored.
            (
                "signal.signal(signal.SIGHUP, signal.SIG_DFL)\n"
                "run = assay.experiment('EXP-1'); run.log(loss=1); os.kill(os.getpid(), signal.SIGHUP)"
            ),
            -1,
            "stopped",
        ),
        ("run = assay.experiment('EXP-1'); run.log(loss=1); run.flush(); os._exit(3)", 3, "failed"),
        (
            OWN_HANDLER,
            7,
            "failed",
        ),
    ],
    ids=["end-of-script", "exception", "sigterm", "hangup", "hard-exit", "own-handler"],
)
def test_a_script_that_ends_without_saying_so_keeps_its_points(code, ends, status):
    train(code, ends=ends)
    assert (the_run().status, the_run().curves["loss"].points) == (status, 1)


def test_signals_are_left_as_they_were_when_the_run_is_over():
    before = signal.getsignal(signal.SIGTERM)
    with assay.experiment("EXP-1"):
        assert signal.getsignal(signal.SIGTERM) is not before
    assert signal.getsignal(signal.SIGTERM) is before


def test_killed_training_loses_nothing_that_is_a_second_old(lab):
    chance = random.Random(20261122)
    children, folders = [], [lab / str(number) for number in range(10)]
    for folder in folders:
        folder.mkdir()
        command = [sys.executable, CHILD, folder, folder / "noted"]
        children.append(subprocess.Popen(command, env=ENVIRONMENT, stdout=subprocess.PIPE))
    for child in children:
        assert child.stdout.readline()
    began = time.monotonic()
    killed = {}
    for after, number in sorted((chance.uniform(1.1, 2.6), number) for number in range(10)):
        time.sleep(max(0.0, began + after - time.monotonic()))
        killed[number] = time.monotonic_ns()
        children[number].kill()
    for number, child in enumerate(children):
        assert child.wait() == -signal.SIGKILL
        child.stdout.close()
        run = the_run(folders[number] / "assay-runs")
        assert run.status is RunStatus.FAILED, "its process is gone"
        times = struct.unpack("<200000q", (folders[number] / "noted").read_bytes())
        promised = sum(0 < at < killed[number] - 1_000_000_000 for at in times)
        kept = run.curves["loss"]
        assert promised > 20
        assert kept.points >= promised
        assert kept.steps.tolist() == list(range(kept.points))
        assert kept.values.tolist() == [step / 7 for step in range(kept.points)]


# ---------------------------------------------------------------------------------------------------- who logs
def test_eight_threads_log_each_point_exactly_once():
    def work(thread):
        for number in range(10_000):
            run.log(loss=thread * 10_000 + number, step=number)

    with assay.experiment("EXP-1") as run:
        threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(the_run().curves["loss"].values.tolist()) == list(range(80_000))
    assert run._queue.lost == 0


def test_forked_children_log_to_files_of_their_own_and_repeat_nothing():
    def work(number):
        run.log(worker=number, step=number)

    with assay.experiment("EXP-1") as run:
        run.log(loss=1.0, step=0)
        context = multiprocessing.get_context("fork")
        workers = [context.Process(target=work, args=(number,)) for number in range(4)]
        for worker in workers:
            worker.start()
        quiet = os.fork()
        if quiet == 0:
            os._exit(0)
        for worker in workers:
            worker.join()
            assert worker.exitcode == 0
        os.waitpid(quiet, 0)
        run.log(loss=0.5, step=1)
    kept = the_run()
    assert kept.curves["loss"].steps.tolist() == [0, 1]
    assert kept.curves["worker"].values.tolist() == [0, 1, 2, 3]
    assert kept.status is RunStatus.FINISHED
    assert len(list(Path("assay-runs").iterdir())) == 5


def test_a_child_that_leaves_the_block_does_not_end_the_run():
    train(
        "with assay.experiment('EXP-1') as run:\n"
        "    child = os.fork()\n"
        "    run.log(process=1 if child else 2)\n"
        "    if child: os.waitpid(child, 0)\n"
        "if child: time.sleep(0.1)\n"
    )
    assert sorted(the_run().curves["process"].values.tolist()) == [1, 2]
    assert the_run().status is RunStatus.FINISHED


def test_a_run_sent_to_another_process_logs_there():
    with assay.experiment("EXP-1") as run:
        other = pickle.loads(pickle.dumps(run))
        other.log(loss=1.0, step=1)
        other.finish()
        assert Path(run.path).with_suffix(".live").exists()
        run.log(loss=0.5, step=2)
    assert the_run().curves["loss"].steps.tolist() == [1, 2]


def test_a_fork_while_other_threads_log_meets_no_lock():
    stop = threading.Event()

    def work():
        while not stop.is_set():
            run.log(loss=1.0)

    with assay.experiment("EXP-1") as run:
        threads = [threading.Thread(target=work, daemon=True) for _ in range(2)]
        for thread in threads:
            thread.start()
        for number in range(20):
            child = os.fork()
            if child == 0:
                run.log(child=number, step=number)
                os._exit(0 if run.flush() else 1)
            assert os.waitpid(child, 0)[1] == 0
        stop.set()
        for thread in threads:
            thread.join()
    assert the_run().curves["child"].steps.tolist() == list(range(20))


# ---------------------------------------------------------------------------------------------------- the disk
@pytest.fixture
def small_disk():
    """Files cannot grow beyond a limit, until it is taken away: the system writes half a line, then refuses."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)

    def limit(size):
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))

    yield limit
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_training_goes_on_on_a_full_disk_and_what_waited_is_written_when_there_is_room(small_disk, caplog):
    small_disk(600)
    with assay.experiment("EXP-1") as run:
        for step in range(500):
            run.log(loss=0.5, step=step)
            if step % 100 == 0:
                assert run.flush(0.3) is (Path(run.path).stat().st_size < 600)
        assert Path(run.path).stat().st_size == 600
        small_disk(resource.RLIM_INFINITY)
    assert the_run().curves["loss"].steps.tolist() == list(range(500))
    told = [record.getMessage() for record in caplog.records]
    assert len(told) == 1
    assert told[0].startswith(
        f"cannot write run log '{run.path}': File too large (expected room on the disk)."
    )


def test_calls_beyond_the_queue_are_counted_and_told(small_disk, monkeypatch):
    monkeypatch.setattr(point_queue, "MOST_WAITING", 100)
    run = assay.experiment("EXP-1")
    small_disk(Path(run.path).stat().st_size)
    began = time.monotonic()
    for step in range(1_000):
        run.log(loss=0.5, step=step)
    assert time.monotonic() - began < 5, "the training is not held up"
    small_disk(resource.RLIM_INFINITY)
    assert run.flush()
    run.finish()
    kept = the_run()
    assert kept.curves["loss"].points + run._queue.lost == 1_000
    assert run._queue.lost >= 800
    assert kept.tags["assay.lost_calls"] == str(run._queue.lost)


# ---------------------------------------------------------------------------------------------------- the reader
def a_log(lines=3):
    with assay.experiment("EXP-1") as run:
        for step in range(lines):
            run.log(loss=0.5, step=step)
            run.flush()
    return Path(run.path)


def test_a_torn_last_line_waits_and_the_run_counts_as_running():
    log = a_log()
    whole = log.read_bytes()
    for cut in range(len(whole) - 1, whole.rindex(b"\n", 0, -1), -7):
        log.write_bytes(whole[:cut])
        assert the_run().curves["loss"].points == 3
        assert the_run().status is RunStatus.RUNNING
    log.write_bytes(whole[: whole.index(b'{"n":3')])
    assert the_run().curves["loss"].points == 2


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b"\x00" * 20, "line 3 is no JSON"),
        (b"{", "line 3 is no JSON"),
        (b"[1]", "line 3 is [1]"),
        (b"[" * 5000, "line 3 is no JSON"),
        (b'{"n":7}', "line 3 is n: 7"),
        (b'{"n":2,"points":[1]}', "points: [1]"),
        (b'{"n":2,"points":{"loss":[[1],[2]]}}', "points of 'loss'"),
        (b'{"n":2,"points":{"loss":[[1,2],[2],[3]]}}', "points of 'loss'"),
        (b'{"n":2,"points":{"loss":[[0.5],[2],[3]]}}', "points of 'loss'"),
        (b'{"n":2,"points":{"loss":[[1],["0.5"],[3]]}}', "points of 'loss'"),
        (b'{"n":2,"points":{"loss":[[1],[null],[3]]}}', "points of 'loss'"),
        (b'{"n":2,"points":{"loss":[[99999999999999999999],[1],[3]]}}', "points of 'loss'"),
        (b'{"n":2,"points":{"":[[1],[1],[3]]}}', "metric ''"),
        (b'{"n":2,"points":{"%s":[[1],[1],[3]]}}' % (b"x" * 300), "metric"),
        (b'{"n":2,"tags":{"a":1}}', "tags"),
        (b'{"n":2,"lost":-1}', "lost"),
        (b'{"n":2,"end":{"status":"won"}}', "end"),
    ],
)
def test_a_line_that_no_writer_writes_is_named_and_other_runs_are_read(line, said):
    log, other = a_log(), a_log()
    lines = log.read_bytes().split(b"\n")
    log.write_bytes(b"\n".join([*lines[:2], line, *lines[3:]]))
    synced = Synced(Source(id=1, project_id=1, name="lab", kind="assay", uri=str(log.parent)))
    with pytest.raises(Unavailable) as told:
        synced.sync(RunLogReader())
    assert log.name in told.value.message
    assert said in told.value.message
    assert set(synced.runs) == {other.stem}


def test_a_log_that_grows_is_read_on_where_the_last_look_ended(monkeypatch):
    taken = []
    take = GatheredLines.take
    monkeypatch.setattr(GatheredLines, "take", lambda self, line: (taken.append(line), take(self, line))[1])
    with assay.experiment("EXP-1", sync=False, quiet=True) as run:
        for number in range(3):
            run.log(loss=number, step=number)
            run.flush()
            assert the_run().curves["loss"].values.tolist() == list(range(number + 1))
        assert len(taken) == 4, "the head and a line each"
        log, before = Path(run.path), Path(run.path).read_bytes()
        log.write_bytes(before.replace(b"[0.0]", b"[7.0]").replace(b"[2.0]", b"[9.0]"))
        assert the_run().curves["loss"].values.tolist() == [7, 1, 9], (
            "another file is read from its beginning"
        )


def test_logs_of_other_versions_and_of_lost_mains_are_named():
    log, part = a_log(), a_log()
    log.write_bytes(b'{"assay_run":2}\n')
    part.rename(part.with_name(f"{part.stem}.12-ab.jsonl"))
    with pytest.raises(Unavailable) as told:
        read()
    assert "assay_run: 2" in told.value.message
    assert "the first line of its run is missing" in told.value.message


def test_other_files_links_and_pipes_in_the_folder_are_no_runs(lab):
    log = a_log()
    (log.parent / "notes.txt").write_text("x")
    (log.parent / "a.jsonl").write_text("{}")
    (log.parent / "20261122-000000-00000001.jsonl").symlink_to("/etc/hostname")
    os.mkfifo(log.parent / "20261122-000000-00000002.jsonl")
    assert set(read()) == {log.stem}


def test_metric_names_of_every_script_come_back():
    names = ["größe", "损失", "a b", "🔥", "x" * 250, "\x00", "a\nb", "\ud800"]
    with assay.experiment("EXP-1") as run:
        run.log({name: number for number, name in enumerate(names)})
        run.log({"x" * 251: 1.0, "": 1.0})
    kept = the_run().curves
    assert [kept[name.replace("\x00", "\ufffd").replace("\ud800", "?")].last for name in names] == list(
        range(len(names))
    )
    assert len(kept) == len(names)


def test_importing_and_beginning_a_run_loads_nothing_heavy():
    told = train(
        "assay.experiment('EXP-1').finish()\nprint(*sorted({m.partition('.')[0] for m in sys.modules}))"
    )
    assert {"numpy", "pydantic", "sqlalchemy", "fastapi", "httpx2", "torch", "mlflow", "asyncio"} & set(
        told.stdout.split()
    ) == set()


def test_logging_is_silent_when_all_is_well(caplog):
    with caplog.at_level(logging.DEBUG, "assay"), assay.experiment("EXP-1") as run:
        run.log(loss=1.0)
    assert caplog.records == []
