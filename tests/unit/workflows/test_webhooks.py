"""Receivers outside are told of what happens: signed, in order, again when it fails, and never with a secret anywhere."""

import hashlib
import hmac
import json
import logging
import zipfile
from dataclasses import replace
from datetime import timedelta

import pytest

from assay.connectors.signing.ed25519 import SigningKey
from assay.domain.experiments.experiment import Budget, DecisionKind
from assay.domain.kernel.events import Event
from assay.errors import Conflict, Forbidden, Invalid, NotFound, Refused, StaleVersion
from assay.storage.backup import back_up
from assay.workflows.actor import SYSTEM, Actor, Permission
from assay.workflows.ceremonies import standup
from assay.workflows.ceremony_markdown import standup_markdown
from assay.workflows.evidence import connect_source, sync_source
from assay.workflows.journal import export_journal, verify_journal
from assay.workflows.snoozes import snooze_kill
from assay.workflows.tickets import get_ticket
from assay.workflows.webhook_delivery import (
    deliver_project,
    deliver_webhook,
    has_work,
    list_deliveries,
    send_again,
    send_test,
)
from assay.workflows.webhook_records import DeliveryState
from assay.workflows.webhooks import (
    WebhookChanges,
    add_webhook,
    edit_webhook,
    get_webhook,
    list_webhooks,
    opened,
    remove_webhook,
    webhook_facts,
)
from tests.support.webhooks import AT_ONCE, LINKS, receiver, webhook_tools
from tests.unit.workflows.conftest import ADA, run
from tests.unit.workflows.test_life_of_an_experiment import SLUG, decide_it, start, with_runs

LOSES = (0.61, 0.60, 0.62, 0.61, 0.605)
EVERYTHING = (
    "kill.suggested", "kill.snoozed", "kill.woken", "budget.overrun", "verdict.changed", "decision.recorded", "card.moved",
)  # fmt: skip
on_sqlite = pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
"""What the storage contract shows on both engines need not be shown twice."""
WHY = "The tokenizer was broken until Monday, the runs are repeated."


class StillClock:
    """Time passes when a test says so."""

    def __init__(self, now):
        self.now = now

    def __call__(self):
        return self.now


@pytest.fixture
def ws(ws, clock):
    return replace(ws, clock=StillClock(clock()))


@pytest.fixture
def hurried(ws):
    """The workspace, which tries again without a wait."""
    return replace(ws, webhooks=replace(ws.webhooks, schedule=AT_ONCE))


def moved(ws, key, to="b"):
    """An entry about a card, as the board writes it."""
    event = Event.of("ticket.moved", project=SLUG, subject=key, before="a", after=to)
    return ws.store.write(lambda tx: tx.append(event, actor=ADA, at=ws.clock()))


def add(ws, url, events=EVERYTHING, **more):
    return add_webhook(ws, ADA, SLUG, name="chat", url=url, events=events, **more)


def deliver(ws):
    return deliver_project(ws, ADA, SLUG, holder="here")


def standing(ws):
    return get_webhook(ws, ADA, SLUG, "chat")


