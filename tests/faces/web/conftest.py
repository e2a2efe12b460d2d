"""A real server over a real store with a small story in it, and a real browser in front."""

import socket
import threading
import time
from dataclasses import dataclass

import pytest
import uvicorn

from assay.bootstrap import open_workspace
from assay.server.app import create_app
from assay.settings import Settings
from tests.faces.web import story


@dataclass
class Site:
    """A running server."""

    url: str
    ws: object
    keys: dict
    slug: str = story.SLUG

    def at(self, path: str) -> str:
        return f"{self.url}/p/{self.slug}{path}"

    def ticket(self, name: str, tail: str = "") -> str:
        return self.at(f"/t/{self.keys[name]}{tail}")


def serve(app):
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    config = uvicorn.Config(app, log_level="error", timeout_graceful_shutdown=1, lifespan="on")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    end = time.monotonic() + 30
    while not server.started:
        assert time.monotonic() < end, "the server did not start"
        time.sleep(0.02)
    return server, thread, f"http://127.0.0.1:{listener.getsockname()[1]}"


@pytest.fixture(scope="module")
def open_site(tmp_path_factory):
    """Call it for a running server; `tell` writes what is in its store."""
    stops = []

    def start(tell):
        settings = Settings(home=tmp_path_factory.mktemp("home"), sync_interval_s=0, user="Ada Noor")
        opened = open_workspace(settings)
        ws = opened.__enter__()
        keys = tell(ws)
        app = create_app(ws, settings)
        server, thread, url = serve(app)
        stops.append((opened, server, thread, app))
        return Site(url=url, ws=ws, keys=keys or {})

    yield start
    for opened, server, thread, _ in stops:
        server.should_exit = True
        thread.join(timeout=15)
        opened.__exit__(None, None, None)


@pytest.fixture(scope="module")
def site(open_site):
    """The standard story."""
    return open_site(story.tell)


class Watched:
    """A browser page that remembers everything that should not happen on it."""

    def __init__(self, page):
        self.page = page
        self.faults = []
        page.on("pageerror", lambda error: self.faults.append(f"script error: {error}"))
        page.on("console", self._console)
        page.on("request", self._request)

    def _console(self, message):
        if message.type == "error" and not message.text.startswith(
            "Failed to load resource: the server responded with a status of 4"
        ):
            self.faults.append(f"console: {message.text}")

    def _request(self, request):
        if not request.url.startswith(("http://127.0.0.1", "data:", "blob:")):
            self.faults.append(f"external request: {request.url}")


@pytest.fixture
def visit(chromium):
    """Open a browser page: `visit(url, width=..., dark=..., js=...)`. Faults of any page opened fail the test."""
    contexts, watched = [], []

    def open_page(url, *, width=1280, height=860, dark=False, js=True, bypass_csp=False):
        context = chromium.new_context(
            viewport={"width": width, "height": height},
            locale="en-GB",
            timezone_id="UTC",
            color_scheme="dark" if dark else "light",
            java_script_enabled=js,
            bypass_csp=bypass_csp,
        )
        context.set_default_timeout(15_000)
        contexts.append(context)
        page = context.new_page()
        watched.append(Watched(page))
        page.goto(url)
        return page

    yield open_page
    for context in contexts:
        context.close()
    faults = [fault for one in watched for fault in one.faults]
    assert not faults, faults
