"""The contract of readers, kept over REST on a real tracking server."""

import pytest

from assay.connectors.trackers.mlflow import MlflowSource
from assay.testing.connector_contract import EvidenceSourceContract
from tests.support.mlflow_client import MlflowTracker, quiet
from tests.support.mlflow_server import running_server, server_command

pytestmark = pytest.mark.slow


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    command = server_command()
    if command is None:
        pytest.skip(
            "MLFLOW_SERVER_COMMAND names no `mlflow` with a server (see benchmarks/requirements-mlflow.lock)"
        )
    folder = tmp_path_factory.mktemp("server")
    with running_server(command, folder) as address:
        yield address, f"sqlite:///{folder}/mlflow.db"


class TestMlflowServer(EvidenceSourceContract):
    @pytest.fixture
    def tracker(self, server):
        address, store = server
        tracker = MlflowTracker(address, missing_uri="http://127.0.0.1:9", store_uri=store)
        yield tracker
        with quiet():  # one server serves all tests: leave it without runs
            everywhere = [experiment.experiment_id for experiment in tracker.client.search_experiments()]
            for run in tracker.client.search_runs(everywhere, run_view_type=3):
                tracker.erase(run.info.run_id)

    @pytest.fixture
    def reader(self):
        return MlflowSource()
