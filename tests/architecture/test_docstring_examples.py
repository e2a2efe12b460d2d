"""Every example in a docstring of the core runs and prints what it says."""

import doctest
import importlib
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[2] / "src"
RINGS = ["stats", "domain", "workflows"]


def _modules_with_examples() -> list[str]:
    files = [SOURCE / "assay" / "__init__.py"]
    files += [path for ring in RINGS for path in sorted((SOURCE / "assay" / ring).rglob("*.py"))]
    with_examples = [path for path in files if ">>> " in path.read_text(encoding="utf-8")]
    return [
        ".".join(path.relative_to(SOURCE).with_suffix("").parts).removesuffix(".__init__")
        for path in with_examples
    ]


@pytest.mark.parametrize("name", _modules_with_examples())
def test_docstring_examples_print_what_they_say(name):
    module = importlib.import_module(name)
    options = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    failed, tried = doctest.testmod(module, optionflags=options, verbose=False)
    assert tried > 0
    assert failed == 0
