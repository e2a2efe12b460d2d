"""Where did each training run stand, as far as could be known, when a share of its budget was spent?

A trajectory holds the share of the budget that was spent and the gap to the target at each evaluation. Everything that
judges runs before their end reads them through `standing_at`, which looks at nothing later than the check.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from assay.stats.samples import FloatArray, Misaligned, NotFinite

BoolArray = NDArray[np.bool_]
_SMOOTHED_SHARE = 0.1  # of the spend so far: what the smoothed level is taken over
_SMOOTHED_LEAST = 3  # evaluations, where that share holds fewer


@dataclass(frozen=True, slots=True, eq=False)
class Trajectory:
    """How far from its target was a run, when what share of its budget was spent?

    Attributes:
        spent: share of the budget at each evaluation, shape (n,), rising, 1 is all of it.
        gap: how far short of the target each evaluation was, shape (n,), in the metric's units; 0 or less is at the
            target. NaN and infinity, of either sign, are a run that diverged: they count as infinitely far.
        over: False of a run that goes on, which may be judged up to the end of its budget.
        hit: whether it reached the target within its budget.
        end: the share of the budget that it used: up to the target, its last evaluation, or the end of the budget.
        best: the smallest gap up to each evaluation, shape (n,).

    Raises:
        Misaligned: shapes differ or the spend falls. NotFinite: a spend is no number.

    >>> run = Trajectory(np.array([0.2, 0.4, 0.6]), np.array([0.3, 0.1, -0.01]))
    >>> run.hit, run.end
    (True, 0.6)
    """

    spent: FloatArray
    gap: FloatArray
    over: bool = True
    hit: bool = field(init=False)
    end: float = field(init=False)
    best: FloatArray = field(init=False)

    def __post_init__(self) -> None:
        if self.spent.ndim != 1 or self.spent.shape != self.gap.shape:
            raise Misaligned(
                f"cannot read a run: {self.spent.shape} spends, {self.gap.shape} gaps (expected one each)"
            )
        if not np.isfinite(self.spent).all():
            raise NotFinite("cannot read a run: a spend is no finite number (expected a share of the budget)")
        if (np.diff(self.spent) < 0.0).any():
            raise Misaligned("cannot read a run: its spend falls (expected evaluations in order)")
        at_target = np.flatnonzero(np.isfinite(self.gap) & (self.gap <= 0.0) & (self.spent <= 1.0))
        if at_target.size:
            last = self.spent[at_target[0]]
        elif not self.over:
            last = 1.0
        else:
            last = min(self.spent[-1], 1.0) if len(self.spent) else 0.0
        best = np.minimum.accumulate(np.where(np.isfinite(self.gap), self.gap, np.inf))
        for name, value in (("hit", bool(at_target.size)), ("end", float(last)), ("best", best)):
            object.__setattr__(self, name, value)


@dataclass(frozen=True, slots=True, eq=False)
class Standing:
    """Where each of some runs stood at each of some checks; every array has shape (runs, checks).

    Attributes:
        judged: whether the run was still under way, short of its target, with two evaluations at least.
        best: smallest gap so far, in the metric's units; NaN where not judged, infinite after nothing but NaN.
        level: median gap over the last tenth of the spend (three evaluations at least).
        gain20, gain40: by how much the smallest gap shrank over the last 20% and 40% of the spend.
        stalled: share of the check that lies between the evaluation that made the smallest gap and the last one.
    """

    judged: BoolArray
    best: FloatArray
    level: FloatArray
    gain20: FloatArray
    gain40: FloatArray
    stalled: FloatArray

    def of(self, rows: NDArray[np.intp]) -> Standing:
        """The same of these runs only."""
        return Standing(
            self.judged[rows],
            self.best[rows],
            self.level[rows],
            self.gain20[rows],
            self.gain40[rows],
            self.stalled[rows],
        )


def standing_at(runs: Sequence[Trajectory], checks: FloatArray) -> Standing:
    """Where did each run stand at each check, by what was evaluated until then?

    Args:
        runs: any number of them.
        checks: shares of the budget, shape (checks,).

    >>> run = Trajectory(np.array([0.1, 0.2, 0.3, 0.4]), np.array([0.5, 0.4, 0.3, 0.2]))
    >>> standing = standing_at([run], np.array([0.25, 0.35, 0.9]))
    >>> standing.judged.tolist(), standing.best[0, :2].tolist(), round(float(standing.gain40[0, 1]), 2)
    ([[True, True, False]], [0.4, 0.3], 0.1)
    """
    shape = (len(runs), len(checks))
    best, level, gain20, gain40, stalled = (np.full(shape, np.nan) for _ in range(5))
    judged = np.zeros(shape, dtype=np.bool_)
    for row, run in enumerate(runs):
        known = np.searchsorted(run.spent, checks, side="right")
        judged[row] = (known >= 2) & (run.end > checks)
        if not judged[row].any():
            continue
        ever_best, at = run.best, np.maximum(known, 1) - 1
        best[row] = ever_best[at]
        made = np.searchsorted(-ever_best, -best[row], side="left")  # the smallest gap only falls along a run
        stalled[row] = (run.spent[at] - run.spent[made]) / checks
        for gains, share in ((gain20, 0.8), (gain40, 0.6)):
            then = np.maximum(np.searchsorted(run.spent, share * checks, side="right"), 1) - 1
            with np.errstate(invalid="ignore"):
                gains[row] = np.where(then == at, 0.0, ever_best[then] - ever_best[at])
        gap = np.where(np.isfinite(run.gap), run.gap, np.inf)
        since = np.searchsorted(run.spent, (1.0 - _SMOOTHED_SHARE) * checks, side="left")
        since = np.minimum(since, np.maximum(known - _SMOOTHED_LEAST, 0))
        for column in np.flatnonzero(judged[row]):
            level[row, column] = _middle(gap[since[column] : known[column]])
    for array in (best, level, gain20, gain40, stalled):
        array[~judged] = np.nan
    return Standing(judged, best, level, gain20, gain40, stalled)


def _middle(values: FloatArray) -> float:
    """The median; of two middle ones, one of which is infinite, the worse."""
    ordered = np.sort(values)
    n = len(ordered)
    low, high = float(ordered[(n - 1) // 2]), float(ordered[n // 2])
    return high if np.isinf(high) else (low + high) / 2.0
