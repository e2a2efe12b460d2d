"""Where is a run logged? In the folder of its project below the home of the installation; without one, in the working folder."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from assay.connectors.trackers.run_log.alive import lock_as_alive
from assay.connectors.trackers.run_log.form import LIVE_SUFFIX, LOG_SUFFIX
from assay.domain.kernel.ids import checked_project_slug
from assay.errors import Invalid, NotFound, Unavailable
from assay.sdk.run_file import Refusal, RunFile
from assay.settings import Settings, find_home, load_settings

FOLDER_WITHOUT_HOME = "assay-runs"


@dataclass(frozen=True, slots=True)
class Place:
    """Where runs are logged, and which installation reads them."""

    folder: Path
    settings: Settings | None
    """None where no installation was found: the folder can be connected to one later."""
    project: str
    tracker: str = ""
    """The address of the MLflow that gets the runs; empty where the folder is what is read."""


SPOOL = ".mlflow"
"""The folder of runs on their way to MLflow; its name keeps it from being read as run logs, which would count them twice."""


def with_tracker(place: Place, tracker: str | None) -> Place:
    """The same, with the runs sent on to MLflow where the call or the settings say so.

    Raises:
        Invalid: that is neither mlflow nor an address.
        Unavailable: MLflow's client is not installed.
    """
    said = tracker if tracker is not None else _usual_tracker(place)
    if said in ("", "assay"):
        return place
    if said != "mlflow" and "://" not in said:
        raise Invalid(
            f"cannot log to {said[:60]!r}: no tracker (expected assay, mlflow, or the address of an MLflow)",
            hint='assay.experiment(..., tracker="http://HOST:5000")',
            code="tracker-unknown",
            field="tracker",
        )
    if find_spec("mlflow") is None:
        raise Unavailable(
            "cannot log to MLflow: its client is not installed (expected it where the training runs)",
            hint='pip install "assay[mlflow]"',
            code="library-missing",
        )
    home = place.folder if place.settings is None else place.settings.home
    address = os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{home / 'mlflow.db'}"
    uri = _absolute(address if said == "mlflow" else said)
    return replace(place, folder=place.folder / SPOOL, tracker=uri)


def _usual_tracker(place: Place) -> str:
    return os.environ.get("ASSAY_TRACKER", "") if place.settings is None else place.settings.tracker


def _absolute(uri: str) -> str:
    """With the full path of a file: the process that sends may stand in another folder."""
    file = uri.removeprefix("sqlite:///")
    return uri if file == uri else f"sqlite:///{Path(file).absolute()}"


def place_of(project: str | None, home: str | os.PathLike[str] | None) -> Place:
    """Which folder, and which installation?

    Raises:
        NotFound: the installation has no project in use, and none was named.
        Invalid: settings or the project's name are malformed.
    """
    named = None if home is None else Path(home).expanduser()
    found = named or find_home(Path.cwd(), os.environ)
    if project is not None:
        checked_project_slug(project)
    if found is None:
        return Place(Path.cwd() / FOLDER_WITHOUT_HOME, None, project or "")
    settings = load_settings(home=found)
    slug = project or settings.project
    if not slug:
        raise NotFound(
            "cannot begin a run: no project is in use here (expected one)",
            hint='name it: assay.experiment(..., project="NAME"), or: assay project use NAME',
            code="project-unclear",
        )
    return Place(settings.home / "runs" / checked_project_slug(slug), settings, slug)


@dataclass(frozen=True, slots=True)
class RunFiles:
    """The files of one run (see `assay.connectors.trackers.run_log.form`)."""

    folder: str
    run_id: str

    @property
    def live(self) -> str:
        """The file that is locked while the process lives."""
        return str(Path(self.folder) / (self.run_id + LIVE_SUFFIX))

    def main(self, head: Mapping[str, Any], refuse: Refusal) -> RunFile:
        """The log of the process that begins the run."""
        return RunFile(
            str(Path(self.folder) / (self.run_id + LOG_SUFFIX)), {"id": self.run_id, **head}, refuse
        )

    def part(self, refuse: Refusal) -> RunFile:
        """The log of a further process."""
        name = f"{self.run_id}.{os.getpid()}-{secrets.token_hex(4)}{LOG_SUFFIX}"
        return RunFile(str(Path(self.folder) / (name)), {"id": self.run_id}, refuse)


def new_run(place: Place, head: Mapping[str, Any], refuse: Refusal) -> tuple[RunFiles, RunFile, int]:
    """Make the files of a new run; returns them, the open log, and the handle that shows that this process lives.

    Raises:
        Unavailable: they cannot be made: no room, or no permission.
    """
    stamp = datetime.fromtimestamp(head["started_ms"] / 1000, UTC).strftime("%Y%m%d-%H%M%S")
    files = RunFiles(str(place.folder), f"{stamp}-{secrets.token_hex(4)}")
    live = -1
    try:
        place.folder.mkdir(parents=True, exist_ok=True)
        live = lock_as_alive(files.live)
        return files, files.main(head, refuse), live
    except OSError as error:
        if live >= 0:
            os.close(live)
            os.unlink(files.live)  # noqa: PTH108
        raise Unavailable(
            f"cannot begin a run in '{place.folder}': {error.strerror} (expected a folder with room that this account may write)",
            hint='free space, mend the permissions, or name another home: assay.experiment(..., home="PATH")',
            code="run-log-not-writable",
        ) from error
