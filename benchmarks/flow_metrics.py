"""Flow metrics over a journal of 1,000,000 entries: cold, warm, and against one look at the same rows.

A project of 1,000 experiments, whose crossings and decisions lie among entries of other kinds. The floor is one SQL
statement that reads the bodies of the entries that count, and nothing else.

    python benchmarks/flow_metrics.py [--events 1000000] [--rounds 5]
"""

import argparse
import json
import os
import random
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

from assay.bootstrap import open_workspace
from assay.domain.kernel.events import Event
from assay.settings import Settings
from assay.workflows.actor import Actor
from assay.workflows.flow import flow
from assay.workflows.ports import Store
from assay.workflows.projects import create_project

ADA = Actor(name="Ada")
EXPERIMENTS = 1_000
BATCH = 5_000
WAY = ("hypothesis", "experiment", "evaluation", "iteration", "evaluation", "killed")
COLD_S, WARM_S = 2.0, 0.1
KINDS = ("ticket.created", "ticket.moved", "ticket.deleted", "decision.recorded")
COLD = """
import sys, time
from pathlib import Path
from assay.bootstrap import open_workspace
from assay.settings import Settings
from assay.workflows.actor import Actor
from assay.workflows.flow import flow
with open_workspace(Settings(home=Path(sys.argv[1]))) as ws:
    began = time.perf_counter()
    found = flow(ws, Actor(name="Ada"), "bench", days=365)
    print(time.perf_counter() - began, found.decided)
"""


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--events", type=int, default=1_000_000)
    arguments.add_argument("--rounds", type=int, default=5)
    asked = arguments.parse_args()
    with tempfile.TemporaryDirectory(prefix="assay-bench-") as name:
        home = Path(name)
        with open_workspace(Settings(home=home)) as ws:
            create_project(ws, ADA, slug="bench", name="Bench")
            fill(ws.store, asked.events)
        with sqlite3.connect(home / "assay.db") as database:
            database.execute("ANALYZE")
        cold = [cold_run(home) for _ in range(asked.rounds)]
        with open_workspace(Settings(home=home)) as ws:
            flow(ws, ADA, "bench", days=365)
            warm, floor = [], []
            for _ in range(asked.rounds):
                warm.append(timed(lambda: flow(ws, ADA, "bench", days=365)))
                floor.append(timed(lambda: bodies(home / "assay.db")))
    figures = {
        name: statistics.median(values) for name, values in (("cold", cold), ("warm", warm), ("floor", floor))
    }
    ratios = statistics.median(one / other for one, other in zip(warm, floor, strict=True))
    met = figures["cold"] <= COLD_S and figures["warm"] <= WARM_S
    print(
        json.dumps(
            {
                "row": f"flow of a year over {asked.events:,} journal entries",
                "seconds": {name: round(value, 4) for name, value in figures.items()},
                "times reading the entries that count": round(ratios, 1),
                "goal": f"cold <= {COLD_S} s, warm <= {WARM_S} s",
                "met": met,
                "load": os.getloadavg(),
            }
        )
    )
    return 0 if met else 1


def fill(store: Store, events: int) -> None:
    """Entries in the order of time: each experiment goes its way, and between its steps other things happen."""
    chance = random.Random(0)
    begin = datetime(2025, 11, 1, tzinfo=UTC)
    steps = [step for number in range(1, EXPERIMENTS + 1) for step in way_of(f"EXP-{number}", chance)]
    steps.sort(key=lambda step: step[0])
    gap = max(1, events // len(steps))
    for batch in batched(entries(steps, begin, gap), BATCH):
        store.write(lambda tx, batch=batch: [tx.append(event, actor=ADA, at=at) for event, at in batch])


def entries(steps: list, begin: datetime, gap: int) -> Iterator:
    for day, kind, key, payload in steps:
        at = begin + timedelta(days=day)
        for _ in range(gap - 1):
            yield Event.of("run.synced", project="bench", subject=None, changed=1, source="lab"), at
        yield Event.of(kind, project="bench", subject=key, **payload), at


def batched(found: Iterator, size: int) -> Iterator:
    return iter(lambda: list(islice(found, size)), [])


def way_of(key: str, chance: random.Random) -> list:
    day = chance.uniform(0, 330)
    found = [(day, "ticket.created", key, {"after": {"title": key}})]
    before = "backlog"
    for stage in WAY:
        day += chance.expovariate(1 / 5)
        found.append(
            (day, "ticket.moved", key, {"before": before, "after": stage, "reason": "", "unmet": []})
        )
        before = stage
    found.append((day, "decision.recorded", key, {"decision": "kill", "learnings": "Too little data."}))
    return found


def cold_run(home: Path) -> float:
    said = subprocess.run(
        [sys.executable, "-c", COLD, str(home)], capture_output=True, text=True, check=True
    ).stdout
    return float(said.split()[0])


def bodies(path: Path) -> int:
    database = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    marks = ",".join("?" * len(KINDS))
    found = database.execute(
        f"SELECT body FROM journal WHERE coalesce(project, '') = 'bench' AND kind IN ({marks}) ORDER BY seq",
        KINDS,
    ).fetchall()
    database.close()
    return len(found)


def timed(work) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


if __name__ == "__main__":
    sys.exit(main())
