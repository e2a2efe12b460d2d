"""The walks of the documentation, command by command, in an empty folder, with the real product."""

import os
import shutil
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest
import uvicorn

from assay.bootstrap import open_workspace
from assay.demo import story
from assay.demo.experiments import PROJECT_SLUG
from assay.demo.training import prepare_store, train_experiment
from assay.server.app import create_app
from assay.server.run import bind, url_of
from assay.settings import HOME_NAME, load_settings, write_settings
from tests.docs.pages import ROOT, blocks, page
from tests.docs.walks import shows_as_it_is, walk
from tests.support.warm_start import warm_programs

FIRST_VERDICT = [b for b in blocks(page("first-verdict.md")) if b.language in {"sh", "text", "python"}]
PULL_REQUEST = [b for b in blocks(page("gate-my-pull-request.md")) if b.language in {"sh", "text", "python"}]
FIRST_SPRINT = [b for b in blocks(page("our-first-sprint.md")) if b.language in {"sh", "text"}]
STOP_EARLY = [b for b in blocks(page("stop-bad-runs.md")) if b.language in {"sh", "text"}]

HOST = "127.0.0.1"
READ = {"shifted-copies", "short-code"}
LIBRARIES = (
    "cryptography.hazmat.primitives.serialization", "fastapi", "httpx2", "mlflow.tracking", "numpy", "orjson", "pydantic", "rich.table", "scipy.special",
    "sklearn.datasets", "sklearn.ensemble", "sklearn.neural_network", "sklearn.pipeline", "sqlalchemy.dialects.sqlite", "typer", "yaml",
)  # fmt: skip
RINGS = (
    "assay.api.routers.board", "assay.api.routers.evidence", "assay.api.routers.gates", "assay.api.routers.journal", "assay.api.routers.sprints",
    "assay.api.routers.tickets", "assay.api.routers.verdicts", "assay.cli.running", "assay.sdk.connection", "assay.server.app", "assay.storage.open",
)  # fmt: skip
"""What of Assay is loaded once, too: a walk asks what commands say. That they start from nothing is seen in tests/faces/cli."""
SCRIPTS = ("evaluate.py", "more_seeds.py", "scaled_features.py", "stop_early.py")


@pytest.fixture(scope="module")
def empty_tracker(tmp_path_factory):
    """An MLflow store without runs, made once: MLflow takes ten seconds to make its tables."""
    store = tmp_path_factory.mktemp("tracker") / "mlflow.db"
    prepare_store(store)
    return store


@pytest.fixture
def demo(tmp_path, empty_tracker, monkeypatch):
    """The folder of the demo, which is being served; of its experiments only those whose runs the walk reads are trained."""
    home = _folder(tmp_path, "our-first-sprint") / HOME_NAME
    write_settings(home, {"project": PROJECT_SLUG})
    shutil.copy(empty_tracker, home / "mlflow.db")

    def trained(experiment, *where, ticket):
        return train_experiment(experiment, *where, ticket=ticket) if experiment.slug in READ else 0

    monkeypatch.setattr(story, "train_experiment", trained)
    settings = replace(load_settings(home=home), sync_interval_s=0)
    with bind(HOST, 0) as listener, open_workspace(settings, server_url=url_of(listener, HOST)) as ws:
        story.tell(ws, home, lambda line: None)
        config = uvicorn.Config(create_app(ws, settings), log_level="error", timeout_graceful_shutdown=1)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        yield home.parent
        server.should_exit = True
        thread.join(timeout=15)


@pytest.fixture(scope="module")
def programs():
    """Where programs start warm."""
    with warm_programs([*LIBRARIES, *RINGS], scripts=SCRIPTS) as folder:
        yield folder


@pytest.fixture
def environment(tmp_path, programs):
    """What a user's shell holds, on a terminal wide enough for every table."""
    person = {"NAME": "A", "EMAIL": "a@example.org"}
    return {
        "PATH": os.pathsep.join([str(programs), str(Path(sys.executable).parent), os.defpath]),
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
def test_first_verdict_says_what_the_page_shows(tmp_path, environment, empty_tracker):
    folder = _folder(tmp_path, "first-steps")
    shutil.copy(empty_tracker, folder / "mlflow.db")
    walk(FIRST_VERDICT, folder, environment)


@pytest.mark.slow
def test_first_sprint_says_what_the_page_shows(demo, environment):
    walk(FIRST_SPRINT, demo, environment)


@pytest.mark.slow
def test_gate_of_a_pull_request_says_what_the_page_shows(tmp_path, environment):
    walk(PULL_REQUEST, _folder(tmp_path, "digit-reader"), environment, timeout=300)


@pytest.mark.slow
def test_stopping_bad_runs_early_says_what_the_page_shows(tmp_path, environment):
    walk(STOP_EARLY, _folder(tmp_path, "stop-early"), environment)


@pytest.mark.parametrize(
    ("shown", "script"),
    [(FIRST_VERDICT, "scaled_features.py"), (PULL_REQUEST, "pull-request/evaluate.py")],
)
def test_page_shows_the_script_as_it_is(shown, script):
    for block in shown:
        if block.language == "python":
            assert shows_as_it_is(block, ROOT / "examples" / script)
