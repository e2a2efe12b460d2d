"""`assay flow`."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from assay.cli.connection import connected
from assay.cli.options import Json, Project
from assay.cli.screen import facts, print_json, say, shortened, table
from assay.domain.kernel.durations import duration_text


def register(root: typer.Typer) -> None:
    """Add these commands."""
    root.command("flow")(flow)


def flow(
    at: Annotated[
        str | None,
        typer.Option("--at", metavar="DAY", help="As of the end of a past day, or of a time; left out: now."),
    ] = None,
    days: Annotated[int, typer.Option("--days", help="Length of the window, 1 to 3660.")] = 90,
    project: Project = None,
    json: Json = False,
) -> None:
    """Show how work flows: what was decided, how long it took, what is old. Computed from the journal.

    Example: assay flow --at 2026-05-12 --days 30
    """
    with connected(project) as api:
        answer = api.in_project("GET", "/flow", query={"at": at, "days": days})
    if json:
        print_json(answer.body)
        return
    found = answer.data
    facts(
        (
            ("days", f"{found['first_day']} to {found['last_day']}"),
            ("decided", found["decided"]),
            ("killed", _with_band(found["killed"])),
            ("promoted", _with_band(found["promoted"])),
            ("with learnings", found["with_learnings"]["text"]),
            ("cycle time", _cycle(found)),
            ("in progress", found["in_progress"]),
            ("waiting", found["waiting"]),
            ("blockers", _blockers(found["blockers"])),
        )
    )
    for edit in found["bulk_edits"]:
        say(
            f"{edit['items']} cards were moved at once on {edit['at'][:10]}: counted, though it may be tidying up"
        )
    print()
    if found["blockers"]["costs"]:
        table(
            ("in the way", "blockers", "days", "still open", "tickets"),
            [
                (
                    one["label"],
                    one["blockers"],
                    f"{one['days']:.1f}",
                    one["open"],
                    ", ".join(one["tickets"][:5]),
                )
                for one in found["blockers"]["costs"]
            ],
        )
        print()
    table(
        ("key", "title", "column", "there for", "85% leave within"),
        [
            (age["key"], shortened(age["title"]), age["stage"], duration_text(age["days"]), _usual(age))
            for age in found["ages"]
        ],
        none="Nothing is in progress.",
    )


def _with_band(share: dict[str, Any]) -> str:
    return f"{share['text']}; {share['band']}"


def _cycle(found: dict[str, Any]) -> str:
    if found["cycle_days_median"] is None:
        return "not known yet: nothing was decided in these days"
    middle, most = (duration_text(found[name]) for name in ("cycle_days_median", "cycle_days_p85"))
    return f"{middle} in the middle, 85% within {most}"


def _blockers(found: dict[str, Any]) -> str:
    if not found["opened"]:
        return f"none opened, {len(found['open'])} open"
    least = "at least " if found["median_is_at_least"] else ""
    middle = f"{least}{duration_text(found['median_days_open'])}"
    return f"{found['opened']} opened, {middle} open in the middle; {len(found['open'])} open"


def _usual(age: dict[str, Any]) -> str:
    if age["usual_days"] is None:
        return "not known yet"
    return f"{duration_text(age['usual_days'])}{', older than that' if age['is_old'] else ''}"
