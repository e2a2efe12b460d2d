"""A clock that jumps: order is the journal's, nothing is refused or lost for it, and what was locked stays locked."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from fastapi.testclient import TestClient

from assay.bootstrap import open_workspace
from assay.domain.governance.verification import verify_chain
from assay.server.app import create_app
from assay.settings import Settings
from assay.workflows.journal import make_checkpoint
from assay.workflows.tickets import edit_ticket
from tests.faces.web.story import ADA, SLUG, Story, content, criteria

NOW = datetime(2026, 5, 12, 9, tzinfo=UTC)
JUMPS = (
    timedelta(hours=-1),
    timedelta(days=3650),
    timedelta(days=-3700),
    timedelta(0),
    timedelta(seconds=1),
    timedelta(microseconds=-1),
)


class JumpingClock:
    """Goes back an hour, on ten years, and back again, from look to look."""

    def __init__(self):
        self.now = NOW
        self.looks = 0

    def __call__(self):
        self.now += JUMPS[self.looks % len(JUMPS)]
        self.looks += 1
        return self.now


@pytest.fixture
def ws(tmp_path):
    with open_workspace(Settings(home=tmp_path, sync_interval_s=0)) as workspace:
        yield replace(workspace, clock=JumpingClock())


def entries(ws):
    with ws.store.read() as tx:
        assert verify_chain(tx.raw_entries()).ok
        return [(seq, bytes(body)) for seq, body, _ in tx.raw_entries()]


def test_journal_orders_by_number_whatever_the_clock_says(ws):
    story = Story(ws)
    keys = [story.ticket(f"Idea {number}") for number in range(5)]
    for key in keys:
        story.confirm(key, "agreed")
        story.move(key, "hypothesis")
    found = entries(ws)
    assert [seq for seq, _ in found] == list(range(1, len(found) + 1))
    made = [body for _, body in found if b'"ticket.created"' in body]
    assert [key.encode() in body for key, body in zip(keys, made, strict=True)] == [True] * 5
    times = [body.split(b'"at":"')[1][:26] for _, body in found]
    assert times != sorted(times), "the clock did not jump"


def test_amendment_on_a_clock_that_went_back_still_counts_as_after_the_lock_and_the_results(ws):
    story = Story(ws)
    key = story.ticket("Fine-tune")
    story.start(key)
    story.runs(key, (0.86, 0.87, 0.88))
    ws.clock.now = NOW - timedelta(days=400)
    easier = content(
        "Fine-tune", criteria=criteria(primary=["accuracy >= 80%"], kill=["accuracy < 70% after training"])
    )
    lock = edit_ticket(
        ws, ADA, SLUG, key, easier, expected_version=None, amendment_reason="the target was a guess"
    ).lock
    (amendment,) = lock.amendments
    assert amendment.at < lock.locked_at
    assert amendment.seq > lock.seq
    assert amendment.after_results
    assert amendment.loosens
    entries(ws)


def test_pages_checkpoints_and_backups_answer_at_every_hour(ws, tmp_path):
    story = Story(ws)
    key = story.ticket("Fine-tune")
    story.start(key)
    story.runs(key, (0.86, 0.87, 0.88))
    client = TestClient(
        create_app(ws, Settings(home=tmp_path, sync_interval_s=0)), base_url="http://127.0.0.1"
    )
    pages = ("board", f"t/{key}", "journal", "experiments")
    for _ in range(3):
        for page in pages:
            assert client.get(f"/p/{SLUG}/{page}").status_code == 200, page
        assert client.get(f"/api/v1/projects/{SLUG}/tickets/{key}/verdict").status_code == 200
        client.cookies.clear()
        assert client.post("/api/v1/backups").status_code == 201
        assert make_checkpoint(ws, ADA) is not None
    entries(ws)


def test_two_backups_of_one_moment_are_two_or_the_second_is_refused(ws, tmp_path):
    frozen = replace(ws, clock=lambda: NOW)
    client = TestClient(
        create_app(frozen, Settings(home=tmp_path, sync_interval_s=0)), base_url="http://127.0.0.1"
    )
    answers = [client.post("/api/v1/backups") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 409]
    assert answers[1].json()["code"] == "backup-exists"
