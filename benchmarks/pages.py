"""How long does every page of a large project take? 1,000 experiments, 100,000 runs, 1,000,000 journal entries, 20 sprints.

Every page is asked for in turn over the application itself, after one look that warms it; p50 and p95 in milliseconds.

    python benchmarks/pages.py [--experiments 1000] [--runs 100000] [--events 1000000] [--rounds 20]
"""

import argparse
import os
import random
import sqlite3
import statistics
import tempfile
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
from flow_metrics import insert, row
from starlette.testclient import TestClient

from assay.bootstrap import open_workspace
from assay.domain.experiments.evidence import Curve, Run, RunStatus
from assay.domain.experiments.experiment import TicketContent
from assay.domain.sprints.sprint import SprintContent
from assay.server.app import create_app
from assay.settings import Settings
from assay.workflows.actor import Actor
from assay.workflows.commitments import commit_tickets
from assay.workflows.projects import create_project
from assay.workflows.sprints import create_sprint, end_sprint, start_sprint
from assay.workflows.tickets import insert_ticket

ADA = Actor(name="Ada")
SLUG = "bench"
GOAL_MS = 150.0
PAGES = (
    "", "/board", "/backlog", "/sprints", "/sprints/20", "/planning", "/standup", "/sprints/20/check", "/sprints/20/review",
    "/sprints/20/retro", "/experiments", "/blockers", "/flow", "/flow?days=365", "/diagnosis", "/canvas", "/phase", "/runs", "/gates",
    "/journal", "/search?q=rerank", "/settings", "/t/EXP-500", "/t/new",
)  # fmt: skip


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--experiments", type=int, default=1_000)
    arguments.add_argument("--runs", type=int, default=100_000)
    arguments.add_argument("--events", type=int, default=1_000_000)
    arguments.add_argument("--rounds", type=int, default=20)
    asked = arguments.parse_args()
    with tempfile.TemporaryDirectory(prefix="assay-bench-") as name:
        settings = Settings(home=Path(name), sync_interval_s=0)
        with open_workspace(settings) as ws:
            create_project(ws, ADA, slug=SLUG, name="Bench")
            fill(ws, asked.experiments, asked.runs)
        tell(Path(name) / "assay.db", asked.events)
        with (
            open_workspace(settings) as ws,
            TestClient(create_app(ws, settings), base_url="http://127.0.0.1") as client,
        ):
            measure(client, asked.rounds)
    print("load", os.getloadavg())


def fill(ws, experiments: int, runs: int) -> None:
    """Tickets in every column, twenty sprints, and runs spread over all tickets."""
    chance = random.Random(0)

    def tickets(tx):
        project = tx.project(SLUG)
        stages = [stage.key for stage in project.settings.board.stages]
        for number in range(experiments):
            content = TicketContent(
                title=f"Rerank the top {number}", hypothesis=f"Reranking lifts accuracy by {number} points."
            )
            ticket = insert_ticket(tx, ws, ADA, project, content)
            if number % 4:
                tx.place_ticket(ticket, stage=chance.choice(stages), rank=float(number), at=ws.clock())

    ws.store.write(tickets)
    source = ws.store.write(
        lambda tx: tx.add_source(
            tx.project(SLUG).id, name="lab", kind="mlflow", uri="none", experiment_filter=()
        )
    )
    begin = datetime.now(UTC) - timedelta(days=200)
    steps = np.arange(2)
    made = [
        Run(
            run_id=f"lab:{number}", source="lab", external_id=str(number), name=f"run {number}", status=RunStatus.FINISHED, config={},
            seed=number % 5, curves={"accuracy": Curve(steps=steps, values=np.array([0.1, 0.8]), times_ms=steps)},
            ticket=f"EXP-{number % experiments + 1}", started_at=begin + timedelta(minutes=number * 2),
            ended_at=begin + timedelta(minutes=number * 2 + 60), gpu_hours=1.0, digest=str(number),
        )
        for number in range(runs)
    ]  # fmt: skip
    for first in range(0, runs, 5_000):
        ws.store.write(lambda tx, first=first: tx.put_runs(source, made[first : first + 5_000], seq=1))
    for number in range(1, 21):
        day = date.today() - timedelta(days=14 * (20 - number))  # noqa: DTZ011 - any day
        create_sprint(
            ws,
            ADA,
            SLUG,
            SprintContent(name=f"Sprint {number}", starts_on=day, ends_on=day + timedelta(days=13)),
        )
        keys = [f"EXP-{chance.randrange(experiments) + 1}" for _ in range(6)]
        commit_tickets(ws, ADA, SLUG, number, keys, confirmed=True)
        start_sprint(ws, ADA, SLUG, number, expected_version=None)
        if number < 20:
            end_sprint(ws, ADA, SLUG, number, expected_version=None)


def tell(path: Path, events: int) -> None:
    """Entries of other kinds, as a long life leaves them."""
    database = sqlite3.connect(path)
    (seq,) = database.execute("SELECT max(seq) FROM journal").fetchone()
    at = datetime.now(UTC)
    with database:
        for first in range(seq + 1, events + 1, 50_000):
            numbers = range(first, min(first + 50_000, events + 1))
            insert(
                database,
                [row(one, at, "runs.synced", None, {"changed": 1, "source": "lab"}) for one in numbers],
            )
    database.execute("ANALYZE")
    database.close()


def measure(client: TestClient, rounds: int) -> None:
    """Each page `rounds` times, in turn."""
    times: dict[str, list[float]] = {page: [] for page in PAGES}
    sizes = {}
    for turn in range(rounds + 1):
        for page in PAGES:
            began = time.perf_counter()
            answer = client.get(f"/p/{SLUG}{page}")
            if turn:
                times[page].append((time.perf_counter() - began) * 1000)
            assert answer.status_code == 200, (page, answer.status_code)
            sizes[page] = len(answer.content)
    for page, taken in sorted(times.items(), key=lambda item: -statistics.median(item[1])):
        p95 = sorted(taken)[int(len(taken) * 0.95) - 1]
        met = "" if p95 <= GOAL_MS else "   missed"
        print(
            f"{page or '/':22} p50 {statistics.median(taken):7.1f}  p95 {p95:7.1f} ms  {sizes[page] / 1000:7.0f} kB{met}"
        )


if __name__ == "__main__":
    main()
