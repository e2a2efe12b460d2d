"""Dagster over its GraphQL interface, of its own webserver or of Dagster+.

A run of Dagster has a UUID, which its sensor for OpenLineage sends as well: a run that both tell is one. Steps have no id of their own,
and that sensor makes one up for each: a step that both tell is listed twice.

The ticket is named by the tag `assay.ticket` of the run or its job; names in Dagster hold no hyphen.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from assay.connectors.pipelines.address import orchestrator_of
from assay.connectors.pipelines.api_client import ApiClient
from assay.connectors.pipelines.named_tickets import MOST_TAGS, named_ticket, tag_in
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
)
from assay.connectors.tracked.wire import Malformed
from assay.domain.experiments.pipeline_jobs import JobState
from assay.workflows.records import Source

PAGE = 100
MOST_PAGES = 200
EVENTS = 1000
MOST_EVENT_PAGES = 20
_STATES = {
    "STARTED": JobState.RUNNING,
    "SUSPENDED": JobState.RUNNING,
    "CANCELING": JobState.RUNNING,
    "SUCCESS": JobState.COMPLETED,
    "FAILURE": JobState.FAILED,
    "CANCELED": JobState.ABORTED,
}
"""Any other state is one of before it began."""
_STEP_STATES = {
    "IN_PROGRESS": JobState.RUNNING,
    "SUCCESS": JobState.COMPLETED,
    "FAILURE": JobState.FAILED,
}
RUNS = """
query Runs($filter: RunsFilter, $cursor: String, $limit: Int) {
  runsOrError(filter: $filter, cursor: $cursor, limit: $limit) {
    __typename
    ... on Runs {
      results {
        runId jobName status creationTime startTime endTime tags { key value }
        repositoryOrigin { repositoryLocationName }
      }
    }
    ... on Error { message }
  }
}
"""
STEPS = """
query Steps($run: ID!) {
  runOrError(runId: $run) {
    __typename
    ... on Run { stepStats { stepKey status startTime endTime } }
    ... on Error { message }
  }
}
"""
FAILURES = """
query Failures($run: ID!, $after: String, $limit: Int) {
  runOrError(runId: $run) {
    __typename
    ... on Run {
      eventConnection(afterCursor: $after, limit: $limit) {
        events {
          __typename
          ... on ExecutionStepFailureEvent { stepKey error { message causes { message } } }
          ... on RunFailureEvent { message error { message } }
        }
        cursor hasMore
      }
    }
    ... on Error { message }
  }
}
"""
Told = dict[str, Any]


class DagsterClient(ApiClient):
    """Asks one Dagster."""

    def ask(self, query: str, root: str, **variables: object) -> Told:
        """What a query with this root tells.

        Raises:
            Unavailable: it tells an error.
        """
        told = self.post_for_object("/graphql", {"query": query, "variables": variables})
        for error in objects_in(told.get("errors"))[:1]:
            raise self.unavailable(
                reason_in(error.get("message")) or "it answered an error without a message"
            )
        found = object_in(told.get("data")).get(root)
        if not isinstance(found, dict):
            raise self.unavailable(f"/graphql told nothing of {root} (expected the API of Dagster)")
        if found.get("__typename") not in ("Runs", "Run"):
            raise self.unavailable(reason_in(found.get("message")) or f"it does not tell {root}")
        return found


class DagsterRuns(PolledOrchestrator[DagsterClient]):
    """Reads the runs of a Dagster (implements `assay.connectors.tracked.reader.TrackerReader`)."""

    how = "Dagster GraphQL"

    def client(self, source: Source) -> DagsterClient:
        """Who asks it."""
        where = orchestrator_of("dagster", source.uri, without=("/graphql", "/runs"))
        return DagsterClient(where, "Dagster", bearer=("Dagster-Cloud-Api-Token", ""))

    def runs(self, client: DagsterClient) -> _DagsterRuns:
        """Its runs."""
        return _DagsterRuns(client)

    def told(self, client: DagsterClient) -> str:
        """Its version."""
        told = client.post_for_object("/graphql", {"query": "{ version }"})
        return f"Dagster {name_in(object_in(told.get('data')).get('version'))[:40]}".strip()


class _DagsterRuns:
    """The runs of jobs."""

    def __init__(self, client: DagsterClient) -> None:
        self.client = client

    def of(self, look: Look) -> Iterator[ToldRun]:
        since = look.since.timestamp()
        for job in look.only or (None,):
            named = {} if job is None else {"pipelineName": job}
            yield from self._list({"updatedAfter": since, **named})
        for start in range(0, len(look.open), PAGE):
            yield from self._list({"runIds": list(look.open[start : start + PAGE])})

    def _list(self, chosen: Mapping[str, object]) -> Iterator[ToldRun]:
        cursor: str | None = None
        for _ in range(MOST_PAGES):
            told = self.client.ask(RUNS, "runsOrError", filter=dict(chosen), cursor=cursor, limit=PAGE)
            found = objects_in(told.get("results"))
            yield from map(self._run, found)
            if len(found) < PAGE:
                return
            last = found[-1].get("runId")
            if not isinstance(last, str) or last == cursor:
                raise self.client.unavailable("its list of runs repeats a page (expected each once)")
            cursor = last

    def _run(self, told: Told) -> ToldRun:
        run_id = self.client.run_id(told.get("runId"))
        state = _STATES.get(str(told.get("status")), JobState.UNKNOWN)
        return ToldRun(
            key=run_id,
            is_open=not state.is_over,
            head=head_of(told, "status", "startTime", "endTime", "tags"),
            jobs=lambda: self._jobs(told, run_id, state),
        )

    def _jobs(self, told: Told, run_id: str, state: JobState) -> Sequence[ToldJob]:
        job, where = name_in(told.get("jobName")), self.client.where
        location = object_in(told.get("repositoryOrigin")).get("repositoryLocationName")
        tags = objects_in(told.get("tags"))[:MOST_TAGS]
        ticket = named_ticket(
            (dict(found for tag in tags for found in tag_in(tag.get("key"), tag.get("value"))),),
            (job, location, where.namespace),
        )
        if ticket is None:
            return ()
        if not job:
            raise Malformed("a run without the name of its job")
        why = self._why(run_id) if state is JobState.FAILED else {}
        whole = ToldJob(
            run_id=run_id, namespace=where.namespace, job=job, state=state, queued_at=time_in(told.get("creationTime")),
            started_at=time_in(told.get("startTime")), ended_at=time_in(told.get("endTime")) if state.is_over else None,
            ticket=ticket, error=why.get("", ""), url=f"{where.base}/runs/{run_id}", tool="DAGSTER",
        )  # fmt: skip
        return [whole, *self._steps(whole, why)]

    def _steps(self, whole: ToldJob, why: Mapping[str, str]) -> Iterator[ToldJob]:
        told = self.client.ask(STEPS, "runOrError", run=whole.run_id)
        for step in objects_in(told.get("stepStats")):
            key, state = name_in(step.get("stepKey")), _STEP_STATES.get(str(step.get("status")))
            started = time_in(step.get("startTime"))
            if not key or state is None or started is None:
                continue
            yield ToldJob(
                run_id=id_below(whole.run_id, key), namespace=whole.namespace, job=f"{whole.job}.{key}", state=state,
                started_at=started, ended_at=time_in(step.get("endTime")) if state.is_over else None,
                ticket=whole.ticket, parent=whole.run_id, error=why.get(key, "") if state is JobState.FAILED else "",
                url=f"{whole.url}?selection={quote(key, safe='')}", tool="DAGSTER",
            )  # fmt: skip

    def _why(self, run_id: str) -> dict[str, str]:
        """By step why it failed, and by no step why the run did."""
        found: dict[str, str] = {}
        after: object = None
        for _ in range(MOST_EVENT_PAGES):
            told = self.client.ask(FAILURES, "runOrError", run=run_id, after=after, limit=EVENTS)
            page = object_in(told.get("eventConnection"))
            for event in objects_in(page.get("events")):
                found |= _failure(event)
            after = page.get("cursor")
            if not page.get("hasMore") or not isinstance(after, str):
                break
        return found


def _failure(event: Told) -> dict[str, str]:
    """By step why it failed, where this event says so: what was raised first, before what was made of it."""
    error = object_in(event.get("error"))
    first = [cause.get("message") for cause in objects_in(error.get("causes"))][-1:]
    if event.get("__typename") == "ExecutionStepFailureEvent":
        return {name_in(event.get("stepKey")): reason_in((first or [error.get("message")])[0])}
    if event.get("__typename") == "RunFailureEvent":
        return {"": reason_in(event.get("message"))}
    return {}
