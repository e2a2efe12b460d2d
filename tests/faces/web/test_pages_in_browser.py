"""Every page in a real browser: light, dark, phone, without JavaScript, with hostile text."""

import re

import pytest

from assay.workflows.tickets import get_ticket
from tests.faces.web import story
from tests.support.axe import colour_violations, violations

pytestmark = pytest.mark.browser

PAGES = {
    "overview": "",
    "inbox": "/inbox?who=grace",
    "board": "/board",
    "lanes": "/board?lanes=owner",
    "backlog": "/backlog",
    "templates": "/templates",
    "experiments": "/experiments",
    "new": "/t/new",
    "runs": "/runs",
    "run": "/runs/mlflow:00000001",
    "compare": "/compare",
    "flow": "/flow",
    "flow tickets": "/flow/tickets",
    "kill stale": "/flow/stale",
    "planning": "/planning",
    "blockers": "/blockers?state=all",
    "filters": "/filters?owner=ada&page=board",
    "diagnosis": "/diagnosis",
    "blocked": "/t/EXP-3/blockers",
    "canvas": "/canvas",
    "build-or-buy": "/build-or-buy",
    "phase": "/phase",
    "backtest": "/backtest",
    "state": "/state",
    "canvas-form": "/canvas/edit",
    "journal": "/journal",
    "search": "/search?q=retrieval",
    "settings": "/settings",
    "webhooks": "/webhooks",
    "webhook": "/webhooks/team-chat",
    "history": "/history",
    "promote": "/t/EXP-5",
    "broken": "/t/EXP-7",
    "draft": "/t/EXP-1",
    "decide": "/t/EXP-5/decide",
    "edit": "/t/EXP-4/edit",
    "move": "/t/EXP-5/move",
}


@pytest.mark.parametrize("name", PAGES)
def test_page_has_no_accessibility_faults_in_light_and_dark_and_fits_a_phone(site, visit, name):
    page = visit(site.at(PAGES[name]), bypass_csp=True)
    page.wait_for_timeout(150)
    light = violations(page)
    page.emulate_media(color_scheme="dark")
    page.wait_for_timeout(150)
    assert (light, colour_violations(page)) == ([], [])
    page.set_viewport_size({"width": 390, "height": 844})
    page.wait_for_function("document.documentElement.scrollWidth <= 390")  # charts follow a moment later


@pytest.mark.parametrize("name", PAGES)
def test_page_works_without_javascript(site, visit, name):
    page = visit(site.at(PAGES[name]), js=False)
    assert page.locator("main h1").count() == 1


def test_page_in_dark_has_a_dark_ground(site, visit):
    page = visit(site.at("/board"), dark=True)
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(18, 20, 22)"


def test_appearance_chosen_is_kept_over_the_system(site, visit):
    page = visit(site.at("/settings"), dark=True)
    page.get_by_label("Light", exact=True).check()
    page.locator("#appearance").get_by_role("button", name="Use").click()
    page.wait_for_url(re.compile("done=saved"))
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(246, 245, 242)"


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_ticket_chart_is_drawn_under_the_strict_policy(site, visit, dark):
    page = visit(site.ticket("clear"), dark=dark)
    page.wait_for_selector("[data-drawn=yes]")
    assert page.locator("[data-chart] svg").count() == 1
    assert "target 85.0%" in page.locator("[data-chart] svg").text_content()


def test_ticket_chart_marks_values_that_are_no_numbers(site, visit):
    page = visit(site.ticket("broken"))
    page.wait_for_selector("[data-drawn=yes]")
    assert "not a number" in page.locator("[data-chart] svg").text_content()


def test_overview_chart_is_drawn(site, visit):
    page = visit(site.at(""))
    page.wait_for_selector("[data-drawn=yes]")
    assert page.locator("[data-chart] svg").count() == 1


def test_charts_of_the_back_test_are_drawn_under_the_strict_policy(site, visit):
    page = visit(site.at("/backtest?wait=yes"))
    page.wait_for_selector("[data-chart*='backtest/rules'][data-drawn=yes]")
    page.wait_for_selector("[data-chart*='backtest/values'][data-drawn=yes]")
    assert "limit 5%" in page.locator("[data-chart*='backtest/rules'] svg").text_content()


