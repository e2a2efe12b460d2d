"""Writes to MLflow with its own client, for the contract of readers."""

import hashlib
import logging
import os
import warnings
from pathlib import Path

os.environ["GIT_PYTHON_REFRESH"] = "quiet"
os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"


def client_of(uri: str):
    """MLflow's client for a store or a server, without its chatter."""
    logging.getLogger("alembic").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import mlflow

        logging.getLogger("mlflow").setLevel(logging.ERROR)
        return mlflow.MlflowClient(tracking_uri=uri)


class MlflowTracker:
    """An MLflow store or server that a test writes to as its users do."""

    kind = "mlflow"

    def __init__(
        self, uri: str, *, missing_uri: str, store_uri: str | None = None, file: Path | None = None
    ) -> None:
        self.uri = uri
        self.missing_uri = missing_uri
        self.file = file
        self.client = client_of(uri)
        self.store_uri = store_uri or uri
        self.experiment = None

    def experiment_id(self) -> str:
        if self.experiment is None:
            with quiet():
                self.experiment = self.client.create_experiment(f"sweep {os.urandom(4).hex()}")
        return self.experiment

    def add_run(self, *, ticket, params, points, finished=True, experiment=None, start_ms=None):
        from mlflow.entities import Metric, Param

        with quiet():
            tags = {"assay.ticket": ticket} if ticket else {}
            run = self.client.create_run(
                experiment or self.experiment_id(), tags=tags, start_time=start_ms
            ).info.run_id
            metrics = [Metric(name, value, 1_790_000_000_000 + step, step) for name, step, value in points]
            self.client.log_batch(run, metrics=metrics, params=[Param(k, v) for k, v in params.items()])
            if finished:
                self.client.set_terminated(run)
        return run

    def log(self, run, metric, step, value):
        with quiet():
            self.client.log_metric(run, metric, value, step=step)

    def set_tag(self, run, key, value):
        with quiet():
            self.client.set_tag(run, key, value)

    def remove_tag(self, run, key):
        with quiet():
            self.client.delete_tag(run, key)

    def finish(self, run, *, failed=False):
        with quiet():
            self.client.set_terminated(run, status="FAILED" if failed else "FINISHED")

    def delete(self, run):
        with quiet():
            self.client.delete_run(run)

    def restore(self, run):
        with quiet():
            self.client.restore_run(run)

    def erase(self, run):
        """What `mlflow gc` does to a deleted run."""
        from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

        with quiet():
            store = SqlAlchemyStore(self.store_uri, "/tmp/unused-by-these-tests")
            store._hard_delete_run(run)

    def state(self):
        if self.file is None:
            return sorted(run.info.run_id for run in self.client.search_runs([self.experiment_id()]))
        beside = sorted(path.name for path in self.file.parent.iterdir())
        return hashlib.sha256(self.file.read_bytes()).hexdigest(), self.file.stat().st_mtime_ns, beside


def quiet():
    """MLflow's own warnings are no failures of ours."""
    caught = warnings.catch_warnings()
    caught.__enter__()
    warnings.simplefilter("ignore")
    return _Leave(caught)


class _Leave:
    def __init__(self, caught):
        self.caught = caught

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.caught.__exit__(*error)
