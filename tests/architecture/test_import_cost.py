"""Starting costs little: what is heavy is imported by the command that needs it."""

import importlib.util
import subprocess
import sys

import pytest

from assay.bootstrap import open_workspace
from assay.settings import Settings

HEAVY = {
    "alembic",
    "altair",
    "fastapi",
    "jinja2",
    "mlflow",
    "numpy",
    "pandas",
    "polars",
    "pydantic",
    "rich",
    "scipy",
    "sklearn",
    "sqlalchemy",
    "starlette",
    "uvicorn",
    "vl_convert",
}


def _loaded_by(module: str) -> set[str]:
    code = f"import sys, {module}; print(*{{name.partition('.')[0] for name in sys.modules}})"
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=60
    )
    return set(done.stdout.split())


@pytest.mark.parametrize("module", ["assay", "assay.errors", "assay.cli.main"])
def test_importing_what_every_start_needs_loads_nothing_heavy(module):
    if importlib.util.find_spec(module.rpartition(".")[0] or module) is None:
        pytest.skip(f"{module} does not exist")
    assert _loaded_by(module) & HEAVY == set()


@pytest.mark.parametrize("module", ["assay.stats", "assay.domain", "assay.workflows"])
def test_the_core_never_loads_slow_statistics_or_a_framework(module):
    assert _loaded_by(module) & {"fastapi", "mlflow", "pandas", "sklearn", "sqlalchemy", "typer"} == set()


def test_server_answers_without_what_only_some_requests_need_and_a_command_without_any_route(tmp_path):
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from assay.bootstrap import open_workspace\n"
        "from assay.server.app import create_app\n"
        "from assay.settings import Settings\n"
        f"settings = Settings(home=Path({str(tmp_path)!r}))\n"
        "with open_workspace(settings) as ws:\n"
        "    for pages in (False, True): create_app(ws, settings, pages=pages); print(*sys.modules)"
    )
    with open_workspace(Settings(home=tmp_path)):
        pass  # only a new or an old store is migrated
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=60
    )
    needed_later = {
        "alembic", "altair", "httpx2", "mlflow", "pandas", "polars", "rich", "scipy.special", "sqlalchemy.dialects.postgresql", "typer",
    }  # fmt: skip
    command, server = map(str.split, done.stdout.splitlines())
    assert set(server) & needed_later == set()
    assert [name for name in command if name.startswith(("assay.api.routers.", "assay.web"))] == []
