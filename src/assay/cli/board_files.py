"""`assay board export, import, schema`: the board as a file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from assay.cli.options import Json, Project, given
from assay.cli.screen import print_json, say


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command("export")(export)
    app.command("import")(import_board)
    app.command("schema")(schema)


def export(
    template: Annotated[
        str | None,
        typer.Option(
            "--template", metavar="NAME", help="Instead a board to begin with: experiment or feature."
        ),
    ] = None,
    project: Project = None,
    json: Json = False,
) -> None:
    """Print the board as a file: columns, limits, exit gates, moves.

    Example: assay board export > board.yaml
    """
    from assay.cli.connection import connected

    with connected(project) as api:
        answer = api.in_project("GET", "/board-file", query=given(template=template))
    if json:
        print_json(answer.body)
    else:
        say(answer.data["text"].rstrip("\n"), lines=True)


def import_board(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Board file (YAML).")],
    check: Annotated[bool, typer.Option("--check", help="Only say what it would change.")] = False,
    project: Project = None,
    json: Json = False,
) -> None:
    """Give the project the board of a file. What changes is printed; the same file again changes nothing.

    Example: assay board import board.yaml --check
    """
    from assay.bootstrap import read_text
    from assay.cli.connection import connected

    body = {"text": read_text(file)}
    with connected(project) as api:
        if check:
            answer = api.in_project("POST", "/board-file/check", body=body)
        else:
            version = api.in_project("GET", "/board-file").data["version"]
            answer = api.in_project("PUT", "/board-file", body=body, version=version)
    if json:
        print_json(answer.body)
        return
    for change in answer.data["changes"]:
        say(change)
    if not answer.data["changes"]:
        say("Nothing changes: this is the board that is there.")
    elif check:
        say(f"Nothing is saved yet. To save it: assay board import {file}")
    else:
        say("Saved.")


def schema() -> None:
    """Print the JSON Schema of board files, for completion in editors.

    Example: assay board schema > board.schema.json
    """
    from importlib.resources import files

    print(files("assay.domain.board").joinpath("board.schema.json").read_text(encoding="utf-8"), end="")
