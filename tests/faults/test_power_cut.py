"""Nothing acknowledged is lost, and nothing is half done, when the power goes at any moment."""

import os
import random
import shutil
import threading
from contextlib import suppress

import pytest

from assay.storage import open_store, sqlite_store, writer
from assay.storage.backup import back_up
from assay.testing.storage_samples import new_project
from tests.faults.faulty_disk import FaultyDisk, disk_of
from tests.faults.power_cut import images
from tests.faults.promises import AT, Promise, check_file, check_kept, create, move, refused

CUTS = int(os.environ.get("ASSAY_POWER_CUTS", "400"))
SEED = 20261121
THREADS, TICKETS = 4, 6


def write_some(store, disk, project, name):
    for number in range(TICKETS):
        token = f"{name}-{number}"
        ticket, seq = store.write(lambda tx, token=token: create(tx, project, token))
        disk.acknowledge(Promise("created", seq, ticket.key, token))
        moved, seq = store.write(lambda tx, ticket=ticket: move(tx, ticket))
        disk.acknowledge(Promise("moved", seq, moved.key, token))
        with suppress(KeyError):
            store.write(lambda tx: refused(tx, project))


def life_of_a_store(disk):
    """Made, migrated, filled by many at once, backed up, written back, closed, opened and filled again."""
    project = None
    for life in range(2):
        with open_store(f"sqlite:///{disk.folder}/assay.db") as store:
            project = project or new_project(store)
            threads = [
                threading.Thread(target=write_some, args=(store, disk, project, f"l{life}w{number}"))
                for number in range(THREADS)
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            back_up(store, disk.folder / f"{life}.backup", at=AT)


def broken_images(tmp_path, cuts):
    """What was wrong, for each power cut after which something was."""
    folder = tmp_path / "live"
    folder.mkdir()
    with disk_of(FaultyDisk(folder)) as disk:
        life_of_a_store(disk)
    operations = disk.operations
    assert sum(operation.kind == "truncate" for operation in operations) > 2, "no checkpoint was cut"
    chance = random.Random(SEED)
    chosen = [chance.randrange(len(operations) + 1) for _ in range(cuts)]
    wrong = []
    # Opening the images would flush as well: a disk that writes nothing down and flushes nothing saves the time.
    with disk_of(FaultyDisk(tmp_path, recording=False)) as disk_of_images:
        for number, image in enumerate(images(operations, chosen, chance, before={})):
            place = disk_of_images.folder = tmp_path / str(number)
            place.mkdir()
            for name, content in image.files.items():
                (place / name).write_bytes(content)
            try:
                check(place / "assay.db", image.promised)
            except Exception as error:  # noqa: BLE001  # damage shows in many ways; each is one broken image
                wrong.append(f"image {number}, cut before {image.cut}: {type(error).__name__}: {error}")
            shutil.rmtree(place)
    return wrong


def check(path, promised):
    with open_store(f"sqlite:///{path}") as store:
        check_kept(store, promised)
    check_file(path)


@pytest.fixture(autouse=True)
def _frequent_checkpoints(monkeypatch):
    monkeypatch.setattr(writer, "CHECKPOINT_CHANGES", 60)
    monkeypatch.setattr(writer, "PATIENCE", 1)


def test_power_cut_at_any_moment_keeps_every_acknowledged_write(tmp_path):
    assert broken_images(tmp_path, CUTS) == []


@pytest.mark.parametrize(("mode", "least"), [("OFF", 0.1), ("NORMAL", 0.1)])
def test_power_cut_is_noticed_where_less_is_flushed(tmp_path, monkeypatch, mode, least):
    """The control: with weaker flushing the same cuts must find what is lost, or they find nothing at all."""
    weaker = tuple(
        pragma.replace("synchronous=FULL", f"synchronous={mode}") for pragma in sqlite_store._WRITER
    )
    assert weaker != sqlite_store._WRITER
    monkeypatch.setattr(sqlite_store, "_WRITER", weaker)
    wrong = broken_images(tmp_path, 60)
    assert len(wrong) > least * 60
    assert any("is lost" in line for line in wrong)
