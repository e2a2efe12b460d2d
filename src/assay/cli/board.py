"""`assay board ...` and `assay move`."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from assay.cli import board_files, board_history
from assay.cli.connection import connected, key_part
from assay.cli.options import Json, Key, Phase, Project, Stale, Waiting, given, group
from assay.cli.screen import print_json, say, shortened, table
from assay.errors import Refused

app = group("board", "Show the board, or take it out and in as a file.", stands_alone=True)
board_files.register(app)
board_history.register(app)


def register(root: typer.Typer) -> None:
    """Add these commands."""
    root.add_typer(app)
    root.command("move")(move)


@app.callback()
def board(
    context: typer.Context,
    hidden: Annotated[bool, typer.Option("--hidden", help="Also columns that are off the board.")] = False,
    blocked: Annotated[
        bool, typer.Option("--blocked", help="Only cards with something in their way.")
    ] = False,
    stale: Stale = False,
    waiting: Waiting = False,
    phase: Phase = None,
    project: Project = None,
    json: Json = False,
) -> None:
    """Show the board, column by column; with a verb: take it out and in as a file.

    Example: assay board --project vision
    """
    if context.invoked_subcommand is not None:
        return
    flags = {"blocked": blocked, "stale": stale, "waiting": waiting}
    asked = given(phase=phase, **{name: "yes" for name, on in flags.items() if on})
    with connected(project) as api:
        answer = api.in_project("GET", "/board", query=asked)
        stages = api.in_project("GET", "").data["board"]["stages"] if not json else []
    if json:
        print_json(answer.body)
        return
    off = {stage["key"] for stage in stages if stage["hidden"]}
    rows = [
        (column["title"], card["key"], shortened(card["title"]), card["owner"], _state(card["evidence"]))
        for column in answer.data["columns"]
        if hidden or column["key"] not in off
        for card in column["cards"]
    ]
    for column in answer.data["columns"]:
        if hidden or column["key"] not in off:
            limit = f" of {column['wip_limit']}" if column["wip_limit"] is not None else ""
            say(f"{column['title']}: {column['taken']}{limit}")
    print()
    table(
        ("column", "key", "title", "owner", "evidence"),
        rows,
        none='The board is empty. Write a ticket: assay ticket new "..."',
    )


def _state(evidence: dict[str, Any]) -> str:
    chip, now = evidence.get("chip") or "", evidence.get("current_text") or ""
    return f"{chip} ({now})" if chip and now else chip or now


def move(
    key: Key,
    column: Annotated[str, typer.Argument(metavar="COLUMN", help="Where it goes, such as experiment.")],
    reason: Annotated[str, typer.Option("--reason", help="Why, where the board asks for it.")] = "",
    override: Annotated[
        str, typer.Option("--override", metavar="REASON", help="Pass an unmet gate or a full column.")
    ] = "",
    above: Annotated[
        str | None, typer.Option("--above", metavar="KEY", help="The card it shall stand above.")
    ] = None,
    project: Project = None,
    json: Json = False,
) -> None:
    """Move a card. Moving to Experiment locks hypothesis, criteria, baseline and budget.

    Example: assay move EXP-42 experiment
    """
    with connected(project) as api:
        path = f"/tickets/{key_part(key)}"
        version = api.in_project("GET", path).data["version"]
        body = {"to": column, "reason": reason, "override_reason": override, "before": above}
        try:
            answer = api.in_project("POST", f"{path}/moves", body=body, version=version)
        except Refused as error:
            _with_command_hint(error, key, column)
            raise
    if json:
        print_json(answer.body)
        return
    moved = answer.data
    say(f"{key.upper()} is in {moved['ticket']['stage']}.")
    if moved["locked"]:
        say(f"Hypothesis, criteria, baseline and budget are locked: {moved['ticket']['lock']['digest']}")
    if moved["overridden"]:
        say("The gate was passed on your word; board and journal show it.")


def _with_command_hint(error: Refused, key: str, column: str) -> None:
    if error.code == "reason-missing":
        error.hint = f'assay move {key.upper()} {column} --reason "why"'
    elif error.details.get("assessment", {}).get("overridable"):
        error.hint = f'meet what is missing, or: assay move {key.upper()} {column} --override "why"'
