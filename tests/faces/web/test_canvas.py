"""The canvas in the browser: shown, filled in, refused without losing what was typed."""

from tests.faces.web import story


def test_canvas_is_filled_in_by_fields_and_shows_what_is_known_today(open_site, visit):
    site = open_site(story.tell)
    page = visit(site.at("/canvas"))
    page.get_by_role("link", name="Fill in the canvas").click()
    page.get_by_label("What is better for whom").fill("Answer support tickets")
    page.get_by_role("textbox", name="Metric 1").fill("accuracy >= 85%")
    page.get_by_role("textbox", name="Criterion 1").fill("accuracy <")
    page.get_by_role("button", name="Save canvas").click()
    assert "accuracy <" in page.get_by_role("alert").inner_text()
    assert page.get_by_role("textbox", name="Metric 1").input_value() == "accuracy >= 85%"
    page.get_by_role("textbox", name="Criterion 1").fill("accuracy < 80%")
    page.get_by_label("After sprint").first.fill("3")
    page.get_by_role("button", name="Save canvas").click()
    page.get_by_role("heading", name="Success metrics").wait_for()
    row = page.locator("table", has_text="accuracy >= 85%").inner_text()
    assert "%" in row.replace("accuracy >= 85%", "")
    assert story.SLUG in page.url
