"""Tickets over the API: versions, repeats, amendments, and what only people can confirm."""

from concurrent.futures import ThreadPoolExecutor

import pytest

GOOD = {
    "title": "Cut the context in half",
    "hypothesis": "Half the context keeps accuracy above 85%.",
    "criteria": {"primary": ["accuracy >= 85%"], "kill": ["accuracy < 70% after training"]},
    "baseline": [{"metric": "accuracy", "value": 0.72, "source": "production"}],
    "budget": {"gpu_hours": 24},
}


def test_new_ticket_is_answered_with_address_version_and_content(api):
    answer = api("POST", "tickets", json=GOOD)
    assert answer.status_code == 201
    assert answer.headers["etag"] == '"1"'
    again = api("GET", answer.headers["location"])
    assert again.json() == answer.json()
    assert again.json()["content"]["criteria"] == {
        "primary": ["accuracy >= 85%"],
        "kill": ["accuracy < 70% after training"],
    }


def test_ticket_content_read_can_be_written_back_without_a_change(api):
    path = api.new(**{**GOOD, "title": "Round trip"})
    before = api("GET", path).json()
    after = api("PUT", path, json=before["content"], headers={"if-match": '"1"'})
    assert (after.status_code, after.json()["version"]) == (200, 1)


def test_edit_without_if_match_is_428_and_says_how(api):
    answer = api("PATCH", api.ticket("fresh"), json={"owner": "Jo"})
    assert answer.status_code == 428
    assert answer.json()["field"] == "If-Match"
    assert "If-Match" in answer.json()["hint"]


def test_stale_edit_is_412_with_the_fresh_ticket(api):
    path = api.new("Stale")
    assert api("PATCH", path, json={"owner": "Jo"}, headers={"if-match": '"1"'}).status_code == 200
    answer = api("PATCH", path, json={"owner": "Lu"}, headers={"if-match": '"1"'})
    assert answer.status_code == 412
    assert answer.json()["details"]["ticket"]["content"]["owner"] == "Jo"
    assert answer.json()["details"]["version"] == 2


def test_if_match_star_takes_any_version(api):
    answer = api("PATCH", api.new("Any"), json={"owner": "Lu"}, headers={"if-match": "*"})
    assert (answer.status_code, answer.headers["etag"]) == (200, '"2"')


@pytest.mark.parametrize("tag", ["", "abc", '"-1"', '"1', "1.0", '"99999999999999999999"', "\u0663"])
def test_malformed_if_match_is_refused(api, tag):
    answer = api("PATCH", api.ticket("fresh"), json={"owner": "Jo"}, headers={"if-match": tag.encode()})
    assert (answer.status_code, answer.json()["code"]) == (422, "if-match-malformed")


def test_repeated_post_with_one_key_is_one_ticket_and_equal_answers(api):
    headers = {"idempotency-key": "one-ticket"}
    first = api("POST", "tickets", json=GOOD, headers=headers)
    second = api("POST", "tickets", json=GOOD, headers=headers)
    assert second.content == first.content
    assert second.status_code == 201
    assert second.headers["idempotency-replayed"] == "true"
    assert second.headers["etag"] == first.headers["etag"]


