"""The contract of readers, kept on MLflow's PostgreSQL store as the real client writes it."""

from dataclasses import replace

import pytest

from assay.connectors.trackers.mlflow import MlflowSource
from assay.errors import Unavailable
from assay.testing.connector_contract import CURVE, EvidenceSourceContract
from tests.support.mlflow_client import MlflowTracker, client_of, quiet

pytestmark = pytest.mark.postgres


def _written_by_mlflow(url: str) -> str:
    return "postgresql+psycopg://" + url.partition("://")[2]


def _prepare(url: str) -> None:
    with quiet():
        client_of(_written_by_mlflow(url)).search_experiments()
    _close_connections()


def _close_connections() -> None:
    """MLflow keeps its connections for good; a database that is copied or dropped must have none."""
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    for engine in SqlAlchemyStore._engine_map.values():
        engine.dispose()


class TestMlflowPostgresql(EvidenceSourceContract):
    @pytest.fixture
    def tracker(self, postgres_from_template):
        url = postgres_from_template("mlflow", _prepare)
        missing = url.rpartition("/")[0] + "/nowhere"
        tracker = MlflowTracker(_written_by_mlflow(url), missing_uri=missing)
        yield tracker
        _close_connections()

    @pytest.fixture
    def reader(self):
        return MlflowSource()

    def test_password_of_the_address_is_never_shown(self, tracker, reader, synced):
        tracker.add_run(ticket=None, params={}, points=CURVE)
        source = replace(synced.source, uri=tracker.uri.replace("assay@", "assay:hunter2@"))
        assert "assay:***@" in reader.check(source)
        wrong = replace(source, uri=source.uri + "-nowhere")
        with pytest.raises(Unavailable) as told:
            reader.check(wrong)
        assert "hunter2" not in str(told.value)
