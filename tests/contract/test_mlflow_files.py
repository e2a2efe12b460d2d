"""The contract of readers, kept on MLflow's old file store as the real client writes it."""

import hashlib
import shutil

import pytest

from assay.connectors.trackers.mlflow import MlflowSource
from assay.testing.connector_contract import EvidenceSourceContract
from tests.support.mlflow_client import MlflowTracker


class FileStoreTracker(MlflowTracker):
    """A folder `mlruns` that MLflow's own client writes to."""

    def __init__(self, folder):
        self.folder = folder
        super().__init__(f"file://{folder}", missing_uri=str(folder.parent / "nowhere" / "mlruns"))
        self.uri = str(folder)

    def erase(self, run):
        shutil.rmtree(next(self.folder.glob(f"*/{run}")))

    def state(self):
        return {
            path.relative_to(self.folder).as_posix(): (
                path.stat().st_mtime_ns,
                hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "",
            )
            for path in self.folder.rglob("*")
        }


class TestMlflowFiles(EvidenceSourceContract):
    @pytest.fixture
    def tracker(self, tmp_path, monkeypatch):
        monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
        (tmp_path / "mlruns").mkdir()
        return FileStoreTracker(tmp_path / "mlruns")

    @pytest.fixture
    def reader(self):
        return MlflowSource()
