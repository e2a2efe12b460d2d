"""`assay canvas`: one page about what a project is for, with today's values."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from assay.bootstrap import read_text
from assay.cli.connection import Connection, connected, key_part
from assay.cli.document_fields import set_field
from assay.cli.files import write_over
from assay.cli.options import Json, Key, Project, group
from assay.cli.screen import print_done, print_json, say, table

app = group("canvas", "One page about what a project is for.")
File = Annotated[Path, typer.Argument(metavar="FILE", help="A YAML file.")]


def register(root: typer.Typer) -> None:
    """Add these commands."""
    root.add_typer(app)


@app.command("show")
def show(project: Project = None, json: Json = False) -> None:
    """Show the canvas as Markdown, with today's value beside every number.

    Example: assay canvas show
    """
    with connected(project) as api:
        answer = api.in_project("GET", "/canvas", query={"format": "json" if json else "markdown"})
    if json:
        print_json(answer.body)
    else:
        say(answer.body.decode().rstrip(), lines=True)


@app.command("export")
def export(file: File, project: Project = None, json: Json = False) -> None:
    """Write the canvas to a YAML file; importing it changes nothing.

    Example: assay canvas export canvas.yaml
    """
    with connected(project) as api:
        answer = api.in_project("GET", "/canvas", query={"format": "yaml"})
    write_over(file, answer.body)
    if json:
        print_done(written=str(file))
    else:
        say(f"Canvas written to {file}")


@app.command("import")
def import_file(file: File, project: Project = None, json: Json = False) -> None:
    """Replace the canvas by a YAML file. The same file again changes nothing.

    Example: assay canvas import canvas.yaml
    """
    text = read_text(file)
    with connected(project) as api:
        _put(api, {"text": text}, json=json)


@app.command("edit")
def edit(
    changes: Annotated[
        list[str],
        typer.Argument(
            metavar="FIELD=VALUE...",
            help="Fields by their path in the YAML file; an empty value takes it away.",
        ),
    ],
    project: Project = None,
    json: Json = False,
) -> None:
    """Change single fields; the number after the last entry of a list adds one.

    Example: assay canvas edit "objective=Answer tickets" time_box.ship_by_sprint=8 "kill[0].criterion=accuracy < 80%"
    """
    with connected(project) as api:
        before = api.in_project("GET", "/canvas").data
        document = before["document"]
        for change in changes:
            set_field(document, change)
        _put(api, {"document": document}, json=json, seen=before["version"])


@app.command("breakdown")
def breakdown(
    key: Key,
    stage: Annotated[
        list[str] | None,
        typer.Option(
            "--stage", help='"baseline model", "retraining pipeline" or "inference optimisation"; else all.'
        ),
    ] = None,
    project: Project = None,
    json: Json = False,
) -> None:
    """Break a feature down into tickets of both backlogs, one for each stage that has none yet.

    Example: assay canvas breakdown FEAT-5
    """
    body = {} if not stage else {"stages": stage}
    with connected(project) as api:
        answer = api.in_project("POST", f"/tickets/{key_part(key)}/parts", body=body)
    if json:
        print_json(answer.body)
        return
    table(
        ("ticket", "title", "backlog", "column", "model version"),
        [
            (one["key"], one["title"], one["backlog"], one["stage"], one["model_version"])
            for one in answer.data["rows"]
        ],
    )


def _put(api: Connection, body: dict[str, Any], *, json: bool, seen: int | None = None) -> None:
    before = api.in_project("GET", "/canvas").data["version"] if seen is None else seen
    answer = api.in_project("PUT", "/canvas", body=body, version=before)
    if json:
        print_json(answer.body)
    elif answer.data["version"] == before:
        say(f"The canvas says so already (version {before}).")
    else:
        say(f"The canvas is saved as version {answer.data['version']}.")
