"""Syncs that a page started and follows, one at a time for each source."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace

from fastapi import FastAPI

from assay.errors import AssayError
from assay.workflows.actor import Actor
from assay.workflows.evidence import sync_source
from assay.workflows.ports import Workspace
from assay.workflows.sync_batches import SyncProgress


@dataclass(frozen=True, slots=True)
class SyncJob:
    """How far one sync is."""

    running: bool = True
    done: int = 0
    total: int | None = None
    changed: int = 0
    gone: int = 0
    unknown: tuple[str, ...] = ()
    note: str = ""
    error: str = ""


class SyncJobs:
    """The syncs of this process by project and source."""

    def __init__(self) -> None:
        self._jobs: dict[tuple[str, str], SyncJob] = {}
        self._lock = threading.Lock()

    def get(self, slug: str, name: str) -> SyncJob | None:
        """The latest sync of a source, None when none was started here."""
        return self._jobs.get((slug, name))

    def start(self, ws: Workspace, actor: Actor, slug: str, name: str) -> None:
        """Begin a sync in the background, unless one runs."""
        with self._lock:
            running = self._jobs.get((slug, name))
            if running is not None and running.running:
                return
            self._jobs[(slug, name)] = SyncJob()
        threading.Thread(
            target=self._run, args=(ws, actor, slug, name), name=f"assay-sync-{name}", daemon=True
        ).start()

    def _run(self, ws: Workspace, actor: Actor, slug: str, name: str) -> None:
        key = (slug, name)

        def seen(progress: SyncProgress) -> None:
            self._jobs[key] = replace(self._jobs[key], done=progress.done, total=progress.total)

        try:
            report = sync_source(ws, actor, slug, name, on_progress=seen)
        except AssayError as error:
            self._jobs[key] = replace(self._jobs[key], running=False, error=error.message)
        except Exception:
            self._jobs[key] = replace(
                self._jobs[key], running=False, error="the sync stopped unexpectedly; see the server's log"
            )
            raise
        else:
            self._jobs[key] = SyncJob(
                running=False,
                done=report.seen,
                changed=report.changed,
                gone=report.gone,
                unknown=report.unknown,
                note=report.note,
            )


def jobs(app: FastAPI) -> SyncJobs:
    """The syncs of this application."""
    found: SyncJobs | None = getattr(app.state, "sync_jobs", None)
    if found is None:
        found = app.state.sync_jobs = SyncJobs()
    return found
