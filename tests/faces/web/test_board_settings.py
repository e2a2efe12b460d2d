"""The board as a file on the settings page: what changes is told before it is saved; a new project chooses its board."""

import re

import pytest

from tests.faces.web.test_routes import Browser


@pytest.fixture
def browser(site):
    return Browser(site.url)


def form_of(html):
    """The fields of the board form as a browser would send them."""
    from html import unescape

    inner = html[html.index('id="board-file"') :]
    inner = inner[: inner.index("</form>")]
    hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', inner))
    text = unescape(re.search(r"<textarea[^>]*>(.*?)</textarea>", inner, re.DOTALL).group(1))
    return inner, {**hidden, "board_text": text}


def new_project(browser, name, **more):
    token = browser.token("/projects/new")
    status, headers, _ = browser.ask("/projects/new", {"csrf_token": token, "name": name, **more})
    assert status == 303
    return headers["location"].partition("/board")[0]


def test_change_is_told_in_sentences_and_saved_only_after_it_was_seen(site, browser):
    project = new_project(browser, "Told first")
    _, fields = form_of(browser.text(f"{project}/settings")[1])
    fields["board_text"] = fields["board_text"].replace("limit: 5", "limit: 9")
    status, html = browser.text(f"{project}/settings/board", fields)
    shown, seen = form_of(html)
    assert (status, "Hypothesis: at most 9 cards (was 5)." in shown) == (200, True)
    assert (
        "9"
        not in browser.text(f"/api/v1{project.replace('/p/', '/projects/')}/board-file")[1].split("limit: ")[
            1
        ][:2]
    )
    other = {**seen, "board_text": seen["board_text"].replace("limit: 9", "limit: 8")}
    assert "at most 8 cards" in browser.text(f"{project}/settings/board", other)[1]
    assert browser.ask(f"{project}/settings/board", seen)[0] == 303
    assert "limit: 9" in form_of(browser.text(f"{project}/settings")[1])[1]["board_text"]


def test_by_what_a_column_is_limited_is_changed_in_the_file_on_the_page(site, browser):
    project = new_project(browser, "By GPUs")
    _, fields = form_of(browser.text(f"{project}/settings")[1])
    assert fields["board_text"].count("limit_by: gpus") == 1
    fields["board_text"] = fields["board_text"].replace("limit: 5", "limit: 5\n  limit_by: gpus")
    shown, seen = form_of(browser.text(f"{project}/settings/board", fields)[1])
    assert "Hypothesis: at most 5 GPUs (was 5 cards)." in shown
    assert browser.ask(f"{project}/settings/board", seen)[0] == 303
    html = browser.text(f"{project}/settings")[1]
    assert form_of(html)[1]["board_text"].count("limit_by: gpus") == 2
    assert "Hypothesis, in GPUs" in html


def test_slip_keeps_what_was_typed_and_names_its_line(site, browser):
    project = new_project(browser, "Slips")
    _, fields = form_of(browser.text(f"{project}/settings")[1])
    fields["board_text"] = fields["board_text"].replace("limit: 5", "limit: 0")
    status, html = browser.text(f"{project}/settings/board", fields)
    shown, again = form_of(html)
    assert (status, again["board_text"]) == (422, fields["board_text"].strip())
    assert re.search(r"columns\[1\]\.limit&#39; in line \d+: found the number 0", shown)
    status, html = browser.text(
        f"{project}/settings/board", {**fields, "board_text": "<script>alert(1)</script>"}
    )
    assert status == 422
    assert "<script>alert" not in html


def test_new_project_begins_with_the_chosen_board(site, browser):
    project = new_project(browser, "Ranking of search", board="feature")
    html = browser.text(f"{project}/board?hidden=yes")[1]
    assert re.findall(r'data-stage="([a-z]+)"', html) == []  # empty boards say what to do first
    titles = form_of(browser.text(f"{project}/settings")[1])[1]["board_text"]
    assert re.findall(r"- key: ([a-z]+)", titles)[1:6] == ["data", "model", "code", "test", "deploy"]
    offered = form_of(browser.text(f"{project}/settings?board=experiment")[1])[1]["board_text"]
    assert "- key: hypothesis" in offered
