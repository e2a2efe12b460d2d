"""`assay backlog`, and the same change on many tickets."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from assay.cli.connection import connected
from assay.cli.options import Json, Project, given
from assay.cli.screen import print_json, say, shortened, table
from assay.errors import Invalid


def register(root: typer.Typer) -> None:
    """Add these commands."""
    root.command("backlog")(backlog)


def register_verbs(app: typer.Typer) -> None:
    """Add the verb of `assay ticket`."""
    app.command("bulk")(bulk)


def backlog(project: Project = None, json: Json = False) -> None:
    """Show what nobody has begun: the product backlog and the experiment backlog, each in its order.

    Change the order with assay move KEY backlog --above OTHER. Example: assay backlog
    """
    with connected(project) as api:
        answer = api.in_project("GET", "/backlog")
    if json:
        print_json(answer.body)
        return
    for title, name in (("Product backlog", "product"), ("Experiment backlog", "experiment")):
        found = answer.data[name]
        more = f", the first {len(found['rows'])}" if found["total"] > len(found["rows"]) else ""
        say(f"{title}: {found['total']}{more}")
        table(
            ("key", "title", "owner", "priority", "GPU-h", "days", "labels"),
            [_row(row) for row in found["rows"]],
            none="  nothing waits",
        )
        say("")


def _row(row: dict[str, Any]) -> tuple[Any, ...]:
    return (
        row["key"],
        shortened(row["title"]),
        row["owner"],
        row["priority"],
        row["gpu_hours"],
        row["time_box_days"],
        ", ".join(row["labels"]),
    )


def bulk(
    keys: Annotated[list[str] | None, typer.Argument(metavar="KEY...", help="Keys of the tickets.")] = None,
    *,
    owner: Annotated[str | None, typer.Option("--owner", help="New owner; '' for nobody.")] = None,
    priority: Annotated[int | None, typer.Option("--priority", help="0 is most urgent, 4 least.")] = None,
    axis: Annotated[str | None, typer.Option("--axis", help="The knob they turn; none clears it.")] = None,
    mode: Annotated[str | None, typer.Option("--mode", help="explore or exploit; none clears it.")] = None,
    add_label: Annotated[
        list[str] | None, typer.Option("--add-label", metavar="TEXT", help="May be repeated.")
    ] = None,
    remove_label: Annotated[
        list[str] | None, typer.Option("--remove-label", metavar="TEXT", help="May be repeated.")
    ] = None,
    undo: Annotated[
        str | None, typer.Option("--undo", metavar="FIRST-LAST", help="Take a bulk edit back.")
    ] = None,
    project: Project = None,
    json: Json = False,
) -> None:
    """Change many tickets alike: all of them, or none. Says how to take it back.

    Example: assay ticket bulk EXP-3 EXP-4 EXP-9 --owner ada --add-label sprint-12
    """
    if undo is not None:
        path = "/bulk-edits/undo"
        body: dict[str, Any] = {**_range(undo)}
    else:
        fields: dict[str, Any] = {} if owner is None else {"owner": owner}
        fields |= given(priority=priority)
        fields |= {
            name: None if value == "none" else value for name, value in given(axis=axis, mode=mode).items()
        }
        path = "/bulk-edits"
        body = {
            "tickets": [{"key": key.upper()} for key in keys or []],
            "set": fields,
            "add_labels": add_label or [],
            "remove_labels": remove_label or [],
        }
    with connected(project) as api:
        answer = api.in_project("POST", path, body=body)
    if json:
        print_json(answer.body)
        return
    for name in ("changed", "unchanged"):
        if answer.data[name]:
            say(f"{len(answer.data[name])} {name}: {', '.join(answer.data[name])}")
    if answer.data["first_seq"] is not None:
        say(f"Take it back: assay ticket bulk --undo {answer.data['first_seq']}-{answer.data['last_seq']}")


def _range(text: str) -> dict[str, int]:
    first, dash, last = text.partition("-")
    if not (dash and first.isascii() and first.isdigit() and last.isascii() and last.isdigit()):
        raise Invalid(
            f"cannot read option --undo: found {text[:40]!r} (expected two journal numbers such as 120-134)",
            hint="the bulk edit printed them",
            code="range-malformed",
            field="undo",
        )
    return {"first_seq": int(first[:18]), "last_seq": int(last[:18])}
