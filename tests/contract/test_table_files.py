"""The contract of readers, kept on tables of runs, a CSV a run with a row a value."""

import csv
import hashlib

import pytest

from assay.connectors.trackers.table.files import TableFiles
from assay.testing.tracker_files_contract import TrackerFilesContract


class TableTracker:
    """A folder of tables that somebody's script keeps."""

    kind = "table"
    lacks = frozenset({"trash"})

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir()
        self.uri = str(folder)
        self.missing_uri = str(folder.parent / "nowhere.csv")
        self.runs = {}

    def add_run(self, *, ticket, params, points, finished=True):
        name = f"run{len(self.runs):05}"
        run = f"{name}.csv#{name}"
        said = {"run_id": name, "status": "finished" if finished else "running", "assay.ticket": ticket or ""}
        said |= {key if key == "seed" else f"params.{key}": value for key, value in params.items()}
        self.runs[run] = (
            said,
            [(metric, step, value, 1_790_000_000 + at) for at, (metric, step, value) in enumerate(points)],
        )
        self._write(run)
        return run

    def log(self, run, metric, step, value):
        self.runs[run][1].append((metric, step, value, 1_790_001_000))
        self._write(run)

    def set_tag(self, run, key, value):
        self.runs[run][0][key] = value
        self._write(run)

    def remove_tag(self, run, key):
        self.set_tag(run, key, "")

    def finish(self, run, *, failed=False):
        self.set_tag(run, "status", "failed" if failed else "finished")

    def delete(self, run):
        pass

    def erase(self, run):
        self.files_of(run)[0].unlink()

    def files_of(self, run):
        return [self.folder / run.partition("#")[0]]

    def state(self):
        return {
            path.name: (path.stat().st_mtime_ns, hashlib.sha256(path.read_bytes()).hexdigest())
            for path in sorted(self.folder.iterdir())
        }

    def _write(self, run):
        said, points = self.runs[run]
        with self.files_of(run)[0].open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow([*said, "metric", "step", "value", "timestamp"])
            writer.writerows([*said.values(), *point] for point in points or [("", 0, "", "")])


class TestTableFiles(TrackerFilesContract):
    @pytest.fixture
    def tracker(self, tmp_path):
        return TableTracker(tmp_path / "tables")

    @pytest.fixture
    def reader(self):
        return TableFiles()
