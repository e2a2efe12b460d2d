"""What does the wild cluster bootstrap say where few clusters make the t approximation too optimistic?

With fewer than some thirty sources, and more so when a few of them hold most of the examples, the sandwich variance is
too small: t with G - 1 degrees of freedom promotes 9-20% of equal pairs. Here the null is imposed, each source's total
keeps or changes its sign and size at random, and the t statistic is compared with those of such worlds.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from assay.stats.distributions import FloatArray
from assay.stats.predictive_draws import uniforms
from assay.stats.samples import ordered_sum

FEW_CLUSTERS = 30
"""Below so many the t approximation is not trusted."""

METHOD = "wild cluster bootstrap-t"
_STREAM = 5
_STEPS = 60
_FEW_WORLDS = 100
"""So many are asked as fast as one."""
_ROUNDING = 1e-6
"""Far above what rounding does to an error that is no smaller than _SMALL of what it is reckoned from."""
_SMALL = 1e-8


@dataclass(frozen=True, slots=True)
class WildTest:
    """How do the worlds in which the null holds compare with the one that was seen?

    Attributes:
        p_greater: one-sided p-value of "mean greater than the null".
        p_less: one-sided p-value of "mean less than the null".
        low: lower bound of the mean at alpha, in its units; None where so few clusters give none.
        high: upper bound.
    """

    p_greater: float
    p_less: float
    low: float | None
    high: float | None


def wild_cluster_test(totals: FloatArray, sizes: FloatArray, *, null: float, alpha: float) -> WildTest:
    """Is the mean of clustered values beyond the null, judged by the wild cluster bootstrap?

    Args:
        totals: sum of the values of each cluster, in the metric's units, at least two clusters with some spread.
        sizes: how many values each cluster holds.
        null: value of the mean tested against.
        alpha: one-sided error of each bound.

    Null imposed, Webb's six-point weights, drawn from a fixed sequence so that the answer is the same at every call.
    The bounds are the nulls at which the p-value passes alpha. Source: Cameron, Gelbach and Miller (2008), section III;
    Webb (2023).

    >>> w = wild_cluster_test(np.array([3.0, 4.0, 2.0, 5.0, 1.0, 3.0]), np.full(6, 10.0), null=0.0, alpha=0.05)
    >>> w.p_greater < 0.01, round(w.low, 2), round(w.high, 2)
    (True, 0.19, 0.41)
    """
    place = np.lexsort((sizes, totals))
    worlds = _Worlds.of(totals[place], sizes[place])
    p_greater, p_less = worlds.p_greater(null), worlds.mirrored().p_greater(-null)
    high = worlds.mirrored().lower_bound(-null, alpha)
    return WildTest(p_greater, p_less, worlds.lower_bound(null, alpha), None if high is None else -high)


@dataclass(frozen=True, slots=True, eq=False)
class _Worlds:
    """Sums over clusters, one entry a world; all that any null needs, for a world's totals are linear in the null."""

    mean: float
    se: float
    rows: float
    scale: float
    squared_sizes: float
    sums: tuple[FloatArray, FloatArray]
    squares: tuple[FloatArray, FloatArray, FloatArray]
    sized: tuple[FloatArray, FloatArray]
    count: int
    as_far: int = 0
    """Worlds that are as far as what was seen at every null that is asked for, and are not among the arrays."""

    @classmethod
    def of(cls, totals: FloatArray, sizes: FloatArray) -> _Worlds:
        rows, clusters = float(sizes.sum()), totals.size
        mean = float(totals.sum()) / rows
        scale = clusters / (clusters - 1) / rows**2
        weights = _weights(clusters)
        squared = weights * weights
        return cls(
            mean=mean,
            se=math.sqrt(float(ordered_sum((totals - sizes * mean) ** 2)) * scale),
            rows=rows,
            scale=scale,
            squared_sizes=float((sizes**2).sum()),
            sums=(totals @ weights, sizes @ weights),
            squares=(totals**2 @ squared, (totals * sizes) @ squared, sizes**2 @ squared),
            sized=((totals * sizes) @ weights, sizes**2 @ weights),
            count=weights.shape[1],
        )

    def mirrored(self) -> _Worlds:
        """The same worlds for the negated values."""
        return replace(
            self,
            mean=-self.mean,
            sums=(-self.sums[0], self.sums[1]),
            squares=(self.squares[0], -self.squares[1], self.squares[2]),
            sized=(-self.sized[0], self.sized[1]),
        )

    def p_greater(self, null: float) -> float:
        mean, squares, variance = self._moments(null)
        # A world in which every weight is alike repeats what was seen, up to rounding.
        floor = 1e-12 * (squares * self.scale)
        t = mean / np.sqrt(np.maximum(variance, np.maximum(floor, 1e-300)))
        seen = (self.mean - null) / self.se
        as_far = self.as_far + int(np.count_nonzero(t >= seen - 1e-9 * abs(seen)))
        return (1 + as_far) / (self.count + 1)

    def _moments(self, null: float) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Mean of each world, sum of the squares of its totals, and the variance of its mean."""
        mean = (self.sums[0] - null * self.sums[1]) / self.rows
        squares = self.squares[0] - 2.0 * null * self.squares[1] + null**2 * self.squares[2]
        sized = self.sized[0] - null * self.sized[1]
        variance = (squares - 2.0 * mean * sized + mean**2 * self.squared_sizes) * self.scale
        return mean, squares, variance

    def between(self, low: float, high: float) -> _Worlds:
        """The same p-values at nulls from `low` to `high`, reckoned from the worlds that may change sides there.

        A world is as far as what was seen where its mean is at least `seen` times its error. The mean is a line over the
        null and the error the length of a vector that moves along a line: none is faster than its slope.
        """
        middle, half = (low + high) / 2.0, (high - low) / 2.0
        mean, _, variance = self._moments(middle)
        error, seen = np.sqrt(np.maximum(variance, 0.0)), (self.mean - middle) / self.se
        slope = self.sums[1] / self.rows
        bend = self.squares[2] - 2.0 * slope * self.sized[1] + slope**2 * self.squared_sizes
        error_slope = np.sqrt(np.maximum(bend, 0.0) * self.scale)
        beside = mean - seen * error
        moves = abs(slope) + (abs(seen) + half / self.se) * error_slope + error / self.se
        sums = (abs(self.sums[0]) + abs(middle * self.sums[1])) / self.rows
        near = (1.0 + _ROUNDING) * half * moves + _ROUNDING * (abs(mean) + abs(seen) * error) + 1e-12 * sums
        whole = self.squares[0] + 2.0 * abs(middle * self.squares[1]) + middle**2 * self.squares[2]
        is_open = (abs(beside) <= near) | (variance <= _SMALL * whole * self.scale)
        return replace(
            self,
            sums=(self.sums[0][is_open], self.sums[1][is_open]),
            squares=(self.squares[0][is_open], self.squares[1][is_open], self.squares[2][is_open]),
            sized=(self.sized[0][is_open], self.sized[1][is_open]),
            as_far=self.as_far + int(np.count_nonzero(beside[~is_open] > 0)),
        )

    def lower_bound(self, null: float, alpha: float) -> float | None:
        """The largest null that is rejected; on the same side of `null` as its own decision."""
        if self.p_greater(null) <= alpha:
            low, high = null, self.mean
        else:
            low, high = min(null, self.mean) - 1000.0 * self.se, min(null, self.mean)
            if self.p_greater(low) > alpha:
                return None
        worlds = self
        for step in range(_STEPS):
            if step % 4 == 0 and high - low < self.se and worlds.sums[0].size > _FEW_WORLDS:
                worlds = worlds.between(low, high)
            middle = (low + high) / 2.0
            nearer = (middle, high) if worlds.p_greater(middle) <= alpha else (low, middle)
            if nearer == (low, high):
                break
            low, high = nearer
        return low


@lru_cache(maxsize=8)
def _weights(clusters: int) -> FloatArray:
    """Webb's weights, shape (clusters, worlds)."""
    six = np.sqrt(np.array([0.5, 1.0, 1.5]))
    choice = np.floor(uniforms(clusters, _STREAM) * 6.0).astype(np.intp)
    return np.asarray(np.concatenate([-six[::-1], six])[choice])
