"""A board that is put together from what was kept is the board that would be made anew."""

import gzip
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from assay.bootstrap import open_workspace
from assay.domain.experiments.experiment import LinkKind, TicketContent
from assay.domain.experiments.type_fields import DataFields, DataStage
from assay.domain.kernel.ids import TicketType
from assay.server.app import create_app
from assay.settings import Settings
from assay.web import board_view
from assay.web.parts import KeptPage, Part, PlainPart, gzipped, plain
from assay.workflows.board import move_card
from assay.workflows.links import link_tickets
from assay.workflows.projects import get_project, save_settings
from assay.workflows.tickets import create_ticket, edit_ticket, get_ticket
from tests.faces.web import story

BOARD = f"/p/{story.SLUG}/board"
TOKEN = "a-token-of-this-browser-1"


class Told:
    """An application over the story, and somebody who looks at its board."""

    def __init__(self, ws, settings):
        self.ws = ws
        self.keys = story.tell(ws)
        self.app = create_app(ws, settings)
        self.client = TestClient(self.app, base_url="http://127.0.0.1")

    def board(self, query="", **headers):
        self.client.cookies.clear()
        answer = self.client.get(BOARD + query, headers={"cookie": f"assay_csrf={TOKEN}", **headers})
        assert answer.status_code == 200
        return answer

    def move(self, name, to):
        ticket = get_ticket(self.ws, story.ADA, story.SLUG, self.keys[name])
        done = move_card(
            self.ws, story.ADA, story.SLUG, ticket.key, to=to, expected_version=ticket.version, reason="told",
            override_reason="told",
        )  # fmt: skip
        assert done.ticket.stage == to

    def anew(self, query=""):
        self.app.state.board_keep = None
        return self.board(query)


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    settings = Settings(home=tmp_path_factory.mktemp("home"), sync_interval_s=0)
    with open_workspace(settings) as ws:
        yield Told(ws, settings)


def column_of(page, key):
    return re.findall(r'data-stage="(\w+)"', page.split(f'id="card-{key}"')[0])[-1]


@given(st.lists(st.text(), max_size=6))
def test_parts_in_a_row_are_the_same_compressed_or_not(texts):
    parts = [part for text in texts for part in (Part(text), PlainPart(text))]
    assert gzip.decompress(gzipped(parts)) == plain(parts) == "".join(t + t for t in texts).encode()


def test_part_is_compressed_once():
    part = Part("a card, " * 1000)
    assert part.deflated is part.deflated
    assert len(part.deflated) < 100


def test_token_stands_in_the_page_escaped():
    page = KeptPage(Part('<meta content="'), (Part('">'),))
    assert plain(page.filled('x"y')) == b'<meta content="x&#34;y">'


def test_board_is_the_same_kept_compressed_and_made_anew(told):
    for query in ("", "?hidden=yes", "?q=retrieval", "?done=moved"):
        first, kept = told.board(query), told.board(query)
        zipped = told.board(query, **{"accept-encoding": "gzip"})
        assert (zipped.headers["content-encoding"], "content-encoding" in kept.headers) == ("gzip", True)
        bare = told.board(query, **{"accept-encoding": "identity"})
        assert "content-encoding" not in bare.headers
        assert first.text == kept.text == zipped.text == bare.text == told.anew(query).text


def test_board_looked_at_in_another_way_is_another_page(told):
    pages = {told.board(query).text for query in ("", "?hidden=yes", "?q=retrieval", "?done=moved")}
    dark = told.board(cookie="assay_theme=dark").text
    assert 'data-theme="dark"' in dark
    assert len(pages | {dark}) == 5


def test_board_carries_the_token_of_the_browser_that_asks(told):
    first = told.board().text
    second = told.board(cookie="assay_csrf=another-token-of-another-1").text
    assert second == first.replace(TOKEN, "another-token-of-another-1") != first


def test_board_shows_a_move_at_once(told):
    told.board()
    key = told.keys["next"]
    for to in ("hypothesis", "backlog", "hypothesis"):
        told.move("next", to)
        page = told.board().text
        assert column_of(page, key) == to
        assert page == told.anew().text


def test_board_with_one_changed_card_renders_no_other(told, monkeypatch):
    told.board()
    rendered, render = [], board_view.render_card
    monkeypatch.setattr(
        board_view, "render_card", lambda slug, card: rendered.append(card.key) or render(slug, card)
    )
    told.move("fresh", "hypothesis")
    told.board()
    assert rendered == [told.keys["fresh"]]


def test_changed_board_shows_cards_anew_where_a_column_is_for_something_else(told):
    before = told.board().text
    project = get_project(told.ws, story.ADA, story.SLUG)
    board = project.settings.board
    assert "Success criteria" in before
    stages = tuple(
        one.model_copy(update={"locks": True}) if one.key == "hypothesis" else one for one in board.stages
    )
    changed = board.model_copy(update={"stages": stages})
    saved = save_settings(told.ws, story.ADA, story.SLUG, expected_version=project.version, board=changed)
    try:
        after = told.board().text
        assert "Success criteria" not in after
        assert after == told.anew().text
    finally:
        save_settings(told.ws, story.ADA, story.SLUG, expected_version=saved.version, board=board)


def test_board_of_an_unknown_project_is_not_kept(told):
    assert told.client.get("/p/nowhere/board").status_code == 404
    assert told.client.get("/p/nowhere/board").status_code == 404


def test_card_that_changed_is_read_from_the_store_again(told):
    kept = board_view.BoardKeep()
    first = board_view.read_board(told.ws, story.ADA, story.SLUG, kept, filters={})
    assert not board_view.read_board(told.ws, story.ADA, story.SLUG, kept, filters={}).parts.cards
    told.move("waiting", "backlog")
    again = board_view.read_board(told.ws, story.ADA, story.SLUG, kept, filters={})
    assert [card.key for card in again.parts.cards.values()] == [told.keys["waiting"]]
    assert set(again.cards) == set(first.cards)


def test_board_shows_at_once_how_linked_data_stands(told):
    key = told.keys["next"]
    fields = DataFields(stage=DataStage.QA)
    labels = TicketContent(type=TicketType.DATA, title="Labels of support", data=fields)
    data = create_ticket(told.ws, story.ADA, story.SLUG, labels)
    link_tickets(told.ws, story.ADA, story.SLUG, key, LinkKind.NEEDS_DATA, data.key)

    def shown():
        page = told.board().text
        assert page == told.anew().text
        card = page.split(f'id="card-{key}"')[1].split("</li>")[0]
        return re.search(r'class="data ([\w-]+)"', card)[1]

    assert shown() in ("at-risk", "blocked")
    ready = labels.model_copy(update={"data": DataFields(stage=DataStage.READY)})
    edit_ticket(told.ws, story.ADA, story.SLUG, data.key, ready, expected_version=data.version)
    assert shown() == "ready"
