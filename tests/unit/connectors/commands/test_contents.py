"""Which files would change what a command measures, and whether one did."""

import os

import pytest

from assay.connectors.commands import contents as module
from assay.connectors.commands.contents import Watched, changed, contents, variables
from assay.errors import Invalid, Unavailable


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in (
        "evaluate.py", "model/net.py", "config.yaml", "data/a.csv", "data/deep/b.csv", "prompts/x.txt", "notes.md",
        ".hidden.py", ".git/hook.py", "venv/lib/thing.py", "node_modules/m/x.py", "gate-runs/k/results/seed-1/x.py",
    ):  # fmt: skip
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name, encoding="utf-8")
    (tmp_path / "venv" / "pyvenv.cfg").write_text("", encoding="utf-8")
    return tmp_path


def watched(*command, watch=(), ignore=(), out="gate-runs"):
    from pathlib import Path

    return Watched(command, watch, ignore, Path(out)).names()


def test_files_that_the_command_names_and_every_python_file_are_watched(folder):
    assert watched("python", "./evaluate.py", "--config=config.yaml", "--seed={seed}", "{out}") == (
        "config.yaml", "evaluate.py", "model/net.py",
    )  # fmt: skip


def test_folder_that_the_command_names_is_watched_without_results_and_foreign_code(folder):
    assert watched("pytest", ".") == (
        "config.yaml", "data/a.csv", "data/deep/b.csv", "evaluate.py", "model/net.py", "notes.md", "prompts/x.txt",
    )  # fmt: skip


def test_patterns_add_and_leave_out(folder):
    found = watched("python", watch=["prompts/*", "data"], ignore=["model/*", "data/deep/*"])
    assert found == ("data/a.csv", "evaluate.py", "prompts/x.txt")


def test_file_outside_of_the_folder_is_watched_by_its_path(folder, tmp_path_factory):
    other = tmp_path_factory.mktemp("other") / "weights.bin"
    other.write_bytes(b"1")
    assert str(other) in watched("run", str(other))


def test_pattern_that_matches_nothing_is_refused_and_not_ignored(folder):
    with pytest.raises(Invalid) as caught:
        watched("python", watch=["promts/*"])
    assert "matches no file" in caught.value.message


def test_too_many_files_are_refused_with_a_way_out(folder, monkeypatch):
    monkeypatch.setattr(module, "MAX_FILES", 3)
    with pytest.raises(Invalid) as caught:
        watched("pytest", ".")
    assert "--ignore" in caught.value.hint


@pytest.mark.parametrize("word", ["a\0b", "x" * 5000, "", "=", "--=", "{seed}", "-"])
def test_words_that_are_no_path_are_no_file(folder, word):
    assert watched("python", word) == ("evaluate.py", "model/net.py")


def test_content_decides_and_not_the_time(folder):
    before = contents(["evaluate.py", "config.yaml", "gone"])
    os.utime(folder / "evaluate.py", ns=(1, 1))
    assert contents(["evaluate.py", "config.yaml", "gone"]) == before
    (folder / "config.yaml").write_text("other", encoding="utf-8")
    (folder / "gone").write_text("", encoding="utf-8")
    assert changed(before, contents(["evaluate.py", "config.yaml", "gone"])) == ("config.yaml", "gone")


def test_large_file_is_known_by_size_and_time(folder, monkeypatch):
    monkeypatch.setattr(module, "MAX_HASHED_BYTES", 3)
    before = contents(["evaluate.py"])
    assert before["evaluate.py"].startswith("size 11 time ")
    os.utime(folder / "evaluate.py", ns=(1, 1))
    assert changed(before, contents(["evaluate.py"])) == ("evaluate.py",)


def test_file_that_cannot_be_read_is_named(folder, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(module.Path, "open", refuse)
    with pytest.raises(Unavailable) as caught:
        contents(["evaluate.py"])
    assert "cannot read file 'evaluate.py': Permission denied" in caught.value.message


def test_value_of_a_variable_is_not_kept_and_unset_is_not_empty():
    found = variables(["B", "A", "C", "A"], {"A": "secret", "B": ""})
    assert list(found) == ["A", "B", "C"]
    assert "secret" not in str(found)
    assert found["C"] is None
    assert found["B"] is not None
