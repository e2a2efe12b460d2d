"""Several projects read one tracker, each counts from EXP-1, and no run is evidence in two of them."""

import pytest

from assay.domain.kernel.verdicts import Recommendation
from assay.errors import Conflict
from assay.workflows.evidence import connect_source, disconnect_source, list_runs, list_sources, sync_source
from assay.workflows.journal import journal_page
from assay.workflows.ownership import owned
from assay.workflows.projects import create_project, declare_metric, get_project
from assay.workflows.records import Source
from assay.workflows.verdicts import get_verdict
from tests.unit.workflows.conftest import ACCURACY, ADA, START, run
from tests.unit.workflows.test_life_of_an_experiment import GOOD, SLUG, start

OTHER = "search"
URI = "sqlite:////data/mlflow.db"


@pytest.fixture
def other(ws):
    create_project(ws, ADA, slug=OTHER, name="Search")
    declare_metric(ws, ADA, OTHER, ACCURACY)
    return OTHER


def connect(ws, slug=SLUG, uri=URI, **more):
    return connect_source(ws, ADA, slug, kind="listed", uri=uri, name="listed", **more)[0]


@pytest.mark.parametrize(
    "uri", [URI, "/data/mlflow.db", "sqlite:////data/./mlflow.db", " sqlite:////data/mlflow.db "]
)
def test_second_project_on_one_tracker_is_refused_and_told_the_ways_out(ws, other, uri):
    connect(ws)
    with pytest.raises(Conflict, match="project 'chatbot' reads all of it") as error:
        connect(ws, other, uri)
    assert error.value.code == "source-shared"
    assert "--qualified" in error.value.hint
    assert "assay.ticket=search/EXP-1" in error.value.hint
    assert "--experiment" in error.value.hint
    assert list_sources(ws, ADA, other) == ()


def test_server_is_one_server_with_and_without_its_last_slash(ws, other):
    connect(ws, uri="http://Tracker:5000/")
    with pytest.raises(Conflict):
        connect(ws, other, "http://tracker:5000")
    connect(ws, other, "http://tracker:5001")


@pytest.mark.parametrize(
    ("first", "second", "may"),
    [
        (["a"], ["b"], True),
        (["a"], ["a", "b"], False),
        (["a"], [], False),
        ([], ["b"], False),
    ],
)
def test_projects_may_share_a_tracker_where_each_reads_experiments_of_its_own(ws, other, first, second, may):
    connect(ws, experiments=first)
    if may:
        assert connect(ws, other, experiments=second).experiment_filter == tuple(second)
        return
    with pytest.raises(Conflict):
        connect(ws, other, experiments=second)


def test_qualified_source_may_read_what_others_read(ws, other):
    connect(ws)
    assert connect(ws, other, qualified=True).qualified
    assert [source.qualified for source in list_sources(ws, ADA, other)] == [True]
    (said,) = journal_page(ws, ADA, project=other, kind="source.connected").rows
    assert said.payload["qualified"] is True


def test_tracker_that_a_project_left_is_free(ws, other):
    connect(ws)
    disconnect_source(ws, ADA, SLUG, "listed")
    connect(ws, other)


def test_source_comes_back_only_as_it_was_read_before(ws, tracker, other):
    connect(ws, other, qualified=True)
    tracker.put(run("search/EXP-1", 1, 0.5, begun=START))
    sync_source(ws, ADA, other, "listed")
    disconnect_source(ws, ADA, other, "listed")
    with pytest.raises(Conflict, match="bear its name"):
        connect(ws, other)
    assert connect(ws, other, qualified=True).qualified


def test_no_run_is_evidence_in_two_projects(ws, tracker, clock, other, monkeypatch):
    ticket = start(ws)
    theirs = started(ws, other, monkeypatch)
    assert ticket.key == theirs.key == "EXP-1"
    connect(ws)
    connect(ws, other, qualified=True)
    ours = [run("EXP-1", seed, 0.5, value, begun=clock()) for seed, value in enumerate(GOOD)]
    named = [
        run(f"{other}/EXP-1", seed, 0.5, 0.6 + value / 100, begun=clock(), external_id=f"s{seed}")
        for seed, value in enumerate(GOOD)
    ]
    tracker.put(*ours, *named)
    for slug in (SLUG, other):
        sync_source(ws, ADA, slug, "listed")
    assert get_verdict(ws, ADA, SLUG, "EXP-1").verdict.recommendation is Recommendation.PROMOTE
    assert get_verdict(ws, ADA, other, "EXP-1").verdict.recommendation is Recommendation.KILL
    for slug, count in ((SLUG, 5), (other, 5)):
        assert sum(row.ticket == "EXP-1" for row in list_runs(ws, ADA, slug).rows) == count
        assert sum(row.ticket is None for row in list_runs(ws, ADA, slug).rows) == 5


def started(ws, slug, monkeypatch):
    monkeypatch.setattr("tests.unit.workflows.test_life_of_an_experiment.SLUG", slug)
    ticket = start(ws)
    monkeypatch.undo()
    return ticket


@pytest.mark.parametrize(
    ("ticket", "project", "open_source", "qualified"),
    [
        ("EXP-1", None, "EXP-1", None),
        ("chatbot/EXP-1", None, "EXP-1", "EXP-1"),
        ("search/EXP-1", None, None, None),
        ("EXP-1", "chatbot", "EXP-1", "EXP-1"),
        ("EXP-1", "search", None, None),
        ("chatbot/EXP-1", "search", None, None),
        ("chatbot/EXP-1", "chatbot", "EXP-1", "EXP-1"),
        ("a/chatbot/EXP-1", None, None, None),
        ("/EXP-1", None, None, None),
        (None, "chatbot", None, None),
    ],
)
def test_tags_say_which_project_a_run_belongs_to(ws, ticket, project, open_source, qualified):
    tags = {} if project is None else {"assay.project": project}
    one = run(ticket or "x", 1, 0.5, begun=START, external_id="r", ticket=ticket, tags=tags)
    for source, expected in (
        (Source(1, 1, "listed", "listed", "x"), open_source),
        (Source(1, 1, "listed", "listed", "x", qualified=True), qualified),
    ):
        assert owned(one, get_project(ws, ADA, SLUG), source).ticket == expected
