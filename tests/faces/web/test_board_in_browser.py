"""The board as people use it: mouse, keys, menu, two browsers."""

import re
from datetime import UTC, datetime

import pytest

from assay.domain.experiments.experiment import DataNeed
from assay.workflows.board import move_card
from assay.workflows.tickets import get_ticket
from tests.faces.web import story
from tests.faces.web.dragging import carry, pick_up

pytestmark = pytest.mark.browser


def tell(ws):
    """Every test moves its own card."""
    keys = story.tell(ws)
    more = story.Story.__new__(story.Story)
    more.ws, more.slug = ws, story.SLUG
    for name in ("drag", "keys", "menu", "override", "stale", "live", "rank_a", "rank_b"):
        keys[name] = more.ticket(f"Idea for {name}", hypothesis="")
    for name in ("drag", "keys", "menu", "stale", "live"):
        more.confirm(keys[name], "agreed")
    return keys


@pytest.fixture(scope="module")
def site(open_site):
    return open_site(tell)


def stage_of(site, name):
    return get_ticket(site.ws, story.ADA, site.slug, site.keys[name]).stage


def card(page, site, name):
    return page.locator(f"#card-{site.keys[name]}")


def drag(page, site, name, column):
    pick_up(page, card(page, site, name))
    page.wait_for_selector(".hint-line")  # the heads of columns have grown by now
    goal = page.locator(f"#col-{column} .cards")
    carry(page, goal, f"#col-{column} #card-{site.keys[name]}", down=24)
    return page.mouse.up


def test_board_card_dragged_to_a_legal_column_moves_on_the_server(site, visit):
    page = visit(site.at("/board"), width=1720)
    drop = drag(page, site, "drag", "hypothesis")
    page.wait_for_selector("#col-hypothesis.legal")
    page.wait_for_selector("#col-hypothesis .hint-line")
    assert not page.locator("#col-production.legal").count()
    with page.expect_response(
        lambda r: r.url.split("?")[0].endswith("/move") and r.request.method == "POST"
    ) as answer:
        drop()
    assert answer.value.status == 200
    page.wait_for_selector(f"#col-hypothesis #card-{site.keys['drag']}")
    assert stage_of(site, "drag") == "hypothesis"
    assert page.locator("#said").text_content() == f"{site.keys['drag']} moved to Hypothesis."


def test_board_drop_at_a_closed_gate_returns_the_card_and_says_what_is_missing(site, visit):
    page = visit(site.at("/board"), width=1720)
    drag(page, site, "override", "hypothesis")()
    dialog = page.locator("dialog[open]")
    dialog.wait_for()
    assert "The team agrees to run it this sprint" in dialog.inner_text()
    assert "To satisfy it" in dialog.inner_text()
    assert page.locator(f"#col-backlog #card-{site.keys['override']}").count() == 1
    assert stage_of(site, "override") == "backlog"


def test_board_refused_move_overridden_with_a_reason_moves_and_is_marked(site, visit):
    page = visit(site.at("/board"), width=1720)
    drag(page, site, "override", "hypothesis")()
    page.locator("dialog[open] textarea").fill("The customer asked for it today")
    page.locator("dialog[open]").get_by_role("button", name="Override and move").click()
    page.wait_for_selector(f"#col-hypothesis #card-{site.keys['override']}")
    assert card(page, site, "override").get_by_role("img", name="Entered by an override").count() == 1
    ticket = get_ticket(site.ws, story.ADA, site.slug, site.keys["override"])
    assert ticket.overrides[-1].reason == "The customer asked for it today"


def test_board_drop_on_an_illegal_column_is_refused_with_the_legal_moves(site, visit):
    page = visit(site.at("/board"), width=1720)
    drag(page, site, "rank_a", "production")()
    dialog = page.locator("dialog[open]")
    dialog.wait_for()
    assert "It can go to: Hypothesis" in dialog.inner_text()
    assert not dialog.get_by_role("button", name="Override and move").count()
    assert stage_of(site, "rank_a") == "backlog"


def test_board_shift_and_arrow_moves_the_focused_card(site, visit):
    page = visit(site.at("/board"), width=1720)
    card(page, site, "keys").locator("h3 a").focus()
    page.keyboard.press("Shift+ArrowRight")
    page.wait_for_selector(f"#col-hypothesis #card-{site.keys['keys']}")
    assert stage_of(site, "keys") == "hypothesis"
    page.wait_for_function(
        "() => document.activeElement.closest('.card')?.dataset.key === " + repr(site.keys["keys"])
    )


