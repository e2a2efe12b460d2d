"""Each write, flush and read of a small life fails once, in turn: what is said, what stays, and what goes on."""

import os
import shutil
from dataclasses import dataclass, field

import pytest

from assay.domain.kernel.canonical import digest_bytes
from assay.errors import Conflict, Unavailable
from assay.storage import open_store, sqlite_store, writer
from assay.storage.diagnose import storage_facts
from assay.testing.storage_samples import new_project
from tests.faults import faulty_disk
from tests.faults.faulty_disk import FaultyDisk, disk_of
from tests.faults.promises import Broken, Promise, check_file, check_kept, create, move

STRIDE = int(os.environ.get("ASSAY_IO_STRIDE", "13"))
"""Every how many-th of the hundreds of writes and reads fails; of the few flushes and truncations, each does."""
TICKETS = 4


@dataclass
class FailsOnce:
    """Lets the operation of this number fail, among those of one kind."""

    kind: str
    code: int
    number: int
    seen: int = 0
    was_met: bool = False

    def __call__(self, operation):
        if operation.kind != self.kind:
            return None
        self.seen += 1
        if self.seen != self.number:
            return None
        self.was_met = True
        return self.code


@dataclass
class Told:
    """What the writers and readers of one life were told."""

    promises: list = field(default_factory=list)
    opening: list = field(default_factory=list)
    writing: list = field(default_factory=list)
    reading: list = field(default_factory=list)
    is_open_for_writing: bool = False

    @property
    def errors(self):
        return [*self.opening, *self.writing, *self.reading]


@pytest.fixture(autouse=True)
def _busy_disk(monkeypatch):
    """Small caches and frequent checkpoints, so that the disk is asked in the middle of transactions too."""
    monkeypatch.setattr(writer, "CHECKPOINT_CHANGES", 30)
    monkeypatch.setattr(writer, "PATIENCE", 1)
    small = tuple(pragma.replace("cache_size=-32000", "cache_size=-60") for pragma in sqlite_store._WRITER)
    assert small != sqlite_store._WRITER
    monkeypatch.setattr(sqlite_store, "_WRITER", small)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    """A database with a project in it."""
    path = tmp_path_factory.mktemp("prepared") / "assay.db"
    with open_store(f"sqlite:///{path}") as store:
        new_project(store)
    return path


@pytest.fixture
def live(prepared, tmp_path):
    """`live(refuse)`: what was told during one life on a disk that refuses; the file is at `live.path`."""

    def run(refuse):
        folder = tmp_path / "home"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        shutil.copy(prepared, run.path)
        told = Told()
        with disk_of(FaultyDisk(folder, refuse=refuse, recording=False)):
            try:
                store = open_store(f"sqlite:///{run.path}")
            except Unavailable as error:
                told.opening.append(error)
                return told
            with store:
                small_life(store, told)
        return told

    run.path = tmp_path / "home" / "assay.db"
    return run


def small_life(store, told):
    project = reading(store, told, lambda tx: tx.project("vision"))
    project = project or reading(store, told, lambda tx: tx.project("vision"))
    for number in range(TICKETS):
        token = f"t{number}"
        ticket = writing(store, told, "created", token, lambda tx, token=token: create(tx, project, token))
        if ticket is not None:
            writing(store, told, "moved", token, lambda tx, ticket=ticket: move(tx, ticket))
        large = bytes([number]) * 100_000
        writing(store, told, None, "", lambda tx, large=large: (tx.put_blob(digest_bytes(large), large), 0))
        reading(store, told, lambda tx: tx.tickets(project.id))


def writing(store, told, kind, token, work):
    told.is_open_for_writing = False
    try:
        written, seq = store.write(work)
    except Unavailable as error:
        told.writing.append(error)
        return None
    told.is_open_for_writing = True
    if kind is not None:
        told.promises.append(Promise(kind, seq, written.key, token))
    return written


def reading(store, told, work):
    try:
        with store.read() as tx:
            return work(tx)
    except Unavailable as error:
        told.reading.append(error)
        return None


def lives(live, kind, code, stride=1):
    """One life for each `stride`-th operation of this kind, until there are no more."""
    number = 1
    while True:
        refuse = FailsOnce(kind, code, number)
        told = live(refuse)
        if not refuse.was_met:
            return
        check_house_form(told.errors, live.path)
        check_after(live.path, told.promises)
        yield told
        number += stride


def check_house_form(errors, path):
    for error in errors:
        doing = error.message.partition(f" database '{path}': ")[0]
        assert doing in ("cannot open", "cannot read", "cannot write"), error.message
        assert error.hint


def check_after(path, promises):
    """The next start, on a sound disk, finds all of it."""
    with disk_of(FaultyDisk(path.parent, recording=False)):
        with open_store(f"sqlite:///{path}") as store:
            check_kept(store, promises)
        check_file(path)


def codes(errors):
    return {error.code for error in errors}


