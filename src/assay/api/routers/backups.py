"""Keep everything safe elsewhere, and look after the installation."""

from __future__ import annotations

import re
from pathlib import Path

from fastapi import Request
from starlette.responses import FileResponse, Response

from assay.api.answers import gives, gives_text
from assay.api.documents import answer
from assay.api.permissions import requires, workspace_of
from assay.api.schemas.instance import BackupDocument, DiagnosisDocument, FactDocument
from assay.api.versioned import v1_router
from assay.bootstrap import diagnose, make_backup
from assay.errors import NotFound, Unavailable
from assay.settings import Settings
from assay.workflows.actor import Permission

router = v1_router("operation")
OPERATE = [requires(Permission.OPERATE)]
_NAME = re.compile(r"assay-[0-9]{8}T[0-9]{6,12}Z\.backup", re.ASCII)


def _folder(request: Request) -> Path:
    settings: Settings = request.app.state.settings
    return settings.home / "backups"


@router.post("/backups", dependencies=OPERATE, **gives(BackupDocument, 201))
def new_backup(request: Request) -> Response:
    """Write everything to one verified file in the home folder, while others read and write."""
    ws = workspace_of(request)
    name = f"assay-{ws.clock():%Y%m%dT%H%M%S%f}Z.backup"
    folder = _folder(request)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise Unavailable(
            f"cannot write backup '{folder / name}': {error.strerror} (expected room and permission)",
            hint="free space or mend the permissions of the home folder",
            code="backup-not-writable",
        ) from error
    file = folder / name
    manifest = make_backup(ws, file)
    document = BackupDocument(name=name, path=str(file), bytes=file.stat().st_size, manifest=manifest)
    return answer(document, 201, {"location": f"/api/v1/backups/{name}"})


@router.get(
    "/backups/{name}", dependencies=OPERATE, **gives_text("application/zip", description="The backup.")
)
def fetch_backup(request: Request, name: str) -> Response:
    """A backup that was made here."""
    file = _folder(request) / name if _NAME.fullmatch(name) else None
    if file is None or not file.is_file():
        raise NotFound(
            f"cannot find backup {ascii(name)[:60]}: none of this name was made here",
            hint="POST /api/v1/backups makes one",
            code="backup-unknown",
            field="name",
        )
    return FileResponse(file, media_type="application/zip", filename=name)


@router.get("/diagnosis", dependencies=OPERATE, **gives(DiagnosisDocument))
def show_diagnosis(request: Request) -> Response:
    """Is this installation well: database, journal, trackers?"""
    rows = [
        FactDocument(name=row["name"], value=row["value"], ok=row["ok"], advice=row["advice"])
        for row in diagnose(workspace_of(request))
    ]
    return answer(DiagnosisDocument(ok=all(row["ok"] is not False for row in rows), rows=rows))
