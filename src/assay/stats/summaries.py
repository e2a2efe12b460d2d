"""What do two figures with standard errors say, when the examples behind them were not kept?

Weaker than pairs: how far the two models agree example by example is lost. A standard error of 0 is no certainty: three
right answers out of three have one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from assay.stats.distributions import beta_cdf, beta_upper, t_quantile
from assay.stats.estimates import Comparison, Estimate, Interval, ThresholdTest
from assay.stats.independent_rates import compare_independent_rates
from assay.stats.means import one_sample_core
from assay.stats.paired import ONE_MODEL_EACH
from assay.stats.proportions import METHOD as CLOPPER_PEARSON
from assay.stats.proportions import exact_bounds
from assay.stats.samples import DegenerateSample, NotFinite, StatisticsError, TooFewSamples, check_alpha

_LARGE_DOF = 1e9  # stands for "as many examples as make t normal" where their number is not known
_FEW = 5  # with fewer successes or failures than this a rate is judged by its counts
_SHOWN_DIGITS = 0.006  # a rate printed to two or more digits must come to a whole count within this


@dataclass(frozen=True, slots=True)
class Summary:
    """What was reported of one evaluation?

    Attributes:
        value: mean score or pass rate, in the metric's units.
        stderr: its standard error as reported; None where none was.
        n: examples behind it; None where not known.
        rate: whether the value is a share of examples that pass, 0..1.
    """

    value: float
    stderr: float | None
    n: int | None = None
    rate: bool = False

    def __post_init__(self) -> None:
        for name, number in (("value", self.value), ("standard error", self.stderr)):
            if number is not None and not math.isfinite(number):
                raise NotFinite(f"cannot read a reported figure: {name} {number} (expected a finite number)")
        if self.stderr is not None and self.stderr < 0.0:
            raise StatisticsError(
                f"cannot read a reported figure: standard error {self.stderr} (expected 0 or more)"
            )
        if self.n is not None and self.n < 1:
            raise TooFewSamples(f"cannot read a reported figure: {self.n} examples (expected at least 1)")
        if self.rate and not 0.0 <= self.value <= 1.0:
            raise StatisticsError(f"cannot read a reported rate: {self.value} (expected a fraction, 0..1)")

    @property
    def successes(self) -> int | None:
        """How many examples passed, where rate and number say so; None where they do not give a whole number."""
        if not self.rate or self.n is None:
            return None
        k = round(self.value * self.n)
        return (
            k if abs(self.value * self.n - k) <= max(_SHOWN_DIGITS, 1e-4 * self.n) and k <= self.n else None
        )

    @property
    def spread(self) -> float | None:
        """The standard error where it can be believed: not 0, and not from a handful of examples of one kind."""
        return self.stderr if self.stderr is not None and self.stderr > 0.0 else None

    @property
    def rare(self) -> bool:
        """Are there so few successes or failures that a normal approximation means nothing?"""
        k = self.successes
        return k is not None and self.n is not None and min(k, self.n - k) < _FEW


def compare_summaries(
    candidate: Summary, baseline: Summary, *, alpha: float = 0.05, null: float = 0.0
) -> Comparison:
    """By how much does one reported figure differ from another?

    Args:
        candidate: what was reported of the candidate.
        baseline: what was reported of the baseline, on the same metric.
        alpha: one-sided error; the interval has confidence 1 - 2 alpha.
        null: effect tested against (minus the margin for non-inferiority where more is better).

    Raises:
        DegenerateSample: a standard error is 0 or missing, and no counts can stand in for it.

    z of the difference over sqrt(se1^2 + se2^2); t with Welch's degrees of freedom where both numbers of examples are
    known. Rates whose standard error says nothing (0, or fewer than five successes or failures) are compared by their
    counts, where both are known. The two are taken as independent, which is careful where they share examples. Source:
    Welch (1947); Miller (2024), section 2.

    >>> c = compare_summaries(Summary(0.4917, 0.0141), Summary(0.5280, 0.0140))
    >>> round(c.statistic, 2), c.answer("less")
    (-1.83, 'met')
    >>> compare_summaries(Summary(1.0, 0.0, 3, rate=True), Summary(0.0, 0.0, 3, rate=True)).method.split(",")[0]
    'Miettinen-Nurminen score'
    """
    check_alpha(alpha)
    if not math.isfinite(null):
        raise StatisticsError(f"cannot test a difference against {null!r} (expected a finite number)")
    sides = candidate, baseline
    counted = _by_counts(candidate, baseline, alpha, null)
    if counted is not None:
        return counted
    for side, name in zip(sides, ("candidate", "baseline"), strict=True):
        if side.spread is None:
            raise DegenerateSample(
                f"cannot compare reported figures: the {name}'s standard error is "
                f"{'missing' if side.stderr is None else 0} (expected more than 0, or a rate with its number of examples)"
            )
    a, b = (side.spread or 0.0 for side in sides)
    se, effect = math.hypot(a, b), candidate.value - baseline.value
    dof = _dof(candidate, baseline)
    t, p_greater, p_less = one_sample_core(np.asarray(effect), np.asarray(se), dof, null)
    reach = float(t_quantile(1.0 - alpha, dof)) * se
    known = dof < _LARGE_DOF
    return Comparison(
        effect=effect,
        interval=Interval(effect - reach, effect + reach, 1.0 - 2.0 * alpha),
        n_candidate=candidate.n or 0,
        n_baseline=baseline.n or 0,
        se=se,
        dof=dof if known else None,
        statistic=float(t),
        p_greater=float(p_greater),
        p_less=float(p_less),
        alpha=alpha,
        method="Welch t of reported figures" if known else "z of reported figures",
        null=null,
        scope=ONE_MODEL_EACH,
        notes=("reported-figures",),
    )


def summary_against_threshold(summary: Summary, threshold: float, *, alpha: float = 0.05) -> ThresholdTest:
    """Is a reported figure above, or below, a threshold?

    Args:
        summary: what was reported.
        threshold: in the metric's units.
        alpha: one-sided error.

    Raises:
        DegenerateSample: the standard error is 0 or missing, and no number of examples stands in for it.

    Rates by Clopper-Pearson at the number of examples that the standard error speaks of, at most their real number;
    other figures by t, or z where the number of examples is not known. Source: Korn and Graubard (1998).

    >>> test = summary_against_threshold(Summary(1.0, 0.0, 3, rate=True), 0.9)
    >>> test.answer("greater"), round(test.estimate.interval.low, 3)
    ('unclear', 0.368)
    """
    check_alpha(alpha)
    if not math.isfinite(threshold):
        raise StatisticsError(
            f"cannot test a reported figure against {threshold!r} (expected a finite number)"
        )
    return _rate_test(summary, threshold, alpha) if summary.rate else _mean_test(summary, threshold, alpha)


def _by_counts(candidate: Summary, baseline: Summary, alpha: float, null: float) -> Comparison | None:
    """The comparison of the counts, where a standard error says nothing and both counts are known."""
    sides = candidate, baseline
    if all(side.spread is not None and not side.rare for side in sides):
        return None
    k, other = candidate.successes, baseline.successes
    if k is None or other is None or candidate.n is None or baseline.n is None:
        return None
    found = compare_independent_rates(k, candidate.n, other, baseline.n, alpha=alpha, null=null)
    return replace(found, notes=("reported-figures",))


def _dof(candidate: Summary, baseline: Summary) -> float:
    """Welch's degrees of freedom; those of a normal where a number of examples is not known."""
    parts = [(side.spread or 0.0, side.n) for side in (candidate, baseline)]
    total = sum(se**2 for se, _ in parts)
    spread = 0.0
    for se, n in parts:
        if n is None:
            return _LARGE_DOF
        spread += (se**2 / total) ** 2 / max(n - 1, 1)
    return 1.0 / spread


