"""Rates whose examples were tried several times, came in clusters, or were partly right: as how many independent examples do they count?

Where most are wholly right or wholly wrong, a t on their averages is sure too soon: the few that differ tell little about the spread
of the others, and 49 right with one half right look surer than 50 right. So the counts of such a rate are scaled to the number of
independent right-or-wrong examples that would be as uncertain, the spread is trusted as far as its own kurtosis allows, and nothing
is ever shown that the same examples without a single failure would not show.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal

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
from assay.stats.samples import Scores, as_scores, check_alpha, is_binary, means, ordered_sum

METHOD: Literal["Tango score at the effective number of examples"] = (
    "Tango score at the effective number of examples"
)
ENOUGH_DOF = 30.0
"""A variance of so many degrees of freedom is taken at its word."""
ENOUGH_OF_SOURCES = 20.0
"""That between sources, by so many; neither figure is more than what simulations ask for (decision 0033)."""
ENOUGH_OF_FEW = 0.75
"""Of few sources fewer are enough: so many for each source."""


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
    squares = deviations * deviations
    totals = (np.array([float(ordered_sum(power))]) for power in (squares, squares * squares))
    return float(dof_of_squares(np.array([float(deviations.size)]), *totals)[0])


def dof_of_squares(n: FloatArray, squares: FloatArray, fourths: FloatArray) -> FloatArray:
    """`variance_dof` of many samples at once, from how many values each has and what their squares and fourth powers add up to."""
    known = squares > 0.0
    second, size = np.where(known, squares, 1.0) / np.maximum(n, 1.0), np.maximum(n, 1.0)
    excess = fourths / size / second**2 - 1.0
    spread = known & (excess > 0.0)
    return np.asarray(
        np.maximum(
            1.0, np.minimum(n - 1.0, np.where(spread, 2.0 * n / np.where(spread, excess, 1.0), n - 1.0))
        )
    )


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
    spread = deviations if index is None else cluster_totals(deviations, index)
    told = (np.array([x]) for x in (whole, variance, float(spread.size), variance_dof(spread), dof))
    size, clean = effective_sizes(*told, alpha=alpha, most=most, clustered=index is not None)
    return EffectiveExamples(float(size[0]), float(clean[0]))


def effective_sizes(
    whole: FloatArray,
    variance: FloatArray,
    units: FloatArray,
    known: FloatArray,
    dof: FloatArray,
    *,
    alpha: float,
    most: float | FloatArray = math.inf,
    clustered: bool = False,
    seeds: bool = False,
) -> tuple[FloatArray, FloatArray]:
    """`EffectiveExamples` of many tables at once: sizes for the counts that were seen, and for a clean sheet.

    Args:
        whole: variance of a single right-or-wrong example of each table.
        variance: of its mean.
        units: its independent examples, or clusters.
        known: degrees of freedom of the variance between them (`variance_dof`).
        dof: degrees of freedom that other sources of the variance leave.
        alpha: one-sided error of the test.
        most: there can be no more.
        clustered: whether examples share sources, or are sources of their tries by several seeds.
        seeds: whether the variance is also that between seeds, which may be more than that of whole answers.
    """
    spread = variance > 0.0
    raw = np.minimum(whole / np.where(spread, variance, 1.0), most)
    bounded = np.isfinite(most)
    at_most = t_quantile(1.0 - alpha, np.maximum(np.where(bounded, most, 2.0) - 1.0, 1.0))
    many = np.where(bounded, at_most, float(normal_quantile(1.0 - alpha)))
    trust = many / t_quantile(1.0 - alpha, np.minimum(dof, known))
    share, size = _share_known(known, units, clustered=clustered), np.maximum(1.0, raw * trust**2)
    size = np.where(size <= units, size, units + share * (size - units))
    if clustered:
        clean = units + share * np.maximum(0.0, raw - units)
    else:  # a part of an answer never varies more than a whole one
        size, clean = size if seeds else np.maximum(size, units), units
    return np.where(spread, size, units), np.where(spread, clean, units)


def _share_known(dof: FloatArray, units: FloatArray, *, clustered: bool) -> FloatArray:
    """How much is known of the spread, from nothing (one unit of many differs) to enough (so do some thirty, or most of few sources)?"""
    one_differs = 2.0 * units * (units - 1.0) / np.maximum(units - 2.0, 1.0) ** 2
    enough = np.minimum(ENOUGH_OF_SOURCES, ENOUGH_OF_FEW * units) if clustered else ENOUGH_DOF
    return np.where(units < 4, 0.0, np.clip((dof - one_differs) / enough, 0.0, 1.0))


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
    tries go to `tried_pairs`, and clusters of right-or-wrong examples too, where one of the two models fails on none that the other
    gets. Where both lose some in clusters, a claim has to hold by both tests (`less_sure`).
    """
    a, b = as_scores(candidate, "candidate"), as_scores(baseline, "baseline")
    if null == 0.0 or not a.size == b.size > 1 or not _scored_rates(a, b, clusters):
        return paired_comparison(candidate, baseline, clusters=clusters, alpha=alpha, null=null)
    scored = tried_pairs(a, b, clusters=clusters, null=null, alpha=alpha)
    if clusters is None or min(wins_and_losses(a - b)) <= 0.0 or scored.se is None:
        return scored
    return less_sure(paired_comparison(a, b, clusters=clusters, alpha=alpha, null=null), scored)


