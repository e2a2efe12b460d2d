"""Moving, deciding and judging over the API."""

from concurrent.futures import ThreadPoolExecutor

import pytest


def test_preview_says_what_stands_in_the_way_of_every_legal_move(api):
    found = api("GET", api.ticket("fresh", "/moves")).json()
    assert [row["target"] for row in found["rows"]] == ["hypothesis"]
    assert found["rows"][0]["allowed"] is False
    assert found["rows"][0]["findings"][0]["outcome"] == "no_evidence" or found["rows"][0]["findings"]


def test_illegal_move_is_409_with_the_legal_ones(api):
    answer = api("POST", api.ticket("fresh", "/moves"), json={"to": "production"}, headers={"if-match": "*"})
    assert (answer.status_code, answer.json()["code"]) == (409, "move-illegal")
    assert answer.json()["details"]["assessment"]["legal"] == ["hypothesis"]


def test_unmet_gate_is_409_and_can_be_overridden_with_a_reason(api):
    path = api.new("Overridden")
    answer = api("POST", f"{path}/moves", json={"to": "hypothesis"}, headers={"if-match": '"1"'})
    assert (answer.status_code, answer.json()["code"]) == (409, "gate-unmet")
    body = {"to": "hypothesis", "override_reason": "asked by the customer"}
    moved = api("POST", f"{path}/moves", json=body, headers={"if-match": '"1"'})
    assert (moved.status_code, moved.json()["overridden"]) == (200, True)
    assert moved.json()["ticket"]["overrides"][0]["reason"] == "asked by the customer"


def test_two_people_moving_one_card_one_wins_and_the_other_sees_the_fresh_state(api):
    path = api.new("Raced")
    api("POST", f"{path}/confirmations", json={"item": "agreed"}, headers={"if-match": "*"})
    tag = api("GET", path).headers["etag"]

    def move(_):
        body = {"to": "hypothesis", "override_reason": "hurry"}
        return api("POST", f"{path}/moves", json=body, headers={"if-match": tag})

    with ThreadPoolExecutor(2) as pool:
        answers = sorted(pool.map(move, range(2)), key=lambda answer: answer.status_code)
    assert [answer.status_code for answer in answers] == [200, 412]
    assert answers[1].json()["details"]["ticket"]["stage"] == "hypothesis"


def test_move_repeated_with_one_key_gives_the_same_answer(api):
    path = api.new("Once moved")
    options = {
        "json": {"to": "hypothesis", "override_reason": "hurry"},
        "headers": {"if-match": '"1"', "idempotency-key": "move-once"},
    }
    first, second = api("POST", f"{path}/moves", **options), api("POST", f"{path}/moves", **options)
    assert (first.status_code, second.content) == (200, first.content)
    assert second.headers["idempotency-replayed"] == "true"


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"null", b'{"to": 1}', b'{"to": "x", "id": 2}', b'{"before": "EXP-1"}']
)
def test_malformed_move_is_refused_the_same_way_on_both_roads(api, body):
    headers = {"if-match": "*", "content-type": "application/json"}
    path = api.ticket("fresh", "/moves")
    short = api("POST", path, content=body, headers=headers)
    long = api("POST", f"{path}?x=1", content=body, headers=headers)
    assert short.status_code == long.status_code == 422
    assert (short.json()["code"], short.json().get("field")) == (
        long.json()["code"],
        long.json().get("field"),
    )


def test_move_into_experiment_locks_and_computes_a_verdict(api):
    path = api.new(
        "Locked by moving",
        hypothesis="Half the context keeps accuracy above 85%.",
        criteria={"primary": ["accuracy >= 85%"], "kill": ["accuracy < 70% after training"]},
        baseline=[{"metric": "accuracy", "value": 0.72}],
        budget={"gpu_hours": 24},
    )
    for item in ("agreed", "dataset_ready"):
        api("POST", f"{path}/confirmations", json={"item": item}, headers={"if-match": "*"})
    api("POST", f"{path}/moves", json={"to": "hypothesis"}, headers={"if-match": "*"})
    moved = api("POST", f"{path}/moves", json={"to": "experiment"}, headers={"if-match": "*"})
    assert (moved.status_code, moved.json()["locked"]) == (200, True)
    verdict = api("GET", f"{path}/verdict").json()["record"]["verdict"]
    assert verdict["recommendation"] == "undecided"


def test_board_counts_and_pages_through_every_card_of_a_column(api):
    for number in range(7):
        api.new(f"Paged {number}")
    column = next(c for c in api("GET", "board?per_column=3").json()["columns"] if c["key"] == "backlog")
    keys, cursor = [card["key"] for card in column["cards"]], column["next_cursor"]
    while cursor:
        page = api("GET", "board/backlog", params={"cursor": cursor, "limit": 3}).json()
        keys += [card["key"] for card in page["cards"]]
        cursor = page["next_cursor"]
    assert len(keys) == len(set(keys)) == column["count"]


def test_verdict_before_the_lock_is_404_with_the_way_there(api):
    answer = api("GET", api.ticket("fresh", "/verdict"))
    assert (answer.status_code, answer.json()["code"]) == (404, "verdict-none")


def test_verdict_says_its_numbers_in_the_words_of_the_criteria(api):
    document = api("GET", api.ticket("compared", "/verdict")).json()
    checks = [finding["check"] for finding in document["record"]["verdict"]["findings"]]
    assert [row["check"] for row in document["shown"]] == checks
    assert [row["estimate"] for row in document["shown"]] == ["+6.0 points", "+7.5% relative", "86.2%"]
    assert document["shown"][0]["interval"].endswith(" points")
    assert document["shown"][1]["interval"].endswith("% relative")
    assert document["record"]["verdict"]["findings"][0]["estimate"] == pytest.approx(0.06)


def test_verdict_replay_gives_the_same_bytes_and_history_ends_with_the_present(api):
    shown = api("GET", api.ticket("clear", "/verdict")).json()["record"]
    replayed = api("GET", api.ticket("clear", "/verdict/replay")).json()
    history = api("GET", api.ticket("clear", "/verdicts")).json()["rows"]
    assert (shown["verdict"]["recommendation"], replayed["same"], replayed["differences"]) == (
        "promote",
        True,
        [],
    )
    assert history[-1]["digest"] == replayed["stored_digest"]


def test_decision_without_learnings_is_refused_by_field(api):
    answer = api(
        "POST", api.ticket("clear", "/decisions"), json={"kind": "promote"}, headers={"if-match": "*"}
    )
    assert answer.status_code == 422
    assert answer.json()["field"] == "learnings"


def test_decision_against_the_verdict_needs_a_reason(api):
    body = {"kind": "kill", "learnings": "It would cost too much to serve for what it brings."}
    answer = api("POST", api.ticket("clear", "/decisions"), json=body, headers={"if-match": "*"})
    assert (answer.status_code, answer.json()["code"]) == (422, "decision-needs-reason")


def test_decision_is_recorded_on_the_verdict_it_was_taken_on(api):
    body = {"kind": "promote", "learnings": "Citing the source keeps the model to what the page says."}
    done = api("POST", api.ticket("clear", "/decisions"), json=body, headers={"if-match": "*"})
    assert done.status_code == 201
    assert (done.json()["decision"]["kind"], done.json()["decision"]["verdict"]) == ("promote", "promote")
    assert done.json()["moved_to"] == "production" or done.json()["not_moved_because"]
