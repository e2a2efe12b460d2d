"""A page of a hundred: Assay's experiment list and run list against the runs API of an MLflow server, on the same data.

One MLflow store of 10,000 runs (200,000 points) is served by MLflow and synced into Assay; then both are asked in turn.

    MLFLOW_SERVER_COMMAND=PATH/bin/mlflow python benchmarks/experiment_list.py [--runs 10000] [--requests 60]

The MLflow with its server lives in an environment of its own: benchmarks/requirements-mlflow.lock.
"""

import argparse
import os
import statistics
import tempfile
import time
from pathlib import Path

import httpx2
from mlflow_store import build_store
from served import assay_up, child, free_port

from assay.bootstrap import open_workspace
from assay.domain.experiments.experiment import TicketContent
from assay.settings import Settings, write_settings
from assay.workflows.actor import SYSTEM
from assay.workflows.evidence import connect_source, sync_source
from assay.workflows.projects import create_project
from assay.workflows.tickets import create_ticket

TICKETS = 400
CHEAPEST = "MLflow, 2 experiments"
"""The same number of rows in the form that costs MLflow least; ours are judged against it."""
LARGEST_P50, LARGEST_P95, LARGEST_GZIPPED = 1 / 8, 1 / 10, 25_000


def fill(home: Path, store: Path) -> None:
    with open_workspace(Settings(home=home)) as ws:
        create_project(ws, SYSTEM, slug="vision")
        for number in range(1, TICKETS + 1):
            content = TicketContent(
                title=f"Sweep {number}: another rank of the adapter",
                owner="Ada",
                hypothesis="It lifts accuracy.",
            )
            create_ticket(ws, SYSTEM, "vision", content)
        connect_source(ws, SYSTEM, "vision", kind="mlflow", uri=f"sqlite:///{store}")
        sync_source(ws, SYSTEM, "vision", "mlflow")
    write_settings(home, {"project": "vision"})


def asked(ask) -> tuple[float, httpx2.Response]:
    began = time.perf_counter()
    response = ask()
    taken = (time.perf_counter() - began) * 1e3
    response.raise_for_status()
    return taken, response


def p95(values) -> float:
    return statistics.quantiles(values, n=20)[-1]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--requests", type=int, default=60)
    given = parser.parse_args()
    mlflow = os.environ.get("MLFLOW_SERVER_COMMAND")
    if not mlflow:
        raise SystemExit(
            "MLFLOW_SERVER_COMMAND names no mlflow with its server (benchmarks/requirements-mlflow.lock)"
        )
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        store = build_store(root / "mlflow.db", runs=given.runs)
        fill(root / "home", store)
        port = free_port()
        server = [
            mlflow,
            "server",
            "--backend-store-uri",
            f"sqlite:///{store}",
            "--port",
            str(port),
            "--workers",
            "1",
        ]
        with (
            child(server, port),
            assay_up(root / "home") as (_, ours),
            httpx2.Client(trust_env=False, timeout=60) as client,
        ):
            peer = f"http://127.0.0.1:{port}"
            measure(client, ours, peer, given.requests)


def check(client: httpx2.Client, rows: list[dict], peer: str, experiments: list[str]) -> None:
    """Every row of Assay's page says what the MLflow server says of the same run."""
    wanted = ", ".join(f"'{row['external_id']}'" for row in rows)
    asked_for = {
        "experiment_ids": experiments, "max_results": 1000, "filter": f"attributes.run_id IN ({wanted})"
    }  # fmt: skip
    answer = client.post(f"{peer}/api/2.0/mlflow/runs/search", json=asked_for).raise_for_status().json()
    theirs = {
        run["info"]["run_id"]: (
            run["info"]["run_name"],
            run["info"]["status"].lower(),
            {metric["key"]: metric["value"] for metric in run["data"]["metrics"]},
        )
        for run in answer["runs"]
    }
    ours = {
        row["external_id"]: (
            row["name"],
            row["status"],
            {name: float(value) for name, value in row["metrics"].items()},
        )
        for row in rows
    }
    assert ours == theirs, "a row of Assay's page differs from the MLflow server's"
    assert len(ours) == 100


def measure(client: httpx2.Client, ours: str, peer: str, requests: int) -> None:
    found = (
        client.get(f"{peer}/api/2.0/mlflow/experiments/search", params={"max_results": 1000})
        .raise_for_status()
        .json()
    )
    ids = [one["experiment_id"] for one in found["experiments"] if one["name"] != "Default"]
    everywhere, two = (
        {"experiment_ids": ids, "max_results": 100},
        {"experiment_ids": ids[:2], "max_results": 100},
    )
    questions = {
        CHEAPEST: lambda: client.post(f"{peer}/api/2.0/mlflow/runs/search", json=two),
        "MLflow, all": lambda: client.post(f"{peer}/api/2.0/mlflow/runs/search", json=everywhere),
        "Assay experiments": lambda: client.get(f"{ours}/api/v1/projects/vision/experiments?limit=100"),
        "Assay runs": lambda: client.get(f"{ours}/api/v1/projects/vision/runs?limit=100"),
    }
    taken = {name: [] for name in questions}
    bytes_of = {}
    for ask in questions.values():
        for _ in range(3):
            asked(ask)
    for _ in range(requests):
        for name, ask in questions.items():
            one, response = asked(ask)
            taken[name].append(one)
            bytes_of[name] = response.num_bytes_downloaded
    assert len(asked(questions[CHEAPEST])[1].json()["runs"]) == 100
    check(client, asked(questions["Assay runs"])[1].json()["rows"], peer, ids)
    base = taken[CHEAPEST]
    for name, values in taken.items():
        ratios = statistics.median(a / b for a, b in zip(values, base, strict=True)), p95(values) / p95(base)
        print(
            f"{name:<22} p50 {statistics.median(values):7.1f} ms  p95 {p95(values):7.1f} ms  {bytes_of[name]:>8,} bytes sent  "
            f"p50 1/{1 / ratios[0]:.1f}  p95 1/{1 / ratios[1]:.1f}"
        )
    print("every row of Assay's page says what the MLflow server says of that run")
    print(
        f"wanted of Assay: p50 at most 1/8, p95 at most 1/10, at most {LARGEST_GZIPPED:,} bytes; load {os.getloadavg()[0]:.1f}"
    )


if __name__ == "__main__":
    main()