def _scored_rates(candidate: FloatArray, baseline: FloatArray, clusters: Clusters | None) -> bool:
    return mostly_outright(candidate, baseline) if clusters is None else bool(all_rates(candidate, baseline))


def less_sure(one: Comparison, other: Comparison) -> Comparison:
    """Of two tests of the same claims the one that is less sure of its own: what it shows, both show.

    A t knows the spread between few sources only from what they lost; the score test also asks whether that says that no source is
    lost as a whole. Neither errs at most at its level alone: together they do.
    """
    return max(one, other, key=lambda found: min(found.p_greater, found.p_less))


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
    wins, losses = wins_and_losses(differences)
    return _scored(
        Comparison(
            effect=found.mean,
            interval=Interval(found.mean, found.mean, 1.0 - 2.0 * alpha),
            n_candidate=found.units,
            n_baseline=found.units,
            se=math.sqrt(found.variance) if found.variance > 0.0 else None,
            dof=None,
            statistic=None,
            p_greater=1.0,
            p_less=1.0,
            alpha=alpha,
            method=METHOD,
            null=null,
            scope=ONE_MODEL_EACH,
        ),
        TriedTables(
            wins=np.array([wins]),
            losses=np.array([losses]),
            variance=np.array([found.variance]),
            units=np.array([float(found.units)]),
            known=np.array([variance_dof(by_unit(differences - found.mean, clusters))]),
            dof=np.array([found.dof]),
            most=math.inf if clusters is None else float(n),
            clustered=clusters is not None,
        ),
    )


def held_by_score(
    found: Comparison,
    candidate: FloatArray,
    baseline: FloatArray,
    *,
    clusters: Clusters | None,
    between_examples: tuple[float, float],
) -> Comparison:
    """The crossed comparison of two rates over several seeds, decided by the score test where one side never loses an example.

    Where nothing varies but a few failures, the spread between seeds and examples is hardly known, and a t on it is sure too soon.
    Where both lose some, a claim has to hold by both tests (`less_sure`), an example being a source of its tries.

    Args:
        found: what the t says; its standard error and degrees of freedom are those of the crossed variance.
        candidate: matrix (examples, seeds).
        baseline: of the same examples.
        clusters: the source of each example, if some share one.
        between_examples: variance of the difference between the examples (clusters), and its degrees of freedom.
    """
    if found.null == 0.0 or not all_rates(candidate, baseline):
        return found
    differences = means(candidate) - means(baseline)
    wins, losses = wins_and_losses(differences)
    both_lose = min(wins, losses) > 0.0
    spread = by_unit(differences - found.effect, clusters)
    variance, dof = (found.se or 0.0) ** 2, found.dof or between_examples[1]
    tables = TriedTables(
        wins=np.array([wins]),
        losses=np.array([losses]),
        variance=np.array([variance]),
        units=np.array([float(spread.size)]),
        known=np.array([variance_dof(spread)]),
        dof=np.array([dof]),
        clustered=clusters is not None,
        seeds=True,
    )
    if both_lose:
        tries = float(differences.size * min(candidate.shape[1], baseline.shape[1]))
        variance, dof = between_examples
        tables = tables.of_tries(np.array([variance]), np.array([dof]), tries)
    scored = _scored(replace(found, method=f"{METHOD}, crossed with the seeds"), tables)
    return less_sure(found, scored) if both_lose else scored


