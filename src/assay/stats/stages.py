"""At this number of seeds, may a decision be made, and at which level?

Looking after every seed and stopping at the first p < .05 promotes 14% of equal pairs by ten seeds. A plan registers a
few looks and a nominal alpha for each so that all of them together err at most alpha.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from assay.stats.distributions import FloatArray, normal_cdf, normal_quantile
from assay.stats.samples import StatisticsError, check_alpha

_SPENDING = "Lan-DeMets O'Brien-Fleming spending"
_FARTHEST = 9.0  # standard deviations; a normal holds 1e-19 beyond


@dataclass(frozen=True, slots=True)
class Look:
    """One planned look at the seeds.

    Attributes:
        index: 1 for the first look.
        n: seeds an arm that this look is planned at.
        alpha: one-sided nominal level of this look.
    """

    index: int
    n: int
    alpha: float


@dataclass(frozen=True, slots=True)
class BetweenStages:
    """No decision now: the estimate may be shown, the next look is named.

    Attributes:
        n_seeds: seeds an arm there are.
        previous: the look already behind, if any.
        next: the look to wait for.
    """

    n_seeds: int
    previous: Look | None
    next: Look


@dataclass(frozen=True, slots=True)
class PastLastStage:
    """More seeds than were registered: decide at the last look, on the first `last.n` seeds an arm in starting order.

    Attributes:
        n_seeds: seeds an arm there are.
        last: the last registered look.
    """

    n_seeds: int
    last: Look


def _check_stages(stages: tuple[int, ...]) -> None:
    increasing = all(a < b for a, b in itertools.pairwise(stages))
    if not stages or stages[0] < 2 or not increasing or len(stages) > 200:
        raise StatisticsError(
            f"cannot use stages {list(stages)} (expected 1 to 200 increasing numbers from 2 up)"
        )


@dataclass(frozen=True, slots=True)
class StagePlan:
    """Which looks were registered, and what may each one spend?

    Attributes:
        stages: seeds an arm at each look, strictly increasing, at least 2.
        alphas: one-sided nominal level of each look.
        alpha: overall one-sided error of the plan.
        method: how the levels were found.
    """

    stages: tuple[int, ...]
    alphas: tuple[float, ...]
    alpha: float
    method: str

    def __post_init__(self) -> None:
        _check_stages(self.stages)
        check_alpha(self.alpha)
        if len(self.alphas) != len(self.stages) or not all(0.0 <= a <= self.alpha for a in self.alphas):
            raise StatisticsError(
                "cannot use the plan: levels do not fit its stages (expected one in 0..alpha each)"
            )

    @property
    def looks(self) -> tuple[Look, ...]:
        """All planned looks in order."""
        return tuple(
            Look(i, n, a) for i, (n, a) in enumerate(zip(self.stages, self.alphas, strict=True), start=1)
        )

    @property
    def maximum(self) -> int:
        """Seeds an arm at the last look."""
        return self.stages[-1]


DEFAULT_PLAN = StagePlan(
    stages=(3, 5, 8, 10),
    alphas=(0.002, 0.012, 0.026, 0.036),
    alpha=0.05,
    method="planned stages 3, 5, 8, 10",
)


def look_for(n_seeds: int, plan: StagePlan = DEFAULT_PLAN) -> Look | BetweenStages | PastLastStage:
    """Is this number of seeds an arm a planned look, between two, or past the last?

    Args:
        n_seeds: seeds in the smaller arm (for a threshold: in the only one), 0 or more.
        plan: the registered plan.

    >>> look_for(5)
    Look(index=2, n=5, alpha=0.012)
    >>> look_for(4).next.n
    5
    """
    if n_seeds < 0:
        raise StatisticsError(f"cannot find the look for {n_seeds} seeds (expected 0 or more)")
    previous: Look | None = None
    for look in plan.looks:
        if look.n == n_seeds:
            return look
        if look.n > n_seeds:
            return BetweenStages(n_seeds, previous, look)
        previous = look
    return PastLastStage(n_seeds, plan.looks[-1])


def obrien_fleming_plan(stages: Sequence[int], *, alpha: float = 0.05) -> StagePlan:
    """Which level may each look of another plan use, spending alpha as Lan and DeMets' O'Brien-Fleming function?

    Args:
        stages: seeds (or examples) an arm at each look; the last is the registered maximum. One stage is a fixed design.
        alpha: overall one-sided error.

    Raises:
        StatisticsError: stages not strictly increasing whole numbers from 2 up, or more than 200 of them.

    Normal theory: with few seeds the levels are applied to t-test p-values, as is usual. Source: Lan and DeMets
    (1983), recursion of Armitage, McPherson and Rowe (1969).

    >>> plan = obrien_fleming_plan([2, 4, 6, 8, 10], alpha=0.025)
    >>> [round(-float(normal_quantile(a)), 3) for a in plan.alphas]
    [4.877, 3.357, 2.68, 2.29, 2.031]
    """
    check_alpha(alpha)
    chosen = tuple(int(n) for n in stages)
    _check_stages(chosen)
    return StagePlan(chosen, _nominal_levels(chosen, alpha), alpha, _SPENDING)


def obrien_fleming_spent(information: FloatArray, alpha: float) -> FloatArray:
    """How much of alpha may have been spent when this fraction (0..1] of the information is in?"""
    z = float(normal_quantile(1.0 - alpha / 2.0))
    return 2.0 * normal_cdf(-z / np.sqrt(information))


def overall_error(plan: StagePlan) -> float:
    """What is the chance of any false rejection over all looks of the plan, under normal theory?"""
    information = np.asarray(plan.stages, dtype=np.float64) / plan.maximum
    walk = _Walk()
    total = 0.0
    for fraction, level in zip(information.tolist(), plan.alphas, strict=True):
        bound = -float(normal_quantile(level)) if level > 0.0 else math.inf
        total += walk.crossing(fraction, bound)
        walk.advance(fraction, bound)
    return total


@lru_cache(maxsize=256)
def spent_by(plan: StagePlan, looks: int) -> float:
    """How much one-sided error have the first looks of a plan used up together: as it was planned, else under normal theory?

    >>> round(spent_by(DEFAULT_PLAN, 1), 4), round(spent_by(DEFAULT_PLAN, 4), 4)
    (0.002, 0.0489)
    """
    if not 1 <= looks <= len(plan.stages):
        raise StatisticsError(f"cannot tell what {looks} looks spent (expected 1 to {len(plan.stages)})")
    if plan.method == _SPENDING:
        fraction = np.asarray([plan.stages[looks - 1] / plan.maximum])
        return (
            plan.alpha if looks == len(plan.stages) else float(obrien_fleming_spent(fraction, plan.alpha)[0])
        )
    return overall_error(StagePlan(plan.stages[:looks], plan.alphas[:looks], plan.alpha, plan.method))


@lru_cache(maxsize=64)
def _nominal_levels(stages: tuple[int, ...], alpha: float) -> tuple[float, ...]:
    information = np.asarray(stages, dtype=np.float64) / stages[-1]
    spent = obrien_fleming_spent(information, alpha)
    spent[-1] = alpha
    walk, levels, before = _Walk(), [], 0.0
    for fraction, cumulative in zip(information.tolist(), spent.tolist(), strict=True):
        bound = _bound_spending(walk, fraction, cumulative - before)
        levels.append(0.0 if bound == math.inf else float(normal_cdf(-bound)))
        walk.advance(fraction, bound)
        before = cumulative
    return tuple(min(level, alpha) for level in levels)


def _bound_spending(walk: _Walk, fraction: float, increment: float) -> float:
    """The z bound at which the walk, not stopped before, crosses with probability `increment`."""
    if walk.first:
        return -float(normal_quantile(increment)) if increment > 1e-18 else math.inf
    if increment <= walk.crossing(fraction, _FARTHEST):
        return math.inf
    low, high = -_FARTHEST, _FARTHEST
    for _ in range(80):
        middle = (low + high) / 2.0
        if walk.crossing(fraction, middle) > increment:
            low = middle
        else:
            high = middle
    return (low + high) / 2.0


class _Walk:
    """Density of the score process (a Brownian motion) among paths that have not stopped yet, on a quadrature grid."""

    def __init__(self) -> None:
        self.time = 0.0
        self.points: FloatArray = np.zeros(1)
        self.masses: FloatArray = np.ones(1)

    @property
    def first(self) -> bool:
        return self.time <= 0.0

    def crossing(self, fraction: float, bound: float) -> float:
        """Chance to be above the z bound at this information fraction, not having stopped before."""
        if bound == math.inf:
            return 0.0
        step = math.sqrt(fraction - self.time)
        return float((self.masses * normal_cdf((self.points - bound * math.sqrt(fraction)) / step)).sum())

    def advance(self, fraction: float, bound: float) -> None:
        """Move to this information fraction and drop the paths above the z bound."""
        step, scale = math.sqrt(fraction - self.time), math.sqrt(fraction)
        low, high = -_FARTHEST * scale, min(bound, _FARTHEST) * scale
        # About eight Gauss-Legendre points a step width keep the error of the smooth integrand below 1e-12.
        nodes, weights = _legendre(64 * min(20, max(1, math.ceil((high - low) / step / 16))))
        points = low + (high - low) * (nodes + 1.0) / 2.0
        kernel = np.exp(-0.5 * ((points[:, np.newaxis] - self.points) / step) ** 2) / (
            step * math.sqrt(2 * math.pi)
        )
        self.masses = (kernel * self.masses).sum(axis=1) * weights * (high - low) / 2.0
        self.points, self.time = points, fraction


@lru_cache(maxsize=32)
def _legendre(count: int) -> tuple[FloatArray, FloatArray]:
    nodes, weights = np.polynomial.legendre.leggauss(count)
    return nodes, weights
