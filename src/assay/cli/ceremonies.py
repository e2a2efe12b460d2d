"""`assay sprint standup`, `check`, `review` and `retro`."""

from __future__ import annotations

from typing import Annotated

import typer

from assay.cli.connection import connected
from assay.cli.options import Json, Project
from assay.cli.screen import print_json, say

Number = Annotated[int, typer.Argument(metavar="NUMBER", help="Number of the sprint.")]


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command("standup")(standup)
    app.command("check")(check)
    app.command("review")(review)
    app.command("retro")(retro)


def standup(
    since: Annotated[
        str | None,
        typer.Option(
            "--since",
            metavar="DAY",
            help="From the beginning of a day, or a time; left out: the working day before.",
        ),
    ] = None,
    project: Project = None,
    json: Json = False,
) -> None:
    """Show the stand-up as Markdown: runs since yesterday, what was learned, what is stuck, what comes next.

    Example: assay sprint standup --since 2026-05-25
    """
    _show(project, "/standup", {"since": since}, json=json)


def check(number: Number, project: Project = None, json: Json = False) -> None:
    """Show the mid-sprint check as Markdown: which experiments have results, which a flag, which neither.

    Example: assay sprint check 6
    """
    _show(project, f"/sprints/{number}/check", {}, json=json)


def review(number: Number, project: Project = None, json: Json = False) -> None:
    """Show the review as Markdown: what was learned first, then results against criteria.

    Example: assay sprint review 6
    """
    _show(project, f"/sprints/{number}/review", {}, json=json)


def retro(number: Number, project: Project = None, json: Json = False) -> None:
    """Show the retro as Markdown: late kills and their cost, promotion rate and hit rate by sprint, the last improvement.

    Example: assay sprint retro 6
    """
    _show(project, f"/sprints/{number}/retro", {}, json=json)


def _show(project: str | None, path: str, query: dict[str, str | None], *, json: bool) -> None:
    asked = {**query, "format": "json" if json else "markdown"}
    with connected(project) as api:
        answer = api.in_project("GET", path, query=asked)
    if json:
        print_json(answer.body)
    else:
        say(answer.body.decode().rstrip(), lines=True)
