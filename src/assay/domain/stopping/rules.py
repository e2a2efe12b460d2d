"""Every kill rule in one form: would it have stopped these runs at these checks, by what was known then?

The verdict on a ticket, `should_stop` and the back-test ask the same rules. A rule recommends; whether it may stop a run by
itself is for the back-test to say (`assay.domain.stopping.backtest`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from assay.stats.futility_features import Runs
from assay.stats.samples import FloatArray
from assay.stats.stop_rules import (
    beyond,
    fall_after,
    first_non_finite,
    median_of_peers,
    plateau_after_each,
    running_average,
)
from assay.stats.trajectories import BoolArray, Trajectory

Rows = NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """What a rule said about some runs at some checks; both arrays have shape (runs, checks).

    Attributes:
        stop: the rule says: stop it now. Never where it was not asked.
        asked: the run was under way, short of its target, and the rule could say something. A rule that lacks what it
            needs (past runs, peers) has not said "go on".
    """

    stop: BoolArray
    asked: BoolArray

    def first_stop(self, checks: FloatArray) -> FloatArray:
        """At which of these checks is each run stopped first? Shape (runs,), NaN where never."""
        return np.where(self.stop.any(axis=1), checks[self.stop.argmax(axis=1)], np.nan)


class StopRule(Protocol):
    """A rule that can be replayed."""

    @property
    def name(self) -> str:
        """What it is called in tables."""

    def answers(self, runs: Runs, past: Runs, checks: FloatArray) -> Answers:
        """What does it say about each run at each check?

        Args:
            runs: under way or over; a rule looks at nothing later than a check.
            past: finished runs that it may learn from; only those of the same problem are compared.
            checks: shares of the budget, rising.
        """


@dataclass(frozen=True, slots=True)
class GapRule:
    """Stop when the best so far is further from the target than this, in the metric's own unit."""

    limit: float
    since: float = 0.0
    """Share of the budget from which on it is asked."""
    until: float = 1.0

    @property
    def name(self) -> str:
        return f"gap > {self.limit:g}{_when(self.since, self.until)}"

    def answers(self, runs: Runs, past: Runs, checks: FloatArray) -> Answers:
        asked = _asked(runs, checks, self.since, self.until)
        return Answers(asked & beyond(runs.standing_at(checks).best, self.limit), asked)


@dataclass(frozen=True, slots=True)
class PlateauRule:
    """Stop when the last few evaluations lie within a tolerance, in the metric's own unit."""

    of: int
    tolerance: float
    since: float = 0.0

    @property
    def name(self) -> str:
        return f"plateau: last {self.of} within {self.tolerance:g}{_when(self.since, 1.0)}"

    def answers(self, runs: Runs, past: Runs, checks: FloatArray) -> Answers:
        asked, stop = _asked(runs, checks, self.since), np.zeros((len(runs), len(checks)), dtype=np.bool_)
        for row, run in enumerate(runs.trajectories):
            met = plateau_after_each(run.gap, of=self.of, tolerance=self.tolerance)
            ever = np.logical_or.accumulate(met & (run.spent >= self.since - 1e-9))
            for check, known in _known(run, checks):
                stop[row, check] = ever[known - 1]
        return Answers(asked & stop, asked)


@dataclass(frozen=True, slots=True)
class SlowerThanHits:
    """Stop when the run has taken so many times as long as the median past hit took to its target."""

    multiple: float

    @property
    def name(self) -> str:
        return f"over {self.multiple:g}x the median time to target"

    def answers(self, runs: Runs, past: Runs, checks: FloatArray) -> Answers:
        asked, stop = _asked(runs, checks), np.zeros((len(runs), len(checks)), dtype=np.bool_)
        for rows, peers in _problems(runs, past):
            ends = past.end[peers][past.hit[peers]]
            if not ends.size:
                asked[rows] = False
                continue
            stop[rows] = beyond(checks, self.multiple * float(np.median(ends)))
        return Answers(asked & stop, asked)


@dataclass(frozen=True, slots=True)
class OverBudget:
    """Compute spent beyond a multiple of the budget. In a verdict this is an escalation, not a kill."""

    multiple: float

    @property
    def name(self) -> str:
        return f"over {self.multiple:g}x the budget"

    def answers(self, runs: Runs, past: Runs, checks: FloatArray) -> Answers:
        asked = _asked(runs, checks)
        return Answers(asked & beyond(checks, self.multiple), asked)


