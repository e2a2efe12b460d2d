"""No page asks the database many things, however much there is to show: nothing is asked once a ticket or once a run."""

import pytest
from starlette.testclient import TestClient

from assay.bootstrap import open_workspace
from assay.server.app import create_app
from assay.settings import Settings
from assay.testing.statements import statements_heard
from assay.workflows.commitments import commit_tickets
from assay.workflows.sprints import create_sprint, end_sprint, start_sprint
from tests.faces.web import story
from tests.faces.web.test_pages_in_browser import PAGES

MOST = 20
LOOKS = 4
SPRINTS = {
    f"sprint-{number}{page.replace('/', '-')}": f"/sprints/{number}{page}"
    for number in (1, 2)
    for page in ("", "/check", "/review", "/retro")
}
PAGES = (
    PAGES
    | SPRINTS
    | {
        "sprints": "/sprints",
        "standup": "/standup",
        "gates": "/gates",
        "moves": "/t/EXP-5/moves.json",
        "examples": "/examples?ticket=EXP-5",
        "curves": "/compare/curves.json",
    }
)


def tell(ws):
    """The usual story, with a sprint that has ended and one that runs, and all that was not killed in both."""
    told = story.tell(ws)
    keys = [key for name, key in told.items() if name not in {"loser", "diverged"}]
    for number in (1, 2):
        create_sprint(ws, story.ADA, story.SLUG)
        commit_tickets(ws, story.ADA, story.SLUG, number, keys, confirmed=True)
        start_sprint(ws, story.ADA, story.SLUG, number, expected_version=None, confirmed=True)
        if number == 1:
            end_sprint(ws, story.ADA, story.SLUG, number, expected_version=None)


@pytest.fixture(scope="module")
def asked(tmp_path_factory):
    """Statements that a page asks; the least of a few looks, for a server also does things of its own."""
    settings = Settings(home=tmp_path_factory.mktemp("home"), sync_interval_s=0)
    with statements_heard() as heard, open_workspace(settings) as ws:
        tell(ws)
        with TestClient(create_app(ws, settings), base_url="http://127.0.0.1") as client:

            def ask(path):
                address = f"/p/{story.SLUG}{path}"
                assert client.get(address).status_code == 200
                said = []
                for _ in range(LOOKS):
                    said = heard.of(lambda: client.get(address))
                    if len(said) <= MOST:
                        break
                return said

            yield ask


@pytest.mark.parametrize("name", PAGES)
def test_page_asks_at_most_twenty_statements(asked, name):
    statements = asked(PAGES[name])
    assert len(statements) <= MOST, "\n".join(" ".join(one.split())[:160] for one in statements)
