"""What `run.log` costs a training, and a run of 20 points kept, against MLflow's own logging of the same run.

1. The time of one `run.log` call on the training thread: in a loop that does nothing else, in one that multiplies matrices
   for about a millisecond a step, and in one that eight threads share. Median, p99 and the longest, beside those of a call
   that only reads the clock and appends to a list in the same loop: what the machine does to any call. The points are read back and counted.
   `should_stop` is measured the same way, with the process that asks the rules at work beside it.
2. A run with 4 parameters, a tag and 20 points (two metrics, ten epochs) into MLflow's SQLite store by its client, as a
   training loop does it (`log_metric` a value), with one `log_metrics` an epoch, and with one `log_batch` for all; and into
   a run log, begun, logged, ended and synced to the disk. In turn, the same number of runs. Then the run logs into
   Assay's store, durable, as a share of it.

    python benchmarks/sdk_logging.py [--runs 40] [--rounds 3]
"""

import argparse
import logging
import os
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # threads that spin would be measured instead

import numpy as np

import assay
from assay.bootstrap import open_workspace
from assay.settings import Settings
from assay.workflows.actor import Actor
from assay.workflows.evidence import connect_source, sync_source
from assay.workflows.projects import create_project

EPOCHS = 10
ADA = Actor(name="Ada")
PARAMETERS = {"model": "mlp", "lr": 0.01, "depth": 3, "width": 64}


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--runs", type=int, default=40)
    arguments.add_argument("--rounds", type=int, default=3)
    asked = arguments.parse_args()
    with tempfile.TemporaryDirectory(prefix="assay-bench-") as name:
        os.chdir(name)
        log_calls()
        ingest(Path(name), asked.runs, asked.rounds)
        os.chdir("/")


def log_calls() -> None:
    """How long is a training held up by one call?"""
    matrix = np.random.default_rng(1).random((160, 160))

    def nothing() -> None:
        pass

    def multiply() -> None:
        for _ in range(2):
            matrix @ matrix

    one = {"loss": 0.5}
    five = {"loss": 0.5, "accuracy": 0.87, "lr": 0.001, "grad/norm": 1.5, "val/loss": 0.6}
    for what, calls, step, values, threads in (
        ("nothing else, 1 metric", 100_000, nothing, one, 1),
        ("nothing else, 5 metrics", 50_000, nothing, five, 1),
        ("matrices, 1 metric", 3_000, multiply, one, 1),
        ("matrices, 5 metrics", 3_000, multiply, five, 1),
        ("8 threads, 5 metrics", 500, multiply, five, 8),
    ):
        with assay.experiment("EXP-1", quiet=True) as run:
            taken, floor = timed_calls(run, calls, step, values, threads)
        print(f"log call, {what:<24} {shown(taken)}   any call: {shown(floor)}")
        check_kept(run, calls * len(values) * threads)
    with assay.experiment("EXP-1", quiet=True, sync=False) as run:
        taken = []
        for number in range(3_000):
            multiply()
            run.log(one, step=number)
            start = time.perf_counter_ns()
            run.should_stop()
            taken.append(time.perf_counter_ns() - start)
    print(f"should_stop, matrices             {shown(taken)}")


