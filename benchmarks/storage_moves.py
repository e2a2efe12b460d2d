"""One durable ticket move in process: ours against plain sqlite3, in turn, in one run.

The peer does what a small program would: one transaction with an UPDATE of the ticket and one chained journal row, at
WAL and synchronous=FULL, on its own file of the same disk. Ours goes through the store: the ticket is read, its column
counts are kept, the journal entry is canonical JSON in a hash chain and a Merkle frontier, and the search index stays right.

    python benchmarks/storage_moves.py [--tickets 100000] [--moves 500] [--rounds 5]
"""

import argparse
import hashlib
import json
import os
import random
import sqlite3
import statistics
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from assay.domain.experiments.experiment import TicketContent
from assay.domain.governance.verification import verify_chain
from assay.domain.kernel.events import Event
from assay.storage import open_store
from assay.workflows.actor import Actor
from assay.workflows.records import ProjectSettings

BASE = datetime(2026, 1, 1, tzinfo=UTC)
STAGES = ("backlog", "hypothesis", "experiment", "evaluation", "iteration", "production", "killed")
TEXT = (
    "A smaller rank keeps the accuracy of the support classifier while it halves the memory of the adapter. "
    * 4
)
ADA = Actor("ada")


class Plain:
    """sqlite3 from the standard library, one commit a move."""

    def __init__(self, path, tickets):
        self.db = sqlite3.connect(path, isolation_level=None)
        self.db.execute("PRAGMA journal_mode=WAL")
        self.db.execute("PRAGMA synchronous=FULL")
        self.db.executescript(
            "CREATE TABLE tickets (id INTEGER PRIMARY KEY, project_id INT, key TEXT, title TEXT, body TEXT, stage TEXT,"
            " rank REAL, version INT, updated_at TEXT);"
            "CREATE INDEX board ON tickets (project_id, stage, rank);"
            "CREATE TABLE journal (seq INTEGER PRIMARY KEY, body TEXT, hash BLOB)"
        )
        rows = (
            (i, 1, f"EXP-{i}", f"Ticket {i}", TEXT, STAGES[i % 7], float(i), 1, "")
            for i in range(1, tickets + 1)
        )
        self.db.execute("BEGIN")
        self.db.executemany("INSERT INTO tickets VALUES (?,?,?,?,?,?,?,?,?)", rows)
        self.db.execute("COMMIT")
        self.hash = b""

    def move(self, number, stage, rank, at):
        self.db.execute("BEGIN IMMEDIATE")
        moved = self.db.execute(
            "UPDATE tickets SET stage=?, rank=?, version=version+1, updated_at=? WHERE id=? AND project_id=1",
            (stage, rank, at.isoformat(), number),
        )
        assert moved.rowcount == 1
        body = json.dumps(
            {"kind": "ticket.moved", "subject": f"EXP-{number}", "after": stage, "at": at.isoformat()}
        )
        self.hash = hashlib.sha256(self.hash + body.encode()).digest()
        self.db.execute("INSERT INTO journal (body, hash) VALUES (?,?)", (body, self.hash))
        self.db.execute("COMMIT")


class Ours:
    """The store."""

    def __init__(self, path, tickets):
        self.store = open_store(f"sqlite:///{path}")
        self.project = self.store.write(
            lambda tx: tx.add_project(slug="vision", name="Vision", settings=ProjectSettings(), at=BASE)
        )
        for first in range(1, tickets + 1, 2000):
            self.store.write(lambda tx, first=first: self._fill(tx, first, min(first + 2000, tickets + 1)))

    def _fill(self, tx, first, end):
        for i in range(first, end):
            content = TicketContent(title=f"Ticket {i}", hypothesis=TEXT)
            tx.add_ticket(self.project, content, stage=STAGES[i % 7], rank=float(i), by="ada", at=BASE)

    def move(self, number, stage, rank, at):
        def work(tx):
            project = tx.project("vision")
            ticket = tx.ticket(project.id, f"EXP-{number}")
            assert len(tx.stage_counts(project.id)) >= 1
            moved = tx.place_ticket(ticket, stage=stage, rank=rank, at=at)
            event = Event.of(
                "ticket.moved", project="vision", subject=ticket.key, before=ticket.stage, after=stage
            )
            tx.append(event, actor=ADA, at=at)
            return moved

        return self.store.write(work)


def timed_ms(work, *args):
    start = time.perf_counter()
    work(*args)
    return (time.perf_counter() - start) * 1e3


def fdatasync_ms(path):
    with Path(path).open("wb") as file:
        samples = []
        for _ in range(50):
            file.write(b"x" * 4096)
            file.flush()
            samples.append(timed_ms(os.fdatasync, file.fileno()))
    return statistics.median(samples)


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--tickets", type=int, default=100_000)
    options.add_argument("--moves", type=int, default=500)
    options.add_argument("--rounds", type=int, default=5)
    given = options.parse_args()
    chance = random.Random(0)
    with tempfile.TemporaryDirectory() as folder:
        plain, ours = Plain(f"{folder}/plain.db", given.tickets), Ours(f"{folder}/ours.db", given.tickets)
        ratios, times = [], {"plain": [], "ours": []}
        for done in range(given.rounds + 1):
            pair = {"plain": [], "ours": []}
            for step in range(given.moves):
                number, stage = chance.randint(1, given.tickets), chance.choice(STAGES)
                args = (number, stage, chance.random() * 1e6, BASE + timedelta(seconds=step))
                pair["plain"].append(timed_ms(plain.move, *args))
                pair["ours"].append(timed_ms(ours.move, *args))
            if done:  # the first round warms up
                ratios.append(statistics.median(pair["ours"]) / statistics.median(pair["plain"]))
                for name, values in pair.items():
                    times[name] += values
        with ours.store.read() as tx:
            entries = given.moves * (given.rounds + 1)
            assert sum(tx.stage_counts(ours.project.id).values()) == given.tickets
            report = verify_chain(tx.raw_entries())
            assert tx.head()[0] == entries, "one journal entry a move"
        ours.store.close()
        result = {
            "tickets": given.tickets,
            "ratio_p50_ours_to_sqlite3": round(statistics.median(ratios), 2),
            "goal_ratio": 6,
            **{f"{name}_p50_ms": round(statistics.median(v), 3) for name, v in times.items()},
            **{f"{name}_p95_ms": round(statistics.quantiles(v, n=20)[18], 3) for name, v in times.items()},
            "fdatasync_p50_ms": round(fdatasync_ms(f"{folder}/floor"), 3),
            "chain_verified": str(report)[:120],
            "load": os.getloadavg(),
        }
        print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
