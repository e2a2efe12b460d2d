"""Where is a run logged? In the folder of its project below the home of the installation; without one, in the working folder."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from assay.connectors.trackers.run_log.alive import lock_as_alive
from assay.connectors.trackers.run_log.form import LIVE_SUFFIX, LOG_SUFFIX
from assay.domain.kernel.ids import checked_project_slug
from assay.errors import NotFound, Unavailable
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
