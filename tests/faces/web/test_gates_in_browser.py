"""The pages of gates in a real browser: light, dark, phone, without JavaScript, upload, what-if, hostile text."""

import json
import re

import pytest

from assay.workflows.gate_runs import judge_upload
from assay.workflows.gate_views import Upload
from assay.workflows.gates import add_gate
from tests.faces.web import gate_files, story
from tests.faces.web.test_pages_in_browser import HOSTILE
from tests.support.axe import colour_violations, violations

pytestmark = pytest.mark.browser

PAGES = {
    "list": "/gates",
    "gate": "/gates/support-answers",
    "answer": "/gates/support-answers/runs/2",
    "texts": "/gates/greeting/runs/3",
    "what-if": "/gates/greeting/runs/3/what-if?examples=40&turn-criterion:0=90",
    "ticket": "/t/EXP-5",
}


@pytest.fixture(scope="module")
def gates(open_site):
    return open_site(gate_files.tell)


@pytest.mark.parametrize("name", PAGES)
def test_page_fits_a_phone_and_has_no_accessibility_faults_in_light_and_dark_and_no_script_errors(
    gates, visit, name
):
    page = visit(gates.at(PAGES[name]), width=390, height=844, bypass_csp=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.set_viewport_size({"width": 1280, "height": 860})
    page.wait_for_timeout(150)
    page.evaluate("for (const one of document.querySelectorAll('main details')) one.open = true")
    light = violations(page)
    page.emulate_media(color_scheme="dark")
    page.wait_for_timeout(150)
    assert (light, colour_violations(page)) == ([], [])


@pytest.mark.parametrize("name", PAGES)
def test_page_works_without_javascript(gates, visit, name):
    page = visit(gates.at(PAGES[name]), js=False)
    assert page.locator("main h1").count() == 1


def test_answer_says_the_worst_first_and_both_modes(gates, visit):
    page = visit(gates.at(PAGES["answer"]))
    assert page.locator(".verdict .big").inner_text().startswith("Fail: accuracy in no slice by language")
    assert page.locator(".gate-checks .chip").first.inner_text() == "not met"
    assert page.locator(".both .chip").all_inner_texts() == ["Fail", "Fail"]
    first_slice = page.locator("details.parts").first.locator("tbody tr").first
    assert "language=de" in first_slice.inner_text()
    assert "points" in first_slice.inner_text()


def test_interval_bar_says_its_numbers_in_words(gates, visit):
    page = visit(gates.at(PAGES["answer"]))
    label = page.locator(".gate-checks svg.bullet").first.get_attribute("aria-label")
    assert re.fullmatch(
        r"-\d+\.\d points, interval -\d+\.\d points to -\d+\.\d points, to clear -2\.0 points", label
    )


def test_seeds_stand_as_dots_in_the_passing_zone(gates, visit):
    page = visit(gates.at(PAGES["answer"]))
    assert page.locator("svg.dots circle:not(.other)").count() == 5
    assert page.locator("svg.dots circle.other").count() == 5
    assert page.locator("svg.dots .zone").count() == 2


def test_changed_answers_stand_side_by_side_with_what_was_said(gates, visit):
    page = visit(gates.at(PAGES["texts"]))
    worse = page.locator(".flips > div").first
    assert worse.locator("h3").inner_text().startswith("Right before, wrong now")
    said = worse.locator(".sides").first.inner_text()
    assert "Ja, die Bestellnummer genügt." in said
    assert "Nein, leider nicht." in said


def test_history_marks_the_version_that_is_easier_to_pass(gates, visit):
    page = visit(gates.at(PAGES["gate"]))
    assert page.locator("svg.lanes").first.locator("circle").count() == 2
    assert page.locator("svg.lanes .edge-word.loose").text_content() == "v2 easier"
    assert "easier to pass since v2" in page.locator("svg.lanes").first.get_attribute("aria-label")
    assert (
        "loosened primary: accuracy >= 80% is now accuracy >= 75%" in page.locator("#versions").inner_text()
    )


def test_slider_asks_the_server_what_would_be_and_stores_nothing(gates, visit):
    page = visit(gates.at(PAGES["texts"]))
    before = gates.ws.store.last_seq()
    slider = page.get_by_role("slider", name="Slider for passed >= 50%")
    slider.focus()
    slider.press("End")
    page.wait_for_selector("#what-if-answer >> text=Fail")
    assert page.get_by_label("passed >= 50%", exact=True).input_value() == "100"
    assert gates.ws.store.last_seq() == before


def test_number_typed_moves_its_slider_and_is_asked_with_the_keyboard_alone(gates, visit):
    page = visit(gates.at(PAGES["texts"]))
    page.get_by_label("More examples", exact=True).fill("400")
    assert page.get_by_role("slider", name="Slider for more examples").input_value() == "400"
    page.wait_for_selector("#what-if-answer >> text=Projection, no evidence")
    assert "of 80 possible futures" in page.locator("#what-if-answer").inner_text()


def test_what_if_with_nonsense_says_so_in_place(gates, visit):
    page = visit(gates.at(PAGES["texts"]))
    page.get_by_label("More examples", exact=True).fill("many")
    page.wait_for_selector("#what-if-answer [role=alert]")
    assert "expected a whole number from 0" in page.locator("#what-if-answer").inner_text().lower()


def test_what_if_works_as_a_plain_form(gates, visit):
    page = visit(gates.at(PAGES["texts"]), js=False)
    page.get_by_label("passed >= 50%", exact=True).fill("90")
    page.get_by_role("button", name="Ask", exact=True).click()
    page.wait_for_url(re.compile("what-if\\?"))
    assert "tightened primary: passed >= 50% is now passed >= 90%" in page.locator("#what-if").inner_text()


def files(**content):
    return [
        {"name": name.replace("_", "."), "mimeType": "text/csv", "buffer": body}
        for name, body in content.items()
    ]


@pytest.mark.parametrize("js", [True, False], ids=["script", "plain form"])
def test_files_chosen_in_the_browser_are_judged(gates, visit, js):
    page = visit(gates.at("/gates/support-answers"), js=js)
    page.locator("#candidate").set_input_files(files(a_csv=gate_files.results(31, n=60)))
    page.locator("#baseline").set_input_files(files(b_csv=gate_files.results(32, n=60)))
    page.get_by_role("button", name="Judge", exact=True).click()
    page.wait_for_url(re.compile(r"/runs/\d+\?done=judged"))
    assert page.locator("h1").inner_text() == "a.csv against b.csv"
    assert "Judged. The answer is kept" in page.locator("main").inner_text()


@pytest.mark.parametrize("js", [True, False], ids=["script", "plain form"])
def test_broken_file_is_named_with_its_row(gates, visit, js):
    page = visit(gates.at("/gates/support-answers"), js=js)
    broken = gate_files.results(31, n=40).replace(b"q-0007,31,", b"q-0006,31,")
    page.locator("#candidate").set_input_files(files(broken_csv=broken))
    page.get_by_role("button", name="Judge", exact=True).click()
    page.wait_for_selector("#judge [role=alert]")
    said = page.locator("#judge [role=alert]").inner_text()
    assert "broken.csv" in said
    assert "q-0006" in said
    assert re.search(r"rows? \d+", said)


def test_files_dropped_on_the_page_are_taken(gates, visit):
    page = visit(gates.at("/gates/support-answers"))
    text = gate_files.results(33, n=40).decode()
    dropped = page.evaluate_handle(
        "text => { const all = new DataTransfer(); for (const name of ['x1.csv', 'x2.csv']) all.items.add(new File([text], name)); return all }",
        text,
    )
    page.locator("[data-drop]").first.dispatch_event("drop", {"dataTransfer": dropped})
    assert page.locator("#candidate").evaluate("one => one.files.length") == 2
    assert page.locator("[data-drop] .chosen").first.inner_text() == "x1.csv, x2.csv"


def test_earlier_candidate_can_be_the_baseline(gates, visit):
    page = visit(gates.at("/gates/support-answers"))
    page.locator("#candidate").set_input_files(files(c_csv=gate_files.results(35, n=120)))
    page.locator("#baseline_run").select_option("1")
    page.get_by_role("button", name="Judge", exact=True).click()
    page.wait_for_url(re.compile(r"/runs/\d+\?done=judged"))
    assert page.locator("h1").inner_text() == "c.csv against run 1"


def test_gate_is_written_changed_with_a_reason_and_guards_a_column(gates, visit):
    page = visit(gates.at("/gates"), js=False)
    page.locator("#text").fill("gate: written-here\ncriteria: [accuracy >= 90%]\n")
    page.get_by_role("button", name="Add gate").click()
    page.wait_for_url(re.compile("/gates/written-here\\?done=gate-added"))
    page.locator("#text").fill("gate: written-here\nversion: 2\ncriteria: [accuracy >= 80%]\n")
    page.get_by_role("button", name="Save as next version").click()
    said = page.locator("#change [role=alert]").inner_text()
    assert "easier to pass" in said
    assert "loosened primary: accuracy >= 90% is now accuracy >= 80%" in said
    assert "accuracy >= 80%" in page.locator("#text").input_value()
    page.locator("#reason").fill("The baseline is at 79%")
    page.get_by_role("button", name="Save as next version").click()
    page.wait_for_url(re.compile("done=gate-changed"))
    assert page.locator("h1").inner_text() == "written-here@2"
    page.get_by_label("Iteration", exact=True).check()
    page.locator("#guards").get_by_role("button", name="Save").click()
    page.wait_for_url(re.compile("done=saved"))
    board = visit(gates.at("/board"), width=1720)
    assert board.locator("#col-iteration .gate a").inner_text() == "written-here"
    assert board.locator("#col-evaluation .gate a").inner_text() == "support-answers"


def test_gate_file_with_a_slip_says_where_and_keeps_what_was_typed(gates, visit):
    page = visit(gates.at("/gates"), js=False)
    page.locator("#text").fill("gate: slip\ncritera: [accuracy >= 90%]\n")
    page.get_by_role("button", name="Add gate").click()
    said = page.locator("#add [role=alert]").inner_text()
    assert "critera" in said
    assert "criteria" in said
    assert "critera" in page.locator("#text").input_value()


def test_ticket_asks_the_gate_of_its_column(gates, visit):
    page = visit(gates.ticket("clear"))
    assert "no gate run is about this ticket" in page.locator("#gate").inner_text()
    page.get_by_role("button", name="Ask the gate now").click()
    page.wait_for_url(re.compile(r"/gates/support-answers/runs/\d+\?done=judged"))
    assert page.locator("h1").inner_text().startswith(gates.keys["clear"])
    page.goto(gates.ticket("clear"))
    assert re.search(r"gate run \d+: ", page.locator("#gate").inner_text())


def test_palette_leads_to_gates(gates, visit):
    page = visit(gates.at("/board"))
    page.keyboard.press("Control+k")
    page.locator("dialog input").fill("gates")
    page.wait_for_selector("[role=option] >> text=Gates")


def test_board_without_gates_loads_nothing_of_theirs(gates, visit):
    page = visit(gates.at("/board"))
    loaded = page.evaluate("performance.getEntriesByType('resource').map(one => one.name)")
    assert not [name for name in loaded if "gates." in name]


def test_first_page_of_gates_says_what_to_do(open_site, visit):
    empty = open_site(lambda ws: story.Story(ws) and {})
    page = visit(empty.at("/gates"))
    said = page.locator(".empty").inner_text()
    assert "Drop a gate file below" in said
    assert "assay gate check GATE.yaml" in said
    page.get_by_role("button", name="Add gate").click()
    page.wait_for_url(re.compile("/gates/answer-quality"))


def tell_hostile(ws):
    told = story.Story(ws, name="Hostile")
    text = "description: {}\n" + gate_files.SMALL + "checks: [{{slices: {{by: [language], margin: 5%}}}}]\n"
    for at, words in enumerate(HOSTILE):
        add_gate(ws, story.ADA, told.slug, text=f"gate: h{at}\n" + text.format(json.dumps(words)))
        label = words.replace('"', '""')
        rows = "".join(f'"{label} {n}",{n % (at + 2) and 1},"{label}"\n' for n in range(40))
        ours = f"sample_id,accuracy,language\n{rows}".encode()
        theirs = ours.replace(b",1,", b",0,").replace(b",0,", b",1,", 20)
        sides = {
            "candidate": Upload({f"{words[:60]}.csv": ours}),
            "baseline": Upload({f"{words[:50]}.csv": theirs}),
        }
        judge_upload(ws, story.ADA, told.slug, f"h{at}", **sides)
    asked = {"right": [1, 0] * 10, "question": HOSTILE[0]}
    add_gate(ws, story.ADA, told.slug, text='gate: said\ncriteria: ["passed >= 50%"]\n')
    sides = [
        Upload({"x.json": gate_files.promptfoo(**asked | {"right": right}, answer=" ".join(HOSTILE))})
        for right in ([1, 0] * 10, [0, 1] * 10)
    ]
    judge_upload(ws, story.ADA, told.slug, "said", candidate=sides[0], baseline=sides[1])
    return {}


@pytest.fixture(scope="module")
def hostile_gates(open_site):
    return open_site(tell_hostile)


@pytest.mark.parametrize(
    "path",
    ["/gates", *(f"/gates/h{at}/runs/{at + 1}" for at in range(len(HOSTILE))), "/gates/h0", "/gates/h7",
     f"/gates/said/runs/{len(HOSTILE) + 1}", "/journal", "/gates/h1/runs/2/what-if?examples=<script>&turn-criterion:0=<b>"],
)  # fmt: skip
def test_hostile_text_is_shown_as_text(hostile_gates, visit, path):
    page = visit(hostile_gates.at(path))
    page.wait_for_timeout(150)
    assert page.evaluate("window.pwned") is None
    assert "49$" not in page.locator("main").inner_text()
    narrow = visit(hostile_gates.at(path), width=390, height=844)
    assert narrow.evaluate("document.documentElement.scrollWidth") <= 390
