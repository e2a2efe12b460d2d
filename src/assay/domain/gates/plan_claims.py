"""How likely is one claim or alarm of a gate shown by so many seeds and examples, when the truth lies so far on its side?

One model is judged at the overall level by the test that decides (exact for right and wrong), several seeds at the level
of a registered look on the variance between seeds and examples, as `stats.crossed` computes it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from assay.domain.gates.pilot import Variation
from assay.stats.distributions import chi_square_cdf, chi_square_quantile
from assay.stats.estimates import Direction
from assay.stats.sample_sizes import (
    MOST,
    CrossedDesign,
    crossed_power,
    crossed_rate_power,
    examples_for_mcnemar,
    examples_to_show_mean,
    examples_to_show_rate,
    mcnemar_power,
    mean_power,
    paired_rate_power,
    rate_power,
    smallest_number,
)
from assay.stats.stages import Look

_STEPS = 60
OneModel = Callable[[int, float], float]
"""Power of one model by its number of examples and how far the truth lies on the good side."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What has to be shown, and how scores vary.

    Attributes:
        distance: how far the truth is assumed to lie on the side that has to be shown, in the metric's units.
        most: no truth lies farther.
        alpha: level of one model.
        variation: how scores vary; None where nothing tells.
        arms: 1 against a number, 2 against runs that need seeds as well.
        one: power of one model; None where no examples are known, or nothing says how they vary.
        one_needs: examples that give one model this power.
        divisor: how many are looked at and corrected for; looks and one model have that share of their level.
        threshold, rate: for rates, what they are tested against and the true one by how far it lies beyond.
    """

    distance: float
    most: float
    alpha: float
    variation: Variation | None
    arms: int
    one: OneModel | None
    one_needs: Callable[[float], int | None]
    threshold: float | None = None
    rate: Callable[[float], float] | None = None
    divisor: float = 1.0

    def power_at(self, look: Look, examples: int | None, distance: float | None = None) -> float | None:
        """How likely is it shown at this look, alone? None where the seeds' scatter is not known."""
        far = self.distance if distance is None else distance
        variation = self.variation
        if variation is None or variation.seed_variance is None or look.alpha <= 0.0:
            return None
        if variation.totals_only and variation.seed_variance > 0.0:
            se = math.sqrt(variation.seed_variance / look.n)
            return mean_power(far, se, float(self.arms * (look.n - 1)), alpha=look.alpha / self.divisor)
        return None if examples is None or examples < 2 else self._crossed(look, examples, far)

    def _crossed(self, look: Look, examples: int, far: float) -> float | None:
        assert self.variation is not None
        rate = None if self.rate is None else self.rate(far)
        variation = self.variation if rate is None else self.variation.at_rate(rate)
        design = _design(variation, look.n, examples, self.arms)
        if design.truly <= 0.0:
            return None
        if rate is None or self.threshold is None:
            return crossed_power(far, design, alpha=look.alpha / self.divisor)
        way: Direction = "greater" if rate >= self.threshold else "less"
        return crossed_rate_power(self.threshold, rate, design, claim=way, alpha=look.alpha / self.divisor)

    def examples_at(self, look: Look, power: float) -> int | None:
        """How many examples does this look need? None where no number does it, or the scatter of seeds is not known."""
        variation = self.variation
        if variation is None or variation.seed_variance is None or variation.totals_only:
            return None
        if look.alpha <= 0.0 or (self.power_at(look, MOST) or 0.0) < power:
            return None
        low, high = 1, 2
        while (self.power_at(look, high) or 0.0) < power:
            low, high = high, high * 2
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if (self.power_at(look, middle) or 0.0) >= power else (middle, high)
        return high

    def smallest_seen(self, power: float, *, look: Look | None, examples: int | None) -> float | None:
        """The smallest distance that would be shown with this power; None where none is, or it cannot be known."""

        def reached(distance: float) -> float:
            if look is not None:
                return self.power_at(look, examples, distance) or 0.0
            return 0.0 if self.one is None or examples is None else self.one(examples, distance)

        high = self.most if math.isfinite(self.most) else max(abs(self.distance), 1e-9)
        for _ in range(_STEPS):
            if reached(high) >= power or math.isfinite(self.most):
                break
            high *= 2.0
        if reached(high) < power:
            return None
        low = 0.0
        for _ in range(_STEPS):
            middle = (low + high) / 2.0
            low, high = (low, middle) if reached(middle) >= power else (middle, high)
        return high


