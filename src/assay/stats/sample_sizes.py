"""How likely is a test to show what is true, and how many examples make it likely enough? For the tests that decide.

Exact where the test is exact: power of the exact binomial test goes up and down in small steps as examples are added, so
the size that is named is the one from which on it stays high enough.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from assay.stats.distributions import (
    FloatArray,
    beta_cdf,
    binomial_at_least,
    binomial_exactly,
    chi_square_quantile,
    noncentral_t_cdf,
    normal_cdf,
    normal_quantile,
    t_quantile,
)
from assay.stats.estimates import Direction
from assay.stats.samples import StatisticsError, check_alpha

MOST = 10_000_000
"""No number of examples beyond this is named."""
_SPREAD = 9.0
_WINDOW_MOST = 5000
_MIDDLES = (np.arange(96) + 0.5) / 96
"""Quantiles at which chance is averaged."""


def rate_power(n: int, threshold: float, truth: float, *, claim: Direction, alpha: float = 0.05) -> float:
    """How likely does the exact test of n pass/fail examples show that a rate is beyond the threshold?

    Args:
        n: independent examples, at least 1.
        threshold: rate tested against, a fraction.
        truth: the true rate, a fraction.
        claim: that the rate is "greater" or "less".
        alpha: one-sided error.

    >>> round(rate_power(35, 0.2, 0.4, claim="greater"), 4), rate_power(2994, 0.001, 0.0, claim="less")
    (0.8048, 0.0)
    """
    _check(threshold, truth, alpha)
    return float(_rate_powers(np.asarray([n], dtype=np.float64), threshold, truth, claim, alpha)[0])


def examples_to_show_rate(
    threshold: float, truth: float, *, claim: Direction, alpha: float = 0.05, power: float = 0.8
) -> int | None:
    """From how many examples on does the exact test show that a rate is beyond the threshold, with this power?

    Returns:
        None when the truth does not lie beyond the threshold, or more than 10 million would be needed.

    >>> examples_to_show_rate(0.001, 0.0, claim="less"), examples_to_show_rate(0.85, 0.87, claim="greater")
    (2995, 1963)
    """
    _check(threshold, truth, alpha, power)
    if (truth <= threshold) if claim == "greater" else (truth >= threshold):
        return None
    rarer = max(min(threshold, 1.0 - threshold), 1e-9)
    window = np.arange(min(_WINDOW_MOST, math.ceil(2.0 / rarer) + 2), dtype=np.float64)

    def stays(n: int) -> bool:
        return float(_rate_powers(n + window, threshold, truth, claim, alpha).min()) >= power

    return smallest_number(stays)


def mcnemar_power(n: int, gained: float, lost: float, *, alpha: float = 0.05) -> float:
    """How likely does the exact McNemar test of n shared pass/fail examples show that the candidate is better?

    Args:
        n: shared examples.
        gained: share of examples that only the candidate gets right.
        lost: share that only the baseline gets right.
        alpha: one-sided error.

    O'Brien's table as G*Power computes it (n 50, shares .32 and .08):

    >>> round(mcnemar_power(50, 0.32, 0.08), 4)
    0.8394
    """
    check_alpha(alpha)
    differing = gained + lost
    if n < 1 or min(gained, lost) < 0.0 or not 0.0 < differing <= 1.0:
        raise StatisticsError(
            f"cannot plan {n} pairs that differ by {gained!r} and {lost!r} (expected shares, some of them differing)"
        )
    if differing == 1.0:
        discordant, weights = np.asarray([float(n)]), np.ones(1)
    else:
        middle, reach = n * differing, _SPREAD * math.sqrt(n * differing * (1.0 - differing)) + 10.0
        discordant = np.arange(max(0, math.floor(middle - reach)), min(n, math.ceil(middle + reach)) + 1.0)
        weights = binomial_exactly(discordant, n, differing)
    needed = _critical(discordant, 0.5, alpha)
    return float(weights @ binomial_at_least(needed, discordant, gained / differing))


def examples_for_mcnemar(
    gained: float, lost: float, *, alpha: float = 0.05, power: float = 0.8
) -> int | None:
    """From how many shared pass/fail examples on does the exact McNemar test show the gain, with this power?

    Returns:
        None when nothing is gained, or more than 10 million would be needed.
    """
    if gained <= lost:
        return None
    return smallest_number(
        lambda n: all(mcnemar_power(n + i, gained, lost, alpha=alpha) >= power for i in range(4))
    )


def mean_power(distance: float, se: float, dof: float | None, *, alpha: float = 0.05) -> float:
    """How likely does a one-sided test show a mean that lies this far on the good side, when its standard error is this?

    Args:
        distance: true mean minus what it is tested against, in the metric's units, in the good direction.
        se: standard error, positive.
        dof: degrees of freedom of t; None for a normal test.
        alpha: one-sided error.

    >>> round(mean_power(0.5, 1 / 27**0.5, 26), 4)  # G*Power, one-sample t, d = .5, n = 27: .8118
    0.8118
    """
    check_alpha(alpha)
    if not (math.isfinite(se) and se > 0.0):
        raise StatisticsError(f"cannot tell the power at standard error {se!r} (expected positive)")
    if dof is None:
        return float(normal_cdf(distance / se + normal_quantile(alpha)))
    return 1.0 - float(noncentral_t_cdf(t_quantile(1.0 - alpha, dof), dof, distance / se))


def examples_to_show_mean(
    distance: float, sd: float, *, alpha: float = 0.05, power: float = 0.8
) -> int | None:
    """How many independent values show by t that their mean lies this far on the good side, with this power?

    Returns:
        None when the distance is not positive, or more than 10 million would be needed.

    >>> examples_to_show_mean(0.5, 1.0)
    27
    """
    if not distance > 0.0:
        return None
    return smallest_number(
        lambda n: n > 1 and mean_power(distance, sd / math.sqrt(n), n - 1.0, alpha=alpha) >= power
    )


@dataclass(frozen=True, slots=True)
class CrossedDesign:
    """Several seeds on shared examples, as they are planned.

    Attributes:
        seeds: variance of the mean that comes from seeds, the residual included, in the metric's units squared.
        examples: variance of the mean that comes from examples, the residual included.
        residual: the part that both contain.
        seed_dof: degrees of freedom between seeds.
        example_dof: examples (or what clusters leave of them) minus 1.
        cells: examples times seeds.
    """

    seeds: float
    examples: float
    residual: float
    seed_dof: float
    example_dof: float
    cells: int

    @property
    def truly(self) -> float:
        """Variance of the mean."""
        return self.seeds + self.examples - self.residual

    @property
    def dof(self) -> float:
        """Those that the test takes: the smaller ones."""
        return max(1.0, min(self.seed_dof, self.example_dof))

    def estimates(self) -> FloatArray:
        """What the test may take the variance for: that between a few seeds comes out by chance, that between examples hardly."""
        between = self.seeds * chi_square_quantile(_MIDDLES, self.seed_dof) / self.seed_dof
        both = self.examples + between - self.residual
        return np.maximum(np.maximum(both, self.examples), between)


def crossed_power(distance: float, design: CrossedDesign, *, alpha: float = 0.05) -> float:
    """How likely does the crossed t over seeds and examples show a mean this far on the good side?

    Args:
        distance: true mean minus what it is tested against, in the metric's units, in the good direction.
        design: how the mean varies.
        alpha: one-sided error.

    With a few seeds t asks for much, and where examples are what varies, luck with the seeds' scatter does not help: power is
    well below that of the noncentral t.
    """
    check_alpha(alpha)
    if not design.truly > 0.0:
        raise StatisticsError("cannot tell the power without any variance (expected some)")
    reach = float(t_quantile(1.0 - alpha, design.dof)) * np.sqrt(design.estimates())
    return float(normal_cdf((distance - reach) / math.sqrt(design.truly)).mean())


def crossed_rate_power(
    threshold: float, truth: float, design: CrossedDesign, *, claim: Direction, alpha: float = 0.05
) -> float:
    """How likely does Clopper-Pearson at the effective number of examples show a rate beyond the threshold, over several seeds?

    Arguments as `crossed_power` and `rate_power`; the test is that of `crossed.crossed_against_threshold`.
    """
    _check(threshold, truth, alpha)
    if not design.truly > 0.0:
        raise StatisticsError("cannot tell the power without any variance (expected some)")
    if claim == "less":
        threshold, truth = 1.0 - threshold, 1.0 - truth
    rates = np.clip(truth + math.sqrt(design.truly) * normal_quantile(_MIDDLES), 0.0, 1.0)[:, np.newaxis]
    asked = t_quantile(1.0 - alpha, max(design.cells - 1.0, 1.0)) / t_quantile(1.0 - alpha, design.dof)
    sizes = rates * (1.0 - rates) / design.estimates() * float(asked) ** 2
    sizes = np.clip(sizes, 1.0, float(design.cells))
    hits = np.maximum(rates * sizes, 1e-12)
    return float((beta_cdf(threshold, hits, sizes - hits + 1.0) <= alpha).mean())


def paired_rate_power(
    n: int, discordance: float, difference: float, null: float, *, alpha: float = 0.05
) -> float:
    """How likely do n shared pass/fail examples show that the difference of two rates is above `null`?

    Args:
        n: shared examples.
        discordance: share of examples on which only one of the two is right.
        difference: true difference, candidate minus baseline.
        null: minus the margin for non-inferiority, plus the margin for an improvement by at least that.
        alpha: one-sided error.

    Normal theory, as `planning.noninferiority_power`.
    """
    check_alpha(alpha)
    if n < 1 or not difference**2 < discordance <= 1.0:
        raise StatisticsError(
            f"cannot plan {n} pairs: difference {difference!r} with {discordance!r} discordant (expected fewer than those)"
        )
    return mean_power(difference - null, math.sqrt((discordance - difference**2) / n), None, alpha=alpha)


def _rate_powers(n: FloatArray, threshold: float, truth: float, claim: Direction, alpha: float) -> FloatArray:
    if claim == "less":
        threshold, truth = 1.0 - threshold, 1.0 - truth
    return binomial_at_least(_critical(n, threshold, alpha), n, truth)


def _critical(n: FloatArray, threshold: float, alpha: float) -> FloatArray:
    """Smallest count of each n that shows a rate above the threshold; n + 1 where none does."""
    sd = np.sqrt(n * threshold * (1.0 - threshold))
    count = np.clip(np.ceil(n * threshold - float(normal_quantile(alpha)) * sd), 0.0, n + 1.0)
    while (short := (count <= n) & (binomial_at_least(count, n, threshold) > alpha)).any():
        count = count + short
    while (more := (count >= 1.0) & (binomial_at_least(count - 1.0, n, threshold) <= alpha)).any():
        count = count - more
    return count


def smallest_number(is_enough: Callable[[int], bool]) -> int | None:
    """Which is the smallest number from 1 to MOST that is enough, where every larger one is too? None: none of them.

    >>> smallest_number(lambda n: n * n >= 50), smallest_number(lambda n: False)
    (8, None)
    """
    low, high = 0, 1
    while not is_enough(high):
        low, high = high, high * 2
        if high > MOST:
            return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if is_enough(middle) else (middle, high)
    return high


def _check(threshold: float, truth: float, alpha: float, power: float = 0.8) -> None:
    check_alpha(alpha)
    if not (0.0 <= threshold <= 1.0 and 0.0 <= truth <= 1.0) or not 0.0 < power < 1.0:
        raise StatisticsError(
            f"cannot plan for a rate of {truth!r} against {threshold!r} at power {power!r} (expected fractions)"
        )
