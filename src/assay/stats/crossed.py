"""What can be claimed about a method, from several seeds scored on shared examples?

Seeds and examples are both samples, and crossed: every seed meets every example. The variance of a mean over the table
is then that of a two-way random-effects layout, sd_seed^2/S + sd_example^2/n + sd_residual^2/(S n), estimated from the
variance between seed means plus the variance between example means minus the residual part that both contain (Cameron,
Gelbach and Miller 2011 give the clustered form). It is never taken below either of the first two, and t uses the
smaller degrees of freedom.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from assay.stats.averaged_rates import (
    EffectiveExamples,
    effective_examples,
    held_by_score,
    mostly_outright,
    shared_examples,
)
from assay.stats.distributions import FloatArray, beta_cdf, beta_upper, t_quantile
from assay.stats.estimates import Comparison, Estimate, Interval, Scope, ThresholdTest
from assay.stats.means import one_sample_core
from assay.stats.paired import (
    ClusteredMean,
    Clusters,
    cluster_index,
    cluster_totals,
    clustered_mean,
    wild_test,
)
from assay.stats.proportions import METHOD as CLOPPER_PEARSON
from assay.stats.proportions import exact_bounds, rate_against_threshold
from assay.stats.samples import (
    DegenerateSample,
    Misaligned,
    Scores,
    StatisticsError,
    TooFewSamples,
    as_matrix,
    check_alpha,
    is_binary,
    means,
    moments,
    ordered_sum,
)
from assay.stats.whole_scores import whole_slices
from assay.stats.wild_clusters import FEW_CLUSTERS
from assay.stats.wild_clusters import METHOD as WILD

_METHOD: Scope = "the method"
_MODELS: Scope = "these models, not the method"


@dataclass(frozen=True, slots=True)
class CrossedVariance:
    """Where does the uncertainty of a mean over seeds and examples come from?

    Attributes:
        between_seeds: variance of the mean due to seeds (residual included); 0 with one seed an arm.
        between_examples: variance of the mean due to examples or clusters (residual included).
        residual: the part both contain.
        seed_dof: degrees of freedom between seeds (Welch-Satterthwaite over arms); None with one seed an arm.
        example_dof: examples minus 1; for clusters those that their sizes leave (`paired.cluster_dof`).
        units: examples, or clusters where some share one.
    """

    between_seeds: float
    between_examples: float
    residual: float
    seed_dof: float | None
    example_dof: float
    units: int

    @property
    def total(self) -> float:
        """Variance of the mean: both sources, the shared residual once, never below either."""
        both = self.between_examples + self.between_seeds - self.residual
        return max(both, self.between_examples, self.between_seeds)

    @property
    def dof(self) -> float:
        """The smaller degrees of freedom."""
        return self.example_dof if self.seed_dof is None else min(self.seed_dof, self.example_dof)


def crossed_comparison(
    candidate: Scores,
    baseline: Scores,
    *,
    clusters: Clusters | None = None,
    alpha: float = 0.05,
    null: float = 0.0,
) -> Comparison:
    """By how much does one method beat another, over seeds and examples that might have been others?

    Args:
        candidate: shape (examples, seeds of the candidate), in the metric's units; no cell may be missing.
        baseline: shape (examples, seeds of the baseline): the same examples in the same rows, its own seeds.
        clusters: the source of each example, if some share one.
        alpha: one-sided error; the interval has confidence 1 - 2 alpha.
        null: effect tested against (minus the margin for non-inferiority where more is better).

    Raises:
        Misaligned: other examples in the two arms, or ragged rows. TooFewSamples: fewer than two examples or clusters.
        DegenerateSample: no spread at all. NotFinite: not a number.

    With one seed in an arm its seed-to-seed variance cannot be known: the scope becomes "these models, not the method";
    one seed in both arms is exactly `averaged_rates.shared_examples`. Seeds of different arms are taken as independent. With
    fewer than 30 clusters (or some so large that they count as fewer) a claim has to hold by the wild cluster bootstrap as well.

    >>> c = crossed_comparison([[1, 1], [0, 1], [1, 0], [1, 1]], [[0, 1], [0, 0], [1, 0], [0, 1]])
    >>> c.effect, c.scope, c.dof
    (0.375, 'the method', 1.0)
    """
    check_alpha(alpha)
    a, b = as_matrix(candidate, "candidate"), as_matrix(baseline, "baseline")
    if a.shape[0] != b.shape[0]:
        raise Misaligned(
            f"cannot compare: {a.shape[0]} and {b.shape[0]} examples (expected the same examples)"
        )
    if a.shape[1] < 1 or b.shape[1] < 1:
        raise TooFewSamples("cannot compare: an arm has no seed (expected at least 1)")
    if a.shape[1] == b.shape[1] == 1:
        return shared_examples(a[:, 0], b[:, 0], clusters=clusters, alpha=alpha, null=null)
    found, parts = crossed_t(a, b, clusters=clusters, alpha=alpha, null=null)
    between_examples = parts.between_examples, parts.example_dof
    found = held_by_score(found, a, b, clusters=clusters, between_examples=between_examples)
    return also_wild(found, parts, means(a) - means(b), clusters)


def crossed_t(
    a: FloatArray, b: FloatArray, *, clusters: Clusters | None, alpha: float, null: float
) -> tuple[Comparison, CrossedVariance]:
    """What does the t with the crossed variance say, whatever the scores are? Matrices (examples, seeds)."""
    effect, parts = comparison_variance(a, b, clusters)
    if parts.total <= 0.0:
        raise DegenerateSample(
            "cannot compare: all examples and seeds differ by the same amount (expected some spread)"
        )
    low, high, t, p_greater, p_less = _t_results(effect, parts, null, alpha)
    one_seed = min(a.shape[1], b.shape[1]) == 1
    return Comparison(
        effect=effect,
        interval=Interval(low, high, 1.0 - 2.0 * alpha),
        n_candidate=parts.units if one_seed else a.shape[1],
        n_baseline=parts.units if one_seed else b.shape[1],
        se=math.sqrt(parts.total),
        dof=parts.dof,
        statistic=t,
        p_greater=p_greater,
        p_less=p_less,
        alpha=alpha,
        method="crossed t over seeds and " + ("examples" if clusters is None else "clusters of examples"),
        null=null,
        scope=_MODELS if one_seed else _METHOD,
        notes=("one-seed",) if one_seed else (),
        shown=_shown(parts, a.shape[0]),
    ), parts


def also_wild(
    found: Comparison, parts: CrossedVariance, differences: FloatArray, clusters: Clusters | None
) -> Comparison:
    """Few clusters: what is claimed has to hold by the wild cluster bootstrap over the seeds' averages as well."""
    few = clusters is not None and parts.example_dof + 1.0 < FEW_CLUSTERS and parts.between_examples > 0.0
    if clusters is None or not few:
        return found
    wild = wild_test(differences, clusters, null=found.null, alpha=found.alpha)
    low, high = found.interval.low, found.interval.high
    assert low is not None
    assert high is not None
    wider = Interval(
        None if wild.low is None else min(low, wild.low),
        None if wild.high is None else max(high, wild.high),
        found.interval.confidence,
    )
    return replace(
        found,
        interval=wider,
        p_greater=max(found.p_greater, wild.p_greater),
        p_less=max(found.p_less, wild.p_less),
        method=f"{found.method}, and {WILD}",
        notes=(*found.notes, "few-clusters"),
    )


