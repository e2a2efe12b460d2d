"""The pages over HTTP: permissions, tokens, twins, sizes, answers to what is wrong."""

import gzip
import re
import urllib.error
import urllib.request
from http.cookiejar import CookieJar

import pytest

from assay.web import assets
from assay.web.permissions import Requires
from assay.web.routes import PAGE_TABLE
from assay.workflows.actor import Permission
from assay.workflows.tickets import get_ticket
from tests.faces.web import story

PAGES = (
    "", "/board", "/experiments", "/backlog", "/templates", "/t/new", "/t/EXP-1", "/t/EXP-4", "/t/EXP-5", "/t/EXP-6", "/t/EXP-5/decide", "/t/EXP-4/edit",
    "/t/EXP-5/move", "/runs", "/runs/mlflow:00000001", "/flow", "/planning", "/blockers?state=all", "/diagnosis", "/t/EXP-3/blockers", "/t/EXP-3",
    "/journal", "/search?q=retrieval", "/settings", "/webhooks", "/webhooks/team-chat", "/filters?owner=ada&page=board",
)  # fmt: skip


class Browser:
    """A browser without scripts: cookies, forms, no redirects unless asked."""

    def __init__(self, url):
        self.url = url
        self.opener = urllib.request.build_opener(
            urllib.request.HTTPCookieProcessor(CookieJar()), NoRedirect()
        )

    def ask(self, path, form=None, **headers):
        from urllib.parse import urlencode

        body = urlencode(form, doseq=True).encode() if form is not None else None
        request = urllib.request.Request(self.url + path, data=body, headers=headers)
        try:
            answer = self.opener.open(request, timeout=30)
        except urllib.error.HTTPError as error:
            answer = error
        with answer:
            return answer.status, answer.headers, answer.read()

    def text(self, path, form=None, **headers):
        status, _, body = self.ask(path, form, **headers)
        return status, body.decode()

    def token(self, path):
        return re.search(r'name="csrf-token" content="([^"]+)"', self.text(path)[1]).group(1)


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


@pytest.fixture
def browser(site):
    return Browser(site.url)


def at(site, path):
    return f"/p/{site.slug}{path}"


def test_every_route_names_its_permission():
    silent = [
        f"{sorted(route.methods)} {route.path}"
        for route in PAGE_TABLE.routes()
        if not any(isinstance(d.dependency, Requires) for d in route.dependencies)
    ]
    assert silent == []


def test_every_route_that_changes_something_asks_for_more_than_reading():
    harmless = {"/p/{slug}/t/check", "/p/{slug}/settings/appearance"}
    weak = [
        route.path
        for route in PAGE_TABLE.routes()
        if "POST" in route.methods and route.path not in harmless
        and any(isinstance(d.dependency, Requires) and d.dependency.permission in (None, Permission.READ) for d in route.dependencies)
    ]  # fmt: skip
    assert weak == []


@pytest.mark.parametrize("path", PAGES)
def test_page_has_no_inline_script_style_or_foreign_address(site, browser, path):
    status, html = browser.text(at(site, path))
    assert status == 200
    assert not re.search(r"<script(?![^>]*\bsrc=)", html)
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=", html)
    assert not re.search(r'(?:src|href|action)="(?:https?:)?//', html)


@pytest.mark.parametrize("path", PAGES)
def test_page_names_a_json_twin_that_answers(site, browser, path):
    _, html = browser.text(at(site, path))
    twin = re.search(r'<link rel="alternate" type="application/json" href="([^"]+)"', html)
    if twin is None:
        assert path in ("/t/new", "/t/EXP-4/edit", "/t/EXP-5/move")
        return
    status, headers, _ = browser.ask(twin.group(1).replace("&amp;", "&"))
    assert (status, headers["content-type"].partition(";")[0]) == (200, "application/json")


@pytest.mark.parametrize("path", PAGES)
def test_every_link_of_a_page_leads_somewhere(site, browser, path):
    _, html = browser.text(at(site, path))
    links = {link.replace("&amp;", "&").partition("#")[0] for link in re.findall(r'href="(/[^"]*)"', html)}
    dead = [link for link in sorted(links) if browser.ask(link)[0] not in (200, 303)]
    assert dead == []


