"""Stores and servers that are broken, replaced, or mean harm: an error that names them, or an honest answer."""

import contextlib
import http.server
import shutil
import sqlite3
import threading
import time
from dataclasses import replace

import pytest

from assay.connectors.trackers.mlflow import MlflowSource, rest_client, sqlite_source
from assay.errors import Invalid, Unavailable
from assay.testing.connector_contract import CURVE, Synced
from assay.workflows.records import Source
from tests.support.mlflow_client import MlflowTracker, client_of, quiet


def source_of(uri, **changed):
    return Source(id=1, project_id=1, name="lab", kind="mlflow", uri=str(uri), **changed)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A store with three runs."""
    path = tmp_path_factory.mktemp("made") / "mlflow.db"
    with quiet():
        client_of(f"sqlite:///{path}").search_experiments()
    tracker = MlflowTracker(f"sqlite:///{path}", missing_uri="", file=path)
    for number in range(3):
        tracker.add_run(ticket="EXP-1", params={"n": str(number)}, points=CURVE)
    return path


@pytest.fixture
def store(made, tmp_path):
    return shutil.copy(made, tmp_path / "mlflow.db")


def write(path, *statements):
    with contextlib.closing(sqlite3.connect(path)) as database, database:
        for statement in statements:
            database.execute(statement)


def synced_with(path) -> Synced:
    synced = Synced(source_of(path))
    synced.sync(MlflowSource())
    return synced


@pytest.mark.parametrize("content", [b"", b"no database", b"SQLite format 3\x00" + b"\xff" * 200])
def test_file_that_is_no_database_is_unavailable_by_name(tmp_path, content):
    path = tmp_path / "mlflow.db"
    path.write_bytes(content)
    with pytest.raises(Unavailable, match=r"mlflow\.db") as told:
        list(MlflowSource().changes(source_of(path), dict))
    assert told.value.hint


def test_half_a_file_is_unavailable(store):
    content = store.read_bytes()
    store.write_bytes(content[: len(content) // 2])
    with pytest.raises(Unavailable, match=r"mlflow\.db"):
        list(MlflowSource().changes(source_of(store), dict))


def test_sqlite_file_of_another_program_is_told_apart(tmp_path):
    path = tmp_path / "other.db"
    write(path, "CREATE TABLE notes (text)")
    with pytest.raises(Unavailable, match="holds no MLflow tables"):
        MlflowSource().check(source_of(path))


@pytest.mark.parametrize(
    "uri",
    [
        "mysql://h/d",
        "ftp://h",
        "sqlite://",
        "",
        "databricks://x",
        "javascript:alert(1)//x://",
    ],
)
def test_uri_of_no_known_form_is_refused_with_those_that_are(uri):
    with pytest.raises(Invalid, match="not an MLflow store"):
        list(MlflowSource().changes(source_of(uri), dict))


def test_address_too_long_for_a_file_name_is_unavailable_and_no_defect():
    with pytest.raises(Unavailable, match="name too long"):
        list(MlflowSource().changes(source_of("m" * 300), dict))


def test_rows_renumbered_by_vacuum_are_compared_again_and_nothing_is_sent(store):
    synced = synced_with(store)
    write(store, "DELETE FROM latest_metrics")
    with contextlib.closing(sqlite3.connect(store)) as database:
        database.execute("VACUUM")
    assert [run for batch in synced.sync(MlflowSource()) for run in batch.runs] == []
    assert synced.sync(MlflowSource()) == []


def test_row_number_used_again_by_another_run_is_noticed(store):
    synced = synced_with(store)
    with contextlib.closing(sqlite3.connect(store)) as database:
        (last,) = database.execute("SELECT run_uuid FROM runs ORDER BY rowid DESC LIMIT 1").fetchone()
    new = "f" * 32
    write(
        store,
        "PRAGMA foreign_keys=OFF",
        *[
            f"UPDATE {table} SET run_uuid = '{new}' WHERE run_uuid = '{last}'"
            for table in ("runs", "metrics", "tags", "params", "latest_metrics")
        ],
    )
    synced.sync(MlflowSource())
    assert synced.gone == {last}
    assert new in synced.runs


def test_tag_moved_to_another_run_under_its_old_row_number_is_noticed(store):
    synced = synced_with(store)
    first, second, _ = sorted(synced.runs, key=lambda name: synced.runs[name].name)
    write(
        store,
        f"UPDATE tags SET run_uuid = '{second}', key = 'moved' WHERE run_uuid = '{first}' AND key = 'assay.ticket'",
    )
    synced.sync(MlflowSource())
    assert synced.runs[first].ticket is None
    assert synced.runs[second].tags["moved"] == "EXP-1"


def digests(synced):
    return {name: run.digest for name, run in synced.runs.items()}


@pytest.mark.parametrize("separator", ["", "char(30) || 'x'"])
def test_edit_of_a_tag_is_noticed_beside_gaps_and_separators(store, separator):
    write(
        store,
        *[
            f"INSERT INTO tags (key, value, run_uuid) SELECT 'k{number}', {separator or number}, run_uuid FROM runs"
            for number in range(20)
        ],
        "DELETE FROM tags WHERE key IN ('k3', 'k4', 'k11')",
    )
    synced = synced_with(store)
    (chosen, *others) = synced.runs
    before = digests(synced)
    write(store, f"UPDATE tags SET value = 'EXP-77' WHERE run_uuid = '{chosen}' AND key = 'assay.ticket'")
    synced.sync(MlflowSource())
    assert synced.runs[chosen].ticket == "EXP-77"
    write(store, f"UPDATE tags SET value = value || char(30) WHERE run_uuid = '{chosen}' AND key = 'k19'")
    synced.sync(MlflowSource())
    assert synced.runs[chosen].tags["k19"].endswith("\x1e")
    assert all(digests(synced)[name] == before[name] for name in others)


def test_end_state_and_name_of_a_run_are_noticed_whatever_its_name_holds(store):
    write(store, "UPDATE runs SET name = 'a' || char(30) || rowid")
    synced = synced_with(store)
    chosen = next(iter(synced.runs))
    for change, seen in (
        ("lifecycle_stage = 'deleted'", lambda run: run.deleted),
        ("lifecycle_stage = 'active', status = 'KILLED'", lambda run: run.status == "stopped"),
        ("name = 'b' || char(30)", lambda run: run.name == "b\x1e"),
        ("end_time = end_time + 1", lambda run: run.ended_at.microsecond % 1000 == 0),
    ):
        before = synced.runs[chosen].digest
        write(store, f"UPDATE runs SET {change} WHERE run_uuid = '{chosen}'")
        synced.sync(MlflowSource())
        assert seen(synced.runs[chosen])
        assert synced.runs[chosen].digest != before


def test_runs_read_one_by_one_or_all_at_once_have_the_same_digests(store, monkeypatch):
    # The same points logged again in another order, at one step, and with a step that is no number.
    write(
        store,
        "INSERT INTO metrics (key, value, timestamp, run_uuid, step, is_nan) SELECT 'again', rowid / 7.0, 9 - rowid % 3, run_uuid, 4, 0 FROM metrics",
    )
    at_once = digests(synced_with(store))
    monkeypatch.setattr(sqlite_source, "BATCH_POINTS", 1)
    assert digests(synced_with(store)) == at_once
    write(
        store,
        "INSERT INTO metrics (key, value, timestamp, run_uuid, step, is_nan) SELECT 'odd', 1, 1, run_uuid, 'x', 0 FROM runs LIMIT 1",
    )
    mixed = digests(synced_with(store))
    monkeypatch.undo()
    assert digests(synced_with(store)) == mixed
    assert len(set(mixed.items()) & set(at_once.items())) == 2


HARD_VALUES = (
    0.1,
    -1 / 3,
    5e-324,
    -2.2250738585072014e-308,
    1e-9,
    123456789.12345679,
    1e300,
    0.0,
    2.0**53 + 2,
)


def test_values_that_are_hard_to_write_down_come_through_to_the_last_bit(store):
    write(
        store,
        *[
            "INSERT INTO metrics (key, value, timestamp, run_uuid, step, is_nan)"
            f" SELECT 'hard' || char(30), {value!r}, 1, run_uuid, {step}, 0 FROM runs"
            for step, value in enumerate(HARD_VALUES)
        ],
        "INSERT INTO metrics (key, value, timestamp, run_uuid, step, is_nan) SELECT 'hard' || char(30), 0.5, 1, run_uuid, 97, 1 FROM runs",
        "INSERT INTO metrics (key, value, timestamp, run_uuid, step, is_nan)"
        " SELECT 'hard' || char(30), -1.7976931348623157e308, 1, run_uuid, 98, 0 FROM runs",
    )
    with contextlib.closing(sqlite3.connect(store)) as database:
        rows = database.execute(
            "SELECT DISTINCT step, value FROM metrics WHERE key LIKE 'hard%' ORDER BY step"
        )
        stored = [value.hex() for _, value in rows]
    for run in synced_with(store).runs.values():
        values = run.curves["hard\x1e"].values.tolist()
        assert [value.hex() for value in values[:-2]] == stored[:-2]
        assert [str(value) for value in values[-2:]] == ["nan", "-inf"]


def test_tracker_can_write_while_a_first_sync_is_under_way(store, monkeypatch):
    monkeypatch.setattr(sqlite_source, "BATCH_RUNS", 1)
    synced = Synced(source_of(store))
    batches = MlflowSource().changes(synced.source, dict)
    (first,) = next(batches).runs
    write(store, f"UPDATE runs SET name = 'renamed' WHERE run_uuid = '{first.external_id}'")
    last = list(batches)[-1]
    again = list(MlflowSource().changes(replace(synced.source, cursor=dict(last.cursor)), dict))
    assert [run.name for batch in again for run in batch.runs] == ["renamed"]


def test_experiment_renamed_to_a_ticket_takes_its_runs_along(store):
    synced = synced_with(store)
    write(
        store,
        "DELETE FROM tags WHERE key = 'assay.ticket'",
        "UPDATE experiments SET name = 'EXP-9 renamed' WHERE experiment_id > 0",
    )
    synced.sync(MlflowSource())
    assert {run.ticket for run in synced.runs.values()} == {"EXP-9"}


def test_only_experiments_that_were_asked_for_are_read(store):
    source = source_of(store, experiment_filter=("nothing of the kind",))
    assert [run for batch in MlflowSource().changes(source, dict) for run in batch.runs] == []


def test_texts_that_mean_harm_stay_texts(store):
    script = "<script>alert(1)</script>=cmd|' /C calc'!A0\x1e\x1f"
    write(
        store,
        "UPDATE runs SET name = 'x' || char(0) || 'y'",
        *[
            f"INSERT INTO tags (key, value, run_uuid) SELECT 'evil', {value}, run_uuid FROM runs LIMIT 1"
            for value in ("'" + script.replace("'", "''") + "'",)
        ],
        "INSERT INTO params (key, value, run_uuid) SELECT 'bytes', CAST(x'fffe41' AS TEXT), run_uuid FROM runs LIMIT 1",
        "INSERT INTO metrics (key, value, timestamp, run_uuid, step, is_nan) SELECT 'odd', 'not a number', 1, run_uuid, 9223372036854775807, 0 FROM runs",
        "UPDATE runs SET start_time = 9223372036854775807, end_time = -5, status = 'FINISHED'",
    )
    synced = synced_with(store)
    assert script in {run.tags.get("evil") for run in synced.runs.values()}
    assert {run.name for run in synced.runs.values()} == {"x\ufffdy"}
    assert {str(run.curves["odd"].last) for run in synced.runs.values()} == {"nan"}
    assert {run.started_at for run in synced.runs.values()} == {None}
    assert any("A" in run.config.get("bytes", "") for run in synced.runs.values())


def test_store_that_is_being_written_to_is_waited_for(store):
    writer = sqlite3.connect(store, isolation_level=None, check_same_thread=False)
    writer.execute("BEGIN EXCLUSIVE")
    threading.Timer(0.3, writer.commit).start()
    start = time.monotonic()
    assert len(synced_with(store).runs) == 3
    assert time.monotonic() - start < 5
    writer.close()


class Answers(http.server.BaseHTTPRequestHandler):
    """A server that answers what a test tells it to."""

    answer = (200, {}, b"{}")

    def do_GET(self):
        status, headers, body = type(self).answer
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        with contextlib.suppress(OSError):
            self.wfile.write(body)

    do_POST = do_GET  # noqa: N815 - the name http.server calls

    def log_message(self, *arguments):
        """Say nothing."""


@pytest.fixture
def server():
    class Handler(Answers):
        pass

    running = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=running.serve_forever, args=(0.05,))
    thread.start()
    yield f"http://127.0.0.1:{running.server_port}", Handler
    running.shutdown()
    running.server_close()
    thread.join()


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ((302, {"Location": "http://127.0.0.1:9/"}, b""), "a redirect, which is not followed"),
        ((500, {}, b'{"message": "boom"}'), "it answered 500: boom"),
        ((401, {}, b"<html>"), "it answered 401"),
        ((200, {}, b"<html>hello</html>"), "something else than JSON"),
        ((200, {}, b"[1, 2]"), "answered a list"),
        ((200, {}, b"[" * 100_000), "something else than JSON"),
        ((200, {}, b'{"next_page_token": "again"}'), "repeats a page"),
        ((200, {}, b'{"next_page_token": {"a": 1}}'), "repeats a page"),
        ((200, {"Content-Length": "99"}, b"{"), "cannot read MLflow server"),
        ((200, {"Content-Encoding": "gzip"}, b"not gzip"), "cannot read MLflow server"),
        ((200, {}, b'{"experiments": ' + b" " * 2000 + b"[]}"), "answered more than"),
    ],
)
def test_server_that_answers_nonsense_is_unavailable_by_name(server, monkeypatch, answer, told):
    address, handler = server
    handler.answer = answer
    monkeypatch.setattr(rest_client, "MAX_ANSWER_BYTES", 1000 if told == "answered more than" else 2**20)
    with pytest.raises(Unavailable) as raised:
        list(MlflowSource().changes(source_of(address), dict))
    assert address in str(raised.value)
    assert told in str(raised.value)


def test_server_that_lists_hostile_runs_gives_none_of_them(server):
    address, handler = server
    handler.answer = (
        200,
        {},
        b'{"experiments": [{"experiment_id": "1", "name": "x"}, 7], "runs": [{"info": {"run_id": "../../etc"}}, null, {"info": 3}]}',
    )
    assert [run for batch in MlflowSource().changes(source_of(address), dict) for run in batch.runs] == []


def test_cursor_of_nonsense_is_no_cursor(store):
    for cursor in (
        {"version": 3, "how": "sqlite", "snapshot": 7},
        {"version": 99},
        {"version": 3, "how": "sqlite", "filter": [], "file": [], "snapshot": {"runs": "%%"}},
    ):
        synced = Synced(replace(source_of(store), cursor=cursor))
        synced.sync(MlflowSource())
        assert len(synced.runs) == 3
