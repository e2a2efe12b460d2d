"""Is it futile to go on? By a model of the team's own runs where there are enough, by its past hits where there are few.

With less than that nothing is said: no answer is never a chance of one half.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from assay.domain.stopping.rules import Answers
from assay.stats.conformal_gap import conformal_gap_p_values, hits_needed
from assay.stats.futility import FutilityModel, fit_futility
from assay.stats.futility_features import Runs
from assay.stats.samples import FloatArray, StatisticsError, TooFewSamples
from assay.stats.trajectories import BoolArray

LEAST_PAST_RUNS = 30
"""Past runs, of all problems together, from which a model is learned."""
LEAST_OF_PROBLEM = 5
"""Past hits of the same problem, and past misses of it, that the model needs to speak of it."""


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

    def numbers(self, runs: Runs, past: Runs, checks: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Which chances does the model give, and which p-values the gap? Shape (runs, checks) each, NaN where it does not answer."""
        chances, p_values = (np.full((len(runs), len(checks)), np.nan) for _ in range(2))
        problems = [np.flatnonzero(runs.problem == problem) for problem in np.unique(runs.problem)]
        known = [is_enough(past.hit[past.problem == runs.problem[rows[0]]]) for rows in problems]
        model = fitted(past) if any(known) else None
        by_model = [
            rows for rows, enough in zip(problems, known, strict=True) if enough and model is not None
        ]
        by_gap = [rows for rows, enough in zip(problems, known, strict=True) if not enough or model is None]
        if model is not None and by_model:
            rows = np.concatenate(by_model)
            chances[rows] = model.chances(runs.of(rows), checks)
        for row in np.concatenate(by_gap).tolist() if by_gap else ():
            hits = past.hit & (past.problem == runs.problem[row]) & (past.batch != runs.batch[row])
            if hits.sum() >= hits_needed(self.level):
                best = runs.standing_at(checks).best[row]
                p_values[row] = conformal_gap_p_values(best, past.standing_at(checks).best[hits])
        return chances, p_values


def fitted(past: Runs) -> FutilityModel | None:
    """The model of all these past runs; None where they are too few, or none of them could be judged before its end."""
    if len(past) < LEAST_PAST_RUNS:
        return None
    try:
        return fit_futility(past)
    except TooFewSamples:
        return None


def is_enough(hits: BoolArray) -> bool:
    """May the model speak of a problem of which past runs hit and missed like this?"""
    return bool(min(hits.sum(), (~hits).sum()) >= LEAST_OF_PROBLEM)
