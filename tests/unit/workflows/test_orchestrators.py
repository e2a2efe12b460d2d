"""Jobs that an orchestrator is asked about, on both databases: the same jobs that events tell of, and how old that is."""

import dataclasses
from datetime import timedelta

import pytest

from assay.connectors.pipelines import api_client
from assay.connectors.pipelines.airflow import AirflowRuns
from assay.connectors.pipelines.openlineage import read_event
from assay.domain.experiments.pipeline_jobs import JobEvent, JobNews, JobState
from assay.errors import Conflict, Unavailable
from assay.workflows.actor import SYSTEM
from assay.workflows.board import board
from assay.workflows.ceremonies import standup
from assay.workflows.ceremony_markdown import standup_markdown
from assay.workflows.evidence import connect_source, disconnect_source, list_sources, sync_source
from assay.workflows.integrity import record_faults
from assay.workflows.journal import journal_page
from assay.workflows.pipelines import receive_event, ticket_jobs
from assay.workflows.ports import SyncBatch
from assay.workflows.projects import create_project
from assay.workflows.tickets import create_ticket
from tests.support.lineage_events import DAG, TRAIN, lineage_event
from tests.support.replayed_orchestrator import AT, running
from tests.unit.workflows.conftest import ADA, START, content

SLUG = "chatbot"
WHY = "cannot read Airflow 'http://af': ConnectError"


class Told:
    """An orchestrator that tells what a test says."""

    tells_jobs = True

    def __init__(self):
        self.events, self.away, self.number = [], False, 0

    def check(self, _):
        return "Airflow"

    def changes(self, *_):
        if self.away:
            raise Unavailable(WHY, hint="is it running?")
        if self.events:
            self.number += 1
            yield SyncBatch((), (), {"at": self.number}, 1, None, {}, jobs=tuple(self.events))
        self.events = []


@pytest.fixture
def asked(ws):
    create_ticket(ws, ADA, SLUG, content())
    told = Told()
    object.__setattr__(ws, "sources", {**ws.sources, "airflow": told})
    connect_source(ws, ADA, SLUG, kind="airflow", uri="http://af")
    return told


def event(news, *, run=TRAIN, minutes=0, ticket="EXP-1", job="train_model", **more):
    return JobEvent(run, "ml", job, news, START + timedelta(minutes=minutes), ticket, **more)


def sync(ws):
    return sync_source(ws, SYSTEM, SLUG, "airflow")


def only_job(ws):
    [line] = ticket_jobs(ws, ADA, SLUG, "EXP-1").rows
    return line.job


def faults(ws):
    with ws.store.read() as tx:
        return list(record_faults(tx))


def card(ws):
    return next(one for column in board(ws, ADA, SLUG).columns for one in column.cards if one.key == "EXP-1")


def changes(ws):
    return [row for row in journal_page(ws, ADA, project=SLUG, limit=100).rows if row.kind == "job.changed"]


def test_what_an_orchestrator_tells_is_shown_journaled_and_told_once(ws, asked):
    asked.events = [
        event(JobNews.BEGUN, run=DAG, job="nightly"),
        event(JobNews.BEGUN, parent=DAG, ticket=None, minutes=1),
        event(JobNews.FAILED, parent=DAG, ticket=None, minutes=2, error="no room"),
    ]
    again = list(asked.events)
    report = sync(ws)
    assert (report.jobs, report.changed, report.unknown) == (2, 0, ())
    rows = ticket_jobs(ws, ADA, SLUG, "EXP-1").rows
    assert [(one.level, one.job.job, one.job.state) for one in rows] == [
        (0, "nightly", JobState.RUNNING),
        (1, "train_model", JobState.FAILED),
    ]
    assert card(ws).job.error == "no room"
    assert len(changes(ws)) == 2
    asked.events = again
    assert sync(ws).jobs == 0
    assert len(changes(ws)) == 2
    assert faults(ws) == []


@pytest.mark.parametrize("first", ["event", "api"])
def test_a_job_told_in_both_ways_is_one_and_keeps_why_it_failed(ws, asked, first):
    def by_event():
        for kind, more in (("START", {}), ("FAIL", {"minutes": 5, "error": "CUDA out of memory"})):
            told = read_event(lineage_event(kind, at=START, tags={"assay.ticket": "EXP-1"}, **more))
            receive_event(ws, ADA, SLUG, told)

    def by_api():
        asked.events = [event(JobNews.BEGUN), event(JobNews.FAILED, minutes=5)]
        sync(ws)

    for tell in (by_event, by_api) if first == "event" else (by_api, by_event):
        tell()
    job = only_job(ws)
    assert (job.state, job.error) == (JobState.FAILED, "CUDA out of memory")
    assert faults(ws) == []


