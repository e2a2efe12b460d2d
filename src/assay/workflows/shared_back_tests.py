"""A back-test is worked out once for all servers of one database: whoever begins says so, and leaves the answer for the others.

What is kept can be worked out again at any time from runs, locks and settings, so the journal tells nothing of it. It is kept with the
digest of those and the version of the code: another one of either makes it nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

import assay
from assay.errors import AssayError
from assay.workflows.actor import SYSTEM
from assay.workflows.back_test_views import BackTestView
from assay.workflows.lookup import required_project
from assay.workflows.ports import Workspace, WriteTransaction
from assay.workflows.records import KeptDocument, Project

KIND = "backtest"
LEASE = timedelta(seconds=60)
"""So long nobody else begins the same, counted anew with every rule: a server may be gone."""
LOOK_AGAIN_S = 1.0
Work = Callable[[Callable[[], None]], BackTestView]
"""Works it out, and calls what it is given now and then to say that it is still at it."""


class _Kept(BaseModel):
    model_config = ConfigDict(frozen=True)

    digest: str
    version: str
    worker: str
    """Whose turn it is, or was."""
    view: bytes = b""
    """Empty while somebody is at work."""


def shared_back_test(
    ws: Workspace,
    slug: str,
    *,
    newest: int,
    digest: str,
    worker: str,
    work: Work,
    wait: Callable[[float], None],
) -> BackTestView:
    """The back-test of these runs and settings, worked out here unless another server has it or is at it.

    Args:
        ws: where it is kept.
        slug: the project.
        newest: of how many runs.
        digest: of all that it is about, `past_digest`.
        worker: tells this server and thread from every other.
        work: works it out.
        wait: sleeps for so many seconds.
    """
    while True:
        held = _held(ws, slug, newest, digest, worker)
        if isinstance(held, BackTestView):
            return held
        if held:
            break
        wait(LOOK_AGAIN_S)

    def still_at_it() -> None:
        _put(ws, slug, newest, _Kept(digest=digest, version=assay.__version__, worker=worker))

    view = work(still_at_it)
    told = _shape().dump_json(view)
    _put(ws, slug, newest, _Kept(digest=digest, version=assay.__version__, worker=worker, view=told))
    return view


def _held(ws: Workspace, slug: str, newest: int, digest: str, worker: str) -> BackTestView | bool:
    """The answer; else whether it is ours to work out."""

    def claim(tx: WriteTransaction) -> BackTestView | bool:
        project, at = required_project(tx, slug), ws.clock()
        document = tx.kept(project.id, KIND, str(newest))
        kept = None if document is None else _read(document)
        if document is not None and kept is not None and kept.digest == digest:
            view = _view(kept)
            if view is not None:
                return view
            if kept.worker != worker and at - document.at < LEASE:
                return False
        ours = _Kept(digest=digest, version=assay.__version__, worker=worker)
        return _write(tx, project, newest, document, ours, at)

    try:
        return ws.store.write(claim)
    except AssayError:
        # Two began at once, or the store cannot be written to: working it out twice costs time alone.
        return True


def _put(ws: Workspace, slug: str, newest: int, kept: _Kept) -> None:
    def write(tx: WriteTransaction) -> None:
        project = required_project(tx, slug)
        document = tx.kept(project.id, KIND, str(newest))
        found = None if document is None else _read(document)
        if found is None or not found.view or found.digest != kept.digest or kept.view:
            _write(tx, project, newest, document, kept, ws.clock())

    try:
        ws.store.write(write)
    except AssayError:
        return


def _write(
    tx: WriteTransaction,
    project: Project,
    newest: int,
    document: KeptDocument | None,
    kept: _Kept,
    at: datetime,
) -> bool:
    body = kept.model_dump_json()
    if document is None:
        tx.keep(project.id, KIND, str(newest), body, by=SYSTEM.name, at=at)
        return True
    return tx.save_kept(replace(document, body=body, by=SYSTEM.name, at=at)) is not None


def _read(document: KeptDocument) -> _Kept | None:
    try:
        kept = _Kept.model_validate_json(document.body)
    except ValidationError:
        return None
    return kept if kept.version == assay.__version__ else None


def _view(kept: _Kept) -> BackTestView | None:
    try:
        return _shape().validate_json(kept.view) if kept.view else None
    except ValidationError:
        return None


@cache
def _shape() -> TypeAdapter[BackTestView]:
    return TypeAdapter(BackTestView)
