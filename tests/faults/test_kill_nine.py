"""Nothing acknowledged is lost, and nothing is half done, when the process is killed at any moment."""

import os
import random
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from assay.storage import open_store
from assay.testing.storage_samples import new_project
from tests.faults.promises import Promise, check_file, check_kept

CYCLES = int(os.environ.get("ASSAY_KILL_CYCLES", "50"))
CHILD = Path(__file__).with_name("writing_child.py")
POSTGRES_CYCLES = max(2, CYCLES // 25)
READY_S = 3.0


def start_child():
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "OPENBLAS_NUM_THREADS": "1"}
    return subprocess.Popen(
        [sys.executable, CHILD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, bufsize=0
    )


def run_and_kill(child, url, cycle, lifetime_s):
    """Let it write for a while, kill it, and return what it acknowledged."""
    assert child.stdout.readline() == b"ready\n"
    child.stdin.write(f"{url} {cycle}\n".encode())
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


@contextmanager
def children(count):
    """Processes that have started and wait; those that are not killed by the test are killed after it."""
    started = [start_child() for _ in range(count)]
    try:
        yield started
    finally:
        for child in started:
            child.kill()
            child.wait()
            child.stdin.close()
            child.stdout.close()


@pytest.mark.slow
def test_store_killed_under_eight_writers_keeps_every_acknowledged_write(tmp_path):
    chance = random.Random(20261121)
    path = tmp_path / "assay.db"
    url = f"sqlite:///{path}"
    with open_store(url) as store:
        new_project(store)
    promises, entries = [], 0
    with children(1) as waiting:
        for cycle in range(CYCLES):
            child = waiting.pop()
            waiting.append(start_child())
            promises += run_and_kill(child, url, cycle, chance.uniform(0.02, 0.5))
            start = time.monotonic()
            with open_store(url) as store:
                assert time.monotonic() - start < READY_S
                entries = check_kept(store, promises)
            check_file(path)
    print(f"{CYCLES} kills, {len(promises)} writes acknowledged, {entries} entries, 0 lost, 0 half done")
    assert len(promises) >= 4 * CYCLES


@pytest.mark.postgres
def test_process_killed_beside_another_on_one_postgresql_leaves_it_whole_and_the_other_working(postgres_url):
    """Two processes of eight writers each; one is killed in the middle of its turn, the other must not notice."""
    chance = random.Random(20261121)
    promises = []
    with open_store(postgres_url) as store:
        new_project(store)
        with children(1 + POSTGRES_CYCLES) as waiting, ThreadPoolExecutor(1) as beside:
            other = beside.submit(run_and_kill, waiting.pop(), postgres_url, "other", 1.5 * POSTGRES_CYCLES)
            for cycle in range(POSTGRES_CYCLES):
                promises += run_and_kill(waiting.pop(), postgres_url, cycle, chance.uniform(0.2, 0.6))
            promises += other.result(timeout=60)
        entries = check_kept(store, promises)
    assert entries >= len(promises) >= 4 * POSTGRES_CYCLES
