"""The planning page: candidates in order, commitments that are asked about, places by hand, capacity; without a script."""

import re
from datetime import date

import pytest

from assay.domain.experiments.prediction import Effect, Prediction
from assay.domain.sprints.sprint import SprintContent
from assay.workflows.sprints import create_sprint, get_sprint
from assay.workflows.tickets import create_ticket, get_ticket
from tests.faces.web import story
from tests.faces.web.test_routes import Browser, at
from tests.support.axe import colour_violations, violations
from tests.unit.workflows.conftest import content

HOPEFUL = Prediction(
    chance="0.5",
    effect=Effect(low="0.1", mid="0.13", high="0.16"),
    person_days=4,
    training_days=2,
    evaluation_days=1,
)
DAYS = {"starts_on": date(2096, 5, 28), "ends_on": date(2096, 6, 8)}


def told(ws):
    keys = story.tell(ws)
    ideas = [
        create_ticket(ws, story.ADA, story.SLUG, content(title=f"Idea {number}", prediction=HOPEFUL)).key
        for number in range(4)
    ]
    return keys | {"ideas": ideas}


@pytest.fixture(scope="module")
def site(open_site):
    return open_site(told)


@pytest.fixture
def browser(site):
    return Browser(site.url)


@pytest.fixture(scope="module")
def sprint(site):
    made = create_sprint(site.ws, story.ADA, site.slug, SprintContent(name="Six", **DAYS))
    return made.sprint.number


def post(browser, site, path, **fields):
    token = browser.token(at(site, "/planning"))
    return browser.ask(at(site, f"/planning/{path}"), {"csrf_token": token, **fields})


def order(page):
    return re.findall(r"\d+\. ([A-Z]+-\d+)</span>", page)


def test_before_there_is_a_sprint_candidates_are_ranked_and_the_page_offers_to_plan_one(site, browser):
    status, page = browser.text(at(site, "/planning"))
    assert status == 200
    assert order(page)[:4] == site.keys["ideas"]
    assert "chance of accuracy &gt;= 85% (50% was said)" in page
    assert "Plan Sprint 1</button>" in page
    assert page.count("<b>none yet</b>") == 4
    assert "<b>0</b> asked for" not in page
    assert 'name="ticket" value="EXP' not in page.partition("<details")[0]


def test_chosen_candidates_are_committed_and_one_too_many_is_asked_about(site, browser, sprint):
    ideas = site.keys["ideas"]
    status, headers, _ = post(browser, site, "commit", number=sprint, ticket=ideas[:2])
    assert (status, "done=committed" in headers["location"]) == (303, True)
    status, _, page = post(browser, site, "commit", number=sprint, ticket=ideas[2:])
    assert status == 409
    assert "Sure? 4 experiments are more than the 3" in page.decode()
    status, _, _ = post(browser, site, "commit", number=sprint, ticket=ideas[2:], confirmed="yes")
    assert status == 303
    inside = get_sprint(site.ws, story.ADA, site.slug, sprint).commitments
    assert [made.key for made in inside] == ideas
    _, page = browser.text(at(site, "/planning"))
    assert f"{ideas[0]} is in the sprint" in page
    assert "<b>16</b>" in page  # person-days asked for


def test_overallocation_is_said_at_once(site, browser, sprint):
    number = {
        "number": sprint,
        "expected_version": get_sprint(site.ws, story.ADA, site.slug, sprint).sprint.version,
    }
    shares = {"people_data": "60", "people_exploration": "55"}
    assert post(browser, site, "capacity", **number, **shares, person_days="10", gpu_hours="100")[0] == 303
    _, page = browser.text(at(site, "/planning"))
    assert "115% of the person-days are shared out: 15% too much" in page
    status, _, page = post(browser, site, "capacity", **number, person_days="12")
    assert (status, "changed" in page.decode()) == (412, True)


