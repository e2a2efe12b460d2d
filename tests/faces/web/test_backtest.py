"""The page of the back-test: figures, pictures, settings used and taken back, and what it says while rules are replayed."""

import html
import re
import time

import pytest
from starlette.testclient import TestClient

from assay.bootstrap import open_workspace
from assay.server.app import create_app
from assay.settings import Settings
from assay.web import back_tests
from assay.workflows.notes import add_note
from assay.workflows.projects import create_project, get_project
from tests.faces.web import story
from tests.support.past_runs import tell_past

PAGE = f"/p/{story.SLUG}/backtest"
API = f"/api/v1/projects/{story.SLUG}/backtest"


@pytest.fixture(scope="module")
def past(tmp_path_factory):
    """A client and the workspace of a project with eighty past runs, and of one without any."""
    settings = Settings(home=tmp_path_factory.mktemp("home"), sync_interval_s=0)
    with open_workspace(settings) as ws:
        keys = tell_past(ws)
        create_project(ws, story.ADA, slug="empty")
        with TestClient(create_app(ws, settings), base_url="http://127.0.0.1") as client:
            yield client, ws, keys


@pytest.fixture(scope="module")
def found(past):
    """What the API answers, before anything is changed."""
    return past[0].get(API).json()


def shown(client, address=PAGE, **query):
    answer = client.get(address, params={"wait": "yes", **query})
    assert answer.status_code == 200
    return html.unescape(answer.text)


def sent(page, form):
    """The fields of the form at this address, as a browser sends them."""
    [part] = re.findall(rf'<form method="post" action="{PAGE}/{form}">(.*?)</form>', page, re.DOTALL)
    fields = {}
    for tag in re.findall(r"<input [^>]*>", part):
        name, value = re.search(r'name="(\w+)"', tag)[1], re.search(r'value="(.*?)"(?: checked)?>$', tag)[1]
        fields.setdefault(name, []).append(value)
    return fields


def rules_of(ws):
    return get_project(ws, story.ADA, story.SLUG).settings.verdicts.kill_rules


def test_page_says_what_the_api_says_and_names_the_winners_that_each_rule_kills(past, found):
    client, _, _ = past
    page = shown(client)
    assert found["winners"] > 20
    assert f"<b>{found['runs']} runs</b>" in page
    for rule in found["rules"]:
        if rule["winners_judged"]:
            assert re.search(rf"\b{rule['winners_killed']} of {rule['winners_judged']}(</a>)?</b>", page)
        assert html.unescape(rule["why"]) in page
        for one in rule["values"] if len(rule["values"]) > 1 else ():
            assert one["value"] in page
    killed = {run["name"]: run for rule in found["rules"] for run in rule["killed"] if run["won"]}
    assert killed
    listed = page[page.index('id="runs"') :]
    for name in re.findall(r'dir="auto">(rate-\d+)</a>', listed):
        assert f"/t/{killed.pop(name)['ticket']}" in listed
    assert len(killed) == 0 or "that most rules stop" in listed
    assert "https://mlflow.example/#/experiments/1/runs/" in listed
    for left in found["left_out"]:
        assert left["why"] in page
    one = shown(client, rule="plateau")
    plateau = next(rule for rule in found["rules"] if rule["rule"] == "plateau")
    assert one.count("never reached it") == plateau["doomed_killed"]


