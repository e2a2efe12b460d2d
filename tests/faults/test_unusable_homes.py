"""Homes that cannot be used: one line that says why and what to do, no traceback, and nothing changed."""

import ctypes
import os
import re
import shutil
import stat
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path

import pytest

from assay.cli.main import main
from assay.storage import open_store
from assay.storage.lockfile import holder_of
from tests.faces.cli.conftest import CLEAN, Ran

COMMANDS = [
    ("board",),
    ("ticket", "new", "Another"),
    ("project", "use", "vision"),
    ("backup", "../new.backup"),
    ("up", "--port", "0"),
]


# ------------------------------------------------------------------------------------------------------ the machinery


class _Header(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _Sets(ctypes.Structure):
    _fields_ = (
        ("effective", ctypes.c_uint32),
        ("permitted", ctypes.c_uint32),
        ("inheritable", ctypes.c_uint32),
    )


@contextmanager
def rights_of_an_owner():
    """Root reads and writes whatever it likes; here, in this thread and those it starts, only what its files allow."""
    if os.geteuid() != 0:
        yield
        return
    system = ctypes.CDLL(None, use_errno=True)
    header, before, less = _Header(0x20080522, 0), (_Sets * 2)(), (_Sets * 2)()
    assert system.capget(ctypes.byref(header), before) == 0
    ctypes.memmove(less, before, ctypes.sizeof(before))
    less[0].effective &= ~0b110  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
    assert system.capset(ctypes.byref(header), less) == 0
    try:
        yield
    finally:
        assert system.capset(ctypes.byref(header), before) == 0


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    """An installation with a ticket in it."""
    folder = tmp_path_factory.mktemp("template")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        assert main(["init", "--project", "vision"]) == 0
        assert main(["ticket", "new", "First"]) == 0
    return folder


@pytest.fixture
def home(template, tmp_path, monkeypatch):
    """The home folder of an installation of its own; its rights are mended after the test."""
    folder = tmp_path / "work"
    shutil.copytree(template, folder)
    monkeypatch.chdir(folder)
    yield folder / ".assay"
    (folder / ".assay").chmod(0o700)


@pytest.fixture
def assay(capfd):
    def call(*arguments):
        capfd.readouterr()
        with rights_of_an_owner():
            code = main(list(arguments))
        said = capfd.readouterr()
        return Ran(code, said.out, said.err)

    return call


def check_refusal(ran, expected):
    """One line in the house form and one that says what to do; nothing on standard output."""
    assert ran.code == 8, ran
    lines = ran.err.splitlines()
    assert len(lines) == 2, ran.err
    assert re.fullmatch(r"cannot \w+ .+: .+", lines[0])
    assert expected in lines[0]
    assert lines[1].startswith("  ")
    assert ran.out == ""


def state_of(home):
    return {
        path.name: path.read_bytes() if path.suffix != ".lock" else b""
        for path in home.iterdir()
        if path.is_file()
    }


# ----------------------------------------------------------------------------------------------------- not to be used


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
@pytest.mark.parametrize(
    ("name", "mode", "expected"),
    [
        (".", 0o000, "Permission denied"),
        (".", 0o500, "cannot open database"),
        ("assay.db", 0o400, "cannot open database"),
        ("assay.db", 0o000, "cannot open database"),
        ("assay.db.lock", 0o000, "cannot open database"),
        ("assay.toml", 0o000, "cannot read settings"),
        ("signing.key", 0o000, "cannot read signing key"),
    ],
)
def test_home_without_the_rights_is_refused_in_one_line_and_left_alone(
    home, assay, command, name, mode, expected
):
    before = state_of(home)
    path = home / name
    rights = stat.S_IMODE(path.stat().st_mode)
    path.chmod(mode)
    try:
        check_refusal(assay(*command), expected)
    finally:
        path.chmod(rights)
    assert state_of(home) == before
    assert assay("board").code == 0


def test_doctor_names_what_is_wrong_with_a_read_only_home(home, assay):
    home.chmod(0o500)
    ran = assay("doctor")
    assert ran.code == 1
    assert re.search(r"database +MEND +cannot open database '.+': .+ check the permissions", ran.out)


def test_home_may_not_be_made_in_a_folder_that_cannot_be_written(tmp_path, assay, monkeypatch):
    tmp_path.chmod(0o500)
    monkeypatch.chdir(tmp_path)
    check_refusal(assay("init"), "cannot write settings")
    assert list(tmp_path.iterdir()) == []


def test_restore_into_a_home_that_cannot_be_written_replaces_nothing(home, assay):
    assert assay("backup", "../kept.backup").code == 0
    before = state_of(home)
    home.chmod(0o500)
    check_refusal(assay("restore", "../kept.backup", "--replace"), "cannot restore")
    home.chmod(0o700)
    assert state_of(home) == before
    assert assay("restore", "../kept.backup", "--replace").code == 0


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("assay.db", b"\0" * 4096, "not a database"),
        ("assay.db", b"GIF89a" * 4096, "not a database"),
        ("assay.db", b"SQLite format 3\0" + b"\xa5" * 20_000, "database"),
    ],
)
def test_database_of_something_else_is_named_and_left_alone(home, assay, name, content, expected):
    (home / name).write_bytes(content)
    for command in COMMANDS:
        check_refusal(assay(*command), expected)
    assert (home / name).read_bytes() == content


