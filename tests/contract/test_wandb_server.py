"""The contract of readers, kept on a W&B server over its API."""

import copy
import itertools

import pytest

from assay.connectors.trackers.wandb.source import WandbSource
from assay.testing.connector_contract import EvidenceSourceContract
from tests.support.wandb_server import ENTITY, KEY, PROJECT, ServedRun, running_lab


class WandbServerTracker:
    """A project on a server, as runs of W&B's client fill it."""

    kind = "wandb"
    lacks = frozenset({"trash"})

    def __init__(self, address, lab):
        self.lab = lab
        self.uri = f"{address}/{ENTITY}/{PROJECT}"
        self.missing_uri = f"http://127.0.0.1:9/{ENTITY}/{PROJECT}"
        self.count = itertools.count(1)

    def add_run(self, *, ticket, params, points, finished=True):
        number = next(self.count)
        config = dict(params) | ({"assay.ticket": ticket} if ticket else {})
        run = self.lab.add(
            ServedRun(f"run{number:05}", config=config, created=f"2026-01-01T00:00:{number:02}")
        )
        for metric, step, value in points:
            self.log(run.name, metric, step, value)
        if finished:
            self.finish(run.name)
        return run.name

    def log(self, run, metric, step, value):
        rows = self.lab.runs[run].rows
        rows.append({metric: value, "_step": step, "_timestamp": 1_767_225_600.0 + len(rows)})

    def set_tag(self, run, key, value):
        self.lab.runs[run].config[key] = value

    def remove_tag(self, run, key):
        del self.lab.runs[run].config[key]

    def finish(self, run, *, failed=False):
        self.lab.runs[run].state = "failed" if failed else "finished"

    def delete(self, run):
        pass

    def erase(self, run):
        del self.lab.runs[run]

    def state(self):
        return copy.deepcopy({name: vars(run) for name, run in self.lab.runs.items()})


@pytest.fixture(scope="module")
def server():
    with running_lab() as (address, lab):
        yield address, lab


class TestWandbServer(EvidenceSourceContract):
    @pytest.fixture
    def tracker(self, server, monkeypatch):
        address, lab = server
        lab.runs.clear()
        monkeypatch.setenv("WANDB_BASE_URL", address)
        monkeypatch.setenv("WANDB_API_KEY", KEY)
        return WandbServerTracker(address, lab)

    @pytest.fixture
    def reader(self):
        return WandbSource()
