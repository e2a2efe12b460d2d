"""A whole sprint in a real browser: plan it, take tickets in, run, check, decide, review, look back."""

import re

import pytest

from tests.faces.web import story
from tests.faces.web.test_pages_in_browser import violations

pytestmark = pytest.mark.browser

GOAL = "Know whether cited sources help."


@pytest.fixture(scope="module")
def sprint_site(open_site):
    return open_site(story.tell)


def done(page, word):
    page.wait_for_url(re.compile(f"done={word}"))


def take_in(page, key):
    page.locator("#ticket").select_option(key)
    page.get_by_role("button", name="Take in", exact=True).click()


def test_sprint_is_planned_run_decided_reviewed_and_looked_back_on(sprint_site, visit):
    site = sprint_site
    page = visit(site.at("/sprints"))
    assert "Plan the first one" in page.locator("main").inner_text()
    page.get_by_label("Goal").fill(GOAL)
    page.get_by_role("button", name="Plan it").click()
    done(page, "planned")

    for name in ("clear", "running", "next"):
        take_in(page, site.keys[name])
        done(page, "committed")
    take_in(page, site.keys["fresh"])
    page.get_by_text("Sure? 4 experiments are more than the 3").wait_for()
    page.get_by_role("link", name="No", exact=True).click()

    page.get_by_label("Person-days").fill("36")
    page.locator("#people-data").fill("60")
    page.locator("#people-exploration").fill("55")
    assert "15% too much" in page.locator("[data-shares=person_days] [data-sum]").inner_text()
    page.get_by_label("Demo at the review").select_option(site.keys["clear"])
    page.get_by_role("button", name="Save the plan").click()
    done(page, "saved")
    assert "115% of the person-days are shared out" in page.locator("main").inner_text()
    page.get_by_role("button", name="Start sprint").click()
    done(page, "sprint-started")

    page.get_by_role("link", name="Stand-up").click()
    page.wait_for_url(re.compile("/standup$"))
    assert page.locator("#next .mono").inner_text() == site.keys["next"]
    assert "runs finished" in page.locator("#runs").inner_text()
    page.keyboard.press("f")
    assert page.locator("body.shared").count() == 1
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Start", exact=True).click()
    page.get_by_role("button", name="Pause").wait_for()

    page.get_by_role("link", name="Mid-sprint check").click()
    page.locator(".verdict", has_text="Half time is on").wait_for()
    assert page.locator("#neither li .mono").all_inner_texts() == [site.keys["next"]]

    page.goto(site.ticket("clear", "/decide"))
    page.get_by_role("radio", name=re.compile("^Promote")).check()
    page.locator("textarea[name=learnings]").fill(
        "Citing the source paragraph lifts trust and accuracy alike."
    )
    page.get_by_role("button", name=re.compile("Record")).click()
    page.wait_for_url(re.compile("done=decided"))

    page.goto(site.at("/sprints/1/review"))
    assert "1 answer: 0 killed, 1 promoted." in page.locator("main").inner_text()
    assert "Citing the source paragraph lifts trust" in page.locator("#learned").inner_text()
    assert page.locator("#demo .mono").inner_text() == site.keys["clear"]

    page.goto(site.at("/sprints/1"))
    page.locator("[data-chart*='sprint-1-burn'][data-drawn='yes']").wait_for()
    page.get_by_role("button", name="End sprint").click()
    done(page, "sprint-ended")
    page.get_by_role("link", name="Retro").click()
    page.get_by_label("Went well").fill("The kill came early.")
    page.get_by_role("button", name="Save").click()
    done(page, "saved")
    page.get_by_label("What will be done").fill("Log the seed of every run")
    page.get_by_role("button", name="Make the ticket").click()
    done(page, "improvement")
    assert "Log the seed of every run" in page.locator("#improvement").inner_text()

    page.goto(site.at("/sprints"))
    page.locator("[data-chart*='sprint-rates'][data-drawn='yes']").wait_for()
    page.get_by_role("button", name="Plan it").click()
    done(page, "planned")
    assert site.keys["clear"] not in page.locator("main .panel .list").first.inner_text()
    page.get_by_role("link", name="Retro").click()
    assert "not done: Log the seed of every run" in page.locator("main").inner_text()


@pytest.mark.parametrize(
    "path",
    ["/sprints", "/sprints/1", "/standup", "/sprints/1/check", "/sprints/1/review", "/sprints/1/retro"],
)
def test_page_of_a_sprint_has_no_accessibility_faults_and_fits_a_phone(sprint_site, visit, path):
    page = visit(sprint_site.at(path), bypass_csp=True)
    light = violations(page)
    page.emulate_media(color_scheme="dark")
    assert (light, violations(page)) == ([], [])
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_sprint_is_planned_without_javascript(sprint_site, visit):
    page = visit(sprint_site.at("/sprints"), js=False)
    page.get_by_label("Goal").fill("Without scripts.")
    page.get_by_role("button", name="Plan it").click()
    done(page, "planned")
    assert "Without scripts." in page.locator("main").inner_text()
