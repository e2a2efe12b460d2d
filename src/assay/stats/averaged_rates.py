"""Rates whose examples were tried several times, came in clusters, or were partly right: as how many independent examples do they count?

Where most are wholly right or wholly wrong, a t on their averages is sure too soon: the few that differ tell little about the spread
of the others, and 49 right with one half right look surer than 50 right. So the counts of such a rate are scaled to the number of
independent right-or-wrong examples that would be as uncertain, the spread is trusted as far as its own kurtosis allows, and nothing
is ever shown that the same examples without a single failure would not show.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from assay.stats.distributions import FloatArray, normal_quantile, t_quantile
from assay.stats.estimates import Comparison, Interval
from assay.stats.independent_rates import kept_beside
from assay.stats.paired import (
    ONE_MODEL_EACH,
    Clusters,
    cluster_index,
    cluster_totals,
    clustered_mean,
    paired_comparison,
    tango_limits,
    tango_p,
    tango_z,
)
from assay.stats.samples import Scores, as_scores, check_alpha, is_binary, ordered_sum

METHOD = "Tango score at the effective number of examples"
ENOUGH_DOF = 30.0
"""A variance of so many degrees of freedom is taken at its word."""


def mostly_outright(*tables: FloatArray) -> bool:
    """Are all scores shares of right answers, and at least half of them all or nothing? Values 0 and 1 alone are a plain rate, not this.

    >>> mostly_outright(np.array([1.0, 1.0, 0.5])), mostly_outright(np.array([0.0, 1.0])), mostly_outright(np.array([0.4, 0.5, 1.0]))
    (True, False, False)
    """
    if any(table.min() < 0.0 or table.max() > 1.0 for table in tables):
        return False
    cells = sum(table.size for table in tables)
    outright = sum(int(np.count_nonzero((table == 0.0) | (table == 1.0))) for table in tables)
    return cells / 2 <= outright < cells


def variance_dof(deviations: FloatArray) -> float:
    """How many degrees of freedom has the variance of these deviations from their mean, by its own uncertainty?

    2 n / (kurtosis - 1), as the squares of n normal values would have them, at least 1; n - 1 at most. A variance that rests on one
    value in fifty has two, whatever their number. Source: Satterthwaite (1946), with the variance of a sample variance.

    >>> spread = np.array([-1.0, 1.0] * 10)
    >>> variance_dof(spread), round(variance_dof(np.array([-0.02] * 49 + [0.98])), 1)
    (19.0, 2.1)
    """
    n = deviations.size
    squares = deviations * deviations
    second = float(ordered_sum(squares)) / n
    if second <= 0.0:
        return max(n - 1.0, 1.0)
    excess = float(ordered_sum(squares * squares)) / n / second**2 - 1.0
    return max(1.0, min(n - 1.0, 2.0 * n / excess if excess > 0.0 else n - 1.0))


@dataclass(frozen=True, slots=True)
class EffectiveExamples:
    """As many independent right-or-wrong examples would be as uncertain.

    Attributes:
        size: for the counts that were seen.
        clean: for a table without any spread: examples, or clusters and the more of what they hold, the better it is known that they do
            not fail as a whole.
    """

    size: float
    clean: float


def effective_examples(
    whole: float,
    variance: float,
    deviations: FloatArray,
    *,
    clusters: Clusters | None,
    alpha: float,
    most: float = math.inf,
    dof: float = math.inf,
) -> EffectiveExamples:
    """How many independent right-or-wrong examples would give a mean this variance?

    Args:
        whole: variance of a single right-or-wrong example, such as rate x (1 - rate).
        variance: of the mean.
        deviations: of each example from the mean.
        clusters: the source of each example, if some share one.
        alpha: one-sided error of the test.
        most: there can be no more.
        dof: degrees of freedom that other sources of the variance leave.
    """
    index = cluster_index(clusters, deviations.size)
    by_unit = deviations if index is None else cluster_totals(deviations, index)
    units = by_unit.size
    if variance <= 0.0:
        return EffectiveExamples(float(units), float(units))
    raw, known = min(whole / variance, most), variance_dof(by_unit)
    many = (
        t_quantile(1.0 - alpha, max(most - 1.0, 1.0)) if math.isfinite(most) else normal_quantile(1.0 - alpha)
    )
    trust = float(many) / float(t_quantile(1.0 - alpha, min(dof, known)))
    share, size = _share_known(known, units), max(1.0, raw * trust**2)
    size = size if size <= units else units + share * (size - units)
    if index is None:  # a part of an answer never varies more than a whole one
        return EffectiveExamples(max(size, float(units)), float(units))
    return EffectiveExamples(size, units + share * max(0.0, raw - units))


def _share_known(dof: float, units: int) -> float:
    """How much is known of the spread, from nothing (one unit of many differs) to enough (so do some thirty)?"""
    if units < 4:
        return 0.0
    one_differs = 2.0 * units * (units - 1) / (units - 2) ** 2
    return min(1.0, max(0.0, (dof - one_differs) / ENOUGH_DOF))


def shared_examples(
    candidate: Scores,
    baseline: Scores,
    *,
    clusters: Clusters | None = None,
    alpha: float = 0.05,
    null: float = 0.0,
) -> Comparison:
    """By how much does one model beat another on the same examples? As `paired.paired_comparison`, which it is but for some rates.

    Against 0 the t on averages errs rarely enough. Against a margin it does not where a rate is near the end of its range: averages of
    tries go to `tried_pairs`, and clusters of right-or-wrong examples too, where one of the two models fails on none that the other gets.
    """
    a, b = as_scores(candidate, "candidate"), as_scores(baseline, "baseline")
    if null != 0.0 and a.size == b.size > 1 and _near_an_end(a, b, clusters):
        return tried_pairs(a, b, clusters=clusters, null=null, alpha=alpha)
    return paired_comparison(candidate, baseline, clusters=clusters, alpha=alpha, null=null)


def _near_an_end(candidate: FloatArray, baseline: FloatArray, clusters: Clusters | None) -> bool:
    if clusters is None:
        return mostly_outright(candidate, baseline)
    rates = (is_binary(candidate) and is_binary(baseline)) or mostly_outright(candidate, baseline)
    return rates and (bool((candidate <= baseline).all()) or bool((candidate >= baseline).all()))


def tried_pairs(
    candidate: FloatArray,
    baseline: FloatArray,
    *,
    clusters: Clusters | None = None,
    null: float,
    alpha: float = 0.05,
) -> Comparison:
    """Is the difference of two rates of shared examples, in tries or in clusters, beyond a value other than 0?

    Args:
        candidate: share of right answers of each example, 0..1.
        baseline: of the same examples in the same order.
        clusters: the source of each example, if some share one.
        null: difference tested against, strictly between -1 and 1 (minus the margin for non-inferiority).
        alpha: one-sided error.

    Tango's score test on wins and losses, which count in parts, scaled to the number of right-or-wrong pairs whose difference would vary
    as much (Tango 1998; the scaling as Korn and Graubard 1998). Never surer than without any loss.

    >>> tried = tried_pairs(np.array([1.0] * 99 + [2 / 3]), np.ones(100), null=-0.03)
    >>> tried.answer("greater"), tried_pairs(np.ones(100), np.ones(100), null=-0.03).answer("greater")
    ('unclear', 'met')
    """
    check_alpha(alpha)
    differences = candidate - baseline
    found, n = clustered_mean(differences, clusters), differences.size
    effect, units = found.mean, found.units
    wins = float(ordered_sum(np.maximum(differences, 0.0))) / n
    losses = float(ordered_sum(np.maximum(-differences, 0.0))) / n
    counted = effective_examples(
        wins + losses - effect**2,
        found.variance,
        differences - effect,
        clusters=clusters,
        alpha=alpha,
        most=math.inf if clusters is None else n,
        dof=found.dof,
    )
    size = counted.size
    z = float(tango_z(wins * size, losses * size, size, null))
    p_greater, p_less = (float(p) for p in tango_p(z, units, null))
    clean = float(tango_z(0, 0, counted.clean, null))
    if null < 0.0:
        p_greater = max(p_greater, float(tango_p(clean, units, null)[0]))
    else:
        p_less = max(p_less, float(tango_p(clean, units, null)[1]))
    ends = tango_limits(wins * size, losses * size, size, confidence=1.0 - 2.0 * alpha)
    low, high = kept_beside(*ends, null, p_greater <= alpha, p_less <= alpha)
    return Comparison(
        effect=effect,
        interval=Interval(min(low, effect), max(high, effect), 1.0 - 2.0 * alpha),
        n_candidate=units,
        n_baseline=units,
        se=math.sqrt(found.variance) if found.variance > 0.0 else None,
        dof=None,
        statistic=z,
        p_greater=p_greater,
        p_less=p_less,
        alpha=alpha,
        method=METHOD,
        null=null,
        scope=ONE_MODEL_EACH,
    )
