"""The history of another tool's board comes in by a browser without scripts: check, draft a board, save it, bring in."""

import html
import re

import pytest

from assay.workflows.projects import create_project
from tests.faces.web import story
from tests.faces.web.test_company import multipart
from tests.faces.web.test_routes import Browser

PAGE = "/p/peps/history"
STATUSES = {"promoted": "Final", "killed": "Rejected, Withdrawn", "closed": "Superseded"}


@pytest.fixture(scope="module")
def site(open_site):
    def empty(ws):
        create_project(ws, story.ADA, slug="peps", name="Python enhancement proposals")
        return {}

    return open_site(empty)


@pytest.fixture
def browser(site):
    return Browser(site.url)


def sent(browser, action, content, file="moves.csv", **more):
    """Status, place to go to, and text of the page that answers a file."""
    import urllib.error
    import urllib.request

    fields = {"csrf_token": browser.token(PAGE), "action": action, "name": "", **more}
    request = urllib.request.Request(
        browser.url + PAGE,
        data=multipart(fields, file, content),
        headers={"content-type": "multipart/form-data; boundary=x"},
    )
    try:
        answer = browser.opener.open(request, timeout=60)
    except urllib.error.HTTPError as error:
        answer = error
    with answer:
        return answer.status, answer.headers.get("location", ""), html.unescape(answer.read().decode())


@pytest.mark.wild
def test_history_of_the_peps_is_checked_given_a_board_and_brought_in_once(site, browser, wild_data):
    raw = (wild_data / "flow" / "python-peps" / "status_transitions.csv").read_bytes()
    status, _, page = sent(browser, "check", raw)
    assert (status, "“Draft a board” below writes one" in page) == (422, True)
    assert "0001,,Incomplete,2000-07-13" in page, "the file stays in the form"

    status, _, page = sent(browser, "draft", raw, **STATUSES)
    board = re.search(r'name="board_text"[^>]*>(.*?)</textarea>', page, re.DOTALL)[1]
    version = re.search(r'name="expected_version" value="(\d+)"', page)[1]
    form = {"csrf_token": browser.token(PAGE), "expected_version": version, "board_text": board}
    _, page = browser.text("/p/peps/settings/board", form)
    form["seen"] = re.search(r'name="seen" value="([^"]+)"', page)[1]
    assert browser.ask("/p/peps/settings/board", form)[0] == 303

    status, _, page = sent(browser, "check", raw)
    assert (status, "738 new tickets" in page, "1,823 moves" in page) == (200, True, True)
    assert sent(browser, "import", raw)[:2] == (303, "/p/peps/flow?done=history-imported")
    status, _, page = sent(browser, "check", raw)
    assert (status, "738 tickets without anything new" in page, "Bring it in" in page) == (200, True, False)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "no file was chosen and nothing was typed"),
        (b"\xff\xfe\x00", "byte 0 is not UTF-8"),
        (b"ticket,to,at\nA-1,Done,yesterday", "line 2"),
    ],
)
def test_file_that_is_no_history_is_refused_with_what_to_do(browser, content, said):
    status, _, page = sent(browser, "import", content)
    assert (status, said in page) == (422, True)


def test_file_of_other_letters_than_latin_comes_in_as_it_was_checked(browser):
    note = "\u0436" * 100_000
    rows = [f"K-1,Backlog,2026-03-0{day},{note}" for day in range(1, 8)]
    raw = "\n".join(("ticket,to,at,note", *rows)).encode()
    status, _, page = sent(browser, "check", raw)
    assert (status, "1 new ticket" in page) == (200, True)
    typed = re.search(r'<textarea[^>]*name="text"[^>]*>(.*?)</textarea>', page, re.DOTALL)[1]
    assert sent(browser, "import", b"", file="", text=typed)[0] == 303