@dataclass(frozen=True, slots=True)
class TimeBoxOver:
    """The share of the budget that the time box allows is spent."""

    share: float

    @property
    def name(self) -> str:
        return f"time box of {self.share:.0%} of the budget"

    def answers(self, runs: Runs, past: Runs, checks: FloatArray) -> Answers:
        asked = _asked(runs, checks)
        return Answers(asked & (checks >= self.share), asked)


@dataclass(frozen=True, slots=True)
class NotFalling:
    """Stop when the curve never came closer to the target after its first evaluations."""

    after: int = 1

    @property
    def name(self) -> str:
        return f"never better after evaluation {self.after}"

    def answers(self, runs: Runs, past: Runs, checks: FloatArray) -> Answers:
        asked, stop = _asked(runs, checks), np.zeros((len(runs), len(checks)), dtype=np.bool_)
        for row, run in enumerate(runs.trajectories):
            numbers = np.arange(1, len(run.gap) + 1)
            for check, known in _known(run, checks):
                stop[row, check] = fall_after(numbers[:known], run.gap[:known], self.after) == "never fell"
        return Answers(asked & stop, asked)


@dataclass(frozen=True, slots=True)
class Diverged:
    """Stop when a value is NaN or infinite."""

    @property
    def name(self) -> str:
        return "diverged"

    def answers(self, runs: Runs, past: Runs, checks: FloatArray) -> Answers:
        asked, stop = _asked(runs, checks), np.zeros((len(runs), len(checks)), dtype=np.bool_)
        for row, run in enumerate(runs.trajectories):
            first = first_non_finite(run.gap)
            if first is not None:
                stop[row] = checks >= run.spent[first]
        return Answers(asked & stop, asked)


@dataclass(frozen=True, slots=True)
class MedianStopping:
    """Stop when the best so far is worse than the median of the peers' running averages at the same spend (Golovin et al. 2017)."""

    since: float = 0.2

    @property
    def name(self) -> str:
        return f"median stopping{_when(self.since, 1.0)}"

    def answers(self, runs: Runs, past: Runs, checks: FloatArray) -> Answers:
        asked, stop = _asked(runs, checks, self.since), np.zeros((len(runs), len(checks)), dtype=np.bool_)
        best = runs.standing_at(checks).best
        for rows, peers in _problems(runs, past):
            trajectories = [past.trajectories[peer] for peer in peers.tolist()]
            for check in np.flatnonzero(asked[rows].any(axis=0)).tolist():
                at = float(checks[check])
                averages = np.array([running_average(run.spent, run.gap, at) for run in trajectories])
                middle = median_of_peers(averages)
                if middle is None:
                    asked[rows, check] = False
                else:
                    stop[rows, check] = best[rows, check] > middle
        return Answers(asked & stop, asked)


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Stop when any of these rules says so."""

    name: str
    rules: tuple[StopRule, ...]

    def answers(self, runs: Runs, past: Runs, checks: FloatArray) -> Answers:
        told = [rule.answers(runs, past, checks) for rule in self.rules]
        return Answers(
            np.logical_or.reduce([one.stop for one in told]),
            np.logical_or.reduce([one.asked for one in told]),
        )


def _asked(runs: Runs, checks: FloatArray, since: float = 0.0, until: float = 1.0) -> BoolArray:
    window = (checks >= since - 1e-9) & (checks <= until + 1e-9)
    return runs.standing_at(checks).judged & window


def _known(run: Trajectory, checks: FloatArray) -> Iterator[tuple[int, int]]:
    """The checks by which at least one evaluation was made, with how many were."""
    for check, known in enumerate(np.searchsorted(run.spent, checks, side="right").tolist()):
        if known:
            yield check, known


def _problems(runs: Runs, past: Runs) -> Iterator[tuple[Rows, Rows]]:
    """The runs of each problem, and its past ones."""
    for problem in np.unique(runs.problem):
        yield np.flatnonzero(runs.problem == problem), np.flatnonzero(past.problem == problem)


def _when(since: float, until: float) -> str:
    if since == until:
        return f" at {since:.0%} of the budget"
    return f" after {since:.0%} of the budget" if since > 0.0 else ""
