"""What Airflow, Dagster, Prefect and Kubeflow Pipelines say over their own APIs, when they speak true, lie, or say nothing.

Answers are those that real servers gave, told again (see `tests.support.replayed_orchestrator`); Kubeflow's are made after its published API.
"""

import contextlib
import copy
import json
from dataclasses import replace
from datetime import datetime, timedelta
from types import SimpleNamespace

import pytest

from assay.connectors.pipelines import api_client, polled
from assay.connectors.pipelines.airflow import AirflowRuns, raised_in
from assay.connectors.pipelines.api_client import ApiClient
from assay.connectors.pipelines.dagster import DagsterRuns
from assay.connectors.pipelines.kubeflow import KubeflowRuns
from assay.connectors.pipelines.prefect import PrefectRuns
from assay.connectors.tracked.asking import Answer
from assay.domain.experiments.pipeline_jobs import after_event
from assay.errors import Invalid, Unavailable
from assay.workflows.records import Source
from tests.support.replayed_orchestrator import AT, RECORDED, Replayed, running

READERS = {
    "airflow": AirflowRuns,
    "airflow-2": AirflowRuns,
    "dagster": DagsterRuns,
    "prefect": PrefectRuns,
    "kubeflow": KubeflowRuns,
}
BELOW = {"prefect": "/api"}
NO_MEMORY = "RuntimeError: CUDA out of memory: tried to allocate 2.00 GiB"
TOKEN = "a-token-that-nobody-may-see"


@pytest.fixture(autouse=True)
def here(monkeypatch, tmp_path):
    monkeypatch.setattr(api_client, "now_here", lambda: AT)
    monkeypatch.setenv("NETRC", str(tmp_path / "none"))
    for kind in ("AIRFLOW", "DAGSTER", "PREFECT", "KUBEFLOW"):
        monkeypatch.delenv(f"ASSAY_{kind}_TOKEN", raising=False)


@pytest.fixture(params=READERS)
def kind(request):
    return request.param


class Synced:
    """A source that is synced, and what is known of its jobs."""

    def __init__(self, kind, uri, **changed):
        name = kind.removesuffix("-2")
        self.reader = READERS[kind]()
        self.source = Source(id=1, project_id=1, name=name, kind=name, uri=uri, **changed)
        self.jobs = {}

    def sync(self):
        """How many events came, and how many portions."""
        events = portions = 0
        for batch in self.reader.changes(self.source, dict):
            json.dumps(batch.cursor)
            self.source = replace(self.source, cursor=batch.cursor)
            events, portions = events + len(batch.jobs), portions + 1
            for event in batch.jobs:
                self.jobs[event.run_id] = after_event(self.jobs.get(event.run_id), event)
        return events, portions

    def table(self):
        """Job, state, ticket, name of what started it, and why it failed."""
        names = {job.run_id: job.job for job in self.jobs.values()}
        found = sorted(self.jobs.values(), key=lambda one: (one.job, one.started_at))
        return [(one.job, one.state.value, one.ticket, names.get(one.parent), one.error) for one in found]


@pytest.fixture
def served(kind):
    with running(kind, below=BELOW.get(kind, "")) as (address, replayed):
        yield Synced(kind, address), replayed


