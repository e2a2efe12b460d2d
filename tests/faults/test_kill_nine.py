"""Nothing acknowledged is lost, and nothing is half done, when the process is killed at any moment."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing
from pathlib import Path
from sqlite3 import connect

import pytest

import assay
from assay.domain.governance.verification import verify_chain
from assay.storage import open_store
from assay.testing.storage_samples import new_project

CYCLES = int(os.environ.get("ASSAY_KILL_CYCLES", "50"))
CHILD = Path(__file__).with_name("writing_child.py")
READY_S = 3.0


def start_child():
    environment = {
        **os.environ,
        "PYTHONPATH": str(Path(assay.__file__).parents[1]),
        "OPENBLAS_NUM_THREADS": "1",
    }
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
    return [line.split() for line in lines if line.endswith("\n")]


def check(path, ledger):
    """Every acknowledged write is there; of all others, either everything is or nothing."""
    start = time.monotonic()
    with open_store(f"sqlite:///{path}") as store, store.read() as tx:
        assert time.monotonic() - start < READY_S
        report = verify_chain(tx.raw_entries())
        assert report.ok, report.fault
        assert report.head == tx.journal_head()
        project = tx.project("vision")
        entries = {seq: json.loads(body) for seq, body, _ in tx.raw_entries()}
        tickets = {ticket.key: ticket for ticket in tx.tickets(project.id)}
        created = {
            e["subject"]: e["payload"]["token"] for e in entries.values() if e["kind"] == "ticket.created"
        }
        moved = Counter(e["subject"] for e in entries.values() if e["kind"] == "ticket.moved")
        for kind, seq, key, token in ledger:
            entry = entries.get(int(seq))
            assert entry is not None, f"acknowledged entry {seq} is lost"
            assert (entry["kind"], entry["subject"]) == (f"ticket.{kind}", key)
            assert tickets[key].content.title == token
            assert tx.answer("faults", token).body == key.encode()
        assert {key: ticket.content.title for key, ticket in tickets.items()} == created
        assert {key: ticket.version - 1 for key, ticket in tickets.items() if ticket.version > 1} == moved
        assert Counter(ticket.stage for ticket in tickets.values()) == tx.stage_counts(project.id)
        assert len(entries) == len(created) + sum(moved.values())
    with closing(connect(path)) as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert database.execute("PRAGMA foreign_key_check").fetchall() == []
        for table, rows in (
            ("answers", len(created)),
            ("notes", sum(moved.values())),
            ("ticket_search", len(created)),
        ):
            assert database.execute(f"SELECT count(*) FROM {table}").fetchone() == (rows,)
    return len(entries)


@pytest.mark.slow
def test_store_killed_under_eight_writers_keeps_every_acknowledged_write(tmp_path):
    chance = random.Random(20261121)
    path = tmp_path / "assay.db"
    with open_store(f"sqlite:///{path}") as store:
        new_project(store)
    ledger, waiting, entries = [], start_child(), 0
    try:
        for cycle in range(CYCLES):
            child, waiting = waiting, start_child()
            ledger += run_and_kill(child, path, cycle, chance.uniform(0.02, 0.5))
            entries = check(path, ledger)
    finally:
        waiting.kill()
        waiting.wait()
        waiting.stdin.close()
        waiting.stdout.close()
    print(f"{CYCLES} kills, {len(ledger)} writes acknowledged, {entries} entries, 0 lost, 0 half done")
    assert len(ledger) >= 4 * CYCLES
