"""Trains the demo's models and logs them to a real MLflow store, as any team's training script would."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from assay.demo.experiments import (
    DEVICES,
    EXPERIMENTS,
    METRICS,
    PROJECT_NAME,
    PROJECT_SLUG,
    Arm,
    DemoExperiment,
)
from assay.demo.models import DATASET, Training, digits

__all__ = [
    "EXPERIMENTS",
    "METRICS",
    "PROJECT_NAME",
    "PROJECT_SLUG",
    "DemoExperiment",
    "prepare_store",
    "run_count",
    "train_experiment",
    "train_exploratory",
]

Progress = Callable[[str], None]


def prepare_store(store: Path) -> str:
    """Make a new MLflow SQLite store (about ten seconds the first time); returns its URI for MLflow and for Assay.

    Artifacts will lie in the folder `artifacts` beside it.
    """
    store.parent.mkdir(parents=True, exist_ok=True)
    uri = f"sqlite:///{store.resolve()}"
    with _quiet():
        _client(uri).search_experiments(max_results=1)
    return uri


def run_count(experiment: DemoExperiment, *, exploratory: bool = False) -> int:
    """How many runs will training this experiment make?"""
    return sum(len(arm.seeds) for arm in (experiment.exploratory if exploratory else experiment.arms))


def train_experiment(experiment: DemoExperiment, store_uri: str, progress: Progress, *, ticket: str) -> int:
    """Train every run of an experiment and log it under its ticket's key; returns how many runs there are.

    Args:
        experiment: which one. Its ticket must be locked by now: runs begun before the lock are no evidence.
        store_uri: what `prepare_store` returned.
        progress: called with one line a run.
        ticket: key of the ticket, such as EXP-1.
    """
    return _train(experiment, experiment.arms, store_uri, progress, ticket)


def train_exploratory(experiment: DemoExperiment, store_uri: str, progress: Progress, *, ticket: str) -> int:
    """Train what the team tried before it wrote its criteria down: call it before the lock."""
    return _train(experiment, experiment.exploratory, store_uri, progress, ticket)


def _train(
    experiment: DemoExperiment, arms: tuple[Arm, ...], store_uri: str, progress: Progress, ticket: str
) -> int:
    if not arms:
        return 0
    with _quiet():
        client = _client(store_uri)
        where = _experiment_id(client, f"{ticket} {experiment.slug}", store_uri)
        done = 0
        for arm in arms:
            for seed in arm.seeds:
                progress(_train_one(client, where, experiment, arm, seed, ticket))
                done += 1
    return done


def _train_one(client: Any, where: str, experiment: DemoExperiment, arm: Arm, seed: int, ticket: str) -> str:
    from mlflow.entities import Metric, Param, RunTag

    tags = {
        "assay.ticket": ticket,
        "assay.arm": arm.name,
        "assay.dataset": DATASET,
        "assay.devices": str(DEVICES),
    }
    run = client.create_run(
        where, start_time=_now_ms(), run_name=f"{experiment.slug} {arm.name} seed {seed}", tags=tags
    )
    run_id = run.info.run_id
    training = arm.train(seed)
    params = {**training.params, "seed": str(seed)}
    client.log_batch(
        run_id,
        metrics=[Metric(name, value, at, step) for name, step, value, at in training.points],
        params=[Param(name, value) for name, value in params.items()],
        tags=[RunTag("crash", training.crashed)] if training.crashed else [],
    )
    if arm.left_running:
        return f"{ticket} {arm.name} seed {seed}: still running"
    if training.crashed:
        client.set_terminated(run_id, status="FAILED", end_time=_now_ms())
        return f"{ticket} {arm.name} seed {seed}: crashed ({training.crashed})"
    _log_scores(client, run_id, experiment.metric, seed, training)
    client.set_terminated(run_id, status="FINISHED", end_time=_now_ms())
    last = next(value for name, _, value, _ in reversed(training.points) if name == experiment.metric)
    return f"{ticket} {arm.name} seed {seed}: {experiment.metric} {last:.4g}"


def _log_scores(client: Any, run_id: str, metric: str, seed: int, training: Training) -> None:
    """Per-example scores in the long form, with the true digit and the one that was read, where Assay looks for them."""
    import polars as pl

    assert training.scores is not None
    data = digits()
    labels = {"target": [str(digit) for digit in data.exam_y]}
    if training.answers is not None:
        labels["prediction"] = [str(digit) for digit in training.answers]
    scores = pl.DataFrame({"sample_id": data.exam_ids, "value": training.scores, **labels}).with_columns(
        metric=pl.lit(metric), seed=pl.lit(seed)
    )
    with tempfile.TemporaryDirectory(prefix="assay-demo-") as folder:
        path = Path(folder) / "scores.parquet"
        scores.write_parquet(path)
        client.log_artifact(run_id, str(path), "assay")


def _experiment_id(client: Any, name: str, store_uri: str) -> str:
    found = client.get_experiment_by_name(name)
    if found is not None:
        return str(found.experiment_id)
    store = Path(store_uri.removeprefix("sqlite:///"))
    location = store.parent / "artifacts" / name.replace(" ", "-")
    return str(client.create_experiment(name, artifact_location=location.as_uri()))


def _client(uri: str) -> Any:
    from mlflow.tracking import MlflowClient

    return MlflowClient(tracking_uri=uri)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """MLflow and Alembic tell about every table they make, and look for git; neither is news here."""
    os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    loggers = [logging.getLogger(name) for name in ("alembic", "mlflow")]
    levels = [logger.level for logger in loggers]
    if "mlflow" not in sys.modules:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import mlflow  # noqa: F401 - its own logging is set up on import, and turned down below
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
