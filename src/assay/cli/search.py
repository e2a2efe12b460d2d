"""`assay search`."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from assay.cli.connection import connected
from assay.cli.options import Json, Project
from assay.cli.screen import print_json, shortened, table


def register(root: typer.Typer) -> None:
    """Add these commands."""
    root.command("search")(search)


def search(
    text: Annotated[str, typer.Argument(metavar="TEXT", help="Words that all must match.")],
    similar: Annotated[
        bool, typer.Option("--similar", help="Past tickets that share telling words: was it tried before?")
    ] = False,
    limit: Annotated[int, typer.Option("--limit", help="1 to 200.")] = 20,
    project: Project = None,
    json: Json = False,
) -> None:
    """Find tickets by their words, best first.

    Example: assay search "label smoothing"
    """
    with connected(project) as api:
        path = "/tried-before" if similar else "/search"
        answer = api.in_project("GET", path, query={"q": text, "limit": limit})
    if json:
        print_json(answer.body)
        return
    rows = answer.data["rows"]
    table(
        ("key", "title", "column", "decision", "why" if similar else "where"),
        [
            (
                hit["key"],
                shortened(hit["title"]),
                hit["stage"],
                hit["decision"],
                _where(hit),
            )
            for hit in rows
        ],
        none="Nothing found.",
    )


def _where(hit: dict[str, Any]) -> str:
    if hit["shared"]:
        return f"both say: {', '.join(hit['shared'])}"
    return shortened(hit["excerpt"], 80)
