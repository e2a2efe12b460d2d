"""The API over a real store with a small story in it, asked in this process."""

from dataclasses import dataclass, replace
from typing import Any

import pytest
from fastapi.testclient import TestClient

from assay.bootstrap import open_workspace
from assay.server.app import create_app
from assay.settings import Settings
from tests.faces.web import story


@dataclass
class Served:
    """An application and a client that asks it as a program would: no cookies, no Origin."""

    client: TestClient
    app: Any
    ws: Any
    keys: dict
    settings: Settings
    slug: str = story.SLUG

    def __call__(self, method, path, **options):
        self.client.cookies.clear()
        return self.client.request(method, path if path.startswith("/") else self.at(path), **options)

    def at(self, path):
        return f"/api/v1/projects/{self.slug}/{path}".rstrip("/")

    def ticket(self, name, tail=""):
        return self.at(f"tickets/{self.keys[name]}{tail}")

    def new(self, title="Smaller rank", **more):
        """The path of a new ticket."""
        answer = self("POST", "tickets", json={"title": title, **more})
        assert answer.status_code == 201, answer.text
        return answer.headers["location"]


def served(home, tell, **settings):
    """An open application; use as a context manager's body through `yield from`."""
    chosen = replace(Settings(home=home, sync_interval_s=0, user="Ada Noor"), **settings)
    with open_workspace(chosen) as ws:
        keys = tell(ws) or {}
        app = create_app(ws, chosen)
        client = TestClient(
            app, base_url="http://127.0.0.1", raise_server_exceptions=False, follow_redirects=False
        )
        yield Served(client=client, app=app, ws=ws, keys=keys, settings=chosen)


@pytest.fixture(scope="module")
def api(tmp_path_factory):
    yield from served(tmp_path_factory.mktemp("home"), story.tell)
