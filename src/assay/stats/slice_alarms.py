"""Is any slice harmed beyond the margin, corrected for how many slices are looked at?

An alarm: harm has to be shown, one-sided, after Holm's correction over the slices that could be tested. "Any slice that
drops more than three points" fires on every evaluation of thirty small slices. What each slice could not have seen is
said beside it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assay.stats.averaged_rates import METHOD as TRIED
from assay.stats.distributions import FloatArray, normal_quantile, t_quantile
from assay.stats.estimates import Interval
from assay.stats.multiplicity import holm, holm_levels
from assay.stats.paired import tango_z
from assay.stats.planning import AT_ANY_TIME, detectable_beside, detectable_effects, detectable_losses
from assay.stats.samples import StatisticsError, check_alpha
from assay.stats.sequential_slices import any_time_reach
from assay.stats.slices import SliceTests, WhyNot

POWER = 0.8


@dataclass(frozen=True, slots=True)
class SliceHarm:
    """What is known of one slice?

    Attributes:
        position: number of the slice.
        n: independent examples in it.
        effect: candidate minus baseline, in the metric's units.
        interval: of the effect, at the level this slice was judged at: it excludes the margin exactly when harm is shown.
        p_harm: one-sided p-value of "worse by more than the margin", uncorrected.
        p_adjusted: the same after Holm; compare it with alpha.
        p_harmless: one-sided p-value of "not worse by the margin or more", for slices that are claims.
        shown: whether harm beyond the margin is shown after correction.
        detectable: smallest true harm (positive, in the metric's units) that would have been shown with 80% probability,
            had it been the only one; None when no harm, however large, could have been.
        margin: tolerated harm in this slice, 0 or more, in the metric's units.
        claimed: interval of the effect at alpha, uncorrected: it excludes the margin on the good side exactly when harm beyond
            it is ruled out at alpha.
    """

    position: int
    n: int
    effect: float
    interval: Interval
    p_harm: float
    p_adjusted: float
    p_harmless: float
    shown: bool
    detectable: float | None
    margin: float
    claimed: Interval


@dataclass(frozen=True, slots=True)
class SliceAlarm:
    """Which slices are harmed, and which could not be judged?

    Attributes:
        harms: one entry a tested slice, by position.
        untested: (number, reason) of each other slice.
        margin: tolerated harm, 0 or more, in the metric's units; 0 where it is a share of each slice's baseline.
        alpha: chance of even one false alarm over all slices.
        method: the field's name of the test, with the correction.
    """

    harms: tuple[SliceHarm, ...]
    untested: tuple[tuple[int, WhyNot], ...]
    margin: float
    alpha: float
    method: str

    @property
    def shown(self) -> tuple[SliceHarm, ...]:
        """The slices whose harm is shown."""
        return tuple(harm for harm in self.harms if harm.shown)

    def blind_to(self, harm: float) -> tuple[int, ...]:
        """Which slices could not have seen a harm of this size with 80% probability? Untested ones included."""
        weak = [h.position for h in self.harms if h.detectable is None or h.detectable > harm]
        return tuple(sorted([*weak, *(number for number, _ in self.untested)]))


def slice_alarm(tests: SliceTests, *, higher_is_better: bool, alpha: float = 0.05) -> SliceAlarm:
    """Is any slice worse than the baseline by more than the margin?

    Args:
        tests: result of `slices.paired_slices`, `slices.welch_slices` or `slices.joined`, tested against minus the
            margin where more is better, plus the margin where less is.
        higher_is_better: direction of the metric.
        alpha: chance of even one false alarm over all tested slices.

    Raises:
        StatisticsError: the null has the sign of an improvement.

    Source: Holm (1979). Detectable harm: noncentral t at the first of Holm's levels (alpha / slices); for pass/fail
    pairs the normal power of McNemar's and Tango's tests (Connor 1987) at the discordance seen, one pair of each
    outcome added, so that a slice without any disagreement does not look all-seeing.

    >>> from assay.stats.slices import paired_slices
    >>> baseline, candidate = [1] * 40, [0] * 12 + [1] * 28
    >>> tests = paired_slices(candidate, baseline, np.arange(40) // 20, 2, null=-0.02)
    >>> alarm = slice_alarm(tests, higher_is_better=True)
    >>> [(h.position, h.shown, round(h.detectable, 2)) for h in alarm.harms]
    [(0, True, 0.47), (1, False, 0.38)]
    """
    check_alpha(alpha)
    if tests.null > 0.0 if higher_is_better else tests.null < 0.0:
        raise StatisticsError(
            f"cannot look for harm: tested against {tests.null!r}, an improvement (expected the margin as a loss)"
        )
    margin = abs(tests.null)
    harm, harmless = (tests.p_less, tests.p_greater) if higher_is_better else (tests.p_greater, tests.p_less)
    corrected = holm(harm, alpha=alpha)
    shown = np.asarray(corrected.rejected, dtype=bool)
    levels = holm_levels(harm, shown, alpha)
    first = alpha / max(tests.positions.size, 1)
    if tests.at_any_time:
        reach = any_time_reach(tests, levels)
        low, high = tests.effect - reach, tests.effect + reach
        reach = any_time_reach(tests, np.full(tests.n.size, first))
        detectable = margin + reach * detectable_beside(1.0, errors=AT_ANY_TIME)
    else:
        low, high = _intervals(tests, levels)
        detectable = _detectable(tests, margin, first)
    low, high = _beside_the_margin(low, high, tests.null, shown, higher_is_better=higher_is_better)
    confidences = 1.0 - 2.0 * levels
    shift = np.zeros(tests.n.size) if tests.shift is None else tests.shift
    claimed = _claimed(tests, harmless, alpha, higher_is_better=higher_is_better)
    low, high, detectable = low + shift, high + shift, detectable + np.abs(shift)
    harms = tuple(
        SliceHarm(
            position=int(tests.positions[i]),
            n=int(tests.n[i]),
            effect=float(tests.effect[i] + shift[i]),
            interval=Interval(_finite(low[i]), _finite(high[i]), float(confidences[i])),
            p_harm=float(harm[i]),
            p_adjusted=corrected.p_values[i],
            p_harmless=float(harmless[i]),
            shown=bool(shown[i]),
            detectable=float(detectable[i]) if np.isfinite(detectable[i]) else None,
            margin=margin + abs(float(shift[i])),
            claimed=Interval(
                _finite(claimed[0][i] + shift[i]), _finite(claimed[1][i] + shift[i]), 1.0 - 2.0 * alpha
            ),
        )
        for i in range(tests.positions.size)
    )
    name = "e-values at any time" if tests.at_any_time else _method(tests)
    return SliceAlarm(harms, tests.untested, margin, alpha, f"{name}, Holm over {len(harms)} slices")


def _method(tests: SliceTests) -> str:
    """The test of these slices, and the one that decides some of them in its place."""
    if tests.method == TRIED or tests.effective is None or not tests.effective.any():
        return tests.method
    return f"{tests.method}, or {TRIED} where that is less sure"


def _claimed(
    tests: SliceTests, harmless: FloatArray, alpha: float, *, higher_is_better: bool
) -> tuple[FloatArray, FloatArray]:
    """The bounds at alpha that rule harm out where the p-values do."""
    levels = np.full(tests.n.size, alpha)
    if tests.at_any_time:
        reach = any_time_reach(tests, levels)
        low, high = tests.effect - reach, tests.effect + reach
    else:
        low, high = _intervals(tests, levels)
    met, null = harmless <= alpha, tests.null
    if higher_is_better:
        low = np.where(met, np.maximum(low, null), np.minimum(low, null))
        return low, np.maximum(high, low)
    high = np.where(met, np.minimum(high, null), np.maximum(high, null))
    return np.minimum(low, high), high


def _finite(bound: float) -> float | None:
    return float(bound) if np.isfinite(bound) else None


def _beside_the_margin(
    low: FloatArray, high: FloatArray, null: float, shown: NDArray[np.bool_], *, higher_is_better: bool
) -> tuple[FloatArray, FloatArray]:
    """The bounds, on the side of the margin on which the decision puts them where the two disagree by a hair."""
    if higher_is_better:
        return low, np.where(shown, np.minimum(high, null), np.maximum(high, null))
    return np.where(shown, np.maximum(low, null), np.minimum(low, null)), high


def _intervals(tests: SliceTests, levels: FloatArray) -> tuple[FloatArray, FloatArray]:
    reach = t_quantile(1.0 - levels, tests.dof) * tests.se
    low, high = tests.effect - reach, tests.effect + reach
    scored = tests.scored
    if not scored.any():
        return low, high
    exact = _tango_bounds(tests, levels)
    return np.where(scored, exact[0], low), np.where(scored, exact[1], high)


def _tango_bounds(tests: SliceTests, levels: FloatArray) -> tuple[FloatArray, FloatArray]:
    z, moves = -normal_quantile(levels), _moves(tests)
    bounds = []
    for outside in (-1.0, 1.0):
        near, far = tests.effect / moves, np.full(tests.effect.size, outside)
        for _ in range(60):
            middle = (near + far) / 2.0
            inside = np.abs(tango_z(tests.wins, tests.losses, tests.size, middle)) < z
            near, far = np.where(inside, middle, near), np.where(inside, far, middle)
        bounds.append(far * moves)
    return bounds[0], bounds[1]


def _moves(tests: SliceTests) -> FloatArray:
    """By how much one example can move."""
    return np.ones(tests.n.size) if tests.moves is None else tests.moves


def _detectable(tests: SliceTests, margin: float, level: float) -> FloatArray:
    """Smallest harm found with the wanted power at this level; infinite where there is none."""
    by_t = margin + detectable_effects(tests.se, tests.dof, alpha=level, power=POWER)
    discordant, moves = np.asarray(tests.wins + tests.losses, dtype=np.float64), _moves(tests)
    by_count = moves * detectable_losses(tests.size, discordant, margin / moves, level=level, power=POWER)
    return np.where(tests.scored, by_count, by_t)