def test_point_of_the_flow_chart_opens_its_ticket(site, visit):
    page = visit(site.at("/flow"))
    page.locator("[data-chart*='flow-cycles'] [aria-roledescription='circle']").first.click()
    page.wait_for_url(re.compile(r"/t/EXP-\d+$"))


def test_form_criterion_in_error_points_at_the_character_while_typing(site, visit):
    page = visit(site.at("/t/new"))
    page.locator("#title").fill("Reranking of search results")
    page.locator("#primary").fill("accuracy >= 85")
    page.wait_for_selector("#check pre.caret")
    pointer = page.locator("#check pre.caret").text_content()
    assert pointer.splitlines() == ["accuracy >= 85", "            ^^"]
    assert "accuracy >= 85%" in page.locator("#check").inner_text()


def test_form_shows_what_was_tried_before_while_typing(site, visit):
    page = visit(site.at("/t/new"))
    page.locator("#title").fill("Long context model, no retrieval at all")
    page.wait_for_selector("#check >> text=Tried before")
    said = page.locator("#check").inner_text()
    assert site.keys["loser"] in said
    assert "both say: context, retrieval" in said


def test_settings_say_for_whom_a_change_of_alpha_holds(site, visit):
    closed = {"killed"}
    tickets = [get_ticket(site.ws, story.ADA, site.slug, key) for key in site.keys.values()]
    kept = sum(ticket.lock is not None and ticket.stage not in closed for ticket in tickets)
    assert kept > 1
    page = visit(site.at("/settings"))
    hint = page.locator("#locks-note").inner_text()
    assert hint == (
        f"A change holds for tickets that are locked from then on; {kept} locked tickets keep their own."
    )
    assert page.locator("#alpha").get_attribute("aria-describedby") == "locks-note"


def test_form_shows_nothing_tried_before_for_numbers_and_small_words(site, visit):
    page = visit(site.at("/t/new"))
    page.locator("#title").fill("The model with at least 85 points after 50,000 more")
    page.locator("#primary").fill("accuracy >= 85%")
    page.wait_for_selector("#check .criterion")
    assert "Tried before" not in page.locator("#check").inner_text()


def test_ticket_written_without_javascript_is_there(site, visit):
    page = visit(site.at("/t/new"), js=False)
    page.locator("#title").fill("Written without a script")
    page.locator("#hypothesis").fill("It works as a plain form.")
    page.locator("#primary").fill("accuracy >= 85%")
    page.locator("#kill").fill("compute > 2x budget")
    page.get_by_role("button", name="Create ticket").click()
    page.wait_for_url(re.compile(r"/t/EXP-\d+\?done=created"))
    assert page.locator("h1").inner_text() == "Written without a script"
    assert "Ticket created." in page.locator("main").inner_text()


def test_form_with_an_error_keeps_everything_typed_without_javascript(site, visit):
    page = visit(site.at("/t/new"), js=False)
    page.locator("#title").fill("Half done")
    page.locator("#primary").fill("acuracy >= 85%")
    page.locator("#gpu_hours").fill("lots")
    page.get_by_role("button", name="Create ticket").click()
    text = page.locator("main").inner_text()
    assert "2 fields need another look. Nothing was saved." in text
    assert page.locator("#title").input_value() == "Half done"
    assert page.locator("#primary").input_value() == "acuracy >= 85%"
    assert "^^^^^^^" in page.locator("pre.caret").first.text_content()


def test_metric_declared_inside_the_form_keeps_what_was_typed(site, visit):
    page = visit(site.at("/t/new"), js=False)
    page.locator("#title").fill("Needs a new metric")
    page.locator("#primary").fill("f1 >= 80%")
    page.locator("summary", has_text="Declare a metric").click()
    page.locator("#metric_name").fill("f1")
    page.get_by_role("button", name="Declare this metric").click()
    assert "Metric f1 is declared" in page.locator("main").inner_text()
    assert page.locator("#title").input_value() == "Needs a new metric"
    assert page.locator("#primary").input_value() == "f1 >= 80%"


