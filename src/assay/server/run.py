"""Serve until Ctrl-C or SIGTERM, then stop cleanly."""

from __future__ import annotations

import gc
import logging
import os
import socket
import threading
from collections.abc import Callable
from importlib import import_module
from types import FrameType

import uvicorn

from assay.bootstrap import open_workspace
from assay.errors import Unavailable
from assay.server.app import close_feed, create_app
from assay.settings import Settings

GRACEFUL_SECONDS = 10
CHARTS_AFTER_S = 2.0
"""What draws charts takes a second to load: when the pages of the start have been given, so that the first chart need not wait."""


def bind(host: str, port: int) -> socket.socket:
    """A listening socket on this port, or on a free one when it is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for wanted in (port, 0):
        # With the protocol named, asyncio switches Nagle's algorithm off; without, every answer waits 40 ms for an ACK.
        listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, wanted))
        except OSError as error:
            listener.close()
            if wanted == 0:
                raise Unavailable(
                    f"cannot listen on {host!r}: {error.strerror}",
                    hint="assay up --port 8766",
                    code="port-unavailable",
                ) from error
            continue
        listener.listen(512)
        return listener
    raise AssertionError("the loop returns or raises")


def url_of(listener: socket.socket, host: str) -> str:
    """Where this socket is reached."""
    shown = f"[{host}]" if ":" in host else host
    return f"http://{shown}:{listener.getsockname()[1]}"


def serve(settings: Settings, *, on_ready: Callable[[str], None]) -> None:
    """Open the store and serve it. Returns after a clean stop.

    Raises:
        Unavailable: the store is in use by another process, or no port can be had.
    """
    listener = bind(settings.host, settings.port)
    try:
        url = url_of(listener, settings.host)
        with open_workspace(settings, server_url=url) as ws:
            app = create_app(ws, settings)
            server = _Server(
                _config(app, settings), on_ready=lambda: on_ready(url), on_stop=lambda: close_feed(app)
            )
            # All that is here stays until the end; looking through it for garbage would stop every request meanwhile.
            gc.freeze()
            gc.enable()
            server.run(sockets=[listener])
    finally:
        listener.close()


def _config(app: object, settings: Settings) -> uvicorn.Config:
    logging.getLogger("assay").setLevel(settings.log_level.upper())
    return uvicorn.Config(
        app,  # type: ignore[arg-type]
        log_level="warning" if settings.log_level == "info" else settings.log_level,
        access_log=settings.log_level == "debug",
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=GRACEFUL_SECONDS,
        timeout_keep_alive=30,
        limit_concurrency=1000,
        h11_max_incomplete_event_size=65_536,
    )


class _Server(uvicorn.Server):
    """Says when it is ready, stops cleanly on the first signal and at once on the second.

    Stopping at once loses nothing: what was acknowledged is on the disk already.
    """

    def __init__(
        self, config: uvicorn.Config, *, on_ready: Callable[[], None], on_stop: Callable[[], None]
    ) -> None:
        super().__init__(config)
        self._on_ready = on_ready
        self._on_stop = on_stop
        self._charts = threading.Timer(CHARTS_AFTER_S, import_module, ("altair",))
        self._charts.daemon = True

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        if self.started:
            self._on_ready()
            self._charts.start()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._charts.cancel()
        self._on_stop()
        await super().shutdown(sockets=sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002  # the form of a signal handler
        """The signal is not raised again after the stop, as uvicorn would: the store still has to be closed."""
        if self.should_exit:
            os._exit(128 + sig)
        self.should_exit = True
