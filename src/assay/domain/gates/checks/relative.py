"""Is the candidate beyond a share of a baseline that was measured, and so is unsure itself?

The candidate is compared with a multiple of the baseline, value by value, by the test that an absolute margin would get.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from assay.domain.gates.checks.any_time import any_time_ratio, times
from assay.domain.gates.checks.arms import Arms
from assay.domain.gates.checks.looks import Level
from assay.domain.gates.example_tables import ExampleTable
from assay.stats.estimates import Comparison
from assay.stats.relative import relative_comparison, relative_to
from assay.stats.samples import DegenerateSample
from assay.stats.summaries import Summary, compare_summaries
from assay.stats.welch import welch_comparison


def relative_test(arms: Arms, level: Level) -> Comparison:
    """What does the test say of the relative change? Refusals as those of the test that an absolute margin would get."""
    found = _tested(arms, level)
    if arms.tables is None or not found.null:
        return found
    # Examples that only one side scored are left out: the change is told at the mean that is shown all the same.
    scale, span = arms.null / found.null, found.interval
    return replace(
        found,
        effect=found.effect * scale,
        null=arms.null,
        se=None if found.se is None else found.se * scale,
        interval=replace(
            span,
            low=None if span.low is None else span.low * scale,
            high=None if span.high is None else span.high * scale,
        ),
    )


def _tested(arms: Arms, level: Level) -> Comparison:
    theirs = arms.baseline.measured
    assert arms.share is not None
    assert theirs is not None
    alpha, mean = level.alpha, arms.baseline.mean
    if isinstance(arms.figures, tuple):
        ours, other = (_mean_only(one) for one in arms.figures)
        return relative_to(
            lambda factor: compare_summaries(ours, _scaled(other, factor), alpha=alpha), arms.share, mean
        )
    if arms.tables is None:
        values, others = level.measured.values, np.asarray(theirs.values)
        return relative_to(
            lambda factor: welch_comparison(values, factor * others, alpha=alpha), arms.share, mean
        )
    ours_on, theirs_on = arms.tables
    if level.sequential:
        return any_time_ratio(ours_on, theirs_on, arms.share, alpha=alpha)
    ours_on = ours_on.first_seeds(len(level.measured.seeds))
    return relative_comparison(
        ours_on.matrix, theirs_on.matrix, share=arms.share, clusters=ours_on.cluster_labels, alpha=alpha
    )


def baseline_table(tables: tuple[ExampleTable, ExampleTable], arms: Arms) -> ExampleTable:
    """The baseline's examples, times what the candidate is compared with."""
    return times(tables[1], 1.0 + (arms.share or 0.0))


def null_beside(arms: Arms) -> float:
    """The difference that is tested between candidate and that multiple of the baseline."""
    return arms.null if arms.share is None else 0.0


def _mean_only(figure: Summary) -> Summary:
    if figure.rare:
        raise DegenerateSample(
            "cannot judge a share of a reported rate with fewer than five passes or failures (expected the examples, or a margin in points)"
        )
    return replace(figure, rate=False)


def _scaled(figure: Summary, factor: float) -> Summary:
    spread = None if figure.stderr is None else abs(factor) * figure.stderr
    return replace(figure, value=factor * figure.value, stderr=spread)
