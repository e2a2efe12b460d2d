"""`assay ticket show` and what is done to one ticket beside editing it."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from assay.cli import ticket_kills
from assay.cli.connection import connected, key_part, part
from assay.cli.options import Json, Key, Project
from assay.cli.screen import facts, print_done, print_json, say, shortened, table
from assay.cli.values import baseline_text, catalog_of, last_values, status_of


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command("show")(show)
    app.command("note")(note)
    ticket_kills.register(app)
    app.command("confirm")(confirm)
    app.command("place")(place)
    app.command("link")(link)
    app.command("follow-up")(follow_up)
    app.command("delete")(delete)


def show(key: Key, project: Project = None, json: Json = False) -> None:
    """Show all that is known of a ticket.

    Example: assay ticket show EXP-42
    """
    with connected(project) as api:
        answer = api.in_project("GET", f"/tickets/{key_part(key)}/page")
    if json:
        print_json(answer.body)
        return
    _print_page(answer.data)


def _print_page(page: dict[str, Any]) -> None:
    ticket, verdict = page["ticket"], page["verdict"]
    content, lock, catalog = ticket["content"], ticket["lock"], catalog_of(page["metrics"])
    say(f"{ticket['key']}  {ticket['title']}")
    facts(
        [
            ("column", page["stage_title"]),
            ("owner", content.get("owner")),
            ("hypothesis", content.get("hypothesis")),
            *((line["role"], line["text"]) for line in page["criteria"]),
            *(("baseline", baseline_text(one, catalog)) for one in content.get("baseline", [])),
            ("locked", f"{lock['locked_at'][:10]} by {lock['locked_by']}" if lock else None),
            ("amended", f"{len(lock['amendments'])} times" if lock and lock["amendments"] else None),
            ("spent", _spent(page, content.get("budget", {}))),
            ("verdict", verdict["verdict"]["headline"] if verdict else None),
            ("decision", (ticket["decision"] or {}).get("kind")),
            ("learned", (ticket["decision"] or {}).get("learnings")),
            ("next", ", ".join(one["target"] for one in page["exits"])),
        ]
    )
    for one in page["blockers"]:
        if one["closed_at"] is None:
            say(
                f"blocked since {one['opened_at'][:10]}, {one['category']}: {one['text']} ({one['owner']} sees to it)"
            )
    for one in page["kills"]:
        said = one["snooze"]
        if said is None:
            say(f"recommended to kill, by {one['rule']}: {one['reason']}")
        else:
            say(f"{one['rule']} is snoozed until {said['until'][:10]} by {said['by']}: {said['reason']}")
    for problem in page["problems"]:
        say(f"before it can start: {problem['text']} {problem['fix']}")
    if page["runs"]:
        print()
        table(
            ("run", "name", "status", "seed", "metrics"),
            [
                (
                    run["run_id"],
                    shortened(run["name"], 40),
                    status_of(run),
                    run["seed"],
                    last_values(run["metrics"], catalog, most=4),
                )
                for run in _by_group(page["runs"], verdict)
            ],
        )
    for one in page["notes"]:
        say(f"{one['at'][:10]} {one['by']}: {one['text']}")


def _spent(page: dict[str, Any], budget: dict[str, Any]) -> str:
    from assay.domain.gates.wording import used_of

    amounts = (
        ("GPU-hours", page["gpu_hours"], budget.get("gpu_hours"), page["runs_without_gpu_hours"]),
        ("USD", page["cost_usd"], budget.get("cost_usd"), page["runs_without_cost"]),
    )
    return ", ".join(
        used_of(used, unit, budget=None if limit is None else float(limit), unknown_runs=unknown)
        for unit, used, limit, unknown in amounts
        if used is not None
    )


def _by_group(runs: list[dict[str, Any]], verdict: dict[str, Any] | None) -> list[dict[str, Any]]:
    """The judged runs first, then the others by group, each group by seed."""
    groups = verdict["verdict"]["groups"] if verdict else []
    ranks = {
        run: (not group["is_candidate"], group["label"])
        for group in groups
        for run in (*group["run_ids"], *group["exploratory_run_ids"])
    }
    return sorted(
        runs,
        key=lambda run: (
            *ranks.get(run["run_id"], (True, "")),
            run["seed"] is None,
            run["seed"] or 0,
            run["name"],
        ),
    )


def note(
    key: Key,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What to remember.")],
    project: Project = None,
    json: Json = False,
) -> None:
    """Write a note on a ticket.

    Example: assay ticket note EXP-42 "Seed 3 ran on the old driver."
    """
    with connected(project) as api:
        answer = api.in_project("POST", f"/tickets/{key_part(key)}/notes", body={"text": text})
    if json:
        print_json(answer.body)
    else:
        say("Noted.")


def confirm(
    key: Key,
    item: Annotated[
        str,
        typer.Argument(
            metavar="ITEM", help="agreed, dataset_ready, serving, monitored, rollback_tested or signed_off."
        ),
    ],
    note_text: Annotated[str, typer.Option("--note", help="What it rests on.")] = "",
    withdraw: Annotated[bool, typer.Option("--withdraw", help="Take the confirmation back.")] = False,
    project: Project = None,
    json: Json = False,
) -> None:
    """Confirm what only a person can know, such as that the team agreed.

    Example: assay ticket confirm EXP-42 agreed --note "planning of 12 May"
    """
    with connected(project) as api:
        path = f"/tickets/{key_part(key)}"
        version = api.in_project("GET", path).data["version"]
        if withdraw:
            answer = api.in_project("DELETE", f"{path}/confirmations/{part(item)}", version=version)
        else:
            body = {"item": item, "note": note_text}
            answer = api.in_project("POST", f"{path}/confirmations", body=body, version=version)
    if json:
        print_json(answer.body)
    else:
        say(f"{item} {'withdrawn' if withdraw else 'confirmed'} on {key.upper()}.")


def place(
    key: Key,
    rank: Annotated[
        int | None, typer.Argument(metavar="RANK", help="1 is on top; left out: as computed again.")
    ] = None,
    reason: Annotated[str | None, typer.Option("--reason", help="Why, which everybody sees.")] = None,
    project: Project = None,
    json: Json = False,
) -> None:
    """Put a candidate on a place of the planning ranking by hand, with a reason, or give it back.

    Example: assay ticket place EXP-42 1 --reason "the regulator waits for it"
    """
    with connected(project) as api:
        path = f"/planning/places/{key_part(key)}"
        version = api.in_project("GET", f"/tickets/{key_part(key)}").data["version"]
        if rank is None:
            answer = api.in_project("DELETE", path, version=version)
        else:
            body = {"rank": rank, "reason": reason or ""}
            answer = api.in_project("PUT", path, body=body, version=version)
    if json:
        print_json(answer.body)
        return
    say(f"{key.upper()} stands {'as computed' if rank is None else f'on place {rank}'}.")


def link(
    key: Key,
    kind: Annotated[
        str,
        typer.Argument(metavar="KIND", help="blocks, needs_data, derived_from, duplicates or follow_up_of."),
    ],
    other: Annotated[str, typer.Argument(metavar="OTHER", help="Key of the other ticket.")],
    remove: Annotated[bool, typer.Option("--remove", help="Take the relation back.")] = False,
    project: Project = None,
    json: Json = False,
) -> None:
    """Relate two tickets.

    Example: assay ticket link EXP-42 derived_from EXP-7
    """
    with connected(project) as api:
        path = f"/tickets/{key_part(key)}/links"
        if remove:
            api.in_project("DELETE", f"{path}/{part(kind)}/{key_part(other)}")
        else:
            api.in_project("POST", path, body={"kind": kind, "other": other.upper()})
    if json:
        print_done(ticket=key.upper(), kind=kind, other=other.upper(), linked=not remove)
        return
    say(f"{key.upper()} {'no longer ' if remove else ''}{kind.replace('_', ' ')} {other.upper()}.")


def follow_up(key: Key, project: Project = None, json: Json = False) -> None:
    """Take a closed experiment up again, as a new ticket with the same content.

    Example: assay ticket follow-up EXP-42
    """
    with connected(project) as api:
        answer = api.in_project("POST", f"/tickets/{key_part(key)}/follow-ups")
    if json:
        print_json(answer.body)
    else:
        say(f"{answer.data['key']}  {answer.data['title']}")


def delete(key: Key, project: Project = None, json: Json = False) -> None:
    """Delete a ticket that never was locked and has no runs; the journal keeps that it existed.

    Example: assay ticket delete EXP-42
    """
    with connected(project) as api:
        path = f"/tickets/{key_part(key)}"
        version = api.in_project("GET", path).data["version"]
        api.in_project("DELETE", path, version=version)
    if json:
        print_done(deleted=key.upper())
    else:
        say(f"{key.upper()} deleted.")
