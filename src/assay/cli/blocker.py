"""`assay blocker`: what is in the way of tickets."""

from __future__ import annotations

from typing import Annotated

import typer

from assay.cli.connection import connected, key_part
from assay.cli.options import Json, Key, Project, group
from assay.cli.screen import print_json, say, shortened, table
from assay.domain.kernel.durations import duration_text

app = group("blocker", "What is in the way of tickets.")


def register(root: typer.Typer) -> None:
    """Add these commands."""
    root.add_typer(app)


@app.command("open")
def open_one(
    key: Key,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What is in the way.")],
    category: Annotated[
        str,
        typer.Option(
            "--category",
            "-c",
            help="data_quality, gpu_shortage, training_diverged, clarity, review or other.",
        ),
    ],
    owner: Annotated[
        str, typer.Option("--owner", help="Who sees to it; else the ticket's owner, or you.")
    ] = "",
    project: Project = None,
    json: Json = False,
) -> None:
    """Say what is in the way of a ticket.

    Example: assay blocker open EXP-42 "No A100 before Thursday" --category gpu_shortage
    """
    body = {"category": category.replace("-", "_"), "text": text, "owner": owner}
    with connected(project) as api:
        answer = api.in_project("POST", f"/tickets/{key_part(key)}/blockers", body=body)
    if json:
        print_json(answer.body)
    else:
        say(f"Blocker {answer.data['number']} of {key.upper()} is open; {answer.data['owner']} sees to it.")


@app.command("close")
def close(
    key: Key,
    resolution: Annotated[str, typer.Argument(metavar="RESOLUTION", help="What took it away.")],
    number: Annotated[
        int | None, typer.Option("--number", "-n", help="Its number, where several are open.")
    ] = None,
    project: Project = None,
    json: Json = False,
) -> None:
    """Say what took a blocker away. What comes back later is a new one.

    Example: assay blocker close EXP-42 "Two were lent by the vision team"
    """
    with connected(project) as api:
        path = f"/tickets/{key_part(key)}/blockers/closings"
        answer = api.in_project("POST", path, body={"resolution": resolution, "number": number})
    if json:
        print_json(answer.body)
        return
    found = answer.data
    say(f"Blocker {found['number']} of {key.upper()} is closed after {duration_text(found['days_open'])}.")


@app.command("list")
def list_all(
    key: Annotated[
        str | None, typer.Argument(metavar="KEY", help="A ticket; left out: the whole project.")
    ] = None,
    state: Annotated[str, typer.Option("--state", help="open, closed or all.")] = "open",
    project: Project = None,
    json: Json = False,
) -> None:
    """List what is in the way, the oldest first.

    Example: assay blocker list --state all
    """
    path = "/blockers" if key is None else f"/tickets/{key_part(key)}/blockers"
    with connected(project) as api:
        answer = api.in_project("GET", path, query={"state": state})
    if json:
        print_json(answer.body)
        return
    table(
        ("key", "no", "category", "open for", "owner", "what", "closed"),
        [
            (
                row["ticket"],
                row["number"],
                row["category"],
                duration_text(row["days_open"]),
                row["owner"],
                shortened(row["text"]),
                row["closed_at"] and f"{row['closed_at'][:10]}: {shortened(row['resolution'], 40)}",
            )
            for row in answer.data["rows"]
        ],
        none="Nothing is in the way." if state == "open" else "No blockers.",
    )
