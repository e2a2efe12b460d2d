"""Planning over the API: candidates with their reasons, places by hand, and what came true."""

EXPECTED = {
    "title": "Rerank the top twenty",
    "criteria": {"primary": ["accuracy >= 85%"], "kill": ["accuracy < 70% after training"]},
    "baseline": [{"metric": "accuracy", "value": 0.72}],
    "budget": {"gpu_hours": 6},
    "prediction": {
        "chance": 0.34,
        "effect": {"low": 0, "mid": 0.1, "high": 0.2},
        "training_days": 2,
        "evaluation_days": 1,
    },
}


def plan(api, **query):
    answer = api("GET", "planning", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_candidates_carry_rank_sentence_feasibility_and_readiness(api):
    key = api.new(**EXPECTED).rsplit("/", 1)[1]
    found = plan(api, starts_on="2096-05-28", ends_on="2096-06-08")
    [row] = [one for one in found["candidates"] if one["key"] == key]
    assert found["days"] == 10
    assert row["rank"] == row["computed_rank"]
    assert row["chance_said"] == 0.34
    assert "chance of accuracy >= 85%" in row["sentence"]
    assert (row["fit"], row["spare_days"]) == ("fits", 7.0)
    assert [one["title"] for one in row["ready"]] == [
        "data available", "features stable", "environment reproducible", "criteria measurable",
    ]  # fmt: skip
    assert {one["key"] for one in found["by_cost_of_delay"]} == {one["key"] for one in found["candidates"]}


def test_place_by_hand_needs_a_version_and_a_reason_and_is_given_back(api):
    key = api.new(title="Regulator's question").rsplit("/", 1)[1]
    path = f"planning/places/{key}"
    assert api("PUT", path, json={"rank": 1, "reason": "it waits"}).status_code == 428
    version = {"if-match": '"1"'}
    refused = api("PUT", path, json={"rank": 1, "reason": " "}, headers=version)
    assert (refused.status_code, refused.json()["field"]) == (422, "place.reason")
    put = api("PUT", path, json={"rank": 1, "reason": "the regulator waits"}, headers=version)
    assert (put.status_code, put.headers["etag"]) == (200, '"2"')
    assert plan(api)["candidates"][0]["key"] == key
    assert api("DELETE", path, headers=version).status_code == 412
    assert api("DELETE", path, headers={"if-match": '"2"'}).status_code == 200
    assert plan(api)["candidates"][0]["key"] != key


def test_calls_of_a_window_are_told_with_what_was_known_before(api):
    answer = api("GET", "planning/calls", params={"since": "2020-01-01"})
    assert answer.status_code == 200
    found = answer.json()
    assert set(found) == {"since", "until", "calls", "score", "score_text", "before", "paid"}
    assert found["before"]["decided"] == 0


def test_days_that_are_no_sprint_are_refused_by_field(api):
    answer = api("GET", "planning", params={"starts_on": "2026-06-05", "ends_on": "2026-06-01"})
    assert (answer.status_code, answer.json()["code"]) == (422, "window-out-of-range")