def _rate_test(summary: Summary, threshold: float, alpha: float) -> ThresholdTest:
    if not 0.0 <= threshold <= 1.0:
        raise StatisticsError(
            f"cannot test a rate against {threshold!r} (expected a fraction between 0 and 1)"
        )
    size = _size(summary)
    hits = summary.value * size
    low, high = exact_bounds(hits, size, alpha)
    interval = Interval(min(low, summary.value), max(high, summary.value), 1.0 - 2.0 * alpha)
    n = summary.n or math.floor(size)
    method = (
        CLOPPER_PEARSON if size == summary.n else f"{CLOPPER_PEARSON} at the effective number of examples"
    )
    return ThresholdTest(
        estimate=Estimate(summary.value, interval, n, None, None, method, summary.stderr),
        threshold=float(threshold),
        statistic=None,
        p_greater=1.0 if hits <= 0.0 else float(beta_cdf(threshold, hits, size - hits + 1.0)),
        p_less=1.0 if hits >= size else float(beta_upper(threshold, hits + 1.0, size - hits)),
        alpha=alpha,
        scope=ONE_MODEL_EACH,
        notes=("reported-figures",),
    )


def _size(summary: Summary) -> float:
    """As many independent examples as would give a rate this standard error; the real number where it gives less."""
    value, se = summary.value, summary.spread
    if se is None or value in (0.0, 1.0):
        if summary.n is None:
            raise DegenerateSample(
                f"cannot judge a reported rate of {value!r} without a standard error (expected its number of examples)"
            )
        return float(summary.n)
    # Tools divide by n - 1: adding 1 gives n back for plain pass/fail examples.
    said = value * (1.0 - value) / se**2 + 1.0
    return said if summary.n is None else min(said, float(summary.n))


def _mean_test(summary: Summary, threshold: float, alpha: float) -> ThresholdTest:
    if summary.spread is None:
        raise DegenerateSample(
            f"cannot judge a reported mean of {summary.value!r} with standard error {summary.stderr} (expected more than 0)"
        )
    if summary.n == 1:
        raise TooFewSamples("cannot judge a reported mean of 1 example (expected at least 2)")
    dof = _LARGE_DOF if summary.n is None else float(summary.n - 1)
    t, p_greater, p_less = one_sample_core(
        np.asarray(summary.value), np.asarray(summary.spread), dof, threshold
    )
    reach = float(t_quantile(1.0 - alpha, dof)) * summary.spread
    interval = Interval(summary.value - reach, summary.value + reach, 1.0 - 2.0 * alpha)
    method = "z of a reported figure" if summary.n is None else "t of a reported figure"
    known = None if summary.n is None else dof
    return ThresholdTest(
        estimate=Estimate(summary.value, interval, summary.n or 0, known, None, method, summary.spread),
        threshold=float(threshold),
        statistic=float(t),
        p_greater=float(p_greater),
        p_less=float(p_less),
        alpha=alpha,
        scope=ONE_MODEL_EACH,
        notes=("reported-figures",),
    )
