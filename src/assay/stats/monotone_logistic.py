"""How likely is a yes, when each of some features can only raise it?

A logistic regression that adds up one rising, piecewise linear curve a feature. Curves that must not fall have weights of at
least 0, so that no accident of the data makes a better run look worse; others may bend either way. Each curve may differ
between the start and the end of the budget. A ridge keeps small data near the overall rate. The fit is one convex problem, so
the same data give the same answer everywhere, and the fit takes a fraction of a second.

Sources: Ramsay (1988), monotone regression splines; Bertsekas (1982), projected Newton methods for simple constraints.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from assay.stats.samples import FloatArray, Misaligned, NotFinite, TooFewSamples
from assay.stats.trajectories import BoolArray

_PIECES = 4
_OUTER = 0.01  # the outermost knots leave this share of the data beyond them
_TIME_RIDGE = 0.1
_ITERATIONS = 60
_ENOUGH = 1e-5  # of the square root of the rows: a step that gains less in log likelihood is the last


@dataclass(frozen=True, slots=True, eq=False)
class MonotoneLogistic:
    """A fitted model.

    Attributes:
        knots: where the curve of each feature bends, one rising array a feature.
        weights: of every piece at the start and at the end of the budget, then of the curve over time.
        rows: how many rows it was fitted to.
    """

    knots: tuple[FloatArray, ...]
    weights: FloatArray
    rows: int

    def chance(self, features: FloatArray, time: FloatArray) -> FloatArray:
        """How likely is a yes for each row?

        Args:
            features: shape (rows, features), finite.
            time: share of the budget that is spent, shape (rows,).
        """
        return _sigmoid(_basis(features, time, self.knots) @ self.weights)


def fit_monotone_logistic(
    features: FloatArray, time: FloatArray, outcome: BoolArray, *, rising: BoolArray, ridge: float
) -> MonotoneLogistic:
    """Which rising curves explain these outcomes best?

    Args:
        features: shape (rows, features), finite.
        time: share of the budget that is spent, shape (rows,), 0 to 1.
        outcome: whether each row was a yes, shape (rows,).
        rising: which features must not lower the chance, shape (features,).
        ridge: penalty on the square of each weight, above 0.

    Raises:
        Misaligned: shapes that do not fit. NotFinite: a feature is no finite number.
        TooFewSamples: all rows have one outcome.

    >>> ability = np.linspace(-1.0, 1.0, 400)[:, None]
    >>> always = np.full(400, 0.5)
    >>> model = fit_monotone_logistic(ability, always, ability[:, 0] > 0.0, rising=np.array([True]), ridge=1.0)
    >>> chances = model.chance(np.array([[-0.9], [0.9]]), np.array([0.5, 0.5]))
    >>> bool(chances[0] < 0.05), bool(chances[1] > 0.95)
    (True, True)
    """
    rows, count = features.shape
    if time.shape != (rows,) or outcome.shape != (rows,) or rising.shape != (count,):
        raise Misaligned("cannot fit: features, time and outcomes have different numbers of rows")
    if not np.isfinite(features).all():
        raise NotFinite("cannot fit: a feature is no finite number")
    yes = outcome.astype(np.float64)
    if not 0.0 < yes.mean() < 1.0:
        raise TooFewSamples("cannot fit: every row has the same outcome (expected both)")
    knots = tuple(_knots(features[:, column]) for column in range(count))
    design = _basis(features, time, knots)
    sizes = [2 * (len(bends) - 1) for bends in knots]
    bounded = np.concatenate([np.repeat(rising, sizes), np.zeros(3, dtype=np.bool_)])
    penalty = np.full(len(bounded), ridge)
    penalty[-3:] = _TIME_RIDGE
    start = np.zeros(len(bounded))
    start[-3] = np.log(yes.mean() / (1.0 - yes.mean()))
    return MonotoneLogistic(knots, _minimum(design, yes, bounded, penalty, start), rows)


def _minimum(
    design: FloatArray, yes: FloatArray, bounded: BoolArray, penalty: FloatArray, start: FloatArray
) -> FloatArray:
    """The weights of the largest penalised likelihood, those that are bounded at least 0 (projected Newton)."""
    weights, value = start, _loss(design, yes, penalty, start)
    for _ in range(_ITERATIONS):
        chance = _sigmoid(design @ weights)
        slope = design.T @ (chance - yes) + penalty * weights
        free = ~(bounded & (weights <= 0.0) & (slope > 0.0))
        part = design[:, free]
        curvature = (part * (chance * (1.0 - chance))[:, None]).T @ part + np.diag(penalty[free])
        step = np.zeros_like(weights)
        step[free] = np.linalg.solve(curvature, -slope[free])
        length, gained = 1.0, 0.0
        while length > 1e-6:
            moved = weights + length * step
            moved[bounded] = np.maximum(moved[bounded], 0.0)
            gained = value - _loss(design, yes, penalty, moved)
            if gained > 0.0:
                weights, value = moved, value - gained
                break
            length /= 2.0
        if gained <= _ENOUGH * np.sqrt(len(yes)):
            break
    return weights


def _loss(design: FloatArray, yes: FloatArray, penalty: FloatArray, weights: FloatArray) -> float:
    logit = design @ weights
    return float((np.logaddexp(0.0, logit) - yes * logit).sum() + 0.5 * (penalty * weights**2).sum())


def _sigmoid(logit: FloatArray) -> FloatArray:
    return 1.0 / (1.0 + np.exp(-np.clip(logit, -60.0, 60.0)))


def _knots(values: FloatArray) -> FloatArray:
    bends = np.unique(np.quantile(values, np.linspace(_OUTER, 1.0 - _OUTER, _PIECES + 1)))
    return bends if len(bends) > 1 else np.array([bends[0], bends[0] + 1.0])


def _basis(features: FloatArray, time: FloatArray, knots: tuple[FloatArray, ...]) -> FloatArray:
    """Each piece rises from 0 to 1 between two knots; once weighted for the start of the budget, once for its end."""
    late = time[:, None]
    columns = []
    for column, bends in enumerate(knots):
        piece = np.clip((features[:, column : column + 1] - bends[:-1]) / np.diff(bends), 0.0, 1.0)
        columns += [piece * (1.0 - late), piece * late]
    return np.concatenate([*columns, np.ones_like(late), late, late**2], axis=1)
