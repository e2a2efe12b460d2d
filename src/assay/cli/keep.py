"""`assay backup` and `assay restore`."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Annotated

import typer

from assay.cli.connection import connected
from assay.cli.options import Json
from assay.cli.screen import print_done, print_json, say
from assay.errors import Conflict, Unavailable
from assay.settings import load_settings


def register(root: typer.Typer) -> None:
    """Add these commands."""
    root.command("backup")(backup)
    root.command("restore")(restore)


def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The new file.")], json: Json = False
) -> None:
    """Write everything to one verified file, while others go on working. Keep it and the signing key elsewhere.

    Example: assay backup assay-today.backup
    """
    if file.exists():
        raise Conflict(
            f"cannot write backup '{file}': the file exists (expected a new name)",
            hint="name another file",
            code="backup-exists",
        )
    if not file.absolute().parent.is_dir():
        raise Unavailable(
            f"cannot write backup '{file}': there is no such folder (expected one that exists)",
            hint=f"mkdir -p '{file.parent}'",
            code="backup-not-writable",
        )
    with connected() as api:
        answer = api.ask("POST", "/backups")
        key = api.settings.key_file
    made = answer.data
    try:
        shutil.move(made["path"], file)
    except OSError as error:
        raise Unavailable(
            f"cannot write backup '{file}': {error.strerror} (expected room and permission)",
            hint=f"it is kept at {made['path']}",
            code="backup-not-writable",
        ) from error
    if json:
        print_json(answer.body)
        return
    say(f"Wrote {file}: {made['bytes']} bytes, verified, {made['manifest']['journal_size']} journal entries.")
    say(f"The signing key is not in it; keep {key} in another safe place.")


def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A backup.")],
    replace: Annotated[
        bool,
        typer.Option(
            "--replace", help="Also over a store in which something happened; it is kept beside the new one."
        ),
    ] = False,
    json: Json = False,
) -> None:
    """Put a backup in the place of the store; it is verified first. Over a store that is not empty: --replace.

    Example: assay restore assay-today.backup
    """
    from assay.bootstrap import restore_backup

    kept = restore_backup(load_settings(), file, replace=replace)
    if json:
        print_done(restored=str(file), kept=None if kept is None else str(kept))
        return
    say(f"Restored {file}." + (f" The store before it is kept at {kept}" if kept else ""))
