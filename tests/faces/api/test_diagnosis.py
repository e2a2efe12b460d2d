"""Why a team does not ship, over the API."""

import pytest

from assay.domain.board.diagnosis import Cause


def test_diagnosis_answers_every_cause_with_its_evidence(api):
    found = api("GET", "diagnosis?days=30").json()
    assert {one["cause"] for one in found["causes"]} == {cause.value for cause in Cause}
    assert found["decided"] >= found["shipped"]
    standings = [one["standing"] for one in found["causes"]]
    order = ("holds", "not_known", "does_not_hold")
    assert standings == sorted(standings, key=order.index)


def test_cause_that_holds_becomes_one_ticket_however_often_it_is_sent(api):
    held = next(one for one in api("GET", "diagnosis").json()["causes"] if one["standing"] == "holds")
    path = f"diagnosis/{held['cause']}/tickets"
    answers = [api("POST", path, headers={"idempotency-key": "mend"}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].content == answers[1].content
    ticket = api("GET", answers[0].headers["location"]).json()
    assert held["fix"] in ticket["content"]["hypothesis"]
    again = api("POST", path)
    assert (again.status_code, again.json()["code"]) == (409, "cause-has-ticket")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "diagnosis/weather/tickets", 422),
        ("GET", "diagnosis?days=0", 422),
        ("GET", "diagnosis?at=x", 422),
    ],
)
def test_what_is_no_cause_and_no_window_is_refused(api, method, path, status):
    assert api(method, path).status_code == status


def test_ticket_for_a_cause_that_does_not_hold_is_refused(api):
    against = next(
        one for one in api("GET", "diagnosis").json()["causes"] if one["standing"] == "does_not_hold"
    )
    answer = api("POST", f"diagnosis/{against['cause']}/tickets")
    assert (answer.status_code, answer.json()["code"]) == (409, "cause-needs-no-fix")
