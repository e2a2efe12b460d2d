"""What the server does by itself: looks at the trackers, and signs what is new in the journal now, then and at its end.

The trackers are looked at one after the other, as long as each answers soon. One that does not is left to a thread of its own,
and looked at again when that has ended: a slow or hostile one holds up nobody but itself.
"""

from __future__ import annotations

import logging
import math
import threading
from time import monotonic

from assay.errors import AssayError
from assay.workflows.actor import SYSTEM
from assay.workflows.evidence import list_sources, sync_source
from assay.workflows.journal import keep_signed
from assay.workflows.ports import Workspace
from assay.workflows.projects import list_projects
from assay.workflows.verdicts import refresh_open_verdicts

FIRST_LOOK_S = 0.5
"""After the start; a newcomer who has just connected a tracker should not wait for the interval."""
TIME_RULES_EVERY_S = 3600.0
"""A verdict knows whole days only; an hour is often enough to notice that one has passed."""
SIGNING_EVERY_S = 60.0
SIGNING_AGAIN_S = 3600.0
"""After a journal that could not be signed: what is wrong with it stays wrong until somebody comes."""
SOON_S = 5.0
"""So long is a tracker waited for before the next one has its turn."""
STOP_S = 10.0
log = logging.getLogger("assay.upkeep")


class Upkeep:
    """A thread that syncs every project's trackers at an interval, 0 for never, and keeps the journal signed until the stop."""

    def __init__(self, ws: Workspace, *, interval_s: int) -> None:
        self._ws = ws
        self._interval_s = interval_s
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="assay-upkeep", daemon=True)
        self._looks: dict[tuple[str, str], threading.Thread] = {}

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End after the step at hand, with everything in the journal signed."""
        self._stop.set()
        until = monotonic() + STOP_S
        for thread in (self._thread, *self._looks.values()):
            if thread.is_alive():
                thread.join(timeout=max(0.0, until - monotonic()))
        self._sign(all_of_it=True)

    def _run(self) -> None:
        judge_at = sign_at = monotonic() + FIRST_LOOK_S
        look_at = sign_at if self._interval_s else math.inf
        while not self._stop.wait(max(0.0, min(look_at, sign_at) - monotonic())):
            now = monotonic()
            if now >= look_at:
                self._round(judge=now >= judge_at)
                judge_at = now + TIME_RULES_EVERY_S if now >= judge_at else judge_at
                look_at = monotonic() + self._interval_s
            if now >= sign_at:
                sign_at = monotonic() + (SIGNING_EVERY_S if self._sign() else SIGNING_AGAIN_S)

    def _round(self, *, judge: bool) -> None:
        """One look at everything. A tracker that is away is noted on its source and tried again."""
        try:
            for project in list_projects(self._ws, SYSTEM):
                self._sync(project.slug)
                if judge:
                    refresh_open_verdicts(self._ws, project.slug)
        except AssayError as error:
            log.warning("%s", error.message)
        except Exception:
            log.exception("upkeep failed unexpectedly; it goes on")

    def _sign(self, *, all_of_it: bool = False) -> bool:
        """Did it go well? A journal that cannot be signed is told of, and neither holds the server up nor its end."""
        try:
            keep_signed(self._ws, SYSTEM, all_of_it=all_of_it)
        except AssayError as error:
            log.warning("%s", error.message)
        except Exception:
            log.exception("the journal could not be signed; it is tried again")
        else:
            return True
        return False

    def _sync(self, slug: str) -> None:
        """Look at each tracker of a project that is not being looked at."""
        for source in list_sources(self._ws, SYSTEM, slug):
            place = slug, source.name
            last = self._looks.get(place)
            if self._stop.is_set() or (last is not None and last.is_alive()):
                continue
            look = threading.Thread(target=self._look, args=place, name="assay-look", daemon=True)
            self._looks[place] = look
            look.start()
            look.join(SOON_S)
        self._looks = {place: look for place, look in self._looks.items() if look.is_alive()}

    def _look(self, slug: str, name: str) -> None:
        try:
            sync_source(self._ws, SYSTEM, slug, name)
        except AssayError as error:
            log.warning("sync of %s: %s", slug, error.message)
        except Exception:
            if not self._stop.is_set():  # at the end the store is closed under one that does not answer
                log.exception("sync of %s failed unexpectedly; it is tried again", slug)
