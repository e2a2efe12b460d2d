"""What people are told, and what stays true, when the disk fails."""

import sqlite3
import threading

import pytest

from assay.domain.governance.verification import verify_chain
from assay.domain.kernel.canonical import digest_bytes
from assay.errors import Unavailable
from assay.storage import open_store
from assay.testing.storage_samples import new_project, new_ticket


@pytest.fixture
def store(tmp_path):
    with open_store(f"sqlite:///{tmp_path}/assay.db") as store:
        yield store


class FailingDriver:
    """The real connection, whose next COMMIT meets an I/O error as a failed fsync gives it."""

    def __init__(self, driver):
        self.driver = driver
        self.failures = 1

    def __call__(self, sql):
        if sql == "COMMIT" and self.failures:
            self.failures -= 1
            error = sqlite3.OperationalError("disk I/O error")
            error.sqlite_errorcode = sqlite3.SQLITE_IOERR_FSYNC
            raise error
        return self.driver.execute(sql)


def test_full_disk_refuses_the_write_and_writing_resumes_with_space(store):
    project = new_project(store)
    new_ticket(store, project)
    driver = store._writer._driver
    (pages,) = driver.execute("PRAGMA page_count").fetchone()
    driver.execute(f"PRAGMA max_page_count={pages + 4}")
    content = bytes(10**6)
    with pytest.raises(Unavailable, match="disk is full") as caught:
        store.write(lambda tx: tx.put_blob(digest_bytes(content), content))
    assert caught.value.code == "disk-full"
    with store.read() as tx:
        assert len(tx.tickets(project.id)) == 1
    driver.execute("PRAGMA max_page_count=1000000")
    store.write(lambda tx: tx.put_blob(digest_bytes(content), content))
    new_ticket(store, project)
    with store.read() as tx:
        assert verify_chain(tx.raw_entries()).ok
        assert tx.head()[0] == 2


def test_failed_flush_stops_all_writing_and_acknowledges_nothing(store):
    project = new_project(store)
    new_ticket(store, project)
    store._writer._execute = FailingDriver(store._writer._driver)
    with pytest.raises(Unavailable, match="disk failed") as caught:
        new_ticket(store, project)
    assert caught.value.code == "disk-failed"
    with pytest.raises(Unavailable, match="disk failed"):
        new_ticket(store, project)
    with pytest.raises(Unavailable, match="disk failed"):
        store.submit(lambda tx: tx.projects())
    with store.read() as tx:
        assert [ticket.key for ticket in tx.tickets(project.id)] == ["EXP-1"]
    assert store.last_seq() == 1


def test_failed_flush_fails_everyone_who_shared_the_commit(store):
    project = new_project(store)
    holding = threading.Lock()
    store.write(lambda _: holding.acquire())
    blocked = store.submit(lambda _: holding.acquire(timeout=5))
    store._writer._execute = FailingDriver(store._writer._driver)
    futures = [store.submit(lambda tx: tx.project("vision")) for _ in range(5)]
    holding.release()
    for future in (blocked, *futures):
        with pytest.raises(Unavailable, match="disk failed"):
            future.result(timeout=10)
    assert project.slug == "vision"


def test_queue_that_is_full_answers_at_once(store, monkeypatch):
    monkeypatch.setattr("assay.storage.writer.QUEUE_LENGTH", 3)
    gate = threading.Event()
    running = threading.Event()
    first = store.submit(lambda _: (running.set(), gate.wait(10)))
    assert running.wait(10)
    waiting = [store.submit(lambda tx: tx.projects()) for _ in range(3)]
    with pytest.raises(Unavailable) as caught:
        store.write(lambda tx: tx.projects())
    assert (caught.value.code, caught.value.details["retry_after_s"]) == ("overloaded", 1)
    gate.set()
    assert first.result(timeout=10)
    assert [future.result(timeout=10) for future in waiting] == [[], [], []]


def test_closed_store_refuses_and_does_not_hang(tmp_path):
    store = open_store(f"sqlite:///{tmp_path}/assay.db")
    store.close()
    with pytest.raises(Unavailable):
        store.write(lambda tx: tx.projects())
    with pytest.raises(Unavailable), store.read():
        pass
    store.close()


def test_transaction_used_after_its_end_does_nothing(store):
    kept = []
    store.write(kept.append)
    with pytest.raises(sqlite3.ProgrammingError):
        kept[0].projects()


def test_transaction_inside_a_transaction_is_refused_rather_than_waiting_for_ever(store):
    with pytest.raises(RuntimeError, match="cannot start another"):
        store.write(lambda _: store.write(lambda tx: tx.projects()))
