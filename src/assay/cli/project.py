"""`assay project ...`."""

from __future__ import annotations

from typing import Annotated

import typer

from assay.cli.connection import connected, part
from assay.cli.options import Json, Project, given, group
from assay.cli.prices import prices
from assay.cli.project_rules import Alpha, Ignored, Rules, Strictness, changed, lines
from assay.cli.screen import facts, print_done, print_json, say, table
from assay.cli.ticket_kills import kill_record

app = group("project", "Make, list, show and choose projects.")
Name = Annotated[str, typer.Argument(metavar="NAME", help="Such as support-chatbot.")]


def register(root: typer.Typer) -> None:
    """Add these commands."""
    root.add_typer(app)
    app.command("kill-record")(kill_record)


@app.command("new")
def new(
    name: Name,
    title: Annotated[str, typer.Option("--title", help="As it is shown.")] = "",
    board: Annotated[
        str,
        typer.Option("--board", metavar="TEMPLATE", help="experiment or feature: the board it begins with."),
    ] = "experiment",
    json: Json = False,
) -> None:
    """Start a project with a board to begin with and the default rules.

    Example: assay project new support-chatbot --title "Support chatbot"
    """
    with connected() as api:
        answer = api.ask("POST", "/projects", body={"slug": name, "name": title, "template": board})
    if json:
        print_json(answer.body)
    else:
        say(f"Project {name} is there. Work in it: assay project use {name}")


@app.command("list")
def list_projects(json: Json = False) -> None:
    """List the projects of this installation.

    Example: assay project list
    """
    with connected() as api:
        answer = api.ask("GET", "/projects")
        current = api.settings.project
    if json:
        print_json(answer.body)
        return
    table(
        ("name", "title", "in use"),
        [(row["slug"], row["name"], "yes" if row["slug"] == current else "") for row in answer.data["rows"]],
        none="No projects. Start one: assay project new NAME",
    )


@app.command("show")
def show(name: Name, json: Json = False) -> None:
    """Show a project: its columns and its rules.

    Example: assay project show support-chatbot
    """
    with connected() as api:
        answer = api.ask("GET", f"/projects/{part(name)}")
    if json:
        print_json(answer.body)
        return
    found = answer.data
    facts(
        [
            ("name", found["slug"]),
            ("title", found["name"]),
            ("cadence", found["cadence"]),
            *lines(found["verdicts"]),
            ("a sprint holds", _usual(found["commitments"])),
            ("time zone", found["time_zone"]),
        ]
    )
    print()
    table(
        ("column", "title", "limit", "exit gate"),
        [
            (stage["key"], stage["title"], stage["wip_limit"], stage["gate_text"])
            for stage in found["board"]["stages"]
        ],
    )


@app.command("cadence")
def cadence(
    rhythm: Annotated[
        str | None, typer.Argument(metavar="[CADENCE]", help="scrum, kanban or scrumban; left out: show it.")
    ] = None,
    work: Annotated[
        str | None,
        typer.Option(
            "--work",
            help="Most of the work: experiments, mixed or product. Asks for advice, changes nothing.",
        ),
    ] = None,
    ships_soon: Annotated[
        bool, typer.Option("--ships-soon", help="Something is to reach users within two months.")
    ] = False,
    outside_dates: Annotated[
        bool, typer.Option("--outside-dates", help="Others wait for dates: a release, a demo, a team.")
    ] = False,
    project: Project = None,
    json: Json = False,
) -> None:
    """Show or choose the cadence of a project; with --work, ask which one fits.

    Example: assay project cadence --work mixed --ships-soon
    """
    with connected(project) as api:
        if work is not None:
            asked = {"work": work, "ships_soon": _yes(ships_soon), "outside_dates": _yes(outside_dates)}
            answer = api.in_project("GET", "/cadence/advice", query=asked)
        elif rhythm is None:
            answer = api.in_project("GET", "/cadence")
        else:
            answer = api.in_project("PUT", "/cadence", body={"cadence": rhythm.lower()}, version="*")
    if json:
        print_json(answer.body)
        return
    found = answer.data
    label = found["cadence"].capitalize()
    if work is None:
        say(f"The project works in {label}. {found['means']}")
        return
    say(f"{label} fits:")
    for reason in found["reasons"]:
        say(f"- {reason}")
    say(f"Choose it: assay project cadence {found['cadence']}")


def _yes(said: bool) -> str:
    return "yes" if said else "no"


def _usual(limits: dict[str, int]) -> str:
    return f"up to {limits['experiments']} experiments, {limits['product_tasks']} product tasks"


@app.command("edit")
def edit(
    name: Name,
    *,
    title: Annotated[str | None, typer.Option("--title", help="As it is shown.")] = None,
    experiments: Annotated[
        int | None,
        typer.Option("--experiments", min=0, help="So many a sprint takes in without being asked."),
    ] = None,
    product_tasks: Annotated[
        int | None,
        typer.Option("--product-tasks", min=0, help="So many a sprint takes in without being asked."),
    ] = None,
    time_zone: Annotated[
        str | None,
        typer.Option("--time-zone", help="Whose nights the stand-up means, such as Europe/Berlin."),
    ] = None,
    strictness: Strictness = None,
    alpha: Alpha = None,
    kill_rule: Rules = None,
    ignored_parameter: Ignored = None,
    json: Json = False,
) -> None:
    """Change the title of a project, what a sprint usually holds, where its team works, or how it judges.

    Strictness, alpha and ignored parameters hold for experiments locked from now on, rules of thumb for every open ticket.

    Example: assay project edit support-chatbot --experiments 4 --product-tasks 3
    """
    with connected() as api:
        before = api.ask("GET", f"/projects/{part(name)}").data
        limits = {**before["commitments"], **given(experiments=experiments, product_tasks=product_tasks)}
        verdicts = changed(before["verdicts"], strictness, alpha, kill_rule, ignored_parameter)
        body = given(name=title, commitments=limits, time_zone=time_zone, verdicts=verdicts)
        answer = api.ask("PATCH", f"/projects/{part(name)}", body=body, version=before["version"])
    if json:
        print_json(answer.body)
        return
    say(
        f"{answer.data['name']}: a sprint holds {_usual(answer.data['commitments'])}; "
        f"nights are those of {answer.data['time_zone']}."
    )
    if verdicts is not None:
        facts(lines(answer.data["verdicts"]))


app.command("prices")(prices)


@app.command("use")
def use(name: Name, json: Json = False) -> None:
    """Choose the project that commands mean when none is named.

    Example: assay project use support-chatbot
    """
    from assay.cli.setup import change_setting

    with connected() as api:
        api.ask("GET", f"/projects/{part(name)}")
        change_setting(api.settings.home, "project", name)
    if json:
        print_done(project=name)
    else:
        say(f"Commands now mean project {name}.")
