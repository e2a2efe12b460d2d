"""What would settle an unclear claim, and how likely is it to?

The answer is the size at which a decision, either way, has at least 80% predictive probability: the present estimate
and its uncertainty are taken as what is known of the truth, the data still to come are predicted from it, and the very
test that decides is applied to old and new together. Beyond ten times the present size the answer is "too close to
call": such a number would be a guess.

Predictive probabilities are averages over a fixed low-cost sequence, the same at every call; they are good to about
one percentage point. Source: predictive power, Spiegelhalter, Freedman and Blackburn (1986).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from assay.stats.distributions import (
    FloatArray,
    beta_quantile,
    binomial_at_least,
    binomial_at_most,
    normal_cdf,
    normal_quantile,
    t_quantile,
)
from assay.stats.estimates import Comparison, ThresholdTest
from assay.stats.means import mean_against_threshold, one_sample_core
from assay.stats.paired import PairedCounts, exact_mcnemar, tango_test, tango_z
from assay.stats.predictive_draws import DRAWS, binomial_draw, chi_square_draw, uniforms
from assay.stats.proportions import proportion_against_threshold, zero_failure_size
from assay.stats.samples import (
    DegenerateSample,
    Sample,
    Scores,
    StatisticsError,
    TooFewSamples,
    as_scores,
    moments,
    summarize,
)
from assay.stats.stages import DEFAULT_PLAN, StagePlan
from assay.stats.welch import welch_core

Unit = Literal["seeds", "examples", "clusters"]
WANTED = 0.8
FARTHEST_FACTOR = 10


@dataclass(frozen=True, slots=True)
class Settles:
    """This many more would probably settle it.

    Attributes:
        more: how many to add (an arm, for seeds); 0 when it is settled already.
        total: how many there are then.
        unit: what is counted.
        probability: predictive probability of a decision at that size; None when the size rests on `assumes`.
        assumes: what has to hold for it ("no further failures"); empty when nothing.
    """

    more: int
    total: int
    unit: Unit
    probability: float | None
    assumes: str = ""


@dataclass(frozen=True, slots=True)
class TooCloseToCall:
    """Even at the limit a decision is not likely; no number would be honest.

    Attributes:
        limit: largest size looked at (ten times the present one, or the registered maximum of seeds).
        unit: what is counted.
        probability: predictive probability of a decision at the limit.
    """

    limit: int
    unit: Unit
    probability: float


Outlook = Settles | TooCloseToCall


def seeds_for_threshold(scores: Scores, threshold: float, *, plan: StagePlan = DEFAULT_PLAN) -> Outlook:
    """At which planned stage would a threshold claim over seeds probably be decided?

    Args:
        scores: one a seed, at least two, in the metric's units.
        threshold: in the metric's units.
        plan: the registered looks; a decision at any look up to the stage counts.

    Raises:
        TooFewSamples: fewer than two seeds. DegenerateSample: no spread to predict from.

    >>> seeds_for_threshold([0.80, 0.83, 0.86], 0.79)
    Settles(more=7, total=10, unit='seeds', probability=0.8045654296875, assumes='')
    """
    _check_finite(threshold)
    old, sample, sd = _seeds_so_far(scores, "scores")
    data = _future_seeds(old, sample, sd, plan.maximum, stream=0)

    def decided(n: int, alpha: float) -> NDArray[np.bool_]:
        mean, variance = moments(data[:, :n])
        _, above, below = one_sample_core(mean, np.sqrt(variance / n), n - 1.0, threshold)
        return np.minimum(above, below) <= alpha

    return _first_likely_stage(sample.n, plan, decided)


def seeds_for_comparison(
    candidate: Scores, baseline: Scores, *, plan: StagePlan = DEFAULT_PLAN, null: float = 0.0
) -> Outlook:
    """At which planned stage would a comparison of two arms of seeds probably be decided?

    Arguments and refusals as `welch.welch_comparison`; an arm that already has more seeds than a stage keeps them.
    """
    _check_finite(null)
    arms = [_seeds_so_far(candidate, "candidate"), _seeds_so_far(baseline, "baseline")]
    futures = [_future_seeds(*arm, max(plan.maximum, arm[1].n), stream=i) for i, arm in enumerate(arms)]

    def decided(n: int, alpha: float) -> NDArray[np.bool_]:
        sizes = [max(n, arm[1].n) for arm in arms]
        summaries = [(*moments(data[:, :m]), m) for data, m in zip(futures, sizes, strict=True)]
        _, _, _, above, below = welch_core(summaries[0], summaries[1], null=null)
        return np.minimum(above, below) <= alpha

    return _first_likely_stage(min(arm[1].n for arm in arms), plan, decided)


def examples_for_rate(successes: int, n: int, threshold: float, *, alpha: float = 0.05) -> Outlook:
    """How many more examples would probably settle whether a rate is beyond the threshold?

    Without a single success (or failure) so far the exact zero-failure size is named, and what it assumes.
    Arguments and refusals as `proportions.proportion_against_threshold`.

    >>> examples_for_rate(0, 1000, 0.001)
    Settles(more=1995, total=2995, unit='examples', probability=None, assumes='no further successes')
    """
    now = proportion_against_threshold(successes, n, threshold, alpha=alpha)
    if _decided(now):
        return Settles(0, n, "examples", 1.0)
    if successes in (0, n):
        rate = threshold if successes == 0 else 1.0 - threshold
        if not 0.0 < rate < 1.0:
            return TooCloseToCall(FARTHEST_FACTOR * n, "examples", 0.0)
        total = zero_failure_size(rate, confidence=1.0 - alpha)
        return Settles(
            total - n, total, "examples", None, f"no further {'successes' if successes == 0 else 'failures'}"
        )
    nodes = (np.arange(512) + 0.5) / 512
    truths = beta_quantile(nodes, successes + 0.5, n - successes + 0.5)

    def probability(total: int) -> float:
        low, high = critical_counts(total, threshold, alpha)
        new = total - n
        decided = binomial_at_most(low - successes, new, truths) + binomial_at_least(
            high - successes, new, truths
        )
        return float(decided.mean())

    return _smallest_likely(n, "examples", probability)


def examples_for_pairs(counts: PairedCounts, *, alpha: float = 0.05, null: float = 0.0) -> Outlook:
    """How many more paired pass/fail examples would probably settle which model is better?

    Args:
        counts: wins, losses, n of `paired.paired_counts`.
        alpha: one-sided error.
        null: 0 for exact McNemar, another difference (minus the margin) for Tango's score test.
    """
    if _decided(
        exact_mcnemar(counts, alpha=alpha) if null == 0.0 else tango_test(counts, null=null, alpha=alpha)
    ):
        return Settles(0, counts.n, "examples", 1.0)
    u = uniforms(4, stream=2)
    discordant = counts.wins + counts.losses
    differing = beta_quantile(u[0], discordant + 0.5, counts.n - discordant + 0.5)
    winning = beta_quantile(u[1], counts.wins + 0.5, counts.losses + 0.5)

    def probability(total: int) -> float:
        new = total - counts.n
        more = binomial_draw(u[2], np.full(DRAWS, float(new)), differing)
        won = binomial_draw(u[3], more, winning)
        wins, losses = counts.wins + won, counts.losses + more - won
        if null == 0.0:
            above, below = (binomial_at_least(k, wins + losses, 0.5) for k in (wins, losses))
        else:
            z = tango_z(wins, losses, total, null)
            above, below = normal_cdf(-z), normal_cdf(z)
        return float((np.minimum(above, below) <= alpha).mean())

    return _smallest_likely(counts.n, "examples", probability)


def examples_for_mean(
    values: Scores, *, null: float = 0.0, alpha: float = 0.05, unit: Unit = "examples"
) -> Outlook:
    """How many more independent values would probably settle whether their mean is beyond `null`?

    Args:
        values: paired differences (or scores), one an example or, with unit "clusters", one a cluster.
        null: value tested against, in the metric's units.
        alpha: one-sided error of the t test.
        unit: what a value stands for.

    Raises:
        TooFewSamples: fewer than two values. DegenerateSample: all identical.
    """
    sample, sd = _spread_out(values, "values")
    if _decided(mean_against_threshold(values, null, alpha=alpha)):
        return Settles(0, sample.n, unit, 1.0)
    n, u = sample.n, uniforms(4, stream=3)
    sigma = sd * np.sqrt((n - 1) / chi_square_draw(u[0], n - 1))
    truth = sample.mean + sigma / math.sqrt(n) * normal_quantile(u[1])

    def probability(total: int) -> float:
        new = total - n
        mean_new = truth + sigma / math.sqrt(new) * normal_quantile(u[2])
        squares_new = sigma**2 * chi_square_draw(u[3], new - 1) if new > 1 else 0.0
        mean = (n * sample.mean + new * mean_new) / total
        squares = sd**2 * (n - 1) + squares_new + n * new / total * (mean_new - sample.mean) ** 2
        se = np.sqrt(squares / (total - 1) / total)
        _, above, below = one_sample_core(mean, se, total - 1.0, null)
        return float((np.minimum(above, below) <= alpha).mean())

    return _smallest_likely(n, unit, probability)


def seeds_for_crossed(comparison: Comparison, *, plan: StagePlan = DEFAULT_PLAN) -> Outlook:
    """At which planned stage would more seeds, on the same examples, probably settle a crossed comparison?

    Args:
        comparison: result of `crossed.crossed_comparison` with at least two seeds an arm.
        plan: the registered looks.

    Often the answer is that seeds alone will not do: then ask `examples_for_crossed`.
    """
    seeds, known = _crossed_parts(comparison)
    probability = 0.0
    for look in plan.looks:
        if look.n <= seeds:
            continue
        probability = _crossed_probability(comparison, known, look.n / seeds, 1.0, look.alpha)
        if probability >= WANTED:
            return Settles(look.n - seeds, look.n, "seeds", probability)
    return TooCloseToCall(plan.maximum, "seeds", probability)


def examples_for_crossed(comparison: Comparison) -> Outlook:
    """How many more examples, under the same seeds, would probably settle a crossed comparison at its own level?"""
    _, known = _crossed_parts(comparison)
    n = round(known["examples"])
    if _decided(comparison):
        return Settles(0, n, "examples", 1.0)

    def probability(total: int) -> float:
        return _crossed_probability(comparison, known, 1.0, total / n, comparison.alpha)

    return _smallest_likely(n, "examples", probability)


def examples_for_figure(
    distance: float, se: float, n: int, *, alpha: float = 0.05, reach: float | None = None
) -> Outlook:
    """How many more examples would probably settle a figure of which only value and standard error are known?

    Args:
        distance: the figure (or the difference of two) from what it is tested against, in the metric's units.
        se: its standard error, positive.
        n: examples behind it; of two figures, of each.
        alpha: one-sided error.
        reach: from the figure to its bound, where that is not the one of a single look; it shrinks like the error.

    >>> examples_for_figure(0.03, 0.02, 100).more
    354
    """
    _check_finite(distance)
    if not (math.isfinite(se) and se > 0.0):
        raise DegenerateSample(f"cannot predict from a standard error of {se!r} (expected more than 0)")
    z = float(normal_quantile(1.0 - alpha)) if reach is None else reach / se
    if abs(distance) >= z * se:
        return Settles(0, n, "examples", 1.0)

    def probability(total: int) -> float:
        bound, spread = z * se * math.sqrt(n / total), se * math.sqrt(1.0 - n / total)
        above, below = (distance - bound) / spread, (-distance - bound) / spread
        return float(normal_cdf(above) + normal_cdf(below))

    return _smallest_likely(n, "examples", probability)


def _decided(test: ThresholdTest | Comparison) -> bool:
    return min(test.p_greater, test.p_less) <= test.alpha


def _crossed_parts(comparison: Comparison) -> tuple[int, dict[str, float]]:
    known = dict(comparison.shown)
    if comparison.scope != "the method" or "se_between_seeds" not in known:
        raise StatisticsError("cannot predict: not a crossed comparison of several seeds (expected one)")
    return min(comparison.n_candidate, comparison.n_baseline), known


def _crossed_probability(
    now: Comparison, known: dict[str, float], seed_factor: float, example_factor: float, alpha: float
) -> float:
    residual = known["se_residual"] ** 2
    seeds = max(known["se_between_seeds"] ** 2 - residual, 0.0)
    examples = max(known["se_between_examples"] ** 2 - residual, 0.0)
    before = seeds + examples + residual
    after = seeds / seed_factor + examples / example_factor + residual / (seed_factor * example_factor)
    assert now.dof is not None
    reach = float(t_quantile(1.0 - alpha, now.dof * seed_factor)) * math.sqrt(after)
    distance, spread = now.effect - now.null, math.sqrt(max(before - after, 0.0))
    if spread <= 0.0:
        return float(abs(distance) >= reach)
    return float(normal_cdf((distance - reach) / spread) + normal_cdf((-distance - reach) / spread))


def _first_likely_stage(
    n: int, plan: StagePlan, decided: Callable[[int, float], NDArray[np.bool_]]
) -> Outlook:
    settled = np.zeros(DRAWS, dtype=bool)
    for look in plan.looks:
        if look.n <= n:
            continue
        settled |= decided(look.n, look.alpha)
        if float(settled.mean()) >= WANTED:
            return Settles(look.n - n, look.n, "seeds", float(settled.mean()))
    return TooCloseToCall(plan.maximum, "seeds", float(settled.mean()))


def _smallest_likely(n: int, unit: Unit, probability: Callable[[int], float]) -> Outlook:
    """Bisect for the smallest size whose predictive probability is wanted; it grows with the size."""
    low, high = n, FARTHEST_FACTOR * n
    at_high = probability(high)
    if at_high < WANTED:
        return TooCloseToCall(high, unit, at_high)
    while high - low > 1:
        middle = (low + high) // 2
        at_middle = probability(middle)
        if at_middle >= WANTED:
            high, at_high = middle, at_middle
        else:
            low = middle
    return Settles(high - n, high, unit, at_high)


def critical_counts(n: int, threshold: float, alpha: float) -> tuple[int, int]:
    """Largest count that shows a rate below the threshold (-1: none), smallest that shows one above (n + 1: none)."""
    low, high = -1, n + 1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (
            (middle, high) if float(binomial_at_most(middle, n, threshold)) <= alpha else (low, middle)
        )
    below = low
    low, high = -1, n + 1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (
            (low, middle) if float(binomial_at_least(middle, n, threshold)) <= alpha else (middle, high)
        )
    return below, high


def _check_finite(value: float) -> None:
    if not math.isfinite(value):
        raise StatisticsError(f"cannot predict a claim about {value!r} (expected a finite number)")


def _seeds_so_far(scores: Scores, name: str) -> tuple[FloatArray, Sample, float]:
    ordered = np.sort(as_scores(scores, name))
    return ordered, *_spread_out(ordered, name)


def _future_seeds(old: FloatArray, sample: Sample, sd: float, size: int, stream: int) -> FloatArray:
    """The seeds there are, followed by predicted ones: shape (draws, size)."""
    if size <= sample.n:
        return np.broadcast_to(old, (DRAWS, sample.n))
    u = uniforms(2 + size - sample.n, stream)
    sigma = sd * np.sqrt((sample.n - 1) / chi_square_draw(u[0], sample.n - 1))
    truth = sample.mean + sigma / math.sqrt(sample.n) * normal_quantile(u[1])
    new = truth + sigma * normal_quantile(u[2:])
    return np.concatenate([np.broadcast_to(old, (DRAWS, sample.n)), new.T], axis=1)


def _spread_out(scores: Scores, name: str) -> tuple[Sample, float]:
    sample = summarize(scores, name)
    if sample.sd is None:
        raise TooFewSamples(f"cannot predict from {name}: 1 value (expected at least 2)")
    if sample.sd <= 0.0:
        raise DegenerateSample(f"cannot predict from {name}: all {sample.n} values are identical")
    return sample, sample.sd
