"""Tables of runs in each of their shapes, and what is done with those that are broken."""

import gzip
import math
import os

import polars as pl
import pytest

from assay.connectors.trackers.table.files import TableFiles
from assay.domain.experiments.evidence import RunStatus
from assay.errors import Invalid, Unavailable
from assay.testing.connector_contract import Synced
from assay.workflows.records import Source


def runs_of(path, query="", **more):
    synced = Synced(Source(id=1, project_id=1, name="lab", kind="table", uri=f"{path}{query}", **more))
    synced.sync(TableFiles())
    assert synced.sync(TableFiles()) == []
    return synced.runs


def write(tmp_path, text, name="runs.csv"):
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def points(run, metric):
    curve = run.curves[metric]
    return list(zip(curve.steps.tolist(), curve.values.tolist(), strict=True))


def test_row_is_a_run_where_nothing_says_otherwise(tmp_path):
    runs = runs_of(write(tmp_path, "ticket,seed,optimizer,accuracy\nexp-4,1,adam,0.5\nEXP-4,2,adam,\n"))
    one, other = runs["runs.csv#row 1"], runs["runs.csv#row 2"]
    assert (one.ticket, one.seed, dict(one.config), one.status) == (
        "EXP-4",
        1,
        {"optimizer": "adam"},
        RunStatus.FINISHED,
    )
    assert points(one, "accuracy") == [(0, 0.5)]
    assert other.curves == {}, "an empty cell is no value"


def test_row_is_a_step_of_the_run_it_names(tmp_path):
    text = "run,epoch,loss,acc\na,0,2.0,0.1\nb,0,3.0,\na,1,1.0,0.2\nb,1,nan,0.3\n"
    runs = runs_of(write(tmp_path, text))
    assert points(runs["runs.csv#a"], "loss") == [(0, 2.0), (1, 1.0)]
    assert points(runs["runs.csv#b"], "acc") == [(1, 0.3)]
    assert math.isnan(runs["runs.csv#b"].curves["loss"].last)
    assert runs["runs.csv#a"].status is RunStatus.RUNNING, "it was written just now"


def test_name_that_several_seeds_share_is_a_configuration_and_each_seed_is_a_run(tmp_path):
    text = "run_name,seed,accuracy\nbert,1,0.8\nbert,2,0.9\nbert,3,0.7\nlstm,1,0.5\nlstm,2,0.6\n"
    runs = runs_of(write(tmp_path, text))
    assert [(run.config["run_name"], run.seed, run.curves["accuracy"].last) for run in runs.values()] == [
        ("bert", 1, 0.8),
        ("bert", 2, 0.9),
        ("bert", 3, 0.7),
        ("lstm", 1, 0.5),
        ("lstm", 2, 0.6),
    ]
    assert {run.status for run in runs.values()} == {RunStatus.FINISHED}
    assert "runs.csv#run_name=bert,seed=3" in runs


def test_name_that_several_seeds_share_goes_through_its_steps_seed_by_seed(tmp_path):
    text = "run,seed,step,loss\na,1,0,2.0\na,2,0,3.0\na,1,1,1.0\na,2,1,1.5\n"
    runs = runs_of(write(tmp_path, text))
    assert points(runs["runs.csv#run=a,seed=1"], "loss") == [(0, 2.0), (1, 1.0)]
    assert points(runs["runs.csv#run=a,seed=2"], "loss") == [(0, 3.0), (1, 1.5)]


def test_seed_that_stands_in_the_first_row_alone_is_the_seed_of_its_run(tmp_path):
    runs = runs_of(write(tmp_path, "run,seed,step,loss\na,4,0,2.0\na,,1,1.0\n"))
    assert (list(runs), runs["runs.csv#a"].seed, runs["runs.csv#a"].curves["loss"].points) == (
        ["runs.csv#a"],
        4,
        2,
    )


def test_row_is_a_value_in_the_long_form(tmp_path):
    text = "run_id,step,metric,value,assay.arm\na,1,loss,0.5,baseline\na,2,loss,0.25,baseline\na,2,acc,0.75,baseline\n"
    run = runs_of(write(tmp_path, text))["runs.csv#a"]
    assert (points(run, "loss"), points(run, "acc"), run.arm) == (
        [(1, 0.5), (2, 0.25)],
        [(2, 0.75)],
        "baseline",
    )


def test_export_of_mlflow_is_read_as_it_is(tmp_path):
    text = (
        "run_id,status,start_time,end_time,params.lr,params.seed,metrics.acc,tags.assay.ticket\n"
        "0af3,FINISHED,2026-01-01T00:00:00+00:00,2026-01-01T01:00:00+00:00,0.1,3,0.75,EXP-8\n"
        "1bf4,KILLED,2026-01-01T00:00:00+00:00,,0.1,4,0.5,EXP-8\n"
    )
    runs = runs_of(write(tmp_path, text))
    run = runs["runs.csv#0af3"]
    assert (run.ticket, run.seed, dict(run.config), points(run, "acc")) == (
        "EXP-8",
        3,
        {"lr": "0.1"},
        [(0, 0.75)],
    )
    assert (run.ended_at - run.started_at).total_seconds() == 3600
    assert runs["runs.csv#1bf4"].status is RunStatus.STOPPED