def test_card_moved_without_javascript_from_its_menu(site, visit):
    page = visit(site.at("/board"), js=False, width=1720)
    key = site.keys["next"]
    page.locator(f"#card-{key} [data-move]").click()
    page.get_by_role("button", name="Try anyway").click()
    assert f"{key} was not moved to Hypothesis" in page.locator("main").inner_text()
    page.locator("#override-reason").fill("Agreed on the phone")
    page.get_by_role("button", name="Override and move").click()
    page.wait_for_url(re.compile("/board\\?done=overridden"))
    assert page.locator(f"#col-hypothesis #card-{key}").count() == 1


def test_decision_that_differs_asks_for_the_reason(site, visit):
    page = visit(site.ticket("clear", "/decide"))
    reason = page.locator("#reason")
    assert not reason.is_visible()
    page.get_by_role("radio", name=re.compile("^Kill")).check()
    assert reason.is_visible()


def test_decision_without_learnings_is_refused_beside_the_form(site, visit):
    page = visit(site.ticket("clear", "/decide"), js=False)
    page.locator("#learnings").fill("n/a")
    page.get_by_role("button", name="Record the decision").click()
    assert "at least one sentence" in page.locator("[role=alert]").inner_text()
    assert page.locator("#learnings").input_value() == "n/a"


def test_missing_ticket_says_so_and_offers_details(site, visit):
    page = visit(site.at("/t/EXP-999"))
    assert page.locator("h1").inner_text() == "Nothing here"
    assert "ticket-unknown" in page.locator("#error-details").inner_text()


def test_journal_verified_from_the_page_holds(site, visit):
    page = visit(site.at("/journal"))
    page.get_by_role("button", name="Verify").click()
    page.wait_for_selector("text=The journal holds")


HOSTILE = [
    "<img src=x onerror=window.pwned=1>",
    "<script>window.pwned=1</script>",
    "{{7*7}}${7*7}",
    '"><svg onload=window.pwned=1>',
    "' onmouseover='window.pwned=1",
    "</title><script>window.pwned=1</script>",
    "שלום <b>עולם</b> 123",
    "W" * 200,
    "javascript:window.pwned=1",
]


def tell_hostile(ws):
    told = story.Story(ws, name="<b onclick=window.pwned=1>Bold</b>")
    keys = {}
    for number, text in enumerate(HOSTILE):
        key = told.ticket(text[:200], hypothesis=text, method=text, owner=text[:80], labels=(text[:60],))
        told.note(key, text)
        keys[f"h{number}"] = key
    first = keys["h0"]
    told.start(first)
    told.runs(first, [0.86, 0.87, 0.88], name="\u202e<img src=x onerror=window.pwned=1>")
    told.decide(
        first,
        "kill",
        "<img src=x onerror=window.pwned=1> taught us a lot",
        reason="<script>window.pwned=1</script>",
    )
    return keys


@pytest.fixture(scope="module")
def hostile_site(open_site):
    return open_site(tell_hostile)


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/board",
        "/experiments",
        "/runs",
        "/runs/mlflow:00000001",
        "/journal",
        "/search?q=img",
        "/t/EXP-1",
        "/t/EXP-1/edit",
        "/t/EXP-8",
        "/t/EXP-2/decide",
        "/settings",
    ],
)
def test_hostile_text_is_shown_as_text(hostile_site, visit, path):
    page = visit(hostile_site.at(path))
    page.wait_for_timeout(250)
    assert page.evaluate("window.pwned") is None
    assert "49$" not in page.locator("main").inner_text()
    wide = visit(hostile_site.at(path), width=390, height=844)
    assert wide.evaluate("document.documentElement.scrollWidth") <= 390


def tell_nothing(ws):
    return {}


def test_first_visit_offers_a_project_and_three_lines(open_site, visit):
    empty = open_site(tell_nothing)
    page = visit(empty.url + "/")
    assert "assay connect mlflow" in page.locator("#three-lines").inner_text()
    page.get_by_label("Name of the project").fill("My first project")
    page.get_by_role("button", name="Create project").click()
    page.wait_for_url(re.compile("/p/my-first-project/board"))
    assert "Write the first ticket" in page.locator("main").inner_text()
    for path in ("", "/experiments", "/runs", "/journal", "/search", "/settings"):
        page.goto(f"{empty.url}/p/my-first-project{path}")
        assert page.locator("h1").count() == 1