def test_database_that_is_damaged_inside_says_restore(home, assay):
    content = bytearray((home / "assay.db").read_bytes())
    content[4096:] = b"\xa5" * (len(content) - 4096)
    (home / "assay.db").write_bytes(content)
    ran = assay("board")
    check_refusal(ran, "it is damaged")
    assert "assay restore" in ran.err


# ---------------------------------------------------------------------------------------------------- two at one home


def test_second_server_of_a_home_is_refused_and_told_of_the_first(home):
    """Started at the same moment, so that neither finds the other before it opens the database."""
    started = [
        subprocess.Popen(
            [sys.executable, "-m", "assay.cli.main", "up", "--port", "0"],
            cwd=home.parent, env=CLEAN, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for _ in range(2)
    ]  # fmt: skip
    lines = [process.stdout.readline() for process in started]
    try:
        (first,) = [n for n, line in enumerate(lines) if line.startswith("Assay is ready: http://127.0.0.1:")]
        refused = started[1 - first]
        err = refused.stderr.read()
        assert refused.wait(timeout=30) == 8
        assert re.fullmatch(r"cannot (open|serve) .+\(expected .+\)\n  .+\n", err), err
        assert str(started[first].pid) in err or lines[first].split()[-1] in err
    finally:
        for process in started:
            process.terminate()
            process.communicate(timeout=30)


def test_looking_who_holds_a_store_never_keeps_anybody_out(tmp_path):
    path = tmp_path / "assay.db"
    open_store(f"sqlite:///{path}").close()
    stop = threading.Event()

    def look():
        while not stop.is_set():
            holder_of(path)

    lookers = [threading.Thread(target=look) for _ in range(2)]
    for looker in lookers:
        looker.start()
    try:
        for _ in range(30):
            open_store(f"sqlite:///{path}").close()
    finally:
        stop.set()
        for looker in lookers:
            looker.join()


def test_lock_left_by_a_process_that_is_gone_holds_nobody_up(home, assay):
    (home / "assay.db.lock").write_text('{"pid": 4194305, "url": "http://127.0.0.1:1"}')
    assert assay("board").code == 0


# ------------------------------------------------------------------------------------------------------- a full disk

FULL_DISK = Path(__file__).with_name("full_disk_child.py")


def in_a_small_file_system(arguments, folder, size):
    """Run a program in a mount namespace of its own, where `folder` is a small disk in memory."""
    become_root = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    script = 'mount -t tmpfs -o size="$1" tmpfs "$2" && cd "$2" && shift 2 && exec "$@"'
    return subprocess.run(
        ["unshare", *become_root, "--mount", "sh", "-c", script, "sh", size, folder, *arguments],
        env=CLEAN, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


def test_disk_that_is_full_at_the_start_or_while_serving_is_told_and_loses_nothing(tmp_path):
    if shutil.which("unshare") is None or in_a_small_file_system(["true"], tmp_path, "1m").returncode != 0:
        pytest.skip("this account may not mount a small disk")
    ran = in_a_small_file_system([sys.executable, FULL_DISK], tmp_path, "3m")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert ran.stdout.endswith("all as promised\n")
