"""Kubeflow Pipelines over its REST API, v2beta1.

A run and its tasks have UUIDs, which are the ids here. A run is called after its pipeline; drivers, which Kubeflow runs beside every task
to start it, are left out.

The ticket is named by the name of the run, of its pipeline or of its experiment: runs of Kubeflow have no tags.

Built on what Kubeflow publishes of this API, and never seen against a server of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote

import orjson

from assay.connectors.pipelines.address import orchestrator_of
from assay.connectors.pipelines.api_client import ApiClient, Gone
from assay.connectors.pipelines.named_tickets import named_ticket
from assay.connectors.pipelines.polled import Look, PolledOrchestrator
from assay.connectors.pipelines.told_jobs import (
    ToldJob,
    ToldRun,
    head_of,
    id_below,
    name_in,
    object_in,
    objects_in,
    reason_in,
    time_in,
    uuid_in,
)
from assay.connectors.tracked.told import kept_text
from assay.domain.experiments.pipeline_jobs import JobState
from assay.workflows.records import Source

API = "/apis/v2beta1"
PAGE = 100
MOST_PAGES = 200
_STATES = {
    "RUNNING": JobState.RUNNING,
    "CANCELING": JobState.RUNNING,
    "PAUSED": JobState.RUNNING,
    "SUCCEEDED": JobState.COMPLETED,
    "FAILED": JobState.FAILED,
    "CANCELED": JobState.ABORTED,
}
"""PENDING is before it began; of a task, SKIPPED is that it never did."""
_NO_TASKS = ("root", "executor")
Told = dict[str, Any]


class KubeflowRuns(PolledOrchestrator[ApiClient]):
    """Reads the runs of Kubeflow Pipelines (implements `assay.connectors.tracked.reader.TrackerReader`)."""

    how = "Kubeflow Pipelines API"

    def client(self, source: Source) -> ApiClient:
        """Who asks it."""
        where = orchestrator_of("kubeflow", source.uri, without=("/apis/v2beta1", "/apis"))
        return ApiClient(where, "Kubeflow Pipelines")

    def runs(self, client: ApiClient) -> _KubeflowRuns:
        """Its runs."""
        return _KubeflowRuns(client)

    def told(self, client: ApiClient) -> str:
        """Its version, where it tells one."""
        return f"Kubeflow Pipelines {name_in(client.get(f'{API}/healthz').get('tag_name'))[:40]}".strip()


class _KubeflowRuns:
    """The runs of pipelines."""

    def __init__(self, client: ApiClient) -> None:
        self.client = client
        self._names: dict[str, str] = {}

    def of(self, look: Look) -> Iterator[ToldRun]:
        seen = set()
        for field in ("created_at", "finished_at"):
            for told in self._list(field, look.since):
                run = self._run(told)
                if not look.only or self._experiment(told) in look.only:
                    seen.add(run.key)
                    yield run
        for key in look.open:
            if key not in seen:
                try:
                    yield self._run(self.client.get(f"{API}/runs/{quote(key, safe='')}"))
                except Gone:
                    continue

    def _list(self, field: str, since: datetime) -> Iterator[Told]:
        """Runs of which this time lies after the moment, the newest first."""
        after = {
            "operation": "GREATER_THAN",
            "key": field,
            "timestamp_value": since.strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
        asked = {
            "filter": orjson.dumps({"predicates": [after]}).decode(),
            "sort_by": f"{field} desc",
            "page_size": PAGE,
            "namespace": self.client.where.namespace if self.client.where.is_named else None,
        }
        token: str | None = None
        for _ in range(MOST_PAGES):
            told = self.client.get(f"{API}/runs", page_token=token, **asked)
            yield from objects_in(told.get("runs"))
            next_token = told.get("next_page_token")
            if not isinstance(next_token, str) or not next_token:
                return
            if next_token == token:
                raise self.client.unavailable("its list of runs repeats a page (expected each once)")
            token = next_token

    def _run(self, told: Told) -> ToldRun:
        run_id = self.client.run_id(told.get("run_id"))
        state = _STATES.get(str(told.get("state")), JobState.UNKNOWN)
        return ToldRun(
            key=run_id,
            is_open=not state.is_over and told.get("state") != "SKIPPED",
            head=head_of(told, "state", "finished_at", "display_name", "error"),
            jobs=lambda: self._jobs(told, run_id, state),
        )

    def _jobs(self, told: Told, run_id: str, state: JobState) -> Sequence[ToldJob]:
        where, name, pipeline = self.client.where, name_in(told.get("display_name")), self._pipeline(told)
        ticket = named_ticket((), (name, pipeline, self._experiment(told), where.namespace))
        if ticket is None:
            return ()
        try:
            whole_told = self.client.get(f"{API}/runs/{run_id}")
        except Gone:
            return ()
        whole = ToldJob(
            run_id=run_id, namespace=where.namespace, job=pipeline or name or run_id, state=state,
            queued_at=time_in(told.get("created_at")), started_at=_begun(told, state),
            ended_at=time_in(told.get("finished_at")) if state.is_over else None, ticket=ticket,
            error=_error(told) if state is JobState.FAILED else "", url=f"{where.base}/#/runs/details/{run_id}",
            tool="KUBEFLOW",
        )  # fmt: skip
        tasks = objects_in(object_in(whole_told.get("run_details")).get("task_details"))
        return [whole, *(job for job in (_task(task, whole) for task in tasks) if job is not None)]

    def _pipeline(self, told: Told) -> str:
        reference = object_in(told.get("pipeline_version_reference"))
        spec = object_in(told.get("pipeline_spec"))
        info = object_in(object_in(spec.get("pipeline_spec")).get("pipelineInfo") or spec.get("pipelineInfo"))
        return self._name("pipelines", reference.get("pipeline_id")) or name_in(info.get("name"))

    def _experiment(self, told: Told) -> str:
        return self._name("experiments", told.get("experiment_id"))

    def _name(self, of: str, it: object) -> str:
        """The name of a pipeline or an experiment; each is asked for once."""
        if not isinstance(it, str) or not it:
            return ""
        path = f"{API}/{of}/{quote(kept_text(it[:200]), safe='')}"
        if path not in self._names:
            try:
                self._names[path] = name_in(self.client.get(path).get("display_name"))
            except Gone:
                self._names[path] = ""
        return self._names[path]


def _begun(told: Told, state: JobState) -> datetime | None:
    """When it first ran, by its history; else when it was created, for Kubeflow tells no other time."""
    for entry in objects_in(told.get("state_history")):
        if entry.get("state") == "RUNNING":
            return time_in(entry.get("update_time"))
    return None if state is JobState.UNKNOWN else time_in(told.get("created_at"))


def _task(told: Told, whole: ToldJob) -> ToldJob | None:
    name, state = name_in(told.get("display_name")), _STATES.get(str(told.get("state")))
    started = time_in(told.get("start_time"))
    if not name or name in _NO_TASKS or name.endswith("-driver") or state is None or started is None:
        return None
    task = told.get("task_id")
    return ToldJob(
        run_id=uuid_in(task) or id_below(whole.run_id, task, name), namespace=whole.namespace, job=f"{whole.job}.{name}",
        state=state, started_at=started, ended_at=time_in(told.get("end_time")) if state.is_over else None,
        ticket=whole.ticket, parent=whole.run_id, error=_error(told) if state is JobState.FAILED else "", url=whole.url,
        tool="KUBEFLOW",
    )  # fmt: skip


def _error(told: Told) -> str:
    return reason_in(object_in(told.get("error")).get("message"))
