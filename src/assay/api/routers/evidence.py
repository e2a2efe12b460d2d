"""Trackers, their runs, and bringing in what is new."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import Query, Request
from starlette.responses import Response, StreamingResponse

from assay.api.answers import gives, gives_nothing
from assay.api.documents import answer, to_bytes
from assay.api.pages import RunPage
from assay.api.permissions import actor_of, requires, workspace_of
from assay.api.problems import problem
from assay.api.schemas.projects import (
    AttachBody,
    ConnectedDocument,
    SourceBody,
    SourceDocument,
    SyncDocument,
    listed,
    source_document,
)
from assay.api.schemas.runs import ArtifactsDocument, RunDocument, run_document
from assay.api.versioned import v1_router
from assay.errors import AssayError
from assay.workflows.actor import Permission
from assay.workflows.evidence import (
    attach_run,
    connect_source,
    disconnect_source,
    get_run,
    list_runs,
    list_sources,
    sync_project,
    sync_source,
)
from assay.workflows.run_artifacts import artifacts_url, listed_artifacts
from assay.workflows.run_views import RunListPage
from assay.workflows.sync_batches import SyncProgress, SyncReport

router = v1_router("evidence")
STREAM = "text/event-stream"


@router.get(
    "/projects/{slug}/sources",
    dependencies=[requires(Permission.READ)],
    **gives(dict[str, list[SourceDocument]]),
)
def project_sources(request: Request, slug: str) -> Response:
    """The trackers a project reads."""
    found = list_sources(workspace_of(request), actor_of(request), slug)
    return answer(listed([source_document(source) for source in found]))


@router.post(
    "/projects/{slug}/sources", dependencies=[requires(Permission.CONFIGURE)], **gives(ConnectedDocument, 201)
)
def add_source(request: Request, slug: str, body: SourceBody) -> Response:
    """Connect a tracker; it is read once to see that it answers."""
    source, found = connect_source(
        workspace_of(request),
        actor_of(request),
        slug,
        kind=body.kind,
        uri=body.uri,
        name=body.name,
        experiments=tuple(body.experiments),
        qualified=body.qualified,
    )
    return answer({**source_document(source), "found": found}, 201)


@router.delete(
    "/projects/{slug}/sources/{name}", dependencies=[requires(Permission.CONFIGURE)], **gives_nothing()
)
def remove_source(request: Request, slug: str, name: str) -> Response:
    """Stop reading a tracker; runs already read stay."""
    disconnect_source(workspace_of(request), actor_of(request), slug, name)
    return Response(status_code=204)


@router.post(
    "/projects/{slug}/sources/{name}/syncs",
    dependencies=[requires(Permission.ADD_EVIDENCE)],
    **gives(SyncDocument),
)
def sync_one(request: Request, slug: str, name: str) -> Response:
    """Bring in what changed in a tracker. With `Accept: text/event-stream`, progress is told on the way."""
    ws, actor = workspace_of(request), actor_of(request)
    return _synced(request, lambda told: (sync_source(ws, actor, slug, name, on_progress=told),))


@router.post(
    "/projects/{slug}/syncs", dependencies=[requires(Permission.ADD_EVIDENCE)], **gives(SyncDocument)
)
def sync_all(request: Request, slug: str) -> Response:
    """Bring in what changed in every tracker of a project; progress as with one."""
    ws, actor = workspace_of(request), actor_of(request)
    return _synced(request, lambda told: sync_project(ws, actor, slug, on_progress=told))


Told = Callable[[SyncProgress], None]


def _synced(request: Request, work: Callable[[Told], tuple[SyncReport, ...]]) -> Response:
    if STREAM in request.headers.get("accept", ""):
        headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
        return StreamingResponse(_progress(work), media_type=STREAM, headers=headers)
    return answer(SyncDocument(reports=work(lambda progress: None)))


def _progress(work: Callable[[Told], tuple[SyncReport, ...]]) -> Iterator[bytes]:
    """Server-sent events: `progress` on the way, then `done` or `problem`."""
    told: queue.SimpleQueue[tuple[str, Any]] = queue.SimpleQueue()

    def run() -> None:
        try:
            reports = work(lambda progress: told.put(("progress", asdict(progress))))
            told.put(("done", SyncDocument(reports=reports)))
        except AssayError as error:
            told.put(("problem", problem(error)))
        except BaseException:
            told.put(("problem", None))
            raise

    threading.Thread(target=run, name="assay-sync", daemon=True).start()
    while True:
        kind, value = told.get()
        yield b"event: " + kind.encode() + b"\ndata: " + to_bytes(value) + b"\n\n"
        if kind != "progress":
            return


@router.get("/projects/{slug}/runs", dependencies=[requires(Permission.READ)], **gives(RunListPage))
def project_runs(request: Request, slug: str, asked: Annotated[RunPage, Query()]) -> Response:
    """The runs of a project, those first seen last first."""
    return answer(
        list_runs(
            workspace_of(request),
            actor_of(request),
            slug,
            cursor=asked.cursor,
            limit=asked.limit,
            filters=asked.filters(),
        )
    )


@router.get(
    "/projects/{slug}/runs/{run_id:path}/artifacts",
    dependencies=[requires(Permission.READ)],
    **gives(ArtifactsDocument),
)
def run_artifacts(request: Request, slug: str, run_id: str) -> Response:
    """The files of a run that lie on the server's machine, by path, with size and SHA-256 as they are now."""
    ws, actor = workspace_of(request), actor_of(request)
    run = get_run(ws, actor, slug, run_id).run
    found = listed_artifacts(run, ws.list_artifacts)
    return answer(
        ArtifactsDocument(
            artifacts=run.artifacts,
            artifacts_url=artifacts_url(run),
            files=found.files,
            left_out=found.left_out,
            fault=found.fault,
        )
    )


@router.get(
    "/projects/{slug}/runs/{run_id:path}", dependencies=[requires(Permission.READ)], **gives(RunDocument)
)
def show_run(request: Request, slug: str, run_id: str) -> Response:
    """One run with its curves. Broken values are told as "NaN", "Infinity" or "-Infinity"."""
    return answer(run_document(get_run(workspace_of(request), actor_of(request), slug, run_id)))


@router.put(
    "/projects/{slug}/runs/{run_id:path}",
    dependencies=[requires(Permission.ADD_EVIDENCE)],
    **gives(RunDocument),
)
def attach(request: Request, slug: str, run_id: str, body: AttachBody) -> Response:
    """Attach a run to a ticket by hand, or detach it. The hand wins over the tracker's tag from then on."""
    run = attach_run(workspace_of(request), actor_of(request), slug, run_id, body.ticket)
    return answer(run_document(run))
