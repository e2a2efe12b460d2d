"""`assay board draft` and `assay board import-history`: come from the board of another tool."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from assay.cli.options import Json, Project
from assay.cli.screen import print_json, say

MOST_SHOWN = 5
File = Annotated[Path, typer.Argument(metavar="FILE", help="Moves of tickets (CSV or JSON Lines).")]


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command("draft")(draft)
    app.command("import-history")(import_history)


def draft(
    file: File,
    promoted: Annotated[
        list[str] | None,
        typer.Option("--promoted", metavar="STATUS", help="Work ends here with success; may be repeated."),
    ] = None,
    killed: Annotated[
        list[str] | None,
        typer.Option("--killed", metavar="STATUS", help="Work was stopped here; may be repeated."),
    ] = None,
    closed: Annotated[
        list[str] | None,
        typer.Option("--closed", metavar="STATUS", help="Work ends here, neither way; may be repeated."),
    ] = None,
    waiting: Annotated[
        str | None,
        typer.Option(
            "--waiting", metavar="STATUS", help="Nobody has started what is here; else a new column."
        ),
    ] = None,
    project: Project = None,
    json: Json = False,
) -> None:
    """Print a board file with a column for each status of a history, and the moves that happened.

    Example: assay board draft moves.csv --promoted Done --killed Rejected > board.yaml
    """
    from assay.bootstrap import read_text
    from assay.cli.connection import connected

    ended = {
        status: outcome
        for outcome, statuses in (("promoted", promoted), ("killed", killed), ("closed", closed))
        for status in statuses or ()
    }
    body = {"text": read_text(file), "name": file.name[-100:], "ended": ended, "waiting": waiting}
    with connected(project) as api:
        answer = api.in_project("POST", "/history/board", body=body)
    if json:
        print_json(answer.body)
    else:
        say(answer.data["text"].rstrip("\n"), lines=True)


def import_history(
    file: File,
    check: Annotated[bool, typer.Option("--check", help="Only say what it would bring in.")] = False,
    source: Annotated[
        str,
        typer.Option(
            "--source",
            metavar="NAME",
            help="Which tool it comes from, where tickets of several have the same names.",
        ),
    ] = "",
    project: Project = None,
    json: Json = False,
) -> None:
    """Bring in the history of another tool's board: tickets where they stand, and when they moved. The same file again changes nothing.

    Example: assay board import-history moves.csv --check
    """
    from assay.bootstrap import read_text
    from assay.cli.connection import connected

    body = {"text": read_text(file), "name": file.name[-100:], "source": source}
    with connected(project) as api:
        answer = api.in_project("POST", "/history/check" if check else "/history", body=body)
    if json:
        print_json(answer.body)
        return
    for line in _told(answer.data):
        say(line)
    if check:
        say(f"Nothing is saved yet. To bring it in: assay board import-history {file}")


def _told(found: dict[str, Any]) -> list[str]:
    made, more = len(found["created"]), len(found["extended"])
    lines = [f"{made} new tickets, {more} that went on, {found['unchanged']} without anything new"]
    if found["moves"]:
        lines.append(f"{found['moves']} moves from {found['first_at'][:10]} to {found['last_at'][:10]}")
    if found["left_alone"]:
        lines.append(f"deleted here, left alone: {_some(found['left_alone'])}")
    lines += [
        f"{edit['items']} tickets moved at once on {edit['at'][:16].replace('T', ' ')}: marked as a bulk edit"
        for edit in found["bulk_edits"][-MOST_SHOWN:]
    ]
    lines += [f"a gap in {gap}" for gap in found["gaps"][:MOST_SHOWN]]
    left = len(found["gaps"][MOST_SHOWN:]) + found["gaps_left_out"]
    if left:
        lines.append(f"and {left} more gaps")
    if found["unread"]:
        lines.append(f"columns that say nothing of a move: {_some(found['unread'])}")
    return lines


def _some(names: list[str]) -> str:
    more = f" and {len(names) - MOST_SHOWN} more" if len(names) > MOST_SHOWN else ""
    return ", ".join(names[:MOST_SHOWN]) + more