def test_place_by_hand_needs_a_reason_and_is_given_back(site, browser):
    last = site.keys["ideas"][3]
    version = get_ticket(site.ws, story.ADA, site.slug, last).version
    named = {"ticket": last, "expected_version": version}
    status, _, page = post(browser, site, "place", **named, rank="1", reason="")
    assert (status, "reason" in page.decode()) == (422, True)
    assert post(browser, site, "place", **named, rank="1", reason="the regulator waits")[0] == 303
    _, page = browser.text(at(site, "/planning"))
    assert order(page)[0] == last
    assert "computed 4: the regulator waits" in page
    named["expected_version"] = version + 1
    assert post(browser, site, "place", **named, rank="", reason="")[0] == 303
    assert order(browser.text(at(site, "/planning"))[1])[:4] == site.keys["ideas"]


def test_second_view_is_by_cost_of_delay(site, browser):
    _, page = browser.text(at(site, "/planning?view=delay"))
    assert "Not ranked yet. It lacks business value, time criticality, risk reduction, job size." in page
    assert browser.ask(at(site, "/planning?per=nonsense"))[0] == 200


def test_page_is_exported_as_markdown_and_has_a_twin_in_json(site, browser):
    status, text = browser.text(f"/api/v1/projects/{site.slug}/planning/page?format=markdown")
    assert (status, text.startswith("# Plan ")) == (200, True)
    assert "## Candidates" in text
    assert "50% was said" in text
    status, twin = browser.text(f"/api/v1/projects/{site.slug}/planning/page")
    assert (status, '"candidates":' in twin) == (200, True)


@pytest.mark.browser
def test_planning_page_has_no_accessibility_faults_and_fits_a_phone(site, visit, sprint):
    page = visit(site.at("/planning"), bypass_csp=True)
    page.locator("details summary").first.click()
    light = violations(page)
    page.emulate_media(color_scheme="dark")
    assert (light, colour_violations(page)) == ([], [])
    page.set_viewport_size({"width": 390, "height": 844})
    page.wait_for_function("document.documentElement.scrollWidth <= 390")  # charts follow a moment later


@pytest.mark.browser
def test_sliders_say_at_once_what_is_shared_out_twice(site, visit, sprint):
    page = visit(site.at("/planning"))
    page.get_by_label("Person-days").fill("36")
    page.locator("#people-data").fill("60")
    page.locator("#people-exploration").fill("55")
    assert "15% too much" in page.locator("[data-shares=person_days] [data-sum]").inner_text()
    page.keyboard.press("Escape")


def test_candidates_further_down_are_on_further_pages_each_once(site, browser, monkeypatch):
    _, whole = browser.text(at(site, "/planning"))
    monkeypatch.setattr("assay.web.routes.planning.SHOWN", 2)
    address, found, pages = "/planning", [], 0
    while address:
        status, page = browser.text(at(site, address))
        assert (status, len(order(page)) <= 2) == (200, True)
        assert (">First page</a>" in page) == (pages > 0)
        found, pages = [*found, *order(page)], pages + 1
        further = re.search(r'href="([^"]+)" rel="next">Next page <small class="dim">\d+ further down', page)
        address = further and further[1].replace("&amp;", "&").removeprefix(f"/p/{site.slug}")
    assert found == order(whole)
    assert pages == (len(found) + 1) // 2 > 2
    assert "No candidate stands so far down." in browser.text(at(site, "/planning?after=1000"))[1]


@pytest.mark.browser
def test_markdown_is_fetched_and_copied_when_it_is_asked_for(site, visit):
    page = visit(site.at("/planning"))
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy").click()
    page.get_by_text("Copied.").wait_for()
    copied = page.evaluate("() => navigator.clipboard.readText()")
    answer = page.request.get(f"{site.url}/api/v1/projects/{site.slug}/planning/page?format=markdown")
    assert copied == answer.text()
    assert copied.startswith("# Plan ")
