"""`assay phase`: how far a project is on its way from searching to shipping."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from assay.cli.connection import Answer, Connection, connected
from assay.cli.options import Json, Project, given, group
from assay.cli.screen import facts, print_json, say, table
from assay.errors import NotFound

app = group("phase", "How far a project is, and whether the sprint fits.")


def register(root: typer.Typer) -> None:
    """Add these commands."""
    root.add_typer(app)


@app.command("show")
def show(project: Project = None, json: Json = False) -> None:
    """Show the phase, the mix of the running sprint, decisions that are due, and what is stuck.

    Example: assay phase show
    """
    with connected(project) as api:
        answer = api.in_project("GET", "/phase")
    _show(answer, json=json)


@app.command("set")
def set_phase(
    phase: Annotated[
        str,
        typer.Argument(metavar="PHASE", help="discovery, convergence, optimization or productionization."),
    ],
    since: Annotated[
        str | None, typer.Option("--since", metavar="DAY", help="Its first day; else today.")
    ] = None,
    measure: Annotated[
        str | None, typer.Option("--measure", help="By what the mix is measured: count, gpu_hours or days.")
    ] = None,
    project: Project = None,
    json: Json = False,
) -> None:
    """Say which phase the project is in.

    Example: assay phase set convergence --since 2026-05-25 --measure gpu_hours
    """
    with connected(project) as api:
        before = api.in_project("GET", "/phase").data
        document = {**before["data"], **given(measure=measure), "phase": phase.lower()}
        if since or before["phase"]["phase"] != phase.lower():
            document["since"] = since
        answer = _put(api, document, before["version"])
    _show(answer, json=json)


@app.command("gate")
def gate(
    question: Annotated[str, typer.Argument(metavar="DECISION", help="What is decided by then.")],
    by: Annotated[str, typer.Option("--by", help="Number of a sprint, or a day such as 2026-06-05.")],
    project: Project = None,
    json: Json = False,
) -> None:
    """Add a decision with a date.

    Example: assay phase gate "We pick one approach" --by 5
    """
    entry: dict[str, Any] = {"question": question}
    entry.update({"by_sprint": int(by)} if by.isascii() and by.isdigit() and len(by) < 10 else {"by_day": by})
    with connected(project) as api:
        before = api.in_project("GET", "/phase").data
        gates = [*before["data"].get("gates", []), entry]
        answer = _put(api, {**before["data"], "gates": gates}, before["version"])
    _show(answer, json=json)


@app.command("settle")
def settle(
    number: Annotated[
        int, typer.Argument(metavar="NUMBER", help="Number of the decision in assay phase show.")
    ],
    decision: Annotated[str, typer.Argument(metavar="TEXT", help="What was decided.")],
    project: Project = None,
    json: Json = False,
) -> None:
    """Say what was decided at a decision gate.

    Example: assay phase settle 1 "Retrieval with a reranker"
    """
    with connected(project) as api:
        before = api.in_project("GET", "/phase").data
        gates = before["data"].get("gates", [])
        if not 1 <= number <= len(gates):
            raise NotFound(
                f"cannot settle decision {number}: there is no such decision (expected 1 to {len(gates)})",
                hint="assay phase show",
                code="decision-gate-unknown",
                field="number",
            )
        gates[number - 1]["settled"] = decision
        answer = _put(api, {**before["data"], "gates": gates}, before["version"])
    _show(answer, json=json)


def _put(api: Connection, document: dict[str, Any], version: int) -> Answer:
    return api.in_project("PUT", "/phase", body={"document": document}, version=version)


def _show(answer: Answer, *, json: bool) -> None:
    if json:
        print_json(answer.body)
        return
    view = answer.data
    phase = view["phase"]
    real = view["explore_percent"]
    say(f"Phase {phase['phase']}" + (f" since {phase['since']}" if phase["since"] else ""))
    facts(
        [
            ("target", f"{view['target_percent']}% explore, {100 - view['target_percent']}% exploit"),
            ("sprint", f"{view['sprint']}" if view["sprint"] else "none is running"),
            ("mix", "unknown" if real is None else f"{real:.0f}% explore, by {phase['measure']}"),
            ("warning", view["warning"]),
        ]
    )
    for one in view["stuck"]:
        say(f"{one['kind']}: {one['evidence']}. {one['fix']}")
    print()
    table(
        ("number", "decision", "by", "state", "settled"),
        [
            (
                number,
                line["gate"]["question"],
                line["gate"]["by_day"] or f"sprint {line['gate']['by_sprint']}",
                line["state"],
                line["gate"]["settled"],
            )
            for number, line in enumerate(view["gates"], 1)
        ],
        none='No decision has a date. Add one: assay phase gate "We pick one approach" --by 5',
    )
