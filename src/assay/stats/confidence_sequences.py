"""May one look at paired real-valued scores as often as one likes? The asymptotic confidence sequence.

Sums of many paired differences move like a Brownian motion, whatever the scores look like; a bound that a Brownian
motion rarely crosses at *any* time holds at every look. What is exact for pass/fail scores (`e_processes`) is an
approximation here, so the first looks wait for some examples.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from assay.stats.distributions import FloatArray, log_normal_cdf
from assay.stats.e_processes import agreeing
from assay.stats.estimates import Comparison, Interval
from assay.stats.paired import ONE_MODEL_EACH
from assay.stats.samples import (
    ROUNDING,
    DegenerateSample,
    Misaligned,
    Scores,
    StatisticsError,
    TooFewSamples,
    as_scores,
    check_alpha,
)

METHOD = "asymptotic confidence sequence"
FIRST_LOOK = 100
"""Examples before the first look: with fewer the approximation and the estimated spread are too rough."""
TIGHTEST_AT = 1000
"""Examples at which the bound is tightest, unless the caller registered another number."""
_CHANGES = 40  # from one example to the next, before a spread is estimated: rare losses must have been seen
_LOG_LARGEST = math.log(1e300)


class NearlyAlike(DegenerateSample):
    """Too few values differ for their spread to be known."""


def sequential_mean(
    candidate: Scores,
    baseline: Scores,
    *,
    alpha: float = 0.05,
    null: float = 0.0,
    tightest_at: int = TIGHTEST_AT,
    in_order: bool = True,
) -> Comparison:
    """By how much do paired scores differ on average, judged so that every example may have been a look?

    Args:
        candidate: one score an example, in the metric's units, in registered order.
        baseline: scores of the same examples in the same order.
        alpha: chance, in the limit of many examples, that an equal pair is ever called, in one direction.
        null: effect tested against.
        tightest_at: number of examples that the bound is tuned for; fixed before any result, for instance the size of
            the evaluation set.
        in_order: False where the order says nothing of what came in when: then the examples that are in now decide, and
            whoever looked before them is covered whatever the order was.

    Returns:
        p-values are 1 over the largest e-value so far; the interval excludes the null exactly when the claim is decided.

    Raises:
        Misaligned: lengths differ. TooFewSamples: fewer examples than the first look needs.
        DegenerateSample: all differences identical. NotFinite: not a number.

    Assumes independent examples, one model an arm, and differences that are not far more skewed than an exponential: then
    it errs at most 6% of the time at alpha .05 however often one looks. The e-value at n examples is that of a Brownian motion with drifts
    averaged over a half-normal, 2 exp(r S^2 / 2(1 + n r)) Phi(S sqrt(r / (1 + n r))) / sqrt(1 + n r), S the sum of
    differences from the null over their estimated standard deviation (Robbins 1970, one-sided mixture); in place of the
    motion the sums are used, as Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas (2024), theorem 2.2, show to be allowed.

    >>> scores = np.tile([0.9, 0.7, 0.8, 0.6], 50)
    >>> c = sequential_mean(scores, scores - np.tile([0.2, 0.1, 0.0, 0.1], 50))
    >>> c.answer("greater"), round(c.interval.low, 3), round(c.interval.high, 3)
    ('met', 0.085, 0.115)
    """
    check_alpha(alpha)
    _check(null, tightest_at)
    differences = _differences(candidate, baseline)
    mean, sd = _running(differences)
    if sd[-1] <= 0.0:
        raise NearlyAlike(
            f"cannot compare pairs: nearly all differences are identical (expected {_CHANGES} changes from one to the next)"
        )
    n = np.arange(1.0, differences.size + 1.0)
    first = FIRST_LOOK - 1 if in_order else differences.size - 1
    mean, sd, n = mean[first:], sd[first:], n[first:]
    rate = _rate(tightest_at, alpha)
    greater, less = _e_values((mean - null) * n, sd, n, rate), _e_values((null - mean) * n, sd, n, rate)
    reach = np.where(sd > 0.0, sd * _boundary(n, rate, np.full(n.size, alpha)) / n, np.inf)
    low, high, values = _ends((mean - reach, mean + reach), (greater, less), null, alpha)
    shown = [("e_greater", values[0]), ("e_less", values[1])]
    reached = np.flatnonzero(np.maximum(greater, less) >= 1.0 / alpha)
    if in_order and reached.size and max(values) >= 1.0 / alpha:
        shown = [("decided_at", float(n[reached[0]])), *shown]
    return Comparison(
        effect=float(mean[-1]),
        interval=Interval(low, high, 1.0 - 2.0 * alpha),
        n_candidate=differences.size,
        n_baseline=differences.size,
        se=float(sd[-1]) / math.sqrt(differences.size),
        dof=None,
        statistic=None,
        p_greater=1.0 / max(values[0], 1.0),
        p_less=1.0 / max(values[1], 1.0),
        alpha=alpha,
        method=METHOD,
        null=null,
        scope=ONE_MODEL_EACH,
        shown=tuple(shown),
    )


def e_values(sums: FloatArray, sd: FloatArray, n: FloatArray, tightest_at: int) -> FloatArray:
    """How strongly do sums of n values, of this standard deviation, speak for a mean above 0, at any look? One entry each."""
    return _e_values(sums, sd, n, _rate(tightest_at, 0.05))


def boundary(n: FloatArray, tightest_at: int, alpha: FloatArray) -> FloatArray:
    """How many standard deviations must a sum of n values reach for an e-value of 1/alpha? One entry each."""
    return _boundary(n, _rate(tightest_at, 0.05), alpha)


def _check(null: float, tightest_at: int) -> None:
    if not math.isfinite(null):
        raise StatisticsError(f"cannot test a difference against {null!r} (expected a finite number)")
    if tightest_at < 1:
        raise StatisticsError(f"cannot tune a bound for {tightest_at} examples (expected at least 1)")


def _differences(candidate: Scores, baseline: Scores) -> FloatArray:
    a, b = as_scores(candidate, "candidate"), as_scores(baseline, "baseline")
    if a.size != b.size:
        raise Misaligned(
            f"cannot pair scores: {a.size} of the candidate, {b.size} of the baseline (expected equal)"
        )
    if a.size < FIRST_LOOK:
        raise TooFewSamples(
            f"cannot look at {a.size} examples one by one (expected at least {FIRST_LOOK}; a fixed test needs 2)"
        )
    differences = a - b
    if np.ptp(differences) <= ROUNDING * np.abs(differences).max():
        raise DegenerateSample("cannot compare pairs: all differences are identical (expected some spread)")
    return differences


def _running(differences: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Mean and standard deviation of the first 1, 2, ... differences; 0 while they are nearly all alike."""
    n = np.arange(1.0, differences.size + 1.0)
    centre = differences[0]  # removes an offset that the squares would drown in
    moved = differences - centre
    mean = np.cumsum(moved) / n
    variance = np.maximum(np.cumsum(moved**2) - n * mean**2, 0.0) / np.maximum(n - 1.0, 1.0)
    alike = ~_changed_enough(differences) | (variance <= (ROUNDING * np.abs(differences).max()) ** 2)
    return mean + centre, np.sqrt(np.where(alike, 0.0, variance))


