"""What is told outside, how it is signed, and how patiently it is tried."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.domain.notifications.events import SAID, Entry, EventType, event_type, told
from assay.domain.notifications.messages import LONGEST_TEXT, Form, message, sentence
from assay.domain.notifications.retries import Outcome, Schedule, outcome_of
from assay.domain.notifications.signatures import headers, signature
from assay.domain.notifications.webhooks import checked_url, shown_address
from assay.errors import AssayError, Invalid

AT = datetime(2026, 5, 12, 9, tzinfo=UTC)


def entry(kind, **payload):
    return Entry(7, AT, "ada", kind, "EXP-1", payload)


def test_signature_is_that_of_openssl():
    # printf '1747040400.0b0a.{"a":1}' | openssl dgst -sha256 -hmac assay_whsec_x
    expected = "v1=b45e4f05ebbf0df37fbc74197944e30dabe60632ae0c749ca964394b517dbdf4"
    assert signature("assay_whsec_x", timestamp_s=1747040400, delivery="0b0a", body=b'{"a":1}') == expected


@pytest.mark.parametrize(
    "change", [{"timestamp_s": 2}, {"delivery": "b"}, {"body": b"{ }"}, {"delivery": "a.", "body": b"{}"}]
)
def test_signature_holds_for_this_time_id_and_body_alone(change):
    good = {"timestamp_s": 1, "delivery": "a", "body": b"{}"}
    assert signature("x", **good) != signature("x", **good | change)
    assert signature("x", **good) != signature("y", **good)
    assert headers("x", **good)["Assay-Signature"] == signature("x", **good)


def test_waits_double_up_to_an_hour_and_are_spread_by_a_quarter():
    schedule = Schedule()
    waits = [schedule.wait(tries, 0.5).total_seconds() for tries in range(1, 13)]
    assert waits == [10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600, 3600, 3600]
    assert (schedule.wait(3, 0.0).total_seconds(), schedule.wait(3, 0.999).total_seconds()) == (
        30,
        pytest.approx(50, abs=0.1),
    )
    assert sum((schedule.wait(n, 0.5) for n in range(1, 48)), timedelta()) == pytest.approx(
        timedelta(hours=39.4), abs=timedelta(minutes=5)
    )


def test_receiver_is_left_in_peace_after_three_failures_for_at_most_a_quarter_of_an_hour():
    schedule = Schedule()
    pauses = [schedule.pause(failures, 0.5) for failures in range(12)]
    assert [one and one.total_seconds() for one in pauses] == [
        None, None, None, 10, 20, 40, 80, 160, 320, 640, 900, 900,
    ]  # fmt: skip
    assert [schedule.is_open(failures) for failures in (0, 2, 3)] == [False, False, True]


def test_refused_event_is_given_up_sooner_than_one_whose_receiver_is_away():
    def tries(outcome, delivered_at=None):
        is_over = (
            n
            for n in range(1, 99)
            if Schedule().is_given_up(n, outcome, first_tried_at=AT, last_delivered_at=delivered_at)
        )
        return next(is_over)

    assert (tries(Outcome.AWAY), tries(Outcome.REFUSED)) == (48, 10)
    assert tries(Outcome.AWAY, AT - timedelta(seconds=1)) == 48
    assert tries(Outcome.AWAY, AT + timedelta(seconds=1)) == 10


@given(st.none() | st.integers(100, 599))
def test_every_answer_means_one_of_three_things_and_only_success_is_delivered(status):
    found = outcome_of(status)
    assert (found is Outcome.DELIVERED) == (status is not None and 200 <= status < 300)
    assert found in set(Outcome)


def test_every_type_is_told_of_one_kind_of_entry_and_in_every_form():
    assert {kind for kind, _ in SAID.values()} == set(EventType)
    for kind, (name, fields) in SAID.items():
        one = told(
            entry(kind, **dict.fromkeys(fields, "x"), secret_field="no"), None, project="p", delivery="d"
        )
        assert one.type == name.value
        assert "secret_field" not in one.data
        for form in Form:
            assert b"EXP-1" in message(one, form, link="https://a.example.org/p/p/t/EXP-1")


@settings(max_examples=25)
@given(
    st.dictionaries(
        st.sampled_from(["kills", "reason", "rule", "until", "after"]),
        st.none() | st.text(max_size=9) | st.integers(),
    )
)
def test_an_entry_of_whatever_form_gives_a_message_or_an_error_of_ours(payload):
    for kind in SAID:
        one = told(entry(kind, **payload), None, project="p", delivery="d")
        for form in Form:
            try:
                message(one, form, link="https://a.example.org")
            except AssayError as error:
                assert error.code == "not-canonical"  # noqa: PT017  # a lone surrogate, or a number beyond all bounds


def test_verdict_that_says_the_same_again_is_not_told():
    first, same, other = (
        entry("verdict.computed", recommendation=one) for one in ("iterate", "iterate", "kill")
    )
    assert [event_type(one, first) for one in (same, other)] == [None, EventType.VERDICT_CHANGED]
    assert event_type(entry("ticket.noted"), None) is None


def test_long_texts_are_cut_before_they_leave():
    one = told(entry("ticket.moved", reason="x" * 90_000), None, project="p", delivery="d")
    assert len(sentence(one)) == LONGEST_TEXT
    assert len(message(one, Form.JSON, link="https://a.example.org")) < 21_000


@pytest.mark.parametrize(
    "url",
    [
        "", "x", "https://", "//h/x", "file:///etc/passwd", "gopher://h/", "javascript:1", "https://h/\r\nHost: x", "https://h\\@evil/x",
        "https://h:0/", "https://h:99999/", "https://h:x/", "https://[::1", "https://a@h/", "https://h/#x", "https://h/\u00e9", "https://h/" + "x" * 2001,
    ],
)  # fmt: skip
def test_what_is_no_address_is_refused(url):
    with pytest.raises(Invalid) as error:
        checked_url(url)
    assert error.value.code == "webhook-url"


@settings(max_examples=50)
@given(st.text())
def test_shown_address_never_holds_more_than_the_server(text):
    shown = shown_address(f"https://hooks.example.org/{text}")
    assert shown in ("https://hooks.example.org", "https://hooks.example.org/...", "...")
