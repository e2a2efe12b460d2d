"""`assay gate run`: a team's own evaluation, once per seed, judged like results that lie there."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

OUT = Path("gate-runs")
JOBS_MAX = 64

GateFile = Annotated[Path, typer.Argument(metavar="GATE", help="Gate file (YAML).")]
Command = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="-- CMD", help="The evaluation, with {seed} for its seed and {out} for its folder."
    ),
]
Seeds = Annotated[
    str | None,
    typer.Option(
        "--seeds",
        metavar="N",
        help="How many, or which: 5, 1-5, 1,4,7. Else as many as the gate's first look.",
    ),
]
UntilDecided = Annotated[
    bool,
    typer.Option(
        "--until-decided", help="Add seeds from one look of the gate to the next until it is decided."
    ),
]
Collect = Annotated[bool, typer.Option("--collect", help="Run the seeds and judge nothing: for a baseline.")]
Jobs = Annotated[
    int, typer.Option("--jobs", "-j", metavar="N", min=1, max=JOBS_MAX, help="Seeds that run at once.")
]
Timeout = Annotated[
    str | None, typer.Option("--timeout", metavar="TIME", help="What a seed may take: 90s, 20m or 2h.")
]
KeepGoing = Annotated[bool, typer.Option("--keep-going", help="Run the other seeds, too, when one failed.")]
Baseline = Annotated[
    str | None, typer.Option("--baseline", "-b", metavar="PATH", help="Results to compare with.")
]
Reader = Annotated[
    str | None, typer.Option("--reader", metavar="NAME", help="Who wrote the results; else found by content.")
]
Out = Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="Where results are kept.")]
Watch = Annotated[
    list[str] | None,
    typer.Option("--watch", metavar="GLOB", help="Run again when these files change; may be repeated."),
]
Ignore = Annotated[
    list[str] | None,
    typer.Option("--ignore", metavar="GLOB", help="Do not, when these do; may be repeated."),
]
Variables = Annotated[
    list[str] | None,
    typer.Option("--env", metavar="NAME", help="Run again when this variable changes; may be repeated."),
]
ReadsEnvironment = Annotated[
    bool,
    typer.Option(
        "--reads-environment",
        help="The command reads ASSAY_SEED and ASSAY_OUT where it has no {seed} or {out}.",
    ),
]
Gpus = Annotated[
    float | None,
    typer.Option("--gpus", metavar="N", help="GPUs that a seed uses, so that more seeds have a price."),
]
Fresh = Annotated[bool, typer.Option("--fresh", help="Run seeds again that are kept.")]

Json = Annotated[bool, typer.Option("--json", help="Print the record as JSON.")]
Junit = Annotated[Path | None, typer.Option("--junit", metavar="FILE", help="Write JUnit XML.")]
Markdown = Annotated[
    Path | None, typer.Option("--markdown", metavar="FILE", help="Write it for a pull request.")
]
RecordFile = Annotated[
    Path | None, typer.Option("--record", metavar="FILE", help="Write the record as JSON.")
]
Github = Annotated[
    bool, typer.Option("--github", help="Step summary and annotations; on by itself in GitHub Actions.")
]


def register(app: typer.Typer) -> None:
    """Add this command."""
    app.command("run")(run)


def run(
    gate: GateFile,
    command: Command = None,
    *,
    seeds: Seeds = None,
    until_decided: UntilDecided = False,
    collect: Collect = False,
    jobs: Jobs = 1,
    timeout: Timeout = None,
    keep_going: KeepGoing = False,
    baseline: Baseline = None,
    reader: Reader = None,
    out: Out = OUT,
    watch: Watch = None,
    ignore: Ignore = None,
    env: Variables = None,
    reads_environment: ReadsEnvironment = False,
    gpus: Gpus = None,
    fresh: Fresh = False,
    json: Json = False,
    junit: Junit = None,
    markdown: Markdown = None,
    record_file: RecordFile = None,
    github: Github = False,
) -> int:
    """Run the evaluation once per seed, then judge it; exit codes as `gate check`.

    The same command again goes on where it stopped: seeds that finished are kept, as long as nothing changed that they
    were made of.

    Example: assay gate run gate.yaml --seeds 5 --baseline main-results/ -- python evaluate.py --seed {seed} --out {out}
    """
    from assay.cli.gate_outputs import Outputs
    from assay.cli.gate_seeds import SeedsAsked, run_seeds

    asked = SeedsAsked(
        gate_file=gate,
        command=tuple(command or ()),
        seeds=seeds,
        until_decided=until_decided,
        collect=collect,
        timeout=timeout,
        baseline=baseline,
        reader=reader,
        reads_environment=reads_environment,
        gpus=gpus,
        fresh=fresh,
    )
    record = run_seeds(
        asked,
        out=out,
        jobs=jobs,
        keep_going=keep_going,
        watch=tuple(watch or ()),
        ignore=tuple(ignore or ()),
        variables=tuple(env or ()),
    )
    if isinstance(record, int):
        return record
    Outputs(
        gate_file=gate, junit=junit, markdown=markdown, record=record_file, github=github, json=json
    ).write(record)
    return record.exit_code
