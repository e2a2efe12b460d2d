"""A text of one line is one line, whoever sends it."""

import pytest
from starlette.testclient import TestClient

from assay.bootstrap import open_workspace
from assay.server.app import create_app
from assay.settings import Settings, write_settings
from tests.faces.web import story


@pytest.fixture
def client(tmp_path):
    home = tmp_path / ".assay"
    write_settings(home, {})
    settings = Settings(home=home, sync_interval_s=0)
    with open_workspace(settings) as ws:
        story.Story(ws).ticket("Ten times the data")
        with TestClient(create_app(ws, settings), base_url="http://127.0.0.1") as one:
            yield one


@pytest.mark.parametrize(
    ("sent", "name"),
    [
        ({"owner": "Ada\nLovelace"}, "owner"),
        ({"labels": "one\x0btwo"}, "labels"),
        (
            {
                "baseline_metric": "accuracy",
                "baseline_source": "a\nb",
                "baseline_value": "0.7",
                "baseline_ticket": "",
            },
            "baselines",
        ),
        ({"need_dataset": "tick\nets", "need_versions": "", "need_by": "", "need_arrives": ""}, "needs"),
    ],
)
def test_form_by_a_hand_made_request_is_refused_beside_the_field(client, sent, name):
    page = client.get(f"/p/{story.SLUG}/t/new").text
    token = page.partition('name="csrf_token" value="')[2].partition('"')[0]
    form = {"csrf_token": token, "type": "experiment", "title": "Twenty times the data", **sent}
    answer = client.post(f"/p/{story.SLUG}/t/new", data=form)
    assert (answer.status_code, "Expected one line" in answer.text or "one line of text" in answer.text) == (
        422,
        True,
    )
    assert f'id="p-{name}-1"' in answer.text


def test_bulk_edit_refuses_an_owner_of_two_lines(client):
    api = f"/api/v1/projects/{story.SLUG}"
    [row] = client.get(f"{api}/tickets").json()["rows"]
    body = {"tickets": [{"key": row["key"], "version": row["version"]}], "set": {"owner": "Ada\nLovelace"}}
    answer = client.post(f"{api}/bulk-edits", json=body)
    assert answer.status_code == 422
    assert "one line of text" in answer.json()["detail"]
