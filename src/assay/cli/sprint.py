"""`assay sprint ...`."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from assay.cli import ceremonies
from assay.cli.connection import Connection, connected, key_part
from assay.cli.options import Json, Key, Project, given, group
from assay.cli.screen import facts, print_json, say, table
from assay.errors import Invalid

app = group("sprint", "Plan a sprint, commit to running experiments, meet, look back.")
ceremonies.register(app)
Number = Annotated[int, typer.Argument(metavar="NUMBER", help="Number of the sprint.")]
Keys = Annotated[list[str], typer.Argument(metavar="KEY...", help="Ticket keys, such as EXP-42.")]
Name = Annotated[str | None, typer.Option("--name", help="What it is called.")]
Goal = Annotated[str | None, typer.Option("--goal", help="What the team wants to know at its end.")]
Begin = Annotated[str | None, typer.Option("--from", metavar="DAY", help="First day, such as 2026-05-25.")]
End = Annotated[str | None, typer.Option("--to", metavar="DAY", help="Last day, such as 2026-06-05.")]
Days = Annotated[str | None, typer.Option("--person-days", help="Person-days the team has in all.")]
Hours = Annotated[str | None, typer.Option("--gpu-hours", help="GPU-hours the team has in all.")]
Shares = Annotated[
    list[str] | None,
    typer.Option(
        "--share",
        metavar="WORK=PERCENT",
        help="Share of the person-days for exploration, optimisation, data, engineering or reserved; may be repeated.",
    ),
]


def register(root: typer.Typer) -> None:
    """Add these commands."""
    root.add_typer(app)


def _content(
    name: str | None,
    goal: str | None,
    begin: str | None,
    end: str | None,
    demo: str | None = None,
) -> dict[str, Any]:
    return given(name=name, goal=goal, starts_on=begin, ends_on=end, demo=demo and demo.upper())


def _capacity(
    before: dict[str, Any], person_days: str | None, gpu_hours: str | None, shares: list[str] | None
) -> dict[str, Any]:
    """The whole capacity, for a field that is sent replaces the old one whole."""
    people, compute = before.get("person_days", {}), before.get("gpu_hours", {})
    percent = {**people.get("percent", {}), **dict(map(_share, shares or []))}
    return {
        "person_days": {**people, **given(available=person_days), "percent": percent},
        "gpu_hours": {**compute, **given(available=gpu_hours)},
    }


def _share(text: str) -> tuple[str, int]:
    work, _, percent = text.partition("=")
    if not percent.strip().isdigit():
        raise Invalid(
            f"cannot read share {text[:60]!r}: no whole percent after = (expected a form such as data=25)",
            hint="assay sprint edit 6 --share data=25",
            code="share-malformed",
            field="share",
        )
    return work.strip().lower(), int(percent)


@app.command("new")
def new(
    *,
    name: Name = None,
    goal: Goal = None,
    begin: Begin = None,
    end: End = None,
    person_days: Days = None,
    gpu_hours: Hours = None,
    share: Shares = None,
    project: Project = None,
    json: Json = False,
) -> None:
    """Plan the next sprint: as long as the last one, right after it, unless you say otherwise.

    Example: assay sprint new --goal "Know whether reranking pays" --from 2026-05-25 --to 2026-06-05
    """
    with connected(project) as api:
        body = _content(name, goal, begin, end)
        if person_days or gpu_hours or share:
            rows = api.in_project("GET", "/sprints").data["rows"]
            before = rows[-1]["content"]["capacity"] if rows else {}
            body["capacity"] = _capacity(before, person_days, gpu_hours, share)
        answer = api.in_project("POST", "/sprints", body=body)
    _show(answer.body, answer.data, json=json)


@app.command("list")
def list_sprints(project: Project = None, json: Json = False) -> None:
    """List the sprints of a project.

    Example: assay sprint list
    """
    with connected(project) as api:
        answer = api.in_project("GET", "/sprints")
    if json:
        print_json(answer.body)
        return
    table(
        ("number", "name", "state", "from", "to", "goal"),
        [
            (
                one["number"],
                one["content"]["name"],
                one["state"],
                one["content"]["starts_on"],
                one["content"]["ends_on"],
                one["content"]["goal"].partition("\n")[0],
            )
            for one in answer.data["rows"]
        ],
        none="No sprints. Plan one: assay sprint new",
    )


@app.command("show")
def show(number: Number, project: Project = None, json: Json = False) -> None:
    """Show a sprint and everything ever taken into it.

    Example: assay sprint show 6
    """
    with connected(project) as api:
        answer = api.in_project("GET", f"/sprints/{number}")
    _show(answer.body, answer.data, json=json)


@app.command("edit")
def edit(
    number: Number,
    *,
    name: Name = None,
    goal: Goal = None,
    begin: Begin = None,
    end: End = None,
    person_days: Days = None,
    gpu_hours: Hours = None,
    share: Shares = None,
    demo: Annotated[
        str | None, typer.Option("--demo", metavar="KEY", help="The ticket shown at the review.")
    ] = None,
    project: Project = None,
    json: Json = False,
) -> None:
    """Change goal, dates, capacity or demo of a sprint.

    Example: assay sprint edit 6 --person-days 36 --share data=25 --share reserved=12
    """
    with connected(project) as api:
        before = api.in_project("GET", f"/sprints/{number}").data["sprint"]
        body = _content(name, goal, begin, end, demo)
        if person_days or gpu_hours or share:
            body["capacity"] = _capacity(before["content"]["capacity"], person_days, gpu_hours, share)
        answer = api.in_project("PATCH", f"/sprints/{number}", body=body, version=before["version"])
    _show(answer.body, answer.data, json=json)


@app.command("commit")
def commit(
    number: Number,
    keys: Keys,
    yes: Annotated[
        bool, typer.Option("--yes", help="Sure, although it is more than a team usually finishes.")
    ] = False,
    project: Project = None,
    json: Json = False,
) -> None:
    """Take tickets into a sprint: the team agrees to run them, whatever they will show.

    Example: assay sprint commit 6 EXP-58 EXP-53
    """
    body = {"tickets": [key.upper() for key in keys], "confirmed": yes}
    with connected(project) as api:
        answer = api.in_project("POST", f"/sprints/{number}/commitments", body=body)
    _show(answer.body, answer.data, json=json)


@app.command("release")
def release(
    number: Number,
    key: Key,
    reason: Annotated[str, typer.Option("--reason", help="Why; needed once the sprint runs.")] = "",
    project: Project = None,
    json: Json = False,
) -> None:
    """Take a ticket out of a sprint.

    Example: assay sprint release 6 EXP-51 --reason "Labels come in June."
    """
    with connected(project) as api:
        path = f"/sprints/{number}/commitments/{key_part(key)}/release"
        answer = api.in_project("POST", path, body={"reason": reason})
    _show(answer.body, answer.data, json=json)


@app.command("extend")
def extend(
    number: Number,
    key: Key,
    reason: Annotated[str, typer.Option("--reason", help="Why; empty takes the flag back.")],
    project: Project = None,
    json: Json = False,
) -> None:
    """Flag an experiment that needs longer than its sprint.

    Example: assay sprint extend 6 EXP-42 --reason "Two more seeds settle it."
    """
    with connected(project) as api:
        path = f"/sprints/{number}/commitments/{key_part(key)}/extension"
        answer = api.in_project("PUT", path, body={"reason": reason})
    _show(answer.body, answer.data, json=json)


@app.command("improve")
def improve(
    number: Number,
    title: Annotated[str, typer.Argument(metavar="TITLE", help="What will be done.")],
    project: Project = None,
    json: Json = False,
) -> None:
    """Make a ticket of the one improvement that the retro picked; the next retro opens with it.

    Example: assay sprint improve 6 "Log the seed of every run"
    """
    with connected(project) as api:
        answer = api.in_project("POST", f"/sprints/{number}/improvement", body={"title": title})
    _show(answer.body, answer.data, json=json)


@app.command("start")
def start(
    number: Number,
    yes: Annotated[
        bool, typer.Option("--yes", help="Sure, although what is carried over makes it more than usual.")
    ] = False,
    project: Project = None,
    json: Json = False,
) -> None:
    """Start a planned sprint. From here on changes of its scope are recorded as such.

    Example: assay sprint start 6
    """
    _turn(project, number, "start", body={"confirmed": yes}, json=json)


@app.command("end")
def end_(number: Number, project: Project = None, json: Json = False) -> None:
    """End the running sprint.

    Example: assay sprint end 6
    """
    _turn(project, number, "end", json=json)


@app.command("reopen")
def reopen(number: Number, project: Project = None, json: Json = False) -> None:
    """Let the sprint that ended last go on, where it was ended by mistake.

    Example: assay sprint reopen 6
    """
    _turn(project, number, "reopen", json=json)


@app.command("cancel")
def cancel(
    number: Number,
    reason: Annotated[str, typer.Option("--reason", help="Why.")] = "",
    project: Project = None,
    json: Json = False,
) -> None:
    """Give up a planned sprint: what is committed goes out, and it stays in the list.

    Example: assay sprint cancel 6 --reason "The team is on another project."
    """
    _turn(project, number, "cancel", body={"reason": reason}, json=json)


@app.command("restore")
def restore(number: Number, project: Project = None, json: Json = False) -> None:
    """Plan a cancelled sprint again, with those of its tickets that are still open and in no other planned sprint.

    Example: assay sprint restore 6
    """
    _turn(project, number, "restore", json=json)


def _turn(
    project: str | None, number: int, verb: str, *, body: dict[str, Any] | None = None, json: bool
) -> None:
    with connected(project) as api:
        version = _version(api, number)
        answer = api.in_project("POST", f"/sprints/{number}/{verb}", body=body, version=version)
    _show(answer.body, answer.data, json=json)


def _version(api: Connection, number: int) -> int:
    return int(api.in_project("GET", f"/sprints/{number}").data["sprint"]["version"])


def _show(body: bytes, plan: dict[str, Any], *, json: bool) -> None:
    if json:
        print_json(body)
        return
    sprint = plan["sprint"]
    content, capacity = sprint["content"], sprint["content"]["capacity"]
    number, name = f"Sprint {sprint['number']}", content["name"]
    say(f"{number}  ({sprint['state']})" if name == number else f"{number}  {name}  ({sprint['state']})")
    facts(
        [
            ("goal", content["goal"]),
            ("days", f"{content['starts_on']} to {content['ends_on']}"),
            ("person-days", _split(capacity["person_days"])),
            ("GPU-hours", _split(capacity["gpu_hours"])),
            ("demo", content["demo"]),
            ("improvement", sprint["retro"]["improvement"]),
        ]
    )
    print()
    table(
        ("ticket", "taken in", "by", "note"),
        [
            (made["ticket"], made["added_at"][:10], made["added_by"], _note(made))
            for made in plan["commitments"]
        ],
        none=f"Nothing is committed. Take something in: assay sprint commit {sprint['number']} EXP-1",
    )
    for line in plan["conflicts"]:
        say(line)


def _split(split: dict[str, Any]) -> str | None:
    shares = ", ".join(f"{name} {percent}%" for name, percent in split["percent"].items())
    total = split["available"]
    return "; ".join(part for part in (total and f"{total} in all", shares) if part) or None


def _note(made: dict[str, Any]) -> str:
    if made["removed_at"]:
        return f"taken out {made['removed_at'][:10]}: {made['removed_reason'] or 'no reason given'}"
    if made["extension_reason"]:
        return f"needs longer: {made['extension_reason']}"
    return "after the start" if made["after_start"] else ""
