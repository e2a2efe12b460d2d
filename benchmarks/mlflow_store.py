"""A large MLflow store for benchmarks: some runs logged by the real client, the rest multiplied inside its own tables."""

from __future__ import annotations

import logging
import math
import os
import sqlite3
import tempfile
from pathlib import Path

EPOCHS = 10
METRICS = ("accuracy", "train_loss")


def build_store(path: Path, *, runs: int, logged: int = 100) -> Path:
    """Make a store of `runs` runs with 20 points, 4 parameters and 3 own tags each.

    The first `logged` runs come from the client itself, 50 to an experiment; the others are copies under new ids,
    in new experiments, with other values.
    """
    if runs % logged:
        raise SystemExit(f"cannot build store: {runs} runs (expected a multiple of {logged})")
    _log_with_client(path, logged)
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA synchronous=OFF")
        for copy in range(1, runs // logged):
            _copy_runs(database, copy)
        database.execute("DROP TABLE IF EXISTS ids")
    database.close()
    return path


def _log_with_client(path: Path, count: int) -> None:
    os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")
    logging.getLogger("alembic").setLevel(logging.WARNING)
    from mlflow.entities import Metric, Param, RunTag
    from mlflow.tracking import MlflowClient

    client = MlflowClient(tracking_uri=f"sqlite:///{path}")
    experiment = ""
    for number in range(count):
        if number % 50 == 0:
            location = (path.parent / "artifacts" / str(number)).as_uri()
            experiment = client.create_experiment(f"sweep {number // 50}", artifact_location=location)
        start = 1_780_000_000_000 + number * 60_000
        run = client.create_run(experiment, start_time=start, run_name=f"run {number}")
        metrics = [
            Metric(name, 0.5 + 0.4 * math.tanh(step / 5) + number / 1000, start + step * 1000, step)
            for name in METRICS
            for step in range(EPOCHS)
        ]
        params = [
            Param("model", "mlp"),
            Param("lr", str(0.001 * (1 + number % 7))),
            Param("depth", str(number % 5)),
            Param("seed", str(number % 10)),
        ]
        tags = [
            RunTag("assay.ticket", f"EXP-{1 + number % 40}"),
            RunTag("assay.dataset", "digits@1"),
            RunTag("assay.devices", "1"),
        ]
        client.log_batch(run.info.run_id, metrics=metrics, params=params, tags=tags)
        client.set_terminated(run.info.run_id, end_time=start + 3_600_000)


def _copy_runs(database: sqlite3.Connection, copy: int) -> None:
    """Add one more copy of the runs the client logged, 50 to an experiment, as it would have written them."""
    if copy == 1:
        database.execute(
            "CREATE TEMP TABLE first_runs AS SELECT run_uuid, experiment_id, rowid AS position FROM runs"
        )
        database.execute(
            "CREATE TEMP TABLE first_experiments AS SELECT * FROM experiments WHERE experiment_id > 0"
        )
    shift = copy * 1000
    database.execute("DROP TABLE IF EXISTS temp.ids")
    database.execute(
        "CREATE TEMP TABLE ids AS SELECT run_uuid AS old, lower(hex(randomblob(16))) AS new, position FROM first_runs"
    )
    database.execute("CREATE INDEX temp.ids_old ON ids (old)")
    database.execute(
        "INSERT INTO experiments (experiment_id, name, artifact_location, lifecycle_stage, creation_time, last_update_time)"
        " SELECT experiment_id + ?1, name || ' copy ' || ?2, artifact_location || '-' || ?2, lifecycle_stage,"
        " creation_time, last_update_time FROM first_experiments",
        (shift, copy),
    )
    _copy_table(
        database,
        "runs",
        {
            "experiment_id": f"experiment_id + {shift}",
            "name": f"name || ' copy {copy}'",
            "artifact_uri": "replace(artifact_uri, old, new)",
        },
    )
    for table in ("params", "tags"):
        _copy_table(database, table, {})
    for table in ("metrics", "latest_metrics"):
        _copy_table(database, table, {"value": f"value + {copy} * 1e-4"})


def _copy_table(database: sqlite3.Connection, table: str, changed: dict[str, str]) -> None:
    columns = [row[1] for row in database.execute(f"PRAGMA table_info({table})")]
    values = ", ".join("new" if name == "run_uuid" else changed.get(name, f't."{name}"') for name in columns)
    names = ", ".join(f'"{name}"' for name in columns)
    database.execute(
        f"INSERT INTO {table} ({names}) SELECT {values} FROM {table} t JOIN ids ON ids.old = t.run_uuid"
        " ORDER BY ids.position, t.rowid"
    )


if __name__ == "__main__":
    folder = Path(tempfile.mkdtemp(prefix="assay-mlflow-"))
    print(build_store(folder / "mlflow.db", runs=10_000))
