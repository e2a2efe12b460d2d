"""What DVCLive's and Trackio's files say, and what is done with those that are broken."""

import contextlib
import json
import math
import os
import sqlite3
from datetime import timedelta

import pytest

from assay.connectors.trackers.dvc.files import DvcFiles
from assay.connectors.trackers.trackio.files import TrackioFiles
from assay.domain.experiments.evidence import RunStatus
from assay.errors import Unavailable
from assay.testing.connector_contract import Synced
from assay.workflows.records import Source
from tests.support import trackio_file


def synced_with(kind, path, **more):
    return Synced(Source(id=1, project_id=1, name="lab", kind=kind, uri=str(path), **more))


def runs_of(kind, reader, path):
    synced = synced_with(kind, path)
    synced.sync(reader)
    return synced.runs


def points(run, metric):
    curve = run.curves[metric]
    return list(zip(curve.steps.tolist(), curve.values.tolist(), strict=True))


def dvclive(tmp_path, run="dvclive"):
    folder = tmp_path / "repo" / run
    (folder / "plots" / "metrics" / "train").mkdir(parents=True)
    (folder / "metrics.json").write_text(
        json.dumps(
            {"train": {"loss": 0.25}, "best": {"acc": 0.75}, "odd": float("nan"), "ok": True, "step": 3}
        ),
        encoding="utf-8",
    )
    (folder / "params.yaml").write_text(
        "lr: 0.1\nseed: 3\nmodel: {depth: 8}\nassay.ticket: exp-13\n", encoding="utf-8"
    )
    (folder / "plots" / "metrics" / "train" / "loss.tsv").write_text(
        "step\ttrain/loss\n0\t1.0\n1\t0.5\n2\t0.25\n", encoding="utf-8"
    )
    (folder / "plots" / "metrics" / "acc.tsv").write_text(
        "timestamp\tstep\tacc\n1790000000000\t0\t0.5\n1790000060000\t1\tnan\n", encoding="utf-8"
    )
    return folder


def test_folder_of_dvclive_is_a_run_with_curves_parameters_and_ticket(tmp_path):
    dvclive(tmp_path)
    run = runs_of("dvc", DvcFiles(), tmp_path / "repo")["dvclive"]
    assert (run.ticket, run.seed, dict(run.config)) == ("EXP-13", 3, {"lr": "0.1", "model.depth": "8"})
    assert points(run, "train/loss") == [(0, 1.0), (1, 0.5), (2, 0.25)]
    assert points(run, "best/acc") == [(3, 0.75)]
    assert math.isnan(run.curves["odd"].last)
    assert math.isnan(run.curves["acc"].last)
    assert run.started_at.timestamp() == 1_790_000_000
    assert set(run.curves) == {"train/loss", "best/acc", "odd", "acc"}


def test_run_named_by_its_folder_is_read_also_where_that_folder_is_connected(tmp_path):
    folder = dvclive(tmp_path, "EXP-14 wide/seed1")
    assert runs_of("dvc", DvcFiles(), tmp_path / "repo")["EXP-14 wide/seed1"].ticket == "EXP-13"
    (folder / "params.yaml").unlink()
    assert runs_of("dvc", DvcFiles(), tmp_path / "repo")["EXP-14 wide/seed1"].ticket == "EXP-14"
    assert set(runs_of("dvc", DvcFiles(), folder)) == {"seed1"}


def test_run_of_dvclive_ends_when_it_falls_silent_for_longer_than_its_steps_take(tmp_path):
    folder = dvclive(tmp_path)
    synced = synced_with("dvc", tmp_path / "repo")
    synced.sync(DvcFiles())
    assert synced.runs["dvclive"].status is RunStatus.RUNNING
    for path in folder.rglob("*"):
        os.utime(path, (1_790_000_000, 1_790_000_000))
    synced.sync(DvcFiles())
    assert synced.runs["dvclive"].status is RunStatus.FINISHED


@pytest.mark.parametrize(
    ("file", "content", "fact"),
    [
        ("plots/metrics/acc.tsv", b"epoch\tacc\n1\t2\n", "row 1 is 'epoch\\tacc'"),
        ("plots/metrics/acc.tsv", b"step\tacc\n0\t0.5\nx\t0.5\n", "row 3 is 'x\\t0.5'"),
        ("plots/metrics/acc.tsv", b"step\tacc\n0\n", "row 2 is '0'"),
        ("plots/metrics/acc.tsv", b"step\tacc\n99999999999999999999\t1\n", "row 2"),
        ("plots/metrics/acc.tsv", b"step\tacc\n0\t\xff\n", "row 2 is no text (expected text in UTF-8)"),
        ("metrics.json", b'{"acc": 0.', "not JSON"),
        ("metrics.json", b"[" * 100_000, "not JSON"),
        ("params.yaml", b"a: &a [1]\nb: *a\n", "YAML aliases"),
        ("params.yaml", b"!!python/name:os.system ''", "not YAML"),
    ],
)
def test_broken_file_of_dvclive_is_named(tmp_path, file, content, fact):
    (dvclive(tmp_path) / file).write_bytes(content)
    with pytest.raises(Unavailable) as told:
        runs_of("dvc", DvcFiles(), tmp_path / "repo")
    assert f"dvclive/{file}" in told.value.message
    assert fact in told.value.message


