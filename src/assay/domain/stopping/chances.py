"""Are the chances right that the rule for futility gives? Of runs that were given about 30%, 30% should reach their target."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from assay.stats.futility import CHECKS
from assay.stats.futility_features import Runs
from assay.stats.proportions import clopper_pearson
from assay.stats.samples import FloatArray

LOOKED_AT = 0.25
"""Share of the budget: one chance a run, for those of one run are no separate evidence. Later, most winners are over."""
_EDGES = (0.0, 0.05, 0.2, 0.5, 0.8, 1.0)


@dataclass(frozen=True, slots=True)
class ChanceGroup:
    """Past runs that were given about the same chance.

    Attributes:
        low, high: the chances that belong to the group, from `low` on and below `high`; 1 belongs to the last.
        runs: how many were given one of them.
        mean_chance: what they were given on average.
        hits: how many reached their target.
        at_least, at_most: 90% interval of the share that does (Clopper-Pearson).
    """

    low: float
    high: float
    runs: int
    mean_chance: float
    hits: int
    at_least: float
    at_most: float


def chance_groups(past: Runs, chances: FloatArray) -> tuple[ChanceGroup, ...]:
    """What became of the runs by the chance that they were given at a quarter of their budget? Groups without a run are left out.

    Args:
        past: finished runs.
        chances: what each was given at each of the checks by the runs of other batches, shape (runs, checks), NaN where nothing.

    >>> from assay.stats.trajectories import Trajectory
    >>> spent = np.array([0.1, 0.2, 1.0])
    >>> runs = Runs([Trajectory(spent, np.array([2.0, 1.0, end])) for end in (0.0, 0.5)], np.zeros(2), np.arange(2))
    >>> [(one.low, one.runs, one.hits) for one in chance_groups(runs, np.full((2, len(CHECKS)), 0.4))]
    [(0.2, 2, 1)]
    """
    check = int(np.abs(CHECKS - LOOKED_AT).argmin())
    given = np.where(past.standing_at(CHECKS).judged[:, check], chances[:, check], np.nan)
    found = []
    for low, high in pairwise(_EDGES):
        rows = (given >= low) & ((given < high) | (high == _EDGES[-1]))
        if rows.any():
            count, hits = int(rows.sum()), int(past.hit[rows].sum())
            interval = clopper_pearson(hits, count, confidence=0.9)
            assert interval.low is not None
            assert interval.high is not None
            found.append(
                ChanceGroup(low, high, count, float(given[rows].mean()), hits, interval.low, interval.high)
            )
    return tuple(found)
