"""How does a run under way compare with the past runs of its problem when they had spent as much?

The features of `assay.stats.futility`. None names the problem, for a model that is told learns it by heart and fails once the
methods change. How often past runs of the problem hit is told without a run's own batch, in learning as in judging: so it weighs
as much as the rates of one batch have told about another. Shares are shrunken towards one half, so few past runs say little.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assay.stats.samples import FloatArray, Misaligned
from assay.stats.trajectories import BoolArray, Standing, Trajectory, standing_at

IntArray = NDArray[np.int64]
FEATURES = (
    "own gap",
    "smoothed level",
    "pace over 20%",
    "pace over 40%",
    "best among past hits",
    "best among past misses",
    "level among past hits",
    "level among past misses",
    "past runs from this level that were in time",
    "past runs that gained as much from here on",
    "gain over 20% among past hits",
    "gain over 20% among past misses",
    "gain over 40% among past hits",
    "gain over 40% among past misses",
    "past runs under way that hit",
    "no better value for so long",
)
RISING = np.array([True] * 10 + [False] * 4 + [True] * 2)
"""Which of them can only raise the chance. A steep gain may mean a late start as well as a good run: it may bend either way."""
_SHRUNKEN_BY = 2.0  # runs that count as half worse, half better
_LEAST_PACE = 1e-3  # of the problem's usual gap: what stands for no gain at all on the logarithmic scale
_FARTHEST = 20.0
_AT_ONCE = 2_000_000  # comparisons of one run with one past run at one check that are held in memory


class Runs:
    """Some runs, with what may be compared with what.

    trajectories holds one a run; problem, shape (runs,), the number of the problem of each, for only runs of one problem
    are compared; batch, shape (runs,), the number of the piece of work each belongs to (a ticket, a method). A run is never
    compared with its own batch: the next one will come from a batch that is not known yet. hit and end are those of the
    trajectories, shape (runs,).

    Raises:
        Misaligned: not one problem and one batch a run.
    """

    __slots__ = ("_standing", "batch", "end", "hit", "problem", "trajectories")

    def __init__(self, trajectories: Sequence[Trajectory], problem: IntArray, batch: IntArray) -> None:
        if not len(trajectories) == len(problem) == len(batch):
            raise Misaligned("cannot compare runs: not one problem and one batch a run")
        self.trajectories, self.problem, self.batch = tuple(trajectories), problem, batch
        self.hit: BoolArray = np.array([run.hit for run in trajectories], dtype=np.bool_)
        self.end: FloatArray = np.array([run.end for run in trajectories], dtype=np.float64)
        self._standing: dict[bytes, Standing] = {}

    def __len__(self) -> int:
        return len(self.trajectories)

    def of(self, rows: NDArray[np.intp]) -> Runs:
        """These of them only. What was worked out about them is kept."""
        part = Runs([self.trajectories[row] for row in rows.tolist()], self.problem[rows], self.batch[rows])
        part._standing = {checks: standing.of(rows) for checks, standing in self._standing.items()}
        return part

    def in_batches(self, batch: IntArray) -> Runs:
        """The same runs as parts of other pieces of work. What was worked out about them is kept."""
        other = Runs(self.trajectories, self.problem, batch)
        other._standing = dict(self._standing)
        return other

    def standing_at(self, checks: FloatArray) -> Standing:
        """Where did each stand at each check? Worked out once."""
        key = checks.tobytes()
        if key not in self._standing:
            self._standing[key] = standing_at(self.trajectories, checks)
        return self._standing[key]


def features_at(asked: Runs, past: Runs, checks: FloatArray) -> tuple[FloatArray, BoolArray]:
    """What is known of each asked run at each check, beside the past runs of its problem?

    Returns:
        features: shape (asked, checks, features), finite; meaningless where not judged.
        judged: shape (asked, checks).
    """
    now, then = asked.standing_at(checks), past.standing_at(checks)
    features = np.zeros((*now.judged.shape, len(FEATURES)))
    for problem in np.unique(asked.problem):
        rows, others = np.flatnonzero(asked.problem == problem), np.flatnonzero(past.problem == problem)
        there = _peers(past.of(others), then.of(others), checks)
        features[rows] = there.features(now.of(rows), asked.batch[rows])
    return features, now.judged


@dataclass(frozen=True, slots=True, eq=False)
class Peers:
    """Past runs of one problem as later ones are compared with them at fixed checks: small, however long their curves are.

    Attributes:
        checks: shares of the budget, shape (checks,).
        hit: whether each reached its target, shape (runs,).
        batch: the piece of work each belongs to, shape (runs,).
        standing: where each stood; arrays of shape (runs, checks).
        ever: smallest gap of each, shape (runs,); NaN where it was never evaluated.
        before: smallest gap while more of the budget was still to come before the run's end than a later run has left at the
            check, shape (runs, checks); NaN where there was no such time.
        gained: by how much the smallest gap shrank from the check to the end, shape (runs, checks).
    """

    checks: FloatArray
    hit: BoolArray
    batch: IntArray
    standing: Standing
    ever: FloatArray
    before: FloatArray
    gained: FloatArray

    def features(self, now: Standing, batch: IntArray) -> FloatArray:
        """How do runs that stand like this, of these batches, compare? Shape (runs, checks, features), finite."""
        at_once = max(1, _AT_ONCE // max(1, self.standing.best.size))
        parts = [
            self._features(
                now.of(np.arange(start, min(start + at_once, len(batch)))), batch[start : start + at_once]
            )
            for start in range(0, len(batch), at_once)
        ]
        return np.concatenate(parts) if parts else np.zeros((0, len(self.checks), len(FEATURES)))

    def _features(self, now: Standing, batch: IntArray) -> FloatArray:
        others = batch[:, None] != self.batch[None, :]
        left, usual = -np.log(self.checks)[None, :], self._usual()
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            columns = [-np.log(now.best / usual), -np.arcsinh(now.level / usual)]
            for gain, share in ((now.gain20, 0.8), (now.gain40, 0.6)):
                pace = gain / -np.log(share) * left
                columns.append(np.log((pace + _LEAST_PACE * usual) / now.best))
        past = self.standing
        under_way = others[:, :, None] & past.judged[None, :, :]
        columns += self._ranks(now.best, past.best, under_way)
        columns += self._ranks(now.level, past.level, under_way)
        columns += [self._in_time(now, others), self._gained_enough(now, under_way)]
        columns += self._ranks(-now.gain20, -past.gain20, under_way)
        columns += self._ranks(-now.gain40, -past.gain40, under_way)
        columns += [self._hit_in_the_end(under_way), -now.stalled]
        stacked = np.stack(columns, axis=-1)
        finite: FloatArray = np.clip(np.nan_to_num(stacked, nan=-_FARTHEST), -_FARTHEST, _FARTHEST)
        return finite

    def _usual(self) -> FloatArray:
        """The usual gap of the problem at each check."""
        best = self.standing.best
        known = np.where(self.standing.judged & np.isfinite(best), np.abs(best), np.nan)
        usual = np.ones(len(self.checks))
        for column in np.flatnonzero(np.isfinite(known).any(axis=0)):
            usual[column] = max(float(np.nanmedian(known[:, column])), 1e-300)
        return usual

    def _ranks(self, mine: FloatArray, theirs: FloatArray, under_way: BoolArray) -> list[FloatArray]:
        """The share of past hits, then of past misses, that stood worse at the same spend."""
        shares = []
        for hit in (True, False):
            rows = np.flatnonzero(self.hit == hit)
            counts, value = under_way[:, rows], theirs[None, rows]
            worse = np.count_nonzero(counts & (value > mine[:, None]), axis=1)
            same = np.count_nonzero(counts & (value == mine[:, None]), axis=1)
            shares.append(_shrunken(worse + 0.5 * same, np.count_nonzero(counts, axis=1)))
        return shares

    def _in_time(self, now: Standing, others: BoolArray) -> FloatArray:
        """Of the past runs that ever were as good as this one is: which share needed no longer from there than is left?"""
        best = now.best[:, None]
        counts = others[:, :, None] & now.judged[:, None] & (self.ever[None, :, None] <= best)
        good = counts & self.hit[None, :, None] & ~(self.before[None] <= best)
        return _shrunken(np.count_nonzero(good, axis=1), np.count_nonzero(counts, axis=1))

    def _gained_enough(self, now: Standing, under_way: BoolArray) -> FloatArray:
        """Of the past runs that were under way at this spend: which share still gained as much as this one lacks?"""
        good = under_way & (self.gained[None] >= now.best[:, None])
        return _shrunken(np.count_nonzero(good, axis=1), np.count_nonzero(under_way, axis=1))

    def _hit_in_the_end(self, under_way: BoolArray) -> FloatArray:
        """Of the past runs that were under way at this spend: which share hit in the end?"""
        good = np.count_nonzero(under_way & self.hit[None, :, None], axis=1)
        return _shrunken(good, np.count_nonzero(under_way, axis=1))


def peers_of(past: Runs, checks: FloatArray) -> Peers:
    """What is kept of past runs, all of one problem, to compare later ones with at these checks."""
    return _peers(past, past.standing_at(checks), checks)


def _peers(past: Runs, standing: Standing, checks: FloatArray) -> Peers:
    shape = (len(past), len(checks))
    ever, before, gained = np.full(len(past), np.nan), np.full(shape, np.nan), np.full(shape, np.nan)
    for row, run in enumerate(past.trajectories):
        if not run.spent.size:
            continue
        ever[row] = run.best[-1]
        # Time still to come falls along a run, so it is more than is left at a check up to a point, and never again.
        first = np.searchsorted(run.spent - run.end, checks - 1.0, side="left")
        before[row, first > 0] = run.best[first[first > 0] - 1]
        final = run.best[np.searchsorted(run.spent, run.end, side="right") - 1]
        with np.errstate(invalid="ignore"):
            gained[row] = standing.best[row] - final
    return Peers(checks, past.hit, past.batch, standing, ever, before, gained)


def _shrunken(part: NDArray[Any], of: NDArray[Any]) -> FloatArray:
    share: FloatArray = (part + 0.5 * _SHRUNKEN_BY) / (of + _SHRUNKEN_BY)
    return share
