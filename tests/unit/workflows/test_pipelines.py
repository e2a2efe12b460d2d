"""What pipelines tell of their jobs, on both databases."""

from dataclasses import replace
from datetime import timedelta

import pytest

from assay.connectors.pipelines.openlineage import read_event
from assay.domain.experiments.pipeline_jobs import JobState, job_text
from assay.errors import Invalid
from assay.workflows.board import board
from assay.workflows.ceremonies import standup
from assay.workflows.ceremony_markdown import standup_markdown
from assay.workflows.integrity import record_faults
from assay.workflows.journal import journal_page
from assay.workflows.pipelines import receive_event, ticket_jobs
from assay.workflows.tickets import create_ticket
from tests.support.lineage_events import DAG, TRAIN, lineage_event
from tests.unit.workflows.conftest import ADA, START, content
from tests.unit.workflows.test_life_of_an_experiment import start

SLUG = "chatbot"
TAG = {"assay.ticket": "EXP-1"}


@pytest.fixture
def told(ws):
    create_ticket(ws, ADA, SLUG, content())

    def tell(kind, **more):
        return receive_event(ws, ADA, SLUG, read_event(lineage_event(kind, at=START, **more)))

    return tell


def jobs(ws):
    return [
        (line.level, line.job.job, line.job.state.value) for line in ticket_jobs(ws, ADA, SLUG, "EXP-1").rows
    ]


def card_job(ws, key="EXP-1"):
    return next(
        card.job for column in board(ws, ADA, SLUG).columns for card in column.cards if card.key == key
    )


def verdict_kinds(ws):
    rows = journal_page(ws, ADA, project=SLUG, limit=100).rows
    return [row.kind for row in rows if row.kind.startswith(("verdict", "ticket.evidence"))]


def changes(ws):
    return [row for row in journal_page(ws, ADA, project=SLUG, limit=100).rows if row.kind == "job.changed"]


def test_job_is_shown_on_its_ticket_and_card_and_in_the_journal_and_the_same_event_twice_is_once(ws, told):
    first, second = (told("START", tags=TAG) for _ in range(2))
    assert (first.changed, second.changed) == (True, False)
    assert jobs(ws) == [(0, "train_model", "running")]
    assert job_text(card_job(ws)) == f"train_model: running since {START:%H:%M} UTC on {START.day} {START:%B}"
    [entry] = changes(ws)
    assert (entry.subject, entry.payload["state"]) == ("EXP-1", "running")
    assert told("RUNNING", minutes=1, tags=TAG).changed is False  # a sign of life is no news
    assert len(changes(ws)) == 1
    with ws.store.read() as tx:
        assert list(record_faults(tx)) == []


def test_job_belongs_to_the_ticket_of_the_run_that_started_it_whichever_comes_first(ws, told):
    assert told("START", parent=DAG, minutes=1).job.ticket is None
    assert jobs(ws) == []
    told("START", run=DAG, job="nightly", tags=TAG)
    told("COMPLETE", parent=DAG, minutes=5)
    assert jobs(ws) == [(0, "nightly", "running"), (1, "train_model", "completed")]
    with ws.store.read() as tx:
        assert list(record_faults(tx)) == []


def test_failed_job_is_trouble_in_the_stand_up_and_changes_no_verdict(ws, told):
    ticket = start(ws)
    tag, before = {"assay.ticket": ticket.key}, verdict_kinds(ws)
    told("START", run=DAG, job="nightly", tags=tag)
    told("START", parent=DAG, minutes=1)
    told("FAIL", parent=DAG, minutes=2, error="CUDA out of memory")
    told("FAIL", run=DAG, job="nightly", minutes=2)
    assert (card_job(ws, ticket.key).job, card_job(ws, ticket.key).error) == (
        "train_model",
        "CUDA out of memory",
    )
    view = standup(ws, ADA, SLUG)
    assert [one.job for one in view.failed_jobs] == ["train_model"]
    assert "train\\_model: failed" in standup_markdown(view)
    assert verdict_kinds(ws) == before
    with ws.store.read() as tx:
        assert tx.verdicts_due(tx.project(SLUG).id) == []


def test_failed_try_that_was_tried_again_is_trouble_no_more(ws, told):
    other = TRAIN.replace("2", "7")
    told("START", tags=TAG)
    told("FAIL", minutes=1)
    with ws.store.read() as tx:
        project = tx.project(SLUG).id
        assert [one.run_id for one in tx.failed_jobs(project, since=START)] == [TRAIN]
    told("START", run=other, tags=TAG, minutes=2)
    with ws.store.read() as tx:
        assert tx.failed_jobs(project, since=START) == []
    assert card_job(ws).state is JobState.RUNNING


def test_job_that_names_another_project_is_none_of_ours(ws, told):
    assert told("START", tags={"assay.ticket": "search/EXP-1"}).job.ticket is None
    assert told("START", run=DAG, tags={"assay.ticket": f"{SLUG}/EXP-1"}).job.ticket == "EXP-1"


def test_job_of_no_ticket_is_forgotten_after_a_week_and_one_of_a_ticket_is_kept(ws, told, clock):
    told("START")
    told("START", run=DAG, tags=TAG)
    clock.now += timedelta(days=8)
    told("START", run=DAG.replace("1", "9"), minutes=8 * 24 * 60)
    with ws.store.read() as tx:
        project = tx.project(SLUG).id
        assert (tx.pipeline_job(project, TRAIN), tx.pipeline_job(project, DAG).ticket) == (None, "EXP-1")


def test_event_from_the_future_is_refused(ws, told):
    with pytest.raises(Invalid) as caught:
        told("START", minutes=3 * 24 * 60)
    assert caught.value.code == "lineage-event-ahead"
    assert jobs(ws) == []


def test_job_that_was_changed_in_the_database_alone_is_named(ws, told):
    received = told("START", tags=TAG)
    with ws.store.read() as tx:
        project = tx.project(SLUG).id
    ws.store.write(lambda tx: tx.put_pipeline_job(project, replace(received.job, state=JobState.FAILED)))
    with ws.store.read() as tx:
        [fault] = record_faults(tx)
    assert "differs in state" in fault.reason
