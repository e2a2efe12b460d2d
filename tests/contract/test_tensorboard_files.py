"""The contract of readers, kept on TensorBoard's event files."""

import hashlib
import json
import shutil
import time

import pytest

from assay.connectors.trackers.tensorboard.files import TensorBoardFiles
from assay.testing.tracker_files_contract import TrackerFilesContract
from tests.support.event_file import HEAD, double, event, put, tensor

NOW_S = int(time.time())


class TensorBoardTracker:
    """A log folder with a folder a run; what TensorBoard has no word for stands in `assay.json` beside."""

    kind = "tensorboard"
    lacks = frozenset({"trash"})

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir()
        self.uri = str(folder)
        self.missing_uri = str(folder.parent / "nowhere")
        self.count = 0

    def add_run(self, *, ticket, params, points, finished=True):
        self.count += 1
        run = f"run{self.count:05}"
        (self.folder / run).mkdir()
        (self.folder / run / "events.out.tfevents.1790000000.host").write_bytes(HEAD)
        for place, point in enumerate(points):
            self._append(run, *point, place)
        self._say(run, **params, **({"assay.ticket": ticket} if ticket else {}))
        if finished:
            self.finish(run)
        return run

    def log(self, run, metric, step, value):
        self._append(run, metric, step, value, 1000)

    def set_tag(self, run, key, value):
        self._say(run, **{key: value})

    def remove_tag(self, run, key):
        self._say(run, **{key: None})

    def finish(self, run, *, failed=False):
        self._say(run, **{"assay.status": "failed" if failed else "finished"})

    def delete(self, run):
        pass

    def erase(self, run):
        shutil.rmtree(self.folder / run)

    def files_of(self, run):
        return [*(self.folder / run).glob("events*"), self.folder / run / "assay.json"]

    def state(self):
        return {
            path: (
                path.stat().st_mtime_ns,
                hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "",
            )
            for path in sorted(self.folder.rglob("*"))
        }

    def _append(self, run, metric, step, value, second):
        with self.files_of(run)[0].open("ab") as file:
            body = put(1, 2) + double(6, value)
            file.write(event(tensor(metric, body), step=step, time_s=NOW_S + second))

    def _say(self, run, **said):
        path = self.folder / run / "assay.json"
        told = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        told = {key: value for key, value in (told | said).items() if value is not None}
        path.write_text(json.dumps(told), encoding="utf-8")


class TestTensorBoardFiles(TrackerFilesContract):
    @pytest.fixture
    def tracker(self, tmp_path):
        return TensorBoardTracker(tmp_path / "runs")

    @pytest.fixture
    def reader(self):
        return TensorBoardFiles()
