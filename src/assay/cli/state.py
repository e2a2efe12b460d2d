"""`assay state`."""

from __future__ import annotations

from typing import Any

import typer

from assay.cli.connection import connected
from assay.cli.options import Json, Project
from assay.cli.overview import compute_text
from assay.cli.screen import facts, print_json, shortened, table


def register(root: typer.Typer) -> None:
    """Add this command."""
    root.command("state")(state)


def state(project: Project = None, json: Json = False) -> None:
    """Show where a project stands: phase, headline metric and where it may go, risks, and the tickets of the sprint.

    Example: assay state
    """
    with connected(project) as api:
        answer = api.in_project("GET", "/state")
    if json:
        print_json(answer.body)
    else:
        _say(answer.data)


def _nothing(found: dict[str, Any]) -> str:
    from assay.workflows.state_views import nothing_text

    return nothing_text(found["measured_otherwise"])


def _say(found: dict[str, Any]) -> None:
    week = "" if found["week"] is None else f", week {found['week']}"
    facts(
        [
            ("phase", f"{found['phase']}{week}"),
            ("next milestone", found["next_milestone"] or "none with a date"),
            ("headline", found["best_text"] or _nothing(found)),
            ("ahead", found["ahead_text"]),
            *(("risk", text) for text in found["risks"]),
            ("sprint", "none runs; in progress" if found["sprint"] is None else found["sprint"]),
            ("experiments", _experiments(found)),
            ("compute", compute_text(found)),
        ]
    )
    print()
    table(
        ("ticket", "hypothesis", "status", "best", "target", "data", "verdict"),
        [
            (
                one["key"],
                shortened(one["hypothesis"], 40),
                one["progress"].replace("_", " "),
                one["best"],
                one["target"],
                one["data"],
                one["recommendation"],
            )
            for one in found["tickets"]
        ],
        none="Nothing is in the sprint, and nothing is in progress.",
    )


def _experiments(found: dict[str, Any]) -> str:
    return (
        f"{found['total']}: {found['promoted']} promoted, {found['killed']} killed, {found['active']} active"
    )
