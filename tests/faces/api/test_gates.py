"""Gates over the API: versions with ETags, files sent and kept, answers read back, the exit gate of a column."""

import pytest

TEXT = "gate: answers\ncriteria: [accuracy >= 85%]\n"
EASIER = TEXT.replace("85", "80")
HARDER = TEXT.replace("85", "90")


def scores(right, of=400):
    rows = [f"q{number},1,accuracy,{int(number < right)}" for number in range(of)]
    return "\n".join(["sample_id,seed,metric,value", *rows]).encode() + b"\n"


@pytest.fixture
def gate(api, request):
    """The path of a gate of its own for each test."""
    name = request.node.name.replace("test_", "")[:60].strip("_")
    answer = api("POST", "gates", json={"text": TEXT, "name": name})
    assert answer.status_code == 201, answer.text
    return answer.headers["location"]


def judge(api, gate, right=380, **more):
    files = more.pop("files", [("candidate", ("scores.csv", scores(right)))])
    return api("POST", f"{gate}/runs", files=files, **more)


def test_a_gate_is_made_read_and_changed_with_its_etag(api, gate):
    made = api("GET", gate)
    assert (made.headers["etag"], made.json()["version"], made.json()["text"]) == ('"1"', 1, TEXT)
    assert made.json()["gate"]["criteria"] == ["accuracy >= 85%"]
    assert api("PUT", gate, json={"text": HARDER}).status_code == 428
    stale = api("PUT", gate, json={"text": HARDER}, headers={"If-Match": '"7"'})
    assert (stale.status_code, stale.json()["details"]) == (412, {"version": 1})
    changed = api("PUT", gate, json={"text": HARDER}, headers={"If-Match": '"1"'})
    assert (changed.status_code, changed.headers["etag"]) == (200, '"2"')
    again = api("PUT", gate, json={"text": HARDER}, headers={"If-Match": '"2"'})
    assert (again.status_code, again.json()["version"]) == (200, 2)
    assert api("GET", f"{gate}?version=1").json()["text"] == TEXT
    assert [row["version"] for row in api("GET", f"{gate}/versions").json()["rows"]] == [2, 1]


def test_loosening_is_shown_before_and_needs_a_reason(api, gate):
    name = gate.rpartition("/")[2]
    draft = api("POST", "gates/check", json={"text": EASIER, "name": name}).json()
    assert (draft["loosens"], draft["version_before"]) == (True, 1)
    refused = api("PUT", gate, json={"text": EASIER}, headers={"If-Match": "*"})
    assert (refused.status_code, refused.json()["code"], refused.json()["field"]) == (
        422,
        "gate-needs-reason",
        "reason",
    )
    done = api("PUT", gate, json={"text": EASIER, "reason": "noisy labels"}, headers={"If-Match": "*"})
    assert [change["text"] for change in done.json()["changes"] if change["loosens"]] == refused.json()[
        "details"
    ]["changes"]


def test_a_name_is_taken_once_and_what_is_unknown_says_what_there_is(api, gate):
    name = gate.rpartition("/")[2]
    twice = api("POST", "gates", json={"text": TEXT, "name": name})
    assert (twice.status_code, twice.json()["code"]) == (409, "gate-exists")
    missing = api("GET", "gates/none-such")
    assert (missing.status_code, missing.json()["code"]) == (404, "gate-unknown")
    assert api("GET", "gate-runs/99999").json()["code"] == "gate-run-unknown"
    broken = api("POST", "gates", json={"text": "criteria: [accuracy"})
    assert (broken.status_code, broken.headers["content-type"]) == (422, "application/problem+json")


def test_files_are_judged_kept_and_come_out_again(api, gate):
    answer = judge(api, gate)
    assert answer.status_code == 201, answer.text
    run = answer.json()
    assert (run["result"], run["exit_code"], run["uses"]) == ("pass", 0, 1)
    assert api("GET", answer.headers["location"]).json() == run
    (kept,) = run["candidate"]["files"]
    file = api("GET", f"{answer.headers['location']}/files/{kept['digest']}")
    assert (file.content, file.headers["content-type"]) == (scores(380), "application/octet-stream")
    assert api("GET", f"{answer.headers['location']}/replay").json()["same"] is True


def test_an_earlier_run_serves_as_baseline_and_answers_are_listed(api, gate):
    first = judge(api, gate, 340).json()["number"]
    second = judge(api, gate, 390, data={"baseline_run": str(first)})
    assert second.json()["baseline"]["run"] == first
    both = [("candidate", ("a.csv", scores(380))), ("baseline", ("b.csv", scores(350)))]
    third = judge(api, gate, files=both)
    assert third.json()["baseline"]["files"][0]["name"] == "b.csv"
    name = gate.rpartition("/")[2]
    page = api("GET", f"gate-runs?gate={name}&limit=2").json()
    assert [row["number"] for row in page["rows"]] == [third.json()["number"], second.json()["number"]]
    rest = api("GET", f"gate-runs?gate={name}&before={page['next_before']}").json()
    assert [row["number"] for row in rest["rows"]] == [first]


