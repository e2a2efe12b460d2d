"""`assay criteria check`."""

from __future__ import annotations

from typing import Annotated

import typer

from assay.cli.connection import connected
from assay.cli.options import Json, Project, group
from assay.cli.screen import print_json, say

app = group("criteria", "Check how a criterion is read.")


def register(root: typer.Typer) -> None:
    """Add these commands."""
    app.callback()(_noun)
    root.add_typer(app)


def _noun() -> None:
    """Check how a criterion is read."""


@app.command("check")
def check(
    text: Annotated[str, typer.Argument(metavar="TEXT", help='Such as "accuracy >= 85% on support-eval@3".')],
    role: Annotated[str | None, typer.Option("--role", help="primary, secondary, blocking or kill.")] = None,
    project: Project = None,
    json: Json = False,
) -> None:
    """Say how a criterion is read; a fault is shown at its character.

    Example: assay criteria check "kill: accuracy < 78% after training"
    """
    with connected(project) as api:
        answer = api.in_project("POST", "/criteria/parse", body={"criterion": text, "role": role})
    if json:
        print_json(answer.body)
    else:
        say(answer.data["text"])
