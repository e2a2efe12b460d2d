"""The form of every type of ticket, and what it writes for people; without any script."""

import html as html_module
import re

import pytest

from assay.domain.experiments.experiment import Place
from assay.domain.kernel.metrics import Metric, Unit
from assay.domain.kernel.readings import reading_of
from assay.workflows.planning import set_place
from assay.workflows.projects import declare_metric, get_metrics
from assay.workflows.tickets import get_ticket
from tests.faces.web import story
from tests.faces.web.test_routes import Browser, at, fields_of

OWN = {
    "spike": {"question": "Does it run on a CPU?", "deliverable": "A page and what we recommend."},
    "data": {
        "data_source": "help desk",
        "data_volume": "12,000 tickets",
        "data_stage": "annotation",
        "data_arrives": "2026-06-02",
    },
    "engineering": {
        "model_version": "intent-8b@12",
        "latency_ms": "200",
        "latency_percentile": "99",
        "cost_usd_per_1000": "0.40",
    },
    "feature": {"fallback": "A person answers."},
    "experiment": {},
    "incident": {},
}


@pytest.fixture
def browser(site):
    return Browser(site.url)


def filled(page):
    return {name: html_module.unescape(value) for name, value in fields_of(page).items()}


@pytest.mark.parametrize("kind", OWN)
def test_fields_of_a_type_are_asked_shown_and_kept_through_an_edit(site, browser, kind):
    _, page = browser.text(at(site, "/t/new"))
    typed = {**filled(page), "title": f"A {kind}", "trackers": "https://tracker.example.org/7 Sweep\n"}
    status, page = browser.text(at(site, "/t/new"), {**typed, "act": f"type-{kind}"})
    assert status == 200
    assert filled(page)["title"] == f"A {kind}"
    asked = set(re.findall(r'(?:input|textarea|select)[^>]* name="([a-z_0-9]+)"', page))
    assert {name for fields in OWN.values() for name in fields} & asked == set(OWN[kind])
    status, headers, _ = browser.ask(at(site, "/t/new"), {**filled(page), **OWN[kind], "act": "save"})
    assert status == 303
    href = headers["location"].partition("?")[0]
    content = get_ticket(site.ws, story.ADA, site.slug, href.rpartition("/")[2]).content
    assert content.type.value == kind
    assert content.trackers[0].title == "Sweep"
    _, shown = browser.text(href)
    for name, value in OWN[kind].items():
        assert (value.removesuffix("0") if name != "data_stage" else "Annotation") in shown
    assert 'href="https://tracker.example.org/7"' in shown
    _, page = browser.text(f"{href}/edit")
    chosen = {"data_stage": "annotation"} if kind == "data" else {}
    assert browser.ask(f"{href}/edit", {**filled(page), **chosen})[0] == 303
    assert get_ticket(site.ws, story.ADA, site.slug, href.rpartition("/")[2]).content == content


def test_belief_becomes_a_sentence_a_baseline_and_the_criterion_it_claims(site, browser):
    _, page = browser.text(at(site, "/t/new"))
    parts = {
        "believe_change": "fine-tuning",
        "believe_metric": "accuracy",
        "believe_baseline": "72%",
        "believe_target": "85%",
        "believe_reason": "our words are rare",
        "gpu_hours": "24",
    }
    status, page = browser.text(at(site, "/t/new"), {**filled(page), **parts, "act": "compose"})
    typed = filled(page)
    assert status == 200
    assert typed["hypothesis"] == (
        "We believe that fine-tuning will move accuracy from 72% to 85% because our words are rare."
    )
    assert typed["primary"] == "accuracy >= 85%"
    assert ('value="accuracy"' in page, 'value="0.72"' in page) == (True, True)
    _, page = browser.text(at(site, "/t/new"), {**typed, "title": "t", "act": "draft-kill"})
    assert filled(page)["kill"].splitlines()[:2] == [
        "accuracy &lt; 76.5% after training".replace("&lt;", "<"),
        "compute > 2x budget",
    ]
    assert "can be locked" in page


def test_metric_declared_anew_in_the_form_keeps_what_the_form_does_not_ask_for(site, browser):
    known = Metric(
        name="recall", direction="higher", unit="fraction", aliases=("rec",), reading=reading_of("step 1000")
    )
    declare_metric(site.ws, story.ADA, site.slug, known)
    _, page = browser.text(at(site, "/t/new"))
    asked = {"metric_name": "recall", "metric_direction": "higher", "metric_unit": "number"}
    assert browser.text(at(site, "/t/new"), {**filled(page), **asked, "act": "declare"})[0] == 200
    kept = get_metrics(site.ws, story.ADA, site.slug).require("recall")
    assert kept == known.model_copy(update={"unit": Unit.NUMBER})


@pytest.mark.parametrize(
    ("parts", "field"),
    [
        ({}, "believe_change"),
        ({"believe_metric": "no_such_metric"}, "believe_metric"),
        ({"believe_target": "85"}, "believe_target"),
    ],
)
def test_belief_that_cannot_be_written_says_what_is_missing_and_keeps_the_rest(site, browser, parts, field):
    _, page = browser.text(at(site, "/t/new"))
    whole = {
        "believe_change": "x",
        "believe_metric": "accuracy",
        "believe_target": "85%",
        "believe_reason": "y",
    }
    given = {**whole, **parts} if parts else {"believe_reason": "kept"}
    status, page = browser.text(at(site, "/t/new"), {**filled(page), **given, "act": "compose"})
    assert status == 422
    assert f'id="p-{field}-1"' in page
    assert filled(page)["believe_reason"] == given["believe_reason"]


