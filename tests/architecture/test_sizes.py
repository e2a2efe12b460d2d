"""Nothing in the product is too long to be read in one go."""

import ast
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[2] / "src" / "assay"
FILES = sorted(path for path in SOURCE.rglob("*.py") if "migrations/versions" not in path.as_posix())
MAX_FILE_LINES = 450
MAX_FUNCTION_LINES = 60
MAX_TEMPLATE_LINES = 200


def _lines_without_docstring(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    lines = function.end_lineno - function.lineno + 1
    first = function.body[0]
    if (
        isinstance(first, ast.Expr)
        and isinstance(first.value, ast.Constant)
        and isinstance(first.value.value, str)
    ):
        lines -= first.end_lineno - first.lineno + 1
    return lines


def test_files_of_the_product_are_at_most_450_lines_long():
    sizes = {
        path.relative_to(SOURCE).as_posix(): len(path.read_text(encoding="utf-8").splitlines())
        for path in FILES
    }
    assert {name: lines for name, lines in sizes.items() if lines > MAX_FILE_LINES} == {}


def test_functions_are_at_most_60_lines_long_without_their_docstring():
    too_long = {}
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = _lines_without_docstring(node)
                if lines > MAX_FUNCTION_LINES:
                    too_long[f"{path.relative_to(SOURCE)}:{node.lineno} {node.name}"] = lines
    assert too_long == {}


def test_templates_are_at_most_200_lines_long():
    sizes = {path.name: len(path.read_text(encoding="utf-8").splitlines()) for path in SOURCE.rglob("*.html")}
    assert {name: lines for name, lines in sizes.items() if lines > MAX_TEMPLATE_LINES} == {}


@pytest.mark.parametrize(
    "name", ["utils", "util", "helpers", "helper", "common", "misc", "manager", "base", "tests"]
)
def test_no_module_has_a_name_that_says_nothing(name):
    named = [path.relative_to(SOURCE).as_posix() for path in FILES if name in {path.stem, path.parent.name}]
    assert named == []
