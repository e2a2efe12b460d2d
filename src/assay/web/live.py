"""Pages that follow along: one thread a process waits for the journal and wakes every open page.

A thread for every open page would use up the server's workers; so pages wait on the event loop, and one thread waits on the
store for all of them, while there are any.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import AsyncIterator
from time import sleep

from fastapi import FastAPI

from assay.errors import AssayError
from assay.workflows.ports import Store

log = logging.getLogger("assay.live")
POLL_S = 10.0
"""How long one wait on the store lasts at most."""
PAUSE_S = 2.0
"""How long to leave a store alone that could not be asked."""
BEAT_S = 20.0
"""A line is sent at least this often, so that proxies keep the connection and a gone browser is noticed."""


class ChangeFeed:
    """Tells open pages that the journal has grown."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._waiting: set[_Listener] = set()
        self._thread: threading.Thread | None = None
        self._closed = False
        self._last = 0
        """The newest number seen: a page that comes back with an older one is told at once."""

    async def events(self, after: int) -> AsyncIterator[bytes]:
        """Server-sent events: `change` with the newest sequence number, and a comment now and then."""
        listener = _Listener(asyncio.get_running_loop(), after)
        self._add(listener)
        yield b"retry: 2000\n\n"
        try:
            while not self._closed:
                seq = await listener.next(timeout_s=BEAT_S)
                yield (
                    b": still here\n\n"
                    if seq is None
                    else f"id: {seq}\nevent: change\ndata: {seq}\n\n".encode()
                )
        finally:
            with self._lock:
                self._waiting.discard(listener)

    def close(self) -> None:
        """End every stream, so that a stopping server does not wait for open pages."""
        self._closed = True
        with self._lock:
            for listener in self._waiting:
                listener.wake(listener.after)

    def _add(self, listener: _Listener) -> None:
        with self._lock:
            self._waiting.add(listener)
            if listener.after < self._last:
                listener.wake(self._last)
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._watch, name="assay-live", daemon=True)
                self._thread.start()

    def _watch(self) -> None:
        while not self._closed:
            with self._lock:
                if not self._waiting:
                    self._thread = None
                    return
            self._look()

    def _look(self) -> None:
        """One wait. A store that is away for a while, as in a restart of the database, is asked again after a pause."""
        try:
            self._wake(self._store.wait_for_change(self._last, timeout_s=POLL_S))
        except AssayError as error:
            log.warning("live pages wait for the store: %s", error.message)
            sleep(PAUSE_S)

    def _wake(self, seq: int) -> None:
        with self._lock:
            if seq <= self._last:
                return
            self._last = seq
            for listener in self._waiting:
                listener.wake(seq)


class _Listener:
    """One open page."""

    def __init__(self, loop: asyncio.AbstractEventLoop, after: int) -> None:
        self._loop = loop
        self._event = asyncio.Event()
        self._seq = after
        self.after = after

    def wake(self, seq: int) -> None:
        """Called from the watching thread; a page that has gone meanwhile is no error."""
        try:
            self._loop.call_soon_threadsafe(self._set, seq)
        except RuntimeError:
            return

    def _set(self, seq: int) -> None:
        self._seq = max(self._seq, seq)
        self._event.set()

    async def next(self, *, timeout_s: float) -> int | None:
        """The newest sequence number once there is a newer one, None when nothing happened for a while."""
        try:
            await asyncio.wait_for(self._event.wait(), timeout_s)
        except TimeoutError:
            return None
        self._event.clear()
        if self._seq <= self.after:
            return None
        self.after = self._seq
        return self._seq


def feed(app: FastAPI) -> ChangeFeed:
    """The feed of this application, made when the first page asks."""
    found: ChangeFeed | None = getattr(app.state, "changes", None)
    if found is None:
        found = app.state.changes = ChangeFeed(app.state.workspace.store)
    return found
