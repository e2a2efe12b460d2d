"""One document of a project, changed by one person after another: version, journal entry, and no change for the same content."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from pydantic import BaseModel

from assay.errors import StaleVersion
from assay.workflows.ports import ReadTransaction, WriteTransaction
from assay.workflows.records import KeptDocument, Project

CANVAS, STANDING, PHASE, CHOICE = "canvas", "standing", "phase", "choice"


def version_of(kept: KeptDocument | None) -> int:
    """The version that an edit has to name; 0 for what nobody has written yet."""
    return 0 if kept is None else kept.version


def check_kept_version(kept: KeptDocument | None, expected: int | None, *, what: str, look: str) -> None:
    """StaleVersion when the edit was based on another version. None accepts any."""
    now = version_of(kept)
    if expected is not None and expected != now:
        raise StaleVersion(
            f"cannot change {what}: it changed meanwhile and is now version {now} (expected the version you saw)",
            hint=look,
            details={"version": now},
        )


def put_document(
    tx: WriteTransaction,
    project: Project,
    kind: str,
    name: str,
    value: BaseModel,
    *,
    by: str,
    at: datetime,
) -> KeptDocument | None:
    """The document as it stands now; None where it says the same already."""
    before = tx.kept(project.id, kind, name)
    body = value.model_dump_json()
    if before is None:
        return tx.keep(project.id, kind, name, body, by=by, at=at)
    if before.body == body:
        return None
    saved = tx.save_kept(replace(before, body=body, by=by, at=at))
    if saved is None:
        raise StaleVersion(
            f"cannot change {kind}: it changed meanwhile (expected the version you saw)",
            hint="read it again, then change it",
        )
    return saved


def body_of(tx: ReadTransaction, project: Project, kind: str, name: str = "") -> str | None:
    """What a document says, as JSON; None where nobody wrote it."""
    kept = tx.kept(project.id, kind, name)
    return None if kept is None else kept.body
