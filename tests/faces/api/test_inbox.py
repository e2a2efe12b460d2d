"""The inbox over the API."""

import pytest


def test_inbox_tells_what_others_did_and_keeps_how_far_somebody_has_read(api):
    path = api.new("Followed")
    key = path.rpartition("/")[2]
    assert api("POST", f"{path}/notes", json={"text": "@joan, is it worth it?"}).status_code == 201
    view = api("GET", "inbox?who=joan").json()
    assert (view["who"], view["unread"], view["follows"], view["read_up_to"]) == ("joan", 1, 1, 0)
    [row] = view["rows"]
    assert (row["ticket"], row["title"], row["kind"], row["mentions"], row["is_new"]) == (
        key,
        "Followed",
        "ticket.noted",
        True,
        True,
    )
    assert api("GET", "inbox").json()["rows"] == []
    body = {"read_up_to": view["last_seq"], "who": "joan"}
    done = api("PUT", "inbox", json=body)
    assert (done.status_code, done.json()) == (
        200,
        {"name": "joan", "read_up_to": view["last_seq"], "before": 0},
    )
    assert api("GET", "inbox?who=joan").json()["unread"] == 0
    assert api("PUT", "inbox", json={"read_up_to": 0, "who": "joan"}).json()["before"] == view["last_seq"]
    assert api("GET", "inbox?who=joan").json()["unread"] == 1


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"read_up_to": 10**9}, "inbox-mark"),
        ({"read_up_to": True}, "request-malformed"),
        ({"read_up_to": 1, "who": ""}, "watcher-name"),
        ({}, "request-malformed"),
    ],
)
def test_mark_that_nobody_can_have_read_to_is_refused(api, body, code):
    answer = api("PUT", "inbox", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, code)