def test_board_arrows_walk_from_card_to_card(site, visit):
    page = visit(site.at("/board"), width=1720)
    page.keyboard.press("j")
    first = page.evaluate("document.activeElement.closest('.card').dataset.key")
    page.keyboard.press("j")
    second = page.evaluate("document.activeElement.closest('.card').dataset.key")
    page.keyboard.press("k")
    assert first != second
    assert page.evaluate("document.activeElement.closest('.card').dataset.key") == first
    page.keyboard.press("l")
    assert page.evaluate("document.activeElement.closest('.col').dataset.stage") != "backlog"


def test_board_shift_and_arrow_up_changes_the_order_in_the_column(site, visit):
    page = visit(site.at("/board"), width=1720)
    keys = page.locator("#col-backlog .card").evaluate_all("cards => cards.map(c => c.dataset.key)")
    last = keys[-1]
    page.locator(f"#card-{last} h3 a").focus()
    with page.expect_response(lambda r: "/move" in r.url and r.request.method == "POST"):
        page.keyboard.press("Shift+ArrowUp")
    page.wait_for_function(
        "key => { const c = [...document.querySelectorAll('#col-backlog .card')].map(x => x.dataset.key); return c[c.length - 2] === key }",
        arg=last,
    )


def test_board_menu_key_shows_the_moves_and_moves(site, visit):
    page = visit(site.at("/board"), width=1720)
    card(page, site, "menu").locator("h3 a").focus()
    page.keyboard.press("m")
    dialog = page.locator("dialog[open]")
    dialog.wait_for()
    assert "Hypothesis" in dialog.inner_text()
    dialog.get_by_role("button", name="Move", exact=True).click()
    page.wait_for_selector(f"#col-hypothesis #card-{site.keys['menu']}")
    assert stage_of(site, "menu") == "hypothesis"


def test_board_move_based_on_an_older_version_says_who_was_faster(site, visit):
    page = visit(site.at("/board"), width=1720)
    page.evaluate("window.EventSource = undefined")
    key = site.keys["stale"]
    page.evaluate("key => { document.getElementById('card-' + key).dataset.v = '1' }", key)
    card(page, site, "stale").locator("h3 a").focus()
    with page.expect_response(lambda r: "/move" in r.url and r.request.method == "POST") as answer:
        page.keyboard.press("Shift+ArrowRight")
    assert answer.value.status == 412
    page.wait_for_selector(".toast")
    said = page.locator(".toast").first.inner_text()
    assert "changed meanwhile: Ada Noor confirmed: The team agrees to run it this sprint" in said
    assert stage_of(site, "stale") == "backlog"
    assert card(page, site, "stale").get_attribute("data-v") != "1"


def test_board_move_by_somebody_else_appears_without_reloading(site, visit):
    page = visit(site.at("/board"), width=1720)
    page.wait_for_timeout(400)
    key = site.keys["live"]
    move_card(
        site.ws,
        story.ADA,
        site.slug,
        key,
        to="hypothesis",
        expected_version=None,
        override_reason="room for one more",
    )
    page.wait_for_selector(f"#col-hypothesis #card-{key}", timeout=10_000)
    assert not page.locator(f"#col-backlog #card-{key}").count()


def test_board_move_leaves_the_other_cards_and_the_scroll_where_they_are(site, visit):
    page = visit(site.at("/board"), width=1720, height=420)
    keys = page.locator("#col-backlog .card").evaluate_all("cards => cards.map(card => card.dataset.key)")
    page.evaluate("for (const card of document.querySelectorAll('.card')) card.wasHere = true")
    page.locator("#col-backlog .cards").evaluate("list => { list.scrollTop = 40 }")
    page.locator(f"#card-{keys[0]} h3 a").evaluate("link => link.focus({ preventScroll: true })")
    with page.expect_response(lambda r: "/move" in r.url and r.request.method == "POST"):
        page.keyboard.press("Shift+ArrowDown")
    page.wait_for_function(
        "key => [...document.querySelectorAll('#col-backlog .card')][1]?.dataset.key === key", arg=keys[0]
    )
    moved = page.locator("#col-backlog .card").evaluate_all(
        "cards => cards.map(card => [card.dataset.key, card.wasHere === true])"
    )
    assert moved == [[keys[1], True], [keys[0], False], *([key, True] for key in keys[2:])]
    assert (
        len(set(page.locator(".card").evaluate_all("cards => cards.map(c => c.id)")))
        == page.locator(".card").count()
    )
    assert page.evaluate("document.activeElement.closest('.card')?.dataset.key") == keys[0]


