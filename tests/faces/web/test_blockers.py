"""What is in the way, as pages show it: card, dialog, ticket, list and flow."""

import re

import pytest
from starlette.testclient import TestClient

from assay.bootstrap import open_workspace
from assay.domain.board.blockers import BlockerCategory
from assay.server.app import create_app
from assay.settings import Settings
from assay.web.charts.flow import blockers_specification
from assay.workflows.blockers import BlockerState, list_blockers
from assay.workflows.flow import flow
from tests.faces.web import story

TOKEN = "a-token-of-this-browser-1"
BASE = f"/p/{story.SLUG}"


class Told:
    """An application over the story, and a browser without scripts."""

    def __init__(self, ws, settings):
        self.ws = ws
        self.told = story.Story(ws)
        self.client = TestClient(
            create_app(ws, settings), base_url="http://127.0.0.1", follow_redirects=False
        )

    def get(self, path, **headers):
        return self.client.get(BASE + path, headers=self._headers(headers))

    def post(self, path, form, **headers):
        return self.client.post(
            BASE + path, data={"csrf_token": TOKEN, **form}, headers=self._headers(headers)
        )

    def _headers(self, headers):
        self.client.cookies.clear()
        return {"cookie": f"assay_csrf={TOKEN}", "origin": "http://127.0.0.1", **headers}


@pytest.fixture
def told(tmp_path):
    settings = Settings(home=tmp_path, sync_interval_s=0)
    with open_workspace(settings) as ws:
        yield Told(ws, settings)


def card_of(board, key):
    return re.search(rf'<li class="card" id="card-{key}".*?</li>', board, re.DOTALL).group()


def test_card_shows_its_oldest_blocker_with_the_moment_and_no_age_and_loses_it_once_closed(told):
    key = told.told.ticket("Blocked")
    assert "badge" not in card_of(told.get("/board").text, key)
    told.told.blocked(key, BlockerCategory.GPU_SHORTAGE, "No <b>A100</b>")
    told.told.blocked(key, BlockerCategory.REVIEW, "Legal")
    card = card_of(told.get("/board").text, key)
    assert re.search(r'badge.*GPU shortage.*<time datetime="[^"]+" data-age="">since .*\+1', card)
    assert 'title="No &lt;b&gt;A100&lt;/b&gt;"' in card
    for number in (1, 2):
        told.post(f"/t/{key}/blockers/close", {"number": number, "resolution": "lent", "back": "board"})
    assert "badge" not in card_of(told.get("/board").text, key)


def test_blocker_is_opened_and_closed_without_a_script(told):
    key = told.told.ticket("Blocked")
    box = told.get(f"/t/{key}/blockers").text
    assert f'action="{BASE}/t/{key}/blockers"' in box
    done = told.post(f"/t/{key}/blockers", {"category": "clarity", "text": "Which metric?", "back": "board"})
    assert (done.status_code, done.headers["location"]) == (303, f"{BASE}/board?done=blocked")
    assert "Which metric?" in told.get(f"/t/{key}").text
    done = told.post(f"/t/{key}/blockers/close", {"number": 1, "resolution": "F1", "back": "ticket"})
    assert (done.status_code, done.headers["location"]) == (303, f"{BASE}/t/{key}?done=unblocked")
    [row] = list_blockers(told.ws, story.ADA, story.SLUG, state=BlockerState.ALL).rows
    assert (row.category, row.resolution) == (BlockerCategory.CLARITY, "F1")


def test_refused_blocker_keeps_what_was_typed(told):
    key = told.told.ticket("Blocked")
    typed = {"category": "weather", "text": "It rains & pours", "owner": "Jo", "back": "ticket"}
    page = told.post(f"/t/{key}/blockers", typed)
    assert page.status_code == 422
    assert 'value="It rains &amp; pours"' in page.text
    assert "Expected: one of: data_quality" in page.text
    part = told.post(f"/t/{key}/blockers", typed, **{"hx-request": "true"})
    assert (part.status_code, 'data-dialog="Blockers of' in part.text) == (422, True)
    assert "<html" not in part.text


