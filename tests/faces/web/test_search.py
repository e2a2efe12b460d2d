"""Machines get a search excerpt as plain text with the places of the matches, pages show the matches marked."""

import pytest
from starlette.testclient import TestClient

from assay.bootstrap import open_workspace
from assay.server.app import create_app
from assay.settings import Settings
from tests.faces.web import story

API = f"/api/v1/projects/{story.SLUG}"
DRAFT = {"title": "Random <b>forests</b> of trees read digits"}


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    settings = Settings(home=tmp_path_factory.mktemp("home"), sync_interval_s=0)
    with open_workspace(settings) as ws:
        told = story.Story(ws)
        told.ticket("Random <b>forests</b> of trees", hypothesis="A forest reads digits.", criteria=())
        told.ticket("Trees alone", hypothesis="One tree reads digits as a forest does.", criteria=())
        with TestClient(create_app(ws, settings), base_url="http://127.0.0.1") as opened:
            yield opened


def answers(client):
    yield client.get(f"{API}/search", params={"q": "forest"}).json()["rows"]
    yield client.get(f"{API}/tried-before", params={"q": DRAFT["title"]}).json()["rows"]
    yield client.post(f"{API}/tickets/check", json=DRAFT).json()["similar"]
    yield client.get(f"{API}/tickets/EXP-1/page").json()["similar"]


def test_excerpt_is_plain_text_and_matches_say_where_the_words_stand(client):
    for hits in answers(client):
        assert hits
        for hit in hits:
            assert not set(hit["excerpt"]) & {"\x02", "\x03"}
            words = [hit["excerpt"][begin:end].lower() for begin, end in hit["matches"]]
            assert words
            assert all(
                word in {"forest", "forests", "random", "trees", "tree", "digits", "reads"} for word in words
            )


def test_page_shows_the_matches_marked_and_the_rest_escaped(client):
    html = client.get(f"/p/{story.SLUG}/search", params={"q": "forest"}).text
    assert "<mark>forests</mark>" in html.lower() or "<mark>forest</mark>" in html.lower()
    assert "<b>forests" not in html
    assert "<mark>" in client.get(f"/p/{story.SLUG}/t/EXP-1").text
