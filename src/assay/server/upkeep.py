"""What the server does by itself: looks at the trackers, and signs a checkpoint now and then."""

from __future__ import annotations

import logging
import threading
from time import monotonic

from assay.errors import AssayError
from assay.workflows.actor import SYSTEM
from assay.workflows.evidence import sync_project
from assay.workflows.journal import make_checkpoint
from assay.workflows.ports import Workspace
from assay.workflows.projects import list_projects
from assay.workflows.verdicts import refresh_open_verdicts

CHECKPOINT_EVERY_ENTRIES = 1000
FIRST_LOOK_S = 0.5
"""After the start; a newcomer who has just connected a tracker should not wait for the interval."""
TIME_RULES_EVERY_S = 3600.0
"""A verdict knows whole days only; an hour is often enough to notice that one has passed."""
log = logging.getLogger("assay.upkeep")


class Upkeep:
    """A thread that syncs every project's trackers at an interval until it is told to stop."""

    def __init__(self, ws: Workspace, *, interval_s: int) -> None:
        self._ws = ws
        self._interval_s = interval_s
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="assay-upkeep", daemon=True)

    def start(self) -> None:
        """Begin, unless the interval is 0."""
        if self._interval_s:
            self._thread.start()

    def stop(self) -> None:
        """End after the step at hand."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(timeout=10)

    def _run(self) -> None:
        checked, judged_at, pause = 0, -TIME_RULES_EVERY_S, FIRST_LOOK_S
        while not self._stop.wait(pause):
            pause = self._interval_s
            now = monotonic()
            is_due = now - judged_at >= TIME_RULES_EVERY_S
            judged_at = now if is_due else judged_at
            checked = self._round(checked, judge=is_due)

    def _round(self, checked: int, *, judge: bool) -> int:
        """One look at everything. A tracker that is away is noted on its source and tried again."""
        try:
            for project in list_projects(self._ws, SYSTEM):
                self._sync(project.slug)
                if judge:
                    refresh_open_verdicts(self._ws, project.slug)
            last = self._ws.store.last_seq()
            if last - checked >= CHECKPOINT_EVERY_ENTRIES:
                make_checkpoint(self._ws, SYSTEM)
                return last
        except AssayError as error:
            log.warning("%s", error.message)
        except Exception:
            log.exception("upkeep failed unexpectedly; it goes on")
        return checked

    def _sync(self, slug: str) -> None:
        if self._stop.is_set():
            return
        try:
            sync_project(self._ws, SYSTEM, slug)
        except AssayError as error:
            log.warning("sync of %s: %s", slug, error.message)
        except Exception:
            # One tracker that answers nonsense must not end the care for all others.
            log.exception("sync of %s failed unexpectedly; it is tried again", slug)
