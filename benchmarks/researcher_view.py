"""How long until somebody sees 200 runs of 10,000 points each, side by side, and how much travels for it?

A project in a real store, `assay up` as a user runs it, and a real Chromium that has nothing kept. Of several looks, each in a new
browser profile: when the first thing was painted, when the first and both pictures of curves were drawn, and all bytes that came over the wire
(page, styles, fonts, scripts, data). The first look, at a server that has just started, is told apart.

    python benchmarks/researcher_view.py [--runs 200] [--points 10000] [--looks 5] [--smooth 0.9]
"""

import argparse
import os
import shutil
import statistics
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
from playwright.sync_api import sync_playwright
from served import assay_up
from starlette.testclient import TestClient

from assay.bootstrap import open_workspace
from assay.domain.experiments.evidence import Curve, Run, RunStatus
from assay.domain.kernel.metrics import Direction, Metric, Unit
from assay.server.app import create_app
from assay.settings import Settings
from assay.testing.statements import statements_heard
from assay.workflows.actor import SYSTEM
from assay.workflows.projects import create_project, declare_metric

SLUG = "sweep"
GOAL_PAINT_S, GOAL_BYTES, MOST_STATEMENTS = 1.0, 1_000_000, 20
DRAWN = """(many) => document.querySelectorAll('[data-chart*="picture="][data-drawn=yes]').length >= many && performance.now()"""
PAINTED = "() => performance.getEntriesByName('first-contentful-paint')[0].startTime"


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--runs", type=int, default=200)
    arguments.add_argument("--points", type=int, default=10_000)
    arguments.add_argument("--looks", type=int, default=5)
    arguments.add_argument("--smooth", default="")
    asked = arguments.parse_args()
    page = f"/p/{SLUG}/compare{f'?smooth={asked.smooth}' if asked.smooth else ''}"
    with tempfile.TemporaryDirectory(prefix="assay-bench-") as name:
        home = Path(name)
        with open_workspace(Settings(home=home, sync_interval_s=0)) as ws:
            trained(ws, asked.runs, asked.points)
        asks = statements(home, page)
        with assay_up(home) as (_, url):
            looks = [look(url + page) for _ in range(asked.looks + 1)]
    return tell(looks, asks)


def trained(ws, runs: int, points: int) -> None:
    """A sweep of `runs` runs, five seeds a configuration, a noisy metric and a noisy loss each."""
    project = create_project(ws, SYSTEM, slug=SLUG)
    declare_metric(ws, SYSTEM, SLUG, Metric(name="accuracy", direction=Direction.HIGHER, unit=Unit.FRACTION))
    source = ws.store.write(
        lambda tx: tx.add_source(
            project.id, name="lab", kind="mlflow", uri="sqlite:///lab.db", experiment_filter=()
        )
    )
    made = [run(number, points) for number in range(runs)]
    ws.store.write(lambda tx: tx.put_runs(source, made, seq=tx.head()[0] + 1))


def run(number: int, points: int) -> Run:
    rng = np.random.default_rng(number)
    steps = np.arange(points)
    slow = 500.0 * (1 + number // 5 % 4)
    times = 1_790_000_000_000 + np.cumsum(rng.integers(800, 1200, points))
    accuracy = 0.9 - 0.5 * np.exp(-steps / slow) + rng.normal(0, 0.02, points)
    loss = 0.3 + 3 * np.exp(-steps / slow) + rng.normal(0, 0.1, points)
    begun = datetime(2026, 5, 12, tzinfo=UTC) + timedelta(minutes=number)
    return Run(
        run_id=f"lab:{number}", source="lab", external_id=str(number), name=f"sweep-{number}", status=RunStatus.FINISHED,
        config={"lr": f"{10.0 ** -(1 + number // 5 % 4):g}", "depth": str(number // 20)}, seed=number % 5,
        curves={"accuracy": Curve(steps, accuracy, times), "train_loss": Curve(steps, loss, times)},
        started_at=begun, ended_at=begun + timedelta(hours=3), gpu_hours=3.0, digest=f"d{number}",
    )  # fmt: skip


def statements(home: Path, page: str) -> dict[str, int]:
    """How many statements the page asks of the store, and the data of one picture."""
    settings = Settings(home=home, sync_interval_s=0)
    joined = "&" if "?" in page else "?"
    data = f"{page.replace('/compare', '/compare/curves.json')}{joined}picture=accuracy"
    with (
        statements_heard() as heard,
        open_workspace(settings) as ws,
        TestClient(create_app(ws, settings), base_url="http://127.0.0.1") as client,
    ):
        found = {}
        for address in (page, data):
            assert client.get(address).status_code == 200
            found[address] = len(heard.of(lambda address=address: client.get(address)))
        return found


def look(address: str) -> dict[str, float]:
    """One look with nothing kept: seconds until the first paint and until the curves are drawn, and bytes."""
    with sync_playwright() as player:
        program = shutil.which("chromium-headless-shell") or shutil.which("chromium")
        browser = player.chromium.launch(executable_path=program, args=["--no-sandbox"])
        page = browser.new_context(viewport={"width": 1440, "height": 900}, bypass_csp=True).new_page()
        wire = page.context.new_cdp_session(page)
        wire.send("Network.enable")
        came: dict[str, float] = {}
        names: dict[str, str] = {}
        wire.on(
            "Network.requestWillBeSent", lambda one: names.update({one["requestId"]: one["request"]["url"]})
        )
        wire.on(
            "Network.loadingFinished", lambda one: came.update({one["requestId"]: one["encodedDataLength"]})
        )
        page.goto(address, wait_until="commit")
        times = [
            page.wait_for_function(DRAWN, arg=many, timeout=60_000, polling="raf").json_value() / 1000
            for many in (1, 2)
        ]
        painted = page.evaluate(PAINTED) / 1000
        lines = page.locator("[data-picture] g.mark-line path[stroke-width='1.4']").count()
        page.wait_for_load_state("load")
        browser.close()
    data = sum(size for one, size in came.items() if "curves.json" in names[one])
    return {
        "painted_s": painted,
        "curves_s": times[0],
        "drawn_s": times[1],
        "bytes": sum(came.values()),
        "data_bytes": data,
        "lines": lines,
    }


def tell(looks: list[dict[str, float]], asks: dict[str, int]) -> int:
    """What was measured; how many goals were missed."""
    first, *later = looks
    for name, one in (("first look", first), *((f"look {n}", one) for n, one in enumerate(later, start=2))):
        print(
            f"{name:12} first paint {one['painted_s']:5.2f} s  first curves {one['curves_s']:5.2f} s  both pictures {one['drawn_s']:5.2f} s  "
            f"{one['bytes'] / 1000:6.0f} kB in all, {one['data_bytes'] / 1000:5.0f} kB of curves, {one['lines']:.0f} lines"
        )
    painted = statistics.median(one["painted_s"] for one in later)
    curves, drawn = (statistics.median(one[name] for one in later) for name in ("curves_s", "drawn_s"))
    largest = max(one["bytes"] for one in looks)
    for address, count in asks.items():
        print(f"{address}: {count} statements")
    print(
        f"median first paint {painted:.2f} s, first curves {curves:.2f} s, both pictures {drawn:.2f} s, payload at most {largest / 1e6:.2f} MB; load {os.getloadavg()}"
    )
    missed = [painted > GOAL_PAINT_S, largest > GOAL_BYTES, max(asks.values()) > MOST_STATEMENTS]
    return sum(missed)


if __name__ == "__main__":
    sys.exit(1 if main() else 0)
