"""`assay plan`."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from assay.cli.connection import Connection, connected
from assay.cli.options import Json, Project, given
from assay.cli.screen import facts, print_json, say, shortened, table


def register(root: typer.Typer) -> None:
    """Add these commands."""
    root.command("plan")(plan)


def plan(
    per: Annotated[
        str | None,
        typer.Option("--per", metavar="COST", help="gpu-hour or person-day: which cost is scarce."),
    ] = None,
    begin: Annotated[
        str | None,
        typer.Option("--from", metavar="DAY", help="First day of the sprint; left out: the next Monday."),
    ] = None,
    end: Annotated[
        str | None, typer.Option("--to", metavar="DAY", help="Last day; left out: two weeks.")
    ] = None,
    by_delay: Annotated[
        bool, typer.Option("--by-delay", help="By cost of delay over job size instead.")
    ] = False,
    since: Annotated[
        str | None,
        typer.Option(
            "--since",
            metavar="DAY",
            help="Instead: how good were the chances given for what was decided since?",
        ),
    ] = None,
    project: Project = None,
    json: Json = False,
) -> None:
    """Rank the experiments that could be run next, say why, and whether they fit into a sprint.

    Example: assay plan --from 2026-05-25 --to 2026-06-05
    """
    with connected(project) as api:
        if since is not None:
            _say_calls(api, since, end, per, json=json)
            return
        answer = api.in_project("GET", "/planning", query=given(per=per, starts_on=begin, ends_on=end))
    if json:
        print_json(answer.body)
        return
    _say_plan(answer.data, by_delay=by_delay)


def _say_plan(found: dict[str, Any], *, by_delay: bool) -> None:
    say(f"{found['starts_on']} to {found['ends_on']}, {found['days']} working days")
    print()
    rows = {row["key"]: row for row in found["candidates"]}
    if not rows:
        say('No experiment waits to be run. Write one: assay ticket new "..." --predict chance=35%')
        return
    ordered = found["by_cost_of_delay"] if by_delay else found["candidates"]
    for row in ordered:
        one = rows[row["key"]]
        moved = one["place"] and not by_delay
        hand = f" (by hand, computed {one['computed_rank']}: {one['place']['reason']})" if moved else ""
        say(f"{row['rank']}. {row['key']}  {shortened(one['title'])}{hand}")
        say(f"   {row['sentence']}")
        say(f"   {one['fit']}: {one['feasibility']}{_remedies(one)}")
        open_items = [item["title"] for item in one["ready"] if item["outcome"] != "met"]
        if open_items:
            say(f"   not ready: {', '.join(open_items)}")
    print()
    if not by_delay:
        say(f"Worth is {found['scale_text']}.")
    say(found["score_text"])


def _remedies(one: dict[str, Any]) -> str:
    return (
        f". To mend it: {', or '.join(one['remedies'])}"
        if one["remedies"] and one["fit"] != "not known"
        else ""
    )


def _say_calls(api: Connection, since: str, until: str | None, per: str | None, *, json: bool) -> None:
    answer = api.in_project("GET", "/planning/calls", query=given(since=since, until=until, per=per))
    if json:
        print_json(answer.body)
        return
    found = answer.data
    say(found["score_text"])
    facts([("ranking", None if found["paid"] is None else found["paid"]["text"])])
    print()
    table(
        ("key", "decided", "chance given", "came true", "shipped", "gain"),
        [
            (
                call["key"],
                call["decided_at"][:10],
                None if call["said"] is None else f"{call['said']:.0%}",
                "yes" if call["hit"] else "no",
                "yes" if call["shipped"] else "no",
                None if call["gain"] is None else f"{call['gain']:+.4g}",
            )
            for call in found["calls"]
        ],
        none="Nothing was decided in these days.",
    )
