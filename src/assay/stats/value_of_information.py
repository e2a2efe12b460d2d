"""Which experiment is worth its cost before it is run: what is it expected to gain, given that a bad result is not shipped?

An experiment changes a decision: what it shows to be better is shipped, what it shows to be worse is not. So its value is
E[max(effect, 0)], not the expected effect (which calls every risky idea worthless) and not the information in bits (which
forgets what is at stake). Divided by the cost it orders a backlog; where only the best of several results is shipped,
effect above the best so far takes the place of effect above zero, and the order is asked for anew after each result.

Sources: Howard (1966), Information value theory; Jones, Schonlau and Welch (1998), expected improvement; Hurst, Brown and
Swanson (2000), the 30-40-30 rule for three quantiles.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from assay.stats.samples import Misaligned, NotFinite, StatisticsError

QUANTILES = (0.1, 0.5, 0.9)
"""What low, mid and high of a belief mean: it is as likely as these that the effect lies below."""
_REACH = 1.2815515655446004  # the 90% quantile of the standard normal distribution
_LARGEST = 1e150  # magnitudes beyond it cannot be squared


@dataclass(frozen=True, slots=True)
class Belief:
    """What is believed of an effect before it is measured: a normal distribution in the metric's units.

    Attributes:
        mean: expected effect; above 0 is better.
        sd: standard deviation, at least 0 (0: it is known).
    """

    mean: float
    sd: float

    def __post_init__(self) -> None:
        _finite(self.mean, "a mean")
        if _finite(self.sd, "a standard deviation") < 0:
            raise StatisticsError(
                f"cannot hold a belief: standard deviation {self.sd!r} (expected 0 or more)"
            )


def belief_from_quantiles(low: float, mid: float, high: float) -> Belief:
    """Which belief says: one chance in ten below `low`, as likely below as above `mid`, one in ten above `high`?

    The mean is Swanson's .3 low + .4 mid + .3 high, which is exact for the normal distribution and close for skewed
    ones; the spread is that of the normal distribution with this distance from low to high.

    Args:
        low: effect in the metric's units, above 0 is better.
        mid: the same, at least `low`.
        high: the same, at least `mid`.

    Raises:
        NotFinite: one of them is no finite number. StatisticsError: they do not rise.

    >>> belief = belief_from_quantiles(-0.01, 0.01, 0.03)
    >>> round(belief.mean, 4), round(belief.sd, 4)
    (0.01, 0.0156)
    """
    for value in (low, mid, high):
        _finite(value, "a quantile")
    if not low <= mid <= high:
        raise StatisticsError(
            f"cannot hold a belief: quantiles {low}, {mid}, {high} (expected rising numbers)"
        )
    return Belief(mid + 0.3 * ((low - mid) + (high - mid)), (high - low) / (2.0 * _REACH))


def expected_improvement(belief: Belief, *, over: float = 0.0) -> float:
    """How much is an experiment expected to gain when its result is used only where it is better than `over`?

    Args:
        belief: about the effect.
        over: what is shipped otherwise, in the same units: 0 is the baseline, or the best result so far.

    Returns:
        E[max(effect - over, 0)], in the metric's units; never below 0, nor below the expected effect less `over`.

    A certain gain of 1 is worth 1; an effect of 0 that may turn out one better or one worse is worth 0.4:

    >>> expected_improvement(Belief(1.0, 0.0)), round(expected_improvement(Belief(0.0, 1.0)), 4)
    (1.0, 0.3989)
    """
    ahead = belief.mean - _finite(over, "what is shipped otherwise")
    if belief.sd == 0.0 or abs(ahead) > 1e3 * belief.sd:
        return max(ahead, 0.0)
    z = ahead / belief.sd
    density = math.exp(-0.5 * z * z) / math.sqrt(2.0 * math.pi)
    return max(belief.sd * (density + z * _below(z)), ahead, 0.0)


def chance_above(belief: Belief, bar: float = 0.0) -> float:
    """How likely is an effect of at least `bar`?

    >>> round(chance_above(belief_from_quantiles(-1.0, 0.0, 1.0), 1.0), 3)
    0.1
    """
    ahead = belief.mean - _finite(bar, "a bar")
    if belief.sd == 0.0:
        return 1.0 if ahead >= 0.0 else 0.0
    return _below(max(-1e3, min(1e3, ahead / belief.sd)))


def mean_above(belief: Belief, bar: float = 0.0) -> float:
    """How large is the effect expected to be, if it is at least `bar`?

    >>> round(mean_above(Belief(0.0, 1.0)), 4), mean_above(Belief(2.0, 0.0))
    (0.7979, 2.0)
    """
    above = chance_above(belief, bar)
    if belief.sd == 0.0 or above <= 0.0:
        return max(belief.mean, bar)
    z = (belief.mean - bar) / belief.sd
    if abs(z) > 30.0:  # further out the quotient below is rounding alone
        return max(belief.mean, bar)
    return max(belief.mean + belief.sd * math.exp(-0.5 * z * z) / math.sqrt(2.0 * math.pi) / above, bar)


def expected_gain(belief: Belief, chance: float, *, bar: float = 0.0) -> float:
    """How much is an experiment expected to gain when its chance of reaching `bar` is known better than from the belief itself?

    The chance was said by itself, or shrunk to what came true before; how large the effect is on either side of the bar stays as
    believed. Where the chance is smaller than the belief has it, the difference counts as nothing gained.

    Args:
        belief: about the effect.
        chance: of an effect of at least `bar`, strictly between 0 and 1.
        bar: in the metric's units.

    Returns:
        E[max(effect, 0)], in the metric's units; exactly `expected_improvement` where the belief has this chance itself.

    Raises:
        StatisticsError: the chance is not strictly between 0 and 1.

    >>> belief = Belief(0.02, 0.01)
    >>> round(expected_gain(belief, 0.5, bar=0.02), 5), round(expected_gain(belief, 0.1, bar=0.02), 5)
    (0.02008, 0.00889)
    """
    if not 0.0 < _finite(chance, "a chance") < 1.0:
        raise StatisticsError(f"cannot weigh a belief by chance {chance!r} (expected between 0 and 1)")
    above = chance_above(belief, bar)
    reached = max(mean_above(belief, bar), 0.0) if bar >= 0.0 else 0.0
    if bar < 0.0:  # whatever is gained lies above the bar
        return chance * (expected_improvement(belief) / above if above > 0.0 else 0.0)
    short = max(expected_improvement(belief) - above * reached, 0.0)
    weight = 1.0 if chance <= above else (1.0 - chance) / (1.0 - above)
    return chance * reached + weight * short


def next_experiment(
    beliefs: Sequence[Belief], costs: Sequence[float], *, best: float = 0.0, budget: float | None = None
) -> int | None:
    """Which experiment next, where only the best result of all is shipped?

    Ask again after every result, with `best` raised to it and what is left of the budget: a good result makes careful
    ideas worthless and leaves the bold ones.

    Args:
        beliefs: one for each experiment that has not been run.
        costs: of each, in any one unit, above 0.
        best: the best effect shown so far, in the metric's units; 0 is the baseline.
        budget: what is left, in the unit of the costs; None for no limit.

    Returns:
        The place of the one with the largest expected improvement for its cost; of equals, the cheaper, then the first.
        None where nothing can be paid for, or nothing can be better than `best`.

    Raises:
        Misaligned: other numbers of beliefs and costs. NotFinite, StatisticsError: a cost that is none.

    >>> next_experiment([Belief(0.1, 0.05), Belief(0.0, 0.5)], [1.0, 1.0])
    1
    >>> next_experiment([Belief(0.1, 0.05), Belief(0.0, 0.5)], [1.0, 8.0])
    0
    """
    if len(beliefs) != len(costs):
        raise Misaligned(
            f"cannot choose an experiment: {len(beliefs)} beliefs and {len(costs)} costs (expected as many)"
        )
    for cost in costs:
        if _finite(cost, "a cost") <= 0.0:
            raise StatisticsError(f"cannot choose an experiment: cost {cost!r} (expected more than 0)")
    left = math.inf if budget is None else _finite(budget, "a budget")
    worth = [
        (expected_improvement(belief, over=best) / cost, -cost, -place)
        for place, (belief, cost) in enumerate(zip(beliefs, costs, strict=True))
        if cost <= left
    ]
    top = max(worth, default=None)
    return None if top is None or top[0] <= 0.0 else -top[2]


def _below(z: float) -> float:
    return 0.5 * math.erfc(-z / math.sqrt(2.0))


def _finite(value: float, what: str) -> float:
    number: object = value  # what is typed as a number may be anything
    if isinstance(number, bool) or not isinstance(number, int | float) or not abs(number) <= _LARGEST:
        raise NotFinite(f"cannot hold a belief: {what} of {value!r} (expected a finite number)")
    return float(value)