def test_fragment_and_page_are_kept_apart_by_caches(site, browser):
    _, headers, _ = browser.ask(at(site, "/t/EXP-5/move"))
    assert "HX-Request" in headers["vary"]
    assert headers["cache-control"] == "no-store"
    whole, part = (
        browser.text(at(site, "/t/EXP-5/move")),
        browser.text(at(site, "/t/EXP-5/move"), **{"HX-Request": "true"}),
    )
    assert ["<html" in text for _, text in (whole, part)] == [True, False]
    assert all("Move EXP-5" in text for _, text in (whole, part))


def test_static_files_are_kept_for_good_and_compressed(browser):
    status, headers, body = browser.ask(assets.url("css/assay.css"), **{"Accept-Encoding": "gzip"})
    assert status == 200
    assert headers["cache-control"] == "public, max-age=31536000, immutable"
    assert headers["content-encoding"] == "gzip"
    assert gzip.decompress(body) == assets.assets()["css/assay.css"].body
    assert browser.ask("/static/0000/../../pyproject.toml")[0] in (404, 422)


def test_post_without_token_is_refused(site, browser):
    version = get_ticket(site.ws, story.ADA, site.slug, "EXP-1").version
    form = {"to": "hypothesis", "expected_version": str(version)}
    assert browser.text(at(site, "/t/EXP-1/move"), form)[0] == 403


def test_refused_move_answers_409_with_each_unmet_item(site, browser):
    token = browser.token(at(site, "/board"))
    _, page = browser.text(at(site, "/t/EXP-1/move?to=hypothesis"))
    version = re.search(r'name="expected_version" value="(\d+)"', page)[1]
    fields = {"to": "hypothesis", "expected_version": version, "csrf_token": token}
    status, html = browser.text(at(site, "/t/EXP-1/move"), fields)
    assert status == 409
    assert "The team agrees to run it this sprint" in html
    assert 'name="override_reason"' in html


def test_stale_move_answers_412_and_says_where_the_card_is(site, browser):
    token = browser.token(at(site, "/board"))
    status, html = browser.text(
        at(site, "/t/EXP-4/move"), {"to": "evaluation", "expected_version": "1", "csrf_token": token}
    )
    assert status == 412
    assert "It is now version" in html


@pytest.mark.parametrize("field", ["expected_version", "to", "before_key"])
@pytest.mark.parametrize("value", ["NaN", "-1", "9" * 40, "x" * 5000, "EXP-1' OR 1=1", "<b>", "٣"])
def test_malformed_move_is_refused_and_never_an_error(site, browser, field, value):
    token = browser.token(at(site, "/board"))
    form = {"to": "hypothesis", "csrf_token": token, field: value}
    assert browser.text(at(site, "/t/EXP-1/move"), form)[0] in (403, 404, 409, 412, 422)


@pytest.mark.parametrize(
    "path",
    [
        "/experiments?sort=nope",
        "/experiments?cursor=zzz",
        "/journal?before=-1",
        "/flow?days=0",
        "/flow?days=99999",
        "/flow?at=yesterday",
        "/flow?at=2031-01-01",
        "/flow?at=0001-01-01T00:00:00%2B14:00",
        "/board/changes?have=x",
        "/board/nope/cards",
        "/events?after=x",
        "/runs/nope",
        "/t/NOPE",
        "/board/backlog/cards?cursor=zzz",
    ],
)
def test_malformed_address_is_answered_in_words(site, browser, path):
    status, html = browser.text(at(site, path))
    assert status in (404, 422)
    assert 'id="error-details"' in html


def test_board_changes_are_nothing_when_nothing_changed(site, browser):
    _, html = browser.text(at(site, "/board"))
    have = ",".join(
        f"{stage}:{shown}:{digest}"
        for stage, digest, shown in re.findall(
            r'data-stage="(\w+)" data-digest="(\w+)" data-shown="(\d+)"', html
        )
    )
    assert browser.ask(at(site, f"/board/changes?have={have}"))[0] == 204
    status, changed = browser.text(
        at(site, f"/board/changes?have={have.replace(have.split(':')[2][:16], 'old', 1)}")
    )
    assert status == 200
    assert changed.count('class="col"') == 1