def test_every_event_of_an_experiment_arrives_once_in_order_signed_and_linked(ws, tracker, clock):
    ws = replace(ws, clock=clock)
    with receiver() as there:
        secret = add(ws, there.url).secret
        key = with_runs(ws, tracker, clock, values=LOSES).key
        snooze_kill(ws, ADA, SLUG, key, rule="accuracy < 70%", reason=WHY)
        decide_it(ws, get_ticket(ws, ADA, SLUG, key), DecisionKind.KILL)
        done = deliver(ws)
        assert (done.failed, deliver(ws).delivered) == (0, 0)
    told = [one.data for one in there.got]
    assert [one["type"] for one in told] == [
        "card.moved", "card.moved", "verdict.changed", "verdict.changed", "kill.suggested", "kill.snoozed", "decision.recorded", "card.moved",
    ]  # fmt: skip
    assert [one["seq"] for one in told] == sorted(one["seq"] for one in told)
    assert {one["url"] for one in told} == {f"{LINKS}/p/{SLUG}/t/{key}"}
    kill = next(one for one in told if one["type"] == "kill.suggested")
    assert kill["data"]["kills"][0]["rule"] == "accuracy < 70%"
    assert kill["data"]["runs"] == sorted(f"listed:{key.lower()}-seed{seed}" for seed in range(5))
    changed = [one["data"] for one in told if one["type"] == "verdict.changed"]
    assert [(one["recommendation_before"], one["recommendation"]) for one in changed] == [
        (None, "undecided"), ("undecided", "kill"),
    ]  # fmt: skip
    for one in there.got:
        signed = f"{one.headers['Assay-Timestamp']}.{one.id}.".encode() + one.body
        expected = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
        assert one.headers["Assay-Signature"] == f"v1={expected}"
        assert (
            one.body
            == json.dumps(one.data, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
        )
    assert verify_journal(ws, SYSTEM).ok


@on_sqlite
def test_overrun_budget_asks_for_a_person_once_without_changing_the_verdict(ws, tracker, clock):
    ws = replace(ws, clock=clock)
    with receiver() as there:
        add(ws, there.url, ["budget.overrun"])
        ticket = start(ws, budget=Budget(gpu_hours="1"))
        connect_source(ws, ADA, SLUG, kind="listed", uri="memory", name="listed")
        for seed in range(4):
            tracker.put(run(ticket.key, seed, 0.7, 0.86, begun=clock(), gpu_hours=0.9))
            sync_source(ws, ADA, SLUG, "listed")
        deliver(ws)
    [told] = [one.data for one in there.got]
    view = standup(ws, ADA, SLUG)
    [stop] = view.stops
    assert (stop.key, stop.advises_kill, stop.reason[:13]) == (ticket.key, False, "3.6 GPU-hours")
    assert "over budget, a person has to say" in standup_markdown(view)
    assert (told["type"], told["ticket"], told["data"]["rule"]) == (
        "budget.overrun",
        ticket.key,
        "over_budget",
    )
    assert told["data"]["reason"].startswith("2.7")
    assert told["data"]["runs"] == [f"listed:exp-1-seed{seed}" for seed in range(3)]
    assert verify_journal(ws, SYSTEM).ok


@on_sqlite
def test_only_what_is_asked_for_is_told_and_nothing_from_before(ws):
    moved(ws, "EXP-1")
    with receiver() as there:
        add(ws, there.url, ["decision.recorded"])
        moved(ws, "EXP-1")
        assert deliver(ws).delivered == 0
        edit_webhook(ws, ADA, SLUG, "chat", WebhookChanges(events=["card.moved"]), expected_version=1)
        moved(ws, "EXP-1", "c")
        assert deliver(ws).delivered == 1
    assert there.got[0].data["data"]["after"] == "c"


@on_sqlite
def test_failed_event_holds_up_its_ticket_alone_and_keeps_its_id(ws):
    def sick(message):
        return 500 if message.data["ticket"] == "EXP-1" and len(there.got) < 2 else 204

    with receiver(sick) as there:
        add(ws, there.url)
        for key, to in (("EXP-1", "b"), ("EXP-1", "c"), ("EXP-2", "b")):
            moved(ws, key, to)
        done = deliver(ws)
        assert (done.delivered, done.failed, standing(ws).waiting) == (1, 1, 2)
        ws.clock.now += timedelta(hours=1)
        assert deliver(ws).delivered == 2
    told = [(one.data["ticket"], one.data["data"]["after"]) for one in there.got]
    assert told == [("EXP-1", "b"), ("EXP-2", "b"), ("EXP-1", "b"), ("EXP-1", "c")]
    assert there.got[0].id == there.got[2].id
    assert there.got[0].body == there.got[2].body


def test_event_that_is_refused_again_and_again_is_put_aside_and_sent_again_by_a_person(hurried):
    ws = hurried
    with receiver(lambda message: 400 if message.data["ticket"] == "EXP-1" and not mended else 204) as there:
        mended = []
        add(ws, there.url)
        moved(ws, "EXP-1")
        moved(ws, "EXP-1", "c")
        moved(ws, "EXP-2")
        for _ in range(30):
            ws.clock.now += timedelta(seconds=1)
            deliver(ws)
        [late, poison] = list_deliveries(ws, ADA, SLUG, "chat", state=DeliveryState.PARKED).rows
        assert (poison.tries, poison.status, poison.error) == (10, 400, "it answers 400")
        assert (standing(ws).parked, standing(ws).waiting, standing(ws).delivered) == (2, 0, 1)
        mended.append(True)
        with pytest.raises(NotFound, match="no such delivery"):
            send_again(ws, ADA, SLUG, "chat", delivery="nonsense")
        assert send_again(ws, ADA, SLUG, "chat") == 2
        assert deliver(ws).delivered == 2
        assert [one.id for one in there.got[-2:]] == [poison.id, late.id]
        assert send_again(ws, ADA, SLUG, "chat") == 0
        assert send_again(ws, ADA, SLUG, "chat", delivery=late.id) == 1
        assert deliver(ws).delivered == 1
    assert there.got[-1].id == late.id


def test_receiver_that_is_away_is_left_in_peace_and_gets_everything_when_it_is_back(ws):
    with receiver() as there:
        port, url = int(there.url.split(":")[2].split("/")[0]), there.url
        add(ws, url)
    for number in range(9):
        moved(ws, f"EXP-{number}")
    assert deliver(ws).failed == 3
    assert (standing(ws).webhook.failures, has_work(ws)) == (3, ())
    [said] = webhook_facts(ws)
    assert (said["name"], said["ok"], said["advice"]) == (
        f"webhook chat of {SLUG}", False, f"assay webhook test chat --project {SLUG}",
    )  # fmt: skip
    assert "no connection" in standing(ws).webhook.error
    ws.clock.now = standing(ws).webhook.paused_until
    assert deliver(ws).failed == 1
    with receiver(port=port) as there:
        ws.clock.now = standing(ws).webhook.paused_until
        assert deliver(ws).delivered == 9
    assert (standing(ws).webhook.failures, standing(ws).webhook.error) == (0, "")
    assert sorted(one.data["ticket"] for one in there.got) == [f"EXP-{number}" for number in range(9)]


@on_sqlite
def test_receiver_may_ask_for_time(ws):
    with receiver(429, headers={"Retry-After": "600"}) as there:
        add(ws, there.url)
        moved(ws, "EXP-1")
        assert deliver(ws).failed == 1
        assert standing(ws).webhook.paused_until - standing(ws).webhook.failed_at == timedelta(seconds=600)
        ws.clock.now += timedelta(minutes=5)
        assert has_work(ws) == ()


def test_another_process_delivers_only_when_the_first_one_is_gone(ws):
    with receiver() as there:
        number = add(ws, there.url).webhook.id
        moved(ws, "EXP-1")
        ws.store.write(
            lambda tx: tx.lease_webhook(
                number, holder="other", until=ws.clock.now + timedelta(minutes=9), now=ws.clock.now
            )
        )
        assert (has_work(ws), deliver_webhook(ws, number, holder="here").delivered) == ((), 0)
        ws.clock.now += timedelta(minutes=9)
        assert deliver_webhook(ws, number, holder="here").delivered == 1


@on_sqlite
def test_what_happens_while_it_is_off_is_never_told_and_what_waited_goes_on(ws):
    with receiver(503) as there:
        add(ws, there.url)
        moved(ws, "EXP-1")
        deliver(ws)
        edit_webhook(ws, ADA, SLUG, "chat", WebhookChanges(enabled=False), expected_version=None)
        moved(ws, "EXP-2")
        assert deliver(ws).failed == 0
        there.answers = 204
        edit_webhook(ws, ADA, SLUG, "chat", WebhookChanges(enabled=True), expected_version=None)
        moved(ws, "EXP-3")
        assert deliver(ws).delivered == 2
    assert [one.data["ticket"] for one in there.got[1:]] == ["EXP-1", "EXP-3"]


@on_sqlite
def test_test_says_what_came_of_it_and_leaves_the_outbox_alone(ws):
    with receiver() as there:
        add(ws, there.url)
        said = send_test(ws, ADA, SLUG, "chat", number="1")
        assert (said.status, said.error) == (204, "")
        there.answers = 302
        assert (
            send_test(ws, ADA, SLUG, "chat", number="2").error
            == "it answers 302, a redirect, which is not followed"
        )
    assert [one.data["type"] for one in there.got] == ["webhook.tested"] * 2
    assert list_deliveries(ws, ADA, SLUG, "chat").rows == ()


@on_sqlite
def test_chats_get_a_sentence_that_rings_for_nobody(ws):
    with receiver() as there:
        add(ws, there.url, form="slack")
        event = Event.of(
            "ticket.moved", project=SLUG, subject="EXP-1", before="a", after="b", reason="<!channel> & *all*"
        )
        ws.store.write(lambda tx: tx.append(event, actor=ADA, at=ws.clock()))
        deliver(ws)
        edit_webhook(ws, ADA, SLUG, "chat", WebhookChanges(form="teams"), expected_version=None)
        moved(ws, "EXP-1")
        deliver(ws)
    slack, teams = (one.data for one in there.got)
    link = f"{LINKS}/p/{SLUG}/t/EXP-1"
    assert slack == {"text": f"EXP-1: moved from a to b: &lt;!channel&gt; &amp; *all* <{link}|EXP-1>"}
    [card] = teams["attachments"]
    assert card["content"]["body"][0]["inlines"] == [{"type": "TextRun", "text": "EXP-1: moved from a to b"}]
    assert card["content"]["actions"][0]["url"] == link


@on_sqlite
def test_secret_and_address_are_in_no_journal_log_backup_or_view(ws, tmp_path, caplog):
    caplog.set_level(logging.DEBUG)
    with receiver(500) as there:
        made = add(ws, there.url)
        moved(ws, "EXP-1")
        deliver(ws)
        renewed = edit_webhook(ws, ADA, SLUG, "chat", WebhookChanges(new_secret=True), expected_version=1)
        assert renewed.secret != made.secret
        there.answers = 204
        send_again(ws, ADA, SLUG, "chat", delivery=list_deliveries(ws, ADA, SLUG, "chat").rows[0].id)
        deliver(ws)
    file = tmp_path / "x.backup"
    back_up(ws.store, file, at=ws.clock(), portable_form=True)
    with zipfile.ZipFile(file) as archive:
        packed = b"".join(archive.read(name) for name in archive.namelist())
    shown = repr(
        [list_webhooks(ws, ADA, SLUG), made.webhook, list_deliveries(ws, ADA, SLUG, "chat")]
    ).encode()
    everything = [b"".join(export_journal(ws, SYSTEM)), packed, shown, caplog.text.encode()]
    assert b"webhook.changed" in everything[0]
    assert [text for text in everything if b"canary" in text] == []
    assert opened(ws, SLUG, renewed.webhook) == (there.url, renewed.secret)


@on_sqlite
def test_another_signing_key_opens_nothing_and_says_so(ws, tmp_path):
    with receiver() as there:
        add(ws, there.url)
        other = replace(ws, webhooks=webhook_tools(SigningKey.load_or_create(tmp_path / "other.key")))
        moved(ws, "EXP-1")
        assert deliver(other).failed == 1
        assert "sealed with another signing key" in standing(ws).webhook.error
        changes = WebhookChanges(url=there.url, new_secret=True)
        assert edit_webhook(other, ADA, SLUG, "chat", changes, expected_version=None).secret
        assert deliver(other).delivered == 1


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"name": "Team Chat"}, "webhook-name"),
        ({"url": "ftp://hooks.example.org/x"}, "webhook-url"),
        ({"url": "https://user:pass@hooks.example.org/x"}, "webhook-url"),
        ({"url": "https://hooks.example.org/ x"}, "webhook-url"),
        ({"url": "https://10.1.2.3/x"}, "webhook-address-refused"),
        ({"url": "http://93.184.215.14/x"}, "webhook-address-refused"),
        ({"events": ["kill"]}, "webhook-events"),
        ({"events": []}, "webhook-events"),
        ({"form": "xml"}, "webhook-form"),
    ],
)
@on_sqlite
def test_bad_webhook_is_refused_with_the_fix(ws, changes, code):
    good = {"name": "chat", "url": "http://127.0.0.1:1/x", "events": ["card.moved"], "form": "json"}
    with pytest.raises(Invalid) as told:
        add_webhook(ws, ADA, SLUG, **(good | changes))
    assert (told.value.code, bool(told.value.hint)) == (code, True)
    assert list_webhooks(ws, ADA, SLUG) == ()