def test_the_same_upload_sent_again_is_one_run(api, gate):
    headers = {"Idempotency-Key": "one-upload"}
    first, again = (judge(api, gate, headers=headers) for _ in range(2))
    assert (again.status_code, again.headers["idempotency-replayed"]) == (201, "true")
    assert again.json() == first.json()
    other = judge(api, gate, 390, headers=headers)
    assert (other.status_code, other.json()["code"]) == (409, "idempotency-key-reused")


@pytest.mark.parametrize(
    ("files", "data", "status", "code"),
    [
        ([("candidate", ("../../etc/passwd", b"x"))], {}, 422, "upload-file-name"),
        ([("candidate", ("a.csv", b"not a table at all"))], {}, 422, "evaluation-unreadable"),
        ([("baseline", ("a.csv", b"x"))], {}, 422, "upload-empty"),
        ([("candidate", ("a.csv", b"1")), ("candidate", ("a.csv", b"2"))], {}, 422, "upload-twice"),
        ([("candidate", ("a.csv", b"1")), ("more", ("b.csv", b"2"))], {}, 422, "field-unknown"),
        ([("candidate", ("a.csv", b"1"))], {"baseline_run": "-1"}, 422, "form-field-malformed"),
        ([("candidate", ("a.csv", b"1"))], {"baseline_run": "424242"}, 404, "gate-run-unknown"),
        ([("candidate", ("a.csv", b"1"))], {"ticket": "EXP-9999"}, 404, "ticket-unknown"),
        ([("candidate", ("a.csv", b"1"))], {"version": "9"}, 404, "gate-version-unknown"),
        ([("candidate", ("a.csv", b"1"))], {"candidate": "text"}, 422, "upload-no-file"),
    ],
)
def test_uploads_that_cannot_be_judged_are_problems_that_say_why(api, request, files, data, status, code):
    made = api("POST", "gates", json={"text": TEXT, "name": f"upload-{request.node.callspec.id[:8]}-{code}"})
    path = made.headers["location"] if made.status_code == 201 else f"gates/upload-{code}"
    answer = judge(api, path, files=files, data=data)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text


def test_a_body_that_is_no_form_is_told_the_form(api, gate):
    answer = api("POST", f"{gate}/runs", json={})
    assert (answer.status_code, answer.json()["code"]) == (415, "content-type-unsupported")


def test_too_much_is_refused_before_it_is_read(api, gate):
    headers = {"content-length": str(65 * 2**20), "content-type": "multipart/form-data; boundary=x"}
    assert api("POST", f"{gate}/runs", headers=headers, content=b"").status_code == 413


def test_a_column_names_its_gate_and_a_ticket_says_what_it_waits_for(api, gate):
    name = gate.rpartition("/")[2]
    project = api("GET", "")
    board = project.json()["board"]
    next(stage for stage in board["stages"] if stage["key"] == "evaluation")["gate"] = name
    saved = api("PATCH", "", json={"board": board}, headers={"If-Match": project.headers["etag"]})
    assert saved.status_code == 200, saved.text
    waits = api("GET", api.ticket("fresh", "/gate")).json()
    assert (waits["gate"], waits["stage"], waits["finding"]["outcome"]) == (name, "Evaluation", "no_evidence")
    answer = judge(api, gate, data={"ticket": api.keys["fresh"]})
    assert answer.json()["ticket"] == api.keys["fresh"]
    assert api("GET", api.ticket("fresh", "/gate")).json()["finding"]["outcome"] == "met"
    assert [row["stages"] for row in api("GET", "gates").json()["rows"] if row["latest"]["name"] == name] == [
        ["Evaluation"]
    ]
    early = api("POST", api.ticket("fresh", "/gate-runs"), json={})
    assert (early.status_code, early.json()["code"]) == (409, "ticket-not-locked")
    own = api("POST", api.ticket("clear", "/gate-runs"), json={})
    assert (own.status_code, own.json()["result"], own.json()["gate"]) == (201, "pass", name)
    assert own.json()["candidate"]["kind"] == "ticket"
    moves = {move["target"]: move for move in api("GET", api.ticket("clear", "/moves")).json()["rows"]}
    asked = {to: [f["outcome"] for f in move["findings"] if name in f["check"]] for to, move in moves.items()}
    assert (asked["production"], asked["killed"]) == (["met"], [])
