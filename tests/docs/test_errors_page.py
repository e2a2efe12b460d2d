"""The page of errors and the code know the same names."""

import ast
import re
from pathlib import Path

from tests.docs.pages import ROOT, page

SOURCE = ROOT / "src" / "assay"
NAME = re.compile(r"[a-z]+(-[a-z0-9]+)*")
NO_ERRORS = {"Problem", "kind"}
"""A Problem is advice on a draft; `kind(...)` rebuilds an error that a server told of."""
TABLES = ("_MOVE_CODES",)
"""Names of errors that stand in a table."""


def codes_of(path: Path) -> set[str]:
    """Every text that this module gives an error as its code."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and _called(node) not in NO_ERRORS:
            for keyword in node.keywords:
                if keyword.arg == "code" and not isinstance(keyword.value, ast.Subscript | ast.BoolOp):
                    found |= _texts(keyword.value)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target
            if isinstance(target, ast.Name) and target.id == "code" and node.value is not None:
                found |= _texts(node.value)
            if isinstance(target, ast.Name) and target.id in TABLES and isinstance(node.value, ast.Dict):
                found |= {text for value in node.value.values for text in _texts(value)}
    return found


def _called(node: ast.Call) -> str:
    return getattr(node.func, "id", getattr(node.func, "attr", ""))


def _texts(node: ast.AST) -> set[str]:
    return {
        inner.value
        for inner in ast.walk(node)
        if isinstance(inner, ast.Constant) and isinstance(inner.value, str) and NAME.fullmatch(inner.value)
    }


def test_page_lists_every_error_code_once_and_no_other():
    codes = {code for path in SOURCE.rglob("*.py") for code in codes_of(path)}
    listed = re.findall(r"^\| `([a-z0-9-]+)` \|", page("errors.md"), re.MULTILINE)
    assert len(listed) == len(set(listed))
    assert sorted(set(listed) - codes) == []
    assert sorted(codes - set(listed)) == []


def test_page_and_status_table_agree():
    from assay.statuses import EXIT_BY_KIND, HTTP_STATUS, KINDS

    told = dict(re.findall(r"^\| ([a-z-]+) \| \d{3}.*?\| (\d) \|$", page("errors.md"), re.MULTILINE))
    assert {kind: int(code) for kind, code in told.items()} == EXIT_BY_KIND
    status = {dict(KINDS)[kind]: number for kind, number in HTTP_STATUS if kind in dict(KINDS)}
    for kind, number in status.items():
        assert re.search(rf"^\| {kind} \| {number}\b", page("errors.md"), re.MULTILINE)
