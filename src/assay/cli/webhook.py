"""`assay webhook ...`: tell other programs what happens."""

from __future__ import annotations

import re
from typing import Annotated, Any
from urllib.parse import urlsplit

import typer

from assay.cli.connection import Connection, connected, part
from assay.cli.options import Json, Project, given, group
from assay.cli.screen import facts, print_done, print_json, say, table
from assay.errors import Invalid

Name = Annotated[str, typer.Argument(metavar="NAME", help="Name of the webhook.")]
Event = Annotated[
    list[str] | None,
    typer.Option(
        "--event", metavar="TYPE", help="What it is told, such as kill.suggested; repeat it for more."
    ),
]
Form = Annotated[str | None, typer.Option("--form", help="json for programs, slack or teams for chats.")]
Url = Annotated[str, typer.Argument(metavar="URL", help="Where events are posted.")]
app = group("webhook", "Tell other programs and chats what happens.")
NO_WEBHOOKS = "No webhooks. Add one: assay webhook add https://..."


def register(root: typer.Typer) -> None:
    """Add these commands."""
    root.add_typer(app)


@app.command("add")
def add(
    url: Url,
    name: Annotated[
        str | None, typer.Option("--name", help="Its name here; else made of the server's.")
    ] = None,
    event: Event = None,
    form: Form = None,
    project: Project = None,
    json: Json = False,
) -> None:
    """Tell an address of events from now on. The secret that signs them is printed once.

    Example: assay webhook add https://hooks.example.org/assay --event kill.suggested --event decision.recorded
    """
    body = {"name": name or _name_of(url), "url": url, **given(events=event, form=form)}
    with connected(project) as api:
        answer = api.in_project("POST", "/webhooks", body=body)
    if json:
        print_json(answer.body)
        return
    made = answer.data
    say(f"{made['name']} ({made['target']}) is told of {', '.join(made['events'])}.")
    _say_secret(made)
    say(f"Try it: assay webhook test {made['name']}")


@app.command("list")
def list_webhooks(project: Project = None, json: Json = False) -> None:
    """List the webhooks of a project, and how they go.

    Example: assay webhook list
    """
    with connected(project) as api:
        answer = api.in_project("GET", "/webhooks")
    if json:
        print_json(answer.body)
        return
    rows = [
        (row["name"], row["target"], row["form"], _state(row), row["waiting"], row["parked"], ", ".join(row["events"]))
        for row in answer.data["rows"]
    ]  # fmt: skip
    table(("name", "server", "form", "state", "waiting", "given up", "events"), rows, none=NO_WEBHOOKS)


@app.command("show")
def show(name: Name, project: Project = None, json: Json = False) -> None:
    """Show a webhook: what it is told, and how that goes.

    Example: assay webhook show team-chat
    """
    with connected(project) as api:
        answer = _webhook(api, name)
    if json:
        print_json(answer.body)
        return
    row = answer.data
    facts(
        (
            ("name", row["name"]),
            ("server", row["target"]),
            ("events", ", ".join(row["events"])),
            ("form", row["form"]),
            ("state", _state(row)),
            ("last delivered", row["delivered_at"]),
            ("last failed", row["failed_at"]),
            ("why", row["error"]),
            ("paused until", row["paused_until"]),
            ("waiting", row["waiting"]),
            ("given up", row["parked"]),
        )
    )


@app.command("edit")
def edit(
    name: Name,
    url: Annotated[str | None, typer.Option("--url", help="Another address.")] = None,
    event: Event = None,
    form: Form = None,
    on: Annotated[bool | None, typer.Option("--on/--off", help="Switch it on or off.")] = None,
    new_secret: Annotated[
        bool, typer.Option("--new-secret", help="Make a new secret, printed once.")
    ] = False,
    project: Project = None,
    json: Json = False,
) -> None:
    """Change a webhook. Switched on again, it is told of what happens from then on.

    Example: assay webhook edit team-chat --off
    """
    body: dict[str, Any] = given(url=url, events=event, form=form, enabled=on)
    if new_secret:
        body["new_secret"] = True
    if not body:
        raise Invalid(
            f"cannot change webhook {name[:40]!r}: nothing to change is named (expected --url, --event, --form, --on, --off or "
            "--new-secret)",
            hint=f"assay webhook edit {name} --off",
            code="webhook-nothing",
        )
    with connected(project) as api:
        answer = api.in_project("PATCH", f"/webhooks/{part(name)}", body=body, version="*")
    if json:
        print_json(answer.body)
        return
    say(f"{name} is changed: {_state(answer.data)}, told of {', '.join(answer.data['events'])}.")
    _say_secret(answer.data)


