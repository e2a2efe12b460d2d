"""Evidence: connect a tracker, sync its runs, attach one by hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from assay.domain.experiments.prices import cost_of, priced_run
from assay.domain.kernel.events import Event
from assay.errors import AssayError, Conflict, Invalid, NotFound
from assay.workflows.actor import Actor, Permission
from assay.workflows.canvas import refresh_standing
from assay.workflows.declared_values import as_declared
from assay.workflows.filters import run_filters
from assay.workflows.lookup import required_project, required_ticket
from assay.workflows.ownership import must_not_be_shared
from assay.workflows.ports import EvidenceSource, ReadTransaction, Workspace, WriteTransaction
from assay.workflows.records import Project, Source
from assay.workflows.run_views import RunListPage, RunView, unread_tag
from assay.workflows.sync_batches import BatchKeeper, SyncProgress, SyncReport, save_state
from assay.workflows.verdicts import refresh_due_verdicts

LOOK_NOTED_AFTER = timedelta(minutes=1)
"""So old is what is written of the last look before another one that found nothing is written down."""


def connect_source(
    ws: Workspace,
    actor: Actor,
    slug: str,
    *,
    kind: str,
    uri: str,
    name: str | None = None,
    experiments: Sequence[str] = (),
    qualified: bool = False,
) -> tuple[Source, str]:
    """Connect a tracker to a project; returns it with one line about what was found there.

    qualified: only runs tagged `assay.ticket=SLUG/KEY`, or `assay.project=SLUG`, belong to tickets of this project.

    Raises:
        Invalid: unknown kind or malformed name.
        Conflict: the name is taken, or another project takes tickets from the same runs.
        Unavailable: the tracker cannot be read.
    """
    actor.require(Permission.CONFIGURE)
    reader = _reader_of(ws, kind)
    name = _checked_source_name(name or kind)
    _holds_no_password(uri)
    draft = Source(
        id=0,
        project_id=0,
        name=name,
        kind=kind,
        uri=uri,
        experiment_filter=tuple(experiments),
        qualified=qualified,
    )
    found = reader.check(draft)

    def work(tx: WriteTransaction) -> Source:
        project = required_project(tx, slug)
        _read_once(tx.sources(project.id), draft, slug)
        if any(source.name == name for source in tx.sources(project.id)):
            raise Conflict(
                f"cannot connect source {name!r}: the name is taken in project {slug!r} (expected a new name)",
                hint="assay connect ... --name OTHER",
                code="source-name-taken",
                field="name",
            )
        must_not_be_shared(tx, project, draft)
        source = tx.add_source(
            project.id, name=name, kind=kind, uri=uri, experiment_filter=experiments, qualified=qualified
        )
        _journal_connection(tx, ws, actor, project, source)
        return source

    return ws.store.write(work), found


def _reader_of(ws: Workspace, kind: str) -> EvidenceSource:
    reader = ws.sources.get(kind)
    if reader is None:
        raise Invalid(
            f"cannot read trackers of kind {kind[:40]!r}: no reader for it (expected one of: {', '.join(sorted(ws.sources))})",
            hint="assay connect mlflow URI; a reader of another kind comes with the package that brings it",
            code="source-kind-unknown",
            field="kind",
        )
    return reader


def _journal_connection(
    tx: WriteTransaction, ws: Workspace, actor: Actor, project: Project, source: Source
) -> None:
    known: dict[str, Any] = {"kind": source.kind, "uri": source.uri}
    known["experiments"] = list(source.experiment_filter)
    if source.qualified:
        known["qualified"] = True
    event = Event.of("source.connected", project=project.slug, subject=source.name, **known)
    tx.append(event, actor=actor, at=ws.clock())


def _read_once(sources: Sequence[Source], draft: Source, slug: str) -> None:
    """The same tracker under two names would count every run and every GPU-hour twice."""
    for source in sources:
        if (source.kind, source.uri, source.experiment_filter) == (
            draft.kind,
            draft.uri,
            draft.experiment_filter,
        ):
            raise Conflict(
                f"cannot connect source {draft.name!r}: project {slug!r} reads {draft.uri!r} already, as {source.name!r} "
                "(expected another tracker)",
                hint=f"assay sync {source.name}",
                code="source-connected",
                field="uri",
            )


def _holds_no_password(uri: str) -> None:
    """Addresses are journaled for good and shown to everybody; a secret must not be in one."""
    try:
        has_password = urlsplit(uri).password is not None
    except ValueError:
        return
    if has_password:
        raise Invalid(
            "cannot connect source: its address holds a password (expected an address without one)",
            hint="give PostgreSQL passwords by PGPASSWORD or a .pgpass file; put a proxy without login beside a server",
            code="source-uri-secret",
            field="uri",
        )


def _checked_source_name(name: str) -> str:
    if not name or len(name) > 40 or not all(c.isascii() and (c.isalnum() or c in "-_") for c in name):
        raise Invalid(
            f"cannot name source {name[:60]!r}: (expected 1 to 40 letters, digits, - or _)",
            hint="assay connect mlflow URI --name mlflow",
            code="source-name-malformed",
            field="name",
        )
    return name


def list_sources(ws: Workspace, actor: Actor, slug: str) -> tuple[Source, ...]:
    """The trackers a project reads."""
    actor.require(Permission.READ)
    with ws.store.read() as tx:
        return tuple(tx.sources(required_project(tx, slug).id))


def disconnect_source(ws: Workspace, actor: Actor, slug: str, name: str) -> None:
    """Stop reading a tracker. Runs already read stay as evidence."""
    actor.require(Permission.CONFIGURE)

    def work(tx: WriteTransaction) -> None:
        project = required_project(tx, slug)
        source = _required_source(tx.sources(project.id), name, project)
        tx.remove_source(source.id)
        tx.renew_cards(source.id)
        tx.append(Event.of("source.disconnected", project=slug, subject=name), actor=actor, at=ws.clock())

    ws.store.write(work)


def _required_source(sources: Sequence[Source], name: str, project: Project) -> Source:
    for source in sources:
        if source.name == name:
            return source
    known = ", ".join(s.name for s in sources) or "none yet"
    raise NotFound(
        f"cannot find source {name[:60]!r}: project {project.slug!r} has no such source (expected one of: {known})",
        hint="assay connect mlflow URI",
        code="source-unknown",
        field="source",
    )


def sync_source(
    ws: Workspace,
    actor: Actor,
    slug: str,
    name: str,
    *,
    on_progress: Callable[[SyncProgress], None] | None = None,
) -> SyncReport:
    """Bring in what changed in a tracker since the last sync. Interrupted, it goes on where it stopped.

    Of an unchanged tracker is written, once a minute, that it was looked at: how old is what is shown must be known.

    Raises:
        Unavailable: the tracker cannot be read; what came in before is kept.
    """
    actor.require(Permission.ADD_EVIDENCE)
    with ws.store.read() as tx:
        project = required_project(tx, slug)
        source = _required_source(tx.sources(project.id), name, project)
    keeper = BatchKeeper(ws, project, source, on_progress or (lambda _: None))
    try:
        with keeper:
            for batch in _reader_of(ws, source.kind).changes(source, keeper.known):
                keeper.keep(batch)
    except AssayError as error:
        _note_failure(ws, slug, keeper.source, error)
        raise
    finally:
        refresh_due_verdicts(ws, slug)
    if keeper.source.last_sync_error:
        _note_success(ws, slug, keeper.source)
    else:
        _note_look(ws, keeper.source)
    refresh_standing(ws, slug)
    return keeper.report(tells_jobs=getattr(_reader_of(ws, source.kind), "tells_jobs", False))


def _note_failure(ws: Workspace, slug: str, source: Source, error: AssayError) -> None:
    """Pages label what is stale with the reason; only a change of it is written."""
    if source.last_sync_error != error.message:
        failed = replace(source, last_sync_status="failed", last_sync_error=error.message)
        ws.store.write(lambda tx: save_state(tx, slug, source, failed, at=ws.clock()))


def _note_success(ws: Workspace, slug: str, source: Source) -> None:
    well = replace(source, last_sync_status="ok", last_sync_error="", last_sync_at=ws.clock())
    ws.store.write(lambda tx: save_state(tx, slug, source, well, at=well.last_sync_at or ws.clock()))


def _note_look(ws: Workspace, source: Source) -> None:
    at = ws.clock()
    if source.last_sync_at is None or at - source.last_sync_at >= LOOK_NOTED_AFTER:
        ws.store.write(lambda tx: tx.note_look(source.id, at))


def sync_project(
    ws: Workspace,
    actor: Actor,
    slug: str,
    *,
    on_progress: Callable[[SyncProgress], None] | None = None,
) -> tuple[SyncReport, ...]:
    """Sync every tracker of a project; the first failure is raised after the others were read."""
    reports, failure = [], None
    for source in list_sources(ws, actor, slug):
        try:
            reports.append(sync_source(ws, actor, slug, source.name, on_progress=on_progress))
        except AssayError as error:
            failure = failure or error
    if failure is not None:
        raise failure
    return tuple(reports)


def attach_run(ws: Workspace, actor: Actor, slug: str, run_id: str, ticket_key: str | None) -> RunView:
    """Attach a run to a ticket by hand, or detach it (None). The hand wins over the tracker's tag from then on.

    Raises:
        NotFound: no such run or ticket.
    """
    actor.require(Permission.ADD_EVIDENCE)

    def work(tx: WriteTransaction) -> RunView:
        project = required_project(tx, slug)
        run = tx.run(project.id, run_id)
        if run is None:
            raise unknown_run(run_id, slug)
        if ticket_key is not None:
            required_ticket(tx, project, ticket_key)
        seq = tx.head()[0] + 1
        tx.attach_run(project.id, run_id, ticket_key, seq=seq)
        touched = [key for key in (run.ticket, ticket_key) if key is not None]
        tx.mark_evidence(project.id, touched, seq=seq)
        event = Event.of(
            "run.attached",
            project=slug,
            subject=ticket_key or run.ticket,
            run=run_id,
            before=run.ticket,
            after=ticket_key,
        )
        tx.append(event, actor=actor, at=ws.clock())
        return _run_view(tx, project, run_id)

    run = ws.store.write(work)
    refresh_due_verdicts(ws, slug)
    refresh_standing(ws, slug)
    return run


def unknown_run(run_id: str, slug: str) -> NotFound:
    """The error for a run that is not there."""
    return NotFound(
        f"cannot find run {run_id[:100]!r}: project {slug!r} has no such run (expected an id such as mlflow:4f2a...)",
        hint="assay run list",
        code="run-unknown",
        field="run",
    )


def get_run(ws: Workspace, actor: Actor, slug: str, run_id: str) -> RunView:
    """One run with its curves, or NotFound. Its ticket is None where it names one that the project does not have."""
    actor.require(Permission.READ)
    with ws.store.read() as tx:
        return _run_view(tx, required_project(tx, slug), run_id)


def _run_view(tx: ReadTransaction, project: Project, run_id: str) -> RunView:
    run = tx.run(project.id, run_id)
    if run is None:
        raise unknown_run(run_id, project.slug)
    prices = project.settings.prices
    cost = cost_of(
        said_usd=run.cost_usd, gpu_hours=run.gpu_hours, tags=run.tags, began=run.started_at, prices=prices
    )
    unknown = cost.source if cost.usd is None else None
    run = priced_run(run, prices)
    if run.ticket is not None and not tx.keys_there(project.id, (run.ticket,)):
        return RunView(replace(run, ticket=None), run.ticket, unknown)
    return RunView(run, unread_tag(run.ticket, run.tags), unknown)


def list_runs(
    ws: Workspace,
    actor: Actor,
    slug: str,
    *,
    cursor: str | None = None,
    limit: int = 50,
    filters: Mapping[str, str] | None = None,
) -> RunListPage:
    """The runs of a project, newest first."""
    actor.require(Permission.READ)
    with ws.store.read() as tx:
        project = required_project(tx, slug)
        asked = run_filters(tx, project, filters)
        page = tx.run_list(project, after=cursor, limit=limit, filters=asked)
        return replace(page, rows=as_declared(tx, project.id, page.rows, tx.metrics(project.id)))
