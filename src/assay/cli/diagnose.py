"""`assay diagnose`."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from assay.cli.connection import connected, part
from assay.cli.options import Json, Project
from assay.cli.screen import print_json, say

_WORDS = {"holds": "HOLDS", "not_known": "NOT KNOWN YET", "does_not_hold": "does not hold"}


def register(root: typer.Typer) -> None:
    """Add these commands."""
    root.command("diagnose")(diagnose)


def diagnose(
    days: Annotated[int, typer.Option("--days", help="Length of the window, 1 to 3660.")] = 90,
    mend: Annotated[
        str | None,
        typer.Option("--mend", metavar="CAUSE", help="Make the ticket that mends this cause instead."),
    ] = None,
    project: Project = None,
    json: Json = False,
) -> None:
    """Say why the team does not ship: each usual cause against its own data, the worst first.

    Example: assay diagnose --days 42
    """
    with connected(project) as api:
        if mend is None:
            answer = api.in_project("GET", "/diagnosis", query={"days": days})
        else:
            cause = part(mend.replace("-", "_"))
            answer = api.in_project("POST", f"/diagnosis/{cause}/tickets", query={"days": days})
    if json:
        print_json(answer.body)
    elif mend is not None:
        say(f"{answer.data['key']}  {answer.data['title']}")
    else:
        _say_all(answer.data)


def _say_all(found: dict[str, Any]) -> None:
    say(f"{found['decided']} experiments decided since {found['since'][:10]}, {found['shipped']} promoted.")
    for one in found["causes"]:
        print()
        healthy = " (healthy)" if one["is_healthy"] and one["standing"] == "holds" else ""
        say(f"{_WORDS[one['standing']]}{healthy}: {one['claim']}  [{one['cause']}]")
        for line in one["speaks_for"]:
            say(f"  for: {line}")
        for line in one["speaks_against"]:
            say(f"  against: {line}")
        if one["missing"]:
            say(f"  not known: {one['missing']}")
        if one["standing"] == "holds":
            mended = f" ({one['fix_ticket']})" if one["fix_ticket"] else ""
            say(f"  fix: {one['fix']}{mended}")
