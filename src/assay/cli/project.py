"""`assay project ...`."""

from __future__ import annotations

from typing import Annotated

import typer

from assay.cli.connection import connected, part
from assay.cli.options import Json, group
from assay.cli.screen import facts, print_json, say, table

app = group("project", "Make, list, show and choose projects.")
Name = Annotated[str, typer.Argument(metavar="NAME", help="Such as support-chatbot.")]


def register(root: typer.Typer) -> None:
    """Add these commands."""
    root.add_typer(app)


@app.command("new")
def new(
    name: Name,
    title: Annotated[str, typer.Option("--title", help="As it is shown.")] = "",
    board: Annotated[
        str,
        typer.Option("--board", metavar="TEMPLATE", help="experiment or feature: the board it begins with."),
    ] = "experiment",
    json: Json = False,
) -> None:
    """Start a project with a board to begin with and the default rules.

    Example: assay project new support-chatbot --title "Support chatbot"
    """
    with connected() as api:
        answer = api.ask("POST", "/projects", body={"slug": name, "name": title, "template": board})
    if json:
        print_json(answer.body)
    else:
        say(f"Project {name} is there. Work in it: assay project use {name}")


@app.command("list")
def list_projects(json: Json = False) -> None:
    """List the projects of this installation.

    Example: assay project list
    """
    with connected() as api:
        answer = api.ask("GET", "/projects")
        current = api.settings.project
    if json:
        print_json(answer.body)
        return
    table(
        ("name", "title", "in use"),
        [(row["slug"], row["name"], "yes" if row["slug"] == current else "") for row in answer.data["rows"]],
        none="No projects. Start one: assay project new NAME",
    )


@app.command("show")
def show(name: Name, json: Json = False) -> None:
    """Show a project: its columns and its rules.

    Example: assay project show support-chatbot
    """
    with connected() as api:
        answer = api.ask("GET", f"/projects/{part(name)}")
    if json:
        print_json(answer.body)
        return
    found = answer.data
    rules = found["verdicts"]
    facts(
        [
            ("name", found["slug"]),
            ("title", found["name"]),
            ("strictness", rules["strictness"]),
            ("alpha", rules["alpha"]),
            ("kill rules", ", ".join(rules["kill_rules"]["enabled"])),
        ]
    )
    print()
    table(
        ("column", "title", "limit", "exit gate"),
        [
            (stage["key"], stage["title"], stage["wip_limit"], stage["gate_text"])
            for stage in found["board"]["stages"]
        ],
    )


@app.command("use")
def use(name: Name) -> None:
    """Choose the project that commands mean when none is named.

    Example: assay project use support-chatbot
    """
    from assay.cli.setup import change_setting

    with connected() as api:
        api.ask("GET", f"/projects/{part(name)}")
        change_setting(api.settings.home, "project", name)
    say(f"Commands now mean project {name}.")
