"""The contract of readers, kept on experiments that DVC keeps in git."""

import hashlib
import itertools
import json
import shutil

import pytest
import yaml

from assay.connectors.trackers.dvc.source import DvcSource
from assay.testing.connector_contract import EvidenceSourceContract
from tests.support.dvc_experiments import NOW_S, Repository


@pytest.fixture(scope="module")
def empty(tmp_path_factory):
    return Repository(tmp_path_factory.mktemp("made") / "repository")


class ExperimentTracker:
    """Experiments as DVCLive leaves them; saved again under its name, one is another commit."""

    kind = "dvc"
    lacks = frozenset({"trash", "open", "finished"})

    def __init__(self, folder, made):
        self.folder = folder
        shutil.copytree(made.folder, folder)
        self.repository = Repository.__new__(Repository)
        self.repository.folder, self.repository.baseline = folder, made.baseline
        self.uri = str(folder)
        self.missing_uri = str(folder.parent / "nowhere")
        self.count = itertools.count(1)
        self.told = {}

    def add_run(self, *, ticket, params, points, finished=True):
        run = f"{self.repository.baseline[:7]}/run{next(self.count):05}"
        params = dict(params) | ({"assay.ticket": ticket} if ticket else {})
        tables = {}
        for place, (metric, step, value) in enumerate(points):
            row = f"{(NOW_S + place) * 1000}\t{step}\t{value!r}\n"
            tables[metric] = tables.get(metric, f"timestamp\tstep\t{metric}\n") + row
        self.told[run] = params, tables
        self._save(run)
        return run

    def log(self, run, metric, step, value):
        raise NotImplementedError

    def set_tag(self, run, key, value):
        self.told[run][0][key] = value
        self._save(run)

    def remove_tag(self, run, key):
        del self.told[run][0][key]
        self._save(run)

    def finish(self, run, *, failed=False):
        self.set_tag(run, "assay.status", "failed" if failed else "finished")

    def delete(self, run):
        pass

    def erase(self, run):
        self.repository.remove(run.partition("/")[2])

    def state(self):
        return {
            path: (path.stat().st_mtime_ns, hashlib.sha256(path.read_bytes()).hexdigest())
            for path in sorted(self.folder.rglob("*"))
            if path.is_file()
        }

    def _save(self, run):
        params, tables = self.told[run]
        files = {
            "dvclive/metrics.json": json.dumps({"step": 4}),
            "dvclive/params.yaml": yaml.safe_dump(params),
        }
        files |= {f"dvclive/plots/metrics/{metric}.tsv": table for metric, table in tables.items()}
        self.repository.save(run.partition("/")[2], {path: text.encode() for path, text in files.items()})


class TestDvcExperiments(EvidenceSourceContract):
    @pytest.fixture
    def tracker(self, tmp_path, empty):
        return ExperimentTracker(tmp_path / "repository", empty)

    @pytest.fixture
    def reader(self):
        return DvcSource()
