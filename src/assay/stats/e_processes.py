"""May one look at paired pass/fail results as often as one likes? The e-process behind sequential mode.

An e-process bets against equal models and grows when the bets win. Under equal models the chance that it *ever* reaches
1/alpha is at most alpha (Ville 1939), so every example may be a look. Order matters: examples have to come in an order
that was registered before any result was known.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from assay.stats.distributions import FloatArray, beta_upper, log_beta_function
from assay.stats.estimates import Comparison, Interval
from assay.stats.paired import ONE_MODEL_EACH, PairedCounts, paired_counts
from assay.stats.samples import Scores, StatisticsError, as_scores, check_alpha
from assay.stats.slice_sums import IntArray

PRIOR = 20.0
"""Weight on moderate shares of wins: bets are spread as a Beta(20, 20), which suits differences of a few points."""

METHOD = "McNemar e-process"
_LOG_LARGEST = math.log(1e300)  # an e-value beyond it is stated as this, never as infinity
_BETS = 512
_LOOKS = 2048  # with a margin no more positions than these are looked at; fewer looks are as valid


def mcnemar_e_value(wins: ArrayLike, losses: ArrayLike, *, prior: float = PRIOR) -> FloatArray:
    """How strongly do these discordant pairs speak against equal models, in either direction?

    E = 2^m B(w + a, l + a) / B(a, a) over w wins and l losses, m = w + l: the likelihood of the order of wins and losses,
    averaged over a Beta(a, a) of the share of wins, over its likelihood when either is as likely. Broadcasts.

    >>> [round(float(mcnemar_e_value(w, l)), 4) for w, l in ((0, 0), (10, 0), (30, 10))]
    [1.0, 2.4959, 9.1117]
    """
    return _bounded(_log_two_sided(wins, losses, prior))


def mcnemar_e_greater(wins: ArrayLike, losses: ArrayLike, *, prior: float = PRIOR) -> FloatArray:
    """How strongly do they speak for more wins than losses? The same bets, on shares above one half only.

    E = 2 E_two-sided P(Beta(w + a, l + a) > 1/2). Every such bet loses on average when wins are at most as likely as
    losses, so the error holds for "no better", not only for "equal". Half the sum of both directions is
    `mcnemar_e_value`.

    >>> round(float(mcnemar_e_greater(30, 10)), 4), round(float(mcnemar_e_greater(10, 30)), 4)
    (18.0065, 0.217)
    """
    return _bounded(_log_greater(wins, losses, prior))


def pairs_e_greater(wins: FloatArray, losses: FloatArray, n: FloatArray, null: float) -> FloatArray:
    """How strongly do pairs speak for a difference of rates above `null`, at any look? One entry each; as `e_process`."""
    if not -1.0 < null < 1.0:
        raise StatisticsError(
            f"cannot test a difference of rates against {null!r} (expected between -1 and 1)"
        )
    return _bounded(_log_e(wins, losses, n, null, PRIOR))


@dataclass(frozen=True, slots=True, eq=False)
class EProcess:
    """How did the evidence grow, example by example?

    Attributes:
        examples: how many examples were in at each position, increasing; positions without a change are left out.
        greater: e-value of "effect greater than the null" at each position.
        less: e-value of "effect less than the null".
    """

    examples: IntArray
    greater: FloatArray
    less: FloatArray

    def decided_at(self, alpha: float) -> int | None:
        """After how many examples did one of the two first reach 1/alpha? None while neither has."""
        reached = np.maximum(self.greater, self.less) >= 1.0 / alpha
        return int(self.examples[np.argmax(reached)]) if reached.any() else None


def e_process(candidate: Scores, baseline: Scores, *, null: float = 0.0, prior: float = PRIOR) -> EProcess:
    """How does the evidence about paired pass/fail scores grow along the registered order?

    Args:
        candidate: 0 or 1, one an example, in registered order.
        baseline: scores of the same examples in the same order.
        null: difference of rates tested against (minus the margin for non-inferiority), strictly between -1 and 1.
        prior: concentration of the bets around equal shares.

    Raises:
        NotBinary: a score is neither 0 nor 1. Misaligned: lengths differ. TooFewSamples: no example.

    Null 0: the exact McNemar e-process of `mcnemar_e_greater`. Another null: bets on the differences +1, 0, -1
    themselves, capital prod(1 + bet (difference - null)) averaged over 512 bets with the same prior (Waudby-Smith and
    Ramdas 2024, section 4); valid for any distribution of the differences, and the same as McNemar's at null 0.
    """
    _check(candidate, baseline, null)
    a, b = as_scores(candidate), as_scores(baseline)
    wins, losses = np.cumsum(a > b), np.cumsum(a < b)
    changes = np.flatnonzero(a != b) if null == 0.0 else _spread(a.size)
    examples = np.union1d(changes, [a.size - 1]) + 1
    w, lost = wins[examples - 1].astype(np.float64), losses[examples - 1].astype(np.float64)
    n = examples.astype(np.float64)
    return EProcess(
        examples.astype(np.int64),
        _bounded(_log_e(w, lost, n, null, prior)),
        _bounded(_log_e(lost, w, n, -null, prior)),
    )


def sequential_pairs(
    candidate: Scores,
    baseline: Scores,
    *,
    alpha: float = 0.05,
    null: float = 0.0,
    prior: float = PRIOR,
    in_order: bool = True,
) -> Comparison:
    """Does one model succeed more often, judged so that every example may have been a look?

    Args:
        candidate: 0 or 1, one an example, in registered order: the order in which evidence counts as having come in.
        baseline: scores of the same examples in the same order.
        alpha: chance that an equal pair is ever called, in one direction.
        null: difference of rates tested against (minus the margin for non-inferiority).
        prior: concentration of the bets around equal shares.
        in_order: False where the order says nothing of what came in when: then the examples that are in now decide, and
            whoever looked before them is covered whatever the order was.

    Returns:
        p-values are 1 over the largest e-value so far: once at most alpha they stay there. The interval is a confidence
        sequence for the difference of rates at 1 - 2 alpha; it excludes the null exactly when the claim is decided.
        `shown` holds both largest e-values and, once decided, after how many examples.

    Refusals as `e_process`. Assumes independent examples (none sharing a source) and one model an arm. Source: Waudby-Smith
    and Ramdas (2024); Ville (1939). The bounds invert the betting e-process over nulls.

    >>> won, lost = np.r_[np.ones(60), np.zeros(40)], np.r_[np.zeros(30), np.ones(30), np.zeros(40)]
    >>> c = sequential_pairs(won, lost)
    >>> c.answer("greater"), dict(c.shown)["decided_at"], round(c.interval.low, 3)
    ('met', 17.0, 0.123)
    """
    check_alpha(alpha)
    counts = _check(candidate, baseline, null)
    path = e_process(candidate, baseline, null=null, prior=prior) if in_order else _now(counts, null, prior)
    a, b = as_scores(candidate), as_scores(baseline)
    sides = [
        _Side(a > b, a < b, path.examples, path.greater, null, prior, alpha),
        _Side(a < b, a > b, path.examples, path.less, -null, prior, alpha),
    ]
    # Evidence that reached both ends at different times counts by what all examples say together.
    running = in_order and not all(side.largest >= 1.0 / alpha for side in sides)
    values = [side.largest if running else side.last for side in sides]
    low, high = sides[0].bound(running=running), -sides[1].bound(running=running)
    if low >= high:
        low, high = sides[0].bound(running=False), -sides[1].bound(running=False)
        low, high = agreeing(low, high, values, null, alpha)
    decided = path.decided_at(alpha) if in_order and max(values) >= 1.0 / alpha else None
    shown = [("e_greater", values[0]), ("e_less", values[1])]
    return Comparison(
        effect=(counts.wins - counts.losses) / counts.n,
        interval=Interval(low, high, 1.0 - 2.0 * alpha),
        n_candidate=counts.n,
        n_baseline=counts.n,
        se=None,
        dof=None,
        statistic=None,
        p_greater=1.0 / max(values[0], 1.0),
        p_less=1.0 / max(values[1], 1.0),
        alpha=alpha,
        method=METHOD if null == 0.0 else f"{METHOD}, bets against the margin",
        null=null,
        scope=ONE_MODEL_EACH,
        shown=tuple(shown if decided is None else [("decided_at", float(decided)), *shown]),
    )


def _now(counts: PairedCounts, null: float, prior: float) -> EProcess:
    """The end of the process alone."""
    won, lost, n = (np.array([float(x)]) for x in (counts.wins, counts.losses, counts.n))
    return EProcess(
        np.array([counts.n], dtype=np.int64),
        _bounded(_log_e(won, lost, n, null, prior)),
        _bounded(_log_e(lost, won, n, -null, prior)),
    )


def agreeing(
    low: float, high: float, e_values: list[float], null: float, alpha: float
) -> tuple[float, float]:
    """The bounds that all examples give, kept on the side of the null on which the decision was made earlier."""
    if e_values[0] >= 1.0 / alpha:
        return max(low, null), max(high, math.nextafter(null, math.inf))
    if e_values[1] >= 1.0 / alpha:
        return min(low, math.nextafter(null, -math.inf)), min(high, null)
    return low, high


@dataclass(frozen=True, slots=True, eq=False)
class _Side:
    """One direction: what its e-value came to, and which nulls it leaves."""

    wins: NDArray[np.bool_]
    losses: NDArray[np.bool_]
    examples: IntArray
    e_values: FloatArray
    null: float
    prior: float
    alpha: float

    @property
    def largest(self) -> float:
        return float(self.e_values.max())

    @property
    def last(self) -> float:
        return float(self.e_values[-1])

    def bound(self, *, running: bool) -> float:
        """Lower bound of the difference; a confidence sequence may use any moment, so the best one and the last are."""
        moments = {int(self.examples[-1])}
        if running:
            moments.add(int(self.examples[np.argmax(self.e_values)]))
        return max(self._bound_at(moment) for moment in moments)

    def _bound_at(self, moment: int) -> float:
        wins, losses = float(self.wins[:moment].sum()), float(self.losses[:moment].sum())
        place = int(np.searchsorted(self.examples, moment))

        def rejected(null: float) -> bool:
            found = _log_bets(
                np.array([wins]), np.array([losses]), np.array([float(moment)]), null, self.prior
            )
            return bool(found[0] >= -math.log(self.alpha))

        low, high = -1.0, (wins - losses) / moment
        if self.e_values[place] >= 1.0 / self.alpha:
            low = self.null
        else:
            high = min(high, self.null)
        for _ in range(50):
            middle = (low + high) / 2.0
            low, high = (middle, high) if rejected(middle) else (low, middle)
        return low


def _check(candidate: Scores, baseline: Scores, null: float) -> PairedCounts:
    if not -1.0 < null < 1.0:
        raise StatisticsError(
            f"cannot test a difference of rates against {null!r} (expected between -1 and 1)"
        )
    return paired_counts(candidate, baseline)


def _spread(n: int) -> IntArray:
    if n <= _LOOKS:
        return np.arange(n)
    return np.unique(np.round(np.geomspace(1, n, _LOOKS)).astype(np.int64)) - 1


def _log_two_sided(wins: ArrayLike, losses: ArrayLike, prior: float) -> FloatArray:
    w, lost = np.asarray(wins, dtype=np.float64), np.asarray(losses, dtype=np.float64)
    even = (w + lost) * math.log(2.0)
    return np.asarray(even + log_beta_function(w + prior, lost + prior) - log_beta_function(prior, prior))


def _log_greater(wins: ArrayLike, losses: ArrayLike, prior: float) -> FloatArray:
    w, lost = np.asarray(wins, dtype=np.float64), np.asarray(losses, dtype=np.float64)
    with np.errstate(divide="ignore"):
        above = np.log(beta_upper(0.5, w + prior, lost + prior))
    return np.asarray(math.log(2.0) + _log_two_sided(w, lost, prior) + above)


def _log_e(wins: FloatArray, losses: FloatArray, n: FloatArray, null: float, prior: float) -> FloatArray:
    return _log_greater(wins, losses, prior) if null == 0.0 else _log_bets(wins, losses, n, null, prior)


def _log_bets(wins: FloatArray, losses: FloatArray, n: FloatArray, null: float, prior: float) -> FloatArray:
    """Log of the capital prod(1 + bet (difference - null)), averaged over the bets that can never be ruined."""
    bets, weights = _bets(prior)
    safe = bets * (1.0 + null) < 1.0
    bets, log_weights = bets[safe], np.log(weights[safe])
    if bets.size == 0:
        return np.zeros(wins.size)
    win, tie, loss = np.log1p(bets * (1.0 - null)), np.log1p(-bets * null), np.log1p(-bets * (1.0 + null))
    capital = (
        wins[:, np.newaxis] * win
        + losses[:, np.newaxis] * loss
        + (n - wins - losses)[:, np.newaxis] * tie
        + log_weights
    )
    best = capital.max(axis=1)
    return np.asarray(best + np.log(np.exp(capital - best[:, np.newaxis]).sum(axis=1)))


@lru_cache(maxsize=8)
def _bets(prior: float) -> tuple[FloatArray, FloatArray]:
    """Bets 2p - 1 for p above one half, weighted as Beta(prior, prior), on Gauss-Legendre nodes."""
    nodes, widths = np.polynomial.legendre.leggauss(_BETS)
    bets = (nodes + 1.0) / 2.0
    weights = widths * (1.0 - bets**2) ** (prior - 1.0)
    kept = weights > weights.max() * 1e-30
    return bets[kept], weights[kept] / weights[kept].sum()


def _bounded(log_e: FloatArray) -> FloatArray:
    return np.asarray(np.exp(np.minimum(log_e, _LOG_LARGEST)))
