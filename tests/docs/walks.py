"""Runs the commands that a page shows, and compares what they say with what it shows."""

import re
import subprocess
from pathlib import Path

from tests.docs.pages import Block

EXIT_CODE = re.compile(r"\s+# exit code (\d)$")


def walk(shown: list[Block], folder: Path, environment: dict[str, str], *, timeout: float = 120) -> None:
    """Every command ends as it says, and every text block was said, in its order, by the commands since the last one."""
    unread = ""
    for block in shown:
        if block.language == "text":
            assert missing(block.text, unread) == [], unread
            unread = ""
        elif block.language == "sh":
            for command, code in commands(block):
                said = _run(command, code, folder, environment, timeout)
                unread += said


def commands(block: Block) -> list[tuple[str, int]]:
    """Each line with the exit code it says, 0 where it says none."""
    found = []
    for line in filter(None, block.text.splitlines()):
        code = EXIT_CODE.search(line)
        found.append((EXIT_CODE.sub("", line), int(code.group(1)) if code else 0))
    return found


def missing(shown: str, said: str) -> list[str]:
    """The lines shown that were not said, in that order; an ellipsis stands for anything."""
    lines, lost = [squeezed(line) for line in said.splitlines()], []
    for line in filter(None, (squeezed(line) for line in shown.splitlines())):
        pattern = re.compile(".*".join(re.escape(part.strip()) for part in line.split("…")))
        at = next((i for i, spoken in enumerate(lines) if pattern.search(spoken)), None)
        if at is None:
            lost.append(line)
        else:
            lines = lines[at + 1 :]
    return lost


def squeezed(text: str) -> str:
    """The text with single spaces."""
    return " ".join(text.split())


def shows_as_it_is(block: Block, script: Path) -> bool:
    """Does every statement of the block stand in the script?"""
    whole = squeezed(script.read_text(encoding="utf-8"))
    statements = re.split(r"\n(?=\S)(?![)}])", block.text.strip())
    return all(squeezed(statement) in whole for statement in statements)


def _run(command: str, code: int, folder: Path, environment: dict[str, str], timeout: float) -> str:
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=timeout,
        check=False,
    )
    said = f"$ {command}\n{done.stdout}"
    assert done.returncode == code, said
    assert "Traceback" not in said, said
    return done.stdout
