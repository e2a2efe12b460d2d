"""The cadence on pages: settings, the questions, and what other pages ask for."""

import pytest

from tests.faces.web.test_board_settings import new_project
from tests.faces.web.test_routes import Browser


@pytest.fixture
def browser(site):
    return Browser(site.url)


def main_nav(html):
    return html.partition('aria-label="Main"')[2].partition("</nav>")[0]


def test_three_answers_recommend_a_cadence_that_one_click_chooses_and_pages_follow(browser):
    project = new_project(browser, "Rhythm")
    html = browser.text(f"{project}/settings?work=experiments")[1]
    assert "Kanban fits" in html
    assert "Work in Kanban" in html
    form = {"csrf_token": browser.token(f"{project}/settings"), "cadence": "kanban", "expected_version": "1"}
    status, headers, _ = browser.ask(f"{project}/settings/cadence", form)
    assert (status, headers["location"]) == (303, f"{project}/settings?done=saved")
    html = browser.text(f"{project}/sprints")[1]
    assert "This project works in Kanban." in html
    assert "none are needed" in html
    assert f'href="{project}/standup"' in main_nav(html)
    assert f'href="{project}/sprints"' not in main_nav(html)
    planning = browser.text(f"{project}/planning")[1]
    assert "Plan Sprint 1</button>" not in planning


def test_scrumban_keeps_sprints_and_takes_no_experiment_into_them(browser):
    project = new_project(browser, "Both")
    form = {
        "csrf_token": browser.token(f"{project}/settings"),
        "cadence": "scrumban",
        "expected_version": "1",
    }
    browser.ask(f"{project}/settings/cadence", form)
    html = browser.text(f"{project}/sprints")[1]
    assert "experiments and spikes flow over the board" in html
    assert f'href="{project}/sprints"' in main_nav(html)
    assert (
        "Pull the first of them" in browser.text(f"{project}/planning")[1] or "Commit to running" not in html
    )


def test_cadence_that_does_not_exist_is_named_on_the_page(browser):
    project = new_project(browser, "Odd")
    form = {
        "csrf_token": browser.token(f"{project}/settings"),
        "cadence": "waterfall",
        "expected_version": "1",
    }
    status, html = browser.text(f"{project}/settings/cadence", form)
    assert status == 422
    assert "expected one of: scrum, kanban, scrumban" in html