def test_same_key_with_another_body_is_a_conflict(api):
    headers = {"idempotency-key": "other-body"}
    api("POST", "tickets", json=GOOD, headers=headers)
    answer = api("POST", "tickets", json={**GOOD, "title": "Other"}, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (409, "idempotency-key-reused")


def test_twenty_parallel_posts_with_one_key_make_one_ticket(api):
    before = api("GET", "tickets", params={"q": "Once only"}).json()["total"]

    def post(_):
        return api(
            "POST", "tickets", json={**GOOD, "title": "Once only"}, headers={"idempotency-key": "parallel"}
        )

    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(post, range(20)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert api("GET", "tickets", params={"q": "Once only"}).json()["total"] == before + 1


@pytest.mark.parametrize(
    "name", ["is_admin", "id", "key", "version", "stage", "created_at", "verdict", "lock", "decision"]
)
def test_fields_that_are_not_for_people_to_write_are_refused_by_name(api, name):
    answer = api("POST", "tickets", json={**GOOD, name: 1})
    assert answer.status_code == 422
    assert answer.json()["field"] == name


def test_change_of_a_locked_criterion_needs_a_reason_and_becomes_an_amendment(api):
    path = api.ticket("running")
    body = {"criteria": {"primary": ["accuracy >= 80%"], "kill": ["accuracy < 70% after training"]}}
    refused = api("PATCH", path, json=body, headers={"if-match": "*"})
    assert (refused.status_code, refused.json()["code"]) == (409, "ticket-locked")
    amended = api(
        "PATCH", path, json={**body, "amendment_reason": "the set is harder"}, headers={"if-match": "*"}
    )
    assert amended.status_code == 200
    amendment = amended.json()["lock"]["amendments"][-1]
    assert (amendment["loosens"], amendment["after_results"]) == (True, True)


def test_confirmation_is_kept_and_can_be_withdrawn(api):
    path = api.new("Confirmed")
    said = api(
        "POST", f"{path}/confirmations", json={"item": "agreed", "note": "12 May"}, headers={"if-match": "*"}
    )
    assert said.json()["confirmations"][0]["item"] == "agreed"
    gone = api("DELETE", f"{path}/confirmations/agreed", headers={"if-match": "*"})
    assert gone.json()["confirmations"] == []


def test_draft_check_stores_nothing_and_says_what_is_missing(api):
    before = api("GET", "tickets").json()["total"]
    answer = api("POST", "tickets/check", json={"title": "Only a title"})
    assert {problem["code"] for problem in answer.json()["problems"]} >= {
        "hypothesis-missing",
        "primary-missing",
    }
    assert api("GET", "tickets").json()["total"] == before


def test_notes_links_and_follow_up(api):
    path = api.new("Linked")
    assert api("POST", f"{path}/notes", json={"text": "seen"}).status_code == 201
    link = {"kind": "derived_from", "other": api.keys["clear"]}
    assert api("POST", f"{path}/links", json=link).status_code == 204
    page = api("GET", f"{path}/page").json()
    assert [note["text"] for note in page["notes"]] == ["seen"]
    assert [(one["kind"], one["key"]) for one in page["links"]] == [("derived_from", api.keys["clear"])]
    assert api("DELETE", f"{path}/links/derived_from/{api.keys['clear']}").status_code == 204
    follow = api("POST", api.ticket("loser", "/follow-ups"))
    assert follow.status_code == 201
    assert follow.json()["title"].startswith("Follow-up:")


def test_ticket_with_history_cannot_be_deleted_and_a_draft_can(api):
    assert (
        api("DELETE", api.ticket("running"), headers={"if-match": "*"}).json()["code"] == "ticket-has-history"
    )
    path = api.new("Draft")
    assert api("DELETE", path, headers={"if-match": "*"}).status_code == 204
    assert api("GET", path).status_code == 404


def test_export_imported_again_changes_nothing(api):
    rows = api("GET", "ticket-files").json()["rows"]
    documents = [{"name": row["name"], "text": row["text"]} for row in rows]
    report = api("POST", "ticket-files", json={"documents": documents}).json()
    assert (report["created"], report["changed"], len(report["unchanged"])) == ([], [], len(rows))


def test_yaml_bomb_in_an_import_is_refused_by_file_and_line(api):
    bomb = "a: &a [1,1]\nb: &b [*a,*a]\ntitle: x\n"
    answer = api("POST", "ticket-files", json={"documents": [{"name": "bomb.yaml", "text": bomb}]})
    assert answer.status_code == 422
    assert "bomb.yaml" in answer.json()["detail"]
    assert answer.json()["details"]["line"] == 1


def test_criterion_fault_is_told_with_its_character(api):
    answer = api("POST", "criteria/parse", json={"criterion": "accuracy >= 85% on"})
    assert answer.status_code == 422
    assert answer.json()["details"]["position"] == 18
    assert answer.json()["details"]["expected"]


def test_criterion_is_told_in_both_forms(api):
    found = api("POST", "criteria/parse", json={"criterion": "kill: accuracy < 0.780"}).json()
    assert found["text"] == "kill: accuracy < 78%"
    again = api("POST", "criteria/parse", json={"criterion": found["structured"]}).json()
    assert again == found


NUMBERS = {
    "baseline.0.value": {"baseline": [{"metric": "accuracy", "value": True}]},
    "budget.gpu_hours": {"budget": {"gpu_hours": True}},
    "budget.cost_usd": {"budget": {"cost_usd": False}},
    "time_box_days": {"time_box_days": True},
    "priority": {"priority": True},
    "looks.1": {"looks": [2, True]},
}


def test_baseline_of_an_unknown_metric_is_named_by_its_place(api):
    named = [{"metric": "accuracy", "value": "0.72"}, {"metric": "acuracy", "value": "0.72"}]
    answer = api("POST", "tickets", json={**GOOD, "baseline": named})
    assert (answer.status_code, answer.json()["field"]) == (422, "baseline[1].metric")


@pytest.mark.parametrize("field", NUMBERS)
def test_boolean_is_no_number(api, field):
    answer = api("POST", "tickets", json={**GOOD, **NUMBERS[field]})
    assert (answer.status_code, answer.json()["field"]) == (422, field)
    assert "(expected a number; leave the field out where there is none)" in answer.json()["detail"]
    assert ("found true" in answer.json()["detail"]) is (field != "budget.cost_usd")


@pytest.mark.parametrize("field", NUMBERS)
def test_boolean_is_no_number_in_a_ticket_file(api, field):
    import yaml

    document = {"title": "x", **NUMBERS[field]}
    sent = [{"name": "a.yaml", "document": document}, {"name": "a.yaml", "text": yaml.safe_dump(document)}]
    for one in sent:
        answer = api("POST", "ticket-files", json={"documents": [one]})
        assert answer.status_code == 422, answer.text
        assert answer.json()["field"].replace("[", ".").replace("]", "").endswith(field)
        assert "(expected a " in answer.json()["detail"]


@pytest.mark.parametrize(
    ("field", "settings"),
    [
        ("verdicts.alpha", {"verdicts": {"alpha": True}}),
        ("verdicts.kill_rules.gap", {"verdicts": {"kill_rules": {"gap": True}}}),
        ("verdicts.kill_rules.plateau_runs", {"verdicts": {"kill_rules": {"plateau_runs": True}}}),
        ("board.stages.0.wip_limit", {"board": {"stages": [{"key": "a", "title": "A", "wip_limit": True}]}}),
    ],
)
def test_boolean_is_no_number_in_settings(api, field, settings):
    answer = api("PATCH", "", json=settings, headers={"if-match": "*"})
    assert (answer.status_code, answer.json()["field"]) == (422, field)
    assert "found true (expected a number" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("16.4", "16.4"),
        ("24", "24"),
        ("123456789012345678", '"123456789012345678"'),
        ('"0.1234567890123456789"', None),
        ("0.30", "0.3"),
    ],
)
def test_number_is_told_in_the_digits_that_were_written(api, written, told):
    body = f'{{"title": "Digits", "baseline": [{{"metric": "accuracy", "value": {written}}}]}}'
    answer = api("POST", "tickets", content=body, headers={"content-type": "application/json"})
    if told is None:
        assert (answer.status_code, answer.json()["field"]) == (422, "baseline[0].value")
    else:
        assert f'"value":{told}' in answer.text


def test_time_box_in_sprints_is_kept_in_days(api):
    path = api.new(**{**GOOD, "title": "In sprints", "time_box_sprints": 2})
    content = api("GET", path).json()["content"]
    assert (content["time_box_days"], content.get("time_box_sprints")) == (28, None)
    after = api("PATCH", path, json={"time_box_sprints": 1}, headers={"if-match": "*"}).json()
    assert after["content"]["time_box_days"] == 14


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ({"time_box_sprints": 2, "time_box_days": 5}, "2 beside time_box_days"),
        ({"time_box_sprints": 0}, "0"),
        ({"time_box_sprints": True}, "true"),
        ({"time_box_sprints": 101}, "101"),
    ],
)
def test_time_box_in_sprints_that_says_nothing_sure_is_refused(api, said, found):
    answer = api("POST", "tickets", json={**GOOD, **said})
    assert (answer.status_code, answer.json()["field"]) == (422, "time_box_sprints")
    assert found in answer.json()["detail"]