AIRFLOW = [
    ("EXP-1_bad", "failed", "EXP-1", None, ""),
    ("EXP-1_bad.load", "completed", "EXP-1", "EXP-1_bad", ""),
    ("EXP-1_bad.train", "failed", "EXP-1", "EXP-1_bad", NO_MEMORY),
    ("EXP-1_bad.train", "failed", "EXP-1", "EXP-1_bad", NO_MEMORY),
    ("EXP-1_good", "completed", "EXP-1", None, ""),
    ("EXP-1_good.load", "completed", "EXP-1", "EXP-1_good", ""),
    ("EXP-1_good.train", "completed", "EXP-1", "EXP-1_good", ""),
    ("EXP-1_slow", "running", "EXP-1", None, ""),
    ("EXP-1_slow.load", "completed", "EXP-1", "EXP-1_slow", ""),
    ("EXP-1_slow.train", "running", "EXP-1", "EXP-1_slow", ""),
    ("EXP-3_mapped", "completed", "EXP-3", None, ""),
    ("EXP-3_mapped.seed[0]", "completed", "EXP-3", "EXP-3_mapped", ""),
    ("EXP-3_mapped.seed[1]", "completed", "EXP-3", "EXP-3_mapped", ""),
    ("EXP-3_mapped.seed[2]", "completed", "EXP-3", "EXP-3_mapped", ""),
    ("nightly_training", "completed", "EXP-2", None, ""),
    ("nightly_training.load", "completed", "EXP-2", "nightly_training", ""),
    ("nightly_training.train", "completed", "EXP-2", "nightly_training", ""),
    ("unrelated", "completed", "EXP-4", None, ""),
    ("unrelated.load", "completed", "EXP-4", "unrelated", ""),
    ("unrelated.train", "completed", "EXP-4", "unrelated", ""),
]
TOLD = {
    "airflow": AIRFLOW,
    "airflow-2": AIRFLOW,
    "dagster": [
        ("bad", "failed", "EXP-1", None, "Execution of run for \"bad\" failed. Steps failed: ['train_bad']."),
        ("bad.load", "completed", "EXP-1", "bad", ""),
        ("bad.train_bad", "failed", "EXP-1", "bad", NO_MEMORY),
        ("good", "completed", "EXP-1", None, ""),
        ("good.load", "completed", "EXP-1", "good", ""),
        ("good.train", "completed", "EXP-1", "good", ""),
        ("slow", "completed", "EXP-2", None, ""),
        ("slow", "running", "EXP-2", None, ""),
        ("slow.load", "completed", "EXP-2", "slow", ""),
        ("slow.load", "completed", "EXP-2", "slow", ""),
        ("slow.train_slow", "completed", "EXP-2", "slow", ""),
        ("slow.train_slow", "running", "EXP-2", "slow", ""),
    ],
    "prefect": [
        ("EXP-1 bad", "failed", "EXP-1", None, NO_MEMORY),
        ("EXP-1 bad.load-479", "completed", "EXP-1", "EXP-1 bad", ""),
        ("EXP-1 bad.train_bad-e1d", "failed", "EXP-1", "EXP-1 bad", NO_MEMORY),
        ("EXP-1 good", "completed", "EXP-1", None, ""),
        ("EXP-1 good.load-6db", "completed", "EXP-1", "EXP-1 good", ""),
        ("EXP-1 good.train-3c3", "completed", "EXP-1", "EXP-1 good", ""),
        ("EXP-1 slow", "completed", "EXP-1", None, ""),
        ("EXP-1 slow", "running", "EXP-1", None, ""),
        ("EXP-1 slow.load-416", "completed", "EXP-1", "EXP-1 slow", ""),
        ("EXP-1 slow.load-e93", "completed", "EXP-1", "EXP-1 slow", ""),
        ("EXP-1 slow.train_slow-20d", "completed", "EXP-1", "EXP-1 slow", ""),
        ("EXP-1 slow.train_slow-e32", "running", "EXP-1", "EXP-1 slow", ""),
        ("nightly", "completed", "EXP-2", None, ""),
        ("nightly.part-0", "completed", "EXP-2", "nightly", ""),
        ("part", "completed", "EXP-2", "nightly.part-0", ""),
        ("part.load-1ae", "completed", "EXP-2", "part", ""),
        ("part.train-a84", "completed", "EXP-2", "part", ""),
    ],
    "kubeflow": [
        ("training", "completed", "EXP-1", None, ""),
        ("training", "failed", "EXP-2", None, "the run failed"),
        ("training", "running", "EXP-1", None, ""),
        ("training.load", "completed", "EXP-2", "training", ""),
        ("training.load", "completed", "EXP-1", "training", ""),
        ("training.train", "completed", "EXP-1", "training", ""),
        ("training.train", "failed", "EXP-2", "training", "RuntimeError: CUDA out of memory"),
        ("training.train", "running", "EXP-1", "training", ""),
    ],
}


def test_jobs_that_ran_well_failed_and_run_on_are_told_with_ticket_parent_and_reason(kind, served):
    synced, _ = served
    synced.sync()
    assert synced.table() == TOLD[kind]
    assert {job.tool for job in synced.jobs.values()} == {synced.source.kind.upper()}


