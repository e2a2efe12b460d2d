"""How good will the best be after further tries, if they are like those so far?

A line or a power law through the best so far is wrong nearly always: the best stands still for long, then jumps. What can be
said without a model is the chance that anything beats it, m/(k + m) for m tries after k of the same kind. How far a new best
reaches beyond the old one takes a model of the upper tail: a generalised Pareto distribution, fitted to the top quarter with its
scale left unknown. Its shape is -1/2 (a tail with an end, as that of an accuracy) or 0 (an exponential one), three to two
beforehand and then weighed by how well each fits. The chance of a new best is kept as it is without the model.

Assumes that the tries are exchangeable: a team that learns from one try for the next does better than said here, one that
tried its best ideas first does worse.

Sources: Renyi (1962), records; Pickands (1975), the generalised Pareto tail; Coles (2001), threshold stability (section
4.2.1). Of outcomes on 15 tables of real configurations 81 to 84% fall where 80% are promised (`benchmarks/best_so_far.py`);
of training runs that had no part in the choice 72 to 77%, and with the shape -1/2 alone 68 to 75%
(`tests/wild/test_best_so_far.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np
from numpy.typing import NDArray

from assay.stats.samples import NotFinite, StatisticsError

FEWEST = 8
"""Tries below which a top quarter is a guess."""
TOP = 0.25
FEWEST_IN_TOP = 2
BOUNDED = 0.6
"""How likely a tail with an end is before any try was seen."""
_HALVINGS = 40
_Array = NDArray[np.float64]


def _nodes(count: int) -> tuple[_Array, _Array]:
    places, weights = np.polynomial.legendre.leggauss(count)
    return (places + 1) / 2, weights / 2


_NODES, _NODE_WEIGHTS = _nodes(64)
_PLACES, _PLACE_WEIGHTS = _nodes(40)
# With the sixth power what is integrated is smooth at 0 too: right to 1e-8 where the nodes alone give 1e-5.
_RANKS, _RANK_WEIGHTS = _PLACES**6, 6 * _PLACES**5 * _PLACE_WEIGHTS


@dataclass(frozen=True, slots=True)
class FurtherTries:
    """How many tries are to come?

    Attributes:
        expected: their expected number, above 0.
        shape: of the gamma distribution of the rate they come at; None where their number is known.
    """

    expected: float
    shape: float | None = None

    def __post_init__(self) -> None:
        if not (np.isfinite(self.expected) and self.expected > 0):
            raise StatisticsError(
                f"cannot count further tries: {self.expected!r} are expected (expected a number above 0)"
            )
        if self.shape is not None and not (np.isfinite(self.shape) and self.shape > 0):
            raise StatisticsError(f"cannot count further tries: shape {self.shape!r} (expected above 0)")

    def chance_of_none(self, chance: _Array) -> _Array:
        """How likely is it that none of them does what each does with this chance?"""
        if self.shape is None:
            return (1 - chance) ** self.expected
        return (1 + self.expected / self.shape * chance) ** -self.shape


def tries_at_rate(seen: int, span: float, ahead: float) -> FurtherTries:
    """How many tries come in the time ahead, after `seen` of them in `span`, the first at its beginning?

    They come at random moments at one rate, of which nothing else was known before (Jeffreys).

    Args:
        seen: tries so far, at least 2.
        span: time since the first one, above 0.
        ahead: time to look ahead, above 0, in the unit of `span`.

    Raises:
        StatisticsError: one of them is out of its range.

    >>> tries_at_rate(11, span=20.0, ahead=4.0)
    FurtherTries(expected=2.1, shape=10.5)
    """
    if seen < 2 or not (np.isfinite(span) and span > 0 and np.isfinite(ahead) and ahead > 0):
        raise StatisticsError(
            f"cannot tell a rate: {seen} tries in {span!r}, {ahead!r} ahead (expected 2 tries and times above 0)"
        )
    shape = seen - 0.5
    return FurtherTries(expected=shape * ahead / span, shape=shape)


@dataclass(frozen=True, slots=True)
class LaterBest:
    """The distribution of the best after further tries.

    Attributes:
        best: of the tries so far.
        tries: so far.
        further: those to come.
        weights, scales: of the tails beyond the best that are possible, in units of the values; the weights add up to 1.
        bounded: which of them have an end (shape -1/2); the others are exponential.
    """

    best: float
    tries: int
    further: FurtherTries
    weights: _Array
    scales: _Array
    bounded: NDArray[np.bool_]

    @property
    def chance_of_record(self) -> float:
        """How likely is it that a further try beats the best so far? For m tries, m/(k + m)."""
        return self.chance_above(self.best)

    def chance_above(self, value: float) -> float:
        """How likely is it that the best after the further tries lies above this value? 1 below the best so far."""
        if value < self.best:
            return 1.0
        distance = (value - self.best) / self.scales
        beyond = np.where(self.bounded, np.clip(1 - distance / 2, 0, None) ** 2, np.exp(-distance))
        rarer = 1 - _RANKS ** (1 / self.tries)  # how rare the best is: a Beta(1, k) chance
        none = self.further.chance_of_none(beyond[:, None] * rarer) @ _RANK_WEIGHTS
        return float(1 - self.weights @ none)

    def quantile(self, level: float) -> float:
        """Below which value does the best lie with this chance? The best so far where that already holds.

        Raises:
            StatisticsError: the level is not between 0 and 1.
        """
        if not 0 < level < 1:
            raise StatisticsError(f"cannot take a quantile: level {level!r} (expected between 0 and 1)")
        if self.chance_of_record <= 1 - level:
            return self.best
        low, high = 0.0, float(np.median(self.scales))
        while self.chance_above(self.best + high) > 1 - level:
            low, high = high, 2 * high
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            if self.chance_above(self.best + middle) > 1 - level:
                low = middle
            else:
                high = middle
        return self.best + high


def later_best(values: Sequence[float], further: FurtherTries) -> LaterBest | None:
    """How good will the best be after these further tries? None where the tries so far cannot tell.

    Args:
        values: of the tries so far, larger is better; at least 8.
        further: those to come.

    Returns:
        None for fewer than 8 values, or where more than the top quarter ties at the best: then nobody knows how far a
        better one lies.

    Raises:
        NotFinite: a value is no finite number.

    >>> found = later_best([0.71, 0.74, 0.78, 0.69, 0.80, 0.77, 0.75, 0.81], FurtherTries(8))
    >>> round(found.chance_of_record, 6), [round(found.quantile(level), 3) for level in (0.1, 0.5, 0.9)]
    (0.5, [0.81, 0.81, 0.863])
    """
    tried = np.asarray(values, dtype=np.float64)
    if not np.isfinite(tried).all():
        raise NotFinite("cannot look ahead from these tries: a value is not finite (expected finite numbers)")
    if tried.size < FEWEST:
        return None
    falling = np.sort(tried)[::-1]
    top = max(FEWEST_IN_TOP, ceil(TOP * tried.size))
    beyond = falling[:top] - falling[top]
    if beyond[0] <= 0:
        return None
    shares, scales = zip(*(tail(beyond / beyond[0]) for tail in (_bounded, _exponential)), strict=True)
    logs = np.concatenate((np.log(BOUNDED) + shares[0], np.log(1 - BOUNDED) + shares[1]))
    weights = np.exp(logs - logs.max())
    sizes, is_bounded = np.concatenate(scales), np.arange(logs.size) < shares[0].size
    return LaterBest(
        float(falling[0]), int(tried.size), further, weights / weights.sum(), beyond[0] * sizes, is_bounded
    )


def _bounded(beyond: _Array) -> tuple[_Array, _Array]:
    """Logarithms of the weights of the scales s of a tail of shape -1/2 with the prior 1/s, and its scales beyond the best, s - 1/2.

    Written as t = 1/(2 s), between 0 and 1, the posterior is a polynomial.
    """
    count = beyond.size
    density = (
        count * np.log(2) + (count - 1) * np.log(_NODES) + np.log1p(-np.outer(beyond, _NODES)).sum(axis=0)
    )
    return density + np.log(_NODE_WEIGHTS), (1 / _NODES - 1) / 2


def _exponential(beyond: _Array) -> tuple[_Array, _Array]:
    """The same of an exponential tail: its rate 1/s has a gamma posterior, and is the same beyond the best."""
    middle = beyond.size / beyond.sum()
    rates = middle * _NODES / (1 - _NODES)
    density = (beyond.size - 1) * np.log(rates) - beyond.sum() * rates
    return density + np.log(_NODE_WEIGHTS * middle / (1 - _NODES) ** 2), 1 / rates
