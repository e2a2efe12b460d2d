"""The walks of the documentation, command by command, in an empty folder, with the real product."""

import os
import sys
from pathlib import Path

import pytest

from tests.docs.pages import ROOT, blocks, page
from tests.docs.walks import shows_as_it_is, walk

FIRST_VERDICT = [b for b in blocks(page("first-verdict.md")) if b.language in {"sh", "text", "python"}]
PULL_REQUEST = [b for b in blocks(page("gate-my-pull-request.md")) if b.language in {"sh", "text", "python"}]


@pytest.fixture
def environment(tmp_path):
    """What a user's shell holds, on a terminal wide enough for every table."""
    person = {"NAME": "A", "EMAIL": "a@example.org"}
    return {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.defpath}",
        "HOME": str(tmp_path),
        "ASSAY": str(ROOT),
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "COLUMNS": "400",
        "LC_ALL": "C.UTF-8",
        **{f"GIT_{role}_{part}": told for role in ("AUTHOR", "COMMITTER") for part, told in person.items()},
    }


def _folder(tmp_path, name):
    folder = tmp_path / name
    folder.mkdir()
    return folder


@pytest.mark.slow
def test_first_verdict_says_what_the_page_shows(tmp_path, environment):
    walk(FIRST_VERDICT, _folder(tmp_path, "first-steps"), environment)


@pytest.mark.slow
def test_gate_of_a_pull_request_says_what_the_page_shows(tmp_path, environment):
    walk(PULL_REQUEST, _folder(tmp_path, "digit-reader"), environment, timeout=300)


@pytest.mark.parametrize(
    ("shown", "script"),
    [(FIRST_VERDICT, "scaled_features.py"), (PULL_REQUEST, "pull-request/evaluate.py")],
)
def test_page_shows_the_script_as_it_is(shown, script):
    for block in shown:
        if block.language == "python":
            assert shows_as_it_is(block, ROOT / "examples" / script)
