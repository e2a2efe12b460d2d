"""The command line in a folder of its own, called as a program or, where many calls are made, as a function."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from assay.bootstrap import open_workspace
from assay.cli.main import main
from assay.settings import Settings
from tests.faces.web import story

CLEAN = {
    "PATH": os.environ["PATH"],
    "HOME": "/nonexistent",
    "LANG": "C.UTF-8",
    "PYTHONPATH": os.pathsep.join(sys.path),
}


@dataclass
class Ran:
    """What a command said."""

    code: int
    out: str
    err: str


def program(*arguments, cwd, timeout=60, **environment):
    """Run `assay` in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "assay.cli.main", *arguments],
        cwd=cwd,
        env={**CLEAN, **environment},
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    return Ran(done.returncode, done.stdout, done.stderr)


@pytest.fixture
def assay(tmp_path, monkeypatch, capfd):
    """Call a command in this process; the folder is empty at first."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments):
        capfd.readouterr()
        code = main(list(arguments))
        said = capfd.readouterr()
        return Ran(code, said.out, said.err)

    call.folder = Path(tmp_path)
    return call


@pytest.fixture
def measured(assay):
    """An installation with one locked experiment, whose seeds ended at the given values: the command line and its key."""

    def begin(*finals):
        assert assay("init").code == 0
        with open_workspace(Settings(home=assay.folder / ".assay", sync_interval_s=0)) as ws:
            told = story.Story(ws)
            key = told.ticket("Long-context model without retrieval")
            told.start(key)
            told.runs(key, list(finals))
        assert assay("project", "use", told.slug).code == 0
        return assay, key

    return begin


@pytest.fixture(scope="session")
def template(tmp_path_factory):
    """An installation with a metric and a ticket in it, made once."""
    folder = tmp_path_factory.mktemp("made")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for command in (
            ("init", "--project", "vision"),
            ("metric", "add", "accuracy", "--direction", "higher", "--unit", "fraction"),
            (
                "ticket", "new", "Fine-tune 8B", "--hypothesis", "Lifts accuracy from 72% to 85%.",
                "--primary", "accuracy >= 85%", "--kill", "accuracy < 70%", "--baseline", "accuracy=0.72 from zero-shot",
                "--gpu-hours", "24",
            ),
        ):  # fmt: skip
            assert main(list(command)) == 0
    return folder


@pytest.fixture
def made(assay, template):
    """A copy of it, to work in."""
    shutil.copytree(template, assay.folder, dirs_exist_ok=True)
    return assay
