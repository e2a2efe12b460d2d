"""Which two sides does a comparison have, and can they be compared in pairs?"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

from assay.domain.experiments.criteria.model import Comparison as Relation
from assay.domain.experiments.criteria.model import Criterion, Improvement, Margin, NonInferiority
from assay.domain.gates.case import Case
from assay.domain.gates.checks.any_time import needs_examples
from assay.domain.gates.checks.baselines import BaselineFound, baseline_for
from assay.domain.gates.example_tables import ExampleTable, align
from assay.domain.gates.measurements import Measured, measure
from assay.domain.gates.problems import Problem
from assay.domain.gates.quantities import margin_of
from assay.domain.gates.reported import INDEPENDENT, summary_of
from assay.domain.gates.seed_groups import SeedGroup
from assay.domain.gates.wording import count, difference, shown
from assay.domain.kernel.findings import Outcome, Settlement
from assay.domain.kernel.metrics import Direction, Metric
from assay.stats.samples import summarize
from assay.stats.summaries import Summary


@dataclass(frozen=True, slots=True, eq=False)
class Arms:
    """Both sides of a comparison; tables are aligned and None where they cannot be paired, figures are there where one kept none."""

    metric: Metric
    null: float
    relation: Relation
    candidate: Measured
    baseline: BaselineFound
    tables: tuple[ExampleTable, ExampleTable] | None
    notes: tuple[str, ...]
    figures: tuple[Summary, Summary] | Problem | None = None
    """Both sides where one of them kept no examples, or what they lack."""
    share: float | None = None
    """The null as a share of a baseline that was measured, and so is unsure itself; None where the null is a number."""

    def at(self, measured: Measured) -> Arms:
        """The same with those of the candidate's seeds that decide at a look."""
        tables = self.tables
        if tables is not None:
            tables = tables[0].first_seeds(len(measured.seeds)), tables[1]
        return replace(self, candidate=measured, tables=tables)

    @property
    def effect(self) -> float:
        """Candidate minus baseline, by the means."""
        if self.tables is not None:
            ours, theirs = self.tables
            return summarize(ours.matrix.ravel()).mean - summarize(theirs.matrix.ravel()).mean
        return summarize(self.candidate.values).mean - self.baseline.mean

    @property
    def claim(self) -> str:
        """The direction in which the effect has to clear the null."""
        return "greater" if self.metric.direction is Direction.HIGHER else "less"


def arms_of(criterion: Criterion, group: SeedGroup, case: Case) -> Arms | Problem:
    """Both sides of the comparison that this criterion asks for, or why there is none."""
    test = criterion.test
    assert isinstance(test, Improvement | NonInferiority)
    metric = case.catalog.require(test.metric)
    measured = measure(group, metric, criterion.dataset)
    if isinstance(measured, Problem):
        return measured
    baseline = baseline_for(criterion, metric, case)
    if isinstance(baseline, Problem):
        return baseline
    margin = margin_of(test.margin, metric, baseline.mean)
    if margin is None:
        return Problem(
            Outcome.INVALID,
            f"the margin is in {test.margin.unit.value}, {metric.name} in {metric.unit.value}",
        )
    measured = measured.for_means(metric)
    paired = _paired(measured, baseline, metric, group.unmatched_limit)
    if isinstance(paired, Problem):
        return paired
    wanted = margin if isinstance(test, Improvement) else -margin
    null = wanted if metric.direction is Direction.HIGHER else -wanted
    relation = {
        (Direction.HIGHER, False): Relation.AT_LEAST,
        (Direction.HIGHER, True): Relation.ABOVE,
        (Direction.LOWER, False): Relation.AT_MOST,
        (Direction.LOWER, True): Relation.BELOW,
    }[metric.direction, isinstance(test, Improvement) and test.comparison is Relation.ABOVE]
    share, said = _relative(test.margin, null, baseline, metric)
    notes = [*baseline.notes, *said]
    notes += _paired_notes(paired)
    if paired is not None or baseline.measured is None:
        return Arms(metric, null, relation, measured, baseline, paired, tuple(notes), share=share)
    figures = _figures(measured, baseline.measured.for_means(metric), metric, case)
    if figures is None:
        measured = measured.by_seeds()  # without pairs the seeds are the sample
    elif not isinstance(figures, Problem):
        notes.append(INDEPENDENT)
    return Arms(metric, null, relation, measured, baseline, None, tuple(notes), figures, share)


def _relative(
    margin: Margin, null: float, baseline: BaselineFound, metric: Metric
) -> tuple[float | None, tuple[str, ...]]:
    """A relative margin as a share of what was measured, and how to read it; only a bare number is exact."""
    if not margin.relative:
        return None, ()
    amount = difference(abs(null), metric).removeprefix("+")
    said = f"the relative margin is {amount} at the baseline {shown(baseline.mean, metric)}"
    if baseline.measured is None:
        return None, (f"{said}, taken as exact",)
    if not null:
        return None, ()
    share = math.copysign(float(margin.value), null) * math.copysign(1.0, baseline.mean)
    return share, (
        f"{said}; that mean is unsure itself, so the interval is that of the relative change, told at this mean",
    )


def _paired_notes(tables: tuple[ExampleTable, ExampleTable] | None) -> Iterator[str]:
    if tables is None:
        return
    if same_scores(tables):
        yield "the scores are identical on both sides"
    if tables[0].unmatched:
        yield f"in one arm only, left out: {count(len(tables[0].unmatched), 'example')}"


def same_scores(tables: tuple[ExampleTable, ExampleTable]) -> bool:
    """Has every example the same scores on both sides, seed by seed?"""
    ours, theirs = (table.matrix for table in tables)
    return ours.shape == theirs.shape and not (ours - theirs).any()


def _figures(
    ours: Measured, theirs: Measured, metric: Metric, case: Case
) -> tuple[Summary, Summary] | Problem | None:
    """What stands for either run where there is one on each side, and one of them kept no examples."""
    if ours.reported is None and theirs.reported is None:
        return None
    if case.sequential:
        return needs_examples(metric.name)
    candidate, baseline = summary_of(ours, metric), summary_of(theirs, metric)
    if isinstance(candidate, Problem):
        return candidate
    if isinstance(baseline, Problem):
        return replace(baseline, reason=f"baseline: {baseline.reason}")
    return None if candidate is None or baseline is None else (candidate, baseline)


def _paired(
    measured: Measured, baseline: BaselineFound, metric: Metric, unmatched_limit: float
) -> tuple[ExampleTable, ExampleTable] | Problem | None:
    theirs = baseline.measured
    if theirs is None:
        return None
    ours_on, theirs_on = (
        set(measured.datasets) or {"a set that is not named"},
        set(theirs.datasets) or {"a set that is not named"},
    )
    if ours_on != theirs_on:
        return Problem(
            Outcome.INVALID,
            f"{metric.name}: the candidate was evaluated on {min(ours_on)}, the baseline on {min(theirs_on)}",
            Settlement(kind="mend", text="evaluate both on one set"),
        )
    # Of files the run id is their name and content: two evaluations of an unchanged model share it, and may be compared.
    shared = {s.run.run_id for s in measured.seeds if s.run.source != "file"} & {
        s.run.run_id for s in theirs.seeds
    }
    if shared:
        return Problem(
            Outcome.INVALID,
            f"run {min(shared)} is both candidate and baseline",
            Settlement(kind="mend", text="compare different runs"),
        )
    table = theirs.for_means(metric).table
    if measured.table is None or table is None:
        return None
    return align(measured.table, table, unmatched_limit=unmatched_limit)
