"""What is known where every example has the same score on both sides: is an unchanged model no worse?

Scores other than right and wrong then have no spread of differences to go by, but the examples are evidence: had more than
a small share of them changed, one would have been among those that were looked at.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from assay.domain.gates.case import Checked
from assay.domain.gates.checks.arms import Arms, same_scores
from assay.domain.gates.checks.claims import counts, shown_interval
from assay.domain.gates.checks.looks import Level
from assay.domain.gates.wording import count, difference
from assay.domain.kernel.findings import Outcome
from assay.domain.kernel.metrics import Metric, Unit
from assay.stats.distributions import FloatArray
from assay.stats.estimates import Interval


def unchanged(arms: Arms, level: Level, known: Checked) -> Checked | None:
    """Non-inferiority, met where the scores are identical on enough examples; None where that answers nothing.

    The share of examples that differ is at most 1 - alpha^(1/n) (exact, none of n), and one that differs moves by no more
    than scores can: by 1 for a fraction, else by the range that was seen.
    """
    tolerated = -arms.null if arms.claim == "greater" else arms.null
    if arms.tables is None or not same_scores(arms.tables) or tolerated <= 0.0 or level.sequential:
        return None
    table, metric = arms.tables[0], arms.metric
    examples = len(table.sample_ids)
    independent = (
        examples if table.cluster_labels is None else len(np.unique(np.asarray(table.cluster_labels)))
    )
    if independent < 2:
        return None
    moves = range_of(metric, table.matrix)
    reach = -math.expm1(math.log(level.alpha) / independent) * moves
    if not 0.0 < reach < tolerated:
        return None
    p_value = (1.0 - min(1.0, tolerated / moves)) ** independent
    span = f"{difference(-reach, metric)} to {difference(reach, metric)}"
    return replace(
        known,
        outcome=Outcome.MET,
        method=f"identical scores, exact share of examples that may differ, {level.text}",
        reason=(
            f"{metric.name} is the same on every one of {count(examples, 'example')}: "
            f"the interval {span} clears {difference(arms.null, metric)}"
        ),
        against_level=p_value / level.alpha,
        interval=shown_interval(Interval(-reach, reach, 1.0 - 2.0 * level.alpha), level.alpha),
        p_value=p_value,
        alpha=level.alpha,
        looks=level.spent,
        detectable=reach,
        n=counts(level.measured, arms.baseline.measured),
        notes=(*level.measured.notes, *arms.notes, *level.notes),
    )


def range_of(metric: Metric, scores: FloatArray) -> float:
    """By how much can one example move: by 1 for a fraction, else by the range that was seen."""
    return 1.0 if metric.unit is Unit.FRACTION else float(np.ptp(scores))
