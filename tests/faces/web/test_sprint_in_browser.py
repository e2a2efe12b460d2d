"""A whole sprint in a real browser, from the keyboard alone: plan, run, check, decide, review, look back."""

import re

import pytest

from assay.workflows.commitments import commit_tickets
from assay.workflows.projects import create_project
from assay.workflows.sprints import count_committed, create_sprint, end_sprint, start_sprint
from tests.faces.web import story
from tests.faces.web.keyboard import Keyboard
from tests.support.axe import colour_violations, violations

pytestmark = pytest.mark.browser

GOAL = "Know whether cited sources help."
EMPTY = (
    "sprints", "planning", "standup", "board", "backlog", "experiments", "runs", "gates", "blockers", "flow", "diagnosis",
    "canvas", "phase", "build-or-buy", "templates", "journal",
)  # fmt: skip
LEARNED = "Citing the source paragraph lifts trust and accuracy alike."


@pytest.fixture(scope="module")
def sprint_site(open_site):
    return open_site(story.tell)


def done(page, word):
    page.wait_for_url(re.compile(f"done={word}"))


def plan(site, page, keys):
    """Create, rank, commit, share out, start."""
    page.goto(site.at("/board"))
    keys.jump("Sprints", "/sprints")
    assert "Plan the first one" in page.locator("main").inner_text()
    keys.skip()
    keys.fill(page.get_by_label("Goal"), GOAL)
    keys.use(page.get_by_role("button", name="Plan it"))
    done(page, "planned")

    keys.press("n")
    page.wait_for_url(re.compile(r"/planning(\?|#|$)"))
    ranked = site.keys["next"]
    keys.skip()
    keys.use(page.locator("summary", has_text=f"of {ranked}"))
    keys.fill(page.locator(f"#rank-{ranked}"), "1")
    keys.fill(page.locator(f"#why-{ranked}"), "The regulator waits for it.")
    keys.press("Enter")
    done(page, "saved")
    assert page.locator(".plan-table .lead .mono").first.inner_text() == f"1. {ranked}"

    keys.skip()
    keys.reach(page.get_by_label(f"Commit to running {ranked}", exact=True))
    keys.press("Space")
    keys.use(page.get_by_role("button", name="Commit to running the chosen"))
    done(page, "committed")
    for name in ("clear", "running"):
        keys.skip()
        keys.fill(page.get_by_label("Take in by its key"), site.keys[name].lower())
        keys.press("Enter")
        page.locator("#inside .mono", has_text=site.keys[name]).wait_for()
    keys.skip()
    keys.fill(page.get_by_label("Take in by its key"), site.keys["fresh"])
    keys.press("Enter")
    page.get_by_text("Sure? 4 experiments are more than the 3").wait_for()
    keys.skip()
    keys.use(page.get_by_role("link", name="No", exact=True))
    page.wait_for_url(re.compile(r"/planning(\?|#|$)"))

    keys.skip()
    keys.fill(page.get_by_label("Person-days"), "36")
    keys.reach(page.locator("#people-exploration"))
    keys.press(*["PageUp"] * 5, *["ArrowRight"] * 5)
    keys.reach(page.locator("#people-data"))
    keys.press(*["PageUp"] * 6)
    assert "15% too much" in page.locator("[data-shares=person_days] [data-sum]").inner_text()
    keys.use(page.get_by_role("button", name="Save capacity"))
    done(page, "saved")
    assert "115% of the person-days are shared out" in page.locator("main").inner_text()
    keys.skip()
    keys.use(page.get_by_role("button", name="Start sprint"))
    done(page, "sprint-started")

    keys.skip()
    keys.reach(page.get_by_label("Demo at the review"))
    keys.type(site.keys["clear"])
    keys.use(page.get_by_role("button", name="Save the plan"))
    done(page, "saved")
    assert page.get_by_label("Demo at the review").input_value() == site.keys["clear"]


