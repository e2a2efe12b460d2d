"""The board page in lanes: what it prints, keeps and answers to a drop."""

import re

import pytest

from assay.bootstrap import open_workspace
from assay.settings import Settings
from assay.workflows.tickets import get_ticket
from tests.faces.web import story
from tests.faces.web.test_kept_board import TOKEN, Told

HTMX = {"hx-request": "true", "x-csrf-token": TOKEN, "cookie": f"assay_csrf={TOKEN}"}


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    settings = Settings(home=tmp_path_factory.mktemp("home"), sync_interval_s=0)
    with open_workspace(settings) as ws:
        yield Told(ws, settings)


def cell_of(html, key):
    """Column and lane in which a card stands."""
    before = html.split(f'id="card-{key}"')[0]
    return re.findall(r'data-stage="(\w+)"', before)[-1], re.findall(r'data-lane="([^"]*)"', before)[-1]


def send(told, path, **fields):
    have = ",".join(
        f"{stage}:{shown}:{digest}"
        for stage, digest, shown in re.findall(
            r'data-stage="(\w+)" data-digest="(\w+)" data-shown="(\d+)"', told.board("?lanes=owner").text
        )
    )
    told.client.cookies.clear()
    address = f"/p/{story.SLUG}/t/{path}?lanes=owner&have={have}"
    return told.client.post(
        address,
        data={"csrf_token": TOKEN, **fields},
        headers={"cookie": HTMX["cookie"], "hx-request": "true"},
    )


@pytest.mark.parametrize(
    "query", ["?lanes=owner", "?lanes=axis", "?lanes=phase", "?lanes=owner&q=retrieval&hidden=yes"]
)
def test_board_in_lanes_is_the_same_kept_and_made_anew_and_shows_every_card_once(told, query):
    kept = told.board(query).text
    assert kept == told.board(query).text == told.anew(query).text
    plain = told.board(query.replace("lanes=", "q=&x=")).text if "retrieval" not in query else ""
    cards = re.findall(r'id="card-([A-Z]+-\d+)"', kept)
    assert len(cards) == len(set(cards)) > 0
    assert not plain or sorted(cards) == sorted(re.findall(r'id="card-([A-Z]+-\d+)"', plain))
    rows = {
        tuple(re.findall(r'data-lane="([^"]*)"', column)) for column in kept.split('<section class="col"')[1:]
    }
    assert len(rows) == 1


def test_drop_into_another_lane_answers_with_what_changed_and_a_way_back(told):
    key = told.keys["next"]
    ticket = get_ticket(told.ws, story.ADA, story.SLUG, key)
    answer = send(
        told,
        f"{key}/move",
        to=ticket.stage,
        before_key="",
        expected_version=ticket.version,
        lanes="owner",
        lane="Jo <b>",
    )
    assert answer.status_code == 200
    assert f"{key} belongs to Jo &lt;b&gt; now." in answer.text
    assert 'id="lanes"' in answer.text
    assert cell_of(answer.text, key)[1] == "Jo &lt;b&gt;"
    fields = dict(
        re.findall(r'name="(\w+)" value="([^"]*)"', answer.text.split("data-undo")[1].split("</form>")[0])
    )
    back = send(told, f"{key}/lane", **fields)
    assert back.status_code == 200
    assert get_ticket(told.ws, story.ADA, story.SLUG, key).content.owner == ticket.content.owner
    assert cell_of(told.board("?lanes=owner").text, key)[1] == ticket.content.owner


def test_drop_into_a_lane_of_another_phase_is_refused_in_words(told):
    key = told.keys["next"]
    ticket = get_ticket(told.ws, story.ADA, story.SLUG, key)
    answer = send(
        told, f"{key}/move", to=ticket.stage, expected_version=ticket.version, lanes="phase", lane="discovery"
    )
    assert answer.status_code == 409
    assert "a phase is when work began" in answer.text or "belongs to the phase of now" in answer.text


def test_lanes_without_a_phase_say_where_to_set_one_and_unknown_lanes_are_refused(told):
    assert "Say which phase it is" in told.board("?lanes=phase").text
    assert told.client.get(f"/p/{story.SLUG}/board?lanes=weather").status_code == 422
    key = told.keys["next"]
    assert send(told, f"{key}/lane", expected_version="1", lanes="", lane="").status_code == 422


def test_lanes_are_kept_in_a_saved_filter_that_leads_to_the_board(told):
    page = told.board("?lanes=owner&stale=no").text
    assert f'href="/p/{story.SLUG}/filters?stale=no&amp;lanes=owner&amp;page=board"' in page
    headers = {"cookie": HTMX["cookie"]}
    form = {"csrf_token": TOKEN, "name": "Who has what", "lanes": "owner", "page": "board"}
    saved = told.client.post(f"/p/{story.SLUG}/filters", data=form, headers=headers, follow_redirects=False)
    assert saved.headers["location"] == f"/p/{story.SLUG}/board?lanes=owner&done=saved"
    assert f'href="/p/{story.SLUG}/board?lanes=owner" aria-current="true"' in told.board("?lanes=owner").text