def test_first_load_of_a_full_board_with_all_assets_is_small(open_site):
    def tell(ws):
        told = story.Story(ws)
        for number in range(350):
            key = told.ticket(f"Idea {number}: shorter chunks for page {number * 7919 % 1000}")
            ws.store.write(lambda tx, key=key, number=number: place(tx, ws, told, key, number))
        return {}

    def place(tx, ws, told, key, number):
        project = tx.project(told.slug)
        stages = [stage.key for stage in project.settings.board.stages if not stage.hidden]
        tx.place_ticket(
            tx.ticket(project.id, key), stage=stages[number % 7], rank=float(number), at=ws.clock()
        )

    full = open_site(tell)
    browser = Browser(full.url)
    zipped = {"Accept-Encoding": "gzip"}
    _, _, body = browser.ask(at(full, "/board"), **zipped)
    html = gzip.decompress(body).decode()
    files = set(re.findall(r'(?:src|href)="(/static/[^"]+)"', html))
    total = len(body) + sum(len(browser.ask(file, **zipped)[2]) for file in files)
    assert html.count('class="card"') == 350
    assert total <= 150_000


def test_charts_are_loaded_where_a_chart_is(site, browser):
    assert "vendor/vega.js" not in browser.text(at(site, "/board"))[1]
    assert "vendor/vega.js" in browser.text(at(site, "/t/EXP-5"))[1]
    assert "vendor/vega.js" not in browser.text(at(site, "/t/EXP-1"))[1]


def fields_of(html):
    """The fields of the ticket form as a browser would send them back."""
    page = html.split('id="ticket-form"')[1].split("</form>")[0]
    found = dict(re.findall(r'<input[^>]*?name="([^"]+)"[^>]*?value="([^"]*)"', page))
    found |= dict(re.findall(r'<textarea[^>]*?name="([^"]+)"[^>]*>([^<]*)</textarea>', page))
    return {
        name: value for name, value in found.items() if name not in ("act", "need_ready", "kill_rules_off")
    }


def test_edit_that_came_second_keeps_what_was_typed_and_shows_what_stands_now(site, browser):
    import html as html_module

    _, page = browser.text(at(site, "/t/EXP-1/edit"))
    form = {name: html_module.unescape(value) for name, value in fields_of(page).items()}
    first, second = form | {"title": "First was faster"}, form | {"title": "Second typed this"}
    assert browser.ask(at(site, "/t/EXP-1/edit"), first)[0] == 303
    status, answer = browser.text(at(site, "/t/EXP-1/edit"), second)
    assert status == 412
    assert "Second typed this" in answer
    assert "First was faster" in answer
    assert re.search("EXP-1 changed meanwhile: Ada Noor changed [a-z, ]*title", answer)
    again = {name: html_module.unescape(value) for name, value in fields_of(answer).items()}
    assert browser.ask(at(site, "/t/EXP-1/edit"), again)[0] == 303
    assert get_ticket(site.ws, story.ADA, site.slug, "EXP-1").content.title == "Second typed this"


def test_edit_of_a_locked_criterion_asks_for_a_reason_and_then_amends(site, browser):
    import html as html_module

    _, page = browser.text(at(site, "/t/EXP-4/edit"))
    form = {name: html_module.unescape(value) for name, value in fields_of(page).items()} | {
        "primary": "accuracy >= 80%"
    }
    status, answer = browser.text(at(site, "/t/EXP-4/edit"), form)
    assert status == 422
    assert 'id="p-amendment_reason-1"' in answer
    status, headers, _ = browser.ask(
        at(site, "/t/EXP-4/edit"), form | {"amendment_reason": "The customer lowered the bar"}
    )
    assert (status, headers["location"]) == (303, at(site, "/t/EXP-4?done=amended"))
    _, shown = browser.text(at(site, "/t/EXP-4"))
    assert "after results" in shown
    assert "loosens" in shown
    assert "The customer lowered the bar" in shown


def test_form_without_its_version_says_so_on_top_of_the_form(site, browser):
    token = browser.token(at(site, "/board"))
    status, html = browser.text(at(site, "/t/EXP-2/edit"), {"title": "No version", "csrf_token": token})
    assert status == 422
    assert "expected_version" in html.split('id="ticket-form"')[0]


def test_markdown_of_a_stand_up_is_of_the_day_that_was_asked_for(site, browser):
    _, page = browser.text(at(site, "/standup?since=2026-05-01"))
    href = re.search(r'href="([^"]+)" download', page)[1].replace("&amp;", "&")
    assert href.endswith("/standup?format=markdown&since=2026-05-01")
    assert browser.text(href)[1].startswith("# Stand-up")
