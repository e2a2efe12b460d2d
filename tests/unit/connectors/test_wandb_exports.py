"""Histories that a W&B server has moved to Parquet files."""

import math

import pytest

from assay.connectors.trackers.wandb import graphql
from assay.connectors.trackers.wandb.source import WandbSource
from assay.errors import Unavailable
from assay.testing.connector_contract import Synced
from assay.workflows.records import Source
from tests.support import wandb_server
from tests.support.wandb_server import ENTITY, KEY, PROJECT, ServedRun, running_lab

ROWS = [
    {"_step": step, "_timestamp": 1_767_225_600.0 + step, "loss": 1 / (step + 1), "good": step % 2 == 0}
    | ({"accuracy": math.nan if step == 4 else step / 10} if step % 2 == 0 else {})
    for step in range(10)
]


@pytest.fixture
def run(monkeypatch):
    with running_lab() as (address, lab):
        monkeypatch.setenv("WANDB_BASE_URL", address)
        monkeypatch.setenv("WANDB_API_KEY", KEY)
        run = lab.add(ServedRun("r", rows=ROWS, state="finished"))
        run.lab = lab
        yield run


def source_of(run):
    return Source(id=1, project_id=1, name="lab", kind="wandb", uri=f"{run.address}/{ENTITY}/{PROJECT}")


def synced(run):
    made = Synced(source_of(run))
    made.sync(WandbSource())
    return made.runs["r"]


def refused(run):
    with pytest.raises(Unavailable) as told:
        synced(run)
    return told.value.message


def test_run_whose_older_rows_were_exported_is_the_same_evidence(run):
    whole = synced(run)
    run.exported, run.rows = ROWS[:7], ROWS[7:]
    assert sorted(whole.curves) == ["accuracy", "loss"]
    assert synced(run).digest == whole.digest
    run.exported, run.rows = ROWS, ROWS[7:]  # told twice, and counted once
    run.keys_told = {"lastStep": 9, "keys": {name: {"typeCounts": [{"type": "number", "count": count}]} for name, count in (("loss", 10), ("accuracy", 5))}}  # fmt: skip
    assert synced(run).digest == whole.digest


def test_key_is_sent_for_an_export_of_the_server_itself_and_to_no_other_host(run):
    run.exported, run.rows = ROWS[:7], ROWS[7:]
    synced(run)
    elsewhere = run.address.replace("127.0.0.1", "localhost")
    run.told["parquetHistory"] = {"parquetUrls": [f"{elsewhere}/exports/r"], "liveData": []}
    assert synced(run).curves["loss"].points == 10
    (_, own), (host, other) = run.lab.fetched
    assert own.startswith("Basic ")
    assert (host, other) == (elsewhere.removeprefix("http://"), None)


def test_export_that_lacks_something_leaves_the_run_out(run):
    run.exported, run.rows = ROWS[:6], ROWS[7:]
    run.keys_told = {"lastStep": 9, "keys": {"loss": {"typeCounts": [{"type": "number", "count": 10}]}}}
    assert "9 of 10 values of 'loss' arrived" in refused(run)


def test_run_that_goes_on_waits_until_all_that_was_counted_is_told(run):
    run.state = "running"
    run.keys_told = {"lastStep": 9, "keys": {"loss": {"typeCounts": [{"type": "number", "count": 11}]}}}
    made = Synced(source_of(run))
    made.sync(WandbSource())
    assert made.runs == {}
    run.keys_told = None
    made.sync(WandbSource())
    assert made.runs["r"].curves["loss"].points == 10


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "an export of its history answered 404"),
        (b"PAR1 and nothing else PAR1", "is no Parquet file that can be read"),
        (b"x" * 2000, "an export of its history is too large"),
    ],
)
def test_export_that_is_none_leaves_the_run_out(run, monkeypatch, content, told):
    run.exported, run.rows = ROWS[:6], ROWS[6:]
    monkeypatch.setattr(wandb_server, "exported", lambda run: content)
    monkeypatch.setattr(graphql, "MAX_EXPORT_BYTES", 1000)
    assert told in refused(run)


@pytest.mark.parametrize(
    "row", [{"loss": 1.0}, {"_step": None, "loss": 1.0}, {"_step": math.inf, "loss": 1.0}]
)
def test_export_without_steps_leaves_the_run_out(run, monkeypatch, row):
    run.exported, run.rows = ROWS[:6], ROWS[6:]
    as_file = wandb_server.exported
    odd = ServedRun("r")
    odd.exported = [{"_step": 1.0} | row, row] if "_step" in row else [{"step": 1, **row}]
    odd.exported = [one if "_step" in one else one | {"_step": None} for one in odd.exported]
    monkeypatch.setattr(wandb_server, "exported", lambda run: as_file(odd))
    assert "of its history" in refused(run)


@pytest.mark.parametrize(
    "url", ["", "file:///etc/passwd", "http://169.254.169.254/latest", "http://127.0.0.1:9/x"]
)
def test_address_of_an_export_that_leads_elsewhere_is_not_followed(run, url):
    run.exported, run.rows = ROWS[:6], ROWS[6:]
    run.told["parquetHistory"] = {"parquetUrls": [url], "liveData": []}
    assert "an export of its history" in refused(run)