@on_sqlite
def test_names_are_taken_once_versions_are_held_and_rights_are_asked(ws):
    add(ws, "http://127.0.0.1:1/x")
    with pytest.raises(Conflict):
        add(ws, "http://127.0.0.1:1/x")
    with pytest.raises(StaleVersion):
        edit_webhook(ws, ADA, SLUG, "chat", WebhookChanges(form="slack"), expected_version=7)
    reader = Actor("eve", permissions=frozenset({Permission.READ}))
    for forbidden in (
        lambda: edit_webhook(ws, reader, SLUG, "chat", WebhookChanges(form="slack"), expected_version=None),
        lambda: remove_webhook(ws, reader, SLUG, "chat"),
        lambda: send_test(ws, reader, SLUG, "chat", number="1"),
        lambda: deliver_project(ws, reader, SLUG, holder="x"),
    ):
        with pytest.raises(Forbidden):
            forbidden()
    remove_webhook(ws, ADA, SLUG, "chat")
    with pytest.raises(NotFound, match="none yet"):
        get_webhook(ws, ADA, SLUG, "chat")
    for number in range(20):
        add_webhook(ws, ADA, SLUG, name=f"n{number}", url="http://127.0.0.1:1/x")
    with pytest.raises(Refused):
        add(ws, "http://127.0.0.1:1/x")


@on_sqlite
def test_webhook_changed_in_the_database_alone_is_found_by_the_audit(ws):
    made = add(ws, "http://127.0.0.1:1/x").webhook
    assert verify_journal(ws, SYSTEM).ok
    ws.store.write(lambda tx: tx.save_webhook(replace(made, target="https://evil.example.org")))
    [fault] = verify_journal(ws, SYSTEM).record_faults
    assert (fault.ticket, fault.reason) == (
        "webhook chat", "it is not the one in the journal: it differs in target",
    )  # fmt: skip
