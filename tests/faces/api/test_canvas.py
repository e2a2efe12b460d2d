"""The canvas over the API."""

PAGE = {
    "objective": "Answer *tickets*",
    "success": [{"metric": "accuracy >= 85%", "why": "Fewer handovers"}],
    "time_box": {"discovery_sprints": 2, "ship_by_sprint": 6},
    "kill": [{"criterion": "accuracy < 80%", "after_sprint": 3, "then": "pivot"}],
}


def put(api, version=0, **body):
    return api("PUT", "canvas", json=body, headers={"if-match": f'"{version}"'})


def test_canvas_is_put_read_and_put_again_as_yaml_without_a_change(api):
    empty = api("GET", "canvas")
    assert (empty.headers["etag"], empty.json()["document"], empty.json()["text"]) == ('"0"', {}, "")
    made = put(api, document=PAGE)
    assert (made.status_code, made.headers["etag"], made.json()["document"]) == (200, '"1"', PAGE)
    text = api("GET", "canvas?format=yaml").text
    assert put(api, 1, text=text).headers["etag"] == '"1"'
    [line] = made.json()["success"]
    assert (line["value"], line["outcome"], line["ticket"]) == ("88.2%", "met", "EXP-5")
    assert made.json()["kill"][0]["word"] == "counts once sprint 3 has ended; by now not met"


def test_canvas_as_markdown_keeps_what_people_wrote_from_becoming_markup(api):
    put(api, document=PAGE)
    text = api("GET", "canvas?format=markdown").text
    assert "Answer \\*tickets\\*" in text
    assert "1. accuracy \\>= 85%: today 88.2%, " in text
    assert "by EXP-5 (met). Fewer handovers" in text


def test_stale_or_unnamed_version_is_refused_and_errors_name_the_field(api):
    put(api, document=PAGE)
    stale = put(api, 0, document={})
    assert (stale.status_code, stale.json()["details"]) == (412, {"version": 1})
    assert api("PUT", "canvas", json={"document": {}}).status_code == 428
    broken = put(api, 1, text="kill: [{criterion: accuracy < 80%, after_sprint: soon}]")
    assert (broken.status_code, broken.json()["field"]) == (422, "kill[0].after_sprint")
    both = put(api, 1, text="objective: x", document={})
    assert (both.status_code, both.json()["code"]) == (422, "document-text-or-fields")


def test_feature_is_broken_down_once_into_tickets_of_both_backlogs(api):
    made = api("POST", "tickets", json={"title": "Auto-reply", "type": "feature"}).json()["key"]
    first = api("POST", f"tickets/{made}/parts", json={}).json()
    assert [(one["type"], one["backlog"]) for one in first["rows"]] == [
        ("experiment", "experiment"),
        ("engineering", "product"),
        ("engineering", "product"),
    ]
    assert api("POST", f"tickets/{made}/parts", json={}).json()["created"] == []
    assert api("GET", f"tickets/{made}/parts").json()["rows"] == first["rows"]
    refused = api("POST", f"tickets/{first['rows'][0]['key']}/parts", json={})
    assert (refused.status_code, refused.json()["code"]) == (409, "breakdown-no-feature")
