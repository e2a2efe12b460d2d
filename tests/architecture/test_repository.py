"""What is committed works on every machine and tells nothing about the one it was written on."""

import ast
import hashlib
import re
import subprocess
import sys
import tomllib
from functools import cache
from importlib import metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LOCKS = ["requirements.lock", "requirements-runtime.lock", "requirements-installer.lock"]
# Put together here so that this file does not contain what it looks for.
MACHINE_PATHS = re.compile(
    "|".join(["/" + "work/", "/" + "root/", "/" + r"home/\w+/", r"[A-Z]:\\" + "Users"])
)
BINARY = {".png", ".jpg", ".woff2", ".parquet", ".ico", ".db", ".zip", ".gz", ".npz", ".eval"}


def _committed_files() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout
    return [path for name in listed.split("\0") if name and (path := ROOT / name).is_file()]


@pytest.mark.parametrize("name", LOCKS)
def test_python_lock_names_no_host_and_a_hash_for_every_package(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    assert "://" not in text
    requirements = re.split(
        r"\n(?=\S)", "\n".join(line for line in text.splitlines() if not line.strip().startswith("#"))
    )
    assert requirements
    for requirement in requirements:
        assert re.match(r"[a-z0-9.\[\]_-]+==\S+", requirement.strip(), re.IGNORECASE), requirement
        assert "--hash=sha256:" in requirement, requirement


def test_npm_lock_names_no_registry():
    text = (ROOT / "package-lock.json").read_text(encoding="utf-8")
    assert '"resolved"' not in text
    assert text.count('"integrity": "sha512-') == text.count('"node_modules/')


def test_every_dependency_is_in_the_lock_at_an_allowed_version():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [
        *project["dependencies"],
        *(item for extra in project["optional-dependencies"].values() for item in extra),
    ]
    locked = set(
        re.findall(
            r"^([a-z0-9.-]+)(?:\[\w+\])?==",
            (ROOT / "requirements.lock").read_text(encoding="utf-8"),
            re.MULTILINE,
        )
    )
    assert {re.split(r"[\[~=<>]", item)[0] for item in wanted} - locked == set()


def test_no_committed_file_names_a_path_of_the_machine_it_was_written_on():
    named = []
    for path in _committed_files():
        if path.suffix in BINARY:
            continue
        for number, line in enumerate(
            path.read_text(encoding="utf-8", errors="replace").splitlines(), start=1
        ):
            if MACHINE_PATHS.search(line):
                named.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]}")
    assert named == []


def test_every_rule_that_is_turned_off_says_why():
    lines = (ROOT / "pyproject.toml").read_text(encoding="utf-8").splitlines()
    start = lines.index("[tool.ruff.lint]")
    end = lines.index("[tool.ruff.lint.flake8-tidy-imports]")
    without_reason = [
        line.strip()
        for line in lines[start:end]
        if (re.match(r'\s+"[A-Z]+\d*",', line) or re.match(r'"[^"]+" = \[.*\]', line)) and "#" not in line
    ]
    assert without_reason == []


def test_every_suppression_in_the_source_names_its_rule():
    bare = []
    for path in sorted((ROOT / "src").rglob("*.py")):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            if re.search(r"#\s*noqa(?!:)|#\s*type:\s*ignore(?!\[)", line):
                bare.append(f"{path.relative_to(ROOT)}:{number}")
    assert bare == []


def test_every_dependency_is_explained():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    explained = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")
    wanted = [
        *project["project"]["dependencies"],
        *(item for extra in project["project"]["optional-dependencies"].values() for item in extra),
        *(item for group in project["dependency-groups"].values() for item in group if isinstance(item, str)),
    ]
    names = {re.split(r"[\[~=<>]", item)[0] for item in wanted}
    assert {name for name in names if f"`{name}`" not in explained} == set()


PERMISSIVE = re.compile(r"MIT|BSD|Apache|ISC|PSF|Python Software Foundation")
COPYLEFT = re.compile(r"GPL|MPL|Mozilla|EUPL|CC-BY")
# May be used unchanged by software under any licence; docs/dependencies.md names them.
NAMED = {"certifi", "orjson", "pathspec", "psycopg", "psycopg-binary"}


def _terms(package):
    told = metadata.metadata(package)
    classified = [line for line in told.get_all("Classifier") or [] if line.startswith("License ::")]
    return " ".join([told.get("License-Expression") or "", *classified]) + (told.get("License") or "")[:200]


def test_what_runs_is_under_terms_that_fit_ours_or_is_named():
    locked = (ROOT / "requirements-runtime.lock").read_text(encoding="utf-8")
    installed = {found.metadata["Name"].lower() for found in metadata.distributions()}
    terms = {
        name: _terms(name)
        for name in re.findall(r"^([a-z0-9.-]+)(?:\[\w+\])?==", locked, re.MULTILINE)
        if name in installed
    }
    assert len(terms) > 50
    assert {name for name, said in terms.items() if COPYLEFT.search(said)} == NAMED
    assert {name for name, said in terms.items() if not PERMISSIVE.search(said)} <= NAMED
    explained = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")
    assert {name for name in NAMED - {"psycopg-binary"} if f"`{name}`" not in explained} == set()


def test_licence_is_the_one_that_the_package_declares():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert (project["license"], project["license-files"]) == ("Apache-2.0", ["LICENSE"])
    text = (ROOT / "LICENSE").read_bytes()
    published = "cfc7749b96f63bd31c3c42b5c471bf756814053e847c10f3eb003417bc523d30"
    assert hashlib.sha256(text).hexdigest() == published  # of the text as the foundation publishes it


IMPORTED_AS = {
    "python-multipart": "python_multipart",
    "pyyaml": "yaml",
    "typing-extensions": "typing_extensions",
}
LOADED_BY_OTHERS = {
    "httptools",  # uvicorn parses with it
    "python-multipart",  # Starlette imports it when it reads a form
    "tzdata",  # zoneinfo of the standard library reads it
    "uvloop",  # uvicorn runs on it
}
PART_OF = {
    "pydantic_core": "pydantic",
    "click": "typer",
    "sklearn": "scikit-learn",
    "mlflow": "mlflow-skinny",
}


@cache
def _imported_packages() -> frozenset[str]:
    found = set()
    for path in (ROOT / "src").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                found.add(node.module.partition(".")[0])
    return frozenset(found - set(sys.stdlib_module_names) - {"assay"})


def test_every_dependency_of_the_product_is_used():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    declared = {re.split(r"[\[~=<>]", item)[0] for item in project["dependencies"]} - LOADED_BY_OTHERS
    assert {name for name in declared if IMPORTED_AS.get(name, name) not in _imported_packages()} == set()


def test_every_imported_package_is_declared():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = [item for extra in project["optional-dependencies"].values() for item in extra]
    declared = {re.split(r"[\[~=<>]", item)[0] for item in [*project["dependencies"], *extras]}
    named = {PART_OF.get(package, package) for package in _imported_packages()}
    assert named - {IMPORTED_AS.get(name, name) for name in declared} == set()


def test_decisions_say_context_decision_consequences_and_what_enforces_them():
    records = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    assert records
    for record in records:
        text = record.read_text(encoding="utf-8")
        assert re.fullmatch(r"\d{4}-[a-z0-9-]+", record.stem), record.name
        for heading in ("## Context", "## Decision", "## Consequences", "## Enforced by"):
            assert heading in text, f"{record.name} has no {heading!r}"
    numbers = [record.stem[:4] for record in records]
    assert len(numbers) == len(set(numbers))
