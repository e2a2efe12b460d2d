"""PostgreSQL dies under eight writers: nothing acknowledged is lost, nothing is done twice, and Assay goes on by itself."""

import os
import random
import signal
import threading
from dataclasses import dataclass, field
from itertools import count

import psycopg
import pytest
from fastapi.testclient import TestClient

from assay.bootstrap import open_workspace
from assay.errors import Unavailable
from assay.server.app import create_app
from assay.settings import Settings
from assay.storage import open_store, postgres_store
from assay.testing.storage_samples import new_project
from tests.faults.promises import Broken, Promise, check_kept, create, move
from tests.support.postgres import kill_server, start_again, start_server, stop_server

KILLS = int(os.environ.get("ASSAY_POSTGRES_KILLS", "3"))
WRITERS = 8
SEED = 20261121
WAIT_S = 30.0
PASSWORD = "canary-5b1f"

pytestmark = pytest.mark.postgres


@pytest.fixture(scope="module")
def server():
    """A server of its own: it is killed again and again."""
    server = start_server()
    yield server
    stop_server(server)


@pytest.fixture
def url(server):
    """An empty database; its address holds a password that nobody may be told."""
    return server.new_database().replace("//assay@", f"//assay:{PASSWORD}@")


@dataclass
class Writers:
    """Eight threads that write until they are told to stop, and repeat what failed under the same token."""

    store: object
    project: object
    promises: list = field(default_factory=list)
    errors: list = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)
    grown: threading.Condition = field(default_factory=threading.Condition)

    def __enter__(self):
        self.threads = [threading.Thread(target=self.live, args=(f"w{number}",)) for number in range(WRITERS)]
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        for thread in self.threads:
            thread.join()

    def live(self, name):
        for number in count(1):
            token = f"{name}-{number}"
            if not self.repeat(lambda token=token: self.change(token)):
                return

    def change(self, token):
        written = self.store.write(lambda tx: once(tx, self.project, token))
        self.keep(written)

    def keep(self, written):
        with self.grown:
            self.promises += written
            self.grown.notify_all()

    def repeat(self, change):
        while not self.stop.is_set():
            try:
                change()
            except Unavailable as error:
                self.errors.append(error)
                self.stop.wait(0.05)
            else:
                return True
        return False

    def await_promises(self, more):
        """Until so many more changes were acknowledged."""
        with self.grown:
            wanted = len(self.promises) + more
            assert self.grown.wait_for(lambda: len(self.promises) >= wanted, WAIT_S), self.errors[-3:]


def once(tx, project, token):
    """A ticket made and moved, unless an earlier try, whose answer was lost, has done it."""
    if tx.answer("faults", token) is not None:
        return []
    ticket, created = create(tx, project, token)
    _, moved = move(tx, ticket)
    return [Promise("created", created, ticket.key, token), Promise("moved", moved, ticket.key, token)]


def kill_one_backend(server, chance):
    """The process behind one of the writers; PostgreSQL then restarts all others itself."""
    with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
        query = "SELECT pid FROM pg_stat_activity WHERE application_name = 'assay' ORDER BY pid"
        os.kill(chance.choice([pid for (pid,) in connection.execute(query)]), signal.SIGKILL)


def check_errors(errors, server, url):
    hints = {"database-away": "start the database server", "outcome-unknown": "look whether it is there"}
    for error in errors:
        assert hints[error.code] in error.hint, error.message
        assert f"database '{url.rpartition('/')[2]} at 127.0.0.1:{server.port}'" in error.message
        assert PASSWORD not in f"{error.message}{error.hint}{error.details}{error.__cause__}"


def test_backend_killed_under_eight_writers_loses_and_repeats_nothing(server, url):
    chance = random.Random(SEED)
    with open_store(url) as store:
        with Writers(store, new_project(store)) as writers:
            for _ in range(KILLS):
                writers.await_promises(chance.randrange(16, 80))
                kill_one_backend(server, chance)
            writers.await_promises(32)
        assert check_kept(store, writers.promises) >= len(writers.promises)
    assert writers.errors
    check_errors(writers.errors, server, url)


