"""The pages of gates over HTTP: twins, tokens of forms with files, downloads, sizes, answers to what is wrong."""

import json
import re
import urllib.error
import urllib.request
from contextlib import suppress
from datetime import UTC, datetime
from xml.etree import ElementTree as ET

import pytest

from assay.domain.gates.gate_record import GateResult
from assay.domain.gates.judge import record_bytes
from assay.domain.kernel.canonical import digest_bytes
from assay.domain.kernel.findings import ShownInterval
from assay.domain.kernel.metrics import MetricCatalog
from assay.web.gate_bars import Measure, bars
from assay.web.gate_history import history_chart
from assay.workflows.gate_runs import get_gate_run, list_gate_runs
from assay.workflows.gate_views import GateFigure, GateRunRow
from assay.workflows.gates import add_gate
from tests.faces.web import gate_files, story
from tests.faces.web.test_routes import Browser

PAGES = ("/gates", "/gates/support-answers", "/gates/support-answers/runs/2", "/gates/greeting/runs/3")
BOUNDARY = "----files-of-a-form"


@pytest.fixture(scope="module")
def gates(open_site):
    return open_site(gate_files.tell)


@pytest.fixture
def browser(gates):
    return Browser(gates.url)


def at(path):
    return f"/p/{story.SLUG}{path}"


def multipart(*parts):
    """(name, filename or None, content) as a browser would send them."""
    body = b""
    for name, filename, content in parts:
        told = f'; filename="{filename}"\r\nContent-Type: text/csv' if filename else ""
        head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{told}\r\n\r\n'
        body += head.encode() + content + b"\r\n"
    return body + f"--{BOUNDARY}--\r\n".encode()


def send(browser, path, body, kind=f"multipart/form-data; boundary={BOUNDARY}", **headers):
    request = urllib.request.Request(
        browser.url + path, data=body, headers={"Content-Type": kind, "Origin": browser.url, **headers}
    )
    try:
        answer = browser.opener.open(request, timeout=60)
    except urllib.error.HTTPError as error:
        answer = error
    with answer:
        return answer.status, answer.headers, answer.read().decode()


@pytest.mark.parametrize("path", PAGES)
def test_page_has_no_inline_script_style_or_foreign_address(browser, path):
    status, html = browser.text(at(path))
    assert status == 200
    assert not re.search(r"<script(?![^>]*\bsrc=)", html)
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=", html)
    assert not re.search(r'(?:src|href|action)="(?:https?:)?//', html)


@pytest.mark.parametrize("path", PAGES)
def test_page_names_a_json_twin_and_every_link_leads_somewhere(browser, path):
    _, html = browser.text(at(path))
    twin = re.search(r'<link rel="alternate" type="application/json" href="([^"]+)"', html)[1]
    links = {link.replace("&amp;", "&").partition("#")[0] for link in re.findall(r'href="(/[^"]*)"', html)}
    dead = [link for link in sorted({twin, *links}) if browser.ask(link)[0] not in (200, 303)]
    assert dead == []


def test_style_and_script_of_gates_are_loaded_on_their_pages_alone(browser):
    assert "gates.css" not in browser.text(at("/board"))[1]
    assert "gates.css" not in browser.text(at("/t/EXP-5"))[1]
    assert "gates.css" in browser.text(at("/gates"))[1]


@pytest.mark.parametrize(
    ("first", "status"),
    [("own", 303), ("none", 403), ("foreign", 403), ("second field", 403)],
)
def test_form_with_files_needs_the_token_of_this_browser_as_its_first_field(gates, browser, first, status):
    token = browser.token(at("/gates/support-answers"))
    given = {"own": token, "foreign": "x" * len(token), "second field": token}.get(first)
    parts = [] if given is None else [("csrf_token", None, given.encode())]
    parts.append(("candidate", "a.csv", gate_files.results(41, n=40)))
    if first == "second field":
        parts.reverse()
    before = len(list_gate_runs(gates.ws, story.ADA, story.SLUG).rows)
    assert send(browser, at("/gates/support-answers/runs"), multipart(*parts))[0] == status
    after = len(list_gate_runs(gates.ws, story.ADA, story.SLUG).rows)
    assert after - before == (1 if status == 303 else 0)


