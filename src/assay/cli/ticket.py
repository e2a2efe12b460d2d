"""`assay ticket ...`: write, read and change tickets."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from assay.cli import backlog, stale, ticket_company, ticket_files, ticket_jobs, ticket_more
from assay.cli.connection import connected, key_part
from assay.cli.options import Json, Key, Phase, Project, Stale, Waiting, given, group
from assay.cli.screen import print_json, say, shortened, table
from assay.cli.ticket_fields import (
    Amend,
    Axis,
    Baselines,
    Blocking,
    Candidate,
    Cost,
    Days,
    File,
    GpuHours,
    Gpus,
    Hypothesis,
    Kill,
    KillRules,
    Labels,
    Method,
    Mode,
    Own,
    Owner,
    Predictions,
    Primary,
    Priority,
    Secondary,
    Sprints,
    Trackers,
    TypeName,
    addresses,
    fields_of,
    kill_rules_of,
    over,
    own_fields,
    prediction_of,
)

app = group("ticket", "Write, read and change tickets.")


def register(root: typer.Typer) -> None:
    """Add these commands."""
    root.add_typer(app)


@app.command("new")
def new(
    title: Annotated[
        str | None, typer.Argument(metavar="TITLE", help="What is tried, in a few words.")
    ] = None,
    *,
    hypothesis: Hypothesis = None,
    primary: Primary = None,
    secondary: Secondary = None,
    blocking: Blocking = None,
    kill: Kill = None,
    baseline: Baselines = None,
    gpu_hours: GpuHours = None,
    cost_usd: Cost = None,
    gpus: Gpus = None,
    days: Days = None,
    sprints: Sprints = None,
    type_name: TypeName = None,
    owner: Owner = None,
    mode: Mode = None,
    axis: Axis = None,
    priority: Priority = None,
    label: Labels = None,
    method: Method = None,
    candidate: Candidate = None,
    tracker: Trackers = None,
    own: Own = None,
    predict: Predictions = None,
    kill_rule: KillRules = None,
    file: File = None,
    project: Project = None,
    json: Json = False,
) -> None:
    """Write a new ticket into the first column; say what was tried before, and what it lacks to start.

    Example: assay ticket new "Fine-tune 8B" --hypothesis "Lifts accuracy from 72% to 85%." --primary "accuracy >= 85%"
    --kill "accuracy < 78% after training" --baseline accuracy=0.72 --gpu-hours 24
    """
    said = given(
        title=title, hypothesis=hypothesis, method=method, type=type_name, gpus=gpus, time_box_days=days, time_box_sprints=sprints,
        owner=owner, mode=mode, axis=axis, priority=priority, labels=label, candidate=candidate, trackers=addresses(tracker),
        **own_fields(own),
    )  # fmt: skip
    fields = fields_of(
        file,
        prediction_of(predict) | kill_rules_of(kill_rule) | said,
        criteria=given(primary=primary, secondary=secondary, blocking=blocking, kill=kill),
        baselines=baseline or [],
        budget=given(gpu_hours=gpu_hours, cost_usd=cost_usd),
    )
    with connected(project) as api:
        # Asked before it is written: afterwards it would be most like itself.
        check = {} if json else api.in_project("POST", "/tickets/check", body=fields).data
        answer = api.in_project("POST", "/tickets", body=fields)
    if json:
        print_json(answer.body)
    else:
        _say_written(answer.data, check)


def _say_written(ticket: dict[str, Any], check: dict[str, Any]) -> None:
    say(f"{ticket['key']}  {ticket['title']}")
    for hit in check["similar"]:
        say(f"  tried before: {_tried(hit)}")
    for problem in check["problems"]:
        say(f"  before it can start: {problem['text']} {problem['fix']}")


def _tried(hit: dict[str, Any]) -> str:
    outcome = f"decided: {hit['decision']}" if hit["decision"] else f"not decided, in {hit['stage']}"
    return f"{hit['key']}  {shortened(hit['title'])} ({outcome}; both say: {', '.join(hit['shared'])})"


@app.command("edit")
def edit(
    key: Key,
    *,
    title: Annotated[str | None, typer.Option("--title", help="What is tried.")] = None,
    hypothesis: Hypothesis = None,
    primary: Primary = None,
    secondary: Secondary = None,
    blocking: Blocking = None,
    kill: Kill = None,
    baseline: Baselines = None,
    gpu_hours: GpuHours = None,
    cost_usd: Cost = None,
    gpus: Gpus = None,
    days: Days = None,
    sprints: Sprints = None,
    owner: Owner = None,
    mode: Mode = None,
    axis: Axis = None,
    priority: Priority = None,
    label: Labels = None,
    method: Method = None,
    candidate: Candidate = None,
    tracker: Trackers = None,
    own: Own = None,
    predict: Predictions = None,
    kill_rule: KillRules = None,
    file: File = None,
    amend: Amend = None,
    project: Project = None,
    json: Json = False,
) -> None:
    """Change a ticket; what is not named stays. Once locked, hypothesis, criteria, baseline and budget need --amend.

    Example: assay ticket edit EXP-42 --primary "accuracy >= 80%" --amend "the test set turned out harder"
    """
    named = given(
        title=title, hypothesis=hypothesis, method=method, gpus=gpus, time_box_days=days, time_box_sprints=sprints,
        owner=owner, mode=mode, axis=axis, priority=priority, labels=label, candidate=candidate, trackers=addresses(tracker),
    )  # fmt: skip
    criteria = given(primary=primary, secondary=secondary, blocking=blocking, kill=kill)
    with connected(project) as api:
        path = f"/tickets/{key_part(key)}"
        before = api.in_project("GET", path).data
        fields = fields_of(
            file,
            named
            | prediction_of(predict, before["content"].get("prediction"))
            | kill_rules_of(kill_rule, before["content"]),
            criteria={**before["content"].get("criteria", {}), **criteria} if criteria else {},
            baselines=baseline or [],
            budget=given(gpu_hours=gpu_hours, cost_usd=cost_usd),
        )
        fields = over(before["content"], {**fields, **own_fields(own), **given(amendment_reason=amend)})
        answer = api.in_project("PATCH", path, body=fields, version=before["version"])
    if json:
        print_json(answer.body)
        return
    changed = answer.data["version"] != before["version"]
    say(f"{key.upper()} {'is now version ' + str(answer.data['version']) if changed else 'was so already'}.")


@app.command("list")
def list_tickets(
    query: Annotated[str | None, typer.Option("--query", "-q", help="Words in key or title.")] = None,
    stage: Annotated[str | None, typer.Option("--stage", help="Column, such as experiment.")] = None,
    *,
    owner: Annotated[str | None, typer.Option("--owner", help="Name, or none.")] = None,
    stale: Stale = False,
    waiting: Waiting = False,
    phase: Phase = None,
    sort: Annotated[str | None, typer.Option("--sort", help="Such as -updated, key or priority.")] = None,
    limit: Annotated[int, typer.Option("--limit", help="1 to 200.")] = 50,
    cursor: Annotated[str | None, typer.Option("--cursor", help="next_cursor of the page before.")] = None,
    project: Project = None,
    json: Json = False,
) -> None:
    """List tickets, the latest change first.

    Example: assay ticket list --stage experiment --owner ada
    """
    narrowed = given(stale="yes" if stale else None, waiting="yes" if waiting else None, phase=phase)
    asked = given(q=query, stage=stage, owner=owner) | narrowed
    query_values = asked | given(sort=sort, limit=limit, cursor=cursor)
    with connected(project) as api:
        answer = api.in_project("GET", "/tickets", query=query_values)
    if json:
        print_json(answer.body)
        return
    page = answer.data
    table(
        ("key", "title", "column", "owner", "runs", "verdict", "now", "target", "spent"),
        [
            (
                row["key"],
                shortened(row["title"]),
                row["stage"],
                row["owner"],
                row["runs"],
                row["decision"] or row["recommendation"],
                row["current_text"],
                row["target_text"],
                ", ".join(text for text in (row["compute_text"], row["money_text"]) if text),
            )
            for row in page["rows"]
        ],
        none='No tickets. Write one: assay ticket new "..."',
    )
    if page["next_cursor"]:
        say(f"{len(page['rows'])} of {page['total']}. More: --cursor {page['next_cursor']}")


ticket_files.register(app)
ticket_more.register(app)
backlog.register_verbs(app)
stale.register_verbs(app)
ticket_company.register(app)
ticket_jobs.register(app)
