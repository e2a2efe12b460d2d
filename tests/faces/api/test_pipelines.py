"""Events of OpenLineage over the API, and where a job is shown then."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from assay.connectors.pipelines import api_client
from tests.support.lineage_events import lineage_event
from tests.support.replayed_orchestrator import AT, running

NOW = datetime.now(UTC)


@pytest.fixture
def told(api):
    path = api.new("Trained by a pipeline")
    tags = {"assay.ticket": path.rpartition("/")[2]}

    def tell(kind, **more):
        run = more.pop("run", tell.run)
        return api(
            "POST",
            "openlineage",
            json=lineage_event(kind, run=run, at=NOW - timedelta(hours=1), tags=tags, **more),
        )

    tell.path, tell.run, tell.key = path, str(uuid4()), tags["assay.ticket"]
    return tell


def html(api, address):
    return api.client.get(f"/p/{api.slug}{address}").text


def test_card_and_ticket_page_show_where_a_job_stands_and_why_it_failed(api, told):
    assert told("START").json()["changed"] is True
    assert "train_model: running" in html(api, "/board")
    error = "<b>CUDA</b> out of memory\nTraceback"
    told("FAIL", minutes=4, error=error)
    assert "train_model: failed: &lt;b&gt;CUDA&lt;/b&gt; out of memory" in html(api, "/board")
    page = html(api, f"/t/{told.key}")
    assert 'id="jobs"' in page
    assert "&lt;b&gt;CUDA&lt;/b&gt; out of memory" in page
    assert "told that pipeline job train_model is failed" in page
    assert api("GET", f"{told.path}/page").json()["jobs"]["rows"][0]["job"]["state"] == "failed"


def test_same_event_twice_is_once_and_a_late_start_undoes_nothing(api, told):
    assert [told("COMPLETE", minutes=9).json()["changed"] for _ in range(2)] == [True, False]
    told("START")
    [row] = api("GET", f"{told.path}/jobs").json()["rows"]
    assert (row["level"], row["job"]["state"]) == (0, "completed")


def test_live_pages_hear_of_a_change_and_not_of_signs_of_life(api, told):
    told("START")
    before = api.ws.store.last_seq()
    told("RUNNING", minutes=1)
    assert api.ws.store.last_seq() == before
    told("COMPLETE", minutes=2)
    assert api.ws.store.last_seq() == before + 1


def test_event_about_a_job_alone_is_taken_and_not_kept(api):
    event = {
        "eventTime": NOW.isoformat(),
        "job": {"namespace": "ml", "name": "x"},
        "producer": "https://example.org",
    }
    answer = api("POST", "openlineage", json=event)
    assert (answer.status_code, answer.json()) == (200, {"kept": False, "changed": False, "job": None})


def test_event_of_another_form_or_too_large_is_refused_and_named(api):
    wrong = api("POST", "openlineage", json=lineage_event("START", run="train-7"))
    assert (wrong.status_code, wrong.json()["code"], wrong.json()["field"]) == (
        422,
        "lineage-event-malformed",
        "run.runId",
    )
    large = api("POST", "openlineage", json=lineage_event("START", junk={"text": "x" * 1_100_000}))
    assert large.status_code == 413
    packed = api(
        "POST",
        "openlineage",
        content=b"\x1f\x8b",
        headers={"content-type": "application/json", "content-encoding": "gzip"},
    )
    assert (packed.status_code, packed.json()["code"]) == (415, "content-type-unsupported")


def test_page_of_a_browser_cannot_send_events(api):
    event = lineage_event("START")
    foreign = api("POST", "openlineage", json=event, headers={"origin": "https://evil.example"})
    assert (foreign.status_code, foreign.json()["code"]) == (403, "origin-foreign")


def test_an_orchestrator_is_connected_and_read_and_pages_say_since_when_it_is_away(api, monkeypatch):
    monkeypatch.setattr(api_client, "now_here", lambda: AT)
    key = api.new("Trained by Kubeflow").rpartition("/")[2]
    with running("kubeflow") as (address, replayed):
        for run in replayed.told("/runs", asked="created_at")["runs"]:
            run["display_name"] = run["display_name"].replace("EXP-1", key)
        connected = api("POST", "sources", json={"kind": "kubeflow", "uri": address})
        assert connected.json()["found"] == f"Kubeflow Pipelines 2.5.0 at {address}: its runs can be read"
        [report] = api("POST", "sources/kubeflow/syncs").json()["reports"]
        assert report["jobs"] > 0
        assert "training.train: running" in html(api, "/board").replace(key, "")
        assert "cannot be read" not in html(api, "/board")
    assert api("POST", "sources/kubeflow/syncs").status_code == 503
    assert "kubeflow cannot be read</span>; last read <time" in html(api, "/board")
    assert "Jobs of kubeflow may have moved on: cannot read Kubeflow Pipelines" in html(api, f"/t/{key}")
    standup = html(api, "/standup")
    assert "not known from kubeflow." in standup
    assert "What failed there since is not known" in standup
    [unread] = api("GET", f"tickets/{key}/jobs").json()["unread"]
    assert unread["name"] == "kubeflow"
    assert unread["read_at"]
    assert api("DELETE", "sources/kubeflow").status_code == 204
