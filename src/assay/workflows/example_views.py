"""What stands behind the value of a ticket's group or of one run, example by example."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from assay.domain.experiments.evidence import Run
    from assay.domain.gates.example_evidence import Confused, HardExamples, LabelScores
    from assay.domain.kernel.metrics import Metric
    from assay.workflows.records import Project


@dataclass(frozen=True, slots=True)
class ExampleGroup:
    """Runs that can be looked at together: they differ only in seed."""

    key: str
    label: str
    arm: str
    is_candidate: bool
    runs: int


@dataclass(frozen=True, slots=True, eq=False)
class ExamplesView:
    """Per-example evidence of one group of seeds.

    Attributes:
        ticket: whose runs these are; None for a run without one.
        run: the one run that was asked for; None for a group.
        groups: those of the ticket that have scores, the candidate first.
        group: the one shown; None where no run has scores.
        runs: those whose scores are shown, one a seed.
        left_out: runs of the group that are not, with why.
        metrics: of which all these runs have scores.
        metric: the one shown.
        declared: its declaration; None where there is none, and nobody knows what hard is.
        columns: labels that the examples have.
        column: the one that classes are taken from.
        hard: None where the metric's better direction is not declared, or nothing is scored.
        confused: None where true classes or answers were not logged.
        labels: mean score by label of the column.
    """

    project: Project
    ticket: str | None
    run: Run | None
    groups: tuple[ExampleGroup, ...]
    group: ExampleGroup | None
    runs: tuple[Run, ...]
    left_out: tuple[tuple[Run, str], ...]
    metrics: tuple[str, ...]
    metric: str | None
    declared: Metric | None
    columns: tuple[str, ...]
    column: str | None
    hard: HardExamples | None
    confused: Confused | None
    labels: tuple[LabelScores, ...]