def _changed_enough(differences: FloatArray) -> NDArray[np.bool_]:
    """Where the differences so far (last axis) have varied: a stretch of equal ones says nothing about their spread."""
    changed = differences[..., 1:] != differences[..., :-1]
    known = np.zeros(differences.shape, dtype=bool)
    known[..., 1:] = np.cumsum(changed, axis=-1) >= _CHANGES
    return known


def _rate(tightest_at: int, alpha: float) -> float:
    """The spread of drifts that makes the bound nearly tightest at this many examples (Waudby-Smith 2024, appendix B)."""
    wanted = -2.0 * math.log(2.0 * alpha)
    return (wanted + math.log(wanted + 1.0) + 1.0) / tightest_at


def _log_e(standard: FloatArray, n: FloatArray, rate: float) -> FloatArray:
    spread = 1.0 + n * rate
    return np.asarray(
        math.log(2.0)
        - 0.5 * np.log(spread)
        + rate * standard**2 / (2.0 * spread)
        + log_normal_cdf(standard * np.sqrt(rate / spread))
    )


def _e_values(sums: FloatArray, sd: FloatArray, n: FloatArray, rate: float) -> FloatArray:
    spread = sd > 0.0
    standard = sums / np.where(spread, sd, 1.0)
    return np.where(spread, np.exp(np.minimum(_log_e(standard, n, rate), _LOG_LARGEST)), 1.0)


def _boundary(n: FloatArray, rate: float, alpha: FloatArray) -> FloatArray:
    """The standardised sum at which the e-value reaches 1/alpha after n examples."""
    low, high = (
        np.zeros(n.size),
        np.sqrt(2.0 * (n + 1.0 / rate) * (np.log1p(n * rate) / 2.0 - np.log(alpha))),
    )
    for _ in range(60):
        middle = (low + high) / 2.0
        above = _log_e(middle, n, rate) >= -np.log(alpha)
        low, high = np.where(above, low, middle), np.where(above, middle, high)
    return high


def _ends(
    bounds: tuple[FloatArray, FloatArray], e_values: tuple[FloatArray, FloatArray], null: float, alpha: float
) -> tuple[float, float, list[float]]:
    """Bounds and e-values: of the best moment and the last one, or of the last alone where moments contradict each other."""
    (lower, upper), (greater, less) = bounds, e_values
    largest = [float(greater.max()), float(less.max())]
    last = float(lower[-1]), float(upper[-1])
    if min(largest) >= 1.0 / alpha:
        return *last, [float(greater[-1]), float(less[-1])]
    low = max(last[0], float(lower[np.argmax(greater)]))
    high = min(last[1], float(upper[np.argmax(less)]))
    if low >= high:
        low, high = agreeing(*last, largest, null, alpha)
    return low, high, largest