def test_each_name_leads_to_its_run_in_the_pages_of_the_orchestrator(kind, served):
    synced, _ = served
    synced.sync()
    shown = {job.job: job.url.removeprefix(synced.source.uri) for job in synced.jobs.values()}
    run = "manual__2026-11-22T13%3A09%3A58.882638%2B00%3A00"
    expected = {
        "airflow": ("EXP-1_bad.load", f"/dags/EXP-1_bad/runs/{run}/tasks/load?try_number=1"),
        "airflow-2": (
            "EXP-1_good",
            "/dags/EXP-1_good/grid?dag_run_id=manual__2026-11-22T13%3A00%3A00%2B00%3A00",
        ),
        "dagster": ("bad.train_bad", "/runs/06782296-5255-4685-b914-e70f8e638751?selection=train_bad"),
        "prefect": ("EXP-1 bad", "/runs/flow-run/9def510e-321a-4361-b188-9147e3e56a8d"),
        "kubeflow": ("training", "/#/runs/details/00000001-7c1d-4f7e-9a52-6d6f0c8a5b11"),
    }[kind]
    assert shown[expected[0]] == expected[1]


def test_an_unchanged_orchestrator_tells_nothing_and_runs_that_are_over_are_not_asked_about_again(
    kind, served
):
    synced, replayed = served
    synced.sync()
    first = len(replayed.asked)
    replayed.asked.clear()
    assert synced.sync() == (0, 0)
    assert len(replayed.asked) < first
    over = {
        "airflow": "EXP-1_good/",
        "airflow-2": "EXP-1_good/",
        "dagster": "a449a5d9",
        "prefect": "d910acde",
        "kubeflow": "0000001-",
    }
    assert not [
        path for _, path, asked in replayed.asked if over[kind] in path + asked and "filter" not in path
    ]


def test_checking_the_connection_names_what_was_found(kind, served):
    synced, _ = served
    said = {
        "airflow": "Airflow 3.1.8", "airflow-2": "Airflow 2.10.5", "dagster": "Dagster 1.13.27",
        "prefect": "Prefect with 7 flow runs", "kubeflow": "Kubeflow Pipelines 2.5.0",
    }  # fmt: skip
    assert synced.reader.check(synced.source) == f"{said[kind]} at {synced.source.uri}: its runs can be read"


def test_ids_are_those_that_airflow_told_over_openlineage():
    """Seen on a real Airflow 3.1.8 that told of these runs in both ways."""
    with running("airflow") as (address, replayed):
        for run in replayed.told("/dags/~/dagRuns")["dag_runs"]:
            run["logical_date"] = run["logical_date"] and "2026-11-22T12:00:00Z"
        synced = Synced("airflow", address)
        synced.sync()
    ids = {job.job: run_id for run_id, job in synced.jobs.items()}
    assert ids["EXP-1_slow"] == "01a20320-a200-765f-8ba6-3bd84a706ff1"
    assert ids["EXP-1_bad.train"] == "01a20320-a200-77e7-9372-249c62842df1"  # its second try
    assert ids["EXP-3_mapped.seed[2]"] == "01a20320-a200-722e-bf6b-2b6890cc6753"


def test_a_run_that_ends_is_told_once_more_and_what_it_left_running_ended_with_it():
    with running("airflow") as (address, replayed):
        synced = Synced("airflow", address)
        synced.sync()
        slow = next(
            one for one in replayed.told("/dags/~/dagRuns")["dag_runs"] if one["dag_id"] == "EXP-1_slow"
        )
        slow |= {"state": "failed", "end_date": "2026-11-22T13:15:00Z"}
        events, _ = synced.sync()
        assert synced.sync() == (0, 0)
    assert events == 6  # beginning and end of the run and of its two tasks
    states = {job.job: (job.state.value, job.ended_at) for job in synced.jobs.values()}
    at = datetime.fromisoformat("2026-11-22T13:15:00+00:00")
    assert states["EXP-1_slow"] == ("failed", at)
    assert states["EXP-1_slow.train"] == ("aborted", at)


def test_a_run_that_is_deleted_while_it_runs_is_told_as_aborted(kind, served):
    synced, replayed = served
    synced.sync()
    going = [job for job in synced.jobs.values() if job.state.value == "running"]
    keys = (
        {"airflow": "EXP-1_slow", "airflow-2": "EXP-1_slow"}.get(kind) or going[0].parent or going[0].run_id
    )
    replayed.answers = [one for one in without(replayed.answers, keys) if keys not in one["path"]]
    synced.sync()
    assert {job.state.value for job in map(synced.jobs.get, [one.run_id for one in going])} == {"aborted"}
    assert all("deleted in" in synced.jobs[one.run_id].error for one in going)
    assert synced.sync() == (0, 0)


