"""Real runs of W&B, served as its server serves them: the API tells the same evidence as the files."""

import json
from dataclasses import replace

import pytest

from assay.connectors.tracked.digest import run_digest
from assay.connectors.trackers.wandb import paged_history
from assay.connectors.trackers.wandb.source import WandbSource
from assay.testing.connector_contract import Synced
from assay.workflows.records import Source
from tests.support.wandb_records import served
from tests.support.wandb_server import KEY, running_lab

pytestmark = pytest.mark.wild

STATES = {"2zuxwf70": "failed", "3ojed7lz": "crashed"}
"""The first one's log tells exit code 1, the other one's ends without."""


def synced(uri):
    made = Synced(Source(id=1, project_id=1, name="lab", kind="wandb", uri=str(uri)))
    made.sync(WandbSource())
    return made.runs


@pytest.fixture(scope="module")
def folder(request):
    return request.getfixturevalue("wild_data") / "experiment-history" / "wandb-keyword-transformer" / "wandb"


@pytest.fixture
def project(folder, monkeypatch):
    with running_lab() as (address, lab):
        lab.path = ("adeeplearners", "kwt-improvements")
        for log in folder.glob("run-*/run-*.wandb"):
            summary = json.loads((log.parent / "files" / "wandb-summary.json").read_text())
            run = lab.add(served(log.read_bytes(), summary, state="running"))
            run.state = STATES[run.name]
        monkeypatch.setenv("WANDB_BASE_URL", address)
        monkeypatch.setenv("WANDB_API_KEY", KEY)
        yield f"{address}/adeeplearners/kwt-improvements", lab


@pytest.mark.parametrize(("page_rows", "exported"), [(paged_history.PAGE_ROWS, 0), (100, 0), (2000, 500)])
def test_runs_of_keyword_transformer_are_the_same_evidence_from_their_server_as_from_their_files(
    folder, project, monkeypatch, page_rows, exported
):
    uri, lab = project
    monkeypatch.setattr(paged_history, "PAGE_ROWS", page_rows)
    for run in lab.runs.values():
        run.exported, run.rows = run.rows[:exported], run.rows[exported:]
    from_files, from_server = synced(folder), synced(uri)
    assert sorted(from_server) == sorted(from_files) == sorted(STATES)
    for name, run in from_server.items():
        assert run.url == f"{uri}/runs/{name}"
        assert run_digest(replace(run, url=None)) == from_files[name].digest
    pages = [asked["variables"].get("minStep", 0) for asked in lab.asked]
    assert (max(pages) > 0) == (page_rows == 100), "one page, or several"
    assert len(lab.fetched) == (1 if exported else 0)
