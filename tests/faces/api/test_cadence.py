"""The cadence of a project over the API, and on its pages."""


def test_cadence_is_read_chosen_and_advised(api):
    first = api("GET", "cadence")
    assert first.json()["cadence"] == "scrum"
    stale = api("PUT", "cadence", json={"cadence": "kanban"}, headers={"if-match": '"77"'})
    assert (stale.status_code, stale.json()["code"]) == (412, "stale-version")
    made = api("PUT", "cadence", json={"cadence": "kanban"}, headers={"if-match": first.headers["etag"]})
    assert (made.status_code, made.json()["cadence"]) == (200, "kanban")
    assert api("PUT", "cadence", json={"cadence": "waterfall"}, headers={"if-match": "*"}).status_code == 422
    advice = api("GET", "cadence/advice?work=mixed&ships_soon=no&outside_dates=no").json()
    assert (advice["cadence"], len(advice["reasons"])) == ("scrumban", 3)
    assert api("GET", "cadence/advice?work=mixed").status_code == 422
    assert api("GET", "cadence").json()["cadence"] == "kanban"
