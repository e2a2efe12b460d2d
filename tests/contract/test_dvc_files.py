"""The contract of readers, kept on the folders that DVCLive writes."""

import hashlib
import json
import shutil
import time

import pytest
import yaml

from assay.connectors.trackers.dvc.files import DvcFiles
from assay.testing.tracker_files_contract import TrackerFilesContract

NOW_S = int(time.time())


class DvcTracker:
    """A folder of runs as DVCLive leaves them; their parameters say what DVC has no word for."""

    kind = "dvc"
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
        (self.folder / run / "plots" / "metrics").mkdir(parents=True)
        (self.folder / run / "metrics.json").write_text(json.dumps({"step": 4}), encoding="utf-8")
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
        folder = self.folder / run
        return [
            *(folder / "plots" / "metrics").glob("*.tsv"),
            folder / "metrics.json",
            folder / "params.yaml",
        ]

    def state(self):
        return {
            path: (
                path.stat().st_mtime_ns,
                hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "",
            )
            for path in sorted(self.folder.rglob("*"))
        }

    def _append(self, run, metric, step, value, second):
        path = self.folder / run / "plots" / "metrics" / f"{metric}.tsv"
        head = "" if path.exists() else f"timestamp\tstep\t{metric}\n"
        with path.open("a", encoding="utf-8") as file:
            file.write(f"{head}{(NOW_S + second) * 1000}\t{step}\t{value!r}\n")

    def _say(self, run, **said):
        path = self.folder / run / "params.yaml"
        told = yaml.safe_load(path.read_text(encoding="utf-8")) if path.exists() else {}
        told = {key: value for key, value in (told | said).items() if value is not None}
        path.write_text(yaml.safe_dump(told), encoding="utf-8")


class TestDvcFiles(TrackerFilesContract):
    @pytest.fixture
    def tracker(self, tmp_path):
        return DvcTracker(tmp_path / "dvclive")

    @pytest.fixture
    def reader(self):
        return DvcFiles()
