"""`assay ticket kill-stale`."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from assay.cli.connection import connected
from assay.cli.options import Json, Project
from assay.cli.screen import print_json, say, shortened, table
from assay.domain.kernel.durations import duration_text
from assay.errors import Invalid


def register_verbs(app: typer.Typer) -> None:
    """Add the verb of `assay ticket`."""
    app.command("kill-stale")(kill_stale)


def kill_stale(
    learned: Annotated[
        list[str] | None,
        typer.Option("--learned", metavar="KEY=TEXT", help="What was learned of a ticket; may be repeated."),
    ] = None,
    *,
    reason: Annotated[str, typer.Option("--reason", help="Why, where no verdict says kill.")] = "",
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Kill them; without it they are only shown.")
    ] = False,
    project: Project = None,
    json: Json = False,
) -> None:
    """Show what is stale, and kill those of it of which you say what was learned: all of them, or none.

    Example: assay ticket kill-stale --learned EXP-3="Rank 8 underfits long answers." --reason "Nobody took it up." --yes
    """
    lessons = _lessons(learned or [])
    with connected(project) as api:
        answer = api.in_project("GET", "/stale")
        if yes:
            body = {"kills": _kills(lessons, answer.data["rows"]), "reason": reason}
            answer = api.in_project("POST", "/stale/kills", body=body)
    if json:
        print_json(answer.body)
    elif yes:
        for row in answer.data["rows"]:
            to = row["moved_to"] or f"not moved: {row['not_moved_because']}"
            say(f"{row['ticket']['key']} killed ({to})")
    else:
        _show(answer.data["rows"], lessons)


def _lessons(given: list[str]) -> dict[str, str]:
    found = {}
    for text in given:
        key, equals, lesson = text.partition("=")
        if not equals or not key.strip():
            raise Invalid(
                f"cannot read option --learned: found {text[:40]!r} (expected KEY=TEXT)",
                hint='write it such as --learned EXP-3="Rank 8 underfits long answers."',
                code="learned-malformed",
                field="learned",
            )
        found[key.strip().upper()] = lesson
    return found


def _kills(lessons: dict[str, str], rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    if not lessons:
        raise Invalid(
            "cannot kill stale tickets: none is named (expected what was learned of each that is to be killed)",
            hint='name them: assay ticket kill-stale --learned EXP-3="what was learned" --yes',
            code="stale-none-chosen",
            field="learned",
        )
    versions = {row["key"]: row["version"] for row in rows}
    return [{"key": key, "learnings": text, "version": versions.get(key)} for key, text in lessons.items()]


def _show(rows: list[dict[str, Any]], lessons: dict[str, str]) -> None:
    table(
        ("key", "title", "stale", "verdict", "then"),
        [
            (
                row["key"],
                shortened(row["title"]),
                _why(row),
                row["verdict"] or "none yet",
                _then(row, lessons),
            )
            for row in rows
        ],
        none="Nothing is stale.",
    )
    for key in sorted(lessons.keys() - {row["key"] for row in rows}):
        say(f"{key} is not stale: it would be refused, and the others with it.")
    if rows:
        named = any(not row["why_not"] and row["key"] in lessons for row in rows)
        say(
            "Nothing was changed. The same with --yes kills them."
            if named
            else "Nothing was changed. Say what was learned: --learned KEY=TEXT"
        )


def _why(row: dict[str, Any]) -> str:
    days = duration_text(row["days"])
    return f"time box over for {days}" if row["why"] == "overdue" else f"no sign of life for {days}"


def _then(row: dict[str, Any], lessons: dict[str, str]) -> str:
    if row["why_not"]:
        return f"cannot be killed here: {row['do']}"
    return "would be killed" if row["key"] in lessons else "stays"
