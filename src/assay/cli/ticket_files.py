"""`assay import` and `assay export`, also verbs of `assay ticket`: tickets as files of the team's own repository."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from assay.bootstrap import read_text
from assay.cli.connection import connected
from assay.cli.files import write_over
from assay.cli.options import Json, Project, given
from assay.cli.screen import print_json, say
from assay.errors import Invalid

SUFFIXES = (".yaml", ".yml", ".json")


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command("import")(import_tickets)
    app.command("export")(export_tickets)


def import_tickets(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH...", help="Ticket files, or folders of them.")],
    amend: Annotated[
        str | None, typer.Option("--amend", metavar="REASON", help="Why locked tickets change.")
    ] = None,
    leave_out_circles: Annotated[
        bool,
        typer.Option("--leave-out-circles", help="Leave out links that would close a circle, and name them."),
    ] = False,
    project: Project = None,
    json: Json = False,
) -> None:
    """Bring ticket files in: all of them, or none. The same file again changes nothing, a changed one is an edit.

    A file with a line `sprint:` holds a whole sprint. Example: assay import tickets/*.yaml

    The same: Example: assay ticket import tickets/
    """
    files = [file for path in paths for file in _files(path)]
    documents = [{"name": str(file)[-200:], "text": read_text(file)} for file in files]
    with connected(project) as api:
        answer = api.in_project(
            "POST",
            "/ticket-files",
            body={
                "documents": documents,
                "amendment_reason": amend,
                **given(leave_out_circles=leave_out_circles or None),
            },
        )
    if json:
        print_json(answer.body)
        return
    for name in ("created", "changed", "unchanged"):
        keys = answer.data[name]
        if keys:
            say(f"{len(keys)} {name}: {', '.join(keys)}")
    for link in answer.data["left_out"]:
        say(f"left out, it would close a circle: {link}")
    for number in answer.data["sprints"]:
        say(f"planned: assay sprint show {number}")


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    found = sorted(file for file in path.iterdir() if file.suffix in SUFFIXES)
    if not found:
        raise Invalid(
            f"cannot import folder '{path}': it holds no ticket files (expected files that end in {', '.join(SUFFIXES)})",
            hint="assay ticket export --help",
            code="folder-empty",
        )
    return found


def export_tickets(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Where the files go; made if missing.")],
    project: Project = None,
    json: Json = False,
) -> None:
    """Write every ticket to a file of its own; importing them changes nothing.

    Example: assay export tickets/

    The same: Example: assay ticket export tickets/
    """
    with connected(project) as api:
        answer = api.in_project("GET", "/ticket-files")
    if json:
        print_json(answer.body)
        return
    folder.mkdir(parents=True, exist_ok=True)
    for row in answer.data["rows"]:
        write_over(folder / Path(row["name"]).name, row["text"].encode())
    say(f"{len(answer.data['rows'])} tickets written to {folder}")
