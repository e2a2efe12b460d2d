"""`assay inbox`: what others did on the tickets that somebody follows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from assay.cli.connection import connected
from assay.cli.options import Json, Project, given
from assay.cli.screen import print_json, say, shortened, table

SAID = ("text", "reason", "learnings", "resolution", "headline", "after", "name", "other", "item")
"""Where an entry says most of what it is about, the most telling first."""


def register(root: typer.Typer) -> None:
    """Add this command."""
    root.command("inbox")(inbox)


def inbox(
    who: Annotated[str | None, typer.Option("--who", metavar="NAME", help="Whose; else yours.")] = None,
    read: Annotated[bool, typer.Option("--read", help="Mark all of it as read.")] = False,
    read_up_to: Annotated[
        int | None,
        typer.Option(
            "--read-up-to",
            metavar="N",
            help="Mark as read up to a journal number; a smaller one takes it back.",
        ),
    ] = None,
    before: Annotated[int | None, typer.Option("--before", help="Older than this journal number.")] = None,
    limit: Annotated[int, typer.Option("--limit", help="1 to 200.")] = 50,
    project: Project = None,
    json: Json = False,
) -> None:
    """Show what others did on the tickets you follow, newest first.

    Example: assay inbox --read
    """
    with connected(project) as api:
        answer = api.in_project("GET", "/inbox", query=given(who=who, before=before, limit=limit))
        up_to = answer.data["last_seq"] if read and read_up_to is None else read_up_to
        marked = (
            None if up_to is None else api.in_project("PUT", "/inbox", body={"read_up_to": up_to, "who": who})
        )
    if json:
        print_json((marked or answer).body)
        return
    _show(answer.data)
    if marked is not None:
        whose = f" --who {who}" if who else ""
        say(f"Read up to {up_to}. To take it back: assay inbox{whose} --read-up-to {marked.data['before']}")


def _show(data: Mapping[str, Any]) -> None:
    none = (
        "Nothing yet on the tickets you follow."
        if data["follows"]
        else "You follow no ticket yet: assay ticket watch EXP-1"
    )
    table(
        ("new", "seq", "when", "who", "ticket", "what", "said"),
        [
            (
                ("@" if row["mentions"] else "new") if row["is_new"] else "",
                row["seq"],
                row["at"][:16],
                row["actor"],
                row["ticket"],
                row["kind"],
                shortened(_said(row["payload"]), 80),
            )
            for row in data["rows"]
        ],
        none=none,
    )
    if data["rows"]:
        say(f"{data['unread']} new.")
    if data["next_before"]:
        say(f"Older ones: --before {data['next_before']}")


def _said(payload: Mapping[str, Any]) -> str:
    return next((value for name in SAID if isinstance(value := payload.get(name), str) and value), "")