def timed_calls(
    run: assay.ExperimentRun, calls: int, step: Callable[[], None], values: dict, threads: int
) -> tuple[list[int], list[int]]:
    """Nanoseconds of each call, and of each call that does next to nothing, in turn."""
    taken, floor = [], []
    noted: list = []

    def note(values: dict, *, step: int) -> None:
        noted.append((time.time_ns(), step, values))

    def work() -> None:
        clock, log = time.perf_counter_ns, run.log
        for number in range(calls):
            step()
            start = clock()
            log(values, step=number)
            taken.append(clock() - start)
            step()
            start = clock()
            note(values, step=number)
            floor.append(clock() - start)

    workers = [threading.Thread(target=work) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return taken, floor


def shown(taken: list[int]) -> str:
    microseconds = np.array(taken) / 1000
    median, p99 = np.quantile(microseconds, [0.5, 0.99])
    return f"median {median:5.2f} µs  p99 {p99:6.2f} µs  longest {microseconds.max():8.0f} µs"


def check_kept(run: assay.ExperimentRun, points: int) -> None:
    from assay.connectors.trackers.run_log.reader import RunLogReader
    from assay.workflows.records import Source

    source = Source(id=1, project_id=1, name="bench", kind="assay", uri=str(Path(run.path).parent))
    batches = RunLogReader().changes(source, dict)
    kept = {one.external_id: one for batch in batches for one in batch.runs}[run.run_id]
    found = sum(curve.points for curve in kept.curves.values())
    assert found == points, (found, points)


def ingest(folder: Path, runs: int, rounds: int) -> None:
    """The same run, kept by MLflow and by us."""
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")
    logging.getLogger("alembic").setLevel(logging.WARNING)
    logging.getLogger("mlflow").setLevel(logging.WARNING)
    import mlflow

    mlflow.set_tracking_uri(f"sqlite:///{folder / 'mlflow.db'}")
    mlflow.set_experiment("bench")
    ways = {"log_metric": by_value, "log_metrics": by_epoch, "log_batch": by_batch}
    ratios: dict[str, list[float]] = {way: [] for way in ways}
    for number in range(rounds + 1):
        ours = each(by_assay, runs)
        for way, work in ways.items():
            theirs = each(work, runs)
            if number:  # the first round warms everything up
                ratios[way].append(theirs / ours)
                print(
                    f"run of 20 points: MLflow {way:<12} {theirs * 1000:7.2f} ms   run log {ours * 1000:6.2f} ms"
                )
    for way, found in ratios.items():
        print(
            f"ingest: {statistics.median(found):.0f}x faster than MLflow's {way} (median of {rounds}; wanted: 20x)"
        )
    into_store(folder)


def each(work: Callable[[int], None], runs: int) -> float:
    start = time.perf_counter()
    for seed in range(runs):
        work(seed)
    return (time.perf_counter() - start) / runs


def metrics(epoch: int) -> dict[str, float]:
    return {"accuracy": 0.5 + epoch / 100, "train_loss": 1.0 / (1 + epoch)}


def by_assay(seed: int) -> None:
    with assay.experiment("EXP-1", seed=seed, config=PARAMETERS, quiet=True, sync=False) as run:
        for epoch in range(EPOCHS):
            run.log(metrics(epoch), step=epoch)


def by_value(seed: int) -> None:
    import mlflow

    with mlflow.start_run(tags={"assay.ticket": "EXP-1", "assay.seed": str(seed)}):
        mlflow.log_params(PARAMETERS)
        for epoch in range(EPOCHS):
            for name, value in metrics(epoch).items():
                mlflow.log_metric(name, value, step=epoch)


def by_epoch(seed: int) -> None:
    import mlflow

    with mlflow.start_run(tags={"assay.ticket": "EXP-1", "assay.seed": str(seed)}):
        mlflow.log_params(PARAMETERS)
        for epoch in range(EPOCHS):
            mlflow.log_metrics(metrics(epoch), step=epoch)


def by_batch(seed: int) -> None:
    import mlflow
    from mlflow.entities import Metric, Param

    client = mlflow.MlflowClient()
    experiment = mlflow.get_experiment_by_name("bench").experiment_id
    run = client.create_run(experiment, tags={"assay.ticket": "EXP-1", "assay.seed": str(seed)})
    now = int(time.time() * 1000)
    points = [
        Metric(name, value, now, epoch) for epoch in range(EPOCHS) for name, value in metrics(epoch).items()
    ]
    client.log_batch(
        run.info.run_id, metrics=points, params=[Param(k, str(v)) for k, v in PARAMETERS.items()]
    )
    client.set_terminated(run.info.run_id)


def into_store(folder: Path) -> None:
    """What was logged, read and written to the store, durable."""
    with open_workspace(Settings(home=folder / "home")) as ws:
        create_project(ws, ADA, slug="bench", name="Bench")
        connect_source(ws, ADA, "bench", kind="assay", uri=str(folder / "assay-runs"))
        start = time.perf_counter()
        report = sync_source(ws, ADA, "bench", "assay")
        taken = time.perf_counter() - start
        start = time.perf_counter()
        unchanged = sync_source(ws, ADA, "bench", "assay")
        again = time.perf_counter() - start
    assert (unchanged.changed, unchanged.gone) == (0, 0)
    print(
        f"sync of {report.changed} run logs into the store: {taken:.2f} s, {taken / report.changed * 1000:.2f} ms a run;"
        f" unchanged: {again * 1000:.1f} ms"
    )


if __name__ == "__main__":
    main()
