"""Lists, search, evidence, the journal and what keeps everything safe."""

import csv
import io
import json

import pytest

from assay.domain.experiments.experiment import TicketContent
from assay.workflows.tickets import create_ticket
from tests.faces.web import story

PAGED = ("tickets", "experiments", "runs", "board/backlog", "/api/v1/journal")


@pytest.mark.parametrize("path", PAGED)
@pytest.mark.parametrize("limit", ["-1", "0", "201", "1e3", "100000000000000000000", "", "٣", "1;DROP"])
def test_limit_outside_1_to_200_is_refused_by_name(api, path, limit):
    answer = api("GET", path, params={"limit": limit})
    assert (answer.status_code, answer.json()["field"]) == (422, "limit")


@pytest.mark.parametrize("path", ["tickets", "runs", "board/backlog"])
@pytest.mark.parametrize("cursor", ["x", "AAAA", "~", "nan~EXP-1", "W10", "eyJhIjoxfQ", "9" * 400])
def test_cursor_that_no_page_gave_is_refused(api, path, cursor):
    answer = api("GET", path, params={"cursor": cursor})
    assert answer.status_code == 422
    assert answer.json()["field"] == "cursor"


@pytest.mark.parametrize(
    "query", ["sort=password_hash", "filter=owner__token", "owner__token=x", "limit=1&limit=2&x=1"]
)
def test_unknown_sort_and_filter_are_refused(api, query):
    assert api("GET", f"tickets?{query}").status_code == 422


@pytest.mark.parametrize("path", ["tickets", "experiments", "board", "board/backlog"])
@pytest.mark.parametrize(
    ("name", "value", "known"),
    [
        ("stage", "zzz", "backlog, hypothesis"),
        ("type", "zz", "experiment, spike"),
        ("axis", "colour", "none"),
        ("mode", "x", "explore, exploit, none"),
        ("decision", "kil", "promote, iterate, kill, none"),
        ("recommendation", "maybe", "undecided"),
        ("priority", "7", "0, 1, 2, 3, 4"),
    ],
)
def test_filter_for_what_no_ticket_can_have_is_refused_naming_what_exists(api, path, name, value, known):
    answer = api("GET", path, params={name: value})
    assert (answer.status_code, answer.json()["field"]) == (422, name)
    assert known in answer.json()["detail"]
    assert answer.json()["hint"]


def test_filter_for_runs_that_cannot_be_is_refused_naming_what_exists(api):
    for name, value, known in (("status", "done", "finished"), ("source", "wandb", "mlflow")):
        answer = api("GET", "runs", params={name: value})
        assert (answer.status_code, answer.json()["field"]) == (422, name)
        assert known in answer.json()["detail"]


@pytest.mark.parametrize(
    "query", ["type=experiment", "axis=none", "decision=none", "stage=backlog", "stage=", "priority=2"]
)
def test_filter_for_what_tickets_can_have_is_answered(api, query):
    assert api("GET", f"tickets?{query}").status_code == 200


