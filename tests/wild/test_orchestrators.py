"""Real orchestrators, where their addresses are given: what they tell is what their pages show.

ASSAY_TEST_AIRFLOW, ASSAY_TEST_DAGSTER, ASSAY_TEST_PREFECT and ASSAY_TEST_KUBEFLOW are addresses of servers on which a pipeline for EXP-1 succeeded
and one failed in the last week. Tokens are given as to Assay itself (docs/pipelines.md).
"""

import os

import pytest

from assay.connectors.tracked.registry import InstalledTrackers
from assay.domain.experiments.pipeline_jobs import after_event
from assay.workflows.records import Source

pytestmark = pytest.mark.wild

GIVEN = {name: value for name, value in os.environ.items() if name.startswith("ASSAY_") or name == "NETRC"}
"""Kept here, for tests run without what is set for Assay itself."""


@pytest.mark.parametrize("kind", ["airflow", "dagster", "kubeflow", "prefect"])
def test_a_real_server_tells_of_runs_that_succeeded_and_failed(kind, monkeypatch):
    uri = GIVEN.get(f"ASSAY_TEST_{kind.upper()}")
    if not uri:
        pytest.skip(f"ASSAY_TEST_{kind.upper()} names no server")
    for name, value in GIVEN.items():
        monkeypatch.setenv(name, value)
    reader, source = InstalledTrackers()[kind], Source(1, 1, kind, kind, uri)
    assert uri.rstrip("/") in reader.check(source)
    jobs = {}
    for batch in reader.changes(source, dict):
        for event in batch.jobs:
            jobs[event.run_id] = after_event(jobs.get(event.run_id), event)
    ours = [job for job in jobs.values() if job.ticket == "EXP-1"]
    states = {job.state.value for job in ours}
    assert states >= {"completed", "failed"}
    assert any(job.parent in jobs for job in ours)
    assert all(job.url.startswith("http") and job.started_at is not None for job in ours)
