"""The board as a file over the API: taken out and in without loss, told before it is saved, guarded by its version."""

import pytest
import yaml


@pytest.fixture
def project(api, request):
    """A project of its own for each test."""
    slug = request.node.name.replace("test_", "").replace("_", "-")[:38].strip("-")
    made = api("POST", "/api/v1/projects", json={"slug": slug})
    assert made.status_code == 201, made.text
    return f"/api/v1/projects/{slug}"


def file_of(api, project, **query):
    answer = api("GET", f"{project}/board-file", params=query)
    return yaml.safe_load(answer.json()["text"]), answer.headers["etag"]


def put(api, project, board, etag="*"):
    text = board if isinstance(board, str) else yaml.safe_dump(board)
    return api("PUT", f"{project}/board-file", json={"text": text}, headers={"If-Match": etag})


def test_putting_the_file_back_changes_nothing(api, project):
    answer = api("GET", f"{project}/board-file")
    again = put(api, project, answer.json()["text"], answer.headers["etag"])
    assert (again.status_code, again.json()) == (200, answer.json())
    journal = api("GET", "/api/v1/journal", params={"kind": "project.configured"})
    assert project.rpartition("/")[2] not in journal.text


def test_change_is_told_first_then_saved_once_and_a_stale_one_is_refused(api, project):
    board, etag = file_of(api, project)
    board["columns"][2]["limit"] = 1
    draft = api("POST", f"{project}/board-file/check", json={"text": yaml.safe_dump(board)}).json()
    assert draft["changes"] == ["Experiment: at most 1 GPU (was 3)."]
    assert file_of(api, project)[1] == etag
    assert put(api, project, board, etag).json()["changes"] == draft["changes"]
    assert file_of(api, project)[0] == board
    assert put(api, project, board, etag).json()["changes"] == []
    board["columns"][2]["limit"] = 2
    assert put(api, project, board, etag).status_code == 412
    missing = api("PUT", f"{project}/board-file", json={"text": yaml.safe_dump(board)})
    assert missing.status_code == 428


def test_saving_a_board_keeps_name_rules_and_limits_of_commitments(api, project):
    before = api("GET", project).json()
    board, etag = file_of(api, project, template="feature")
    assert put(api, project, board, etag).status_code == 200
    after = api("GET", project).json()
    assert (after["name"], after["verdicts"]) == (before["name"], before["verdicts"])
    assert [stage["key"] for stage in after["board"]["stages"]][1:6] == [
        "data",
        "model",
        "code",
        "test",
        "deploy",
    ]


def test_column_that_holds_a_card_cannot_go_and_a_gate_has_to_be_there(api, project):
    api("POST", f"{project}/tickets", json={"title": "Waits"})
    small = "columns:\n- {key: todo, title: To do}\n- {key: done, title: Done, terminal: true}\nmoves:\n- {from: todo, to: done}\n"
    refused = put(api, project, small)
    assert (refused.status_code, refused.json()["code"]) == (409, "column-in-use")
    assert "holds 1 card (expected" in refused.json()["detail"]
    assert api("POST", f"{project}/board-file/check", json={"text": small}).json()["code"] == "column-in-use"
    board, _ = file_of(api, project)
    board["columns"][3]["gate"] = "answers-of-nobody"
    assert put(api, project, board).json()["code"] == "stage-gate-unknown"


def test_slip_in_the_file_names_field_line_and_what_is_expected(api, project):
    board, _ = file_of(api, project)
    board["moves"][0]["to"] = "hypotesis"
    told = put(api, project, board)
    problem = told.json()
    assert (told.status_code, problem["code"], problem["field"]) == (422, "field-invalid", "moves[0].to")
    assert problem["hint"] == "did you mean hypothesis?"
    assert problem["details"]["line"] > 30


def test_project_begins_with_the_board_that_was_chosen_and_its_cards_are_decided_on_it(api):
    made = api("POST", "/api/v1/projects", json={"slug": "ranking", "template": "feature"})
    assert made.status_code == 201
    experiment = {
        "title": "Rank by clicks", "hypothesis": "Clicks rank better.", "baseline": [{"metric": "accuracy", "value": 0.7, "source": "live"}],
        "criteria": {"primary": ["accuracy >= 85%"], "kill": ["accuracy < 60%"]}, "budget": {"gpu_hours": 2},
    }  # fmt: skip
    feature = {
        "title": "Show it", "type": "feature", "feature": {"fallback": "By date."}, "criteria": {"primary": ["accuracy >= 85%"]},
    }  # fmt: skip
    metric = {"name": "accuracy", "direction": "higher", "unit": "fraction"}
    at = "/api/v1/projects/ranking"
    assert api("POST", f"{at}/metrics", json=metric).status_code == 201

    def walk(ticket, columns, decision):
        path = f"{at}/tickets/" + api("POST", f"{at}/tickets", json=ticket).json()["key"]
        for column in columns:
            body = {"to": column, "override_reason": "the walk of a test"}
            moved = api("POST", f"{path}/moves", json=body, headers={"If-Match": "*"})
            assert moved.status_code == 200, moved.text
        body = {"kind": decision, "learnings": "Clicks rank better than dates do.", "reason": "seen"}
        decided = api("POST", f"{path}/decisions", json=body, headers={"If-Match": "*"})
        assert decided.status_code == 201, decided.text
        return api("GET", path).json()["stage"]

    assert walk(feature, ["data", "model", "code", "test"], "promote") == "deploy"
    assert walk(experiment, ["data", "model"], "kill") == "killed"
    flow = api("GET", f"{at}/flow").json()
    assert (flow["killed"]["count"], flow["decided"], flow["waiting"]) == (1, 1, 0)
    assert flow["cumulative"]["counts"][-1] == [0, 0, 0, 0, 0, 1, 0, 1]
    assert api("POST", "/api/v1/projects", json={"slug": "other", "template": "waterfall"}).status_code == 422
