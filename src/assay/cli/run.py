"""`assay run ...`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from assay.cli.connection import connected, part
from assay.cli.options import Json, Key, Project, given, group
from assay.cli.run_compare import compare
from assay.cli.screen import facts, print_done, print_json, say, shortened, table
from assay.cli.values import catalog_of, counted, last_values, status_of, value_text

if TYPE_CHECKING:
    from assay.domain.kernel.metrics import MetricCatalog

app = group("run", "List, show, compare, attach, detach and send runs.")
RunId = Annotated[str, typer.Argument(metavar="RUN", help="Such as mlflow:4f2a...")]


def register(root: typer.Typer) -> None:
    """Add these commands."""
    root.add_typer(app)


@app.command("list")
def list_runs(
    ticket: Annotated[str | None, typer.Option("--ticket", help="A ticket key, or none.")] = None,
    status: Annotated[str | None, typer.Option("--status", help="Such as finished or failed.")] = None,
    query: Annotated[str | None, typer.Option("--query", "-q", help="Words in name or id.")] = None,
    limit: Annotated[int, typer.Option("--limit", help="1 to 200.")] = 50,
    cursor: Annotated[str | None, typer.Option("--cursor", help="next_cursor of the page before.")] = None,
    project: Project = None,
    json: Json = False,
) -> None:
    """List runs, those first seen last first.

    Example: assay run list --ticket none
    """
    asked = given(ticket=ticket, status=status, q=query, limit=limit, cursor=cursor)
    with connected(project) as api:
        answer = api.in_project("GET", "/runs", query=asked)
        metrics = [] if json else api.in_project("GET", "/metrics").data["rows"]
    if json:
        print_json(answer.body)
        return
    page, catalog = answer.data, catalog_of(metrics)
    table(
        ("run", "name", "ticket", "status", "seed", "metrics"),
        [_line(row, catalog) for row in page["rows"]],
        none="No runs match. What is new is read by: assay sync"
        if asked.keys() - {"limit"}
        else "No runs. Connect a tracker: assay connect mlflow URI. What is new is read by: assay sync",
    )
    if page["next_cursor"]:
        say(f"{len(page['rows'])} of {page['total']}. More: --cursor {page['next_cursor']}")


def _line(row: dict[str, Any], catalog: MetricCatalog) -> tuple[object, ...]:
    metrics = last_values(row["metrics"], catalog, most=3)
    return row["run_id"], shortened(row["name"], 40), _ticket(row), status_of(row), row["seed"], metrics


def _ticket(row: dict[str, Any]) -> str | None:
    """Its ticket, or what it names instead of one."""
    unknown: str | None = row["unknown_ticket"]
    return row["ticket"] if unknown is None else f"none ({shortened(unknown, 20)}?)"


@app.command("show")
def show(
    run: RunId,
    files: Annotated[
        bool, typer.Option("--files", help="List its files instead, with size and SHA-256.")
    ] = False,
    project: Project = None,
    json: Json = False,
) -> None:
    """Show one run: where it belongs, its parameters, its last values, where its files lie.

    Example: assay run show mlflow:4f2a9c --files
    """
    if files:
        _show_files(run, project, json=json)
        return
    with connected(project) as api:
        answer = api.in_project("GET", f"/runs/{part(run)}")
        metrics = [] if json else api.in_project("GET", "/metrics").data["rows"]
    if json:
        print_json(answer.body)
        return
    found = answer.data | {"status": status_of(answer.data, " in the tracker, not counted")}
    if found["unknown_ticket"] is not None:
        named = f"names {shortened(found['unknown_ticket'])}, which is no ticket of this project"
        found |= {"ticket": f"none: {named} (assay run attach {run} KEY)"}
    found |= {"artifacts": found["artifacts"] or "unknown", **_compute(found)}
    if unread := found["tags"].get("assay.scores_unread"):
        found |= {"scores": f"unknown: {unread}"}
    facts(
        [
            (name.replace("_", " "), found[name])
            for name in (
                "run_id", "name", "ticket", "arm", "status", "seed", "dataset", "started_at", "ended_at", "gpu_hours",
                "cost", "provenance", "scores_error", "scores_digest", "scores", "url", "artifacts", "digest",
            )
            if name in found
        ]
    )  # fmt: skip
    print()
    table(("parameter", "value"), sorted(found["config"].items()), none="No parameters.")
    print()
    catalog = catalog_of(metrics)
    rows = [
        (
            name,
            len(curve["values"]),
            value_text(name, curve["values"][-1], catalog),
            counted(name, curve, catalog),
        )
        for name, curve in found["curves"].items()
    ]
    table(("metric", "points", "last", "counts"), rows, none="No metrics.")


def _compute(found: dict[str, Any]) -> dict[str, str]:
    """What it took and cost, each with who says so; unknown is said, too."""
    from assay.domain.gates.wording import hours

    took, cost = found["gpu_hours"], found["cost_usd"]
    return {
        "gpu_hours": "unknown" if took is None else f"{hours(took)}, from {found['gpu_hours_source']}",
        "cost": f"unknown: {found['cost_unknown']}"
        if cost is None
        else f"{cost:,.2f} USD, from {found['cost_source'] or 'tag'}",
    }


def _show_files(run: str, project: str | None, *, json: bool) -> None:
    with connected(project) as api:
        answer = api.in_project("GET", f"/runs/{part(run)}/artifacts")
    if json:
        print_json(answer.body)
        return
    found = answer.data
    facts([("artifacts", found["artifacts"] or "unknown"), ("in the tracker", found["artifacts_url"])])
    if found["fault"]:
        say(f"The files cannot be listed: {found['fault']}.")
        return
    print()
    rows = [(one["path"], one["size_bytes"], one["sha256"] or one["note"]) for one in found["files"]]
    table(("file", "bytes", "sha-256"), rows, none="No files.")
    for one in found["left_out"]:
        say(f"Not all: {one}.")


app.command("compare")(compare)


@app.command("attach")
def attach(run: RunId, key: Key, project: Project = None, json: Json = False) -> None:
    """Attach a run to a ticket by hand; that wins over the tracker's tag from then on.

    Example: assay run attach mlflow:4f2a9c EXP-42
    """
    _attach(run, key.upper(), project, json=json)


@app.command("detach")
def detach(run: RunId, project: Project = None, json: Json = False) -> None:
    """Detach a run from its ticket.

    Example: assay run detach mlflow:4f2a9c
    """
    _attach(run, None, project, json=json)


def _attach(run: str, key: str | None, project: str | None, *, json: bool) -> None:
    with connected(project) as api:
        answer = api.in_project("PUT", f"/runs/{part(run)}", body={"ticket": key})
    if json:
        print_json(answer.body)
    else:
        say(f"{run} belongs to {key or 'no ticket'}.")


@app.command("send")
def send(project: Project = None, json: Json = False) -> None:
    """Send what trainings logged while their MLflow was away, from this machine.

    Example: assay run send
    """
    from assay.sdk.run_folder import SPOOL, place_of
    from assay.sdk.to_mlflow import send_left_behind

    sent, left, why = send_left_behind(place_of(project, None).folder / SPOOL)
    if json:
        print_done(sent=sent, left=left, why=why)
        return
    say(f"{sent} {'run' if sent == 1 else 'runs'} sent, {left} left{f': {why}' if why else '.'}")
