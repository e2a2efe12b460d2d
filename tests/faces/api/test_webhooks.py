"""Webhooks over the API: a secret is told once, an address up to its server, and nothing of either is kept where it can be read."""

import pytest

from assay.testing.statements import statements_heard

URL = "https://93.184.215.14/hooks/canary-path"
BODY = {"name": "build", "url": URL, "events": ["card.moved"]}


def test_secret_is_in_the_first_answer_alone_also_when_the_request_is_sent_twice(api):
    first, second = (api("POST", "webhooks", json=BODY, headers={"idempotency-key": "one"}) for _ in range(2))
    assert (first.status_code, second.status_code, second.headers["idempotency-replayed"]) == (
        201,
        201,
        "true",
    )
    assert first.headers["cache-control"] == "no-store"
    secret = first.json()["secret"]
    assert (secret[:12], second.json()) == ("assay_whsec_", first.json() | {"secret": None})
    shown = (
        api("GET", "webhooks").text + api("GET", "webhooks/build").text + api("GET", "/api/v1/journal").text
    )
    with api.ws.store.read() as tx:
        kept = tx.answer("Ada Noor POST", "one").body.decode()
    assert [word for word in (secret, "canary-path") if word in shown + kept] == []


def test_webhook_is_changed_in_the_version_that_was_seen_and_removed(api):
    api("POST", "webhooks", json=BODY | {"name": "changed"})
    seen = api("GET", "webhooks/changed").headers["etag"]
    assert api("PATCH", "webhooks/changed", json={"enabled": False}).status_code == 428
    off = api("PATCH", "webhooks/changed", json={"enabled": False}, headers={"if-match": seen})
    assert (off.status_code, off.json()["enabled"], off.json()["secret"]) == (200, False, None)
    assert (
        api("PATCH", "webhooks/changed", json={"form": "slack"}, headers={"if-match": seen}).status_code
        == 412
    )
    renewed = api("PATCH", "webhooks/changed", json={"new_secret": True}, headers={"if-match": "*"})
    assert renewed.json()["secret"].startswith("assay_whsec_")
    assert [api("DELETE", "webhooks/changed").status_code for _ in range(2)] == [204, 404]


def test_what_was_given_up_is_listed_a_page_at_a_time_and_sent_again(api):
    path = "webhooks/team-chat"
    first = api("GET", f"{path}/deliveries?limit=2").json()
    rest = api("GET", f"{path}/deliveries?limit=2&before={first['next_before']}").json()
    states = [one["state"] for page in (first, rest) for one in page["rows"]]
    assert (states, rest["next_before"]) == (["delivered", "parked", "delivered"], None)
    assert api("POST", f"{path}/retries", json={}).json() == {"deliveries": 1}
    [again] = api("GET", f"{path}/deliveries?state=waiting").json()["rows"]
    assert (again["tries"], again["due_at"] is not None) == (0, True)
    # Its server is inside and named by nobody here: the try is refused before anything is sent.
    assert api("POST", "webhook-rounds").json() == {"delivered": 0, "failed": 1}
    told = api("POST", f"{path}/tests").json()
    assert (told["delivered"], told["status"], "not on the public Internet" in told["error"]) == (
        False,
        None,
        True,
    )


@pytest.mark.parametrize("path", ["webhooks", "webhooks/team-chat", "webhooks/team-chat/deliveries"])
def test_reading_asks_few_statements(api, path):
    with statements_heard() as heard:
        api("GET", path)
        assert len(heard.of(lambda: api("GET", path))) <= 10
