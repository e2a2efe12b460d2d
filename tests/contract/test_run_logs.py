"""The contract of readers, kept on run logs as `assay.experiment` writes them."""

import hashlib

import pytest

import assay
from assay.connectors.trackers.run_log.reader import RunLogReader
from assay.testing.connector_contract import EvidenceSourceContract


class RunLogTracker:
    """A folder of run logs that training processes write to."""

    kind = "assay"

    def __init__(self, folder, monkeypatch):
        folder.mkdir()
        monkeypatch.chdir(folder)
        self.folder = folder / "assay-runs"
        self.uri = str(self.folder)
        self.missing_uri = str(folder / "nowhere")
        self.runs = {}

    def add_run(self, *, ticket, params, points, finished=True):
        seed = {"seed": int(params["seed"])} if "seed" in params else {}
        run = assay.experiment(ticket or "EXP-1", config=params, **seed)
        if ticket is None:
            run.remove_tag("assay.ticket")
        for metric, step, value in points:
            run.log({metric: value}, step=step)
        self.runs[run.run_id] = run
        run.flush()
        if finished:
            run.finish()
        return run.run_id

    def log(self, run, metric, step, value):
        self.runs[run].log({metric: value}, step=step)
        self.runs[run].flush()

    def set_tag(self, run, key, value):
        self.runs[run].set_tag(key, value)
        self.runs[run].flush()

    def remove_tag(self, run, key):
        self.runs[run].remove_tag(key)
        self.runs[run].flush()

    def finish(self, run, *, failed=False):
        self.runs[run].finish("failed" if failed else "finished")

    def delete(self, run):
        self._move(run, self.folder, self.folder / ".trash")

    def restore(self, run):
        self._move(run, self.folder / ".trash", self.folder)

    def erase(self, run):
        for file in self.folder.rglob(f"{run}.*"):
            file.unlink()

    def state(self):
        return {
            path.relative_to(self.folder).as_posix(): (
                path.stat().st_mtime_ns,
                hashlib.sha256(path.read_bytes()).hexdigest(),
            )
            for path in self.folder.rglob("*.*")
        }

    def _move(self, run, origin, target):
        target.mkdir(exist_ok=True)
        for file in origin.glob(f"{run}.*"):
            file.rename(target / file.name)


class TestRunLogs(EvidenceSourceContract):
    @pytest.fixture
    def tracker(self, tmp_path, monkeypatch):
        tracker = RunLogTracker(tmp_path / "lab", monkeypatch)
        yield tracker
        for run in tracker.runs.values():
            run.finish()

    @pytest.fixture
    def reader(self):
        return RunLogReader()