def trackio(tmp_path, name="depth.db"):
    (tmp_path / "trackio").mkdir(exist_ok=True)
    return tmp_path / "trackio" / name


def test_runs_of_a_trackio_project_have_their_configuration_and_every_number(tmp_path):
    path = trackio(tmp_path)
    for step in range(3):
        told = {"loss": 1 / (step + 1), "odd": "NaN", "text": "x", "flag": True, "group": {"a": step}}
        trackio_file.log(path, "id1", told, step=step, second=step, name="seed1")
    trackio_file.configure(path, "id1", {"lr": 0.1, "seed": 1, "assay.ticket": "EXP-12"})
    run = runs_of("trackio", TrackioFiles(), tmp_path / "trackio")["id1"]
    assert (run.name, run.ticket, run.seed, dict(run.config)) == ("seed1", "EXP-12", 1, {"lr": "0.1"})
    assert set(run.curves) == {"loss", "odd", "group.a"}
    assert points(run, "group.a") == [(0, 0.0), (1, 1.0), (2, 2.0)]


def test_trackio_run_is_open_while_it_logs_and_finished_when_it_falls_silent(tmp_path):
    path = trackio(tmp_path)
    trackio_file.log(path, "new", {"loss": 1.0}, step=0)
    trackio_file.log(path, "old", {"loss": 1.0}, step=0, second=-timedelta(days=2).total_seconds())
    runs = runs_of("trackio", TrackioFiles(), path)
    assert (runs["new"].status, runs["old"].status) == (RunStatus.RUNNING, RunStatus.FINISHED)


def test_project_of_an_older_trackio_is_read_by_the_names_of_its_runs(tmp_path):
    path = trackio(tmp_path, "EXP-9 old.db")
    with contextlib.closing(sqlite3.connect(path)) as database:
        database.execute(
            "CREATE TABLE metrics (id INTEGER PRIMARY KEY, timestamp TEXT, run_name TEXT, step INTEGER, metrics TEXT)"
        )
        database.execute(
            "INSERT INTO metrics VALUES (1, '2026-01-01T00:00:00+00:00', 'first', 0, '{\"loss\": 0.5}')"
        )
        database.commit()
    run = runs_of("trackio", TrackioFiles(), path)["EXP-9 old/first"]
    assert (run.ticket, points(run, "loss")) == ("EXP-9", [(0, 0.5)])


def test_trackio_in_write_ahead_mode_is_read_and_nothing_is_left_beside_it(tmp_path):
    path = trackio(tmp_path)
    trackio_file.log(path, "id1", {"loss": 1.0}, step=0)
    with contextlib.closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA journal_mode=WAL")
    assert set(runs_of("trackio", TrackioFiles(), tmp_path / "trackio")) == {"id1"}
    assert [file.name for file in path.parent.iterdir()] == ["depth.db"]


@pytest.mark.parametrize(
    ("statement", "fact"),
    [
        ("CREATE TABLE other (a)", "no table metrics of Trackio's"),
        (
            "CREATE VIEW metrics AS SELECT 1 AS id, 'r' AS run_id, 'r' AS run_name, '' AS timestamp, 0 AS step, '{}' AS metrics",
            "no table metrics of Trackio's",
        ),
    ],
)
def test_other_database_is_named_and_every_other_project_is_read(tmp_path, statement, fact):
    trackio_file.log(trackio(tmp_path, "good.db"), "id1", {"loss": 1.0}, step=0)
    with contextlib.closing(sqlite3.connect(trackio(tmp_path, "other.db"))) as database:
        database.execute(statement)
        database.commit()
    synced = synced_with("trackio", tmp_path / "trackio")
    with pytest.raises(Unavailable, match=r"other\.db") as told:
        synced.sync(TrackioFiles())
    assert fact in told.value.message
    assert set(synced.runs) == {"id1"}


def test_row_of_trackio_that_is_not_json_is_told(tmp_path):
    path = trackio(tmp_path)
    trackio_file.log(path, "id1", {"loss": 1.0}, step=0)
    trackio_file.write(path, "UPDATE metrics SET metrics = '{\"loss\": '")
    with pytest.raises(Unavailable, match="a row that is not JSON"):
        runs_of("trackio", TrackioFiles(), path)
