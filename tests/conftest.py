"""What every test gets: real servers on request, and no way out of this machine."""

import gc
import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

pytest_plugins = ["tests.support.postgres", "tests.support.browser"]

# MLflow would report its use to its makers.
os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
os.environ["DO_NOT_TRACK"] = "true"

# How long an example takes says more about the machine than about the code; in CI a failure must not depend on luck.
hypothesis.settings.register_profile(
    "assay", deadline=None, derandomize=bool(os.environ.get("CI")), print_blob=True
)
hypothesis.settings.load_profile("assay")

# A worker that begins one of these last keeps the others waiting for minutes; they are begun in this order.
LONG_FILES = (
    "docs/test_walk.py",
    "faces/web/test_pages_in_browser.py",
    "faces/hostile/test_api_corpus.py",
    "faces/hostile/test_forms_corpus.py",
    "faces/cli/test_server_and_tracker.py",
    "faces/web/test_gates_in_browser.py",
    "property/test_verdict_safety.py",
    "faces/web/test_sprint_in_browser.py",
    "docs/test_ci_page.py",
    "faces/cli/test_gate_run.py",
    "calibration/test_records_of_real_files.py",
    "faces/cli/test_hostile_arguments.py",
    "calibration/test_whole_gate.py",
    "faults/test_kill_nine.py",
    "faces/cli/test_gate_server.py",
    "calibration/test_agreement.py",
    "calibration/test_gate_statistics.py",
    "faces/web/test_board_in_browser.py",
    "property/test_criteria_registrations.py",
    "faults/test_power_cut.py",
    "unit/workflows/test_life_of_an_experiment.py",
    "property/test_gate_safety.py",
    "unit/domain/gates/test_plan.py",
    "property/test_gate_definitions.py",
    "unit/workflows/test_gates_of_a_project.py",
    "unit/workflows/test_tickets.py",
)

LOCAL_NAMES = {"localhost", "127.0.0.1", "::1", ""}


def _refuse_other_machines(event: str, arguments: tuple) -> None:
    if event != "socket.connect" or arguments[0].family == socket.AF_UNIX:
        return
    host = arguments[1][0]
    if host not in LOCAL_NAMES and not str(host).startswith("127."):
        message = f"a test connected to {host!r} (expected this machine only)"
        raise RuntimeError(message)


sys.addaudithook(_refuse_other_machines)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long files first, all others as they were."""
    here = Path(__file__).parent
    place = {here / name: number for number, name in enumerate(LONG_FILES)}
    items.sort(key=lambda item: place.get(item.path, len(LONG_FILES)))


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """A developer's own settings must not decide what a test sees."""
    for name in list(os.environ):
        if name.startswith("ASSAY_") and name not in {"ASSAY_WILD_DATA", "ASSAY_CHROMIUM"}:
            monkeypatch.delenv(name)


@pytest.fixture
def quick_collections() -> Iterator[None]:
    """Holm of statsmodels collects garbage on every call, which takes 25 ms unless the rest is out of its sight."""
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.fixture(scope="session")
def wild_data() -> Path:
    """The folder with material found in the world; skipped where ASSAY_WILD_DATA does not name one."""
    named = os.environ.get("ASSAY_WILD_DATA")
    if not named:
        pytest.skip("ASSAY_WILD_DATA names no folder with material found in the world")
    folder = Path(named)
    if not folder.is_dir():
        pytest.fail(f"ASSAY_WILD_DATA names {named!r}, which is no folder")
    return folder
