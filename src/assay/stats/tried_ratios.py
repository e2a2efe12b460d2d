"""Rates in tries, in clusters or over seeds: are they beyond a share of a baseline that was measured itself?

`averaged_rates` for relative margins: the score test of the ratio at as many right-or-wrong examples as would be as uncertain. A t
on averages passed up to 18% of the models exactly at a relative margin below a baseline that is nearly always right.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from assay.stats.averaged_rates import (
    TriedTables,
    all_rates,
    by_unit,
    effective_sizes,
    mostly_outright,
    variance_dof,
    wins_and_losses,
)
from assay.stats.crossed import CrossedVariance, also_wild, comparison_variance, crossed_t
from assay.stats.distributions import FloatArray, normal_cdf, normal_quantile
from assay.stats.estimates import Comparison, Interval
from assay.stats.paired import ONE_MODEL_EACH, Clusters
from assay.stats.paired_ratios import ratio_p, ratio_score
from assay.stats.samples import means, ordered_sum

METHOD: Literal["score test of the ratio at the effective number of examples"] = (
    "score test of the ratio at the effective number of examples"
)


@dataclass(frozen=True, slots=True, eq=False)
class ScoredRatios:
    """What does the score test of the ratio say of each table, at its effective number of examples?

    Attributes:
        size: that number.
        effect: candidate minus factor x baseline.
        se: its standard error under the null, no smaller than the p-values are sure.
        p_greater: one-sided p-value of "candidate above factor x baseline".
        p_less: of "below".
    """

    size: FloatArray
    effect: FloatArray
    se: FloatArray
    p_greater: FloatArray
    p_less: FloatArray


def score_ratios(both: FloatArray, tables: TriedTables, factor: float, alpha: float) -> ScoredRatios:
    """Are rates beyond this multiple of the baseline's? One entry a table (a slice).

    Args:
        both: share of the examples that both sides get right, in parts.
        tables: the other shares; variance and degrees of freedom are those of candidate minus factor x baseline.
        factor: more than 0.
        alpha: one-sided error that the spread is trusted for.

    Nothing is surer than examples of which none was lost: that has the exact chance of it, were the truth at the margin.
    """
    wins, losses = tables.wins, tables.losses
    level = both + losses
    effect = both + wins - factor * level
    size, clean = effective_sizes(
        both * (1.0 - factor) ** 2 + wins + losses * factor**2 - effect**2,
        tables.variance,
        tables.units,
        tables.known,
        tables.dof,
        alpha=alpha,
        most=tables.most,
        clustered=tables.clustered,
        seeds=tables.seeds,
    )
    z, effect, se = ratio_score(both * size, wins * size, losses * size, size, factor)
    p_greater, p_less = ratio_p(z, tables.units, factor)
    none = np.zeros(size.shape)
    # With what was won, for that speaks against a loss: of what stays, all is kept.
    kept, won, lost = (level, wins, none) if factor < 1.0 else (both, none, losses)
    unmoved = ratio_score(kept * clean, won * clean, lost * clean, clean, factor)[0]
    exact = (1.0 - np.minimum(abs(1.0 - factor) * level, 1.0)) ** clean
    without = np.maximum(normal_cdf(-np.abs(unmoved)), np.where(won + lost > 0.0, 0.0, exact))
    if factor < 1.0:
        p_greater = np.maximum(p_greater, without)
    else:
        p_less = np.maximum(p_less, without)
    surest = -normal_quantile(np.clip(np.minimum(p_greater, p_less), 1e-300, 0.5))
    wider = np.where(surest > 0.0, np.abs(effect) / np.where(surest > 0.0, surest, 1.0), se)
    return ScoredRatios(size, effect, np.maximum(se, wider), p_greater, p_less)


def tried_ratio(
    candidate: FloatArray,
    baseline: FloatArray,
    *,
    share: float,
    clusters: Clusters | None = None,
    alpha: float = 0.05,
) -> Callable[[float], Comparison] | None:
    """The comparison of two rates with any multiple of the baseline by the score test; None where that says nothing.

    Args:
        candidate: matrix (examples, seeds), 0..1; not one try each by one seed without clusters, which is `paired_ratios`.
        baseline: of the same examples.
        share: change tested against, as a share of the baseline's mean.
        clusters: the source of each example, if some share one.
        alpha: one-sided error.

    Averages of tries by one seed are decided by the score test; over several seeds, or in clusters, it decides alone where one side gets
    no example right that the other does not (`decides_alone`), and beside the t elsewhere, as for absolute margins
    (`averaged_rates.shared_examples`, `held_by_score`). The effective number is that at the change tested against.

    >>> perfect, tried = np.ones((150, 1)), np.array([[1.0]] * 149 + [[2 / 3]])
    >>> [tried_ratio(tried, perfect, share=share)(1 + share).answer("greater") for share in (-0.02, -0.04)]
    ['unclear', 'met']
    """
    if not _scores(candidate, baseline, share, clusters):
        return None
    factor = 1.0 + share
    ours, theirs = means(candidate), means(baseline)
    wins, losses = wins_and_losses(ours - theirs)
    both = np.array([float(ordered_sum(np.minimum(ours, theirs))) / ours.size])
    shell, parts = _shell(candidate, factor * baseline, clusters, alpha)
    spread = by_unit(ours - factor * theirs - shell.effect, clusters)
    several = max(candidate.shape[1], baseline.shape[1]) > 1
    tables = TriedTables(
        wins=np.array([wins]),
        losses=np.array([losses]),
        variance=np.array([parts.total]),
        units=np.array([float(spread.size)]),
        known=np.array([variance_dof(spread)]),
        dof=np.array([parts.dof]),
        most=math.inf if clusters is None or several else float(ours.size),
        clustered=clusters is not None,
        seeds=several,
    )
    if several and not decides_alone(candidate, baseline, clusters):
        tries = float(ours.size * min(candidate.shape[1], baseline.shape[1]))
        tables = tables.of_tries(np.array([parts.between_examples]), np.array([parts.example_dof]), tries)
    at_margin = score_ratios(both, tables, factor, alpha)

    def compare(multiple: float) -> Comparison:
        size, reach = at_margin.size, float(normal_quantile(1.0 - alpha))
        counts = (both * size, tables.wins * size, tables.losses * size, size)
        z, effect, se = (float(x[0]) for x in ratio_score(*counts, multiple))
        tested = multiple == factor
        p_greater, p_less = (
            (at_margin.p_greater, at_margin.p_less) if tested else ratio_p(np.array([z]), size, multiple)
        )
        found = replace(
            shell,
            effect=effect,
            interval=Interval(effect - reach * se, effect + reach * se, 1.0 - 2.0 * alpha),
            se=shell.se if several else float(at_margin.se[0]) if tested else se,
            statistic=z,
            p_greater=float(p_greater[0]),
            p_less=float(p_less[0]),
        )
        return also_wild(found, parts, ours - multiple * theirs, clusters) if several else found

    return compare


def decides_alone(candidate: FloatArray, baseline: FloatArray, clusters: Clusters | None) -> bool:
    """Does the score test decide these rates alone? Where several seeds, or sources, lose some on both sides the t has to agree."""
    one_seed = candidate.shape[1] == baseline.shape[1] == 1
    if one_seed and clusters is None:
        return True
    return min(wins_and_losses(means(candidate) - means(baseline))) <= 0.0


def _scores(candidate: FloatArray, baseline: FloatArray, share: float, clusters: Clusters | None) -> bool:
    n = candidate.shape[0]
    if share <= -1.0 or share == 0.0 or n != baseline.shape[0] or n < 2:
        return False
    if min(candidate.shape[1], baseline.shape[1]) < 1 or not all_rates(candidate, baseline):
        return False
    one_seed = candidate.shape[1] == baseline.shape[1] == 1
    if one_seed and np.array_equal(candidate, baseline):
        return False  # `unchanged` scores are judged by how many examples did not move
    return mostly_outright(candidate, baseline) if one_seed and clusters is None else True


def _shell(
    candidate: FloatArray, scaled: FloatArray, clusters: Clusters | None, alpha: float
) -> tuple[Comparison, CrossedVariance]:
    """All of the comparison but its answer: what it is about, and how the difference varies."""
    if max(candidate.shape[1], scaled.shape[1]) > 1:
        found, parts = crossed_t(candidate, scaled, clusters=clusters, alpha=alpha, null=0.0)
        return replace(found, method=f"{METHOD}, crossed with the seeds"), parts
    effect, parts = comparison_variance(candidate, scaled, clusters)
    shell = Comparison(
        effect=effect,
        interval=Interval(effect, effect, 1.0 - 2.0 * alpha),
        n_candidate=parts.units,
        n_baseline=parts.units,
        se=None,
        dof=None,
        statistic=None,
        p_greater=1.0,
        p_less=1.0,
        alpha=alpha,
        method=METHOD,
        scope=ONE_MODEL_EACH,
    )
    return shell, parts
