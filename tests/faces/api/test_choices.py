"""Build or buy over the API, with the decision in the journal."""

from assay.workflows.choices import EXAMPLE

DECIDED = EXAMPLE.replace("chosen: ''\nreason: ''", "chosen: Our own model\nreason: Scans stay here")


def put(api, version, name="postcodes", text=EXAMPLE):
    return api("PUT", f"build-or-buy/{name}", json={"text": text}, headers={"if-match": f'"{version}"'})


def test_comparison_is_kept_decided_and_put_again_without_a_change(api):
    made = put(api, 0)
    assert (made.status_code, made.headers["etag"], len(made.json()["compared"])) == (200, '"1"', 3)
    assert made.json()["compared"][0]["costs"][0]["usd"] == "90000"
    text = api("GET", "build-or-buy/postcodes?format=yaml").text
    assert put(api, 1, text=text).headers["etag"] == '"1"'
    assert put(api, 1, text=DECIDED).headers["etag"] == '"2"'
    [told] = api("GET", "/api/v1/journal?kind=choice.decided").json()["rows"]
    assert (told["subject"], told["payload"]["chosen"]) == ("choice-postcodes", "Our own model")
    assert [one["name"] for one in api("GET", "build-or-buy").json()["rows"]] == ["postcodes"]


def test_stale_version_bad_name_and_unknown_name_are_refused(api):
    put(api, 0)
    assert put(api, 0, text=DECIDED).status_code == 412
    assert put(api, 0, name="Postcodes").json()["code"] == "choice-name-malformed"
    assert api("GET", "build-or-buy/nothing").json()["code"] == "choice-unknown"
    open_reason = DECIDED.replace("Scans stay here", "''")
    assert put(api, 1, text=open_reason).status_code == 422
