"""A sync of what changed in an MLflow file leaves what reading all of it anew would give, whatever was done to it."""

import contextlib
import shutil
import sqlite3
import tempfile
from pathlib import Path
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.connectors.trackers.mlflow import MlflowSource, snapshot, sqlite_source
from assay.testing.connector_contract import CURVE, Synced
from assay.workflows.records import Source
from tests.support.mlflow_client import MlflowTracker, client_of, quiet

TABLES = ("metrics", "latest_metrics", "params", "tags")
TEXTS = st.sampled_from(["", "EXP-1", "EXP-2", "a\x1eb", "\x1e", "π"])
NAMES = st.sampled_from(["assay.ticket", "note", "mlflow.runName"])


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A store with three runs."""
    path = tmp_path_factory.mktemp("made") / "mlflow.db"
    with quiet():
        client_of(f"sqlite:///{path}").search_experiments()
    tracker = MlflowTracker(f"sqlite:///{path}", missing_uri="", file=path)
    for number in range(3):
        tracker.add_run(ticket="EXP-1", params={"n": str(number)}, points=CURVE[:2])
    return path


# Each is one thing MLflow or its owner does to the file; `which` chooses a run among those there are.
def add_run(database, which, name, text):
    old, new = (
        run_of(database, which),
        f"{database.execute('SELECT hex(randomblob(16))').fetchone()[0].lower()}",
    )
    for table in ("runs", *TABLES):
        columns = [row[1] for row in database.execute(f"PRAGMA table_info({table})") if row[1] != "run_uuid"]
        names = ", ".join(f'"{column}"' for column in columns)
        database.execute(
            f"INSERT INTO {table} (run_uuid, {names}) SELECT ?, {names} FROM {table} WHERE run_uuid = ?",
            (new, old),
        )


def set_tag(database, which, name, text):
    database.execute(
        "INSERT INTO tags (run_uuid, key, value) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET value = excluded.value",
        (run_of(database, which), name, text),
    )


def empty_tag(database, which, name, text):
    database.execute(
        "UPDATE tags SET value = NULL WHERE run_uuid = ? AND key = ?", (run_of(database, which), name)
    )


def delete_tag(database, which, name, text):
    database.execute("DELETE FROM tags WHERE run_uuid = ? AND key = ?", (run_of(database, which), name))


def log(database, which, name, text):
    database.execute(
        "INSERT INTO metrics (run_uuid, key, value, timestamp, step, is_nan)"
        " SELECT ?, ?, 0.5, 1790000000000, coalesce(max(step), 0) + 1, 0 FROM metrics",
        (run_of(database, which), text or "accuracy"),
    )


def add_param(database, which, name, text):
    database.execute("INSERT OR IGNORE INTO params VALUES (?, ?, ?)", (name, text, run_of(database, which)))


def finish(database, which, name, text):
    database.execute(
        "UPDATE runs SET status = 'FAILED', end_time = coalesce(end_time, 0) + 1 WHERE run_uuid = ?",
        (run_of(database, which),),
    )


def open_again(database, which, name, text):
    database.execute(
        "UPDATE runs SET status = 'RUNNING', end_time = NULL WHERE run_uuid = ?", (run_of(database, which),)
    )


def rename(database, which, name, text):
    database.execute("UPDATE runs SET name = ? WHERE run_uuid = ?", (text, run_of(database, which)))


def delete_run(database, which, name, text):
    database.execute(
        "UPDATE runs SET lifecycle_stage = 'deleted' WHERE run_uuid = ?", (run_of(database, which),)
    )


def restore_run(database, which, name, text):
    database.execute(
        "UPDATE runs SET lifecycle_stage = 'active' WHERE run_uuid = ?", (run_of(database, which),)
    )


def erase_run(database, which, name, text):
    run = run_of(database, which)
    if database.execute("SELECT count(*) FROM runs").fetchone()[0] > 1:
        for table in (*TABLES, "runs"):
            database.execute(f"DELETE FROM {table} WHERE run_uuid = ?", (run,))


def replace_last_run(database, which, name, text):
    (last,) = database.execute("SELECT count(*) FROM runs").fetchone()
    erase_run(database, last - 1, name, text)
    add_run(database, which, name, text)


def replace_last_tag(database, which, name, text):
    """The row number is used again, by another run or key, with the very value that was there."""
    row, value = database.execute("SELECT rowid, value FROM tags ORDER BY rowid DESC LIMIT 1").fetchone() or (
        0,
        "",
    )
    database.execute("DELETE FROM tags WHERE rowid = ?", (row,))
    database.execute(
        "INSERT OR IGNORE INTO tags (run_uuid, key, value) VALUES (?, ?, ?)",
        (run_of(database, which), name, value),
    )


def rename_experiment(database, which, name, text):
    database.execute("UPDATE experiments SET name = ? WHERE experiment_id > 0", (text or "sweep",))


def vacuum(database, which, name, text):
    database.commit()
    database.execute("VACUUM")


ACTIONS = (
    add_run, set_tag, empty_tag, delete_tag, log, add_param, finish, open_again, rename, delete_run, restore_run, erase_run,
    replace_last_run, replace_last_tag, rename_experiment, vacuum,
)  # fmt: skip


def run_of(database, which):
    ids = [run for (run,) in database.execute("SELECT run_uuid FROM runs ORDER BY rowid")]
    return ids[which % len(ids)]


def evidence(synced):
    return {name: run.digest for name, run in synced.runs.items() if name not in synced.gone}


@given(
    st.lists(
        st.lists(
            st.tuples(st.sampled_from(ACTIONS), st.integers(0, 4), NAMES, TEXTS), min_size=1, max_size=4
        ),
        min_size=1,
        max_size=8,
    ),
    st.integers(1, 5),
    st.integers(1, 3),
    st.integers(1, 3),
)
@settings(deadline=None, max_examples=40)
def test_changes_add_up_to_the_whole(made, rounds, stretch, step, portion):
    watched = [
        snapshot.Watched(one.table, one.columns, identity=one.identity, stretch=stretch * size, step=size)
        for one, size in ((snapshot.RUNS, 1), (snapshot.TAGS, step))
    ]
    with (
        tempfile.TemporaryDirectory() as folder,
        mock.patch.object(snapshot, "RUNS", watched[0]),
        mock.patch.object(snapshot, "TAGS", watched[1]),
        mock.patch.object(sqlite_source, "BATCH_RUNS", portion),
    ):
        path = Path(shutil.copy(made, folder))
        kept = Synced(Source(id=1, project_id=1, name="lab", kind="mlflow", uri=str(path)))
        kept.sync(MlflowSource())
        for actions in rounds:
            with contextlib.closing(sqlite3.connect(path)) as database, database:
                for action, which, name, text in actions:
                    action(database, which, name, text)
            kept.sync(MlflowSource())
            anew = Synced(Source(id=1, project_id=1, name="lab", kind="mlflow", uri=str(path)))
            anew.sync(MlflowSource())
            assert evidence(kept) == evidence(anew)
            assert kept.sync(MlflowSource()) == []
