"""The backlog page without scripts: order by buttons, many tickets at once, and the way back."""

import html as html_module
import re

import pytest

from assay.workflows.backlogs import backlogs
from assay.workflows.tickets import get_ticket
from tests.faces.web import story
from tests.faces.web.test_routes import Browser, at


@pytest.fixture
def browser(site):
    return Browser(site.url)


def waiting(site):
    return [row.key for row in backlogs(site.ws, story.ADA, site.slug).experiment.rows]


def boxes(page):
    return re.findall(r'name="ticket" value="([A-Z]+-\d+~\d+)"', page)


def form_of(page, name):
    form = next(f for f in re.findall(r"<form.*?</form>", page, re.DOTALL) if name in f)
    return {n: html_module.unescape(v) for n, v in re.findall(r'name="(\w+)" value="([^"]*)"', form)}


def test_buttons_change_the_order(site, browser):
    token = browser.token(at(site, "/backlog"))
    for title in ("Waits first", "Waits second"):
        browser.ask(at(site, "/t/new"), {"csrf_token": token, "title": title, "act": "save"})
    before = waiting(site)
    _, page = browser.text(at(site, "/backlog"))
    form = form_of(page, f'aria-label="{before[-1]} up"')
    assert browser.ask(at(site, "/backlog/order"), form)[0] == 303
    assert waiting(site) == [*before[:-2], before[-1], before[-2]]
    assert browser.ask(at(site, "/backlog/order"), form)[0] == 412
    _, page = browser.text(at(site, "/backlog"))
    down = form_of(page, f'aria-label="{before[-1]} down"')
    assert browser.ask(at(site, "/backlog/order"), down)[0] == 303
    assert waiting(site) == before


@pytest.mark.parametrize("where", ["/backlog", "/experiments?sort=key"])
def test_chosen_tickets_change_together_and_change_back(site, browser, where):
    _, page = browser.text(at(site, where))
    chosen = boxes(page)[:2]
    keys = [box.partition("~")[0] for box in chosen]
    before = [get_ticket(site.ws, story.ADA, site.slug, key).content for key in keys]
    form = {**form_of(page, 'id="bulk"'), "ticket": chosen, "priority": "0", "add_labels": "q4, q4 , r"}
    status, headers, _ = browser.ask(at(site, "/bulk"), form)
    assert status == 303
    assert headers["location"].startswith(at(site, where.partition("?")[0]))
    after = [get_ticket(site.ws, story.ADA, site.slug, key).content for key in keys]
    assert [one.priority for one in after] == [0, 0]
    assert all({"q4", "r"} <= set(one.labels) for one in after)
    _, page = browser.text(headers["location"])
    assert "2 tickets changed." in page
    assert browser.ask(at(site, "/bulk/undo"), form_of(page, ">Undo<"))[0] == 303
    assert [get_ticket(site.ws, story.ADA, site.slug, key).content for key in keys] == before


def test_form_never_leads_out_of_the_project(site, browser):
    _, page = browser.text(at(site, "/backlog"))
    form = {**form_of(page, 'id="bulk"'), "ticket": boxes(page)[:1], "owner": "Jo"}
    for back in ("https://evil.example/", "//evil.example", "/p/other/backlog", "javascript:alert(1)"):
        _, headers, _ = browser.ask(at(site, "/bulk"), {**form, "back": back})
        if "location" in headers:
            assert headers["location"].startswith(at(site, "/backlog"))
        form["ticket"] = boxes(browser.text(at(site, "/backlog"))[1])[:1]


@pytest.mark.parametrize(
    "box", ["EXP-1", "EXP-1~", "EXP-1~x", "~3", "nonsense~3", "EXP-1~99999999999999999999"]
)
def test_box_that_the_page_never_had_is_refused_in_words(site, browser, box):
    token = browser.token(at(site, "/backlog"))
    status, _ = browser.text(at(site, "/bulk"), {"csrf_token": token, "ticket": box, "owner": "x"})
    assert status in (404, 409, 412, 422)


@pytest.mark.parametrize(
    "value",
    [
        "1-",
        "-",
        "0-0",
        "2-1",
        "9" * 400,
        "1-9999999999999999",
        "%C2%B2-%C2%B3",
        "%00",
        "%ff",
        "<b>-1",
        "../x",
    ],
)
def test_addresses_with_names_of_these_pages_stand_hostile_values(site, browser, value):
    for path in ("/backlog?undo=", "/experiments?undo=", "/t/new?type=", "/t/new?template="):
        status, page = browser.text(at(site, f"{path}{value}"))
        assert status in (200, 404, 422)
        assert "<b>-1" not in page
