"""How long does every page of a large project take? 1,000 experiments, 100,000 runs, 1,000,000 journal entries, 20 sprints.

Every page, and every list of the API, is asked for in turn over the application itself, after one look that warms it: p50 and p95 in
milliseconds, what the process worked for it (on a busy machine the only figure that stays), and how many statements it asked.

    python benchmarks/pages.py [--experiments 1000] [--runs 100000] [--events 1000000] [--rounds 20] [--home DIR]
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from grown_project import SLUG, live, tell
from starlette.testclient import TestClient

from assay.bootstrap import open_workspace
from assay.server.app import create_app
from assay.settings import Settings
from assay.testing.statements import statements_heard

GOAL_MS, MOST_STATEMENTS = 150.0, 20
PAGES = (
    "", "/board", "/backlog", "/templates", "/filters?owner=ada&page=board", "/experiments", "/experiments?owner=Ada", "/runs",
    "/runs/lab:500", "/runs?ticket={open}", "/blockers", "/blockers?state=all", "/flow", "/flow?days=365", "/diagnosis", "/canvas",
    "/journal?kind=ticket.moved", "/search?q=rerank", "/settings", "/sprints", "/sprints/20", "/sprints/20/check",
    "/sprints/20/review", "/sprints/20/retro", "/sprints/10", "/sprints/10/review", "/sprints/10/retro", "/planning",
    "/planning?by=delay", "/standup", "/t/new", "/t/{done}", "/t/{open}/blockers", "/t/{draft}/edit", "/t/{open}", "/t/{open}/decide",
    "/t/{open}/move", "/t/{open}/moves.json",
)  # fmt: skip
LISTS = (
    "tickets", "tickets/{open}", "tickets/{open}/page", "experiments", "runs", "backlog", "board", "flow", "blockers", "diagnosis",
    "sprints", "sprints/20", "sprints/20/check", "sprints/20/review", "sprints/20/retro", "sprints/20/burn", "sprint-rates", "standup",
    "planning", "planning/page", "planning/calls?since=2025-01-01", "canvas", "phase", "build-or-buy", "gates", "gate-runs", "sources", "overview",
    "search?q=rerank", "templates", "filters", "metrics", "tickets/{open}/verdict", "tickets/{open}/verdicts",
)  # fmt: skip


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--experiments", type=int, default=1_000)
    arguments.add_argument("--runs", type=int, default=100_000)
    arguments.add_argument("--events", type=int, default=1_000_000)
    arguments.add_argument("--rounds", type=int, default=20)
    arguments.add_argument(
        "--home", type=Path, help="where the project is kept, and used again if it is there"
    )
    arguments.add_argument("--only", default="", help="pages whose address has this in it")
    asked = arguments.parse_args()
    with tempfile.TemporaryDirectory(prefix="assay-bench-") as name:
        home = asked.home or Path(name)
        settings = Settings(home=home, sync_interval_s=0)
        if not (home / "assay.db").exists():
            began = time.perf_counter()
            with open_workspace(settings) as ws:
                live(ws, asked.experiments, asked.runs)
            print(f"lived in {time.perf_counter() - began:.0f} s", flush=True)
            tell(home / "assay.db", asked.events, asked.experiments)
            print(f"told in {time.perf_counter() - began:.0f} s", flush=True)
        with (
            statements_heard() as heard,
            open_workspace(settings) as ws,
            TestClient(create_app(ws, settings), base_url="http://127.0.0.1") as client,
        ):
            keys = examples(ws)
            addresses = [f"/p/{SLUG}{page}" for page in PAGES] + [
                f"/api/v1/projects/{SLUG}/{page}" for page in LISTS
            ]
            asked_for = [one.format(**keys) for one in addresses if asked.only in one]
            return measure(client, heard, asked_for, asked.rounds)


def examples(ws) -> dict[str, str]:
    """Of the tickets that were decided, that are judged, and that wait: the one with the longest life of each."""
    with ws.store.read() as tx:
        project = tx.project(SLUG)
        tickets = tx.tickets(project.id)
        runs = tx.runs_so_far(
            project.id,
            [one.key for one in tickets],
            begin=project.created_at,
            until=datetime.max.replace(tzinfo=UTC),
        )
    tickets.sort(key=lambda one: runs[one.key].begun if one.key in runs else 0)
    return {
        "draft" if one.lock is None else "open" if one.decision is None else "done": one.key
        for one in tickets
    }


def measure(client, heard, addresses, rounds) -> int:
    """Each page `rounds` times, in turn; how many miss a goal."""
    wall: dict[str, list[float]] = {page: [] for page in addresses}
    worked: dict[str, list[float]] = {page: [] for page in addresses}
    sizes, statements = {}, {}
    for turn in range(rounds + 2):
        for page in addresses:
            began, worked_before = time.perf_counter(), time.process_time()
            if turn == 1:
                statements[page] = len(heard.of(lambda page=page: client.get(page)))
                continue
            answer = client.get(page)
            if turn:
                wall[page].append((time.perf_counter() - began) * 1000)
                worked[page].append((time.process_time() - worked_before) * 1000)
            assert answer.status_code == 200, (page, answer.status_code, answer.text[:500])
            sizes[page] = len(answer.content)
    missed = 0
    for page in sorted(addresses, key=lambda page: -statistics.median(worked[page])):
        slow, many = p95(wall[page]) > GOAL_MS, statements[page] > MOST_STATEMENTS
        missed += slow or many
        print(
            f"{page:48} p50 {statistics.median(wall[page]):6.1f}  p95 {p95(wall[page]):6.1f} ms  worked {statistics.median(worked[page]):6.1f}"
            f"  p95 {p95(worked[page]):6.1f} ms  {statements[page]:3} statements  {sizes[page] / 1000:5.0f} kB"
            f"{'   slow' if slow else ''}{'   many' if many else ''}"
        )
    print(
        f"{len(addresses)} pages, {missed} miss p95 <= {GOAL_MS:g} ms or {MOST_STATEMENTS} statements; load",
        os.getloadavg(),
    )
    return missed


def p95(values: list[float]) -> float:
    """The highest of fewer than twenty."""
    return sorted(values)[max(int(len(values) * 0.95) - 1, 0)] if len(values) >= 20 else max(values)


if __name__ == "__main__":
    sys.exit(1 if main() else 0)
