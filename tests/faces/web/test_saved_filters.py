"""Saved filters: kept under a name from the board, shown above board and list, forgotten; sprints as a filter."""

import re

import pytest

from assay.errors import Invalid
from tests.faces.web.test_board_settings import new_project
from tests.faces.web.test_routes import Browser, at


@pytest.fixture
def browser(site):
    return Browser(site.url)


def chips(html):
    inner = html.partition('aria-label="Saved filters"')[2].partition("</nav>")[0]
    return dict(re.findall(r'<a class="btn[^"]*" href="([^"]*)"[^>]*>([^<]*)</a>', inner))


def test_filter_is_saved_from_the_board_shown_above_board_and_list_and_forgotten(site, browser):
    offered = chips(browser.text(at(site, "/board?axis=prompt&blocked=yes"))[1])
    (save_at,) = [href for href, label in offered.items() if label == "Save this filter"]
    html = browser.text(save_at.replace("&amp;", "&"))[1]
    fields = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', html))
    status, headers, _ = browser.ask(at(site, "/filters"), {**fields, "name": "Blocked <b> prompts"})
    assert (status, headers["location"].partition("?")[0]) == (303, at(site, "/board"))
    for page in ("/board", "/experiments"):
        shown = browser.text(at(site, page))[1]
        assert "Blocked &lt;b&gt; prompts" in shown
        assert at(site, f"{page}?axis=prompt&amp;blocked=yes") in chips(shown)
    token = browser.token(at(site, "/filters"))
    gone = {"csrf_token": token, "name": "Blocked <b> prompts"}
    assert browser.ask(at(site, "/filters/remove"), gone)[0] == 303
    assert browser.ask(at(site, "/filters/remove"), gone)[0] == 404
    assert chips(browser.text(at(site, "/board"))[1]) == {}


def test_filter_without_a_name_or_a_question_is_refused_with_what_was_typed(site, browser):
    project = new_project(browser, "No filters")
    token = browser.token(f"{project}/filters")
    status, html = browser.text(f"{project}/filters", {"csrf_token": token, "name": "All", "page": "board"})
    assert status == 422
    assert "it asks nothing" in html
    status, html = browser.text(f"{project}/filters", {"csrf_token": token, "name": "", "owner": "Jo"})
    assert status == 422
    assert 'name="owner" value="Jo"' in html


def test_board_and_list_narrow_to_a_sprint(site, browser):
    api = f"/api/v1/projects/{site.slug}"
    assert browser.ask(at(site, "/board?sprint=active"))[0] == 200
    status, html = browser.text(at(site, "/experiments?sprint=none"))
    everything = browser.text(at(site, "/experiments"))[1]
    assert (status, "EXP-1" in html) == (200, "EXP-1" in everything)
    assert "EXP-1" not in browser.text(at(site, "/experiments?sprint=7"))[1].partition("<main")[2]
    assert browser.ask(f"{api}/tickets?sprint=seven")[0] == 422


def test_board_and_list_narrow_to_stale_work_and_to_a_phase(site, browser):
    for page, name in (
        ("/board", "stale"),
        ("/experiments", "stale"),
        ("/board", "waiting"),
        ("/experiments", "waiting"),
        ("/board", "phase"),
        ("/experiments", "phase"),
    ):
        value = {"stale": "yes", "waiting": "yes", "phase": "discovery"}[name]
        status, html = browser.text(at(site, f"{page}?{name}={value}"))
        assert status == 200
        chosen = "selected>" if name == "phase" else f'name="{name}" value="yes" checked'
        assert chosen in html
        assert browser.ask(at(site, f"{page}?{name}=perhaps"))[0] == 422


def test_api_keeps_filters_with_an_etag_and_refuses_what_no_ticket_can_have(site):
    from assay.workflows.actor import Actor
    from assay.workflows.saved_filters import save_filter

    with pytest.raises(Invalid, match="cannot filter by axis"):
        save_filter(site.ws, Actor(name="Jo"), site.slug, "Odd", {"axis": "nowhere"})
    with pytest.raises(Invalid, match="there is no filter"):
        save_filter(site.ws, Actor(name="Jo"), site.slug, "Odd", {"colour": "red"})
    with pytest.raises(Invalid, match="not a name"):
        save_filter(site.ws, Actor(name="Jo"), site.slug, "\u202e", {"owner": "Jo"})
