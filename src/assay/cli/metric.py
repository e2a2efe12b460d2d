"""`assay metric ...`."""

from __future__ import annotations

from typing import Annotated

import typer

from assay.cli.connection import connected, part
from assay.cli.options import Json, Project, given, group
from assay.cli.screen import print_done, print_json, say, table

app = group("metric", "Declare what the metrics of a project mean.")
Name = Annotated[str, typer.Argument(metavar="NAME", help="As the tracker logs it, such as val/loss.")]


def register(root: typer.Typer) -> None:
    """Add these commands."""
    root.add_typer(app)


@app.command("add")
def add(
    name: Name,
    *,
    direction: Annotated[str, typer.Option("--direction", help="Which way is better: higher or lower.")],
    unit: Annotated[
        str, typer.Option("--unit", help="fraction, number, count, ms, s, min, h, GPU-h, USD, MB or tokens.")
    ] = "number",
    decimals: Annotated[int | None, typer.Option("--decimals", help="Digits shown after the point.")] = None,
    alias: Annotated[
        list[str] | None, typer.Option("--alias", metavar="TEXT", help="Another name it is logged under.")
    ] = None,
    description: Annotated[str, typer.Option("--description", help="What it means to the business.")] = "",
    reading: Annotated[
        str, typer.Option("--reading", help="Value of a run: last, best, 'step N' or 'mean of last N'.")
    ] = "last",
    project: Project = None,
    json: Json = False,
) -> None:
    """Declare a metric, or change its declaration.

    Example: assay metric add accuracy --direction higher --unit fraction
    """
    body = given(
        direction=direction, unit=unit, decimals=decimals, aliases=alias, description=description or None,
        reading=None if reading == "last" else reading,
    )  # fmt: skip
    from assay.domain.kernel.readings import reading_of

    with connected(project) as api:
        answer = api.in_project("PUT", f"/metrics/{part(name)}", body=body)
    if json:
        print_json(answer.body)
    else:
        read = reading_of(answer.data.get("reading", "last")).words
        say(f"{name}: {direction} is better, in {unit}. The value of a run is {read}.")


@app.command("list")
def list_metrics(project: Project = None, json: Json = False) -> None:
    """List the declared metrics.

    Example: assay metric list
    """
    with connected(project) as api:
        answer = api.in_project("GET", "/metrics")
    if json:
        print_json(answer.body)
        return
    table(
        ("name", "better", "unit", "counts", "also logged as", "meaning"),
        [
            (
                row["name"],
                row["direction"],
                row["unit"],
                row.get("reading", "last"),
                ", ".join(row["aliases"]),
                row["description"],
            )
            for row in answer.data["rows"]
        ],
        none="No metrics. Declare one: assay metric add accuracy --direction higher --unit fraction",
    )


@app.command("remove")
def remove(name: Name, project: Project = None, json: Json = False) -> None:
    """Remove a declaration that no criterion uses.

    Example: assay metric remove accuracy
    """
    with connected(project) as api:
        api.in_project("DELETE", f"/metrics/{part(name)}")
    if json:
        print_done(removed=name)
    else:
        say(f"{name} is no longer declared.")
