"""The phase of a project over the API."""


def test_phase_is_put_read_and_put_again_as_yaml_without_a_change(api):
    empty = api("GET", "phase")
    assert (empty.headers["etag"], empty.json()["explore_percent"], empty.json()["target_percent"]) == (
        '"0"',
        None,
        90,
    )
    document = {
        "phase": "convergence",
        "since": "2026-05-12",
        "gates": [{"question": "Pick one", "by_sprint": 5}],
    }
    made = api("PUT", "phase", json={"document": document}, headers={"if-match": '"0"'})
    assert (made.status_code, made.headers["etag"], made.json()["data"]) == (200, '"1"', document)
    assert made.json()["gates"][0]["state"] == "ahead"
    text = api("GET", "phase?format=yaml").text
    assert api("PUT", "phase", json={"text": text}, headers={"if-match": '"1"'}).headers["etag"] == '"1"'
    broken = api("PUT", "phase", json={"document": {"phase": "x"}}, headers={"if-match": '"1"'})
    assert (broken.status_code, broken.json()["field"]) == (422, "phase")
