"""What is in the way of tickets, over the API."""

import pytest

GPU = {"category": "gpu_shortage", "text": "No A100 before Thursday"}


def test_blocker_is_opened_listed_closed_and_told_by_board_page_and_flow(api):
    path = api.new("Blocked", owner="Grace")
    key = path.rpartition("/")[2]
    opened = api("POST", f"{path}/blockers", json=GPU)
    assert (opened.status_code, opened.json()["owner"], opened.json()["number"]) == (201, "Grace", 1)
    [row] = [row for row in api("GET", "blockers").json()["rows"] if row["ticket"] == key]
    assert (row["ticket"], row["title"], row["category"], row["closed_at"]) == (
        key,
        "Blocked",
        "gpu_shortage",
        None,
    )
    shown = api("GET", "board?blocked=yes").json()["columns"]
    [card] = [card for column in shown for card in column["cards"] if card["key"] == key]
    assert card["blockers"][0]["text"] == GPU["text"]
    assert key in [row["key"] for row in api("GET", "tickets?blocked=yes").json()["rows"]]
    assert api("GET", f"{path}/page").json()["blockers"][0]["number"] == 1
    flow = api("GET", "flow").json()["blockers"]
    [cost] = [cost for cost in flow["costs"] if cost["category"] == GPU["category"]]
    assert key in cost["tickets"]
    assert key in [one["key"] for one in flow["open"]]
    closed = api("POST", f"{path}/blockers/closings", json={"resolution": "Two were lent"})
    assert (closed.status_code, closed.json()["resolution"]) == (200, "Two were lent")
    assert key not in [row["ticket"] for row in api("GET", "blockers").json()["rows"]]
    assert api("GET", f"{path}/blockers").json()["rows"][0]["closed_by"] == "Ada Noor"
    again = api("POST", f"{path}/blockers/closings", json={"resolution": "Again", "number": 1})
    assert (again.status_code, again.json()["code"]) == (409, "blocker-closed")


def test_blocker_does_not_change_the_version_that_an_edit_is_based_on(api):
    path = api.new("Edited meanwhile")
    api("POST", f"{path}/blockers", json=GPU)
    assert api("PATCH", path, json={"owner": "Jo"}, headers={"if-match": '"1"'}).status_code == 200


def test_same_post_with_a_key_opens_and_closes_one_blocker(api):
    path = api.new("Sent twice")
    first, second = (
        api("POST", f"{path}/blockers", json=GPU, headers={"idempotency-key": "one"}) for _ in range(2)
    )
    assert (first.content, second.headers["idempotency-replayed"]) == (second.content, "true")
    assert len(api("GET", f"{path}/blockers").json()["rows"]) == 1
    closing = {"resolution": "Lent"}
    ends = [
        api("POST", f"{path}/blockers/closings", json=closing, headers={"idempotency-key": "two"})
        for _ in range(2)
    ]
    assert [answer.status_code for answer in ends] == [200, 200]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"category": "weather", "text": "rain"}, "category"),
        ({"category": "review"}, "text"),
        ({"category": "review", "text": " "}, "text"),
        ({"category": "review", "text": "x", "owner": "a\u202eb"}, "owner"),
    ],
)
def test_blocker_that_says_too_little_is_refused_with_its_field(api, body, field):
    answer = api("POST", f"{api.ticket('fresh')}/blockers", json=body)
    assert (answer.status_code, answer.json()["field"]) == (422, field)