def test_enter_in_a_field_saves_and_does_not_change_the_type(browser, site):
    _, page = browser.text(at(site, "/t/new"))
    form = page.split('id="ticket-form"')[1]
    first = re.search(r"<button[^>]*>", form).group()
    assert 'value="save"' in first


@pytest.mark.parametrize("typed", ["javascript:alert(1)", "not an address"])
def test_tracker_that_is_no_web_address_is_refused_beside_its_field(site, browser, typed):
    _, page = browser.text(at(site, "/t/new"))
    status, page = browser.text(at(site, "/t/new"), {**filled(page), "title": "t", "trackers": typed})
    assert status == 422
    assert 'id="p-trackers-1"' in page


EXPECTED = {
    "chance": "35%",
    "effect_low": "0",
    "effect_mid": "0.05",
    "effect_high": "0.16",
    "person_days": "4",
    "likely_gpu_hours": "0",
    "training_days": "3",
    "reward": "400",
    "job_size": "5",
}


def new_with(site, browser, **typed):
    _, page = browser.text(at(site, "/t/new"))
    return browser.ask(at(site, "/t/new"), {**filled(page), "title": "Expected", "act": "save", **typed})


def test_what_is_expected_is_asked_shown_and_kept_through_an_edit(site, browser):
    status, headers, _ = new_with(site, browser, **EXPECTED)
    assert status == 303
    href = headers["location"].partition("?")[0]
    key = href.rpartition("/")[2]
    content = get_ticket(site.ws, story.ADA, site.slug, key).content
    assert (float(content.prediction.chance), content.prediction.gpu_hours) == (0.35, 0)
    assert content.prediction.cost_of_delay.job_size == 5
    _, shown = browser.text(href)
    assert "8 in 10 between" in shown
    assert "Scored as it stands when the ticket is locked." in shown
    _, page = browser.text(f"{href}/edit")
    asked = filled(page)
    assert {name: asked[name] for name in EXPECTED if name != "job_size"} == {
        name: value for name, value in EXPECTED.items() if name != "job_size"
    }
    place = Place(rank=1, reason="the regulator waits")
    set_place(site.ws, story.ADA, site.slug, key, place, expected_version=1)
    _, page = browser.text(f"{href}/edit")
    assert browser.ask(f"{href}/edit", {**filled(page), "job_size": "5", "act": "save"})[0] == 303
    again = get_ticket(site.ws, story.ADA, site.slug, key).content
    assert again == content.model_copy(update={"place": place})
    set_place(site.ws, story.ADA, site.slug, key, None, expected_version=None)


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"chance": "120%"}, "chance"),
        ({"chance": "0"}, "chance"),
        ({"effect_low": "1"}, "effect_low"),
        ({"effect_low": "0.2", "effect_mid": "0.1", "effect_high": "0.3"}, "effect_low"),
        ({"effect_mean": "x", "effect_sd": "1"}, "effect_mean"),
        ({"person_days": "-1"}, "person_days"),
        ({"job_size": "4"}, "job_size"),
        ({"likely_gpu_hours": "many"}, "likely_gpu_hours"),
    ],
)
def test_what_is_no_expectation_is_said_beside_its_field_and_nothing_is_lost(site, browser, typed, field):
    status, _, page = new_with(site, browser, **typed)
    assert status == 422
    page = page.decode()
    assert f'id="p-{field}-1"' in page
    assert "Nothing was saved" in page
    assert {name: filled(page).get(name, "") for name in typed if name != "job_size"} == {
        name: value for name, value in typed.items() if name != "job_size"
    }


def test_ticket_begins_with_what_a_template_says(site, browser):
    path = at(site, "/templates")
    _, page = browser.text(path)
    form = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page))
    said = {
        **form,
        "name": "prompt-test",
        "text": "axis: prompt\r\ntime_box_days: 5\r\ncriteria: {kill: [compute > 2x budget]}",
    }
    assert browser.ask(path, said)[0] == 303
    _, page = browser.text(at(site, "/t/new?template=prompt-test"))
    typed = filled(page)
    assert (typed["title"], typed["time_box_days"], typed["kill"]) == ("", "5", "compute > 2x budget")
    assert '<option value="prompt" selected>' in page
    _, page = browser.text(path)
    wrong = {
        **dict(
            re.findall(r'<input type="hidden" name="(csrf_token|expected_version)" value="([^"]*)"', page)
        ),
        "name": "bad",
        "text": "tyqe: spike",
    }
    status, page = browser.text(path, wrong)
    assert status == 422
    assert ("tyqe: spike" in page, "type" in page) == (True, True)
    assert browser.ask(at(site, "/t/new?template=none"))[0] == 404


def test_time_box_written_in_sprints_is_kept_in_days(site, browser):
    status, headers, _ = new_with(site, browser, title="Boxed", time_box_days="2 sprints")
    assert status == 303
    key = headers["location"].partition("?")[0].rpartition("/")[2]
    assert get_ticket(site.ws, story.ADA, site.slug, key).content.time_box_days == 28
    status, _, page = new_with(site, browser, time_box_days="soon")
    assert (status, filled(page.decode())["time_box_days"]) == (422, "soon")