def _design(variation: Variation, seeds: int, examples: int, arms: int) -> CrossedDesign:
    assert variation.seed_variance is not None
    residual = variation.residual_variance / (seeds * examples)
    return CrossedDesign(
        seeds=variation.seed_variance / seeds + residual,
        examples=variation.example_variance / examples + residual,
        residual=residual,
        seed_dof=float(arms * (seeds - 1)),
        example_dof=examples - 1.0,
        cells=seeds * examples,
    )


def rate_shown(
    threshold: float, distance: float, claim: Direction, *, alpha: float, variation: Variation | None
) -> Shown:
    """A rate beyond a threshold: exact. Scores between 0 and 1 vary less than right and wrong, so they are safe with it."""
    room = 1.0 - threshold if claim == "greater" else threshold
    sign = 1.0 if claim == "greater" else -1.0

    def truth(distance: float) -> float:
        return min(1.0, max(0.0, threshold + sign * distance))

    def one(n: int, distance: float) -> float:
        return rate_power(n, threshold, truth(distance), claim=claim, alpha=alpha)

    def needs(power: float) -> int | None:
        return examples_to_show_rate(threshold, truth(distance), claim=claim, alpha=alpha, power=power)

    several = None if variation is None or not variation.binary else threshold
    return Shown(
        min(distance, room),
        room,
        alpha,
        variation,
        1,
        one,
        needs,
        several,
        None if several is None else truth,
    )


def mean_shown(distance: float, *, alpha: float, variation: Variation | None, arms: int = 1) -> Shown:
    """A mean on the good side of a number, or a difference of two sides: t."""
    per_example = 0.0 if variation is None or variation.examples is None else variation.one_model
    known = per_example > 0.0

    def one(n: int, distance: float) -> float:
        return 0.0 if n < 2 else mean_power(distance, math.sqrt(per_example / n), n - 1.0, alpha=alpha)

    def needs(power: float) -> int | None:
        return (
            examples_to_show_mean(distance, math.sqrt(per_example), alpha=alpha, power=power)
            if known
            else None
        )

    return Shown(distance, math.inf, alpha, variation, arms, one if known else None, needs)


def pairs_shown(
    null: float, distance: float, discordance: float, *, alpha: float, variation: Variation | None
) -> Shown:
    """The candidate right more often on shared examples, by more than `null` (minus the margin for non-inferiority)."""

    def differing(distance: float) -> float:
        return min(1.0, max(discordance, abs(null + distance) + 1e-12))

    def one(n: int, distance: float) -> float:
        gain, share = null + distance, differing(distance)
        if null == 0.0:
            return mcnemar_power(n, (share + gain) / 2.0, max(0.0, share - gain) / 2.0, alpha=alpha)
        if gain * gain >= share:
            return 1.0
        return paired_rate_power(n, share, gain, null, alpha=alpha)

    def needs(power: float) -> int | None:
        gain, share = null + distance, differing(distance)
        if null == 0.0:
            return examples_for_mcnemar(
                (share + gain) / 2.0, max(0.0, share - gain) / 2.0, alpha=alpha, power=power
            )
        return smallest_number(lambda n: one(n, distance) >= power)

    most = max(distance, 1.0 - null)
    return Shown(distance, most, alpha, variation, 2, one, needs)


def spread_power(limit: float, truth: float, look: Look, *, claim: bool) -> float:
    """How likely do the seeds of this look show that a true standard deviation is above the limit, or (claim) below it?

    >>> round(spread_power(0.03, 0.06, Look(3, 8, 0.026), claim=False), 2)
    0.78
    """
    dof = look.n - 1.0
    ratio = (limit / truth) ** 2
    if claim:
        return float(chi_square_cdf(chi_square_quantile(look.alpha, dof) * ratio, dof))
    return 1.0 - float(chi_square_cdf(chi_square_quantile(1.0 - look.alpha, dof) * ratio, dof))
