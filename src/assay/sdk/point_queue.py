"""What was logged waits here, in memory, for the thread that writes it down: the training pays for handing it over only.

- A call that is a second old is written: the thread looks five times a second, and at once where many wait.
- The queue is bounded. Where the disk cannot keep up, one call waits a moment for room; after that calls are dropped and
  counted, and the count is written to the run log as soon as there is room again. Nothing is lost without being told.
- Only the thread touches the file, so that a signal or a fork meets no lock of ours.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from assay.sdk.run_file import Call, RunFile

MOST_WAITING = 100_000
"""Log calls kept in memory, about 30 MB."""
LOOK_S = 0.2
SYNC_S = 5.0
ROOM_WAIT_S = 0.05
_AT_ONCE = 2_000
"""Calls of one line; between two lines other threads get their turn."""
_log = logging.getLogger("assay")


class PointQueue:
    """The queue of one process of one run, with the thread that empties it.

    Args:
        open_file: makes the file when there is something to be written.
        beat: called every few seconds, by the thread, to show that the process lives.
        begins: called when the first call comes.
    """

    __slots__ = (
        "_beat", "_begins", "_counting", "_ends", "_lost_written", "_no_room", "_open_file", "_synced_at", "_thread", "_told",
        "_wake", "file", "lost", "room", "waiting",
    )  # fmt: skip

    def __init__(
        self,
        open_file: Callable[[], RunFile],
        *,
        beat: Callable[[], None] = lambda: None,
        begins: Callable[[], None] = lambda: None,
    ) -> None:
        self.waiting: deque[Call | dict[str, Any] | threading.Event] = deque()
        """Log calls, what else shall be said, and who waits for all before it to be written, in their order."""
        self.room = 0
        """So many may wait; 0 before the thread runs and after the end."""
        self.lost = 0
        """Calls that were dropped because there was no room."""
        self.file: RunFile | None = None
        self._open_file = open_file
        self._beat = beat
        self._begins = begins
        self._lost_written = 0
        self._wake = threading.Event()
        self._counting = threading.Lock()
        self._no_room = False
        self._told: set[str] = set()
        self._ends = False
        self._thread: threading.Thread | None = None
        self._synced_at = time.monotonic()

    def start(self) -> None:
        """Begin to write down what waits, by a daemon: a training that ends is never held up."""
        with self._counting:
            if self._thread is None and not self._ends:
                self._begins()
                self.room = MOST_WAITING
                thread = threading.Thread(target=self._work, name="assay-log", daemon=True)
                with suppress(
                    RuntimeError
                ):  # the interpreter is ending and starts none: the end writes down what waits
                    thread.start()
                    self._thread = thread

    def make_room(self) -> bool:
        """Is there room for one more call? Waits a moment for it once; where none comes, the call counts as lost."""
        if not self.room and not self._ends:
            self.start()
            return True
        if self._ends:
            self._tell_once(
                "after", "cannot log: the run has ended (expected an open one). What comes now is not kept."
            )
            return False
        self._wake.set()
        until = time.monotonic() + ROOM_WAIT_S
        while not self._no_room and time.monotonic() < until:
            time.sleep(0.001)
            if len(self.waiting) < MOST_WAITING:
                return True
        with self._counting:
            self._no_room = True
            self.lost += 1
        return False

    def flush(self, patience_s: float) -> bool:
        """Wait until all that was logged up to now is written; False where it is not within this time."""
        reached = threading.Event()
        if not self._ends and (self.room or self.make_room()):
            self.waiting.append(reached)
            self._wake.set()
            return reached.wait(patience_s)
        return not self.waiting

    def end(self, patience_s: float, last: Callable[[], dict[str, Any]] | None = None) -> bool:
        """Write down what is left and then the last line, as far as the disk takes it within this time, and close.

        Returns whether everything was written.
        """
        self._ends = True
        self.room = 0
        self._wake.set()
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(patience_s)
            if thread.is_alive():
                return False
        until = time.monotonic() + patience_s
        while not (done := self._drain()) and time.monotonic() < until:
            time.sleep(0.05)
        if last is not None:
            self.waiting.append(last())
            done = self._drain()
        done = self._sync() and done
        if self.file is not None:
            self.file.close()
        return done

    def _work(self) -> None:
        while not self._ends:
            self._wake.wait(LOOK_S)
            self._wake.clear()
            try:
                self._drain()
            except Exception:  # noqa: BLE001  # a thread that ends with a defect would end all logging
                _log.warning("cannot write run log: a defect of Assay (the training goes on)", exc_info=True)
            if time.monotonic() - self._synced_at >= SYNC_S:
                self._synced_at = time.monotonic()
                self._beat()
                self._sync()

    def _sync(self) -> bool:
        if self.file is not None and not self.file.sync():
            assert self.file.error is not None
            return self._told_of(self.file.error)
        return True

    def _drain(self) -> bool:
        """From the queue into the file, as long as that takes it; what it does not stays in the bounded queue."""
        waiting = self.waiting
        while waiting:
            try:
                file = self.file = self.file or self._open_file()
            except OSError as error:
                return self._told_of(error)
            if not file.write():
                break
            reached = self._add_next(file)
            if file.write():
                for event in reached:
                    event.set()
            time.sleep(0)
        if self.file is None:
            return True
        if self.file.write() and self.lost > self._lost_written:
            self.file.add(lost=self.lost - self._lost_written)
            self._lost_written = self.lost
            self.file.write()
        if self.file.error is not None:
            return self._told_of(self.file.error)
        self._no_room = False
        return True

    def _add_next(self, file: RunFile) -> list[threading.Event]:
        calls: list[Call] = []
        reached: list[threading.Event] = []
        try:
            while len(calls) < _AT_ONCE:
                first = self.waiting.popleft()
                if isinstance(first, dict):
                    file.add_points(calls)
                    calls = []
                    file.add(**first)
                elif isinstance(first, threading.Event):
                    reached.append(first)
                else:
                    calls.append(first)
        except IndexError:
            pass
        file.add_points(calls)
        return reached

    def _told_of(self, error: OSError) -> bool:
        where = self.file.path if self.file is not None else error.filename
        why = os.strerror(error.errno) if error.errno else str(error)
        self._tell_once(
            "disk",
            f"cannot write run log '{where}': {why} (expected room on the disk). The training goes on: {MOST_WAITING:,} log "
            "calls wait in memory for room, those after them are counted as lost.",
        )
        return False

    def _tell_once(self, what: str, text: str) -> None:
        """A training of three days does not end because a disk is full, and its output is not flooded."""
        if what not in self._told:
            self._told.add(what)
            _log.warning("%s", text)
