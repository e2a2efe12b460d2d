"""Airflow over its REST API: version 2 of Airflow 3, version 1 of Airflow 2.

A run of a DAG and a try of a task have the ids that Airflow's own client of OpenLineage derives for them (a UUID of version 7 over the
logical date, its last bits of a SHA-1 over namespace, DAG, task, try and map index). So a job that both tell is one job. That client
also counts how often a run was cleared, which the API does not say: a cleared run is another one there, and the same one here.

The ticket is named by the configuration of the run (`{"assay.ticket": "EXP-42"}`), a tag of the DAG, or the id of the run or the DAG.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha1
from typing import Any
from urllib.parse import quote
from uuid import UUID

import httpx2

from assay.connectors.pipelines.address import orchestrator_of
from assay.connectors.pipelines.api_client import ApiClient, Gone
from assay.connectors.pipelines.named_tickets import named_ticket, tag_in, ticket_tag
from assay.connectors.pipelines.polled import MOST_JOBS, Look, PolledOrchestrator
from assay.connectors.pipelines.told_jobs import (
    ToldJob,
    ToldRun,
    head_of,
    name_in,
    object_in,
    objects_in,
    reason_in,
    time_in,
)
from assay.connectors.tracked.wire import Malformed
from assay.domain.experiments.pipeline_jobs import JobState
from assay.errors import Unavailable
from assay.workflows.records import Source

PAGE = 100
MOST_PAGES = 200
MOST_DAGS = 20_000
MOST_TRIES = 50
MOST_LOGS = 20
"""Of so many tries of a run that failed the log is asked why."""
_DAG_STATES = {
    "queued": JobState.UNKNOWN,
    "running": JobState.RUNNING,
    "success": JobState.COMPLETED,
    "failed": JobState.FAILED,
}
_TASK_STATES = {
    "running": JobState.RUNNING,
    "restarting": JobState.RUNNING,
    "deferred": JobState.RUNNING,
    "up_for_reschedule": JobState.RUNNING,
    "up_for_retry": JobState.FAILED,
    "success": JobState.COMPLETED,
    "failed": JobState.FAILED,
    "removed": JobState.ABORTED,
}
"""A task of any other state (none, scheduled, queued, skipped, upstream_failed) was never begun."""
_RAISED = re.compile(
    r"^(?:[A-Za-z_][\w.]*\.)?[A-Za-z_]\w*(?:Error|Exception|Interrupt|Exit|Warning)\b.*", re.ASCII
)
Told = dict[str, Any]


class AirflowClient(ApiClient):
    """Asks one Airflow, by the version of the API that it has."""

    api = "/api/v2"

    def sign_in(self) -> None:
        """Find out which version it has; Airflow 3 gives a token for login and password.

        Raises:
            Unavailable: there is no API of Airflow.
        """
        if self.status_of("/api/v2/version") == httpx2.codes.NOT_FOUND:
            self.api = "/api/v1"
        elif self.login is not None:
            name, password = self.login
            told = self.post_for_object("/auth/token", {"username": name, "password": password})
            token = told.get("access_token")
            if not isinstance(token, str):
                raise self.unavailable("/auth/token gave no token (expected access_token)")
            self.token = token
            self.use_token(token)

    @property
    def is_old(self) -> bool:
        """It is Airflow 2."""
        return self.api == "/api/v1"

    def pages(
        self, path: str, rows: str, *, most: int = MOST_PAGES, **params: object
    ) -> Iterator[list[Told]]:
        """Every page of a list."""
        for page in range(most):
            told = self.get(self.api + path, limit=PAGE, offset=page * PAGE, **params)
            found = objects_in(told.get(rows))
            yield found
            if len(found) < PAGE:
                return


class AirflowRuns(PolledOrchestrator[AirflowClient]):
    """Reads the runs of an Airflow (implements `assay.connectors.tracked.reader.TrackerReader`)."""

    how = "Airflow API"

    def client(self, source: Source) -> AirflowClient:
        """Who asks it."""
        where = orchestrator_of("airflow", source.uri, without=("/api/v1", "/api/v2", "/home", "/dags"))
        client = AirflowClient(where, "Airflow")
        client.sign_in()
        return client

    def runs(self, client: AirflowClient) -> _AirflowRuns:
        """Its runs."""
        return _AirflowRuns(client)

    def told(self, client: AirflowClient) -> str:
        """Its version."""
        return f"Airflow {name_in(client.get(client.api + '/version').get('version'))[:40]}"


class _AirflowRuns:
    """The runs of DAGs."""

    def __init__(self, client: AirflowClient) -> None:
        self.client = client
        self._tags: dict[str, dict[str, str]] | None = None

    def of(self, look: Look) -> Iterator[ToldRun]:
        since = look.since.isoformat()
        seen = set()
        for dag in look.only or ("~",):
            path = f"/dags/{quote(dag, safe='~')}/dagRuns"
            for page in self.client.pages(path, "dag_runs", updated_at_gte=since, order_by="-updated_at"):
                for run in map(self._run, page):
                    seen.add(run.key)
                    yield run
        for key in look.open:
            dag, _, run_id = key.partition(" ")
            if key not in seen:
                try:
                    yield self._run(self.client.get(self.client.api + _path(dag, run_id)))
                except Gone:
                    continue

    def _run(self, told: Told) -> ToldRun:
        dag, run_id = name_in(told.get("dag_id")), name_in(told.get("dag_run_id"))
        if not dag or not run_id:
            raise self.client.unavailable("it told of a run without the id of its DAG or of its own")
        state = _DAG_STATES.get(str(told.get("state")), JobState.UNKNOWN)
        return ToldRun(
            key=f"{dag} {run_id}",
            is_open=not state.is_over,
            head=head_of(told, "state", "start_date", "end_date", "conf"),
            jobs=lambda: self._jobs(told, _DagRun(self.client, dag, run_id, _date_of(told), state)),
        )

    def _jobs(self, told: Told, run: _DagRun) -> Sequence[ToldJob]:
        ticket = named_ticket((_conf_tag(told.get("conf")),), (run.run_id, run.dag, run.namespace))
        if not _conf_tag(told.get("conf")):
            ticket = named_ticket((self._dag_tag(run.dag),), ()) or ticket
        if ticket is None:
            return ()
        if run.date is None:
            raise Malformed("it has neither a logical date nor one to run after")
        whole = ToldJob(
            run_id=run.id_of(), namespace=run.namespace, job=run.dag, state=run.state, queued_at=time_in(told.get("queued_at")),
            started_at=time_in(told.get("start_date")), ended_at=time_in(told.get("end_date")), ticket=ticket,
            url=run.page(), tool="AIRFLOW",
        )  # fmt: skip
        return [whole, *run.tasks(whole)]

    def _dag_tag(self, dag: str) -> dict[str, str]:
        """The tag `assay.ticket` of a DAG: one list of all of them, asked for once a sync and only where it is needed."""
        if self._tags is None:
            self._tags = {}
            for page in self.client.pages("/dags", "dags", most=MOST_DAGS // PAGE):
                for one in page:
                    names = [tag.get("name") for tag in objects_in(one.get("tags"))]
                    if found := ticket_tag(names):
                        self._tags[str(one.get("dag_id"))] = found
        return self._tags.get(dag, {})


@dataclass(frozen=True, slots=True)
class _DagRun:
    """One run of a DAG, and what may be asked about it."""

    client: AirflowClient
    dag: str
    run_id: str
    date: datetime | None
    state: JobState
    asked: list[str] = field(default_factory=list)
    """Logs that were asked for."""

    @property
    def namespace(self) -> str:
        return self.client.where.namespace

    def id_of(self, *names: object) -> str:
        """The id of the run, or of a try of a task of it."""
        parts = (self.namespace, self.dag, *(names or (0,)))
        return _lineage_id(self.date, ".".join(map(str, parts)))  # type: ignore[arg-type]  # looked at before

    def page(self, task: str = "", try_number: int = 0, index: int = -1) -> str:
        """Where Airflow shows it."""
        dag, run = quote(self.dag, safe=""), quote(self.run_id, safe="")
        base = f"{self.client.where.base}/dags/{dag}"
        if self.client.is_old:
            task_part = f"&task_id={quote(task, safe='')}&map_index={index}&tab=logs" if task else ""
            return f"{base}/grid?dag_run_id={run}{task_part}"
        if not task:
            return f"{base}/runs/{run}"
        mapped = f"/mapped/{index}" if index >= 0 else ""
        return f"{base}/runs/{run}/tasks/{quote(task, safe='')}{mapped}?try_number={try_number}"

    def tasks(self, whole: ToldJob) -> Iterator[ToldJob]:
        """Every try of every task that has begun."""
        path = _path(self.dag, self.run_id) + "/taskInstances"
        pages = self.client.pages(path, "task_instances", most=MOST_JOBS // PAGE + 1)
        for told in (one for page in pages for one in page):
            tries = [told] if _number(told.get("try_number"), 1) < 2 else self._tries(told)
            for one in tries:
                job = self._task(one, whole, is_last=one is tries[-1])
                if job is not None:
                    yield job

    def _tries(self, told: Told) -> list[Told]:
        """Every try of a task that was tried again; the last one as it stands. Airflow before 2.10 tells only that one."""
        index = _number(told.get("map_index"), -1)
        mapped = f"/{index}" if index >= 0 else ""
        task = quote(name_in(told.get("task_id")), safe="")
        path = f"{_path(self.dag, self.run_id)}/taskInstances/{task}{mapped}/tries"
        try:
            found = objects_in(self.client.get(self.client.api + path).get("task_instances"))
        except Gone:
            found = []
        before = [one for one in found if one.get("try_number") != told.get("try_number")]
        return [*before[-MOST_TRIES:], told]

    def _task(self, told: Told, whole: ToldJob, *, is_last: bool) -> ToldJob | None:
        task, index = name_in(told.get("task_id")), _number(told.get("map_index"), -1)
        state, started = _TASK_STATES.get(str(told.get("state"))), time_in(told.get("start_date"))
        if not is_last and state is JobState.RUNNING:
            state = JobState.FAILED  # it was tried again
        if not task or state is None or (started is None and state is not JobState.RUNNING):
            return None
        number = max(_number(told.get("try_number"), 1), 1)
        ended = time_in(told.get("end_date")) if state.is_over else None
        return ToldJob(
            run_id=self.id_of(task, number, index), namespace=self.namespace, job=_task_name(self.dag, task, index), state=state,
            started_at=started, ended_at=ended, ticket=whole.ticket, parent=whole.run_id, url=self.page(task, number, index),
            error=self._why(task, number, index) if state is JobState.FAILED else "", tool="AIRFLOW",
        )  # fmt: skip

    def _why(self, task: str, number: int, index: int) -> str:
        """What its log says that it raised; empty where the log cannot be had: that a task failed is told all the same."""
        path = f"{_path(self.dag, self.run_id)}/taskInstances/{quote(task, safe='')}/logs/{number}"
        if len(self.asked) >= MOST_LOGS:
            return ""
        self.asked.append(path)
        try:
            told = self.client.get(self.client.api + path, map_index=index, full_content="true")
        except Unavailable:
            return ""
        return raised_in(told.get("content"))


def raised_in(content: object) -> str:
    r"""The error that a log of a task ends with: as Airflow 3 tells it in parts, as Airflow 2 writes it in a text.

    >>> raised_in("[2026-11-22] INFO - go\nTraceback (most recent call last):\nRuntimeError: out of memory\n[2026] INFO - end")
    'RuntimeError: out of memory'
    >>> raised_in([{"event": "Task failed", "error_detail": [{"exc_type": "RuntimeError", "exc_value": "out of memory"}]}])
    'RuntimeError: out of memory'
    """
    if isinstance(content, str):
        # Airflow 2 answers what Python would print of a list of texts.
        lines = content.replace("\\n", "\n").splitlines()
        raised = [line for line in lines if _RAISED.match(line)]
        return reason_in(raised[-1]) if raised else ""
    for entry in reversed(objects_in(content)):
        for detail in objects_in(entry.get("error_detail")):
            kind, value = detail.get("exc_type"), detail.get("exc_value")
            if isinstance(kind, str):
                return reason_in(f"{kind}: {value}" if value else kind)
    return ""


def _task_name(dag: str, task: str, index: int) -> str:
    return f"{dag}.{task}" + (f"[{index}]" if index >= 0 else "")


def _path(dag: str, run_id: str) -> str:
    return f"/dags/{quote(dag, safe='')}/dagRuns/{quote(run_id, safe='')}"


def _date_of(told: Told) -> datetime | None:
    """The date that the ids of OpenLineage are made of."""
    return time_in(told.get("logical_date")) or time_in(told.get("run_after"))


def _conf_tag(conf: object) -> dict[str, str]:
    return dict(found for key, value in list(object_in(conf).items())[:PAGE] for found in tag_in(key, value))


def _number(value: object, otherwise: int) -> int:
    return value if type(value) is int and -1 <= value < 2**31 else otherwise


def _lineage_id(at: datetime, data: str) -> str:
    """A UUID of version 7: 48 bits of milliseconds, and of the rest 76 bits of a digest of the moment and the data."""
    milliseconds = (at - _EPOCH) // timedelta(milliseconds=1)
    digest = sha1(at.isoformat().encode() + data.encode("utf-8", "replace"), usedforsecurity=False).digest()
    low = int.from_bytes(digest, "big") >> 84
    number = (milliseconds & (2**48 - 1)) << 80 | low
    version, variant = 0xF << 76, 0xC << 60
    return str(UUID(int=number & ~version & ~variant | 0x7 << 76 | 0x8 << 60))


_EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")
