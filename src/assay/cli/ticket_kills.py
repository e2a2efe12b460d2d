"""`assay ticket snooze`, `assay ticket wake` and `assay project kill-record`: overrule a recommended kill, and count it."""

from __future__ import annotations

from typing import Annotated

import typer

from assay.cli.connection import connected, key_part
from assay.cli.options import Json, Key, Project
from assay.cli.screen import print_json, say, table

Rule = Annotated[
    str,
    typer.Option(
        "--rule", metavar="NAME", help="A rule of thumb, or the text of the ticket's kill criterion."
    ),
]


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command("snooze")(snooze)
    app.command("wake")(wake)


def snooze(
    key: Key,
    rule: Rule,
    reason: Annotated[str, typer.Option("--reason", help="Why, at least a sentence.")],
    days: Annotated[int, typer.Option("--days", min=1, max=30, help="For how long, 1 to 30.")] = 7,
    project: Project = None,
    json: Json = False,
) -> None:
    """Go on although a rule recommends to kill: it is not pressed for some days, or until another rule recommends it too.

    Example: assay ticket snooze EXP-42 --rule plateau --days 7 --reason "The learning rate was wrong until Monday."
    """
    body = {"rule": rule, "days": days, "reason": reason}
    with connected(project) as api:
        answer = api.in_project("POST", f"/tickets/{key_part(key)}/snoozes", body=body)
    if json:
        print_json(answer.body)
        return
    made = answer.data
    say(f"{made['rule']} is snoozed on {key.upper()} until {made['until'][:10]}. The verdict still says it.")


def wake(key: Key, rule: Rule, project: Project = None, json: Json = False) -> None:
    """Take a snooze back: the rule is pressed again.

    Example: assay ticket wake EXP-42 --rule plateau
    """
    with connected(project) as api:
        path = f"/tickets/{key_part(key)}/snoozes/endings"
        answer = api.in_project("POST", path, body={"rule": rule})
    if json:
        print_json(answer.body)
    else:
        say(f"{answer.data['rule']} is pressed again on {key.upper()}.")


def kill_record(project: Project = None, json: Json = False) -> None:
    """Show what became of the kills that each rule recommended: followed, overruled, and how those ended.

    Example: assay project kill-record
    """
    with connected(project) as api:
        answer = api.in_project("GET", "/kill-record")
    if json:
        print_json(answer.body)
        return
    found = answer.data
    names = (
        "recommended",
        "followed",
        "decided_otherwise",
        "open",
        "overruled",
        "overruled_promoted",
        "overruled_killed",
        "overruled_open",
    )
    table(
        (
            "rule",
            "recommended",
            "killed",
            "promoted",
            "open",
            "overruled",
            "then promoted",
            "then killed",
            "still open",
        ),
        [(row["rule"].replace("_", " "), *(row[name] for name in names)) for row in found["rows"]],
        none="No rule has recommended a kill yet.",
    )
    if found["since"]:
        say(f"Tickets, each once a rule, since {found['since'][:10]}.")