def without(value, key):
    """The value without the objects of any list in which this stands."""
    if isinstance(value, dict):
        return {name: without(one, key) for name, one in value.items()}
    if isinstance(value, list):
        kept = (one for one in value if not (is_run(one) and key in json.dumps(one)))
        return [without(one, key) for one in kept]
    return value


def is_run(one):
    return isinstance(one, dict) and bool({"dag_run_id", "runId", "flow_id", "run_id"} & set(one))


def test_only_the_named_pipelines_are_read():
    with running("kubeflow") as (address, _):
        synced = Synced("kubeflow", address, experiment_filter=("EXP-2 nightly",))
        synced.sync()
    assert {job.ticket for job in synced.jobs.values()} == {"EXP-2"}


def test_a_name_for_the_namespace_is_taken_from_the_address_and_changes_the_ids():
    with running("dagster") as (address, _):
        synced = Synced("dagster", f"{address}/?namespace=prod")
        synced.sync()
    assert {job.namespace for job in synced.jobs.values()} == {"prod"}


# Whose secret goes where


def test_a_token_goes_to_the_host_that_it_is_for_and_to_no_other(kind, served, monkeypatch):
    synced, replayed = served
    name = f"ASSAY_{synced.source.kind.upper()}"
    monkeypatch.setenv(f"{name}_TOKEN", TOKEN)
    monkeypatch.setenv(f"{name}_URL", "http://127.0.0.1:1")
    synced.sync()
    assert TOKEN not in json.dumps(replayed.heads)
    monkeypatch.setenv(f"{name}_URL", synced.source.uri)
    replayed.heads.clear()
    synced.sync()
    header = "Dagster-Cloud-Api-Token" if kind == "dagster" else "authorization"
    sent = [
        {key.lower(): value for key, value in heads.items()}.get(header.lower()) for heads in replayed.heads
    ]
    assert set(sent) == {TOKEN if kind == "dagster" else f"Bearer {TOKEN}"}


def test_a_login_of_a_netrc_file_becomes_a_token_of_airflow_3(tmp_path, monkeypatch):
    with running("airflow") as (address, replayed):
        (tmp_path / "netrc").write_text(
            f"machine {address.removeprefix('http://')} login me password secret\n"
        )
        monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
        told = {"access_token": TOKEN}
        replayed.answers.append(
            {
                "method": "POST",
                "path": "/auth/token",
                "asked": {"username": "me", "password": "secret"},
                "status": 201,
                "told": told,
            }
        )
        Synced("airflow", address).sync()
    assert [heads.get("authorization", heads.get("Authorization")) for heads in replayed.heads][2:] == [
        f"Bearer {TOKEN}"
    ] * (len(replayed.heads) - 2)


@pytest.mark.parametrize(
    "uri",
    [
        "127.0.0.1:8080",
        "ftp://h/x",
        "http://me:secret@h",
        "http://h?token=secret",
        "http://[::1",
        "",
        "/tmp/airflow",
    ],
)
def test_an_address_that_is_none_or_holds_a_secret_is_refused(uri):
    with pytest.raises(Invalid) as told:
        Synced("airflow", uri).sync()
    assert "secret" not in told.value.message
    assert told.value.hint


def test_prefect_cloud_needs_a_workspace():
    with pytest.raises(Invalid, match="workspace"):
        Synced("prefect", "https://app.prefect.cloud/account/1").sync()


# Servers that fail, lie or mean harm

BAD = {
    "an error": (500, {}, b'{"detail": "no a-token-that-nobody-may-see"}'),
    "a page": (200, {}, b"<html>sign in</html>"),
    "a list": (200, {}, b"[1]"),
    "nothing": (200, {}, b""),
    "a redirect": (302, {"location": "http://169.254.169.254/"}, b""),
    "no entry": (401, {}, b""),
    "too often": (429, {"retry-after": "1"}, b""),
    "deep": (200, {}, b"[" * 100_000),
    "wrong packing": (200, {"content-encoding": "gzip"}, b"no"),
    "another clock": (500, {"date": "Fri, 31 Dec 9999 23:59:59 GMT"}, b""),
}