def test_board_second_browser_sees_a_drag_of_the_first(site, visit):
    first, second = visit(site.at("/board"), width=1720), visit(site.at("/board"), width=1720)
    second.wait_for_timeout(400)
    keys = first.locator("#col-backlog .card").evaluate_all("cards => cards.map(c => c.dataset.key)")
    first.locator(f"#card-{keys[0]} h3 a").focus()
    first.keyboard.press("Shift+ArrowDown")
    second.wait_for_function(
        "key => [...document.querySelectorAll('#col-backlog .card')][1]?.dataset.key === key",
        arg=keys[0],
        timeout=10_000,
    )


def test_board_blocker_is_opened_by_key_closed_by_one_click_and_seen_by_others(site, visit):
    first, second = visit(site.at("/board"), width=1720), visit(site.at("/board"), width=1720)
    second.wait_for_timeout(400)
    card(first, site, "rank_b").locator("h3 a").focus()
    first.keyboard.press("b")
    dialog = first.locator("dialog[open]")
    dialog.get_by_label("Category").select_option("gpu_shortage")
    dialog.get_by_label("What is in the way?").fill("No A100 before Thursday")
    first.keyboard.press("Enter")
    badge = f"#card-{site.keys['rank_b']} .badge"
    for page in (first, second):
        page.wait_for_selector(badge, timeout=10_000)
        assert "GPU shortage" in page.locator(badge).inner_text()
        assert "just now" in page.locator(badge).inner_text()
    second.locator(badge).click()
    second.locator("dialog[open]").wait_for()
    assert second.evaluate("document.activeElement.name") == "resolution"
    second.keyboard.type("Two were lent")
    second.keyboard.press("Enter")
    first.wait_for_selector(badge, state="detached", timeout=10_000)
    assert not second.locator("dialog[open]").count()


def test_board_filter_narrows_to_the_words_given(site, visit):
    page = visit(site.at("/board?q=router"), width=1720)
    assert page.locator(".card").count() == 1
    assert page.get_by_role("link", name="Show all cards").count() == 1


def test_board_question_mark_shows_the_keys(site, visit):
    page = visit(site.at("/board"))
    page.keyboard.press("?")
    page.locator("dialog[open]").wait_for()
    assert "Go from card to card" in page.locator("dialog[open]").inner_text()


def test_palette_finds_a_ticket_and_enter_opens_it(site, visit):
    page = visit(site.at("/board"))
    page.keyboard.press("Control+k")
    page.locator("#palette-q").fill("router")
    page.wait_for_selector(f"#hit-{site.keys['broken']}")
    page.wait_for_function("() => document.querySelector('#palette-answers [aria-selected=true]') !== null")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(f"/t/{site.keys['broken']}$"))


def test_board_of_hundreds_of_cards_loads_more_as_the_column_is_scrolled(open_site, visit):
    def tell_many(ws):
        told = story.Story(ws)
        for number in range(120):
            told.ticket(f"Idea {number}", hypothesis="", criteria=(), baseline=())
        return {}

    many = open_site(tell_many)
    page = visit(many.at("/board"), width=1720)
    glides = (
        "() => [...document.querySelectorAll('.cards')].map(list => Sortable.get(list).option('animation'))"
    )
    assert page.evaluate(glides)[:2] == [0, 120]
    assert page.locator("#col-backlog .card").count() == 50
    for expected in (100, 120):
        page.locator("#col-backlog .cards").evaluate("list => list.scrollTo(0, list.scrollHeight)")
        page.wait_for_function(
            "n => document.querySelectorAll('#col-backlog .card').length === n", arg=expected
        )
    assert not page.locator("#col-backlog .more").count()


def test_board_asks_for_nothing_beside_what_the_page_names(site, visit):
    page = visit(site.at("/board"))
    page.evaluate("() => document.fonts.ready")
    asked = page.evaluate(
        "() => performance.getEntriesByType('resource').map((one) => new URL(one.name).pathname)"
    )
    named = set(re.findall(r'(?:src|href)="(/static/[^"]+)"', page.request.get(site.at("/board")).text()))
    static = {path for path in asked if path.startswith("/static/")}
    assert static - named == set()
    assert any(path.endswith("inter-latin.woff2") for path in static)


