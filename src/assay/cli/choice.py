"""`assay choice`: build, fine-tune or buy, and why."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from assay.bootstrap import read_text
from assay.cli.connection import connected, part
from assay.cli.files import write_over
from assay.cli.options import Json, Project, group
from assay.cli.screen import facts, print_done, print_json, say, table

app = group("choice", "Build, fine-tune or buy, and why.")
Name = Annotated[str, typer.Argument(metavar="NAME", help="Name of the comparison.")]
File = Annotated[Path, typer.Argument(metavar="FILE", help="A YAML file.")]


def register(root: typer.Typer) -> None:
    """Add these commands."""
    root.add_typer(app)


@app.command("list")
def list_all(project: Project = None, json: Json = False) -> None:
    """List the comparisons of a project, with what was decided.

    Example: assay choice list
    """
    with connected(project) as api:
        answer = api.in_project("GET", "/build-or-buy")
    if json:
        print_json(answer.body)
        return
    table(
        ("name", "question", "decided for", "version"),
        [
            (one["name"], one["choice"]["question"], one["choice"]["chosen"] or "open", one["version"])
            for one in answer.data["rows"]
        ],
        none="Nothing is compared yet. Write a file and bring it in: assay choice import NAME FILE",
    )


@app.command("show")
def show(name: Name, project: Project = None, json: Json = False) -> None:
    """Show what each option costs over one, two and three years, and what was decided.

    Example: assay choice show postcodes
    """
    with connected(project) as api:
        answer = api.in_project("GET", f"/build-or-buy/{part(name)}")
    if json:
        print_json(answer.body)
        return
    choice = answer.data["choice"]
    say(choice["question"])
    facts([("decided for", choice["chosen"] or "open"), ("reason", choice["reason"])])
    print()
    table(
        ("option", "route", "1 year", "2 years", "3 years", "leaving", "may see the data", "fast enough"),
        [_row(one) for one in answer.data["compared"]],
        none="No option yet.",
    )


def _row(one: dict[str, Any]) -> tuple[str, ...]:
    words = {True: "yes", False: "no", None: "unknown"}
    leaving = one["option"]["exit_usd"]
    return (
        one["option"]["name"],
        one["option"]["route"],
        *(_usd(cost["usd"]) for cost in one["costs"]),
        _usd(leaving),
        words[one["sees_data"]],
        words[one["fast_enough"]],
    )


def _usd(text: str | None) -> str:
    return "unknown" if text is None else f"{float(text):,.0f} USD"


@app.command("export")
def export(name: Name, file: File, project: Project = None, json: Json = False) -> None:
    """Write a comparison to a YAML file; importing it changes nothing.

    Example: assay choice export postcodes postcodes.yaml
    """
    with connected(project) as api:
        answer = api.in_project("GET", f"/build-or-buy/{part(name)}", query={"format": "yaml"})
    write_over(file, answer.body)
    if json:
        print_done(name=name, written=str(file))
    else:
        say(f"Comparison {name} written to {file}")


@app.command("import")
def import_file(name: Name, file: File, project: Project = None, json: Json = False) -> None:
    """Write a comparison, or the decision into it, from a YAML file. The same file again changes nothing.

    Example: assay choice import postcodes postcodes.yaml
    """
    text = read_text(file)
    with connected(project) as api:
        rows = api.in_project("GET", "/build-or-buy").data["rows"]
        version = next((one["version"] for one in rows if one["name"] == name), 0)
        answer = api.in_project("PUT", f"/build-or-buy/{part(name)}", body={"text": text}, version=version)
    if json:
        print_json(answer.body)
    else:
        say(f"Comparison {name} is kept, version {answer.data['version']}.")
