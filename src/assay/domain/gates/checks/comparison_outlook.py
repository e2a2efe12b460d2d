"""What would settle a comparison that is open?"""

from __future__ import annotations

import numpy as np

from assay.domain.gates.case import Case, corrected
from assay.domain.gates.checks.any_time import what_settles
from assay.domain.gates.checks.arms import Arms
from assay.domain.gates.checks.claims import LAST_LOOK, ONE_MODEL, settlement, too_close
from assay.domain.gates.checks.looks import Level
from assay.domain.gates.checks.relative import baseline_table, null_beside
from assay.domain.gates.reported import figure_outlook, settles_figure
from assay.domain.kernel.findings import Settlement
from assay.stats.averaged_rates import METHOD as TRIED
from assay.stats.estimates import Comparison, ThresholdTest
from assay.stats.paired import paired_counts
from assay.stats.paired_ratios import RATIO_METHOD
from assay.stats.power import (
    Outlook,
    Settles,
    examples_for_crossed,
    examples_for_figure,
    examples_for_mean,
    examples_for_pairs,
    seeds_for_comparison,
    seeds_for_crossed,
    seeds_for_threshold,
)
from assay.stats.samples import StatisticsError, is_binary
from assay.stats.stages import StagePlan
from assay.stats.tried_ratios import METHOD as TRIED_RATIO


def settles_comparison(
    arms: Arms, test: Comparison | ThresholdTest, level: Level, *, case: Case, divisor: float
) -> Settlement:
    """What would settle an open comparison: more seeds, more examples, or the examples of figures that lack them?"""
    if isinstance(arms.figures, tuple):
        sizes = [one.n for one in arms.figures if one.n is not None]
        n = min(sizes) if len(sizes) == len(arms.figures) else None
        se = test.se if isinstance(test, Comparison) else None
        found = figure_outlook(arms.effect - arms.null, se, n, level.alpha)
        return settles_figure(found, n, compared=True)
    if level.sequential and level.measured.table is not None:
        if arms.tables is None:
            return what_settles(test, level.measured.table)
        return what_settles(test, *arms.tables, share=arms.share)
    seeds, examples = _outlooks(arms, test, level, case, divisor)
    runs = tuple(seed.run for seed in level.measured.seeds)
    last = level.is_last and len(runs) > 1
    if last and examples is None:
        return too_close(LAST_LOOK)
    if isinstance(seeds, Settles) and not last:
        return settlement(seeds, runs, instead=examples)
    return settlement(seeds if examples is None else examples, runs)


def _outlooks(
    arms: Arms, test: Comparison | ThresholdTest, level: Level, case: Case, divisor: float
) -> tuple[Outlook | None, Outlook | None]:
    """What more seeds, and what more examples, would probably do; None where that cannot be told, or makes no sense."""
    try:
        by_seeds = _by_seeds(arms, test, level, corrected(case.plan, divisor))
    except StatisticsError:
        by_seeds = None
    try:
        return by_seeds, _by_examples(arms, test, level)
    except StatisticsError:
        return by_seeds, None


def _by_seeds(arms: Arms, test: Comparison | ThresholdTest, level: Level, plan: StagePlan) -> Outlook | None:
    theirs = arms.baseline.measured
    if len(level.measured.seeds) < 2:
        return None
    if theirs is None:
        return seeds_for_threshold(level.measured.values, arms.baseline.mean + arms.null, plan=plan)
    if arms.tables is None:
        others = (1.0 + (arms.share or 0.0)) * np.asarray(theirs.values)
        return seeds_for_comparison(level.measured.values, others, plan=plan, null=null_beside(arms))
    return seeds_for_crossed(test, plan=plan) if isinstance(test, Comparison) else None


def _by_examples(arms: Arms, test: Comparison | ThresholdTest, level: Level) -> Outlook | None:
    if arms.tables is None or not isinstance(test, Comparison):
        return None
    ours, other = arms.tables[0].first_seeds(len(level.measured.seeds)), baseline_table(arms.tables, arms)
    n = len(ours.sample_ids)
    if ours.matrix.shape[1] == other.matrix.shape[1] == 1:
        a, b = ours.matrix[:, 0], other.matrix[:, 0]
        if ours.clusters is not None or test.method in (RATIO_METHOD, TRIED_RATIO):  # as many more sources
            return _at_its_width(test, n)
        if is_binary(a) and is_binary(b):
            return examples_for_pairs(paired_counts(a, b), alpha=level.alpha, null=arms.null)
        return examples_for_mean(np.asarray(a - b), null=null_beside(arms), alpha=level.alpha)
    if test.scope == ONE_MODEL or test.method.startswith((TRIED, TRIED_RATIO)):
        return _at_its_width(test, n)
    return examples_for_crossed(test)


def _at_its_width(test: Comparison, n: int) -> Outlook:
    """What more examples would probably do to this interval, which may be wider than its standard error says."""
    bound = test.interval.low if test.effect >= test.null else test.interval.high
    reach = None if bound is None else abs(test.effect - bound)
    return examples_for_figure(test.effect - test.null, test.se or 0.0, n, alpha=test.alpha, reach=reach)