CUT_CHIPS = """() => [...document.querySelectorAll(".card .chip > span")]
  .filter((word) => word.scrollWidth > word.clientWidth).map((word) => word.textContent)"""
LONGEST = """() => {
  for (const word of document.querySelectorAll(".card .chip > span")) word.textContent = "Kill: criterion met";
  for (const key of document.querySelectorAll(".card .mono")) key.textContent = "EXP-12345";
}"""


@pytest.mark.parametrize("width", [1280, 1440, 390])
def test_board_never_cuts_the_words_of_a_chip(site, visit, width):
    page = visit(site.at("/board"), width=width)
    assert page.evaluate(CUT_CHIPS) == []
    page.evaluate(LONGEST)
    assert page.evaluate(CUT_CHIPS) == []


def test_board_tells_how_much_of_a_time_box_is_used_and_which_data_is_late(open_site, visit):
    def tell_data(ws):
        keys = story.tell(ws)
        more = story.Story.__new__(story.Story)
        more.ws, more.slug = ws, story.SLUG
        need = DataNeed(dataset="labels", needed_by=datetime(2020, 5, 12, tzinfo=UTC))
        keys["late"] = more.ticket("Needs late labels", hypothesis="", data_needs=(need,))
        return keys

    site = open_site(tell_data)
    page = visit(site.at("/board"))
    assert re.fullmatch(r"data \d+ y late", card(page, site, "late").locator(".data.blocked").inner_text())
    assert re.fullmatch(r"\d+ of 10 days", card(page, site, "running").locator("time[data-box]").inner_text())
    assert page.locator("#col-iteration .wip .vh").inner_text() == "0 cards, limit 3"
    plain = visit(site.at("/board"), js=False)
    assert card(plain, site, "late").locator(".data.at-risk").inner_text() == "data needed by 12 May 2020"
    assert card(plain, site, "running").locator("time[data-box]").inner_text().startswith("until ")


def lane_of(page, site, name):
    return card(page, site, name).evaluate("card => card.closest('.cell').dataset.lane")


def test_board_card_changes_hands_by_dragging_it_to_another_lane_and_by_keys_and_back(site, visit):
    # So tall that every lane is in sight: a mouse reaches no other, however large the fonts of this machine are.
    page = visit(site.at("/board?lanes=owner"), width=1720, height=4000)
    owner = get_ticket(site.ws, story.ADA, site.slug, site.keys["rank_a"]).content.owner
    other = page.locator("#col-backlog .cell").evaluate_all(
        "(all, mine) => all.map(c => c.dataset.lane).find(l => l !== mine)", owner
    )
    pick_up(page, card(page, site, "rank_a"))
    page.wait_for_selector(".hint-line")  # the heads of columns have grown by now: lanes stay where they are
    lane = f'.cell[data-lane="{other}"]'
    key = site.keys["rank_a"]
    carry(page, page.locator(f"#col-backlog {lane}"), f"{lane} #card-{key}")
    page.mouse.up()
    page.wait_for_selector(".toast [data-undo]")
    assert (
        lane_of(page, site, "rank_a")
        == other
        == get_ticket(site.ws, story.ADA, site.slug, site.keys["rank_a"]).content.owner
    )
    with page.expect_response(lambda r: r.url.split("?")[0].endswith("/lane")):
        page.keyboard.press("u")
    page.wait_for_function(
        "([key, lane]) => document.getElementById(key)?.closest('.cell').dataset.lane === lane",
        arg=[f"card-{site.keys['rank_a']}", owner],
    )
    cards = page.locator(f'#col-backlog .cell[data-lane="{owner}"] .card')
    edge = (
        cards.last
        if page.locator("#col-backlog .cell").last.get_attribute("data-lane") != owner
        else cards.first
    )
    key = edge.get_attribute("data-key")
    edge.locator("h3 a").focus()
    with page.expect_response(lambda r: r.url.split("?")[0].endswith("/move")):
        page.keyboard.press(
            "Shift+ArrowDown"
            if edge.evaluate("(e) => !e.nextElementSibling?.matches('.card')")
            else "Shift+ArrowUp"
        )
    page.wait_for_selector(".toast [data-undo]")
    assert get_ticket(site.ws, story.ADA, site.slug, key).content.owner != owner
