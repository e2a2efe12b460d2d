"""What the server tells others by itself: events on their way to webhooks, a receiver at a time in a thread of its own."""

from __future__ import annotations

import logging
import os
import threading
from secrets import token_hex
from time import monotonic

from assay.errors import AssayError
from assay.workflows.ports import Workspace
from assay.workflows.webhook_delivery import begin_alone, deliver_webhook, has_work, something_waits

LOOK_EVERY_S = 1.0
MOST_AT_ONCE = 8
"""Receivers told at the same time: one that hangs holds up itself alone."""
STOP_WAIT_S = 3.0
"""For tries at hand; one that takes longer is made again after the next start, under the same id."""
AGAIN_AFTER_S = 60.0
"""After a fault of our own, such as a store that is away."""
log = logging.getLogger("assay.webhooks")


class Outbox:
    """A thread that looks for events to deliver until the stop."""

    def __init__(self, ws: Workspace, *, look_every_s: float = LOOK_EVERY_S) -> None:
        self._ws = ws
        self._look_every_s = look_every_s
        self._holder = f"{os.getpid()}-{token_hex(6)}"
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="assay-outbox", daemon=True)
        self._busy: dict[int, threading.Thread] = {}
        self._seen = -1

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End, after the tries at hand where they are quick."""
        self._stop.set()
        until = monotonic() + STOP_WAIT_S
        for thread in (self._thread, *self._busy.values()):
            if thread.is_alive():
                thread.join(timeout=max(0.0, until - monotonic()))

    def _run(self) -> None:
        pause = 0.0
        self._begin()
        while not self._stop.wait(max(pause, self._look_every_s)):
            pause = 0.0
            try:
                self._look()
            except Exception as error:  # noqa: BLE001  # whatever it is: the server goes on, and so do the deliveries
                pause = AGAIN_AFTER_S
                self._say(error)

    def _begin(self) -> None:
        try:
            begin_alone(self._ws)
        except Exception as error:  # noqa: BLE001  # the store is away: what was held is free when its time is over
            self._say(error)

    def _look(self) -> None:
        self._busy = {number: thread for number, thread in self._busy.items() if thread.is_alive()}
        newest = self._ws.store.last_seq()
        if newest == self._seen and not something_waits(self._ws):
            return
        found = [one for one in has_work(self._ws) if one not in self._busy]
        for number in found[: max(0, MOST_AT_ONCE - len(self._busy))]:
            thread = threading.Thread(
                target=self._deliver, args=(number,), name=f"assay-webhook-{number}", daemon=True
            )
            self._busy[number] = thread
            thread.start()
        # What is busy now may have looked before the newest entry came: it is looked at once more.
        self._seen = newest if not self._busy else -1

    def _deliver(self, number: int) -> None:
        try:
            deliver_webhook(self._ws, number, holder=self._holder, stopped=self._stop.is_set)
        except Exception as error:  # noqa: BLE001  # another receiver must not suffer from it
            if not self._stop.is_set():
                self._say(error)

    def _say(self, error: Exception) -> None:
        if isinstance(error, AssayError):
            log.warning("webhooks: %s", error.message)
        else:
            log.error("webhooks failed unexpectedly; they are tried again", exc_info=error)