@pytest.mark.parametrize("name", ["runs.jsonl", "runs.json", "runs.jsonl.gz", "runs.parquet"])
def test_same_runs_come_from_every_form(tmp_path, name):
    rows = [{"run": "a", "step": step, "loss": 1 / (step + 1), "params.lr": "0.1"} for step in range(5)]
    frame = pl.DataFrame(rows)
    if name.endswith(".parquet"):
        frame.write_parquet(tmp_path / name)
    else:
        text = frame.write_ndjson() if "jsonl" in name else frame.write_json()
        write(tmp_path, gzip.compress(text.encode()) if name.endswith(".gz") else text, name)
    run = runs_of(tmp_path / name)[f"{name}#a"]
    assert (points(run, "loss"), dict(run.config)) == (
        [(step, 1 / (step + 1)) for step in range(5)],
        {"lr": "0.1"},
    )


def test_file_of_a_folder_is_a_run_called_by_its_path(tmp_path):
    write(tmp_path, "step,loss\n0,1.0\n1,0.5\n", "logs/EXP-6 wide/seed1/metrics.csv")
    write(tmp_path, '{"no": "table"}', "logs/EXP-6 wide/seed1/meta.json")
    runs = runs_of(tmp_path / "logs")
    assert set(runs) == {"EXP-6 wide/seed1/metrics.csv"}
    assert runs["EXP-6 wide/seed1/metrics.csv"].ticket == "EXP-6"


def test_address_names_columns_groups_and_repeats(tmp_path):
    path = write(
        tmp_path, "size,fold,model,score\n8,0,rf,0.5\n8,0,rf,0.6\n8,1,rf,0.7\n16,0,rf,0.8\n16,0,rf,0.9\n"
    )
    runs = runs_of(path, "?step=size&group=model,fold&repeats=runs")
    assert {name.partition("#")[2]: points(run, "score") for name, run in runs.items()} == {
        "model=rf,fold=0,repeat=1": [(8, 0.5), (16, 0.8)],
        "model=rf,fold=0,repeat=2": [(8, 0.6), (16, 0.9)],
        "model=rf,fold=1,repeat=1": [(8, 0.7)],
    }


def test_run_that_stopped_before_its_planned_steps_failed(tmp_path):
    runs = runs_of(write(tmp_path, "run,steps,planned_steps,loss\na,10,10,1.0\nb,9,10,1.0\n"))
    assert [run.status for run in runs.values()] == [RunStatus.FINISHED, RunStatus.FAILED]


def test_row_that_is_taken_out_is_gone_and_the_others_stay(tmp_path):
    path = write(tmp_path, "run,loss\na,1.0\nb,2.0\n")
    synced = Synced(Source(id=1, project_id=1, name="lab", kind="table", uri=str(path)))
    synced.sync(TableFiles())
    write(tmp_path, "run,loss\nb,2.0\nc,3.0\n")
    synced.sync(TableFiles())
    assert synced.gone == {"runs.csv#a"}
    assert set(synced.runs) == {"runs.csv#a", "runs.csv#b", "runs.csv#c"}


def test_last_line_without_an_end_waits_until_the_file_falls_silent(tmp_path):
    path = write(tmp_path, "run,loss\na,1.0\nb,2.0")
    assert set(runs_of(path)) == {"runs.csv#a"}
    os.utime(path, (1_790_000_000, 1_790_000_000))
    assert set(runs_of(path)) == {"runs.csv#a", "runs.csv#b"}


@pytest.mark.parametrize(
    ("text", "fact"),
    [
        ("run,loss\na,1.0\nb,n/a\nc,2.0\nd,3.0\n", "row 2 of column 'loss' holds 'n/a'"),
        ("run,note\na,text\n", "no column of numbers that is a metric"),
        ("run,step,loss\na,,1.0\na,1,2.0\n", "row 1 has no step"),
        ("run,status,loss\na,weird,1.0\n", "row 1 has the status 'weird'"),
        ("seed,lr,accuracy\n1,0.1,85%\n2,0.1,86.5 %\n", "row 1 of column 'accuracy' holds '85%'"),
        ("run,epoch,loss\na,1,0.5\na,1.5,0.4\n", "row 2 has the step 1.5 in column 'epoch'"),
        ("run,started,loss\na,yesterday,1.0\n", "row 1 of column 'started' holds 'yesterday'"),
        ("run,loss\na,1.0,2.0\n", "row 1"),
        (b"\xff\xfe\x00 no text\n", "runs.csv"),
    ],
)
def test_broken_table_is_named_with_its_row(tmp_path, text, fact):
    with pytest.raises(Unavailable) as told:
        runs_of(write(tmp_path, text))
    assert fact in told.value.message
    assert "runs.csv" in told.value.message
    assert told.value.hint


@pytest.mark.parametrize(
    "content", [b"\x1f\x8b" + b"\x00" * 20, gzip.compress(b"run,loss\na,1.0\n", mtime=0)[:-6], b"run,loss\n"]
)
def test_broken_archive_is_named(tmp_path, content):
    with pytest.raises(Unavailable, match=r"runs\.csv\.gz"):
        runs_of(write(tmp_path, content, "runs.csv.gz"))


def test_archive_that_grows_beyond_the_limit_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("assay.connectors.trackers.table.files.MAX_BYTES", 10_000)
    with pytest.raises(Unavailable, match="unpacked"):
        runs_of(write(tmp_path, gzip.compress(b"0" * 100_000), "runs.csv.gz"))


@pytest.mark.parametrize(
    ("query", "fact"), [("?rows=loss", "unknown option 'rows'"), ("?step=size", "no column 'size'")]
)
def test_address_that_names_what_is_not_there_is_refused(tmp_path, query, fact):
    with pytest.raises((Invalid, Unavailable), match=fact):
        runs_of(write(tmp_path, "run,loss\na,1.0\n"), query)
