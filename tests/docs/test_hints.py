"""Whoever is refused is told the next step, and a command that a hint names is there."""

import ast
import re

from assay import errors
from assay.errors import AssayError
from tests.docs.pages import ROOT
from tests.docs.test_cli_page import tree

SOURCE = ROOT / "src" / "assay"
ERRORS = {
    name for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, AssayError)
}


def refusals(folder):
    """Every error that is made by name, with its module and its hint."""
    for path in sorted((SOURCE / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ERRORS:
                named = {keyword.arg: keyword.value for keyword in node.keywords}
                yield f"{path.relative_to(SOURCE)}:{node.lineno}", named.get("hint", named.get(None))


def beginnings(hint):
    """How each text of a hint begins, as far as it is the same every time."""
    for node in ast.walk(hint):
        if isinstance(node, ast.JoinedStr) and isinstance(node.values[0], ast.Constant):
            yield node.values[0].value
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def test_every_refusal_says_what_to_do_next():
    silent = [place for place, hint in refusals(".") if hint is None]
    assert [place for place in silent if not place.startswith("testing/")] == []


def test_command_that_a_hint_names_is_there():
    commands = {path for path, _ in tree()}
    groups = {" ".join(path.split()[:2]) for path in commands if path.count(" ") > 1}
    unknown = [
        (place, text)
        for place, hint in refusals(".")
        if hint is not None
        for text in beginnings(hint)
        if text.startswith("assay ")
        for words in [re.split(r"[\s,:;]+", text)]
        for two, three in [(" ".join(words[:2]), " ".join(words[:3]))]
        if two not in commands | {"assay --help"} and (two not in groups or three not in commands)
    ]
    assert unknown == []