def test_pictures_hold_the_figures_of_the_answer_and_words_for_those_who_cannot_see_them(past, found):
    client, _, _ = past
    page = shown(client)
    drawn = client.get(f"/p/{story.SLUG}/backtest/rules.json").json()
    known = [rule for rule in found["rules"] if rule["winners_judged"] and rule["saved"]]
    assert [row["winners killed"] for row in drawn["datasets"]["rules"]] == [
        rule["winners_killed_share"] for rule in known
    ]
    assert [row["high"] for row in drawn["datasets"]["rules"]] == [
        rule["winners_killed_at_most"] for rule in known
    ]
    places = ("left_above", "right_above", "left_below", "right_below")
    written = [text for side in places for one in drawn["datasets"][side] for text in one["name"].split(", ")]
    assert sorted(written) == sorted(rule["rule"].replace("_", " ") for rule in known)
    values = client.get(f"/p/{story.SLUG}/backtest/values.json").json()["datasets"]["values"]
    assert {row["is"] for row in values} >= {"another value", "to use"}
    drawn_chances = client.get(f"/p/{story.SLUG}/backtest/chances.json").json()["datasets"]["groups"]
    assert [row["runs"] for row in drawn_chances] == [one["runs"] for one in found["chances"]]
    assert "rules stop more than 5% of winners" in page
    assert "config" not in drawn


def test_settings_are_used_with_one_click_and_taken_back_with_another(past, found):
    client, ws, _ = past
    before, page = rules_of(ws), shown(client)
    fields = sent(page, "settings")
    assert fields["rule"]
    stale = client.post(f"{PAGE}/settings", data=fields | {"expected_version": "1"})
    assert (stale.status_code, rules_of(ws)) == (412, before)
    assert "changed meanwhile" in stale.text
    nothing = client.post(f"{PAGE}/settings", data={k: v for k, v in fields.items() if k != "rule"})
    assert nothing.status_code == 422
    assert "no rule was chosen" in nothing.text
    odd = client.post(f"{PAGE}/settings", data=fields | {"best": '{"gap": "wide"}'})
    assert odd.status_code == 422
    assert "load the page again" in odd.text
    done = client.post(f"{PAGE}/settings", data=fields, follow_redirects=False)
    assert (done.status_code, done.headers["location"]) == (303, f"{PAGE}?done=rules-set")
    assert rules_of(ws).model_dump(mode="json") == found["best_kill_rules"]
    after = shown(client, done="rules-set")
    assert "The kill rules are set." in after
    assert "changed the rules on" in after
    back = sent(after, "undo")
    again = client.post(f"{PAGE}/undo", data=back | {"seq": "1"})
    assert again.status_code == 409
    assert client.post(f"{PAGE}/undo", data=back, follow_redirects=False).status_code == 303
    assert rules_of(ws) == before


def test_page_that_cannot_wait_says_how_far_it_is_and_is_loaded_again_once_it_is_over(past, monkeypatch):
    client, ws, keys = past
    monkeypatch.setattr(back_tests, "PATIENCE_S", 0.0)
    first = client.get(PAGE, params={"runs": 79}).text
    assert 'id="at-work"' in first
    assert "wait=yes" in first
    assert "Settings that these runs ask for" not in first
    until = time.monotonic() + 60
    said = client.get(f"{PAGE}/progress", params={"runs": 79})
    while "hx-refresh" not in said.headers:
        assert "past runs" in said.text
        assert time.monotonic() < until
        said = client.get(f"{PAGE}/progress", params={"runs": 79})
    jobs = back_tests.back_tests(client.app)
    kept = jobs.ask(ws, story.ADA, story.SLUG, 79)
    assert kept.view is not None
    add_note(ws, story.ADA, story.SLUG, keys["first"], "Nothing that a back-test reads.")
    assert jobs.ask(ws, story.ADA, story.SLUG, 79) is kept
    assert "of the newest 79 of 82 that are over" in client.get(PAGE, params={"runs": 79}).text


def test_project_without_past_runs_is_told_what_is_missing_and_how_to_get_it(past):
    client, _, _ = past
    page = shown(client, "/p/empty/backtest")
    assert "no run of a ticket with locked criteria is over" in page
    assert "Connect a tracker" in page
    assert "data-chart" not in page


@pytest.mark.parametrize("page", ["settings", "diagnosis", "palette"])
def test_page_is_reached_from_where_rules_are_set_and_causes_are_named(past, page):
    client, _, _ = past
    assert f'href="{PAGE}' in client.get(f"/p/{story.SLUG}/{page}").text
