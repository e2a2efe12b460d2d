"""Commands, addresses, tags and snippets that the documentation shows exist."""

import re
import shlex
from typing import Any

import pytest
import typer
from fastapi import FastAPI

from assay.api.routes import API_TABLE
from assay.cli.tree import whole_tree
from tests.docs.pages import ROOT, all_pages, blocks, page

SHOWN = re.compile(r"^(?:    |\$ )?(assay (?:(?!  ).)+)", re.MULTILINE)
PAGES = [path for path in all_pages() if "decisions" not in path.parts]


def _commands(text: str) -> list[str]:
    """Command lines in blocks and in the text, without comments and redirections."""
    in_blocks = "\n".join(block.text for block in blocks(text) if block.language in {"sh", "console", ""})
    indented = "\n".join(line for line in text.splitlines() if line.startswith("    "))
    inline = re.findall(r"`(assay [^`\n]+)`", text)
    lines = SHOWN.findall(f"{in_blocks}\n{indented}")
    return [re.split(r"\s+#|\s>\s|\s\|\s|;|\)$", line)[0] for line in (*lines, *inline)]


def _fault(command: Any, words: list[str]) -> str | None:
    """What of this command line does not exist?"""
    while hasattr(command, "commands") and words and not words[0].startswith("-"):
        following = command.commands.get(words[0])
        if words[0].rstrip(".").isupper():
            return None  # the form of a command, not a command
        if following is None:
            return words[0]
        command, words = following, words[1:]
    known = {
        option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)
    }
    known |= {"--help", "-h", "--version"}
    words = words[: words.index("--")] if "--" in words else words  # what follows is somebody else's command
    return next((word for word in words if word.startswith("-") and word.split("=")[0] not in known), None)


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_commands_of_a_page_exist(path):
    tree = typer.main.get_command(whole_tree())
    shown = _commands(path.read_text(encoding="utf-8"))
    faults = [(line, fault) for line in shown if (fault := _fault(tree, shlex.split(line)[1:])) is not None]
    assert faults == []


def test_walk_and_readme_show_commands():
    assert len(_commands(page("first-verdict.md"))) > 20
    assert len(_commands((ROOT / "README.md").read_text(encoding="utf-8"))) >= 3


def test_mlflow_page_names_every_tag_and_seed_that_is_read():
    sources = [
        (ROOT / "src/assay/connectors" / name).read_text(encoding="utf-8")
        for name in ("trackers/mlflow/assemble.py", "tracked/meaning.py")
    ]
    code = "".join(source.split('"""', 2)[2] for source in sources)
    names = set(re.findall(r'"(assay\.[a-z_]+|seed|random_state|random_seed)"', code)) | {"assay.candidate"}
    assert len(names) > 8
    assert [name for name in sorted(names) if f"`{name}`" not in page("mlflow.md")] == []


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_python_on_a_page_compiles(path):
    for block in blocks(path.read_text(encoding="utf-8")):
        if block.language == "python":
            compile(block.text, str(path), "exec")


def test_addresses_on_the_operations_page_are_served():
    app = FastAPI()
    app.router.routes.extend(API_TABLE.routes())
    named = re.findall(r"`GET (/[a-z/]+)`", page("operations.md"))
    assert named
    assert [address for address in named if address not in app.openapi()["paths"]] == []
