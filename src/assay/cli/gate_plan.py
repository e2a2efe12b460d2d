"""`assay gate plan`: how many examples and seeds a gate takes, and what those there are could see."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

GateFile = Annotated[Path, typer.Argument(metavar="GATE", help="Gate file (YAML).")]
Candidate = Annotated[
    str | None,
    typer.Option(
        "--candidate", "-c", metavar="PATH", help="Results that tell how scores vary: a pilot will do."
    ),
]
Baseline = Annotated[
    str | None, typer.Option("--baseline", "-b", metavar="PATH", help="Results that it is compared with.")
]
Effect = Annotated[
    str,
    typer.Option(
        "--effect",
        metavar="SIZE",
        help="How far the truth lies on the good side, such as 2%. Default: 2 points, else 2% relative.",
    ),
]
Power = Annotated[str, typer.Option("--power", metavar="SHARE", help="How surely it shall be shown.")]
HoursPerSeed = Annotated[
    float | None,
    typer.Option("--hours-per-seed", metavar="H", help="GPU-hours of one seed; else as the results say."),
]
SeedSd = Annotated[
    str,
    typer.Option(
        "--seed-sd", metavar="SIZE", help="How seeds scatter, such as 1%, where results do not tell."
    ),
]
Discordance = Annotated[
    str | None,
    typer.Option(
        "--discordance",
        metavar="SHARE",
        help="Examples that come out differently, where results do not tell.",
    ),
]
Reader = Annotated[
    str | None, typer.Option("--reader", metavar="NAME", help="Who wrote the results; else found by content.")
]


def register(app: typer.Typer) -> None:
    """Add this command."""
    app.command("plan")(plan)


def plan(
    gate: GateFile,
    *,
    candidate: Candidate = None,
    baseline: Baseline = None,
    effect: Effect = "",
    power: Power = "80%",
    hours_per_seed: HoursPerSeed = None,
    seed_sd: SeedSd = "",
    discordance: Discordance = None,
    reader: Reader = None,
    json: Annotated[bool, typer.Option("--json", help="Print the plan as JSON.")] = False,
) -> None:
    """How many examples and seeds does it take to see an effect of this size, and what could those there are have seen?

    Example: assay gate plan gate.yaml --effect 3% --candidate pilot/ --hours-per-seed 2
    """
    from assay.bootstrap import read_evaluation
    from assay.cli.gate_file import gate_at
    from assay.cli.gate_plan_report import asked, print_plan
    from assay.domain.gates.gate_metrics import with_metrics
    from assay.domain.gates.plan import plan_gate

    told = asked(effect=effect, power=power, hours=hours_per_seed, seed_sd=seed_sd, discordance=discordance)
    read = gate_at(gate)
    metrics = with_metrics(read).metrics
    sides = [
        None if path is None else read_evaluation(path, reader=reader, metrics=metrics)
        for path in (candidate, baseline)
    ]
    found = plan_gate(read, told, *sides)
    if json:
        from assay.cli.screen import print_json
        from assay.domain.kernel.canonical import canonical_bytes, rounded

        print_json(canonical_bytes(rounded(found.model_dump(mode="json"))))
    else:
        print_plan(found)