def test_tickets_are_listed_a_page_at_a_time_without_gap_or_repeat(api):
    keys, cursor = [], None
    while True:
        page = api("GET", "tickets", params={"limit": 3, **({"cursor": cursor} if cursor else {})}).json()
        keys += [row["key"] for row in page["rows"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert len(keys) == len(set(keys)) == page["total"]


def test_search_finds_by_word_and_tried_before_by_rare_words(api):
    assert api("GET", "search", params={"q": "cross-encoder"}).json()["rows"][0]["key"] == api.keys["fresh"]
    hits = api("GET", "tried-before", params={"q": "a router trained from scratch again"}).json()["rows"]
    assert api.keys["broken"] in [hit["key"] for hit in hits]


def test_run_with_a_broken_curve_tells_nan_as_text_and_never_as_null(api):
    rows = api("GET", "runs", params={"ticket": api.keys["broken"]}).json()["rows"]
    curves = [api("GET", f"runs/{row['run_id']}").json()["curves"] for row in rows]
    told = [value for one in curves for curve in one.values() for value in curve["values"]]
    assert "NaN" in told
    assert None not in told


def test_run_is_detached_and_attached_again_by_hand(api):
    run = api("GET", "runs", params={"ticket": api.keys["running"]}).json()["rows"][0]["run_id"]
    assert api("PUT", f"runs/{run}", json={"ticket": None}).json()["ticket"] is None
    assert (
        api("PUT", f"runs/{run}", json={"ticket": api.keys["running"]}).json()["ticket"]
        == api.keys["running"]
    )


def test_tracker_that_cannot_be_read_is_a_problem_and_is_not_kept(api, tmp_path):
    before = api("GET", "sources").json()
    body = {"kind": "mlflow", "uri": f"sqlite:///{tmp_path}/none.db", "name": "gone"}
    answer = api("POST", "sources", json=body)
    assert answer.status_code in (404, 422, 503)
    assert answer.json()["detail"].startswith("cannot ")
    assert api("GET", "sources").json() == before


def test_tracker_at_a_metadata_service_is_refused_and_not_kept(api):
    before = api("GET", "sources").json()
    answer = api(
        "POST", "sources", json={"kind": "mlflow", "uri": "http://169.254.169.254/latest", "name": "x"}
    )
    assert (answer.status_code, answer.json()["field"]) == (422, "uri")
    assert answer.json()["code"] == "tracker-address-refused"
    assert api("GET", "sources").json() == before


def test_unknown_tracker_kind_is_refused_with_those_that_are_known(api):
    answer = api("POST", "sources", json={"kind": "abacus", "uri": "x"})
    assert (answer.status_code, answer.json()["field"]) == (422, "kind")
    assert "mlflow" in answer.json()["detail"]


def test_metric_in_use_cannot_be_dropped_and_names_may_hold_slashes(api):
    body = {"direction": "lower", "unit": "number"}
    assert api("PUT", "metrics/val/loss", json=body).json()["name"] == "val/loss"
    assert api("DELETE", "metrics/val/loss").status_code == 204
    assert api("DELETE", "metrics/accuracy").json()["code"] == "metric-in-use"


def test_settings_need_the_version_and_keep_columns_that_hold_cards(api):
    project = api("GET", "").json()
    assert api("PATCH", "", json={"name": "X"}).status_code == 428
    stages = [stage for stage in project["board"]["stages"] if stage["key"] != "backlog"]
    moves = [
        one for one in project["board"]["transitions"] if "backlog" not in (one["source"], one["target"])
    ]
    body = {"board": {"stages": stages, "transitions": moves}}
    answer = api("PATCH", "", json=body, headers={"if-match": f'"{project["version"]}"'})
    assert (answer.status_code, answer.json()["code"]) == (409, "column-in-use")
    named = api("PATCH", "", json={"name": "Support"}, headers={"if-match": f'"{project["version"]}"'})
    assert (named.status_code, named.json()["name"]) == (200, "Support")


def test_overview_and_health(api):
    assert api("GET", "overview").json()["runs"] > 0
    assert api("GET", "/health").json() == {"status": "alive"}
    assert api("GET", "/ready").json()["status"] == "ready"


def test_journal_verifies_and_its_proofs_hold_against_the_checkpoint(api):
    from assay.domain.governance.checkpoints import Checkpoint
    from assay.domain.governance.proofs import (
        ConsistencyProof,
        InclusionProof,
        check_consistency,
        check_inclusion,
    )

    older = Checkpoint.model_validate(api("POST", "/api/v1/journal/checkpoints").json()["checkpoint"])
    api.new("One more entry")
    api("POST", "/api/v1/journal/checkpoints")
    found = api("GET", "/api/v1/journal/proofs/3").json()
    newer = Checkpoint.model_validate(found["checkpoint"]["checkpoint"])
    assert check_inclusion(InclusionProof.model_validate(found["proof"]), newer).ok
    more = api("GET", f"/api/v1/journal/consistency/{older.size}").json()
    assert check_consistency(ConsistencyProof.model_validate(more["proof"]), older, newer).ok
    held = api("GET", "/api/v1/journal/checkpoints").json()["rows"]
    report = api("POST", "/api/v1/journal/verification", json={"checkpoints": held}).json()
    assert (report["ok"], report["fault"], report["checkpoint_faults"]) == (True, None, [])


def test_checkpoint_of_a_forged_journal_is_named(api):
    held = api("POST", "/api/v1/journal/checkpoints").json()
    held["checkpoint"]["root"] = "0" * 64
    report = api("POST", "/api/v1/journal/verification", json={"checkpoints": [held]}).json()
    assert report["ok"] is False
    assert "signature" in report["checkpoint_faults"][0]["reason"]


def test_export_as_lines_holds_every_entry(api):
    lines = api("GET", "/api/v1/journal/export").text.splitlines()
    total = api("GET", "/api/v1/journal", params={"limit": 1}).json()["total"]
    assert [json.loads(line)["entry"]["seq"] for line in lines] == list(range(1, total + 1))


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠", " =", "\ufeff="])
def test_formula_cells_are_made_text_in_the_csv_export(start):
    from assay.api.csv_cells import csv_line

    rows = list(csv.reader(io.StringIO(csv_line(["seq", f"{start}cmd|' /C calc'!A0"]).decode(), newline="")))
    assert rows[0][1].startswith("'")


def test_csv_export_reads_back_with_every_entry(api):
    api.new("=HYPERLINK(1)")
    text = api("GET", "/api/v1/journal/export.csv").text
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert [row["seq"] for row in rows] == [str(n) for n in range(1, len(rows) + 1)]
    assert not [cell for row in rows for cell in row.values() if cell.startswith(("=", "+", "@"))]


def test_backup_is_made_where_the_server_says_and_can_be_fetched(api):
    made = api("POST", "/api/v1/backups").json()
    fetched = api("GET", f"/api/v1/backups/{made['name']}")
    assert len(fetched.content) == made["bytes"]
    assert made["manifest"]["journal_size"] > 0


@pytest.mark.parametrize(
    "name", ["..%2f..%2fassay.toml", "signing.key", "assay-1.backup", "%2e%2e", "a" * 400]
)
def test_backup_of_another_name_is_not_found(api, name):
    assert api("GET", f"/api/v1/backups/{name}").status_code == 404


def test_diagnosis_says_that_all_is_well(api):
    rows = {row["name"]: row for row in api("GET", "/api/v1/diagnosis").json()["rows"]}
    assert rows["integrity"]["ok"] is True
    assert rows["journal chain"]["ok"] is True


def test_flow_is_told_as_of_any_day_and_refuses_the_future(api):
    now = api("GET", "flow", params={"days": 14}).json()
    assert now["decided"] == now["killed"]["count"] + now["promoted"]["count"] >= 1
    assert len(now["cumulative"]["days"]) == len(now["cumulative"]["counts"]) == 14
    before = api("GET", "flow", params={"at": "2001-01-01", "days": 7}).json()
    assert (before["decided"], before["killed"]["rate"], before["cycle_days_median"]) == (0, None, None)
    refused = api("GET", "flow", params={"at": "2901-01-01"})
    assert (refused.status_code, refused.json()["code"]) == (422, "moment-out-of-range")


def test_flow_names_moments_at_which_many_cards_moved(api):
    for number in range(10):
        create_ticket(api.ws, story.ADA, api.slug, TicketContent(title=f"Tidied up {number}"))
    told = api("GET", "flow", params={"days": 1})
    assert told.status_code == 200
    assert sum(edit["items"] for edit in told.json()["bulk_edits"]) >= 10
