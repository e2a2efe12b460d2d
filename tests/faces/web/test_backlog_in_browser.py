"""The backlog in a browser: dragging does what the buttons do, and the keyboard alone suffices."""

import re

from assay.domain.experiments.experiment import TicketContent
from assay.workflows.backlogs import backlogs
from assay.workflows.tickets import create_ticket
from tests.faces.web import story
from tests.faces.web.dragging import carry, pick_up


def waiting(site):
    return [row.key for row in backlogs(site.ws, story.ADA, site.slug).experiment.rows]


def test_ticket_is_dragged_to_the_top_and_sent_down_again_by_keyboard(site, visit):
    for title in ("Drag me", "And me"):
        create_ticket(site.ws, story.ADA, site.slug, TicketContent(title=title))
    before = waiting(site)
    page = visit(site.at("/backlog"))
    last, first = f"#w-{before[-1]}", f"#w-{before[0]}"
    pick_up(page, page.locator(last), right=page.locator(last).bounding_box()["width"] - 90, down=12)
    # The list holds the row that was taken; what follows the mouse is a picture of it.
    lies_first = f"[data-backlog] > {last}:first-child"
    carry(page, page.locator(f"[data-backlog]:has({first}) > [data-key]").first, lies_first, right=60, down=4)
    page.mouse.up()
    page.wait_for_url(re.compile("done=ordered"))
    assert waiting(site) == [before[-1], *before[:-1]]
    page.get_by_role("button", name=f"{before[-1]} down").focus()
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("done=ordered"))
    page.get_by_text("The order is changed.").first.wait_for()
    assert waiting(site) == [before[0], before[-1], *before[1:-1]]