def test_second_closing_of_a_blocker_says_that_it_was_closed(told):
    key = told.told.ticket("Blocked")
    told.told.blocked(key, BlockerCategory.REVIEW, "Legal", until="Signed")
    again = told.post(f"/t/{key}/blockers/close", {"number": 1, "resolution": "Signed twice"})
    assert (again.status_code, "was closed on" in again.text) == (409, True)


def test_board_that_asks_with_a_script_gets_the_words_and_only_the_changed_column(told):
    key, _ = told.told.ticket("Blocked"), told.told.ticket("Not blocked")
    have = ",".join(
        f"{name}:{shown}:{digest}"
        for name, digest, shown in re.findall(
            r'data-stage="(\w+)" data-digest="(\w+)" data-shown="(\d+)"', told.get("/board").text
        )
    )
    form = {"category": "gpu_shortage", "text": "No A100", "owner": "Jo"}
    said = told.post(f"/t/{key}/blockers?have={have}", form, **{"hx-request": "true"}).text
    assert f"{key} is blocked: GPU shortage. Jo sees to it." in said
    assert re.findall(r'<section class="col" id="([\w-]+)"', said) == ["col-backlog"]
    assert "badge" in card_of(said, key)


def test_board_narrowed_to_blocked_cards_shows_them_alone(told):
    blocked, free = told.told.ticket("Blocked"), told.told.ticket("Not blocked")
    told.told.blocked(blocked, BlockerCategory.REVIEW, "Legal")
    board = told.get("/board?blocked=yes").text
    assert (f"card-{blocked}" in board, f"card-{free}" in board) == (True, False)
    assert told.get("/board?blocked=perhaps").status_code == 422


def test_list_holds_blockers_of_the_state_and_kind_asked_for(told):
    key = told.told.ticket("Blocked")
    assert "Nothing is in the way" in told.get("/blockers").text
    told.told.blocked(key, BlockerCategory.REVIEW, "Legal looks at it", until="Signed")
    told.told.blocked(key, BlockerCategory.CLARITY, "Which metric?")
    shown = {
        asked: [words for words in ("Legal looks at it", "Which metric?") if words in told.get(asked).text]
        for asked in ("/blockers", "/blockers?state=all", "/blockers?state=all&category=review")
    }
    assert list(shown.values()) == [
        ["Which metric?"],
        ["Legal looks at it", "Which metric?"],
        ["Legal looks at it"],
    ]
    assert told.get("/blockers?state=zzz").status_code == 422


def test_flow_chart_has_a_bar_a_kind_that_opens_its_blockers(told):
    key = told.told.ticket("Blocked")
    for category in (BlockerCategory.REVIEW, BlockerCategory.CLARITY, BlockerCategory.CLARITY):
        told.told.blocked(key, category, "x")
    spec = blockers_specification(flow(told.ws, story.ADA, story.SLUG), story.SLUG)
    [rows] = spec["datasets"].values() if "datasets" in spec else [spec["data"]["values"]]
    assert {row["kind"]: row["shown"] for row in rows} == {"Review": "1 blocker", "Clarity": "2 blockers"}
    assert rows[-1]["share"] == pytest.approx(1.0)
    for row in rows:
        assert told.client.get(row["href"], headers=told._headers({})).status_code == 200
    page = told.get("/flow").text
    assert "What was in the way" in page
    assert "3 blockers open, the oldest first" in page


def test_button_of_a_cause_that_holds_makes_its_ticket_once(told):
    key = told.told.ticket("Blocked before it began")
    told.told.blocked(key, BlockerCategory.CLARITY, "Which metric?")
    page = told.get("/diagnosis").text
    assert "1 of 1 experiments that have not begun is blocked: 1 by Clarity" in page
    action = re.search(rf'action="{BASE}(/diagnosis/do_not_start/ticket[^"]*)"', page).group(1)
    done = told.post(action, {})
    assert done.status_code == 303
    made = re.search(r"/t/(\w+-\d+)", done.headers["location"]).group(1)
    assert f"{made} mends it" in told.get("/diagnosis").text
    assert told.post(action, {}).status_code == 409
