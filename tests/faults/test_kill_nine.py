"""Nothing acknowledged is lost, and nothing is half done, when the process is killed at any moment."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from assay.storage import open_store
from assay.testing.storage_samples import new_project
from tests.faults.promises import Promise, check_file, check_kept

CYCLES = int(os.environ.get("ASSAY_KILL_CYCLES", "50"))
CHILD = Path(__file__).with_name("writing_child.py")
READY_S = 3.0


def start_child():
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "OPENBLAS_NUM_THREADS": "1"}
    return subprocess.Popen(
        [sys.executable, CHILD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, bufsize=0
    )


def run_and_kill(child, path, cycle, lifetime_s):
    """Let it write for a while, kill it, and return what it acknowledged."""
    assert child.stdout.readline() == b"ready\n"
    child.stdin.write(f"{path} {cycle}\n".encode())
    first = child.stdout.readline()
    assert first, "the child ended before its first write"
    timer = time.monotonic() + lifetime_s
    time.sleep(max(0.0, timer - time.monotonic()))
    child.send_signal(signal.SIGKILL)
    rest = child.stdout.read()
    child.wait(timeout=10)
    child.stdin.close()
    child.stdout.close()
    assert child.returncode == -signal.SIGKILL
    lines = (first + rest).decode().splitlines(keepends=True)
    told = [line.split() for line in lines if line.endswith("\n")]
    return [Promise(kind, int(seq), key, token) for kind, seq, key, token in told]


@pytest.mark.slow
def test_store_killed_under_eight_writers_keeps_every_acknowledged_write(tmp_path):
    chance = random.Random(20261121)
    path = tmp_path / "assay.db"
    with open_store(f"sqlite:///{path}") as store:
        new_project(store)
    promises, waiting, entries = [], start_child(), 0
    try:
        for cycle in range(CYCLES):
            child, waiting = waiting, start_child()
            promises += run_and_kill(child, path, cycle, chance.uniform(0.02, 0.5))
            start = time.monotonic()
            with open_store(f"sqlite:///{path}") as store:
                assert time.monotonic() - start < READY_S
                entries = check_kept(store, promises)
            check_file(path)
    finally:
        waiting.kill()
        waiting.wait()
        waiting.stdin.close()
        waiting.stdout.close()
    print(f"{CYCLES} kills, {len(promises)} writes acknowledged, {entries} entries, 0 lost, 0 half done")
    assert len(promises) >= 4 * CYCLES
