"""The inbox page: what others did, how much is new in the navigation, read and unread again, without a script."""

import pytest

from assay.workflows.actor import Actor
from assay.workflows.notes import add_note
from assay.workflows.watching import watch
from tests.faces.web import story
from tests.faces.web.test_routes import Browser, at

JO = Actor(name="Jo Lindt")


@pytest.fixture(scope="module")
def site(open_site):
    return open_site(story.tell)


@pytest.fixture
def browser(site):
    return Browser(site.url)


def badge(page):
    entry = page.split('href="/p/support-chatbot/inbox"')[1].split("</a>")[0]
    return entry.partition('<span class="count">')[2].removesuffix("</span>")


def test_empty_inbox_says_how_news_come(site, browser):
    _, page = browser.text(at(site, "/inbox"))
    assert "choose “Follow”, or be mentioned in a note" in page
    assert (badge(page), "Mark all as read" in page) == ("", False)


def test_news_are_shown_counted_beside_every_page_read_and_new_again(site, browser):
    key = site.keys["fresh"]
    watch(site.ws, story.ADA, site.slug, key, "Ada Noor")
    add_note(site.ws, JO, site.slug, key, "<b>rank 16</b> fits, @grace")
    _, page = browser.text(at(site, "/inbox"))
    assert "<strong>" not in page.split("<blockquote")[1]
    assert "&lt;b&gt;rank 16&lt;/b&gt; fits, @grace</blockquote>" in page
    assert (badge(page), ">new</span>" in page) == ("1", True)
    assert badge(browser.text(at(site, "/journal"))[1]) == "1"
    assert (
        badge(browser.text(at(site, "/board"))[1]) == ""
    )  # that page is kept while the journal does not grow
    token = browser.token(at(site, "/inbox"))
    last = page.split('name="up_to" value="')[1].split('"')[0]
    status, headers, _ = browser.ask(at(site, "/inbox/read"), {"csrf_token": token, "up_to": last})
    assert (status, headers["location"]) == (303, f"{at(site, '/inbox')}?undo=0&done=marked-read")
    _, page = browser.text(headers["location"])
    assert ("Marked as read." in page, badge(page), "nothing new" in page) == (True, "", True)
    assert 'name="up_to" value="0"' in page
    assert ">Undo</button>" in page
    _, headers, _ = browser.ask(at(site, "/inbox/read"), {"csrf_token": token, "up_to": "0"})
    _, page = browser.text(headers["location"])
    assert ("New again." in page, badge(page)) == (True, "1")


def test_inbox_of_somebody_else_is_looked_at_by_name(site, browser):
    add_note(site.ws, JO, site.slug, site.keys["fresh"], "@mira, please look")
    _, page = browser.text(at(site, "/inbox?who=mira"))
    assert "mentions mira<" in page
    assert '<option value="mira" selected>mira</option>' in page
    assert '<option value="Ada Noor">Ada Noor (you)</option>' in page
    assert '<input type="hidden" name="who" value="mira">' in page


@pytest.mark.parametrize("query", ["before=x", "undo=-1", "before=99999999999999999999", "who=%00"])
def test_address_that_says_nothing_is_refused_by_name(site, browser, query):
    status, page = browser.text(at(site, f"/inbox?{query}"))
    assert status == 422
    assert "cannot" in page
