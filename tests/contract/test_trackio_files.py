"""The contract of readers, kept on Trackio's files, a project a run."""

import hashlib

import pytest

from assay.connectors.trackers.trackio.files import TrackioFiles
from assay.testing.tracker_files_contract import TrackerFilesContract
from tests.support import trackio_file


class TrackioTracker:
    """Trackio's folder; a run's configuration says what Trackio has no word for."""

    kind = "trackio"
    lacks = frozenset({"trash"})

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir()
        self.uri = str(folder)
        self.missing_uri = str(folder.parent / "nowhere")
        self.configs = {}

    def add_run(self, *, ticket, params, points, finished=True):
        run = f"run{len(self.configs):05}"
        self.configs[run] = dict(params) | ({"assay.ticket": ticket} if ticket else {})
        for place, (metric, step, value) in enumerate(points):
            trackio_file.log(self._path(run), run, {metric: value}, step=step, second=place)
        trackio_file.configure(self._path(run), run, self.configs[run])
        if finished:
            self.finish(run)
        return run

    def log(self, run, metric, step, value):
        trackio_file.log(self._path(run), run, {metric: value}, step=step, second=1000)

    def set_tag(self, run, key, value):
        self.configs[run][key] = value
        trackio_file.configure(self._path(run), run, self.configs[run])

    def remove_tag(self, run, key):
        self.set_tag(run, key, None)

    def finish(self, run, *, failed=False):
        self.set_tag(run, "assay.status", "failed" if failed else "finished")

    def delete(self, run):
        pass

    def erase(self, run):
        self._path(run).unlink()

    def files_of(self, run):
        return [self._path(run)]

    def state(self):
        return {
            path.name: (path.stat().st_mtime_ns, hashlib.sha256(path.read_bytes()).hexdigest())
            for path in sorted(self.folder.iterdir())
        }

    def _path(self, run):
        return self.folder / f"project-{run}.db"


class TestTrackioFiles(TrackerFilesContract):
    @pytest.fixture
    def tracker(self, tmp_path):
        return TrackioTracker(tmp_path / "trackio")

    @pytest.fixture
    def reader(self):
        return TrackioFiles()
