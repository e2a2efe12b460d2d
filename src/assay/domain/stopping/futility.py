"""Is it futile to go on? By a model of the team's own runs where there are enough, by its past hits where there are few.

With less than that nothing is said: too little history is an answer of its own, never a chance of one half.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from assay.domain.stopping.rules import Answers
from assay.stats.conformal_gap import conformal_gap_p_values, hits_needed
from assay.stats.futility import CHECKS, fit_futility
from assay.stats.futility_features import Runs
from assay.stats.samples import FloatArray, StatisticsError

LEAST_PAST_RUNS = 30
"""Past runs, of all problems together, from which a model is learned."""
LEAST_OF_PROBLEM = 5
"""Past hits of the same problem, and past misses of it, that the model needs to speak of it."""
RECENT = 20
"""Past runs of the same problem whose share of hits is shown beside a chance: when it has changed, so may the chance have."""


@dataclass(frozen=True, slots=True)
class PastOfProblem:
    """What a chance rests on.

    Attributes:
        runs: finished runs of the same problem.
        hits: how many of them reached their target.
        recent_hits, recent_runs: the same of the last twenty.
    """

    runs: int
    hits: int
    recent_hits: int
    recent_runs: int


@dataclass(frozen=True, slots=True)
class ChanceToHit:
    """The model's answer.

    Attributes:
        chance: of reaching the target within the rest of the budget, now.
        before: the same one check earlier; None at the first one.
        level: below which it is called futile.
        futile: whether chance (and, where two in a row are asked for, the one before) is below the level.
        past: what it rests on.
    """

    chance: float
    before: float | None
    level: float
    futile: bool
    past: PastOfProblem


@dataclass(frozen=True, slots=True)
class UnlikePastHits:
    """The answer where there are too few runs for a model: how unusual for a hit is it to have been so far behind?

    Attributes:
        p_value: over all checks so far.
        level: at or below which it is called futile.
        futile: whether it is.
        past: what it rests on.
    """

    p_value: float
    level: float
    futile: bool
    past: PastOfProblem


@dataclass(frozen=True, slots=True)
class TooLittleHistory:
    """Nothing can be said yet.

    Attributes:
        past: what there is.
        hits_needed: past hits of the problem from which on something can be said, without any misses.
    """

    past: PastOfProblem
    hits_needed: int


@dataclass(frozen=True, slots=True)
class NothingToJudge:
    """The run has not been evaluated twice, is at its target, or is over."""


FutilityView = ChanceToHit | UnlikePastHits | TooLittleHistory | NothingToJudge


@dataclass(frozen=True, slots=True)
class FutilityRule:
    """Stop when the chance to reach the target within the budget is below the level.

    in_a_row: at how many checks one after another. A single chance scatters; twenty checks find its lowest moment.
    """

    level: float = 0.05
    in_a_row: int = 2

    def __post_init__(self) -> None:
        if not (0.0 < self.level < 0.5 and self.in_a_row >= 1):
            raise StatisticsError(
                f"cannot judge futility at level {self.level!r}, {self.in_a_row} in a row (expected a level above 0, below 0.5)"
            )

    @property
    def name(self) -> str:
        """What it is called in tables."""
        twice = f", {self.in_a_row} checks in a row" if self.in_a_row > 1 else ""
        return f"futility: chance < {self.level:g}{twice}"

    def answers(self, runs: Runs, past: Runs, checks: FloatArray) -> Answers:
        """What does it say about each run at each check?"""
        return self.answers_by(runs, checks, *self.numbers(runs, past, checks))

    def answers_by(
        self, runs: Runs, checks: FloatArray, chances: FloatArray, p_values: FloatArray
    ) -> Answers:
        """What does it say by these `numbers`?"""
        judged = runs.standing_at(checks).judged
        low = chances < self.level  # NaN is below nothing
        stop = low.copy()
        for back in range(1, self.in_a_row):
            stop[:, back:] &= low[:, :-back]
            stop[:, :back] = False
        stop |= p_values <= self.level
        return Answers(judged & stop, judged & ~(np.isnan(chances) & np.isnan(p_values)))

    def view(self, run: Runs, past: Runs, spent: float) -> FutilityView:
        """What is to be said of one run when this share of its budget is spent?

        Args:
            run: the one run.
            past: finished runs, those of its problem in the order in which they ended.
            spent: share of the budget.
        """
        of_problem = _past_of(past, int(run.problem[0]))
        at = np.append(CHECKS[spent - 0.05 + 1e-9 >= CHECKS], spent)
        if not 0.0 < spent < 1.0 or not run.standing_at(at).judged[0, -1]:
            return NothingToJudge()
        chances, p_values = self.numbers(run, past, at)
        futile = bool(self.answers_by(run, at, chances, p_values).stop[0, -1])
        if np.isfinite(chances[0, -1]):
            before = chances[0, -2] if len(at) > 1 and np.isfinite(chances[0, -2]) else None
            return ChanceToHit(
                float(chances[0, -1]),
                None if before is None else float(before),
                self.level,
                futile,
                of_problem,
            )
        if np.isfinite(p_values[0, -1]):
            return UnlikePastHits(float(p_values[0, -1]), self.level, futile, of_problem)
        return TooLittleHistory(of_problem, hits_needed(self.level))

    def numbers(self, runs: Runs, past: Runs, checks: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Which chances does the model give, and which p-values the gap? Shape (runs, checks) each, NaN where it does not answer."""
        chances, p_values = (np.full((len(runs), len(checks)), np.nan) for _ in range(2))
        by_model, by_gap = [], []
        for problem in np.unique(runs.problem):
            rows, hits = np.flatnonzero(runs.problem == problem), past.hit[past.problem == problem]
            if len(past) >= LEAST_PAST_RUNS and min(hits.sum(), (~hits).sum()) >= LEAST_OF_PROBLEM:
                by_model.append(rows)
            elif hits.sum() >= hits_needed(self.level):
                by_gap.append(rows)
        if by_model:
            rows = np.concatenate(by_model)
            chances[rows] = fit_futility(past).chances(runs.of(rows), checks)
        for row in np.concatenate(by_gap).tolist() if by_gap else ():
            hits = past.hit & (past.problem == runs.problem[row]) & (past.batch != runs.batch[row])
            if hits.sum() >= hits_needed(self.level):
                best = runs.standing_at(checks).best[row]
                p_values[row] = conformal_gap_p_values(best, past.standing_at(checks).best[hits])
        return chances, p_values


def _past_of(past: Runs, problem: int) -> PastOfProblem:
    hits = past.hit[past.problem == problem]
    recent = hits[-RECENT:]
    return PastOfProblem(len(hits), int(hits.sum()), int(recent.sum()), len(recent))
