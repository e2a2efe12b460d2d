"""`assay ticket jobs`: the jobs of a ticket as a tree."""

import json

from assay.bootstrap import open_workspace, read_lineage_event
from assay.settings import load_settings
from assay.workflows.actor import Actor
from assay.workflows.pipelines import receive_event
from tests.support.lineage_events import DAG, lineage_event


def test_jobs_are_listed_below_the_one_that_started_them_with_why_they_failed(made):
    assert "No pipeline told of a job for EXP-1" in made("ticket", "jobs", "EXP-1").out
    with open_workspace(load_settings()) as ws:
        for event in (
            lineage_event("START", run=DAG, job="EXP-1_nightly"),
            lineage_event("FAIL", parent=DAG, minutes=4, error="CUDA out of memory"),
        ):
            receive_event(ws, Actor("ada"), "vision", read_lineage_event(event))
    lines = made("ticket", "jobs", "EXP-1").out.splitlines()
    assert lines[1].split() == ["EXP-1_nightly", "running", "2026-05-12", "14:02", "-", "-"]
    assert lines[2].startswith("  train_model")
    assert lines[2].endswith("CUDA out of memory")
    said = json.loads(made("ticket", "jobs", "EXP-1", "--json").out)
    assert [(row["level"], row["job"]["state"]) for row in said["rows"]] == [(0, "running"), (1, "failed")]
