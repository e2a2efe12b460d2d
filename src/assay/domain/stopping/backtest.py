"""What would a kill rule have done to the runs of the past, and may it therefore stop one by itself?

A rule is replayed over finished runs at a few checks; each run is stopped at the first check at which the rule says so. What
matters is how many of the runs that went on to hit their target it would have killed, and how much of the compute spent on
those that never hit it would have saved.

A run is judged either by the runs of other batches (`leave_batch_out`: methods, tickets), which answers how the rule fares on
work of a new kind, or by the runs that were finished before it began (`walk_forward`), which is what would have happened.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from assay.domain.stopping.rules import Rows, StopRule
from assay.stats.estimates import Interval
from assay.stats.futility_features import Runs
from assay.stats.proportions import clopper_pearson
from assay.stats.samples import FloatArray, Misaligned
from assay.stats.trajectories import BoolArray

RESAMPLES = 2000
FALSE_KILL_LIMIT = 0.05
"""Registered share of eventual hits that a rule may stop, where a project has not set another."""
_GROWS_BY = 1.1  # walking forward, the history is taken anew when it has grown by a tenth
Judged = Literal["runs of other batches", "runs finished before"]


@dataclass(frozen=True, slots=True, eq=False)
class Replay:
    """When would a rule have stopped each run?

    Attributes:
        rule: its name.
        judged_by: which runs it could learn from.
        stopped_at: share of the budget at which it says stop first, shape (runs,), NaN where it never does.
        answered: it could say something at one check at least, shape (runs,).
    """

    rule: str
    judged_by: Judged
    stopped_at: FloatArray
    answered: BoolArray


@dataclass(frozen=True, slots=True)
class Share:
    """A part of a whole, with what the problems at hand leave open.

    Attributes:
        value: between 0 and 1.
        interval: 95%, by a bootstrap over problems; None where not two of them have any of the whole, so that nothing is known of others.
    """

    value: float
    interval: Interval | None


@dataclass(frozen=True, slots=True)
class BackTest:
    """What a rule would have done.

    Attributes:
        rule: its name.
        judged_by: which runs it could learn from.
        hits: finished runs that reached their target.
        hits_stopped: how many of them it would have stopped before.
        misses: finished runs that did not.
        misses_stopped: how many of them it would have stopped.
        unanswered: runs it could say nothing about.
        false_kill: hits_stopped / hits; None without hits.
        false_kill_upper: upper 95% bound of it (Clopper-Pearson); None without hits.
        saved: share of the compute of misses that it would have saved; None where misses took none.
        saved_compute: the same in the units of the budgets.
        problems: how many problems the runs belong to.
    """

    rule: str
    judged_by: Judged
    hits: int
    hits_stopped: int
    misses: int
    misses_stopped: int
    unanswered: int
    false_kill: Share | None
    false_kill_upper: float | None
    saved: Share | None
    saved_compute: float
    problems: int


@dataclass(frozen=True, slots=True)
class MayStop:
    """The rule may stop runs by itself.

    Attributes:
        upper: bound of its false-kill rate.
        limit: what was registered.
    """

    upper: float
    limit: float


@dataclass(frozen=True, slots=True)
class RecommendsOnly:
    """The rule recommends, and a person decides.

    Attributes:
        reason: why it may not stop runs by itself.
        hits_needed: past hits from which on it could be allowed, if it stopped none of them.
    """

    reason: str
    hits_needed: int


def leave_batch_out(rule: StopRule, runs: Runs, checks: FloatArray) -> Replay:
    """When would the rule have stopped each run, judged by the runs of all other batches?"""
    return _replay(rule, runs, checks, _batches(runs), "runs of other batches")


def walk_forward(
    rule: StopRule, runs: Runs, checks: FloatArray, *, begun: FloatArray, ended: FloatArray
) -> Replay:
    """When would the rule have stopped each run, judged by the runs that were finished before it began?

    Args:
        rule: what to replay.
        runs: all runs.
        checks: shares of the budget.
        begun: when each began, shape (runs,), on any clock.
        ended: when each ended, on the same clock.

    Raises:
        Misaligned: not one begin and one end a run.
    """
    if not len(begun) == len(ended) == len(runs):
        raise Misaligned("cannot walk forward: not one begin and one end a run")
    return _replay(rule, runs, checks, _in_order(begun, ended), "runs finished before")


def back_test(
    replay: Replay, runs: Runs, budgets: FloatArray, generator: np.random.Generator | None
) -> BackTest:
    """What would the rule have saved, and which good runs would it have killed?

    Args:
        replay: when it would have stopped each run.
        runs: the same runs.
        budgets: compute of a whole budget, shape (runs,), in any one unit.
        generator: for the bootstrap over problems; None: no intervals are wanted.

    >>> from assay.stats.trajectories import Trajectory
    >>> spent = np.array([0.2, 0.6, 1.0])
    >>> runs = Runs([Trajectory(spent, np.array(gaps)) for gaps in ([3.0, 1.0, 0.0], [3.0, 3.0, 3.0])], np.zeros(2), np.arange(2))
    >>> stopped = Replay("never at 60%", "runs of other batches", np.array([np.nan, 0.6]), np.array([True, True]))
    >>> tested = back_test(stopped, runs, np.array([10.0, 10.0]), np.random.default_rng(1))
    >>> tested.false_kill.value, round(tested.saved.value, 2), tested.saved_compute
    (0.0, 0.4, 4.0)
    """
    stopped = ~np.isnan(replay.stopped_at)
    hits, misses = runs.hit, ~runs.hit
    spent = runs.end * budgets
    saved = compute_saved(replay, runs, budgets)
    killed = stopped & hits
    found = int(hits.sum())
    draws = _draws(runs, generator)
    return BackTest(
        rule=replay.rule,
        judged_by=replay.judged_by,
        hits=found,
        hits_stopped=int(killed.sum()),
        misses=int(misses.sum()),
        misses_stopped=int((stopped & misses).sum()),
        unanswered=int((~replay.answered).sum()),
        false_kill=_share(killed.astype(np.float64), hits.astype(np.float64), runs, draws),
        false_kill_upper=_upper(int(killed.sum()), found) if found else None,
        saved=_share(saved, spent * misses, runs, draws),
        saved_compute=float(saved.sum()),
        problems=len(np.unique(runs.problem)),
    )


def compute_saved(replay: Replay, runs: Runs, budgets: FloatArray) -> FloatArray:
    """How much of the compute of each run that never hit would have been saved? Shape (runs,), in the unit of the budgets; 0 for hits."""
    stopped = ~np.isnan(replay.stopped_at) & ~runs.hit
    saved = (runs.end - np.where(stopped, replay.stopped_at, 0.0)) * budgets
    return np.maximum(np.where(stopped, saved, 0.0), 0.0)


def may_stop(tested: BackTest, limit: float = FALSE_KILL_LIMIT) -> MayStop | RecommendsOnly:
    """May the rule stop runs by itself? Only when the upper bound of its false-kill rate is within the registered limit.

    >>> nothing = BackTest("gap", "runs finished before", 0, 0, 3, 3, 0, None, None, None, 0.0, 1)
    >>> may_stop(nothing).hits_needed, may_stop(nothing).reason
    (59, 'no past run reached its target, so it is not known how many winners it would kill')
    """
    needed = math.ceil(math.log(0.05) / math.log1p(-limit) - 1e-9)
    if tested.false_kill_upper is None:
        reason = "no past run reached its target, so it is not known how many winners it would kill"
        return RecommendsOnly(reason, needed)
    if tested.unanswered == tested.hits + tested.misses:
        return RecommendsOnly("it could say nothing about any past run", needed)
    if tested.false_kill_upper > limit:
        reason = (
            f"it would have killed {tested.hits_stopped} of {tested.hits} winners, so up to"
            f" {tested.false_kill_upper:.1%} of them (limit {limit:.1%})"
        )
        return RecommendsOnly(reason, needed)
    return MayStop(tested.false_kill_upper, limit)


def _replay(
    rule: StopRule, runs: Runs, checks: FloatArray, rounds: Iterator[tuple[Rows, Rows]], judged_by: Judged
) -> Replay:
    stopped_at, answered = np.full(len(runs), np.nan), np.zeros(len(runs), dtype=np.bool_)
    runs.standing_at(checks)  # once, for all rounds
    for rows, past in rounds:
        told = rule.answers(runs.of(rows), runs.of(past), checks)
        stopped_at[rows], answered[rows] = told.first_stop(checks), told.asked.any(axis=1)
    return Replay(rule.name, judged_by, stopped_at, answered)


def _batches(runs: Runs) -> Iterator[tuple[Rows, Rows]]:
    for batch in np.unique(runs.batch):
        yield np.flatnonzero(runs.batch == batch), np.flatnonzero(runs.batch != batch)


def _in_order(begun: FloatArray, ended: FloatArray) -> Iterator[tuple[Rows, Rows]]:
    """Blocks of runs in the order in which they began, each with the runs that ended before its first one began."""
    order = np.argsort(begun, kind="stable")
    finished = np.searchsorted(np.sort(ended), begun[order], side="right")
    start = 0
    while start < len(order):
        end = int(np.searchsorted(finished, _GROWS_BY * finished[start] + 1.0, side="left"))
        end = max(end, start + 1)
        first = begun[order[start]]
        by_end = np.argsort(ended, kind="stable")
        yield order[start:end], by_end[ended[by_end] <= first]
        start = end


def _draws(runs: Runs, generator: np.random.Generator | None) -> FloatArray | None:
    """How often each problem is drawn in each resample, shape (resamples, problems)."""
    count = len(np.unique(runs.problem))
    if count < 2 or generator is None:
        return None
    return generator.multinomial(count, np.full(count, 1.0 / count), RESAMPLES).astype(np.float64)


def _share(part: FloatArray, of: FloatArray, runs: Runs, draws: FloatArray | None) -> Share | None:
    if not of.sum() > 0.0:
        return None
    interval = None
    if draws is not None:
        numbers = np.unique(runs.problem, return_inverse=True)[1]
        parts, wholes = (np.bincount(numbers, weights, minlength=draws.shape[1]) for weights in (part, of))
        # One problem alone is the same in every resample: its interval would have no width, and say nothing.
        if np.count_nonzero(wholes) > 1:
            drawn = draws @ wholes
            values = (draws @ parts)[drawn > 0.0] / drawn[drawn > 0.0]
            low, high = np.quantile(values, [0.025, 0.975]).tolist()
            interval = Interval(low, high, 0.95)
    return Share(float(part.sum() / of.sum()), interval)


def _upper(stopped: int, hits: int) -> float:
    bound = clopper_pearson(stopped, hits, confidence=0.95, sides="upper").high
    assert bound is not None
    return bound
