"""The experiment page as people read it: numbers in the words of their criteria, nothing squeezed, nothing hidden."""

import re

import pytest

from assay.domain.experiments.experiment import LinkKind, TicketContent
from assay.domain.kernel.ids import TicketType
from assay.workflows.links import link_tickets
from assay.workflows.ticket_page import ticket_page
from assay.workflows.tickets import create_ticket
from tests.faces.web import story

pytestmark = pytest.mark.browser


def boxes(page, selector):
    return [box for box in (found.bounding_box() for found in page.locator(selector).all()) if box]


@pytest.mark.parametrize("width", [1100, 1280, 1440])
def test_criterion_keeps_room_beside_its_numbers(site, visit, width):
    page = visit(site.ticket("compared"), width=width)
    for row in page.locator("tbody.finding").all():
        criterion = row.locator("td.lead").first.bounding_box()
        assert criterion["width"] >= 180
        assert row.locator(".criterion").bounding_box()["height"] < 66
    overflow = page.locator(".scroll:has(tbody.finding)").evaluate("box => box.scrollWidth - box.clientWidth")
    assert overflow <= 0


def test_finding_says_points_and_relative_change_apart(site, visit):
    page = visit(site.ticket("compared"))
    said = page.locator("tbody.finding").all_inner_texts()
    assert "+6.0 points" in said[0]
    assert re.search(r"\+\d\.\d to \+\d\.\d points", said[0])
    assert "+7.5% relative" in said[1]
    assert "86.2%" in said[2]


def test_toast_keeps_its_button_on_one_line(site, visit):
    page = visit(site.at(""), width=390)
    page.evaluate(
        "assay.toast('A message that is long enough to need a second and a third line. '.repeat(4))"
    )
    button = page.locator(".toast button")
    assert button.bounding_box()["height"] <= 28
    assert button.evaluate("b => b.scrollWidth <= b.clientWidth")
    assert page.locator(".toast").bounding_box()["width"] <= 390


def test_chart_of_a_diverged_run_stays_readable(site, visit):
    page = visit(site.ticket("diverged"))
    page.wait_for_selector("[data-chart][data-drawn=yes]")
    chart = page.locator("[data-chart] svg")
    labels = chart.locator("text").all_text_contents()
    assert not [text for text in labels if "e+" in text]
    assert "▲" in labels
    assert "not a number" in labels
    # The healthy runs fill the picture instead of lying flat on its floor.
    heights = [box["height"] for box in boxes(page, "[data-chart] svg .mark-line path")]
    assert max(heights) > 60
    panel = page.locator(".panel:has([data-chart])").inner_text()
    assert "Beyond the axis: 1 value of 1 run, up to 9.300e+163." in panel
    assert "Not a number: 1 run, from step 3." in panel


def test_runs_stand_by_group_and_seed_with_the_judged_ones_first(site, visit):
    page = visit(site.ticket("compared"))
    heads = page.locator("#runs .group-row").all_inner_texts()
    assert [head.rpartition(" ")[2] for head in heads] == ["judged", "with"]
    assert page.locator("#runs tbody").first.locator("a.plain").all_inner_texts() == [
        f"run-{seed}" for seed in range(1, 6)
    ]
    seeds = page.locator("#runs td[data-l=Seed]").all_inner_texts()
    assert seeds == [str(seed) for seed in (1, 2, 3, 4, 5)] * 2


def test_runs_before_there_is_a_verdict_stand_by_seed(site, visit):
    view = ticket_page(site.ws, story.ADA, site.slug, site.keys["fresh"])
    assert view.verdict is None
    assert "No runs yet" in visit(site.ticket("fresh")).locator("#runs").inner_text()


@pytest.mark.parametrize("place", ["#runs tbody", ".panel:has(h2:text-is('History'))", "#notes"])
def test_moments_show_the_time_of_day_and_carry_the_whole_moment(site, visit, place):
    page = visit(site.ticket("running"))
    moments = page.locator(place).first.locator("time").all()
    assert moments
    for moment in moments:
        assert re.fullmatch(r"\d{1,2} \w{3} \d{4}, \d\d:\d\d", moment.inner_text())
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", moment.get_attribute("title"))


def test_links_of_a_ticket_stay_within_a_phone(open_site, visit):
    def tell(ws):
        keys = story.tell(ws)
        for title in ("Labels of support chats, second batch", "x" * 150):
            link_tickets(ws, story.ADA, story.SLUG, keys["next"], LinkKind.NEEDS_DATA, data_ticket(ws, title))
        return keys

    def data_ticket(ws, title):
        return create_ticket(ws, story.ADA, story.SLUG, TicketContent(type=TicketType.DATA, title=title)).key

    page = visit(open_site(tell).ticket("next"), width=390)
    assert page.get_by_role("button", name="Remove the link").count() == 2
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