def test_full_disk_at_any_write_refuses_at_most_one_change_and_writing_goes_on(live):
    refused = 0
    for told in lives(live, "write", faulty_disk.FULL, STRIDE):
        assert codes(told.writing) <= {"disk-full"}
        assert not told.opening
        assert not told.reading
        assert len(told.writing) <= 1
        refused += len(told.writing)
    assert refused >= 100 / STRIDE, "the disk was hardly ever full while somebody waited"


@pytest.mark.parametrize(
    ("kind", "code", "stride"),
    [
        ("write", faulty_disk.IOERR_WRITE, STRIDE),
        ("sync", faulty_disk.IOERR_FSYNC, 1),
        ("truncate", faulty_disk.IOERR_TRUNCATE, 1),
    ],
)
def test_disk_that_fails_once_stops_writing_for_good_and_reading_goes_on(live, kind, code, stride):
    stopped = 0
    for told in lives(live, kind, code, stride):
        assert codes(told.writing) <= {"disk-failed"}
        assert not told.opening
        assert not told.reading
        assert not (told.writing and told.is_open_for_writing)
        stopped += bool(told.writing)
    assert stopped >= 2


def test_disk_that_cannot_be_read_once_is_told_once_to_readers(live):
    wrong = set()
    for told in lives(live, "read", faulty_disk.IOERR_READ, (STRIDE + 1) // 2):
        assert codes(told.errors) <= {"disk-failed"}
        assert len(told.reading) <= 1
        assert not any("writing has stopped" in error.message for error in [*told.reading, *told.opening])
        wrong |= {error.message.split()[1] for error in told.errors}
    assert wrong == {"open", "read", "write"}


@pytest.mark.parametrize(
    ("kind", "code", "said"),
    [
        ("shm_map", faulty_disk.IOERR_SHMSIZE, "disk-full"),
        ("open", faulty_disk.CANTOPEN, "database-not-writable"),
    ],
)
def test_database_whose_files_cannot_be_made_is_refused_with_its_reason(live, kind, code, said):
    told = list(lives(live, kind, code))
    assert codes(error for life in told for error in life.errors) == {said}
    assert sum(bool(life.opening) for life in told) >= 1


@pytest.fixture
def opened(prepared, tmp_path):
    """An open store and the disk under it."""
    shutil.copy(prepared, tmp_path / "assay.db")
    with (
        disk_of(FaultyDisk(tmp_path, recording=False)) as disk,
        open_store(f"sqlite:///{tmp_path}/assay.db") as store,
    ):
        yield store, disk


def test_readers_that_could_not_open_the_file_leave_room_for_those_after_them(opened):
    store, disk = opened
    disk.refuse = lambda operation: faulty_disk.CANTOPEN if operation.kind == "open" else None
    for _ in range(sqlite_store.MAX_READERS + 1):
        with pytest.raises(Unavailable, match=r"cannot read database .*: it cannot be written"), store.read():
            pass
    disk.refuse = lambda _: None
    with store.read() as tx:
        assert tx.project("vision") is not None


def test_disk_that_stays_full_refuses_every_change_until_there_is_space_and_needs_no_restart(opened):
    store, disk = opened
    with store.read() as tx:
        project = tx.project("vision")
    promises = []
    for number in range(12):
        is_full = number % 4 < 3
        disk.refuse = lambda operation, is_full=is_full: (
            faulty_disk.FULL if is_full and operation.kind == "write" else None
        )
        told = Told()
        token = f"t{number}"
        writing(store, told, "created", token, lambda tx, token=token: create(tx, project, token))
        assert codes(told.writing) == ({"disk-full"} if is_full else set())
        promises += told.promises
        with store.read() as tx:
            assert len(tx.tickets(project.id)) == len(promises)
    check_kept(store, promises)
    assert len(promises) == 3


def test_diagnosis_says_that_writing_has_stopped_and_what_to_do(opened):
    store, disk = opened
    facts = {fact.name: fact for fact in storage_facts(store)}
    assert facts["writing"].ok is True
    disk.refuse = FailsOnce("sync", faulty_disk.IOERR_FSYNC, 1)
    with pytest.raises(Unavailable, match="writing has stopped"):
        new_project(store, "second")
    facts = {fact.name: fact for fact in storage_facts(store, thorough=True)}
    assert facts["writing"].ok is False
    assert "the disk failed" in facts["writing"].value
    assert "restart" in facts["writing"].advice
    assert [fact.name for fact in facts.values() if fact.ok is False] == ["writing"]


def test_acknowledging_a_change_whose_flush_failed_would_be_noticed(live, monkeypatch):
    """The control: a writer that shrugs at a failed commit breaks its promises, and the checks see it."""

    def shrug(self, jobs, before, error):
        if any(job.result is None for job in jobs):
            fail(self, jobs, before, error)
            return
        self._head = before
        if self._driver.in_transaction:
            self._execute("ROLLBACK")
        for job in jobs:
            job.settle()

    fail = writer.GroupCommitWriter._fail
    monkeypatch.setattr(writer.GroupCommitWriter, "_fail", shrug)
    with pytest.raises((Broken, Conflict)):  # the change after a lost one meets its absence first
        list(lives(live, "sync", faulty_disk.IOERR_FSYNC))
