"""`assay ticket jobs`: where the jobs stand that pipelines run for a ticket."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import typer

from assay.cli.connection import connected, key_part
from assay.cli.options import Json, Key, Project
from assay.cli.screen import print_json, say, table
from assay.domain.kernel.durations import duration_text


def register(app: typer.Typer) -> None:
    """Add this command."""
    app.command("jobs")(jobs)


def jobs(key: Key, project: Project = None, json: Json = False) -> None:
    """Show where the jobs stand that pipelines run for a ticket. A job that failed changes no verdict.

    Example: assay ticket jobs EXP-42
    """
    with connected(project) as api:
        answer = api.in_project("GET", f"/tickets/{key_part(key)}/jobs")
    if json:
        print_json(answer.body)
        return
    table(
        ("job", "state", "began, UTC", "ended, UTC", "why"),
        [_row(line["level"], line["job"]) for line in answer.data["rows"]],
        none=f"No pipeline told of a job for {key.upper()}. How they do: docs/pipelines.md",
    )
    for one in answer.data["unread"]:
        say(_unread(one))
    if answer.data["more"]:
        say(f"Only the {len(answer.data['rows'])} with the newest events are shown.")


def _unread(one: dict[str, Any]) -> str:
    read = ""
    if one["read_at"] is not None:
        read = f" since {_minute(one['read_at'])} UTC, {_age(one['read_at'])} ago"
    return f"Jobs of {one['name']} may have moved on{read}: {one['why'] or 'it is no longer connected'}"


def _age(moment: str) -> str:
    return duration_text((datetime.now(UTC) - datetime.fromisoformat(moment)) / timedelta(days=1))


def _row(level: int, job: dict[str, Any]) -> tuple[str, ...]:
    state = "not known" if job["state"] == "unknown" else job["state"]
    name = "  " * min(level, 6) + job["job"]
    return name, state, _minute(job["started_at"]), _minute(job["ended_at"]), job["error"]


def _minute(moment: str | None) -> str:
    return "" if moment is None else moment[:16].replace("T", " ")