def crossed_against_threshold(
    scores: Scores, threshold: float, *, clusters: Clusters | None = None, alpha: float = 0.05
) -> ThresholdTest:
    """Is a method's mean score above, or below, a threshold, over seeds and examples that might have been others?

    Args:
        scores: shape (examples, seeds), in the metric's units.
        threshold: in the metric's units (a fraction for pass/fail scores).
        clusters: the source of each example, if some share one.
        alpha: one-sided error.

    Raises:
        As `crossed_comparison`.

    Pass/fail scores, also those that are averages of tries or partly right (`averaged_rates.mostly_outright`): Clopper-Pearson at
    the effective number of examples, which stays honest near 0 and 1 (Korn and Graubard 1998), its spread trusted as far as its
    kurtosis allows; without any spread each example (cluster) counts once, and nothing is shown that this would not show. One
    try each by one seed without clusters is the plain exact test. Other scores: t with the crossed variance.
    """
    check_alpha(alpha)
    table = as_matrix(scores)
    if table.shape[1] < 1 or table.shape[0] < 1:
        raise TooFewSamples(f"cannot judge a mean over {table.shape[0]} examples x {table.shape[1]} seeds")
    one_seed = table.shape[1] == 1
    scope, notes = (_MODELS, ("one-seed",)) if one_seed else (_METHOD, ())
    if is_binary(table):
        if one_seed and clusters is None:
            exact = rate_against_threshold(table[:, 0], threshold, alpha=alpha)
            return _rescoped(exact, scope, notes)
        return _effective_rate(table, threshold, clusters, alpha, (scope, notes))
    if mostly_outright(table):
        return _effective_rate(table, threshold, clusters, alpha, (scope, notes))
    mean, parts = mean_variance(table, clusters)
    if parts.total <= 0.0:
        raise DegenerateSample("cannot judge a mean: all scores are identical (expected some spread)")
    low, high, t, p_greater, p_less = _t_results(mean, parts, threshold, alpha)
    se = math.sqrt(parts.total)
    n = parts.units if one_seed else table.shape[1]
    estimate = Estimate(mean, Interval(low, high, 1.0 - 2.0 * alpha), n, parts.dof, None, "crossed t", se)
    return ThresholdTest(estimate, float(threshold), t, p_greater, p_less, alpha, scope, notes)


