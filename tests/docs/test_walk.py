"""The walk of docs/first-verdict.md, command by command, in an empty folder, with the real product."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.pages import ROOT, Block, blocks, page

EXIT_CODE = re.compile(r"\s+# exit code (\d)$")
WALK = [block for block in blocks(page("first-verdict.md")) if block.language in {"sh", "text", "python"}]


def _commands(block: Block) -> list[tuple[str, int]]:
    """Each line with the exit code it says, 0 where it says none."""
    found = []
    for line in filter(None, block.text.splitlines()):
        code = EXIT_CODE.search(line)
        found.append((EXIT_CODE.sub("", line), int(code.group(1)) if code else 0))
    return found


def _squeezed(text: str) -> str:
    return " ".join(text.split())


def _missing(shown: str, said: str) -> list[str]:
    """The lines shown that were not said, in that order; an ellipsis stands for anything."""
    lines, missing = [_squeezed(line) for line in said.splitlines()], []
    for line in filter(None, (_squeezed(line) for line in shown.splitlines())):
        pattern = re.compile(".*".join(re.escape(part.strip()) for part in line.split("…")))
        at = next((i for i, spoken in enumerate(lines) if pattern.search(spoken)), None)
        if at is None:
            missing.append(line)
        else:
            lines = lines[at + 1 :]
    return missing


@pytest.mark.slow
def test_walk_says_what_the_page_shows(tmp_path):
    environment = {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.defpath}",
        "HOME": str(tmp_path),
        "ASSAY": str(ROOT),
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "COLUMNS": "400",
        "LC_ALL": "C.UTF-8",
    }
    folder, said, unread = tmp_path / "first-steps", "", ""
    folder.mkdir()
    for block in WALK:
        if block.language == "text":
            assert _missing(block.text, unread) == [], unread
            unread = ""
        elif block.language == "sh":
            for command, code in _commands(block):
                done = subprocess.run(
                    ["bash", "-c", command],
                    cwd=folder,
                    env=environment,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    text=True,
                    timeout=120,
                    check=False,
                )
                said = f"$ {command}\n{done.stdout}"
                assert done.returncode == code, said
                assert "Traceback" not in said, said
                unread += done.stdout


def test_page_shows_the_script_as_it_is():
    script = _squeezed((ROOT / "examples" / "scaled_features.py").read_text(encoding="utf-8"))
    for block in WALK:
        if block.language == "python":
            for statement in re.split(r"\n(?=\S)(?![)}])", block.text.strip()):
                assert _squeezed(statement) in script
