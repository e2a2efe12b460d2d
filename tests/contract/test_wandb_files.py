"""The contract of readers, kept on `.wandb` files."""

import hashlib
import shutil
import time

import pytest

from assay.connectors.trackers.wandb.files import WandbFiles
from assay.testing.tracker_files_contract import TrackerFilesContract
from tests.support.wandb_log import (
    Log,
    config_record,
    exit_record,
    history_record,
    run_record,
)

NOW_S = int(time.time())


class WandbTracker:
    """A folder `wandb` as the client leaves it."""

    kind = "wandb"
    lacks = frozenset({"trash"})

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir()
        self.uri = str(folder)
        self.missing_uri = str(folder.parent / "nowhere")
        self.count = 0
        self.steps = {}

    def add_run(self, *, ticket, params, points, finished=True):
        self.count += 1
        run = f"run{self.count:05}"
        (self.folder / f"offline-run-20260101_0000{self.count:02}-{run}").mkdir()
        config = dict(params) | ({"assay.ticket": ticket} if ticket else {})
        self._append(run, run_record(run, config=config), fresh=True)
        for metric, step, value in points:
            self.log(run, metric, step, value)
        if finished:
            self.finish(run)
        return run

    def log(self, run, metric, step, value):
        self.steps[run] = self.steps.get(run, 0) + 1
        self._append(run, history_record(step, {metric: value}, time_s=NOW_S + self.steps[run]))

    def set_tag(self, run, key, value):
        self._append(run, config_record({key: value}))

    def remove_tag(self, run, key):
        self._append(run, config_record({}, [key]))

    def finish(self, run, *, failed=False):
        self._append(run, exit_record(1 if failed else 0, runtime_s=60))

    def delete(self, run):
        pass

    def erase(self, run):
        shutil.rmtree(self.files_of(run)[0].parent)

    def files_of(self, run):
        return list(self.folder.glob(f"*/run-{run}.wandb"))

    def state(self):
        return {
            path: (
                path.stat().st_mtime_ns,
                hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "",
            )
            for path in sorted(self.folder.rglob("*"))
        }

    def _append(self, run, record, *, fresh=False):
        path = next(self.folder.glob(f"*-{run}")) / f"run-{run}.wandb"
        log = Log() if fresh else Log(path.read_bytes())
        path.write_bytes(bytes(log.add(record).content))


class TestWandbFiles(TrackerFilesContract):
    @pytest.fixture
    def tracker(self, tmp_path):
        return WandbTracker(tmp_path / "wandb")

    @pytest.fixture
    def reader(self):
        return WandbFiles()
