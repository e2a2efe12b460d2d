"""What holds however often one looks at the examples as they arrive? Sequential mode, for one model an arm.

Pass/fail scores, rates in tries and sources of them go to e-processes that are exact, everything else to the asymptotic
confidence sequence. Only the examples that are in now decide, whatever the order in which they came, so nobody has to say when or how often anyone looked.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from assay.domain.gates.checks.claims import settlement, too_close
from assay.domain.gates.example_tables import ExampleTable
from assay.domain.gates.problems import Problem
from assay.domain.gates.wording import count
from assay.domain.kernel.findings import Outcome, Settlement
from assay.stats.averaged_rates import all_rates
from assay.stats.confidence_sequences import FIRST_LOOK, sequential_mean
from assay.stats.distributions import FloatArray
from assay.stats.e_processes import sequential_pairs
from assay.stats.estimates import Comparison, Estimate, ThresholdTest
from assay.stats.paired import cluster_index, cluster_totals
from assay.stats.power import examples_for_figure
from assay.stats.relative import relative_to
from assay.stats.samples import ROUNDING, is_binary, moments
from assay.stats.sequential_rates import METHOD as RATE
from assay.stats.sequential_rates import examples_for_sequential_rate, sequential_rate
from assay.stats.tried_sequences import METHOD as TRIED
from assay.stats.tried_sequences import (
    bets_on_difference,
    bets_on_ratio,
    sequential_ratio,
    sequential_shares,
    sequential_tried_rate,
)

EARLY = f"the first look at scores other than rates is at {FIRST_LOOK} independent examples"


def any_time_comparison(ours: ExampleTable, theirs: ExampleTable, *, null: float, alpha: float) -> Comparison:
    """By how much do two models differ on the examples that are in now?

    Raises:
        TooFewSamples: real-valued scores (or sources) of fewer than the first look needs. DegenerateSample: no spread.
    """
    a, b = _one_column(ours), _one_column(theirs)
    if null == 0.0 and is_binary(a) and is_binary(b) and ours.clusters is None:
        return sequential_pairs(a, b, null=null, alpha=alpha, in_order=False)
    if all_rates(a, b) and -1.0 < null < 1.0:
        return sequential_shares(a, b, clusters=ours.cluster_labels, null=null, alpha=alpha)
    units = _units(a - b, ours.cluster_labels)
    return sequential_mean(units, np.zeros(units.size), null=null, alpha=alpha, in_order=False)


def any_time_ratio(ours: ExampleTable, theirs: ExampleTable, share: float, *, alpha: float) -> Comparison:
    """By how much do they differ, against a share of the baseline that was measured itself? Refusals as `any_time_comparison`."""
    a, b = _one_column(ours), _one_column(theirs)
    if all_rates(a, b) and share > -1.0 and b.any():
        return sequential_ratio(a, b, share=share, clusters=ours.cluster_labels, alpha=alpha)
    return relative_to(
        lambda factor: any_time_comparison(ours, times(theirs, factor), null=0.0, alpha=alpha),
        share,
        float(theirs.matrix.mean()),
        needs_spread=True,
    )


def times(table: ExampleTable, factor: float) -> ExampleTable:
    """The same examples with every score multiplied."""
    return table if factor == 1.0 else replace(table, matrix=factor * table.matrix)


def any_time_threshold(table: ExampleTable, limit: float, *, alpha: float) -> ThresholdTest:
    """Is the mean of one model beyond a number, on the examples that are in now? Refusals as `any_time_comparison`."""
    return any_time_mean(_one_column(table), limit, table.cluster_labels, alpha=alpha)


def any_time_mean(
    scores: FloatArray,
    limit: float,
    clusters: Sequence[str] | NDArray[np.int32] | None = None,
    *,
    alpha: float,
) -> ThresholdTest:
    """The same for scores of examples that may share sources."""
    if is_binary(scores) and clusters is None:
        return sequential_rate(int(scores.sum()), scores.size, limit, alpha=alpha)
    if all_rates(scores) and 0.0 < limit < 1.0:
        return sequential_tried_rate(scores, limit, clusters=clusters, alpha=alpha)
    units = _units(scores, clusters)
    found = sequential_mean(units, np.zeros(units.size), null=limit, alpha=alpha, in_order=False)
    return ThresholdTest(
        estimate=Estimate(
            found.effect, found.interval, found.n_candidate, None, None, found.method, found.se
        ),
        threshold=limit,
        statistic=None,
        p_greater=found.p_greater,
        p_less=found.p_less,
        alpha=alpha,
        scope=found.scope,
        notes=("one-seed",),
        shown=found.shown,
    )


def what_settles(
    test: Comparison | ThresholdTest,
    ours: ExampleTable,
    theirs: ExampleTable | None = None,
    *,
    share: float | None = None,
) -> Settlement:
    """How many more examples would probably settle it, at the width that looking at any time costs?

    A relative margin is told as `share`, with the baseline as it is.
    """
    scores = _one_column(ours)
    if theirs is not None:
        scores = scores - (1.0 + (share or 0.0)) * _one_column(theirs)
    units = _units(scores, ours.cluster_labels)
    if isinstance(test, ThresholdTest):
        value, interval, null = test.estimate.value, test.estimate.interval, test.threshold
        if value in (0.0, 1.0) and test.estimate.method == RATE:
            outlook = examples_for_sequential_rate(int(scores.sum()), scores.size, null, alpha=test.alpha)
            return settlement(outlook, ())
    else:
        value, interval, null = test.effect, test.interval, test.null
    alike = float(np.ptp(units)) <= ROUNDING * float(np.abs(units).max())
    if alike and isinstance(test, Comparison) and test.method == TRIED and theirs is not None:
        a, b = _one_column(ours), _one_column(theirs)
        if share is None:
            outlook = bets_on_difference(a, b, ours.cluster_labels).settled_by(null, test.alpha)
        else:
            outlook = bets_on_ratio(a, b, ours.cluster_labels).settled_by(1.0 + share, test.alpha)
        return settlement(outlook, ())
    bound = interval.low if value >= null else interval.high
    se = math.sqrt(float(moments(units)[1]) / units.size)
    if bound is None or se <= 0.0:
        return too_close("too close to call: what would settle it cannot be predicted from these scores")
    return settlement(examples_for_figure(value - null, se, scores.size, reach=abs(value - bound)), ())


def too_few(n: int, clusters: Sequence[str] | None = None) -> Settlement:
    """So many more examples, or sources of examples, are needed before the first look at real-valued scores."""
    if clusters is not None:
        more = max(1, FIRST_LOOK - len(set(clusters)))
        return Settlement(
            kind="examples", text=f"examples of {count(more, 'more source')} would bring the first look"
        )
    more = max(1, FIRST_LOOK - n)
    return Settlement(
        kind="examples", amount=more, text=f"{count(more, 'more example')} would bring the first look"
    )


def needs_examples(name: str) -> Problem:
    """The answer where only a total is there."""
    return Problem(
        Outcome.NO_EVIDENCE,
        f"sequential mode looks at examples, and only the total of {name} is there",
        Settlement(
            kind="measure", text=f"the scores of every example of {name}, or sequential: false for one look"
        ),
    )


def e_value_notes(e_value: float | None, alpha: float) -> tuple[str, ...]:
    """What the e-value says; nothing where there is none."""
    if e_value is None:
        return ()
    decides = f"{1.0 / alpha:.4g} decides"
    return (f"e-value {e_value:.4g} for the claim ({decides}); it holds however often anyone looked",)


def _one_column(table: ExampleTable) -> FloatArray:
    return table.matrix[:, 0] if table.matrix.shape[1] == 1 else np.asarray(moments(table.matrix)[0])


def _units(values: FloatArray, clusters: Sequence[str] | NDArray[np.int32] | None) -> FloatArray:
    """One value an independent unit, with the mean of all: examples, else sources, each by what it adds to the mean."""
    index = cluster_index(clusters, values.size)
    if index is None:
        return values
    mean = float(moments(values)[0])
    totals = cluster_totals(values - mean, index)
    return np.asarray(mean + totals * totals.size / values.size)
