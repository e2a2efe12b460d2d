"""`assay gate add, list, export, guard, judge, runs, show, replay`: gates that a project keeps, and what they answered."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from assay.cli.options import Json, Project
from assay.cli.screen import facts, print_json, say, table

if TYPE_CHECKING:
    from assay.cli.connection import Connection

Reason = Annotated[str, typer.Option("--reason", help="Why, where it becomes easier to pass.")]
Number = Annotated[int, typer.Argument(metavar="NUMBER", min=1, max=2**31 - 1, help="Of the gate run.")]
LIMIT = 20


def register(app: typer.Typer) -> None:
    """Add these commands."""
    for name, command in (
        ("add", add),
        ("list", list_gates),
        ("export", export),
        ("guard", guard),
        ("judge", judge),
        ("runs", runs),
        ("show", show),
        ("replay", replay),
    ):
        app.command(name)(command)


def add(
    gate: Annotated[Path, typer.Argument(metavar="GATE", help="Gate file (YAML).")],
    name: Annotated[
        str | None, typer.Option("--name", help="What it is called; else as in the file.")
    ] = None,
    reason: Reason = "",
    project: Project = None,
    json: Json = False,
) -> None:
    """Give the project this gate, or the next version of it. What becomes easier to pass needs a reason.

    Example: assay gate add gate.yaml --reason "The labels are noisier than we thought."
    """
    from assay.cli.connection import connected, part
    from assay.cli.gate_sending import gate_to_send

    called, body = gate_to_send(gate, name)
    with connected(project) as api:
        before = _newest(api, called)
        if before is None:
            answer = api.in_project("POST", "/gates", body=body | {"name": called, "reason": reason})
        else:
            body |= {"reason": reason}
            answer = api.in_project("PUT", f"/gates/{part(called)}", body=body, version=before["version"])
    if json:
        print_json(answer.body)
    else:
        _say_version(answer.data, before)


def _newest(api: Connection, name: str) -> Any:
    from assay.cli.connection import part
    from assay.errors import NotFound

    try:
        return api.in_project("GET", f"/gates/{part(name)}").data
    except NotFound as error:
        if error.code == "gate-unknown":
            return None
        raise


def _say_version(version: Any, before: Any) -> None:
    if before is not None and before["version"] == version["version"]:
        say(f"Gate {version['name']} is version {version['version']} and asks the same: nothing changed.")
        return
    say(f"Gate {version['name']} is version {version['version']}.")
    for change in version["changes"]:
        say(f"{'EASIER  ' if change['loosens'] else '        '}{change['text']}")


def list_gates(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="Show its versions.")] = None,
    project: Project = None,
    json: Json = False,
) -> None:
    """List the gates of a project, or the versions of one with what each changed.

    Example: assay gate list answer-quality
    """
    from assay.cli.connection import connected, part

    with connected(project) as api:
        answer = api.in_project("GET", "/gates" if name is None else f"/gates/{part(name)}/versions")
    if json:
        print_json(answer.body)
    elif name is None:
        table(
            ("gate", "version", "answers", "last", "exit gate of"),
            [_gate_row(row) for row in answer.data["rows"]],
            none="No gates. Add one: assay gate add GATE.yaml",
        )
    else:
        table(
            ("version", "when", "who", "easier", "changes", "reason"),
            [_version_row(row) for row in answer.data["rows"]],
        )


def _gate_row(row: Any) -> tuple[object, ...]:
    last = row["last"]
    told = "" if last is None else f"{last['result']} ({last['number']})"
    return (row["latest"]["name"], row["latest"]["version"], row["runs"], told, ", ".join(row["stages"]))


def _version_row(row: Any) -> tuple[object, ...]:
    changes = "; ".join(change["text"] for change in row["changes"])
    easier = "yes" if row["loosens"] else ""
    return (row["version"], row["at"][:10], row["by"], easier, changes or "the first", row["reason"])


def export(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Where the files go; made if missing.")],
    project: Project = None,
    json: Json = False,
) -> None:
    """Write the newest version of every gate to a file, with the files that it names. Adding them changes nothing.

    Example: assay gate export gates/
    """
    from assay.cli.connection import connected
    from assay.cli.gate_sending import write_gates
    from assay.domain.gates.wording import count

    with connected(project) as api:
        answer = api.in_project("GET", "/gate-files")
    if json:
        print_json(answer.body)
        return
    written = write_gates(folder, answer.data["rows"])
    say(f"{count(len(written), 'file')} in {folder}: {', '.join(written[:10])}" if written else "No gates.")


def guard(
    column: Annotated[str, typer.Argument(metavar="COLUMN", help="Such as evaluation.")],
    gate: Annotated[str | None, typer.Argument(metavar="[GATE]", help="Its exit gate from now on.")] = None,
    off: Annotated[bool, typer.Option("--off", help="Ask for no gate run any more.")] = False,
    project: Project = None,
    json: Json = False,
) -> None:
    """Name the gate that a card has to pass before it leaves a column towards Production.

    Example: assay gate guard evaluation answer-quality
    """
    from assay.cli.connection import connected, part
    from assay.errors import Invalid

    if (gate is None) != off:
        raise Invalid(
            "cannot guard column: expected the name of a gate, or --off",
            hint="assay gate list",
            code="guard-unclear",
        )
    with connected(project) as api:
        where = f"/projects/{part(api.project)}"
        found = api.ask("GET", where).data
        board = found["board"]
        stage = next((one for one in board["stages"] if one["key"] == column), None)
        if stage is None:
            known = ", ".join(one["key"] for one in board["stages"])
            raise Invalid(
                f"cannot guard column {column[:60]!r}: the board has none of this name (expected one of: {known})",
                hint="assay board",
                code="column-unknown",
                field="column",
            )
        stage["gate"] = gate
        answer = api.ask("PATCH", where, body={"board": board}, version=found["version"])
    if json:
        print_json(answer.body)
    else:
        said = "asks for no gate run" if gate is None else f"asks for a pass of gate {gate}"
        say(f"{stage['title']} {said} on the way to Production.")


def judge(
    *,
    gate: Annotated[
        str | None, typer.Option("--gate", "-g", help="Name; else the one its column names.")
    ] = None,
    ticket: Annotated[
        str | None, typer.Option("--ticket", "-t", metavar="KEY", help="What it is about.")
    ] = None,
    candidate: Annotated[
        Path | None,
        typer.Option("--candidate", "-c", metavar="PATH", help="Results; else the ticket's own runs."),
    ] = None,
    baseline: Annotated[
        Path | None, typer.Option("--baseline", "-b", metavar="PATH", help="Results to compare with.")
    ] = None,
    baseline_run: Annotated[
        int | None, typer.Option("--baseline-run", min=1, help="Compare with the candidate of this gate run.")
    ] = None,
    training: Annotated[
        Path | None,
        typer.Option(
            "--training",
            "--files",
            metavar="FOLDER",
            help="Where the files lie that the gate names: training data, what shows its items.",
        ),
    ] = None,
    reader: Annotated[str | None, typer.Option("--reader", help="Who wrote the results.")] = None,
    version: Annotated[
        int | None, typer.Option("--version", min=1, help="Of the gate; else the newest.")
    ] = None,
    project: Project = None,
    json: Json = False,
) -> int:
    """Judge results by a gate of the project, and keep the answer with its files. Exit codes as `gate check`.

    Example: assay gate judge --gate answer-quality --candidate results/ --ticket EXP-42
    """
    from assay.cli.gate_sending import judged_files, judged_ticket

    if candidate is not None or training is not None or (baseline is not None and gate is not None):
        answer = judged_files(
            project, gate, candidate, ticket=ticket, version=version, baseline=baseline,
            baseline_run=baseline_run, training=training, reader=reader,
        )  # fmt: skip
    else:
        beside = {"baseline": baseline, "baseline_run": baseline_run, "reader": reader}
        answer = judged_ticket(project, ticket, gate=gate, version=version, beside=beside)
    run = answer.data
    if json:
        print_json(answer.body)
    else:
        _say_run(run)
    code: int = run["exit_code"]
    return code


def _say_run(run: Any) -> None:
    from assay.cli.gate_report import print_record
    from assay.domain.gates.gate_record import GateRecord

    say(f"Gate run {run['number']}: {run['gate']} version {run['version']}")
    print_record(GateRecord.model_validate(run["record"]))
    if run["uses"] > 1:
        say(
            f"{run['uses']} candidates were judged on {run['dataset']} so far: a set that is looked at often wears out."
        )


def runs(
    gate: Annotated[str | None, typer.Option("--gate", "-g", help="Answers of this gate.")] = None,
    ticket: Annotated[
        str | None, typer.Option("--ticket", "-t", metavar="KEY", help="About this ticket.")
    ] = None,
    before: Annotated[int | None, typer.Option("--before", min=1, help="Older than this number.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=200, help="How many.")] = LIMIT,
    project: Project = None,
    json: Json = False,
) -> None:
    """List what the gates of a project answered, newest first, over all their versions.

    Example: assay gate runs --gate answer-quality
    """
    from assay.cli.connection import connected

    asked = {"gate": gate, "ticket": ticket and ticket.upper(), "before": before, "limit": limit}
    with connected(project) as api:
        answer = api.in_project("GET", "/gate-runs", query=asked)
    if json:
        print_json(answer.body)
        return
    names = ("number", "gate", "version", "ticket", "result", "headline", "dataset", "by")
    found = answer.data
    table(names, [[row[name] for name in names] for row in found["rows"]], none="No answers yet.")
    if found["next_before"] is not None:
        say(f"Older ones: assay gate runs --before {found['next_before']}")


def show(number: Number, project: Project = None, json: Json = False) -> None:
    """Show an answer with all its findings, and the files it was made of.

    Example: assay gate show 7
    """
    from assay.cli.connection import connected

    with connected(project) as api:
        answer = api.in_project("GET", f"/gate-runs/{number}")
    if json:
        print_json(answer.body)
        return
    run = answer.data
    _say_run(run)
    print()
    facts(
        [
            ("ticket", run["ticket"]),
            ("candidate", _files(run["candidate"])),
            ("baseline", run["baseline"] and _files(run["baseline"])),
            ("by", f"{run['by']}, {run['at'][:16].replace('T', ' ')}"),
            ("record", run["digest"]),
        ]
    )


def _files(side: Any) -> str:
    if side["kind"] == "ticket":
        return "the ticket's own runs"
    names = ", ".join(file["name"] for file in side["files"][:5])
    more = len(side["files"]) - 5
    told = f"{names} and {more} more" if more > 0 else names
    return told if side["run"] is None else f"{told} (candidate of gate run {side['run']})"


def replay(number: Number, project: Project = None, json: Json = False) -> int:
    """Judge again what a gate run judged. Exit code: 0 the same bytes, 1 different.

    Example: assay gate replay 7
    """
    from assay.cli.connection import connected

    with connected(project) as api:
        answer = api.in_project("GET", f"/gate-runs/{number}/replay")
    report = answer.data
    if json:
        print_json(answer.body)
    else:
        same = "the same bytes" if report["same"] else "different"
        say(f"Gate run {number}: {same} ({report['stored_digest']})")
        for line in (*report["differences"], *report["other_versions"]):
            say(f"  {line}")
    return 0 if report["same"] else 1
