"""Prefect over its REST API, of a server of your own or of Prefect Cloud.

A run of a flow and a run of a task have UUIDs, which are the ids here. Prefect sends no events of OpenLineage itself; a flow that does,
and takes `prefect.runtime.flow_run.id` as the id of its run, is one job with what is read here.

The ticket is named by a tag of the run (`assay.ticket:EXP-42`), by its name or by that of its flow; a flow within a flow has its ticket.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from assay.connectors.pipelines.address import Orchestrator, orchestrator_of
from assay.connectors.pipelines.api_client import ApiClient, Gone
from assay.connectors.pipelines.named_tickets import named_ticket, ticket_tag
from assay.connectors.pipelines.polled import Look, PolledOrchestrator
from assay.connectors.pipelines.told_jobs import (
    ToldJob,
    ToldRun,
    head_of,
    name_in,
    object_in,
    objects_in,
    reason_in,
    time_in,
    uuid_in,
)
from assay.connectors.tracked.wire import Malformed
from assay.domain.experiments.pipeline_jobs import JobState
from assay.errors import Invalid
from assay.workflows.records import Source

PAGE = 200
MOST_PAGES = 100
LONGEST_RUN = timedelta(days=30)
"""A run that began before that and never ended was lost by Prefect."""
_STATES = {
    "COMPLETED": JobState.COMPLETED,
    "FAILED": JobState.FAILED,
    "CRASHED": JobState.FAILED,
    "CANCELLED": JobState.ABORTED,
}
_CLOUD = re.compile(r"/account/([0-9a-f-]{36})/workspace/([0-9a-f-]{36})\Z")
_CLOUD_HOST = "app.prefect.cloud"
_SAID_BEFORE = re.compile(r"^(?:Flow|Task) run encountered an exception:?\s*")
Told = dict[str, Any]


class PrefectRuns(PolledOrchestrator[ApiClient]):
    """Reads the runs of a Prefect (implements `assay.connectors.tracked.reader.TrackerReader`)."""

    how = "Prefect API"

    def client(self, source: Source) -> ApiClient:
        """Who asks it."""
        where = orchestrator_of("prefect", source.uri, without=("/api", "/dashboard", "/runs"))
        return ApiClient(where, "Prefect", api=_api_of(where))

    def runs(self, client: ApiClient) -> _PrefectRuns:
        """Its runs."""
        return _PrefectRuns(client)

    def told(self, client: ApiClient) -> str:
        """How many runs it has: its version is nothing that Prefect Cloud tells."""
        count = client.post("/flow_runs/count", {})
        if type(count) is not int:
            raise client.unavailable("/flow_runs/count answered no number (expected the API of Prefect)")
        return f"Prefect with {count} flow runs"


def _api_of(where: Orchestrator) -> str:
    parts = urlsplit(where.base)
    if parts.hostname != _CLOUD_HOST:
        return f"{where.base}/api"
    found = _CLOUD.match(parts.path)
    if found is None:
        raise Invalid(
            f"cannot read prefect '{where.base[:200]}': it names no workspace (expected "
            "https://app.prefect.cloud/account/ID/workspace/ID)",
            hint="copy the address of the workspace's dashboard",
            code="tracker-uri-unknown",
            field="uri",
        )
    return f"https://api.prefect.cloud/api/accounts/{found.group(1)}/workspaces/{found.group(2)}"


class _PrefectRuns:
    """The runs of flows."""

    def __init__(self, client: ApiClient) -> None:
        self.client = client
        self._flows: dict[str, str] = {}

    def of(self, look: Look) -> Iterator[ToldRun]:
        flows = {"flows": {"name": {"any_": list(look.only)}}} if look.only else {}
        ended = {"end_time": {"after_": look.since.isoformat()}}
        oldest = (self.client.now - LONGEST_RUN).isoformat()
        going = {"end_time": {"is_null_": True}, "start_time": {"after_": oldest, "is_null_": False}}
        seen = set()
        for chosen, sort in ((going, "START_TIME_DESC"), (ended, "END_TIME_DESC")):
            for run in self._list({"flow_runs": chosen, "sort": sort, **flows}):
                seen.add(run.key)
                yield run
        missing = [key for key in look.open if key not in seen]
        for start in range(0, len(missing), PAGE):
            these = {"id": {"any_": missing[start : start + PAGE]}}
            yield from self._list({"flow_runs": these, "sort": "ID_DESC"})

    def _list(self, asked: Mapping[str, object]) -> Iterator[ToldRun]:
        yield from map(self._run, self._rows("/flow_runs/filter", asked))

    def _rows(self, path: str, asked: Mapping[str, object]) -> Iterator[Told]:
        for page in range(MOST_PAGES):
            found = objects_in(self.client.post(path, {**asked, "limit": PAGE, "offset": page * PAGE}))
            yield from found
            if len(found) < PAGE:
                return

    def _run(self, told: Told) -> ToldRun:
        run_id = self.client.run_id(told.get("id"))
        return ToldRun(
            key=run_id,
            is_open=not _state_of(told).is_over,
            head=head_of(told, "state_id", "state_type", "start_time", "end_time", "tags", "name"),
            jobs=lambda: self._jobs(told, run_id),
        )

    def _jobs(self, told: Told, run_id: str) -> Sequence[ToldJob]:
        where, flow = self.client.where, self._flow(told.get("flow_id"))
        ticket = named_ticket(
            (ticket_tag(told.get("tags")),), (name_in(told.get("name")), flow, where.namespace)
        )
        parent = uuid_in(told.get("parent_task_run_id"))
        if ticket is None and parent is None:
            return ()
        if not flow:
            raise Malformed("a run of a flow that has no name")
        whole = _job(told, run_id, flow, where, "flow-run", ticket=ticket, parent=parent)
        tasks = self._rows("/task_runs/filter", {"flow_runs": {"id": {"any_": [run_id]}}, "sort": "ID_DESC"})
        below = (self._task(task, whole, where) for task in tasks)
        return [whole, *(job for job in below if job is not None)]

    def _task(self, told: Told, whole: ToldJob, where: Orchestrator) -> ToldJob | None:
        run_id, name = uuid_in(told.get("id")), name_in(told.get("name"))
        if run_id is None or not name or time_in(told.get("start_time")) is None:
            return None
        return _job(
            told, run_id, f"{whole.job}.{name}", where, "task-run", ticket=whole.ticket, parent=whole.run_id
        )

    def _flow(self, flow_id: object) -> str:
        """The name of a flow; each is asked for once."""
        found = uuid_in(flow_id)
        if found is None:
            return ""
        if found not in self._flows:
            try:
                self._flows[found] = name_in(self.client.get(f"/flows/{found}").get("name"))
            except Gone:
                self._flows[found] = ""
        return self._flows[found]


def _state_of(told: Told) -> JobState:
    kind = str(told.get("state_type"))
    begun = JobState.RUNNING if told.get("start_time") else JobState.UNKNOWN
    return _STATES.get(kind, begun)


def _job(
    told: Told,
    run_id: str,
    name: str,
    where: Orchestrator,
    page: str,
    *,
    ticket: str | None,
    parent: str | None,
) -> ToldJob:
    """A run of a flow or a task."""
    state, now = _state_of(told), object_in(told.get("state"))
    started = time_in(told.get("start_time"))
    if state is JobState.RUNNING and told.get("run_count") not in (0, 1) and now.get("type") == "RUNNING":
        started = time_in(now.get("timestamp")) or started  # its first try began at start_time
    message = now.get("message") if state in (JobState.FAILED, JobState.ABORTED) else ""
    return ToldJob(
        run_id=run_id, namespace=where.namespace, job=name, state=state,
        queued_at=time_in(told.get("expected_start_time")), started_at=started,
        ended_at=time_in(told.get("end_time")) if state.is_over else None, ticket=ticket, parent=parent,
        error=reason_in(_SAID_BEFORE.sub("", message)) if isinstance(message, str) else "",
        url=f"{where.base}/runs/{page}/{run_id}", tool="PREFECT",
    )  # fmt: skip
