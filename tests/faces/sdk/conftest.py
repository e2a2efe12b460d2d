"""An installation with a locked ticket in it, made once; each test gets a copy of its own."""

import shutil

import pytest

from assay.cli.main import main

COMMANDS = (
    ("init", "--project", "vision"),
    ("metric", "add", "accuracy", "--direction", "higher", "--unit", "fraction"),
    ("metric", "add", "train_loss", "--direction", "lower", "--unit", "number"),
    (
        "ticket", "new", "Deeper net", "--hypothesis", "Depth lifts accuracy from 72% to 85%.", "--primary", "accuracy >= 85%",
        "--kill", "train_loss does not fall after epoch 5", "--baseline", "accuracy=0.72 from zero-shot", "--gpu-hours", "24",
        "--owner", "Ada",
    ),
    ("move", "EXP-1", "hypothesis", "--override", "agreed"),
    ("move", "EXP-1", "experiment", "--override", "agreed"),
    ("ticket", "new", "Not locked", "--hypothesis", "Lifts accuracy to 85%.", "--primary", "accuracy >= 85%"),
)  # fmt: skip


@pytest.fixture(scope="session")
def installation(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sdk")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for command in COMMANDS:
            assert main(list(command)) == 0, command
    return folder


@pytest.fixture
def made(installation, tmp_path, monkeypatch):
    shutil.copytree(installation / ".assay", tmp_path / ".assay")
    monkeypatch.chdir(tmp_path)
    return tmp_path