def test_that_an_end_was_not_seen_takes_no_end_back_and_a_new_beginning_does(ws, asked):
    asked.events = [event(JobNews.BEGUN), event(JobNews.COMPLETED, minutes=1)]
    sync(ws)
    asked.events = [event(JobNews.ABORTED, minutes=9)]
    assert sync(ws).jobs == 0
    assert only_job(ws).state is JobState.COMPLETED
    asked.events = [event(JobNews.BEGUN, minutes=10)]
    sync(ws)
    assert only_job(ws).state is JobState.RUNNING
    asked.events = [event(JobNews.ABORTED, minutes=12)]
    sync(ws)
    assert only_job(ws).state is JobState.ABORTED


def test_jobs_of_an_orchestrator_that_is_away_say_since_when_they_may_be_out_of_date(ws, asked):
    asked.events = [event(JobNews.BEGUN)]
    sync(ws)
    [source] = [one for one in list_sources(ws, ADA, SLUG) if one.kind == "airflow"]
    assert card(ws).job_unread is None
    assert ticket_jobs(ws, ADA, SLUG, "EXP-1").unread == ()
    asked.away = True
    with pytest.raises(Unavailable):
        sync(ws)
    [unread] = ticket_jobs(ws, ADA, SLUG, "EXP-1").unread
    assert (unread.name, unread.read_at, unread.why) == ("airflow", source.last_sync_at, WHY)
    assert card(ws).job_unread == unread
    view = standup(ws, ADA, SLUG)
    assert view.unread == (unread,)
    assert "not known from airflow (last read" in standup_markdown(view)
    with pytest.raises(Unavailable):
        sync(ws)
    asked.away = False
    sync(ws)
    rows = journal_page(ws, ADA, project=SLUG, limit=100).rows
    told = [(row.kind, row.payload.get("why")) for row in rows if row.kind in ("source.lost", "source.found")]
    assert sorted(told, key=str) == [
        ("source.found", None),
        ("source.lost", WHY),
    ]  # each once: pages are drawn anew
    assert ticket_jobs(ws, ADA, SLUG, "EXP-1").unread == ()
    assert card(ws).job_unread is None


def test_jobs_stay_when_their_orchestrator_is_disconnected_and_say_that_it_is(ws, asked):
    asked.events = [event(JobNews.BEGUN)]
    sync(ws)
    disconnect_source(ws, ADA, SLUG, "airflow")
    [unread] = ticket_jobs(ws, ADA, SLUG, "EXP-1").unread
    assert (unread.name, unread.why) == ("airflow", "")
    assert standup(ws, ADA, SLUG).unread == ()  # nobody waits for it any more
    assert faults(ws) == []


def test_a_ticket_that_the_project_does_not_have_is_named(ws, asked):
    asked.events = [event(JobNews.BEGUN, ticket="EXP-77")]
    report = sync(ws)
    assert report.unknown == ("EXP-77",)


def test_two_projects_share_an_orchestrator_only_where_one_wants_its_name_in_the_tag(ws, asked):
    create_project(ws, ADA, slug="other", name="Other")
    with pytest.raises(Conflict, match="reads all of it"):
        connect_source(ws, ADA, "other", kind="airflow", uri="http://af/")
    connect_source(ws, ADA, "other", kind="airflow", uri="http://af", qualified=True)
    asked.events = [event(JobNews.BEGUN, ticket="EXP-1"), event(JobNews.BEGUN, run=DAG, ticket="other/EXP-1")]
    told = list(asked.events)
    assert sync_source(ws, SYSTEM, "other", "airflow").unknown == ("EXP-1",)
    with ws.store.read() as tx:
        ours = tx.jobs_with_tickets(tx.project("other").id)
    assert [(job.run_id, job.ticket) for job in ours] == [(DAG, "EXP-1")]
    asked.events = told
    sync(ws)
    assert only_job(ws).run_id == TRAIN


def test_a_real_airflow_that_told_by_events_first_has_each_job_once(ws, monkeypatch):
    """The ids are those that Airflow's provider sent; the answers are those of its API."""
    monkeypatch.setattr(api_client, "now_here", lambda: AT)
    create_ticket(ws, ADA, SLUG, content())
    object.__setattr__(ws, "sources", {"airflow": AirflowRuns()})
    with running("airflow") as (address, replayed):
        for run in replayed.told("/dags/~/dagRuns")["dag_runs"]:
            run["logical_date"] = run["logical_date"] and "2026-11-22T12:00:00Z"
        connect_source(ws, ADA, SLUG, kind="airflow", uri=address)
        at = AT - timedelta(minutes=16)
        told = read_event(
            lineage_event("START", at=at, run="01a20320-a200-765f-8ba6-3bd84a706ff1", job="EXP-1_slow")
        )
        receive_event(dataclasses.replace(ws, clock=lambda: AT), ADA, SLUG, told)
        sync(ws)
    rows = ticket_jobs(ws, ADA, SLUG, "EXP-1").rows
    assert [one.job.job for one in rows].count("EXP-1_slow") == 1
    assert len(rows) == 10
    assert faults(ws) == []