def comparison_variance(
    candidate: FloatArray, baseline: FloatArray, clusters: Clusters | None = None
) -> tuple[float, CrossedVariance]:
    """What is the difference of two crossed means, and its variance by source? Matrices (examples, seeds)."""
    whole = _whole((candidate, baseline), clusters)
    if whole is not None:
        return whole
    index = cluster_index(clusters, candidate.shape[0])
    per_example = means(candidate) - means(baseline)
    by_example = clustered_mean(per_example, clusters)
    parts = [seed_parts(arm, index) for arm in (candidate, baseline) if arm.shape[1] > 1]
    return by_example.mean, combined(parts, by_example, every_arm=len(parts) == 2)


def mean_variance(scores: FloatArray, clusters: Clusters | None = None) -> tuple[float, CrossedVariance]:
    """What is one arm's crossed mean, and its variance by source? Matrix (examples, seeds)."""
    whole = _whole((scores,), clusters)
    if whole is not None:
        return whole
    index = cluster_index(clusters, scores.shape[0])
    by_example = clustered_mean(means(scores), clusters)
    parts = [seed_parts(scores, index)] if scores.shape[1] > 1 else []
    return by_example.mean, combined(parts, by_example, every_arm=bool(parts))


def _whole(arms: tuple[FloatArray, ...], clusters: Clusters | None) -> tuple[float, CrossedVariance] | None:
    """The same of whole numbers, such as right and wrong, which add up exactly: one slice that holds every example."""
    examples = arms[0].shape[0]
    if clusters is not None or examples < 2:
        return None
    found = whole_slices(arms, np.zeros(examples, dtype=np.intp), 1)
    if found is None:
        return None
    by_example = ClusteredMean(float(found.mean[0]), float(found.variance[0]), examples, examples - 1.0)
    parts = [
        (
            float(moments(one.by_seed)[1][0]) / one.by_seed.shape[1],
            float(one.residual[0]),
            one.by_seed.shape[1] - 1,
        )
        for one in found.seeds
    ]
    return by_example.mean, combined(parts, by_example, every_arm=len(parts) == len(arms))


def combined(
    parts: list[tuple[float, float, int]], by_example: ClusteredMean, *, every_arm: bool
) -> CrossedVariance:
    """The variance of a mean from that of each arm with several seeds (`seed_parts`) and that between its examples."""
    between_seeds, residual = sum(p[0] for p in parts), sum(p[1] for p in parts)
    seed_dof: float | None = None
    if every_arm:
        # Satterthwaite over the arms; without any spread between seeds the fewest possible.
        spread = sum((p[0] / between_seeds) ** 2 / p[2] for p in parts) if between_seeds > 0.0 else 0.0
        seed_dof = 1.0 / spread if spread > 0.0 else float(min(p[2] for p in parts))
    return CrossedVariance(
        between_seeds, by_example.variance, residual, seed_dof, by_example.dof, by_example.units
    )


