"""`assay filter ...`: what somebody often looks for, under a name."""

from __future__ import annotations

from typing import Annotated

import typer

from assay.cli.connection import connected, part
from assay.cli.options import Json, Project, group
from assay.cli.screen import print_json, say, table
from assay.errors import Invalid

app = group("filter", "Keep filters of board and list under names.")
Name = Annotated[str, typer.Argument(metavar="NAME", help='Such as "Blocked data work".')]


def register(root: typer.Typer) -> None:
    """Add these commands."""
    root.add_typer(app)


@app.command("list")
def list_filters(project: Project = None, json: Json = False) -> None:
    """List the saved filters of a project.

    Example: assay filter list
    """
    with connected(project) as api:
        answer = api.in_project("GET", "/filters")
    if json:
        print_json(answer.body)
        return
    table(
        ("name", "asks"),
        [
            (row["name"], ", ".join(f"{name}={value}" for name, value in row["filters"].items()))
            for row in answer.data["rows"]
        ],
        none='No saved filters. Save one: assay filter save "Blocked" blocked=yes',
    )


@app.command("save")
def save(
    name: Name,
    asked: Annotated[
        list[str],
        typer.Argument(metavar="FILTER=VALUE...", help="Such as owner=Ada blocked=yes sprint=active."),
    ],
    project: Project = None,
    json: Json = False,
) -> None:
    """Keep a filter under a name, in the place of the one that has it.

    Example: assay filter save "Blocked" blocked=yes sprint=active
    """
    with connected(project) as api:
        body = {"filters": dict(map(_pair, asked))}
        answer = api.in_project("PUT", f"/filters/{part(name)}", body=body, version="*")
    if json:
        print_json(answer.body)
    else:
        say(f"Saved. Board and list show it as {name}.")


def _pair(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign:
        raise Invalid(
            f"cannot read filter {text[:60]!r}: no = in it (expected a form such as owner=Ada)",
            hint='assay filter save "Blocked" blocked=yes',
            code="saved-filter-malformed",
            field="filters",
        )
    return name.strip(), value.strip()


@app.command("delete")
def delete(name: Name, project: Project = None, json: Json = False) -> None:
    """Forget a saved filter.

    Example: assay filter delete "Blocked"
    """
    with connected(project) as api:
        answer = api.in_project("DELETE", f"/filters/{part(name)}", version="*")
    if json:
        print_json(answer.body)
    else:
        say(f"Filter {name} is forgotten.")