def test_form_with_files_is_refused_from_another_site_and_elsewhere(browser):
    token = browser.token(at("/gates"))
    body = multipart(("csrf_token", None, token.encode()), ("text", None, b"criteria: [a >= 1]"))
    assert send(browser, at("/gates"), body, Origin="http://evil.example")[0] == 403
    assert send(browser, at("/settings"), body)[0] == 415
    assert send(browser, at("/t/EXP-1/notes"), body)[0] == 415


def test_body_larger_than_forms_may_be_is_taken_where_files_go_and_nowhere_else(browser):
    token = browser.token(at("/gates/support-answers"))
    large = gate_files.results(42, n=40) + b" " * 1_500_000
    body = multipart(("csrf_token", None, token.encode()), ("candidate", "a.csv", large))
    assert send(browser, at("/gates/support-answers/runs"), body)[0] in (303, 422)
    # The server does not wait for the rest of what it refuses, and the connection may break meanwhile.
    with suppress(urllib.error.URLError):
        assert send(browser, at("/settings"), body)[0] in (413, 415)


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ([], "no file of the candidate was chosen"),
        ([("candidate", "a.csv", b"x"), ("candidate", "a.csv", b"y")], "is there twice"),
        ([("candidate", "a.csv", b"\xff\xfe\x00")], "a.csv"),
        ([("candidate", "../../etc/passwd", b"sample_id,accuracy\n1,1\n")], "passwd"),
        ([("candidate", "a.csv", gate_files.results(1, n=20)), ("baseline_run", None, b"99")], "99"),
        ([("candidate", "a.csv", gate_files.results(1, n=20)), ("baseline_run", None, b"-1")], "-1"),
        ([("candidate", "a.csv", gate_files.results(1, n=20)), ("baseline", "b.csv", b"x"), ("baseline_run", None, b"1")], "one of the two"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("script", [True, False])
def test_upload_that_cannot_be_judged_says_why(browser, parts, said, script):
    token = browser.token(at("/gates/support-answers"))
    body = multipart(("csrf_token", None, token.encode()), *parts)
    headers = {"HX-Request": "true"} if script else {}
    status, _, html = send(browser, at("/gates/support-answers/runs"), body, **headers)
    assert status in (404, 422)
    assert 'role="alert"' in html
    assert said in html
    assert ("<html" in html) is not script


def test_script_is_told_where_to_go(browser):
    token = browser.token(at("/gates/greeting"))
    parts = [
        ("csrf_token", None, token.encode()),
        ("candidate", "a.json", gate_files.promptfoo(right=[1] * 9, answer="x")),
    ]
    status, headers, _ = send(
        browser, at("/gates/greeting/runs"), multipart(*parts), **{"HX-Request": "true"}
    )
    assert status == 204
    assert re.fullmatch(r"/p/[\w-]+/gates/greeting/runs/\d+\?done=judged", headers["HX-Redirect"])


def test_record_comes_as_the_bytes_that_its_digest_covers(gates, browser):
    run = get_gate_run(gates.ws, story.ADA, story.SLUG, 2)
    status, headers, body = browser.ask(at("/gates/support-answers/runs/2/record.json"))
    assert status == 200
    assert headers["content-disposition"] == 'attachment; filename="support-answers-run-2.json"'
    assert body == record_bytes(run.record)
    assert digest_bytes(body) == run.digest
    assert json.loads(body)["result"] == "fail"


def test_record_comes_as_markdown_and_junit(browser):
    _, _, markdown = browser.ask(at("/gates/support-answers/runs/2/record.md"))
    assert markdown.decode().startswith("### Gate support-answers v2: Fail")
    assert "points" in markdown.decode()
    _, _, xml = browser.ask(at("/gates/support-answers/runs/2/record.xml"))
    assert ET.fromstring(xml).find("testsuite").get("failures") == "1"


def test_files_that_were_judged_come_back_byte_for_byte(browser):
    _, html = browser.text(at("/gates/support-answers/runs/2"))
    href = re.search(r'href="([^"]+/files/[0-9a-f]{64})"', html)[1]
    status, headers, body = browser.ask(href)
    assert (status, body) == (200, gate_files.results(101, harm=0.25, gain=0.1))
    assert headers["content-type"] == "application/octet-stream"
    assert headers["content-disposition"].startswith("attachment")
    assert browser.ask(href[:-2] + "zz")[0] == 404


@pytest.mark.parametrize(
    "path",
    ["/gates/nope", "/gates/support-answers/runs/999", "/gates/greeting/runs/2", "/gates/support-answers/runs/x",
     "/gates/support-answers?before=x", "/gates/support-answers/runs/٣", "/gates/support-answers/runs/999999999999999999999"],
)  # fmt: skip
def test_malformed_address_is_answered_in_words(browser, path):
    from urllib.parse import quote

    status, html = browser.text(quote(at(path), safe="/?="))
    assert status in (404, 422)
    assert 'id="error-details"' in html


@pytest.mark.parametrize("query", ["examples=-1", "examples=1e9", "seeds=NaN", "turn-criterion:0=NaN", "turn-criterion:0=1e999",
                                   "turn-criterion:0=" + "9" * 50, "turn-check:0=-5", "seeds=3&examples=4", "x=y", "examples=99999999"])  # fmt: skip
def test_any_what_if_is_answered(browser, query):
    path = at(f"/gates/greeting/runs/3/what-if?{query}")
    status, html = browser.text(path, **{"HX-Request": "true"})
    assert status == 200
    assert "<html" not in html
    assert browser.text(path)[0] == 200


def test_large_files_are_read_again_only_when_somebody_asks(gates, browser, monkeypatch):
    from assay.web.routes import gates as routes

    monkeypatch.setattr(routes, "READ_AT_ONCE", 10)
    _, html = browser.text(at("/gates/support-answers/runs/1"))
    assert "The files are large" in html
    assert "svg.dots" not in html
    _, asked = browser.text(at("/gates/support-answers/runs/1?examples=yes"))
    assert 'class="dots"' in asked


def test_training_data_is_sent_under_the_name_that_the_leakage_check_uses(gates, browser):
    text = "gate: leaks\ncriteria: [accuracy >= 10%]\nchecks: [leakage: {against: train.csv}]\n"
    add_gate(gates.ws, story.ADA, story.SLUG, text=text)
    _, html = browser.text(at("/gates/leaks"))
    assert 'name="training"' in html
    token = browser.token(at("/gates/leaks"))
    parts = [
        ("csrf_token", None, token.encode()),
        ("candidate", "a.csv", gate_files.results(51, n=30)),
        ("training", "train.csv", b"sample_id,text\nq-0004,seen\nother,new\n"),
    ]
    _, headers, _ = send(browser, at("/gates/leaks/runs"), multipart(*parts))
    _, page = browser.text(headers["location"])
    assert "1 example of the evaluation set stands in the training data: q-0004" in page


@pytest.mark.parametrize(
    ("template", "says", "title"),
    [("ready", "environment reproducible", "Definition of Ready"), ("done", "unit tests pass", "Definition of Done"),
     ("quality", "toxicity &lt; 0.1% on adversarial", "Quality of an AI feature"), ("nothing", "gate: answer-quality", "The smallest")],
)  # fmt: skip
def test_a_new_gate_begins_with_the_template_that_was_chosen(browser, template, says, title):
    _, html = browser.text(at(f"/gates?template={template}"))
    assert says in html
    assert f'<span class="strong" aria-current="true">{title}</span>' in html


def test_definition_of_ready_is_judged_in_the_browser_by_the_files_that_show_it_and_no_results(
    gates, browser
):
    text = "gate: ready\nchecks: [items: {environment: {file: env/requirements.lock}, tests: {tests: junit.xml}}]\n"
    add_gate(gates.ws, story.ADA, story.SLUG, text=text)
    _, html = browser.text(at("/gates/ready"))
    assert "What shows its items" in html
    assert "for the items: env/requirements.lock, junit.xml" in html
    assert not re.search(r'id="candidate"[^>]*required', html)
    parts = [
        ("csrf_token", None, browser.token(at("/gates/ready")).encode()),
        ("training", "requirements.lock", b"numpy==2.4"),
        ("training", "junit.xml", b'<testsuite name="s"><testcase name="one" classname="s"/></testsuite>'),
    ]
    _, headers, _ = send(browser, at("/gates/ready/runs"), multipart(*parts))
    status, page = browser.text(headers["location"])
    assert status == 200
    assert "Pass: 1 check met" in page
    assert "junit.xml: 1 test passed" in page


def row(number, estimate, low, high, *, version=1, threshold=0.8, check="accuracy >= 80%"):
    figure = GateFigure(check, "accuracy", "fraction", estimate, low, high, threshold)
    return GateRunRow(
        number=number, gate="g", version=version, ticket=None, result=GateResult.PASS, headline="Pass: x", dataset=None,
        digest="d", by="Ada", at=datetime(2026, 5, number, tzinfo=UTC), seq=number, figure=figure,
    )  # fmt: skip


def test_one_wide_early_interval_does_not_flatten_the_history():
    rows = [
        row(4, 0.82, 0.80, 0.84),
        row(3, 0.81, 0.79, 0.83),
        row(2, 0.83, 0.81, 0.85),
        row(1, 0.7, 0.0, 1.0),
    ]
    chart = history_chart(rows, (), catalog=MetricCatalog(metrics=story.METRICS))
    assert chart.leading.low == "67.8%"
    assert chart.leading.high == "85.2%"
    assert [one.label for one in chart.leading.figures][-1] == "run 4 82.0% (80.0% to 84.0%), to clear 80.0%"


def test_history_leaves_out_what_was_measured_otherwise_and_begins_with_two_answers():
    one, other = row(2, 0.82, 0.80, 0.84), row(1, 0.05, 0.0, 0.1, check="sd of accuracy <= 3%")
    assert history_chart([one], (), catalog=MetricCatalog()) is None
    assert history_chart([one, other], (), catalog=MetricCatalog(metrics=story.METRICS)).leading is None
    assert len(history_chart([one, other], (), catalog=MetricCatalog()).marks) == 2


def test_bars_of_one_group_share_a_scale_and_open_ends_run_to_the_edge():
    def measure(low, high, estimate, group="a"):
        interval = ShownInterval(low=low, high=high, confidence=0.9, label="90%")
        return Measure(group, estimate, interval, 0.0, zero=False, tone="kill", form="{:g}".format)

    first, second, third, none = bars(
        [measure(-1.0, 1.0, 0.5), measure(None, 3.0, 2.0), measure(5.0, 6.0, 5.5, "b"), None]
    )
    at_zero = {bar.threshold for bar in (first, second)}
    assert len(at_zero) == 1
    assert second.low == "0%"
    assert third.threshold != first.threshold
    assert none is None
    assert first.label == "0.5, interval -1 to 1, to clear 0"


def test_bar_without_a_finite_estimate_is_not_drawn():
    assert bars([Measure("a", float("nan"), None, 1.0, zero=False, tone="", form=str)]) == (None,)
    assert bars([Measure("a", 1.0, None, None, zero=False, tone="", form=str)]) == (None,)
