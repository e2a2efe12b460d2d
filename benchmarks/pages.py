"""How long does every page of a large project take? 1,000 experiments, 100,000 runs, 1,000,000 journal entries, 20 sprints.

Every page, and every list of the API, is asked for in turn of `assay up`, as a user runs it, after one look that warms it: p50 and
p95 in milliseconds, and what the server worked for it on its processors (on a busy machine the only figure that stays). How many
statements each asks is counted before that, in this process.

    python benchmarks/pages.py [--experiments 1000] [--runs 100000] [--events 1000000] [--rounds 20] [--home DIR] [--only WORD]
"""

import argparse
import http.client
import os
import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from grown_project import SLUG, live, tell
from served import assay_up
from starlette.testclient import TestClient

from assay.bootstrap import open_workspace
from assay.server.app import create_app
from assay.settings import Settings
from assay.testing.statements import statements_heard

GOAL_MS, MOST_STATEMENTS = 150.0, 20
PAGES = (
    "", "/board", "/board?lanes=owner", "/board?lanes=phase", "/board?owner=ada", "/board?stale=yes",
    "/board/experiment/cards", "/backlog", "/templates", "/filters?owner=ada&page=board", "/inbox", "/experiments",
    "/experiments?owner=Ada", "/runs", "/runs/lab:500", "/runs?ticket={open}", "/compare", "/compare?ticket={open}", "/compare/curves.json?ticket={open}", "/examples?ticket={open}", "/blockers", "/blockers?state=all", "/flow",
    "/flow?days=365", "/flow/tickets", "/flow/tickets?column=experiment", "/charts/flow-days.json?days=365",
    "/charts/flow-cycles.json?days=365", "/diagnosis", "/backtest", "/canvas", "/canvas/edit", "/phase", "/state", "/build-or-buy", "/gates",
    "/gates/ready-to-show", "/gates/ready-to-show/runs/{gate}", "/journal", "/journal?kind=ticket.moved", "/search?q=rerank",
    "/palette?q=rerank", "/settings", "/sprints", "/charts/sprint-rates.json", "/charts/sprint-data.json",
    "/charts/sprint-20-burn.json", "/sprints/20", "/sprints/20/check", "/sprints/20/review", "/sprints/20/retro", "/sprints/10",
    "/sprints/10/review", "/sprints/10/retro", "/planning", "/planning?view=delay", "/planning?after=30", "/standup", "/t/new",
    "/t/{done}", "/t/{open}/blockers", "/t/{draft}/edit", "/t/{open}", "/t/{open}/decide", "/t/{open}/move",
    "/t/{open}/moves.json", "/t/{open}/charts/metric.json", "/charts/best.json",
)  # fmt: skip
LISTS = (
    "tickets", "tickets/{open}", "tickets/{open}/page", "experiments", "runs", "comparison?ticket={open}", "comparison/curves?ticket={open}", "examples?ticket={open}", "backlog", "board", "flow", "flow-tickets",
    "blockers", "diagnosis", "sprints", "sprints/20", "sprints/20/check", "sprints/20/review", "sprints/20/retro",
    "sprints/20/burn", "sprint-rates", "standup", "planning", "planning/page", "planning/calls?since=2025-01-01", "canvas", "phase",
    "build-or-buy", "gates", "gate-runs", "sources", "overview", "inbox", "search?q=rerank", "templates", "filters", "metrics",
    "tickets/{open}/verdict", "tickets/{open}/verdicts",
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
        if not (home / "assay.db").exists():
            grow(home, asked)
        statements = counted(home, asked.only)
        with assay_up(home) as (process, url):
            server = http.client.HTTPConnection(url.removeprefix("http://"), timeout=60)
            return measure(server, process.pid, statements, asked.rounds)


def grow(home: Path, asked: argparse.Namespace) -> None:
    """The project, in this home."""
    began = time.perf_counter()
    with open_workspace(Settings(home=home, sync_interval_s=0)) as ws:
        live(ws, asked.experiments, asked.runs)
    print(f"lived in {time.perf_counter() - began:.0f} s", flush=True)
    tell(home / "assay.db", asked.events, asked.experiments)
    print(f"told in {time.perf_counter() - began:.0f} s", flush=True)


def counted(home: Path, only: str) -> dict[str, int]:
    """Statements that each address asks once it is warm."""
    settings = Settings(home=home, sync_interval_s=0)
    with (
        statements_heard() as heard,
        open_workspace(settings) as ws,
        TestClient(create_app(ws, settings), base_url="http://127.0.0.1") as client,
    ):
        keys = examples(ws)
        found = {}
        for one in (
            (f"/p/{SLUG}{page}" for page in PAGES),
            (f"/api/v1/projects/{SLUG}/{page}" for page in LISTS),
        ):
            for address in (address.format(**keys) for address in one):
                if only in address:
                    answer = client.get(address)
                    assert answer.status_code == 200, (address, answer.status_code, answer.text[:500])
                    found[address] = len(heard.of(lambda address=address: client.get(address)))
        return found


def examples(ws) -> dict[str, str]:
    """Of the tickets that were decided, that are judged, and that wait: the one with the longest life of each; and a gate run."""
    with ws.store.read() as tx:
        project = tx.project(SLUG)
        tickets = tx.tickets(project.id)
        runs = tx.runs_so_far(
            project.id,
            [one.key for one in tickets],
            begin=project.created_at,
            until=datetime.max.replace(tzinfo=UTC),
        )
        [newest, *_] = tx.gate_run_page(project.id, gate=None, ticket=None, before=None, limit=1).rows
    tickets.sort(key=lambda one: runs[one.key].begun if one.key in runs else 0)
    chosen = {
        "draft" if one.lock is None else "open" if one.decision is None else "done": one.key
        for one in tickets
    }
    return {**chosen, "gate": str(newest.number)}


def measure(server: http.client.HTTPConnection, pid: int, statements: dict[str, int], rounds: int) -> int:
    """Each page `rounds` times, in turn; how many miss a goal."""
    wall: dict[str, list[float]] = {page: [] for page in statements}
    worked: dict[str, list[float]] = {page: [] for page in statements}
    sizes = {}
    for turn in range(rounds + 1):
        for page in statements:
            began, before = time.perf_counter(), worked_ms(pid)
            sizes[page] = get(server, page)
            if turn:
                wall[page].append((time.perf_counter() - began) * 1000)
                worked[page].append(worked_ms(pid) - before)
    missed = 0
    for page in sorted(statements, key=lambda page: -statistics.median(worked[page])):
        slow, many = p95(wall[page]) > GOAL_MS, statements[page] > MOST_STATEMENTS
        missed += slow or many
        print(
            f"{page:48} p50 {statistics.median(wall[page]):6.1f}  p95 {p95(wall[page]):6.1f} ms  worked {statistics.median(worked[page]):6.1f}"
            f"  p95 {p95(worked[page]):6.1f} ms  {statements[page]:3} statements  {sizes[page] / 1000:5.0f} kB sent"
            f"{'   slow' if slow else ''}{'   many' if many else ''}"
        )
    print(
        f"{len(statements)} pages, {missed} miss p95 <= {GOAL_MS:g} ms or {MOST_STATEMENTS} statements; load",
        os.getloadavg(),
    )
    return missed


def get(server: http.client.HTTPConnection, page: str) -> int:
    """Ask for a page as a browser does; how many bytes came."""
    server.request("GET", page, headers={"Accept-Encoding": "gzip"})
    answer = server.getresponse()
    body = answer.read()
    assert answer.status == 200, (page, answer.status, body[:500])
    return len(body)


def worked_ms(pid: int) -> float:
    """What all threads of a process have worked on their processors until now."""
    threads = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((one / "schedstat").read_text().split()[0]) for one in threads) / 1e6


def p95(values: list[float]) -> float:
    """The highest of fewer than twenty."""
    return sorted(values)[max(int(len(values) * 0.95) - 1, 0)] if len(values) >= 20 else max(values)


if __name__ == "__main__":
    sys.exit(1 if main() else 0)