def meet_and_work(site, page, keys):
    """Stand-up, the board with a blocker that comes and goes, the mid-sprint check with a flag."""
    moved = site.keys["next"]
    keys.jump("Stand-up", "/standup")
    assert page.locator("#next .mono").inner_text() == moved
    assert "runs finished" in page.locator("#runs").inner_text()
    keys.press("f")
    assert page.locator("body.shared").count() == 1
    keys.press("Escape", "t")
    page.get_by_role("button", name="Pause").wait_for()

    keys.jump("Board", "/board")
    assert page.get_by_role("link", name="Sprint 1").count() == 1
    card = page.locator(f"#card-{moved}")
    for _ in range(20):
        keys.press("j")
        if page.evaluate("document.activeElement.closest('.card')?.dataset.key") == moved:
            break
    keys.press("Shift+ArrowRight")
    page.locator(f"#col-hypothesis #card-{moved}").wait_for()
    page.wait_for_function("key => document.activeElement.closest('.card')?.dataset.key === key", arg=moved)
    keys.press("b")
    keys.page.locator("dialog[open]").wait_for()
    keys.type("Data")
    keys.fill(page.get_by_label("What is in the way?"), "A tenth of the answers has no source")
    keys.press("Enter")
    card.locator(".badge").wait_for()
    page.wait_for_function("key => document.activeElement.closest('.card')?.dataset.key === key", arg=moved)
    keys.press("b")
    page.wait_for_function("() => document.activeElement.name === 'resolution'")
    keys.type("Written down")
    keys.press("Enter")
    card.locator(".badge").wait_for(state="detached")

    keys.jump("Stand-up", "/standup")
    keys.press("n")
    page.locator(".verdict", has_text="Half time is on").wait_for()
    assert page.locator("#neither li .mono").all_inner_texts() == [moved]
    keys.skip()
    keys.use(page.locator("#neither summary"))
    keys.fill(page.locator(f"#extension-{moved}"), "Two more seeds settle it.")
    keys.press("Enter")
    done(page, "flagged")
    assert page.url.partition("?")[0].endswith("/sprints/1/check")
    assert "Needs longer: Two more seeds settle it" in page.locator("#flagged").inner_text()


def decide_and_review(site, page, keys):
    """A decision with its learnings, the review, the end."""
    page.goto(site.ticket("clear"))
    keys.press("d")
    page.wait_for_url("**/decide")
    keys.skip()
    keys.reach(page.get_by_role("radio", name=re.compile("^Promote")))
    keys.press("Space")
    keys.fill(page.get_by_label("What did we learn?"), LEARNED)
    keys.use(page.get_by_role("button", name="Record the decision"))
    done(page, "decided")

    keys.jump("Stand-up", "/standup")
    keys.press("n")
    page.wait_for_url("**/check")
    keys.press("n")
    page.wait_for_url("**/review")
    assert "1 answer: 0 killed, 1 promoted." in page.locator("main").inner_text()
    assert LEARNED in page.locator("#learned").inner_text()
    assert page.locator("#demo .mono").inner_text() == site.keys["clear"]

    page.goto(site.at("/sprints/1"))
    page.locator("[data-chart*='sprint-1-burn'][data-drawn='yes']").wait_for()
    keys.skip()
    keys.use(page.get_by_role("button", name="End sprint"))
    done(page, "sprint-ended")


def look_back_and_plan_again(site, page, keys):
    """Notes and the one improvement are saved at once; the next sprint carries over, its retro opens with the improvement."""
    keys.skip()
    keys.use(page.get_by_role("link", name="Retro"))
    page.wait_for_url("**/retro")
    keys.skip()
    keys.fill(page.get_by_label("Went well"), "The kill came early.")
    keys.fill(page.get_by_label("What will be done"), "Log the seed of every run")
    keys.press("Enter")
    done(page, "improvement")
    assert "Log the seed of every run" in page.locator("#improvement").inner_text()
    assert page.get_by_label("Went well").input_value() == "The kill came early."

    keys.jump("Sprints", "/sprints")
    page.locator("[data-chart*='sprint-rates'][data-drawn='yes']").wait_for()
    keys.skip()
    keys.use(page.get_by_role("button", name="Plan it"))
    done(page, "planned")
    inside = page.locator("main .panel .list").first.inner_text()
    assert (site.keys["clear"] in inside, site.keys["next"] in inside) == (False, True)
    keys.skip()
    keys.use(page.get_by_role("link", name="Retro"))
    page.locator(".verdict", has_text="not done: Log the seed of every run").wait_for()


