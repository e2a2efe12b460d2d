"""Which past runs can a kill rule be replayed over, and what is its record on them?

The budget of a run is the longest past run of its ticket, in steps of the metric that decides: runs of one ticket are meant to be
compared, so they are planned alike. A ticket's registered GPU-hours are no budget of a run: over how many runs they were to be spread is
known only once the last one has ended. Runs of other problems, metric and data set, are never compared.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from assay.domain.stopping.backtest import (
    FALSE_KILL_LIMIT,
    BackTest,
    MayStop,
    RecommendsOnly,
    Replay,
    back_test,
    leave_batch_out,
    may_stop,
)
from assay.domain.stopping.rules import Answers, StopRule
from assay.domain.stopping.tuning import PARTS
from assay.stats.futility import CHECKS
from assay.stats.futility_features import Runs
from assay.stats.samples import FloatArray
from assay.stats.trajectories import Trajectory

FEWEST_EVALUATIONS = 4


class LeftOut(StrEnum):
    """Why nothing can be learned from a past run."""

    NO_TARGET = "no number to reach"
    BASELINE = "baseline"
    ENDED_EARLY = "stopped or failed"
    NO_CURVE = "no curve"
    FEW_EVALUATIONS = "too few evaluations"
    STEPS = "steps"
    TOO_SHORT = "too short"
    NO_VALUE = "no value that counts"
    NOT_READ = "not read"

    @property
    def words(self) -> str:
        """As a sentence goes on: 3 runs: WORDS."""
        return _WORDS[self]


_WORDS = {
    LeftOut.NO_TARGET: "the lock of their ticket has no primary criterion with a number that a curve could reach",
    LeftOut.BASELINE: "they are baselines, of which nothing was promised",
    LeftOut.ENDED_EARLY: "they were stopped or failed: how they would have ended is not known",
    LeftOut.NO_CURVE: "they have no curve of the metric that decides",
    LeftOut.FEW_EVALUATIONS: f"their curve has fewer than {FEWEST_EVALUATIONS} evaluations",
    LeftOut.STEPS: "their steps are below 0, or all 0",
    LeftOut.TOO_SHORT: "they ended before a twentieth of the longest run of their ticket: cut short, or steps counted otherwise",
    LeftOut.NO_VALUE: "their curve ends before the value that counts: the metric is declared to be read at a step, or over points, that they do not have",
    LeftOut.NOT_READ: "older than the newest that were read",
}


@dataclass(frozen=True, slots=True, eq=False)
class PastRun:
    """A finished run with its curve, as far as rules look at it.

    steps, shape (n,), rise; gaps, shape (n,), say how far short of the target each value is, in the metric's units.
    """

    run_id: str
    ticket: str
    problem: str
    steps: NDArray[np.int64]
    gaps: FloatArray
    gpu_hours: float | None


@dataclass(frozen=True, slots=True, eq=False)
class History:
    """Past runs that rules can be replayed over.

    Attributes:
        records: one a run, in the order of `runs`.
        runs: their trajectories; a batch is a ticket, or one of five groups of tickets where there are more.
        budgets: compute of a whole budget, shape (runs,), in `unit`.
        unit: GPU-hours where every run says what it used, else each run's budget counts as one.
        problems: names behind the numbers of the problems.
        left_out: how many runs could not be used, by reason.
    """

    records: tuple[PastRun, ...]
    runs: Runs
    budgets: FloatArray
    unit: Literal["GPU-hours", "budgets"]
    problems: tuple[str, ...]
    left_out: Mapping[LeftOut, int]

    @property
    def tickets(self) -> int:
        """Of how many tickets are the runs?"""
        return len({one.ticket for one in self.records})


def history_of(found: Sequence[PastRun | LeftOut]) -> History:
    """What can rules be replayed over?

    >>> run = PastRun("a", "EXP-1", "accuracy", np.arange(1, 5), np.array([0.3, 0.2, 0.1, 0.0]), None)
    >>> past = history_of([run, LeftOut.NO_CURVE])
    >>> past.runs.hit.tolist(), past.unit, dict(past.left_out)
    ([True], 'budgets', {<LeftOut.NO_CURVE: 'no curve'>: 1})
    """
    left_out = Counter(one for one in found if isinstance(one, LeftOut))
    usable = []
    for one in found:
        if isinstance(one, PastRun):
            why = _unusable(one)
            if why is None:
                usable.append(one)
            else:
                left_out[why] += 1
    longest: dict[str, int] = {}
    for one in usable:
        longest[one.ticket] = max(longest.get(one.ticket, 0), int(one.steps[-1]))
    kept = [one for one in usable if one.steps[-1] / longest[one.ticket] > CHECKS[0]]
    if len(kept) < len(usable):
        left_out[LeftOut.TOO_SHORT] += len(usable) - len(kept)
    problems, tickets = sorted({one.problem for one in kept}), sorted({one.ticket for one in kept})
    runs = Runs(
        [Trajectory(one.steps / longest[one.ticket], one.gaps) for one in kept],
        np.array([problems.index(one.problem) for one in kept], dtype=np.int64),
        np.array([tickets.index(one.ticket) % PARTS for one in kept], dtype=np.int64),
    )
    budgets, unit = _budgets(kept, longest)
    return History(tuple(kept), runs, budgets, unit, tuple(problems), dict(left_out))


def _unusable(run: PastRun) -> LeftOut | None:
    if len(run.steps) < FEWEST_EVALUATIONS:
        return LeftOut.FEW_EVALUATIONS
    return LeftOut.STEPS if run.steps[0] < 0 or run.steps[-1] <= 0 else None


def _budgets(
    runs: Sequence[PastRun], longest: Mapping[str, int]
) -> tuple[FloatArray, Literal["GPU-hours", "budgets"]]:
    """A run that used half of its steps and 3 GPU-hours has a budget of 6."""
    used = [one.gpu_hours for one in runs]
    known = [hours for hours in used if hours is not None and np.isfinite(hours) and hours > 0.0]
    if len(known) < len(runs):
        return np.ones(len(runs)), "budgets"
    shares = np.array([one.steps[-1] / longest[one.ticket] for one in runs], dtype=np.float64)
    return np.array(known, dtype=np.float64) / shares, "GPU-hours"


@dataclass(frozen=True, slots=True)
class ByProblem:
    """One rule, tuned for each problem on its own; of a problem that is not named nothing is said."""

    name: str
    rules: Mapping[int, StopRule]

    def answers(self, runs: Runs, past: Runs, checks: FloatArray) -> Answers:
        """What does it say about each run at each check?"""
        stop, asked = (np.zeros((len(runs), len(checks)), dtype=np.bool_) for _ in range(2))
        for problem, rule in self.rules.items():
            rows = np.flatnonzero(runs.problem == problem)
            if rows.size:
                told = rule.answers(runs.of(rows), past, checks)
                stop[rows], asked[rows] = told.stop, told.asked
        return Answers(stop, asked)


@dataclass(frozen=True, slots=True, eq=False)
class Record:
    """What a rule would have done to the past runs.

    Attributes:
        tested: over all of them.
        judged: over those about which it could say something: only their hits speak for it.
        verdict: whether it may stop runs by itself, by `judged`.
        stopped_at: share of the budget at which it would have stopped each run, shape (runs,), NaN where never.
    """

    tested: BackTest
    judged: BackTest
    verdict: MayStop | RecommendsOnly
    stopped_at: FloatArray


def record_of(rule: StopRule, past: History, generator: np.random.Generator) -> Record:
    """What would the rule have done, each run judged by the runs of other tickets? `generator` is for the bootstrap over problems."""
    return record_by(leave_batch_out(rule, past.runs, CHECKS), past, generator)


def record_by(replay: Replay, past: History, generator: np.random.Generator | None) -> Record:
    """What does this replay say? A hit about which the rule could say nothing is no evidence that it spares hits."""
    rows = np.flatnonzero(replay.answered)
    of_answered = Replay(replay.rule, replay.judged_by, replay.stopped_at[rows], replay.answered[rows])
    tested = back_test(replay, past.runs, past.budgets, generator)
    judged = back_test(of_answered, past.runs.of(rows), past.budgets[rows], generator)
    return Record(tested, judged, _verdict(judged), replay.stopped_at)


def _verdict(judged: BackTest) -> MayStop | RecommendsOnly:
    said = may_stop(judged, FALSE_KILL_LIMIT)
    if isinstance(said, MayStop):
        return said
    if not judged.hits + judged.misses:
        return RecommendsOnly("it could say nothing about any past run", said.hits_needed)
    if not judged.hits_stopped:
        reason = f"{said.hits_needed} winners of which it kills none are needed, {judged.hits} seen"
        return RecommendsOnly(reason, said.hits_needed)
    return said