@pytest.mark.parametrize("bad", BAD)
def test_a_server_that_fails_is_named_without_the_token(kind, served, monkeypatch, bad):
    synced, replayed = served
    monkeypatch.setenv(f"ASSAY_{synced.source.kind.upper()}_TOKEN", TOKEN)
    monkeypatch.setenv(f"ASSAY_{synced.source.kind.upper()}_URL", synced.source.uri)
    replayed.instead = lambda *_: BAD[bad]
    if kind == "airflow-2":
        replayed.instead = lambda _, path: (404, {}, b"") if "v2" in path else BAD[bad]
    with pytest.raises(Unavailable) as told:
        synced.sync()
    assert synced.source.uri in told.value.message
    assert TOKEN not in told.value.message + told.value.hint
    assert told.value.hint


def test_an_answer_that_is_too_large_and_a_sync_that_takes_too_long_end(kind, served, monkeypatch):
    synced, _ = served
    monkeypatch.setattr(api_client, "MOST_ANSWER_BYTES", 10)
    with pytest.raises(Unavailable, match="more than 0 MB"):
        synced.sync()
    monkeypatch.setattr(api_client, "LONGEST_SYNC_S", -1.0)
    with pytest.raises(Unavailable, match="what was read is kept"):
        synced.sync()


def test_lists_without_an_end_end(monkeypatch):
    monkeypatch.setattr(polled, "MOST_RUNS", 3)
    with running("airflow") as (address, _):
        synced = Synced("airflow", address)
        with pytest.raises(Unavailable, match="more than 3 runs changed"):
            synced.sync()
        assert len(synced.jobs) == 7  # of three runs, one of which names no ticket
        assert synced.source.cursor["since"] == AT.isoformat()


HOSTILE = (
    None,
    [],
    {},
    -1,
    True,
    1e308,
    "",
    "\x00\x1b[31m\ud800\u202e",
    "x" * 5000,
    "9999-12-31T23:59:59Z",
    [[{}]],
    {"a": {}},
)


def leaves(value, path=()):
    """Every place in a value that holds no other."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    yield path
    for key, one in pairs:
        yield from leaves(one, (*path, key))


def test_whatever_stands_anywhere_in_an_answer_nothing_breaks_and_no_text_steers_a_terminal(
    kind, monkeypatch
):
    """Every second place of every answer holds a hostile value; answered without a network, for there are thousands."""
    replayed = Replayed(kind)

    def answer(_, method, path, **sent):
        asked = {k: str(v) for k, v in sent["params"].items()} if "params" in sent else sent.get("json", {})
        status, told = replayed.answer(method, path, asked)
        return Answer(status, {}, json.dumps(told).encode(), is_cut=False)

    monkeypatch.setattr(ApiClient, "_answer", answer)
    monkeypatch.setattr(api_client, "asking", lambda *_, **__: SimpleNamespace(close=lambda: None))
    places = [(number, path) for number, one in enumerate(RECORDED[kind]) for path in leaves(one["told"])]
    for place, (number, path) in enumerate(places[:: 5 if kind == "airflow-2" else 2]):
        replayed.answers = list(RECORDED[kind])
        replayed.answers[number] = changed = copy.deepcopy(RECORDED[kind][number])
        holder, key = changed, "told"
        for step in path:
            holder, key = holder[key], step
        holder[key] = HOSTILE[place % len(HOSTILE)]
        synced = Synced(kind, "http://orchestrator.example")
        with contextlib.suppress(Unavailable):
            synced.sync()
        for job in synced.jobs.values():
            assert "\x1b" not in f"{job.job}{job.error}{job.namespace}"
            assert max(len(job.job), len(job.error)) <= 2100
            assert job.event_at <= AT + timedelta(days=1)


def test_the_reason_is_the_last_error_of_a_log():
    log = "ValueError: first\n  at x\n[2026-11-22] INFO\nmy.module.OutOfMemoryError: no room\n[2026-11-22] INFO - done"
    assert raised_in(log) == "my.module.OutOfMemoryError: no room"
    assert raised_in("all well") == raised_in(None) == raised_in([{"event": "x"}]) == ""
