"""Which level should the rule for futility have, going by the team's own finished runs?

The largest of a few levels at which the back-test stays within the registered limit. The levels are few and round, so that the
choice cannot be fitted to the past more finely than the past can tell.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from assay.domain.stopping.backtest import FALSE_KILL_LIMIT
from assay.domain.stopping.futility import FutilityRule
from assay.stats.futility_features import Runs
from assay.stats.samples import FloatArray

LEVELS = (0.1, 0.07, 0.05, 0.02)
DEFAULT_LEVEL = 0.05
LEAST_HITS = 20
"""Past hits that were judged: at a limit of 5%, one of them may be stopped."""
PARTS = 5


@dataclass(frozen=True, slots=True)
class TunedLevel:
    """What the back-test says about the level.

    Attributes:
        level: the largest one within the limit; the lowest of all where none is.
        hits: past hits that could be judged by the runs of other batches.
        hits_stopped: how many of them the rule would have stopped at this level.
        tuned: False where there were too few hits, so that the level is the default.
    """

    level: float
    hits: int
    hits_stopped: int
    tuned: bool


def tune_level(
    past: Runs, checks: FloatArray, *, limit: float = FALSE_KILL_LIMIT, in_a_row: int = 2
) -> TunedLevel:
    """At which level would the rule have stopped at most this share of the team's own hits?

    Args:
        past: finished runs. Their batches are put into five parts, and each part is judged by the others.
        checks: shares of the budget at which runs are looked at.
        limit: registered share of hits that may be stopped.
        in_a_row: at how many checks in a row the chance must be low.
    """
    chances, _ = numbers_by_parts(past, checks, in_a_row)
    return level_by(past, checks, chances, limit=limit, in_a_row=in_a_row)


def numbers_by_parts(past: Runs, checks: FloatArray, in_a_row: int = 2) -> tuple[FloatArray, FloatArray]:
    """Which chances and p-values (see `FutilityRule.numbers`) does each run get from the other four parts of the batches?"""
    batches = np.unique(past.batch)
    chances, p_values = (np.full((len(past), len(checks)), np.nan) for _ in range(2))
    past.standing_at(checks)
    for part in range(min(PARTS, len(batches))):
        judged = np.isin(past.batch, batches[part::PARTS])
        rows, others = np.flatnonzero(judged), np.flatnonzero(~judged)
        if others.size:
            rule = FutilityRule(DEFAULT_LEVEL, in_a_row)
            chances[rows], p_values[rows] = rule.numbers(past.of(rows), past.of(others), checks)
    return chances, p_values


def level_by(
    past: Runs,
    checks: FloatArray,
    chances: FloatArray,
    *,
    limit: float = FALSE_KILL_LIMIT,
    in_a_row: int = 2,
) -> TunedLevel:
    """Which level do these chances ask for?"""
    known = past.hit & ~np.isnan(chances).all(axis=1)
    hits = int(known.sum())
    if hits < LEAST_HITS:
        return TunedLevel(DEFAULT_LEVEL, hits, 0, tuned=False)
    nothing = np.full_like(chances, np.nan)
    stopped = 0
    for level in LEVELS:
        told = FutilityRule(level, in_a_row).answers_by(past, checks, chances, nothing)
        stopped = int((told.stop.any(axis=1) & known).sum())
        if stopped <= limit * hits:
            return TunedLevel(level, hits, stopped, tuned=True)
    return TunedLevel(LEVELS[-1], hits, stopped, tuned=True)