def all_rates(*tables: FloatArray) -> bool:
    """Are these right-or-wrong scores, or averages of them that are mostly all or nothing?"""
    return all(is_binary(table) for table in tables) or mostly_outright(*tables)


def wins_and_losses(differences: FloatArray) -> tuple[float, float]:
    """What share of the examples is won, and what share lost, parts of an example counting as parts?"""
    won, lost = (np.maximum(sign * differences, 0.0) for sign in (1.0, -1.0))
    return float(ordered_sum(won)) / differences.size, float(ordered_sum(lost)) / differences.size


def by_unit(deviations: FloatArray, clusters: Clusters | None) -> FloatArray:
    """What deviations add up to in each independent example, or cluster."""
    index = cluster_index(clusters, deviations.size)
    return deviations if index is None else cluster_totals(deviations, index)


@dataclass(frozen=True, slots=True, eq=False)
class TriedTables:
    """Rates of shared examples in tries, in clusters or over seeds; one entry a table (a slice).

    Attributes:
        wins: share of the examples that only the candidate gets right, in parts.
        losses: share that only the baseline gets right.
        variance: of their difference.
        units: independent examples, or clusters.
        known: degrees of freedom of the variance between them (`variance_dof`).
        dof: degrees of freedom of the variance that its other sources leave.
        most: there can be no more effective examples.
        clustered: whether examples share sources.
        seeds: whether the variance is also that between seeds.
    """

    wins: FloatArray
    losses: FloatArray
    variance: FloatArray
    units: FloatArray
    known: FloatArray
    dof: FloatArray
    most: float | FloatArray = math.inf
    clustered: bool = False
    seeds: bool = False

    def of_tries(self, variance: FloatArray, dof: FloatArray, tries: float | FloatArray) -> TriedTables:
        """The same with every example the source of its tries: their spread alone, where a t answers for that between seeds.

        Args:
            variance: of the difference, between examples (clusters).
            dof: its degrees of freedom.
            tries: examples times seeds.
        """
        return replace(self, variance=variance, dof=dof, most=tries, clustered=True, seeds=False)


@dataclass(frozen=True, slots=True, eq=False)
class ScoredTables:
    """What does Tango's score test say of each table, at its effective number of examples?"""

    size: FloatArray
    statistic: FloatArray
    p_greater: FloatArray
    p_less: FloatArray


def score_tables(tables: TriedTables, null: float, alpha: float) -> ScoredTables:
    """Are the differences of two rates beyond a value other than 0? `tried_pairs` says what is tested, and how."""
    size, clean = effective_sizes(
        tables.wins + tables.losses - (tables.wins - tables.losses) ** 2,
        tables.variance,
        tables.units,
        tables.known,
        tables.dof,
        alpha=alpha,
        most=tables.most,
        clustered=tables.clustered,
        seeds=tables.seeds,
    )
    z = tango_z(tables.wins * size, tables.losses * size, size, null)
    p_greater, p_less = tango_p(z, tables.units, null)
    none = np.zeros(size.shape)
    if null < 0.0:  # as without any loss
        p_greater = np.maximum(
            p_greater, tango_p(tango_z(tables.wins * clean, none, clean, null), tables.units, null)[0]
        )
    else:
        p_less = np.maximum(
            p_less, tango_p(tango_z(none, tables.losses * clean, clean, null), tables.units, null)[1]
        )
    return ScoredTables(size, z, p_greater, p_less)


def _scored(found: Comparison, tables: TriedTables) -> Comparison:
    """This comparison with the answer of the score test in place of its own."""
    scored = score_tables(tables, found.null, found.alpha)
    size, effect = float(scored.size[0]), found.effect
    p_greater, p_less = float(scored.p_greater[0]), float(scored.p_less[0])
    counts = float(tables.wins[0]) * size, float(tables.losses[0]) * size
    ends = tango_limits(*counts, size, confidence=1.0 - 2.0 * found.alpha)
    low, high = kept_beside(*ends, found.null, p_greater <= found.alpha, p_less <= found.alpha)
    return replace(
        found,
        interval=Interval(min(low, effect), max(high, effect), found.interval.confidence),
        statistic=float(scored.statistic[0]),
        p_greater=p_greater,
        p_less=p_less,
    )
