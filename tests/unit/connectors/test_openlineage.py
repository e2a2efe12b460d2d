"""What is read of an event of OpenLineage, and what is refused."""

import pytest

from assay.connectors.pipelines.openlineage import read_event
from assay.domain.experiments.pipeline_jobs import JobNews
from assay.errors import Invalid
from tests.support.lineage_events import AT, DAG, TRAIN, lineage_event


def test_event_says_run_job_time_parent_and_the_first_line_of_its_error():
    found = read_event(
        lineage_event("FAIL", parent=DAG, error="\n  CUDA out of memory\x1b[31m\nTraceback", minutes=3)
    )
    assert (found.run_id, found.job, found.namespace, found.parent) == (TRAIN, "train_model", "ml", DAG)
    assert (found.news, found.error) == (JobNews.FAILED, "CUDA out of memory\ufffd[31m")
    assert (found.at - AT).total_seconds() == 180


@pytest.mark.parametrize(
    ("event", "ticket"),
    [
        (lineage_event("START", tags={"assay.ticket": " exp-7 "}, job="EXP-8_train"), "EXP-7"),
        (lineage_event("START", tags={"assay.ticket:EXP-7": "assay.ticket:EXP-7"}), "EXP-7"),
        (lineage_event("START", tags={"assay.ticket=search/EXP-7": ""}), "search/EXP-7"),
        (lineage_event("START", job="EXP-8_train.fit"), "EXP-8"),
        (lineage_event("START", job="EXP-8b"), None),
        (lineage_event("START", tags={"owner": "EXP-7"}), None),
    ],
)
def test_ticket_is_named_by_a_tag_or_by_the_beginning_of_a_name(event, ticket):
    assert read_event(event).ticket == ticket


def test_ticket_may_be_named_by_the_job_the_namespace_the_parent_or_the_root():
    tags = {"tags": {"tags": [{"key": "assay.ticket", "value": "EXP-7"}]}}
    of_job, of_namespace, of_parent, of_root = (lineage_event("START", parent=DAG) for _ in range(4))
    of_job["job"]["facets"] = tags
    of_namespace["job"]["namespace"] = "EXP-7 nightly"
    of_parent["run"]["facets"]["parent"]["job"]["name"] = "EXP-7_nightly"
    of_root["run"]["facets"]["parent"]["root"] = {"run": {"runId": DAG, "facets": tags}, "job": {}}
    assert {read_event(event).ticket for event in (of_job, of_namespace, of_parent, of_root)} == {"EXP-7"}


def test_log_of_a_task_of_airflow_is_linked_where_it_is_a_web_address():
    def url(address):
        return read_event(lineage_event("START", airflow={"taskInstance": {"log_url": address}})).url

    assert url("https://airflow.example.org/log?x=1") == "https://airflow.example.org/log?x=1"
    assert {url("javascript:alert(1)"), url(7), url("file:///etc/passwd")} == {""}


def test_events_about_a_job_or_a_data_set_alone_are_about_no_run():
    about_job = {"eventTime": AT.isoformat(), "job": {"namespace": "ml", "name": "x"}}
    assert read_event(about_job) is None
    assert read_event({"eventTime": AT.isoformat(), "dataset": {"namespace": "ml", "name": "x"}}) is None


def test_facets_of_another_form_are_passed_over():
    odd = lineage_event("START")
    odd["run"]["facets"] = {
        "parent": [],
        "tags": {"tags": {"a": 1}},
        "errorMessage": 7,
        "airflow": {"taskInstance": "x"},
    }
    odd["job"]["facets"] = ["nothing"]
    found = read_event(odd)
    assert (found.ticket, found.parent, found.error, found.url, found.tool) == (None, None, "", "", "")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("run.runId", "train-7"),
        ("run.runId", 7),
        ("eventTime", "2026-05-12T14:02:00"),
        ("eventTime", "0001-01-01T00:00:00Z"),
        ("eventTime", "2026-02-30T00:00:00Z"),
        ("eventTime", None),
        ("eventType", "EXPLODE"),
        ("job.name", ""),
        ("job.name", "x" * 1001),
        ("job.namespace", None),
        ("run.facets.parent.run.runId", "not one"),
        ("run", "all"),
        ("job", None),
    ],
)
def test_event_of_another_form_is_refused_and_the_field_named(field, value):
    event = lineage_event("START", parent=DAG)
    *path, last = field.split(".")
    place = event
    for name in path:
        place = place[name]
    place[last] = value
    with pytest.raises(Invalid) as caught:
        read_event(event)
    assert (caught.value.code, caught.value.field) == ("lineage-event-malformed", field)
    assert "expected" in caught.value.message


@pytest.mark.parametrize(("index", "name"), [(2, "train_model[2]"), (0, "train_model[0]"), (-1, "train_model"), (True, "train_model"), ("2", "train_model"), (None, "train_model")])  # fmt: skip
def test_mapped_tasks_of_airflow_are_told_apart_by_their_index(index, name):
    assert read_event(lineage_event("START", airflow={"taskInstance": {"map_index": index}})).job == name
