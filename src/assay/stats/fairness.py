"""Is the gap between any two groups larger than allowed?

The largest gap is one between two groups, so all pairs are compared and Holm's correction covers them: picking the best
and the worst group first and testing those two would find a gap in noise. Every pair is tested in both directions.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assay.stats.averaged_rates import all_rates
from assay.stats.distributions import FloatArray, normal_cdf, normal_quantile, t_quantile
from assay.stats.estimates import Interval
from assay.stats.independent_rates import METHOD, exact_p_greater, score_bounds, score_z
from assay.stats.means import one_sample_core
from assay.stats.multiplicity import holm, holm_levels
from assay.stats.paired import Clusters
from assay.stats.planning import detectable_effects
from assay.stats.samples import (
    DegenerateSample,
    Scores,
    StatisticsError,
    TooFewSamples,
    as_matrix,
    check_alpha,
    is_binary,
    moments,
)
from assay.stats.sequential_groups import MEANS_METHOD as MEANS_AT_ANY_TIME
from assay.stats.sequential_groups import METHOD as RATES_AT_ANY_TIME
from assay.stats.sequential_groups import (
    detectable_beyond,
    means_p_above,
    means_reach,
    rates_bounds,
    rates_p_above,
    rates_reach,
)
from assay.stats.slice_sums import slice_index
from assay.stats.slice_variance import SliceVariance, slice_variance
from assay.stats.tried_slices import group_sizes

POWER = 0.8
GROUPS_MAX = 200
_CLEAR = 0.2  # above it a p-value decides nothing, and its normal approximation is enough
_CERTAIN = 1e-4  # below it an uncorrected p-value is beyond doubt, and its normal approximation is enough


@dataclass(frozen=True, slots=True)
class GroupGap:
    """How far are two groups apart?

    Attributes:
        high: number of the group with the larger mean (the smaller number where they are equal).
        low: number of the other group.
        n_high: independent examples in it.
        n_low: the same of the other group.
        gap: mean of `high` minus mean of `low`, 0 or more, in the metric's units.
        interval: of that difference, at the level this pair was judged at: above the margin exactly when the gap is shown.
        p_gap: two-sided p-value of "further apart than the margin", uncorrected.
        p_adjusted: the same after Holm; compare it with alpha.
        p_within: p-value of "less than the margin apart", for gaps that are claims.
        shown: whether a gap beyond the margin is shown after correction.
        detectable: smallest true gap that would have been shown with 80% probability, had it been the only one; None
            when none could have been.
        claimed: interval of the difference with both ends one-sided at alpha, uncorrected: within the margin on both sides
            exactly when a wider gap is ruled out at alpha.
    """

    high: int
    low: int
    n_high: int
    n_low: int
    gap: float
    interval: Interval
    p_gap: float
    p_adjusted: float
    p_within: float
    shown: bool
    detectable: float | None
    claimed: Interval


@dataclass(frozen=True, slots=True)
class FairnessGap:
    """What is known of the gaps between all groups?

    Attributes:
        pairs: every pair of groups that could be compared, by their numbers.
        untested: numbers of the groups with examples that could not be compared with any other.
        margin: allowed gap, in the metric's units.
        alpha: chance of even one false alarm over all pairs.
        method: the field's name of the test, with the correction.
    """

    pairs: tuple[GroupGap, ...]
    untested: tuple[int, ...]
    margin: float
    alpha: float
    method: str

    @property
    def largest(self) -> GroupGap:
        """The pair furthest apart."""
        return max(self.pairs, key=lambda pair: pair.gap)

    @property
    def shown(self) -> tuple[GroupGap, ...]:
        """The pairs whose gap is shown to be beyond the margin."""
        return tuple(pair for pair in self.pairs if pair.shown)

    @property
    def p_within(self) -> float:
        """The p-value of the claim that all groups are less than the margin apart: every pair has to show it."""
        return max(pair.p_within for pair in self.pairs)

    def blind_to(self, gap: float) -> tuple[tuple[int, int], ...]:
        """Which pairs could not have seen a gap of this size with 80% probability?"""
        return tuple(
            (pair.high, pair.low) for pair in self.pairs if pair.detectable is None or pair.detectable > gap
        )


def fairness_gap(
    scores: Scores | Sequence[Sequence[float]],
    index: NDArray[Any],
    groups: int,
    *,
    margin: float,
    clusters: Clusters | None = None,
    alpha: float = 0.05,
    at_any_time: bool = False,
) -> FairnessGap:
    """Are any two groups further apart than the margin?

    Args:
        scores: shape (examples,) or (examples, seeds) of one arm, in the metric's units.
        index: group number, 0..groups-1, of each example.
        groups: how many groups there are.
        margin: allowed gap, 0 or more, in the metric's units.
        clusters: the source of each example, if some share one; sources should not reach across groups.
        alpha: chance of even one false alarm over all pairs.
        at_any_time: whether that chance is over all looks together, however often one looks as examples of one seed arrive.

    Raises:
        TooFewSamples: fewer than two groups with examples. NotFinite: not a number. StatisticsError: a margin that is none.

    One seed of pass/fail scores: the score test of two rates, exact at the constrained rates; rates in tries, clusters or over seeds
    by the same at their effective numbers of examples (`averaged_rates`), over seeds beside the t. Everything else: t with the
    variance between examples (clusters) of both groups and, with several seeds, of the gap between seeds, as `crossed`.
    At any time: one over the e-values of `sequential_groups` in the place of the p-values. Source: Holm (1979); Miettinen and
    Nurminen (1985).

    >>> scores = [1] * 80 + [0] * 20 + [1] * 50 + [0] * 50
    >>> found = fairness_gap(scores, np.arange(200) // 100, 2, margin=0.05)
    >>> pair = found.largest
    >>> pair.high, round(pair.gap, 2), pair.shown, round(pair.interval.low, 2), round(pair.detectable, 2)
    (0, 0.3, True, 0.17, 0.23)
    """
    check_alpha(alpha)
    if not (math.isfinite(margin) and margin >= 0.0):
        raise StatisticsError(f"cannot allow a gap of {margin!r} (expected 0 or more, in the metric's units)")
    table = as_matrix(scores)
    if table.shape[1] < 1:
        raise TooFewSamples("cannot compare groups: no seed (expected at least 1)")
    found = slice_variance((table,), slice_index(index, table.shape[0], groups), groups, clusters)
    binary = is_binary(table)
    counted = table.shape[1] == 1 and clusters is None and binary
    usable = np.flatnonzero(found.units >= (1 if counted else 2))
    if not 2 <= usable.size <= GROUPS_MAX:
        raise TooFewSamples(
            f"cannot compare {usable.size} groups (expected 2 to {GROUPS_MAX} with enough examples)"
        )
    pairs = _Pairs.of(found, usable, binary=binary, counted=counted, at_any_time=at_any_time)
    tried = not counted and not at_any_time and all_rates(table)
    if tried and pairs.high.size:
        sizes = group_sizes(table, slice_index(index, table.shape[0], groups), found, clusters, alpha=alpha)
        pairs = pairs.tried(found, sizes, alpha=alpha)
    known = set(pairs.high.tolist()) | set(pairs.low.tolist())
    untested = tuple(int(g) for g in np.flatnonzero(found.n) if g not in known)
    if pairs.high.size == 0:
        raise DegenerateSample("cannot compare groups: no pair has any spread (expected some)")
    if at_any_time:
        name = RATES_AT_ANY_TIME if counted else MEANS_AT_ANY_TIME
    else:
        name = METHOD if counted else "t of groups" if not found.seeds else "crossed t of groups"
        if tried:
            name = f"score test at the effective number of examples{f', and {name}' if found.seeds else ''}"
    return FairnessGap(
        pairs.judged(margin, alpha),
        untested,
        float(margin),
        alpha,
        f"{name}, Holm over {pairs.high.size} pairs",
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Pairs:
    """All comparable pairs of groups, the one with the larger mean first. One entry a pair."""

    high: NDArray[np.intp]
    low: NDArray[np.intp]
    means: tuple[FloatArray, FloatArray]
    units: tuple[FloatArray, FloatArray]
    se: FloatArray
    dof: FloatArray
    counted: NDArray[np.bool_]
    at_any_time: bool = False
    effective: tuple[FloatArray, FloatArray] | None = None
    beside_t: bool = False

    @classmethod
    def of(
        cls,
        found: SliceVariance,
        usable: NDArray[np.intp],
        *,
        binary: bool,
        counted: bool,
        at_any_time: bool = False,
    ) -> _Pairs:
        pairs = np.array(list(itertools.combinations(usable.tolist(), 2)), dtype=np.intp)
        swapped = found.mean[pairs[:, 1]] > found.mean[pairs[:, 0]]
        high, low = np.where(swapped, pairs[:, 1], pairs[:, 0]), np.where(swapped, pairs[:, 0], pairs[:, 1])
        variance, dof = _pair_variance(found, high, low)
        by_count = np.full(high.size, counted) | ((variance <= 0.0) & binary)
        kept = by_count | (variance > 0.0)
        high, low, by_count = high[kept], low[kept], by_count[kept]
        return cls(
            high,
            low,
            (found.mean[high], found.mean[low]),
            (found.units[high].astype(np.float64), found.units[low].astype(np.float64)),
            np.where(by_count, 0.0, np.sqrt(variance[kept])),
            np.where(by_count, np.inf, dof[kept]),
            by_count,
            at_any_time,
        )

    def tried(self, found: SliceVariance, sizes: FloatArray, *, alpha: float) -> _Pairs:
        """The same pairs of rates in tries or clusters, decided by the score test at the effective number of examples.

        Over several seeds the t has to show it as well, and the spread between the seeds makes the examples count for less.
        """
        share = np.ones(self.high.size)
        if found.seeds:
            examples = found.between_examples[self.high] + found.between_examples[self.low]
            total = np.where(self.se > 0.0, self.se, 1.0) ** 2
            trust = float(normal_quantile(1.0 - alpha) / t_quantile(1.0 - alpha, found.seeds[0].dof))
            share = np.where(self.counted, 1.0, np.minimum(1.0, examples / total) * trust**2)
        # Whole numbers, rounded down: the exact test adds up over all counts that could have been.
        high, low = (np.maximum(1.0, np.floor(sizes[side] * share)) for side in (self.high, self.low))
        return replace(self, effective=(high, low), beside_t=bool(found.seeds))

    @property
    def scored(self) -> NDArray[np.bool_]:
        """Which pairs does the score test of two rates decide?"""
        return self.counted if self.effective is None else np.ones(self.high.size, dtype=bool)

    @property
    def sizes(self) -> tuple[FloatArray, FloatArray]:
        """The examples that rates are out of."""
        if self.effective is None:
            return self.units
        high, low = (
            np.where(self.counted, n, size) for n, size in zip(self.units, self.effective, strict=True)
        )
        return high, low

    @property
    def sides(self) -> FloatArray:
        """In how many directions is a gap looked for: the e-process of two rates bets on both at once."""
        return np.where(self.counted & self.at_any_time, 1.0, 2.0)

    @property
    def gap(self) -> FloatArray:
        return self.means[0] - self.means[1]

    def judged(self, margin: float, alpha: float) -> tuple[GroupGap, ...]:
        above = self.p_above(margin, least=0.0)
        within = np.maximum(
            self.p_above(-margin, least=_CERTAIN), self.mirrored().p_above(-margin, least=_CERTAIN)
        )
        p_gap = np.minimum(1.0, self.sides * above)
        corrected = holm(p_gap, alpha=alpha)
        shown = np.asarray(corrected.rejected, dtype=bool)
        levels = holm_levels(p_gap, shown, alpha)
        ends = self._intervals(levels / self.sides)
        seen = self._detectable(margin, alpha / p_gap.size)
        claimed = self._intervals(np.full(p_gap.size, alpha))
        found = []
        for i in range(p_gap.size):
            # Kept on the side of the margin on which the exact p-value puts it.
            low = max(ends[0][i], margin) if shown[i] else min(ends[0][i], math.nextafter(margin, -math.inf))
            found.append(
                GroupGap(
                    high=int(self.high[i]),
                    low=int(self.low[i]),
                    n_high=int(self.units[0][i]),
                    n_low=int(self.units[1][i]),
                    gap=float(self.gap[i]),
                    interval=Interval(_known(low), _known(max(ends[1][i], low)), 1.0 - float(levels[i])),
                    p_gap=float(p_gap[i]),
                    p_adjusted=corrected.p_values[i],
                    p_within=float(within[i]),
                    shown=bool(shown[i]),
                    detectable=float(seen[i]) if np.isfinite(seen[i]) else None,
                    claimed=_within(
                        float(claimed[0][i]), float(claimed[1][i]), margin, alpha, met=within[i] <= alpha
                    ),
                )
            )
        return tuple(found)

    def mirrored(self) -> _Pairs:
        """The same pairs the other way round."""
        return replace(
            self,
            high=self.low,
            low=self.high,
            means=self.means[::-1],
            units=self.units[::-1],
            effective=None if self.effective is None else self.effective[::-1],
        )

    def p_above(self, null: float, least: float) -> FloatArray:
        """p-values of "difference above null"; exact for counted pairs between `least` and where nothing is decided."""
        if self.at_any_time:
            by_t = means_p_above(self.gap, self.se, *self.units, null)
        else:
            _, by_t, _ = one_sample_core(self.gap, self.se, self.dof, null)
        scored, sizes = self.scored, self.sizes
        if not scored.any():
            return by_t
        if not -1.0 < null < 1.0:  # no two rates are that far apart
            return np.where(scored, float(null >= 1.0), by_t)
        if self.at_any_time:
            return np.where(self.counted, rates_p_above(*self._rates, *self.units, null), by_t)
        above = np.where(scored, normal_cdf(-score_z(*self.means, *sizes, null)), by_t)
        for i in np.flatnonzero(scored & (above < _CLEAR) & (above >= least)):
            n, other_n = int(sizes[0][i]), int(sizes[1][i])
            hits, other_hits = float(self.means[0][i]) * n, float(self.means[1][i]) * other_n
            if self.counted[i]:
                hits, other_hits = round(hits), round(other_hits)
            above[i] = exact_p_greater(hits, n, other_hits, other_n, null)
        return np.where(self.counted, above, np.maximum(above, by_t)) if self.beside_t else above

    def _intervals(self, levels: FloatArray) -> tuple[FloatArray, FloatArray]:
        if self.at_any_time:
            reach = means_reach(self.se, *self.units, levels)
            rates = rates_bounds(*self._rates, *self.units, levels)
            ends = self.gap - reach, self.gap + reach
            return np.where(self.counted, rates[0], ends[0]), np.where(self.counted, rates[1], ends[1])
        reach = t_quantile(1.0 - levels, self.dof) * self.se
        low, high = self.gap - reach, self.gap + reach
        scored = self.scored
        if not scored.any():
            return low, high
        exact = score_bounds(*self.means, *self.sizes, -normal_quantile(levels))
        if self.beside_t:
            wider = ~self.counted
            exact = (
                np.where(wider, np.minimum(exact[0], low), exact[0]),
                np.where(wider, np.maximum(exact[1], high), exact[1]),
            )
        return np.where(scored, exact[0], low), np.where(scored, exact[1], high)

    def _detectable(self, margin: float, level: float) -> FloatArray:
        if self.at_any_time:
            return self._detectable_at_any_time(margin, level)
        by_t = margin + detectable_effects(self.se, self.dof, alpha=level / 2.0, power=POWER)
        if not self.scored.any():
            return by_t
        z = float(normal_quantile(1.0 - level / 2.0) + normal_quantile(POWER))
        by_count = margin + z * self._count_se
        if self.beside_t:
            by_count = np.where(self.counted, by_count, np.maximum(by_count, by_t))
        return np.where(self.scored, np.where(by_count <= 1.0, by_count, np.inf), by_t)

    @property
    def _rates(self) -> tuple[FloatArray, FloatArray]:
        """The means that are rates; any rate where they are none."""
        high, low = (np.where(self.scored, mean, 0.5) for mean in self.means)
        return high, low

    @property
    def _count_se(self) -> FloatArray:
        """One success and one failure added a group, so that perfect groups do not look all-seeing."""
        spread = sum(
            (r * n + 1.0) * ((1.0 - r) * n + 1.0) / (n + 2.0) ** 3
            for r, n in zip(self._rates, self.sizes, strict=True)
        )
        return np.asarray(np.sqrt(spread))

    def _detectable_at_any_time(self, margin: float, level: float) -> FloatArray:
        reach = rates_reach(*self._rates, *self.units, level) * self._count_se
        by_count = margin + detectable_beyond(reach, self._count_se, POWER)
        halves = means_reach(self.se, *self.units, np.full(self.se.shape, level / 2.0))
        by_means = margin + detectable_beyond(halves, self.se, POWER)
        return np.where(self.counted, np.where(by_count <= 1.0, by_count, np.inf), by_means)


def _within(low: float, high: float, margin: float, alpha: float, *, met: bool) -> Interval:
    """The interval on the side of the margin on which the exact p-value puts it."""
    if met:
        low, high = max(low, -margin), min(high, margin)
    elif high <= margin and low >= -margin:
        high = math.nextafter(margin, math.inf)
    return Interval(_known(low), _known(max(high, low)), 1.0 - 2.0 * alpha)


def _known(end: float) -> float | None:
    """An end of an interval; None before the first look, when there is none."""
    return float(end) if math.isfinite(end) else None


def _pair_variance(
    found: SliceVariance, high: NDArray[np.intp], low: NDArray[np.intp]
) -> tuple[FloatArray, FloatArray]:
    """Variance of the difference of two groups' means, and its degrees of freedom."""
    parts = found.between_examples[high], found.between_examples[low]
    examples = parts[0] + parts[1]
    safe = np.where(examples > 0.0, examples, 1.0)
    spread = sum((p / safe) ** 2 / found.example_dof[g] for p, g in zip(parts, (high, low), strict=True))
    dof = np.where(examples > 0.0, 1.0 / np.where(examples > 0.0, spread, 1.0), 1.0)
    if not found.seeds:
        return examples, dof
    seeds = found.seeds[0]
    by_seed = seeds.by_seed[high] - seeds.by_seed[low]
    between = moments(by_seed)[1] / by_seed.shape[1]
    both = examples + between - seeds.residual[high] - seeds.residual[low]
    return np.maximum(both, np.maximum(examples, between)), np.minimum(dof, float(seeds.dof))
