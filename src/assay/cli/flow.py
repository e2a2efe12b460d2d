"""`assay flow`."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from assay.cli.connection import connected
from assay.cli.options import Json, Project, given
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
    by_sprint: Annotated[
        bool, typer.Option("--by-sprint", help="Instead what happened in each sprint.")
    ] = False,
    project: Project = None,
    json: Json = False,
) -> None:
    """Show how work flows: what was decided, how long it took, what is old. Computed from the journal.

    Example: assay flow --at 2026-05-12 --days 30
    """
    with connected(project) as api:
        if by_sprint:
            answer = api.in_project("GET", "/sprint-flow", query=given(at=at))
        else:
            answer = api.in_project("GET", "/flow", query={"at": at, "days": days})
    if json:
        print_json(answer.body)
    elif by_sprint:
        _say_sprints(answer.data["rows"])
    else:
        _say_flow(answer.data)


def _say_sprints(rows: list[dict[str, Any]]) -> None:
    table(
        ("sprint", "decided", "killed", "data ready on time", "lead time", "blockers"),
        [
            (
                row["name"],
                row["decided"],
                _percent(row["killed"]),
                f"{_percent(row['data'])}; {row['data']['band']}" if row["data"]["of"] else "no data was due",
                _days(row["lead_days_median"]),
                row["blockers_opened"],
            )
            for row in rows
        ],
        none="No sprint was started yet: assay sprint new",
    )


def _percent(share: dict[str, Any]) -> str:
    return (
        "not known" if share["rate"] is None else f"{share['count']} of {share['of']} ({share['rate']:.0%})"
    )


def _days(days: float | None) -> str:
    return "not known" if days is None else duration_text(days)


def _say_flow(found: dict[str, Any]) -> None:
    facts(
        (
            ("days", f"{found['first_day']} to {found['last_day']}"),
            ("decided", found["decided"]),
            ("killed", _with_band(found["killed"])),
            ("promoted", _with_band(found["promoted"])),
            ("with learnings", found["with_learnings"]["text"]),
            ("started and learned", found["learning"]["text"]),
            ("cycle time", _cycle(found)),
            ("lead time", _lead(found["lead"])),
            ("data ready on time", _data(found["data"])),
            ("in progress", found["in_progress"]),
            ("waiting", found["waiting"]),
            ("blockers", _blockers(found["blockers"])),
        )
    )
    for edit in found["bulk_edits"]:
        say(
            f"bulk edit: {edit['items']} cards were moved at once on {edit['at'][:10]}: counted, though it may be tidying up"
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
    kept = found["within_box"]
    boxes = f"{kept['count']} of {kept['of']} within their time box" if kept["of"] else kept["text"]
    return f"{middle} in the middle, 85% within {most}; {boxes}"


def _lead(found: dict[str, Any]) -> str:
    if found["column"] is None:
        return "not known: no column of the board stands for what is in use"
    if found["days_median"] is None:
        return f"not known: {found['deployed']} came to {found['column']} in these days"
    before = _days(found["days_median_before"])
    return f"{_days(found['days_median'])} in the middle, 85% within {_days(found['days_p85'])}; {before} in as many days before"


def _data(found: dict[str, Any]) -> str:
    said = f"{found['ready']['text']}; {found['ready']['band']}"
    return f"{said}; of {found['unknown']} nobody said which data they need" if found["unknown"] else said


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