@app.command("remove")
def remove(name: Name, project: Project = None, json: Json = False) -> None:
    """Remove a webhook; what waits for it is dropped.

    Example: assay webhook remove team-chat
    """
    with connected(project) as api:
        api.in_project("DELETE", f"/webhooks/{part(name)}")
    if json:
        print_done(removed=name)
    else:
        say(f"{name} is removed. It is told nothing more.")


@app.command("test")
def try_out(name: Name, project: Project = None, json: Json = False) -> None:
    """Send a test now, and say what came of it. Exit code 1 when it does not arrive.

    Example: assay webhook test team-chat
    """
    with connected(project) as api:
        answer = api.in_project("POST", f"/webhooks/{part(name)}/tests")
    said = answer.data
    if json:
        print_json(answer.body)
    elif said["delivered"]:
        say(f"It arrived: {name} answers {said['status']} after {said['took_ms']} ms.")
    else:
        say(f"It did not arrive: {said['error']}.")
    if not said["delivered"]:
        raise typer.Exit(1)


@app.command("deliveries")
def deliveries(
    name: Name,
    state: Annotated[
        str | None, typer.Option("--state", help="Only those waiting, delivered or parked (given up).")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", help="How many, 1 to 200.")] = 50,
    project: Project = None,
    json: Json = False,
) -> None:
    """List what is on its way to a webhook, arrived or was given up, the newest first.

    Example: assay webhook deliveries team-chat --state parked
    """
    with connected(project) as api:
        path = f"/webhooks/{part(name)}/deliveries"
        answer = api.in_project("GET", path, query={"state": state, "limit": limit})
    if json:
        print_json(answer.body)
        return
    rows = [
        (row["id"], row["seq"], row["ticket"], row["type"], row["state"], row["tries"], row["due_at"], row["error"])
        for row in answer.data["rows"]
    ]  # fmt: skip
    headers = ("delivery", "entry", "ticket", "type", "state", "failed tries", "next try", "why")
    table(headers, rows, none="Nothing was to be told yet.")


@app.command("retry")
def retry(
    name: Name,
    delivery: Annotated[
        str | None, typer.Argument(metavar="[DELIVERY]", help="One delivery; else all that were given up.")
    ] = None,
    project: Project = None,
    json: Json = False,
) -> None:
    """Send again what was given up, or one delivery whatever became of it. It keeps its id.

    Example: assay webhook retry team-chat
    """
    with connected(project) as api:
        path = f"/webhooks/{part(name)}/retries"
        answer = api.in_project("POST", path, body=given(delivery=delivery))
    if json:
        print_json(answer.body)
        return
    count = answer.data["deliveries"]
    say(f"{count} {'is' if count == 1 else 'are'} sent again." if count else "Nothing was given up.")


@app.command("deliver")
def deliver(project: Project = None, json: Json = False) -> None:
    """Send what is due now, once. A running server does so by itself. Exit code 1 when something fails.

    Example: assay webhook deliver
    """
    with connected(project) as api:
        answer = api.in_project("POST", "/webhook-rounds")
    done = answer.data
    if json:
        print_json(answer.body)
    elif done["delivered"] or done["failed"]:
        say(f"{done['delivered']} delivered, {done['failed']} failed.")
    else:
        say("Nothing is due.")
    if done["failed"]:
        raise typer.Exit(1)


def _webhook(api: Connection, name: str) -> Any:
    return api.in_project("GET", f"/webhooks/{part(name)}")


def _state(row: dict[str, Any]) -> str:
    if not row["enabled"]:
        return "off"
    if row["failures"]:
        return f"fails ({row['failures']} in a row)"
    return "given up some" if row["parked"] else "on"


def _say_secret(made: dict[str, Any]) -> None:
    if made["secret"]:
        say(f"Secret: {made['secret']}")
        say("Keep it where the receiver reads it; it is not shown again.")


def _name_of(url: str) -> str:
    r"""A name from an address.

    >>> _name_of("https://hooks.Example.org/x")
    'hooks-example-org'
    """
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        host = ""
    return re.sub(r"[^a-z0-9]+", "-", host.lower()).strip("-")[:40].strip("-") or "webhook"
