"""`assay gate check, explain, diff, new, schema`: gates from files, without a server."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from assay.cli.options import group
from assay.cli.screen import say
from assay.sdk.loading import loading

app = group("gate", "Check evaluation results against a gate, here or on the board.")

GateFile = Annotated[Path, typer.Argument(metavar="GATE", help="Gate file (YAML).")]
Candidate = Annotated[
    str | None,
    typer.Option(
        "--candidate",
        "-c",
        metavar="PATH",
        help="Results to judge: file, folder or address; a gate of items alone needs none.",
    ),
]
Baseline = Annotated[
    str | None, typer.Option("--baseline", "-b", metavar="PATH", help="Results to compare with.")
]
Reader = Annotated[
    str | None, typer.Option("--reader", metavar="NAME", help="Who wrote the results; else found by content.")
]
OUTPUT = "Write it to this file."


def register(root: typer.Typer) -> None:
    """Add these commands."""
    from assay.cli import gate_plan, gate_run, gate_server

    app.callback()(_noun)
    gate_run.register(app)
    gate_plan.register(app)
    gate_server.register(app)
    root.add_typer(app)


def _noun() -> None:
    """Check evaluation results against a gate, here or on the board."""


@app.command("check")
def check(
    gate: GateFile,
    candidate: Candidate = None,
    *,
    baseline: Baseline = None,
    reader: Reader = None,
    json: Annotated[bool, typer.Option("--json", help="Print the record as JSON.")] = False,
    junit: Annotated[
        Path | None, typer.Option("--junit", metavar="FILE", help=f"JUnit XML. {OUTPUT}")
    ] = None,
    markdown: Annotated[
        Path | None, typer.Option("--markdown", metavar="FILE", help=f"For a pull request. {OUTPUT}")
    ] = None,
    record_file: Annotated[
        Path | None, typer.Option("--record", metavar="FILE", help=f"The record as JSON. {OUTPUT}")
    ] = None,
    github: Annotated[
        bool, typer.Option("--github", help="Step summary and annotations; on by itself in GitHub Actions.")
    ] = False,
) -> int:
    """Does the candidate pass the gate? Exit code: 0 pass, 1 fail, 2 invalid, 3 inconclusive.

    Example: assay gate check gate.yaml --candidate results/ --baseline main-results/
    """
    with loading():
        _expect(candidate, baseline)
        from assay.cli.gate_judging import judged
        from assay.cli.gate_outputs import Outputs

    _need_results(gate, candidate)
    record = judged(gate, candidate, baseline, reader=reader)
    Outputs(
        gate_file=gate, junit=junit, markdown=markdown, record=record_file, github=github, json=json
    ).write(record)
    return record.exit_code


@app.command("explain")
def explain(
    gate: GateFile,
    candidate: Candidate = None,
    baseline: Baseline = None,
    reader: Reader = None,
    json: Annotated[bool, typer.Option("--json", help="Print the record as JSON.")] = False,
) -> int:
    """Say of every check what was tested, how surely, and what would change the answer. Exit codes as `gate check`.

    Example: assay gate explain gate.yaml --candidate results/
    """
    with loading():
        _expect(candidate, baseline)
        from assay.cli.gate_judging import judged
        from assay.cli.gate_report import print_explanation

    _need_results(gate, candidate)
    record = judged(gate, candidate, baseline, reader=reader)
    if json:
        from assay.cli.screen import print_json
        from assay.domain.gates.judge import record_bytes

        print_json(record_bytes(record))
    else:
        print_explanation(record)
    return record.exit_code


def _expect(candidate: str | None, baseline: str | None) -> None:
    """Before the long imports, for what decodes the results loads beside them."""
    from assay.bootstrap import expect_results

    expect_results(candidate, baseline)


def _need_results(gate_file: Path, candidate: str | None) -> None:
    """Only a gate of items, such as a Definition of Ready, can be judged without results."""
    if candidate is not None:
        return
    from assay.cli.gate_file import gate_at
    from assay.domain.gates.needs import asks_for_results
    from assay.errors import Invalid

    gate = gate_at(gate_file)
    if asks_for_results(gate):
        raise Invalid(
            f"cannot check gate {gate.name!r}: it asks for figures, and no results are named (expected --candidate PATH)",
            hint=f"assay gate check {gate_file} --candidate results/",
            code="candidate-missing",
            field="candidate",
        )


@app.command("diff")
def diff(
    old: Annotated[Path, typer.Argument(metavar="OLD", help="Gate file as it was.")],
    new: Annotated[Path, typer.Argument(metavar="NEW", help="Gate file as it is to be.")],
    json: Annotated[bool, typer.Option("--json", help="Print the changes as JSON.")] = False,
) -> int:
    """What changed between two versions of a gate? Exit code: 0 nothing became easier to pass, 1 something did, or may have.

    Example: assay gate diff main/gate.yaml gate.yaml
    """
    from assay.cli.gate_file import gate_at
    from assay.domain.gates.gate_changes import changes

    found = changes(gate_at(old), gate_at(new))
    if json:
        from assay.cli.screen import print_json
        from assay.domain.kernel.canonical import canonical_bytes

        print_json(canonical_bytes([change.model_dump(mode="json") for change in found]))
    else:
        for change in found:
            say(f"{'EASIER  ' if change.loosens else '        '}{change.text}")
        say(_diff_line(len(found), sum(change.loosens for change in found)))
    return int(any(change.loosens for change in found))


def _diff_line(changed: int, easier: int) -> str:
    if not changed:
        return "Both ask the same."
    if not easier:
        return "Nothing became easier to pass."
    return f"{easier} of {changed} {'change' if changed == 1 else 'changes'} may make the gate easier to pass: have them reviewed."


@app.command("new")
def new(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="What the gate is called; else as its template.")
    ] = None,
    template: Annotated[
        str,
        typer.Option(
            "--template",
            metavar="KIND",
            help="quality (an AI feature), ready (Definition of Ready) or done (Definition of Done).",
        ),
    ] = "quality",
) -> None:
    """Print a gate file to begin with, with usual defaults: for quality, readiness or being done.

    Example: assay gate new answer-quality > gate.yaml
    """
    from assay.domain.gates.gate_template import gate_template

    print(gate_template(name, template), end="")


@app.command("schema")
def schema() -> None:
    """Print the JSON Schema of gate files, for completion in editors.

    Example: assay gate schema > gate.schema.json
    """
    from importlib.resources import files

    print(files("assay.domain.gates").joinpath("gate.schema.json").read_text(encoding="utf-8"), end="")
