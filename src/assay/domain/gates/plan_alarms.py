"""Which harm would alarms over slices and groups show? Planned for the smallest ones, at the level that Holm leaves each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from assay.domain.experiments.display import format_spread
from assay.domain.gates.checks.arms import Arms
from assay.domain.gates.example_tables import ExampleTable
from assay.domain.gates.gate import FairnessCheck, SlicesCheck
from assay.domain.gates.measurements import Measured
from assay.domain.gates.pilot import Variation, variation_of, variation_of_difference
from assay.domain.gates.plan_claims import Shown, mean_shown, pairs_shown
from assay.domain.gates.plan_shapes import Part
from assay.domain.gates.quantities import margin_of
from assay.domain.gates.wording import count, difference, listed
from assay.domain.kernel.findings import Role
from assay.domain.kernel.metrics import Metric


def slices_part(check: SlicesCheck, arms: Arms, distance: float | None, *, alpha: float) -> Part | str:
    """What does it take to show harm of this size beyond the margin, in the smallest slice? Or why nothing can be said."""
    metric = arms.metric
    variation = variation_of_difference(arms)
    if arms.tables is None or variation is None:
        return f"per-example scores of {metric.name} on both sides would tell how large the slices are"
    ours, theirs = arms.tables
    sizes = [n for column in check.by for n in _sizes(ours.slices.get(column, theirs.slices.get(column)))]
    tolerated = margin_of(check.margin, metric, arms.baseline.mean)
    if not sizes:
        return f"the results have no column {listed(check.by)}"
    if tolerated is None or distance is None:
        return "say how far beyond the margin harm shall be seen with --effect"
    level = alpha / len(sizes)
    if variation.binary and variation.discordance is not None:
        known = pairs_shown(tolerated, distance, variation.discordance, alpha=level, variation=variation)
    else:
        known = mean_shown(distance, alpha=level, variation=variation, arms=2)
    harm = difference(tolerated + distance, metric).removeprefix("+")
    told = f"{count(len(sizes), 'slice')}, corrected together (Holm); the smallest has {count(min(sizes), 'example')}"
    part = _alarm(known, variation, metric, among=len(sizes), examples=min(sizes))
    return replace(part, truth=f"a slice truly {harm} worse", notes=(told,), each=" a slice")


def fairness_part(
    check: FairnessCheck,
    metric: Metric,
    measured: Measured,
    table: ExampleTable,
    distance: float | None,
    *,
    alpha: float,
) -> Part | str:
    """What does it take to show a gap this far beyond the limit, between the two smallest groups? Or why nothing can be said."""
    sizes = sorted(_sizes(table.slices.get(check.by)))
    limit = margin_of(check.gap, metric, None)
    if len(sizes) < 2:
        return f"the results have fewer than two groups in the column {check.by}"
    if limit is None or distance is None:
        return "say how far beyond the limit a gap shall be seen with --effect"
    pairs = len(sizes) * (len(sizes) - 1) // 2
    one = variation_of(measured)
    both = replace(
        one,
        seed_variance=None
        if one.seed_variance is None
        else 0.0,  # a seed that is better is so in every group
        example_variance=2.0 * one.example_variance,
        residual_variance=2.0 * one.residual_variance,
        rate=None,
    )
    known = mean_shown(distance, alpha=alpha / pairs, variation=both)
    gap = format_spread(metric, limit + distance)
    told = f"{count(pairs, 'pair')} of groups, corrected together (Holm); the smallest have {sizes[0]:,} and {sizes[1]:,} examples"
    alike = round(2.0 / (1.0 / sizes[0] + 1.0 / sizes[1]))
    part = _alarm(known, both, metric, among=pairs, examples=alike)
    return replace(part, truth=f"a gap of truly {gap}", notes=(told,), each=" a group")


def _alarm(known: Shown, variation: Variation, metric: Metric, *, among: int, examples: int) -> Part:
    return Part(
        check="",
        role=Role.PRIMARY,
        shown=replace(known, divisor=float(among)),
        truth="",
        seeds=variation.seeds,
        examples=examples,
        said=lambda distance: f"{format_spread(metric, distance)} beyond the limit",
        alarm=True,
    )


def _sizes(labels: Sequence[str] | None) -> list[int]:
    return [] if labels is None else list(Counter(labels).values())
