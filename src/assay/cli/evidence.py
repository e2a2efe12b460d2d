"""`assay connect`, `assay sync` and `assay source ...`: trackers and what is new in them."""

from __future__ import annotations

import os
import re
import sys
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from assay.cli.connection import Connection, connected, error_of, part
from assay.cli.options import Json, Project, group
from assay.cli.screen import clean, print_done, print_json, say, shortened, table

app = group("source", "List or disconnect trackers.")
SQLITE = "sqlite:///"
WATCH_S = 15
KINDS = "assay, dvc, mlflow, table, tensorboard, trackio, wandb; airflow, dagster, kubeflow, prefect"

_WANDB_PROJECT = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.\-]*/[^/]+\Z", re.ASCII)
"""ENTITY/PROJECT, where no such folder is here."""


def register(root: typer.Typer) -> None:
    """Add these commands."""
    root.command("connect")(connect)
    root.command("sync")(sync)
    root.add_typer(app)


def connect(
    kind: Annotated[
        str, typer.Argument(metavar="KIND", help=f"What it is: {KINDS}, or a kind that a package adds.")
    ],
    uri: Annotated[
        str,
        typer.Argument(
            metavar="URI",
            help="A file or folder (mlflow.db, mlruns, ./wandb, runs), http://HOST:PORT, postgresql://HOST/DATABASE, or ENTITY/PROJECT of W&B.",
        ),
    ],
    experiment: Annotated[
        list[str] | None,
        typer.Option("--experiment", metavar="TEXT", help="Read only this experiment; may be repeated."),
    ] = None,
    name: Annotated[str | None, typer.Option("--name", help="What to call it; else its kind.")] = None,
    qualified: Annotated[
        bool,
        typer.Option(
            "--qualified",
            help="Count only runs tagged assay.ticket=PROJECT/KEY; for a tracker of several projects.",
        ),
    ] = False,
    project: Project = None,
    json: Json = False,
) -> None:
    """Connect a tracker and read its runs, or an orchestrator and read its jobs. It is only ever read.

    Example: assay connect mlflow sqlite:///mlflow.db
    """
    body: dict[str, Any] = {"kind": kind, "uri": from_here(kind, uri), "name": name}
    body |= {"experiments": experiment or [], "qualified": qualified}
    with connected(project) as api:
        answer = api.in_project("POST", "/sources", body=body)
        if json:
            print_json(answer.body)
            return
        say(f"Connected {answer.data['name']}: {answer.data['found']}")
        reports = _sync_once(api, f"/sources/{part(answer.data['name'])}/syncs", json=False)
    if any(one["jobs"] is not None for one in reports):
        say(
            "Jobs that name a ticket, by the tag assay.ticket or a name, are shown with it: assay ticket jobs KEY"
        )
        return
    say(
        "Runs with the tag assay.ticket, or of an experiment named like a ticket, are attached. See: assay up"
    )


def from_here(kind: str, uri: str) -> str:
    """The address with a file's or folder's full path, for the server may run in another folder."""
    if uri.startswith(SQLITE):
        file = uri.removeprefix(SQLITE)
        return f"{SQLITE}{Path(file).absolute()}" if file and "?" not in file else uri
    if "://" in uri or not uri or uri.startswith("file:"):
        return uri
    if kind == "wandb" and _WANDB_PROJECT.match(uri) and not os.path.lexists(uri):
        return f"{os.environ.get('WANDB_BASE_URL', '').rstrip('/') or 'https://wandb.ai'}/{uri}"
    path = Path(uri).absolute()
    return f"{SQLITE}{path}" if kind == "mlflow" and not os.path.isdir(path) else str(path)  # noqa: PTH112 - a Path raises where a name is too long


def sync(
    name: Annotated[str | None, typer.Argument(metavar="SOURCE", help="One tracker; else all.")] = None,
    watch: Annotated[
        bool, typer.Option("--watch", help=f"Look again every {WATCH_S} seconds until Ctrl-C.")
    ] = False,
    project: Project = None,
    json: Json = False,
) -> None:
    """Read what is new in the trackers. Interrupted, it goes on where it stopped.

    Example: assay sync --watch
    """
    path = "/syncs" if name is None else f"/sources/{part(name)}/syncs"
    while True:
        with connected(project) as api:
            _sync_once(api, path, json=json)
        if not watch:
            return
        time.sleep(WATCH_S)


def _sync_once(api: Connection, path: str, *, json: bool) -> list[dict[str, Any]]:
    reports: list[dict[str, Any]] = []
    if json:
        print_json(api.in_project("POST", path).body)
        return reports
    for kind, value in _shown(api, path):
        if kind == "problem":
            raise error_of(_bytes(value), 503)
        if kind == "done":
            reports = value["reports"]
            _report(reports)
    return reports


def _report(reports: list[dict[str, Any]]) -> None:
    for one in reports:
        touched = f"; verdicts refreshed for {', '.join(one['tickets'][:10])}" if one["tickets"] else ""
        told = one["changed"] if one["jobs"] is None else one["jobs"]
        noun = ("run" if one["jobs"] is None else "job") + ("" if told == 1 else "s")
        gone = f", {one['gone']} gone" if one["jobs"] is None else ""
        say(f"{one['source']}: {told} {noun} new or changed{gone}{touched}")
        if one["unknown"]:
            say(
                f"  no ticket of this project: {', '.join(shortened(name) for name in one['unknown'][:10])}."
                + (
                    " See its runs: assay run list --ticket none. Attach one: assay run attach RUN KEY"
                    if one["jobs"] is None
                    else ""
                )
            )
    if not reports:
        say("No tracker is connected. Connect one: assay connect KIND URI")


def _bytes(value: object) -> bytes:
    import json

    return json.dumps(value).encode()


def _shown(api: Connection, path: str) -> Any:
    """The events of a sync; on a terminal with a bar."""
    if not sys.stderr.isatty():
        yield from api.events(path)
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True, markup=False, highlight=False), transient=True) as progress:
        bar = progress.add_task("Reading runs", total=None)
        for kind, value in api.events(path):
            if kind == "progress":
                progress.update(
                    bar,
                    description=clean(f"Reading {value['source']}").replace("[", "("),
                    completed=value["done"],
                    total=value["total"],
                )
            else:
                yield kind, value


@app.command("list")
def list_sources(project: Project = None, json: Json = False) -> None:
    """List the trackers of a project, with the last look at each.

    Example: assay source list
    """
    with connected(project) as api:
        answer = api.in_project("GET", "/sources")
    if json:
        print_json(answer.body)
        return
    table(
        ("name", "kind", "address", "last look", "state"),
        [
            (
                row["name"],
                row["kind"],
                row["uri"],
                (row["last_sync_at"] or "never")[:19],
                row["last_sync_error"] or row["last_sync_status"],
            )
            for row in answer.data["rows"]
        ],
        none="No tracker is connected. Connect one: assay connect KIND URI",
    )


@app.command("disconnect")
def disconnect(
    name: Annotated[str, typer.Argument(metavar="SOURCE", help="Name of the tracker.")],
    project: Project = None,
    json: Json = False,
) -> None:
    """Stop reading a tracker; runs already read stay as evidence.

    Example: assay source disconnect mlflow
    """
    with connected(project) as api:
        api.in_project("DELETE", f"/sources/{part(name)}")
    if json:
        print_done(disconnected=name)
    else:
        say(f"{name} is no longer read.")
