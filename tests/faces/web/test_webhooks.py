"""Webhooks in the browser: added with a secret shown once, tried, changed, what failed is shown and sent again."""

import re

import pytest

from tests.faces.web.story_webhooks import ERROR
from tests.faces.web.test_board_settings import new_project
from tests.faces.web.test_routes import Browser, at

PUBLIC = "https://93.184.215.14/hooks/canary-path"


@pytest.fixture
def browser(site):
    return Browser(site.url)


def fields(browser, path, **more):
    return {"csrf_token": browser.token(path), "event": "card.moved", "form": "json", **more}


def test_secret_of_a_new_webhook_is_shown_once_and_its_address_never(site, browser):
    project = new_project(browser, "Told")
    page = f"{project}/webhooks"
    assert "No webhooks yet" in browser.text(page)[1]
    status, html = browser.text(page, fields(browser, page, name="chat", url=PUBLIC))
    [secret] = re.findall(r'<code id="webhook-secret">(assay_whsec_[\w-]{43})</code>', html)
    assert (status, "https://93.184.215.14/..." in html) == (200, True)
    for later in (page, f"{page}/chat", f"{project}/settings", f"{project}/journal"):
        shown = browser.text(later)[1]
        assert "93.184.215.14" in shown
        assert [word for word in (secret, "canary-path") if word in shown] == []
    version = re.search(r'name="expected_version" value="(\d+)"', browser.text(f"{page}/chat")[1])[1]
    changed = fields(browser, page, expected_version=version, new_secret="yes")
    again = browser.text(f"{page}/chat", changed)[1]
    assert re.search(r'<code id="webhook-secret">(assay_whsec_[\w-]{43})</code>', again)[1] != secret
    assert browser.ask(f"{page}/chat", changed)[0] == 412
    assert browser.ask(f"{page}/chat/remove", fields(browser, page))[0] == 303
    assert browser.ask(f"{page}/chat")[0] == 404


def test_what_is_wrong_with_a_webhook_is_said_beside_what_was_typed(site, browser):
    page = at(site, "/webhooks")
    for changes, said in (
        ({"url": "https://127.0.0.1/x"}, "not on the public Internet"),
        ({"name": "Team Chat"}, "not a name"),
        ({"name": "team-chat"}, "the project has one of this name"),
        ({"event": ""}, "no event"),
    ):
        status, html = browser.text(page, fields(browser, page, **{"name": "chat", "url": PUBLIC} | changes))
        assert (status in (409, 422), said in html) == (True, True)
        assert f'value="{changes.get("name", "chat")}"' in html


def test_given_up_delivery_is_shown_with_its_reason_and_sent_again(site, browser):
    page = at(site, "/webhooks/team-chat")
    settings = browser.text(at(site, "/settings"))[1].partition('id="webhooks"')[2].partition("</section>")[0]
    assert ("Fails, 4 times in a row" in settings, "1 given up" in settings, ERROR in settings) == (True,) * 3
    html = browser.text(page)[1]
    assert html.count("Send again</button>") == 3
    assert re.search(rf'<code class="wrap" id="e-[^"]+">{ERROR}</code> <button[^>]* data-copy="e-', html)
    only = browser.text(f"{page}?state=parked")[1]
    assert only.count("Send again</button>") == 1
    [delivery] = re.findall(r'name="delivery" value="([^"]+)"', only)
    status, headers, _ = browser.ask(f"{page}/retry", fields(browser, page, delivery=delivery))
    assert (status, headers["location"].partition("?")[0]) == (303, page)
    assert "None is given up." in browser.text(f"{page}?state=parked")[1]
    assert browser.ask(f"{page}/retry", fields(browser, page, delivery="none"))[0] == 404


def test_test_says_what_came_of_it(site, browser):
    page = at(site, "/webhooks/team-chat")
    status, html = browser.text(f"{page}/test", fields(browser, page))
    assert (status, "The test did not arrive: cannot send to" in html) == (200, True)


def test_webhook_is_switched_off_and_on(site, browser):
    page = at(site, "/webhooks/team-chat")
    for on, shown in (("no", "Switch on"), ("yes", "Switch off")):
        version = re.search(r'name="expected_version" value="(\d+)"', browser.text(page)[1])[1]
        sent = fields(browser, page, on=on, expected_version=version)
        assert browser.ask(f"{page}/switch", sent)[0] == 303
        assert shown in browser.text(page)[1]
