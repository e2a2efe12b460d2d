"""Backups under fire: taken while others write, cut short, with flipped bits, restored over what is there or on a full disk."""

import hashlib
import json
import os
import random
import resource
import shutil
import sqlite3
import threading
import zipfile
from contextlib import closing, contextmanager
from itertools import count
from pathlib import Path

import pytest

from assay.errors import AssayError, Invalid, NotFound, Refused, Unavailable
from assay.storage import open_store
from assay.storage.backup import back_up, restore_file
from assay.testing.storage_samples import new_project
from tests.faults.faulty_disk import FaultyDisk, disk_of
from tests.faults.promises import AT, Promise, check_file, check_kept, create, move

FLIPS = int(os.environ.get("ASSAY_BACKUP_FLIPS", "25"))
SEED = 20261121


def url(path):
    return f"sqlite:///{path}"


@pytest.fixture(scope="module")
def backups(tmp_path_factory):
    """A backup of either form and what was promised before it was taken."""
    folder = tmp_path_factory.mktemp("backups")
    with open_store(url(folder / "assay.db")) as store:
        project = new_project(store)
        promises = [written(store, project, f"t{number}") for number in range(4)]
        for form in ("file", "tables"):
            back_up(store, folder / f"{form}.backup", at=AT, portable_form=form == "tables")
    return folder, promises


@pytest.fixture
def _quick_disk(tmp_path):
    with disk_of(FaultyDisk(tmp_path, recording=False, is_deep=True)):
        yield


def written(store, project, token):
    ticket, seq = store.write(lambda tx: create(tx, project, token))
    return Promise("created", seq, ticket.key, token)


def older(path, *, tickets=1):
    """A store that a restore replaces, and its promises."""
    with open_store(url(path)) as store:
        project = new_project(store)
        return [written(store, project, f"older{number}") for number in range(tickets)]


def kept_in(path, promises):
    with open_store(url(path)) as store:
        entries = check_kept(store, promises)
    check_file(path)
    return entries


# ------------------------------------------------------------------------------------------------ while others write


def test_backup_taken_while_others_write_restores_what_was_promised_before_it_began(tmp_path):
    promises, stop = [], threading.Event()

    def write(store, project, name):
        for number in count(1):
            if stop.is_set():
                return
            token = f"{name}-{number}"
            ticket, seq = store.write(lambda tx, token=token: create(tx, project, token))
            promises.append(Promise("created", seq, ticket.key, token))
            moved, seq = store.write(lambda tx, ticket=ticket: move(tx, ticket))
            promises.append(Promise("moved", seq, moved.key, token))

    before = {}
    with open_store(url(tmp_path / "assay.db")) as store:
        project = new_project(store)
        threads = [threading.Thread(target=write, args=(store, project, f"w{number}")) for number in range(4)]
        for thread in threads:
            thread.start()
        try:
            for form in ("file", "tables"):
                while len(promises) < 20 + len(before) * 20:
                    stop.wait(0.01)
                before[form] = list(promises)
                back_up(store, tmp_path / f"{form}.backup", at=AT, portable_form=form == "tables")
        finally:
            stop.set()
            for thread in threads:
                thread.join()
        everything = check_kept(store, promises)
    for form, promised in before.items():
        restore_file(tmp_path / f"{form}.backup", tmp_path / f"{form}.db", at=AT)
        entries = kept_in(tmp_path / f"{form}.db", promised)
        assert len(promised) <= entries <= everything


# ----------------------------------------------------------------------------------------------------------- damage


@pytest.mark.usefixtures("_quick_disk")
@pytest.mark.parametrize("form", ["file", "tables"])
def test_flipped_bit_is_found_or_touches_nothing_that_is_restored(backups, tmp_path, form):
    folder, promises = backups
    content = (folder / f"{form}.backup").read_bytes()
    chance = random.Random(SEED)
    # Most of the file is the database, where one check sees all; most ways to go wrong are in the last pages: the directory.
    directory = range(max(0, len(content) - 2500), len(content))
    chosen = [
        *range(30),
        *chance.choices(range(len(content)), k=FLIPS),
        *chance.choices(directory, k=2 * FLIPS),
    ]
    found = 0
    for position in chosen:
        flipped = bytearray(content)
        flipped[position] ^= 1 << chance.randrange(8)
        found += is_found(bytes(flipped), tmp_path, promises)
    assert found > len(chosen) / 2


