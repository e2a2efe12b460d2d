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


@contextmanager
def processes_that_write():
    """Starts one after the other: see writing_child.py."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "OPENBLAS_NUM_THREADS": "1"}
    with subprocess.Popen(
        [sys.executable, CHILD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, bufsize=0
    ) as starter:
        try:
            yield starter
        finally:
            starter.stdin.close()
            starter.kill()


def run_and_kill(starter, url, cycle, lifetime_s):
    """Let a process write for a while, kill it, and return what it acknowledged."""
    starter.stdin.write(f"{url} {cycle}\n".encode())
    process, told = int(starter.stdout.readline()), [starter.stdout.readline()]
    time.sleep(lifetime_s)
    os.kill(process, signal.SIGKILL)
    while told[-1] and not told[-1].startswith(b"ended"):
        told.append(starter.stdout.readline())
    *acknowledged, end = (line.decode().split() for line in told)
    assert acknowledged, "it ended before its first write"
    assert end == ["ended", str(-signal.SIGKILL)]
    return [Promise(kind, int(seq), key, token) for kind, seq, key, token in acknowledged]


@pytest.mark.slow
def test_store_killed_under_eight_writers_keeps_every_acknowledged_write(tmp_path):
    chance = random.Random(20261121)
    path = tmp_path / "assay.db"
    url = f"sqlite:///{path}"
    with open_store(url) as store:
        new_project(store)
    promises, entries = [], 0
    with processes_that_write() as starter:
        for cycle in range(CYCLES):
            promises += run_and_kill(starter, url, cycle, chance.uniform(0.02, 0.25))
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
        with processes_that_write() as one, processes_that_write() as two, ThreadPoolExecutor(1) as beside:
            other = beside.submit(run_and_kill, one, postgres_url, "other", 1.5 * POSTGRES_CYCLES)
            for cycle in range(POSTGRES_CYCLES):
                promises += run_and_kill(two, postgres_url, cycle, chance.uniform(0.2, 0.6))
            promises += other.result(timeout=60)
        entries = check_kept(store, promises)
    assert entries >= len(promises) >= 4 * POSTGRES_CYCLES
