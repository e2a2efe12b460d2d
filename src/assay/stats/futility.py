"""How likely is a run to reach its target within the rest of its budget, going by the team's own past runs?

A monotone logistic regression on how the run stands beside past runs of the same problem at the same spend. It is fitted to
every past run at every tenth of its budget, each compared with the runs of other batches only, as the next run will be.

Sources: Lan and Wittes (1988), the B-value, for stopping that is futile; Domhan et al. (2015) and Mohr and van Rijn (2022) for
learning curves. Extrapolating single curves by power laws gives up half of the later hits, for falling learning rates make
late jumps; past runs of the same problem show those jumps.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from assay.stats.futility_features import FEATURES, RISING, Runs, features_at
from assay.stats.monotone_logistic import MonotoneLogistic, fit_monotone_logistic
from assay.stats.samples import FloatArray, TooFewSamples

CHECKS = np.linspace(0.05, 0.95, 19)
"""Shares of the budget at which a run is checked."""
_LEARNED_AT = CHECKS[1::2]
"""Every second one is enough to learn from: neighbours hold nearly the same runs, and the fit takes half the time."""
RIDGE = 15.0
"""About fifteen rows must speak for a curve before it bends by one unit of log odds."""


@dataclass(frozen=True, slots=True, eq=False)
class FutilityModel:
    """What a team's past runs say about hits and misses.

    Attributes:
        model: the fitted regression.
        past: the runs it was fitted to, and with which later ones are compared.
    """

    model: MonotoneLogistic
    past: Runs

    def chances(self, asked: Runs, checks: FloatArray) -> FloatArray:
        """How likely is each run to hit, seen from each check?

        Args:
            asked: runs under way or over; nothing later than a check is looked at.
            checks: shares of the budget, between 0 and 1, shape (checks,).

        Returns:
            shape (asked, checks); NaN where a run was over, at its target, or not yet evaluated twice, so that nothing is asked.
        """
        features, judged = features_at(asked, self.past, checks)
        chances = np.full(judged.shape, np.nan)
        times = np.broadcast_to(checks, judged.shape)
        chances[judged] = self.model.chance(features[judged], times[judged])
        return chances


def fit_futility(past: Runs) -> FutilityModel:
    """Which model do the past runs make?

    Args:
        past: finished runs of one or several problems.

    Raises:
        TooFewSamples: no run could be judged before its end, or all of them hit or missed.

    >>> def run(slope):
    ...     spent = np.linspace(0.05, 1.0, 20)
    ...     return Trajectory(spent, 1.0 - slope * spent)
    >>> from assay.stats.trajectories import Trajectory
    >>> slopes = np.linspace(0.5, 1.6, 60)
    >>> past = Runs([run(slope) for slope in slopes], np.zeros(60, dtype=np.int64), np.arange(60))
    >>> asked = Runs([run(0.55), run(1.5)], np.zeros(2, dtype=np.int64), np.array([100, 101]))
    >>> slow, fast = fit_futility(past).chances(asked, np.array([0.5]))[:, 0]
    >>> bool(slow < 0.2), bool(fast > 0.8)
    (True, True)
    """
    features, judged = features_at(past, past, _LEARNED_AT)
    if not judged.any():
        raise TooFewSamples(
            "cannot learn from past runs: none was evaluated twice before its end (expected curves)"
        )
    outcome = np.broadcast_to(past.hit[:, None], judged.shape)[judged]
    times = np.broadcast_to(_LEARNED_AT, judged.shape)[judged]
    assert features.shape[-1] == len(FEATURES)
    return FutilityModel(
        fit_monotone_logistic(features[judged], times, outcome, rising=RISING, ridge=RIDGE), past
    )