def seed_parts(scores: FloatArray, index: NDArray[np.intp] | None) -> tuple[float, float, int]:
    """Variance of the arm's mean from its seeds, the residual inside it, and the seeds' degrees of freedom."""
    n, seeds = scores.shape
    row_means = means(scores)
    centre = float(means(row_means))
    table = scores - centre
    by_seed = ordered_sum(table, axis=0) / n
    between = float(moments(by_seed)[1]) / seeds
    residuals = table - (row_means - centre)[:, np.newaxis] - by_seed + float(ordered_sum(by_seed)) / seeds
    if index is not None:
        residuals = np.stack([cluster_totals(residuals[:, s], index) for s in range(seeds)], axis=1)
    units = residuals.shape[0]
    squares = float(ordered_sum((residuals * residuals).ravel())) / (n * seeds) ** 2
    correction = units / (units - 1) * seeds / (seeds - 1) if units > 1 else 0.0
    return between, squares * correction, seeds - 1


def _t_results(
    value: float, parts: CrossedVariance, null: float, alpha: float
) -> tuple[float, float, float, float, float]:
    se = math.sqrt(parts.total)
    t, p_greater, p_less = one_sample_core(np.asarray(value), np.asarray(se), parts.dof, null)
    reach = float(t_quantile(1.0 - alpha, parts.dof)) * se
    return value - reach, value + reach, float(t), float(p_greater), float(p_less)


def _effective_rate(
    table: FloatArray,
    threshold: float,
    clusters: Clusters | None,
    alpha: float,
    about: tuple[Scope, tuple[str, ...]],
) -> ThresholdTest:
    if not 0.0 <= threshold <= 1.0:
        raise StatisticsError(
            f"cannot test a rate against {threshold!r} (expected a fraction between 0 and 1)"
        )
    rate, parts = mean_variance(table, clusters)
    counted = _independent_examples(table, rate, parts, clusters, alpha)
    size, hits = counted.size, rate * counted.size
    low, high = exact_bounds(hits, size, alpha)
    p_greater = 1.0 if hits <= 0.0 else float(beta_cdf(threshold, hits, size - hits + 1.0))
    p_less = 1.0 if hits >= size else float(beta_upper(threshold, hits + 1.0, size - hits))
    # Who saw failures never knows more than who saw none.
    p_greater = max(p_greater, threshold**counted.clean)
    p_less = max(p_less, (1.0 - threshold) ** counted.clean)
    clean = alpha ** (1.0 / counted.clean)
    low, high = min(low, clean), max(high, 1.0 - clean)
    method = f"{CLOPPER_PEARSON} at the effective number of examples"
    interval = Interval(min(low, rate), max(high, rate), 1.0 - 2.0 * alpha)
    estimate = Estimate(rate, interval, parts.units, None, None, method, math.sqrt(parts.total))
    return ThresholdTest(estimate, float(threshold), None, p_greater, p_less, alpha, *about)


def _independent_examples(
    table: FloatArray, rate: float, parts: CrossedVariance, clusters: Clusters | None, alpha: float
) -> EffectiveExamples:
    """Several seeds are held back enough by how few they are; the spread between the examples of one seed is all there is."""
    if table.shape[1] > 1:
        return EffectiveExamples(effective_size(rate, parts, parts.units, table.size, alpha), math.inf)
    return effective_examples(
        rate * (1.0 - rate),
        parts.total,
        means(table) - rate,
        clusters=clusters,
        alpha=alpha,
        most=float(table.size) if is_binary(table) else math.inf,
        dof=parts.dof,
    )


def effective_size(rate: float, parts: CrossedVariance, units: int, cells: int, alpha: float) -> float:
    """How many independent examples would give a rate this variance? Fewer for few degrees of freedom."""
    if parts.total <= 0.0:
        return float(units)
    many = float(t_quantile(1.0 - alpha, max(cells - 1.0, 1.0)))
    few = float(t_quantile(1.0 - alpha, parts.dof))
    return min(float(cells), max(1.0, rate * (1.0 - rate) / parts.total * (many / few) ** 2))


def _rescoped(test: ThresholdTest, scope: Scope, notes: tuple[str, ...]) -> ThresholdTest:
    return ThresholdTest(
        test.estimate, test.threshold, test.statistic, test.p_greater, test.p_less, test.alpha, scope, notes
    )


def _shown(parts: CrossedVariance, examples: int) -> tuple[tuple[str, float], ...]:
    return (
        ("examples", float(examples)),
        ("se_between_examples", math.sqrt(parts.between_examples)),
        ("se_between_seeds", math.sqrt(parts.between_seeds)),
        ("se_residual", math.sqrt(parts.residual)),
    )
