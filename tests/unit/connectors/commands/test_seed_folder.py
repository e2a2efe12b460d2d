"""Finished seeds are kept whole or not at all, whatever happens between."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from assay.connectors.commands import seed_folder as module
from assay.connectors.commands.seed_folder import LIST, SeedEnd, SeedFolder, fault_of
from assay.errors import Conflict, Unavailable

BEGAN = "2026-01-01T00:00:00+00:00"


def write(folder, seed, content="sample_id,accuracy\nq1,1\n", *, reason=""):
    attempt = folder.begin(seed)
    (attempt.out / "scores.csv").write_text(content, encoding="utf-8")
    for file in (attempt.stdout, attempt.stderr):
        file.write_text(f"said by seed {seed}", encoding="utf-8")
    folder.keep(attempt, SeedEnd(seed, BEGAN, 1.5, reason))
    return attempt


@pytest.fixture
def folder(tmp_path):
    with SeedFolder(tmp_path / "out", "key", {"command": ["x"]}) as opened:
        yield opened


def test_finished_seed_is_kept_with_its_files_and_logs(folder, tmp_path):
    write(folder, 3)
    assert folder.finished() == {3: SeedEnd(3, BEGAN, 1.5)}
    assert sorted(p.name for p in (folder.results / "seed-3").iterdir()) == [LIST, "scores.csv"]
    assert (tmp_path / "out/key/logs/seed-3/stdout.txt").read_text(encoding="utf-8") == "said by seed 3"
    assert list((tmp_path / "out/key/running").iterdir()) == []
    assert (tmp_path / "out/.gitignore").read_text(encoding="utf-8") == "*\n"


@pytest.mark.parametrize(
    "harm",
    [
        lambda seed: (seed / "scores.csv").write_text("sample_id,accuracy\nq1,", encoding="utf-8"),
        lambda seed: (seed / "scores.csv").unlink(),
        lambda seed: (seed / "more.csv").write_text("", encoding="utf-8"),
        lambda seed: (seed / LIST).unlink(),
        lambda seed: (seed / LIST).write_text("{", encoding="utf-8"),
        lambda seed: (seed / LIST).write_text('{"files": {}, "seed": {}}', encoding="utf-8"),
        lambda seed: (seed / LIST).write_text("[]", encoding="utf-8"),
    ],
)
def test_seed_that_does_not_agree_with_its_list_is_not_finished(tmp_path, harm):
    with SeedFolder(tmp_path, "key", {}) as folder:
        write(folder, 1)
        write(folder, 2)
    harm(folder.results / "seed-1")
    with SeedFolder(tmp_path, "key", {}) as again:
        assert list(again.finished()) == [2]
    assert not (folder.results / "seed-1").exists()


def test_failed_seed_is_no_result_until_it_finishes(folder):
    write(folder, 1, reason="exit code 1")
    assert (folder.finished(), folder.failed()) == ({}, {1: SeedEnd(1, BEGAN, 1.5, "exit code 1")})
    assert not folder.results.exists()
    write(folder, 1)
    assert (list(folder.finished()), folder.failed()) == ([1], {})


def test_killed_between_any_two_steps_leaves_a_seed_whole_or_absent(tmp_path, monkeypatch):
    """Each system call that changes a name or makes one last is made the last one in turn."""

    class Killed(BaseException):
        pass

    steps = 0
    for last in range(100):
        out = tmp_path / str(last)
        count = iter(range(10_000))

        def dies(real, count=count, last=last):
            def call(*arguments, **more):
                if next(count) >= last:
                    raise Killed
                return real(*arguments, **more)

            return call

        ended = True
        with monkeypatch.context() as patch:
            for owner, name in ((os, "fsync"), (module.Path, "replace"), (module.shutil, "rmtree")):
                patch.setattr(owner, name, dies(getattr(owner, name)))
            try:
                with SeedFolder(out, "key", {}) as folder:
                    write(folder, 1)
            except Killed:
                ended = False
        with SeedFolder(out, "key", {}) as again:
            found = again.finished()
            kept = again.results / "seed-1" / "scores.csv"
            assert found in ({}, {1: SeedEnd(1, BEGAN, 1.5)})
            assert kept.exists() == bool(found)
            assert list((out / "key").glob("running/*")) == []
        steps = last
        if ended:
            assert found
            break
    assert steps > 5


def test_second_process_is_told_that_the_folder_is_in_use(folder, tmp_path):
    with pytest.raises(Conflict) as caught, SeedFolder(tmp_path / "out", "key", {}):
        pass
    assert "another process is running this command" in caught.value.message
    with SeedFolder(tmp_path / "out", "other", {}):
        pass


def test_what_a_killed_process_left_running_is_ended(tmp_path):
    code = (
        "import os, subprocess, sys\n"
        "from pathlib import Path\n"
        "from assay.connectors.commands.child import Child\n"
        "from assay.connectors.commands.seed_folder import SeedFolder\n"
        f"folder = SeedFolder(Path({str(tmp_path / 'out')!r}), 'key', {{}}).__enter__()\n"
        "attempt = folder.begin(1)\n"
        "child = Child([sys.executable, '-c', 'import time; time.sleep(600)'], environment=os.environ,"
        " stdout=attempt.stdout, stderr=attempt.stderr, lock=attempt.lock)\n"
        "folder.began(attempt, child.group)\n"
        "print(child.group, flush=True)\n"
        "os.kill(os.getpid(), 9)\n"
    )
    killed = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    group = int(killed.stdout)
    os.killpg(group, 0)
    with SeedFolder(tmp_path / "out", "key", {}) as again:
        assert again.finished() == {}
        assert list((tmp_path / "out/key/running").iterdir()) == []
    assert has_ended(group)


def has_ended(pid):
    """Is it gone, or at least waiting for somebody to ask how it ended? Its lock was free, so that is a matter of moments."""
    for _ in range(100_000):
        told = subprocess.run(
            ["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False
        )
        if told.stdout.strip()[:1] in ("", "Z"):
            return True
    return False


def test_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "out").write_text("a file", encoding="utf-8")
    with pytest.raises(Unavailable) as caught:
        SeedFolder(tmp_path / "out", "key", {})
    assert "cannot write folder" in caught.value.message


def _pipe(out):
    os.mkfifo(out / "p")


def _link_out(out):
    (out / "l").symlink_to("/etc/hostname")


def _gone(out):
    out.rmdir()


def _file_instead(out):
    out.rmdir()
    out.write_text("x", encoding="utf-8")


def _link_instead(out):
    out.rmdir()
    out.symlink_to("/tmp")


@pytest.mark.parametrize(
    ("does", "says"),
    [
        (lambda out: None, "it wrote no file to {out}"),
        (lambda out: (out / "empty").mkdir(), "it wrote no file to {out}"),
        (_gone, "it took its folder {out} away"),
        (_file_instead, "it took its folder {out} away"),
        (_link_instead, "it took its folder {out} away"),
        (_pipe, "'p', a pipe, socket or device"),
        (_link_out, "'l', a link that leads out of {out}"),
        (lambda out: (out / "big.csv").write_bytes(b"x" * 11), "'big.csv' of more than"),
    ],
)
def test_what_cannot_be_kept_is_said_and_the_seed_can_be_kept_as_failed(folder, monkeypatch, does, says):
    monkeypatch.setattr(module, "MAX_FILE_BYTES", 10)
    attempt = folder.begin(1)
    does(attempt.out)
    why = fault_of(attempt.out)
    assert says in why
    folder.keep(attempt, SeedEnd(1, BEGAN, 0.1, why))
    assert folder.failed()[1].reason == why
    assert folder.finished() == {}


def test_link_inside_of_the_folder_is_kept(folder):
    attempt = folder.begin(1)
    (attempt.out / "a.csv").write_text("x", encoding="utf-8")
    (attempt.out / "latest.csv").symlink_to("a.csv")
    assert fault_of(attempt.out) is None
    folder.keep(attempt, SeedEnd(1, BEGAN, 0.1))
    assert list(folder.finished()) == [1]
    assert stat.S_ISLNK((folder.results / "seed-1" / "latest.csv").lstat().st_mode)


def test_forgotten_seeds_run_again(folder):
    write(folder, 1)
    write(folder, 2, reason="exit code 1")
    assert list(folder.finished()) == [1]
    folder.forget()
    assert (folder.finished(), folder.failed()) == ({}, {})


def test_other_folders_are_no_seeds(folder):
    write(folder, 1)
    for name in ("seed-x", "seed-", "other", "seed-1.bak"):
        (folder.results / name).mkdir()
    assert list(folder.finished()) == [1]
    assert isinstance(folder.results, Path)
