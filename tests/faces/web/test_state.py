"""Where a project stands, and that every figure leads to the next more detailed one, down to the run in the tracker."""

import html
import json
import re
from dataclasses import replace
from datetime import timedelta

import pytest

from assay.domain.experiments.experiment import DecisionKind
from assay.workflows.commitments import commit_tickets
from assay.workflows.decisions import decide
from assay.workflows.phases import edit_phase
from assay.workflows.sprints import create_sprint, start_sprint
from tests.faces.web import story
from tests.faces.web.test_routes import Browser

TRACKER = "https://tracker.example.org/#/runs/"


def tell(ws):
    keys = story.tell(ws)
    since = (ws.clock() - timedelta(days=9)).date().isoformat()
    gates = [{"question": "We pick one approach", "by_sprint": 1}]
    edit_phase(
        ws,
        story.ADA,
        story.SLUG,
        {"phase": "convergence", "since": since, "gates": gates},
        expected_version=None,
    )
    create_sprint(ws, story.ADA, story.SLUG)
    opened = [key for name, key in keys.items() if name not in {"loser", "diverged"}]
    commit_tickets(ws, story.ADA, story.SLUG, 1, opened, confirmed=True)
    start_sprint(ws, story.ADA, story.SLUG, 1, expected_version=None, confirmed=True)
    decide(
        ws, story.ADA, story.SLUG, keys["compared"], kind=DecisionKind.KILL, learnings="A larger encoder is cheaper.",
        reason="The licence ran out.", expected_version=None,
    )  # fmt: skip
    with ws.store.read() as tx:
        project = tx.project(story.SLUG)
        source = tx.sources(project.id)[0]
        runs = tx.runs(project.id, keys["clear"])
    tracked = [replace(run, url=f"{TRACKER}{run.external_id}", digest=f"{run.digest}+") for run in runs]
    ws.store.write(lambda tx: tx.put_runs(source, tracked, seq=tx.head()[0] + 1))
    return keys


@pytest.fixture(scope="module")
def told(open_site):
    return open_site(tell)


def seen(told):
    status, text = Browser(told.url).text(f"/p/{told.slug}/state")
    assert status == 200
    body = re.sub(r"<[^>]+>", " ", text[text.index("<main") :])
    return text, " ".join(html.unescape(body).split())


def links(text, pattern):
    return [html.unescape(found) for found in re.findall(rf'href="({pattern})"', text)]


def test_stakeholders_read_phase_milestone_headline_and_how_sure_it_is(told):
    _, words = seen(told)
    assert "Phase Convergence week 6 of 16" in words
    assert "Next milestone We pick one approach by sprint 1" in words
    assert f"accuracy: 88.2%, by {told.keys['clear']}" in words
    assert "accuracy >= 85%: shown. Interval" in words
    assert "two-sided (one-sided" in words
    assert re.search(r"Where it may go is not known: [0-9] of 8 measured experiments that it takes\.", words)
    data = json.loads(Browser(told.url).text(f"/api/v1/projects/{told.slug}/state")[1])
    assert (data["ahead"], data["chance_of_better"]) == ([], None)
    assert data["ahead_text"].endswith("of 8 measured experiments that it takes.")


def test_sprint_is_told_by_experiments_gap_compute_data_and_decision(told):
    _, words = seen(told)
    assert "Completed 1 0 promoted, 1 killed" in words
    assert "GPU-h budgeted" in words
    assert "85.9% 85.0% estimate beyond it, not shown yet" in words
    assert "88.2% 85.0% reached" in words
    data = json.loads(Browser(told.url).text(f"/api/v1/projects/{told.slug}/state")[1])
    tickets = {one["key"]: one for one in data["tickets"]}
    clear, waiting, fresh = (tickets[told.keys[name]] for name in ("clear", "waiting", "fresh"))
    assert clear["gap"] == pytest.approx(0.85 - 0.8824)
    assert waiting["data"] == "blocked" or waiting["data"] == "at risk"
    assert (fresh["gap"], fresh["best"], fresh["data"]) == (None, "", None)
    assert (data["total"], data["completed"], data["promoted"], data["killed"]) == (7, 1, 0, 1)
    assert (clear["is_shown"], fresh["is_shown"]) == (True, False)


def test_target_stands_there_before_anything_is_measured_and_the_claim_alone_says_whether_it_is_reached(told):
    data = json.loads(Browser(told.url).text(f"/api/v1/projects/{told.slug}/state")[1])
    assert {one["target"] for one in data["tickets"] if one["metric"] == "accuracy"} >= {"85.0%"}
    assert all(one["target"] for one in data["tickets"] if one["metric"] and not one["best"])
    _, words = seen(told)
    assert all(risk in words for risk in data["risks"])


def test_broken_evidence_has_no_gap_and_is_never_reached(told):
    data = json.loads(Browser(told.url).text(f"/api/v1/projects/{told.slug}/state")[1])
    [broken] = [one for one in data["tickets"] if one["key"] == told.keys["broken"]]
    assert broken["gap"] is None


def test_every_figure_leads_on_down_to_the_run_in_the_tracker(told):
    browser, root = Browser(told.url), f"/p/{told.slug}"
    state, _ = seen(told)
    key = told.keys["clear"]
    figures = re.findall(r'<dd><a class="plain" href="([^"]+)">', state)
    assert len(figures) == 7
    for figure in map(html.unescape, figures):
        assert browser.ask(figure)[0] == 200, figure
    [headline] = links(state, f"{root}/t/{key}")[:1]
    _, ticket = browser.text(headline)
    assert f'href="{root}/examples?ticket={key}"' in ticket
    [side_by_side] = links(ticket, rf"{root}/compare\?ticket={key}[^\"]*")
    _, compared = browser.text(side_by_side)
    [run, *_] = links(compared, f"{root}/runs/mlflow:[0-9]+")
    _, page = browser.text(run)
    assert links(page, re.escape(TRACKER) + "[0-9]+")
    [row] = links(state, rf"{root}/compare\?ticket={key}")
    assert browser.ask(row)[0] == 200