def faults(page, *urls):
    """What axe finds on these pages with everything open that is folded."""
    found = {}
    for url in urls:
        page.goto(url)
        page.evaluate("for (const one of document.querySelectorAll('main details')) one.open = true")
        page.wait_for_timeout(100)
        found[url] = violations(page)
    return {url: said for url, said in found.items() if said}


def test_pages_of_a_project_without_tickets_have_no_accessibility_faults(sprint_site, visit):
    create_project(sprint_site.ws, story.ADA, slug="empty", name="Empty")
    page = visit(f"{sprint_site.url}/keys", bypass_csp=True)
    around = [f"{sprint_site.url}/{path}" for path in ("keys", "projects/new", "p/empty/t/EXP-9")]
    assert faults(page, *around, *(f"{sprint_site.url}/p/empty/{name}" for name in EMPTY)) == {}


@pytest.fixture
def sprints_made(sprint_site):
    """One sprint that is over and one that is planned: those of the test before, or made here where it did not run."""
    ws, slug = sprint_site.ws, story.SLUG
    if not count_committed(ws, story.ADA, slug):
        create_sprint(ws, story.ADA, slug)
        commit_tickets(ws, story.ADA, slug, 1, [sprint_site.keys["running"]])
        start_sprint(ws, story.ADA, slug, 1, expected_version=None)
        end_sprint(ws, story.ADA, slug, 1, expected_version=None)
        create_sprint(ws, story.ADA, slug)
    return sprint_site


def test_whole_sprint_is_run_from_the_keyboard(sprint_site, visit):
    page = visit(sprint_site.at("/board"))
    keys = Keyboard(page)
    plan(sprint_site, page, keys)
    meet_and_work(sprint_site, page, keys)
    decide_and_review(sprint_site, page, keys)
    look_back_and_plan_again(sprint_site, page, keys)


@pytest.mark.parametrize(
    "path",
    ["/sprints", "/sprints/1", "/standup", "/sprints/1/check", "/sprints/1/review", "/sprints/1/retro"],
)
def test_page_of_a_sprint_has_no_accessibility_faults_and_fits_a_phone(sprints_made, visit, path):
    page = visit(sprints_made.at(path), bypass_csp=True)
    light = violations(page)
    page.emulate_media(color_scheme="dark")
    assert (light, colour_violations(page)) == ([], [])
    page.set_viewport_size({"width": 390, "height": 844})
    page.wait_for_function("document.documentElement.scrollWidth <= 390")  # charts follow a moment later


def test_pages_of_a_planned_and_of_a_running_sprint_have_no_accessibility_faults(sprints_made, visit):
    site = sprints_made
    page = visit(site.at("/sprints"), bypass_csp=True)
    assert faults(page, *map(site.at, ("/sprints/2", "/planning", "/sprints/2/check"))) == {}
    start_sprint(site.ws, story.ADA, site.slug, 2, expected_version=None)
    page.emulate_media(color_scheme="dark")
    running = ("/sprints/2", "/planning", "/standup", "/sprints/2/check", "/sprints/2/review")
    assert faults(page, *map(site.at, running)) == {}
    page.keyboard.press("f")
    assert violations(page) == []


def test_sprint_is_planned_without_javascript(sprint_site, visit):
    page = visit(sprint_site.at("/sprints"), js=False)
    page.get_by_label("Goal").fill("Without scripts.")
    page.get_by_role("button", name="Plan it").click()
    done(page, "planned")
    assert "Without scripts." in page.locator("main").inner_text()
