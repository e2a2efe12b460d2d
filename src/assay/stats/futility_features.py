"""How does a run under way compare with the past runs of its problem when they had spent as much?

The features of `assay.stats.futility`. None names the problem and none is its rate of success, for a model that is told
either learns it by heart and fails once the methods change; ranks are shrunken towards one half, so few past runs say little.
"""

from __future__ import annotations

from collections.abc import Sequence

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
)
RISING = np.array([True] * 10 + [False] * 4)
"""Which of them can only raise the chance. A steep gain may mean a late start as well as a good run: it may bend either way."""
_SHRUNKEN_BY = 2.0  # runs that count as half worse, half better
_LEAST_PACE = 1e-3  # of the problem's usual gap: what stands for no gain at all on the logarithmic scale
_FARTHEST = 20.0


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
        there = _Peers(past.of(others), then.of(others), checks)
        features[rows] = there.features(now.of(rows), asked.batch[rows])
    return features, now.judged


class _Peers:
    """The past runs of one problem, at the same checks."""

    def __init__(self, runs: Runs, standing: Standing, checks: FloatArray) -> None:
        self.runs, self.standing, self.checks = runs, standing, checks
        usual = np.where(standing.judged & np.isfinite(standing.best), np.abs(standing.best), np.nan)
        self.usual = np.ones(len(checks))
        for column in np.flatnonzero(np.isfinite(usual).any(axis=0)):
            self.usual[column] = max(float(np.nanmedian(usual[:, column])), 1e-300)

    def features(self, now: Standing, batch: IntArray) -> FloatArray:
        others = batch[:, None] != self.runs.batch[None, :]
        left = -np.log(self.checks)[None, :]
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            columns = [-np.log(now.best / self.usual), -np.arcsinh(now.level / self.usual)]
            for gain, share in ((now.gain20, 0.8), (now.gain40, 0.6)):
                pace = gain / -np.log(share) * left
                columns.append(np.log((pace + _LEAST_PACE * self.usual) / now.best))
        past = self.standing
        columns += self._ranks(now.best, past.best, others)
        columns += self._ranks(now.level, past.level, others)
        columns += [self._in_time(now, others), self._gained_enough(now, others)]
        columns += self._ranks(-now.gain20, -past.gain20, others)
        columns += self._ranks(-now.gain40, -past.gain40, others)
        stacked = np.stack(columns, axis=-1)
        finite: FloatArray = np.clip(np.nan_to_num(stacked, nan=-_FARTHEST), -_FARTHEST, _FARTHEST)
        return finite

    def _ranks(self, mine: FloatArray, theirs: FloatArray, others: BoolArray) -> list[FloatArray]:
        """The share of past hits, then of past misses, that stood worse at the same spend."""
        shares = []
        for hit in (True, False):
            worse, of = np.zeros(mine.shape), np.zeros(mine.shape)
            for peer in np.flatnonzero(self.runs.hit == hit):
                counts = others[:, peer, None] & self.standing.judged[peer][None, :]
                value = theirs[peer][None, :]
                worse += counts * ((value > mine) + 0.5 * (value == mine))
                of += counts
            shares.append(_shrunken(worse, of))
        return shares

    def _in_time(self, now: Standing, others: BoolArray) -> FloatArray:
        """Of the past runs that ever were as good as this one is: which share needed no longer from there than is left?"""
        left = 1.0 - self.checks[None, :]
        good, of = np.zeros(now.best.shape), np.zeros(now.best.shape)
        for peer, run in enumerate(self.runs.trajectories):
            if not run.spent.size:
                continue
            at = np.searchsorted(-run.best, -now.best)
            counts = others[:, peer, None] & now.judged & (at < len(run.spent))
            of += counts
            if self.runs.hit[peer]:
                reached = run.spent[np.minimum(at, len(run.spent) - 1)]
                good += counts & (self.runs.end[peer] - reached <= left)
        return _shrunken(good, of)

    def _gained_enough(self, now: Standing, others: BoolArray) -> FloatArray:
        """Of the past runs that were under way at this spend: which share still gained as much as this one lacks?"""
        good, of = np.zeros(now.best.shape), np.zeros(now.best.shape)
        for peer, run in enumerate(self.runs.trajectories):
            if not run.spent.size:
                continue
            final = run.best[np.searchsorted(run.spent, self.runs.end[peer], side="right") - 1]
            with np.errstate(invalid="ignore"):
                gain = self.standing.best[peer] - final
            counts = others[:, peer, None] & self.standing.judged[peer][None, :]
            good += counts & (gain[None, :] >= now.best)
            of += counts
        return _shrunken(good, of)


def _shrunken(part: FloatArray, of: FloatArray) -> FloatArray:
    return (part + 0.5 * _SHRUNKEN_BY) / (of + _SHRUNKEN_BY)