@pytest.mark.usefixtures("_quick_disk")
@pytest.mark.parametrize("form", ["file", "tables"])
def test_backup_cut_short_anywhere_is_found(backups, tmp_path, form):
    folder, promises = backups
    content = (folder / f"{form}.backup").read_bytes()
    chance = random.Random(SEED)
    for length in [0, 1, 21, 22, len(content) - 1, *chance.choices(range(len(content)), k=FLIPS // 2)]:
        assert is_found(content[:length], tmp_path, promises), f"cut to {length} bytes"


def is_found(content, tmp_path, promises):
    """Does restoring refuse this backup? If it does not, everything promised must be there."""
    backup, target = tmp_path / "bad.backup", tmp_path / "assay.db"
    backup.write_bytes(content)
    refusal = None
    try:
        restore_file(backup, target, at=AT)
    except (Invalid, Refused) as error:
        refusal = error
    if refusal is None:
        kept_in(target, promises)
        target.unlink()
        return False
    assert refusal.message.startswith(("cannot use backup '", "cannot restore '"))
    assert refusal.hint
    assert not target.exists()
    assert not list(tmp_path.glob(".assay-restore*"))
    return True


def test_backup_with_a_changed_row_and_a_true_digest_is_found_by_the_journal(backups, tmp_path):
    """Who can write a matching manifest can still not make the journal verify."""
    folder, _ = backups
    copy = tmp_path / "copy.db"
    with zipfile.ZipFile(folder / "file.backup") as archive:
        copy.write_bytes(archive.read("database.sqlite"))
        manifest = json.loads(archive.read("manifest.json"))
    with closing(sqlite3.connect(copy)) as database:
        database.execute("DROP TRIGGER journal_refuses_update")
        database.execute(
            "UPDATE journal SET body = CAST(replace(CAST(body AS TEXT), 't1', 't9') AS BLOB) WHERE seq = 2"
        )
        database.commit()
    manifest["digests"]["database.sqlite"] = f"sha256:{hashlib.sha256(copy.read_bytes()).hexdigest()}"
    with zipfile.ZipFile(tmp_path / "bad.backup", "w") as archive:
        archive.write(copy, "database.sqlite")
        archive.writestr("manifest.json", json.dumps(manifest))
    with pytest.raises(Invalid, match="journal"):
        restore_file(tmp_path / "bad.backup", tmp_path / "assay.db", at=AT)


# ------------------------------------------------------------------------------------------- over what is there


def test_restore_keeps_the_old_store_whole_with_what_a_kill_left_in_its_log(backups, tmp_path):
    folder, promises = backups
    live, target = tmp_path / "live.db", tmp_path / "assay.db"
    with open_store(url(live)) as store:
        project = new_project(store)
        old = [written(store, project, f"older{number}") for number in range(3)]
        for suffix in ("", "-wal"):  # as kill -9 would leave them: the changes are in the log alone
            shutil.copy(f"{live}{suffix}", f"{target}{suffix}")
    kept = restore_file(folder / "file.backup", target, at=AT)
    assert kept_in(kept, old) == 3
    assert kept_in(target, promises) == 4


def test_restores_in_one_second_keep_every_store_before_them(backups, tmp_path):
    folder, promises = backups
    target = tmp_path / "assay.db"
    old = older(target)
    kept = [restore_file(folder / "file.backup", target, at=AT) for _ in range(3)]
    assert len(set(kept)) == 3
    assert kept_in(kept[0], old) == 1
    for path in (*kept[1:], target):
        assert kept_in(path, promises) == 4


@pytest.mark.parametrize("damage", ["head", "page", "all"])
def test_restore_replaces_a_damaged_database_and_keeps_it_as_it_was(backups, tmp_path, damage):
    folder, promises = backups
    target = tmp_path / "assay.db"
    older(target, tickets=40)
    content = bytearray(target.read_bytes())
    start, end = {"head": (0, 100), "page": (8192, 20480), "all": (0, len(content))}[damage]
    content[start:end] = b"\xa5" * (end - start)
    target.write_bytes(content)
    kept = restore_file(folder / "file.backup", target, at=AT)
    assert kept_in(target, promises) == 4
    assert kept.read_bytes()[8192:20480] == bytes(content)[8192:20480]


def test_restore_stopped_before_the_last_step_leaves_the_old_store_in_use(backups, tmp_path, monkeypatch):
    folder, promises = backups
    target = tmp_path / "assay.db"
    old = older(target)

    replace = Path.replace

    def stopped(self, name):
        if name == target:
            raise KeyboardInterrupt
        return replace(self, name)

    monkeypatch.setattr(Path, "replace", stopped)
    with pytest.raises(KeyboardInterrupt):
        restore_file(folder / "file.backup", target, at=AT)
    monkeypatch.undo()
    assert kept_in(target, old) == 1
    restore_file(folder / "file.backup", target, at=AT)
    assert kept_in(target, promises) == 4


# ------------------------------------------------------------------------------------------------- no room, no right


@contextmanager
def files_of_at_most(size):
    """What a full disk or a quota does, without needing one: no file grows beyond this."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("form", ["file", "tables"])
def test_restore_without_room_replaces_nothing_and_says_so(backups, tmp_path, form):
    folder, promises = backups
    target = tmp_path / "assay.db"
    old = older(target)
    with files_of_at_most(100_000), pytest.raises(Unavailable) as caught:
        restore_file(folder / f"{form}.backup", target, at=AT)
    check_told(caught.value)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["assay.db", "assay.db.lock"]
    assert kept_in(target, old) == 1
    restore_file(folder / f"{form}.backup", target, at=AT)
    assert kept_in(target, promises) == 4


@pytest.mark.parametrize("form", ["file", "tables"])
def test_backup_without_room_leaves_nothing_behind_and_writing_goes_on(tmp_path, form):
    target = tmp_path / "new.backup"
    with open_store(url(tmp_path / "assay.db")) as store:
        project = new_project(store)
        promises = [written(store, project, "before")]
        with files_of_at_most(1000 if form == "tables" else 100_000), pytest.raises(Unavailable) as caught:
            back_up(store, target, at=AT, portable_form=form == "tables")
        assert caught.value.code == "backup-not-writable"
        check_told(caught.value)
        assert not target.exists()
        assert not list(tmp_path.glob(".assay-backup*"))
        promises.append(written(store, project, "after"))
        back_up(store, target, at=AT, portable_form=form == "tables")
    restore_file(target, tmp_path / "restored.db", at=AT)
    assert kept_in(tmp_path / "restored.db", promises) == 2


@pytest.mark.parametrize("source", ["none.backup", "folder"])
def test_backup_that_is_no_file_is_not_found(tmp_path, source):
    (tmp_path / "folder").mkdir()
    with pytest.raises(NotFound, match="no such file"):
        restore_file(tmp_path / source, tmp_path / "assay.db", at=AT)


def check_told(error: AssayError):
    assert error.message.startswith(("cannot restore '", "cannot write backup '", "cannot open database '"))
    assert error.hint
