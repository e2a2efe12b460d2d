"""The contract of readers, kept on MLflow's SQLite store as the real client writes it."""

import shutil

import pytest

from assay.connectors.trackers.mlflow import MlflowSource
from assay.testing.connector_contract import EvidenceSourceContract
from tests.support.mlflow_client import MlflowTracker, client_of, quiet


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory):
    """A store with MLflow's tables and nothing in them: making one takes seconds, copying it does not."""
    path = tmp_path_factory.mktemp("mlflow") / "mlflow.db"
    with quiet():
        client_of(f"sqlite:///{path}").search_experiments()
    return path


class TestMlflowSqlite(EvidenceSourceContract):
    @pytest.fixture
    def tracker(self, empty_store, tmp_path):
        path = tmp_path / "mlflow.db"
        shutil.copy(empty_store, path)
        return MlflowTracker(f"sqlite:///{path}", missing_uri=f"sqlite:///{tmp_path}/nowhere.db", file=path)

    @pytest.fixture
    def reader(self):
        return MlflowSource()


class TestMlflowSqliteInWriteAheadMode(TestMlflowSqlite):
    @pytest.fixture
    def tracker(self, empty_store, tmp_path):
        import sqlite3

        path = tmp_path / "mlflow.db"
        shutil.copy(empty_store, path)
        database = sqlite3.connect(path)
        assert database.execute("PRAGMA journal_mode=WAL").fetchone() == ("wal",)
        database.close()
        return MlflowTracker(f"sqlite:///{path}", missing_uri=f"sqlite:///{tmp_path}/nowhere.db", file=path)