def test_whole_server_killed_under_eight_writers_loses_and_repeats_nothing(server, url):
    chance = random.Random(SEED)
    with open_store(url) as store:
        with Writers(store, new_project(store)) as writers:
            for _ in range(KILLS):
                writers.await_promises(chance.randrange(16, 80))
                kill_server(server)
                with pytest.raises(Unavailable) as caught, store.read() as tx:
                    tx.projects()
                writers.errors.append(caught.value)
                start_again(server)
            writers.await_promises(32)
            last = store.last_seq()
            assert store.wait_for_change(last, timeout_s=WAIT_S) > last
        assert check_kept(store, writers.promises) >= len(writers.promises)
    check_errors(writers.errors, server, url)


def test_server_answers_503_while_the_database_is_away_and_goes_on_without_a_restart(server, url, tmp_path):
    settings = Settings(home=tmp_path, database_url=url, sync_interval_s=0)
    paths = ("/ready", "/api/v1/projects", "/p/vision/board", "/api/v1/diagnosis")
    with open_workspace(settings) as ws:
        new_project(ws.store)
        client = TestClient(create_app(ws, settings), base_url="http://127.0.0.1")
        assert [client.get(path).status_code for path in paths] == [200] * 4
        kill_server(server)
        answers = [client.get(path) for path in paths]
        client.cookies.clear()
        answers.append(client.post("/api/v1/projects/vision/tickets", json={"title": "Lost"}))
        start_again(server)
        assert [answer.status_code for answer in answers] == [503] * 5
        assert {answer.json()["code"] for answer in answers if "json" in answer.headers["content-type"]} == {
            "database-away"
        }
        assert not [answer for answer in answers if PASSWORD in answer.text or "Traceback" in answer.text]
        assert client.get("/health").status_code == 200
        assert [client.get(path).status_code for path in paths] == [200] * 4
        client.cookies.clear()
        assert client.post("/api/v1/projects/vision/tickets", json={"title": "Kept"}).status_code == 201


def test_acknowledging_before_the_log_is_written_would_be_noticed(server, url, monkeypatch):
    """The control: with answers before the log is on its way, as the test servers' setting has it, a kill loses some."""
    monkeypatch.setattr(postgres_store, "_make_durable", lambda connection, _: None)
    with open_store(url) as store:
        with Writers(store, new_project(store)) as writers:
            writers.await_promises(64)
            kill_server(server)
            writers.stop.set()
        start_again(server)
        with pytest.raises(Broken, match="is lost"):
            check_kept(store, writers.promises)


SLOW_COMMIT = """
CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(60); RETURN NULL; END';
CREATE CONSTRAINT TRIGGER dawdle AFTER INSERT ON notes DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION dawdle()
"""
"""A note makes the commit itself take a minute."""


@pytest.mark.parametrize("end", ["pg_terminate_backend", "kill"])
def test_connection_lost_in_a_commit_is_told_as_an_unknown_outcome(server, url, end):
    with open_store(url) as store:
        project = new_project(store)
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(SLOW_COMMIT)
            future = store.submit(lambda tx: once(tx, project, "lost"))
            pid = None
            while pid is None and not future.done():
                query = "SELECT pid FROM pg_stat_activity WHERE application_name = 'assay' AND query = 'COMMIT' AND state = 'active'"
                pid = next((pid for (pid,) in connection.execute(query)), None)
            if end == "kill":
                os.kill(pid, signal.SIGKILL)
            else:
                connection.execute("SELECT pg_terminate_backend(%s)", [pid])
        with pytest.raises(Unavailable, match="cannot tell whether database") as caught:
            future.result(timeout=WAIT_S)
        assert caught.value.code == "outcome-unknown"
        assert "Idempotency-Key" in caught.value.hint
        reader = Writers(store, project)
        assert reader.repeat(store.last_seq)
        assert check_kept(store, []) == 0


def test_server_that_is_away_at_the_start_is_named_with_the_next_step(server, url):
    away = url.replace(f":{server.port}/", ":1/")
    with pytest.raises(Unavailable) as caught:
        open_store(away)
    error = caught.value
    assert error.message.startswith(f"cannot open database '{url.rpartition('/')[2]} at 127.0.0.1:1': ")
    assert "start the database server, or check database_url" in error.hint
    assert PASSWORD not in f"{error.message}{error.hint}{error.details}"
