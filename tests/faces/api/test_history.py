"""The history of another board over the API: looked at, brought in, brought in again."""

HISTORY = "ticket,from,to,at\nWEB-1,,To do,2026-03-02\nWEB-1,To do,Rejected,2026-03-12\n"


def test_history_is_looked_at_brought_in_once_and_counted_by_when_it_happened(api):
    at = "/api/v1/projects/moved-in"
    assert api("POST", "/api/v1/projects", json={"slug": "moved-in"}).status_code == 201
    refused = api("POST", f"{at}/history", json={"text": HISTORY})
    assert (refused.status_code, refused.json()["code"]) == (422, "history-column-unknown")
    body = {"text": HISTORY, "ended": {"Rejected": "killed"}}
    board = api("POST", f"{at}/history/board", json=body).json()["text"]
    assert api("PUT", f"{at}/board-file", json={"text": board}, headers={"If-Match": "*"}).status_code == 200
    looked = api("POST", f"{at}/history/check", json={"text": HISTORY}).json()
    assert (looked["created"], looked["moves"]) == (["WEB-1"], 2)
    assert api("GET", f"{at}/tickets").json()["rows"] == []
    came = api("POST", f"{at}/history", json={"text": HISTORY, "name": "moves.csv"})
    assert (came.status_code, came.json()["created"]) == (200, ["EXP-1"])
    assert api("POST", f"{at}/history", json={"text": HISTORY}).json()["unchanged"] == 1
    flow = api("GET", f"{at}/flow", params={"at": "2026-03-15", "days": 30}).json()
    assert [(cycle["key"], cycle["outcome"], cycle["days"]) for cycle in flow["cycles"]] == [
        ("EXP-1", "killed", 10.0)
    ]
    behind = api("GET", f"{at}/flow-tickets", params={"at": "2026-03-05", "column": "to-do"}).json()
    assert [(row["key"], row["column"], row["outcome"]) for row in behind["rows"]] == [("EXP-1", "To do", "")]
    reached = api("GET", f"{at}/flow-tickets", params={"reached": "to-do"}).json()["rows"]
    assert [(row["key"], row["outcome"]) for row in reached] == [("EXP-1", "killed")]
    assert api("GET", f"{at}/flow-tickets", params={"column": "gone"}).json()["code"] == "column-unknown"
    assert api("GET", f"{at}/sprint-flow").json() == {"rows": []}
    entry = api("GET", "/api/v1/journal", params={"kind": "history.imported"}).json()["rows"][0]
    assert (entry["payload"]["imported"], entry["payload"]["file"]) == (True, "moves.csv")
