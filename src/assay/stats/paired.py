"""Does the candidate beat the baseline on the same examples?

One model against one model. Several seeds an arm are `crossed`: averaging them inside the examples and forgetting that
other seeds could have been drawn promotes 8-20% of equal pairs.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from assay.stats.distributions import (
    FloatArray,
    binomial_at_least,
    binomial_exactly,
    normal_cdf,
    normal_quantile,
    t_quantile,
)
from assay.stats.estimates import Comparison, Interval, Scope
from assay.stats.independent_rates import kept_beside
from assay.stats.means import one_sample_core
from assay.stats.samples import (
    DegenerateSample,
    Misaligned,
    Scores,
    StatisticsError,
    TooFewSamples,
    as_scores,
    check_alpha,
    count_successes,
    is_binary,
    moments,
    ordered_sum,
)
from assay.stats.wild_clusters import FEW_CLUSTERS, WildTest, wild_cluster_test
from assay.stats.wild_clusters import METHOD as WILD

ONE_MODEL_EACH: Scope = "these models, not the method"
MCNEMAR = "exact McNemar"
Clusters = Sequence[Any] | NDArray[Any]


@dataclass(frozen=True, slots=True)
class PairedCounts:
    """On how many examples does only one of the two succeed?

    Attributes:
        wins: candidate 1, baseline 0.
        losses: candidate 0, baseline 1.
        n: all examples.
    """

    wins: int
    losses: int
    n: int


def paired_comparison(
    candidate: Scores,
    baseline: Scores,
    *,
    clusters: Clusters | None = None,
    alpha: float = 0.05,
    null: float = 0.0,
) -> Comparison:
    """By how much does one model beat another on the same examples?

    Pass/fail scores without clusters go to exact McNemar (null 0) or Tango's score test (another null); everything
    else to the paired t, cluster-robust when examples share a source, and to the wild cluster bootstrap when there are
    fewer than 30 sources, or a few of them hold so much that they count as fewer (`cluster_dof`).

    Args:
        candidate: one score an example, in the metric's units.
        baseline: scores of the same examples in the same order.
        clusters: the source of each example, if some share one.
        alpha: one-sided error; the interval has confidence 1 - 2 alpha.
        null: effect tested against.

    Raises:
        Misaligned: lengths differ. TooFewSamples: fewer than two examples or clusters.
        DegenerateSample: all differences identical. NotFinite: not a number.
    """
    if clusters is None and is_binary(candidate) and is_binary(baseline):
        counts = paired_counts(candidate, baseline)
        return (
            exact_mcnemar(counts, alpha=alpha) if null == 0.0 else tango_test(counts, alpha=alpha, null=null)
        )
    by_t = paired_t(candidate, baseline, clusters=clusters, alpha=alpha, null=null)
    differences = as_scores(candidate) - as_scores(baseline)
    if clusters is None or clustered_mean(differences, clusters).dof + 1.0 >= FEW_CLUSTERS:
        return by_t
    wild = wild_test(differences, clusters, null=null, alpha=alpha)
    return replace(
        by_t,
        interval=Interval(wild.low, wild.high, 1.0 - 2.0 * alpha),
        p_greater=wild.p_greater,
        p_less=wild.p_less,
        method=f"paired t, {WILD}",
        notes=("few-clusters",),
    )


def wild_test(differences: FloatArray, clusters: Clusters, *, null: float, alpha: float) -> WildTest:
    """What does the wild cluster bootstrap say of the mean of these differences? As `wild_clusters.wild_cluster_test`."""
    index = cluster_index(clusters, differences.size)
    assert index is not None
    sizes = np.bincount(index).astype(np.float64)
    return wild_cluster_test(cluster_totals(differences, index), sizes, null=null, alpha=alpha)


def paired_t(
    candidate: Scores,
    baseline: Scores,
    *,
    clusters: Clusters | None = None,
    alpha: float = 0.05,
    null: float = 0.0,
) -> Comparison:
    """By how much do paired scores differ on average? Arguments and refusals as `paired_comparison`.

    With clusters: sandwich standard error over cluster totals, t with G - 1 degrees of freedom (Liang and Zeger 1986;
    Miller 2024, eq. 4).

    >>> c = paired_t([0.9, 0.7, 0.8, 0.6], [0.8, 0.5, 0.7, 0.6])
    >>> round(c.effect, 3), round(c.p_greater, 4)
    (0.1, 0.0459)
    """
    check_alpha(alpha)
    a, b = as_scores(candidate, "candidate"), as_scores(baseline, "baseline")
    if a.size != b.size:
        raise Misaligned(
            f"cannot pair scores: {a.size} of the candidate, {b.size} of the baseline (expected equal)"
        )
    effect, variance, units = cluster_mean(a - b, clusters)
    if variance <= 0.0:
        raise DegenerateSample(
            f"cannot compare pairs: no spread between the {units} differences (expected some)"
        )
    se, dof = math.sqrt(variance), float(units - 1)
    t, p_greater, p_less = one_sample_core(np.asarray(effect), np.asarray(se), dof, null)
    reach = float(t_quantile(1.0 - alpha, dof)) * se
    return Comparison(
        effect=effect,
        interval=Interval(effect - reach, effect + reach, 1.0 - 2.0 * alpha),
        n_candidate=units,
        n_baseline=units,
        se=se,
        dof=dof,
        statistic=float(t),
        p_greater=float(p_greater),
        p_less=float(p_less),
        alpha=alpha,
        method="paired t" if clusters is None else "paired t, cluster-robust",
        null=null,
        scope=ONE_MODEL_EACH,
    )


def cluster_mean(values: FloatArray, clusters: Clusters | None) -> tuple[float, float, int]:
    """What are the mean, the variance of that mean, and the number of independent units?

    Raises:
        TooFewSamples: fewer than two units. Misaligned: as many clusters as values are needed.
    """
    index = cluster_index(clusters, values.size)
    units = values.size if index is None else int(index.max()) + 1 if index.size else 0
    if units < 2:
        raise TooFewSamples(f"cannot judge a mean over {units} independent examples (expected at least 2)")
    mean, variance = (float(x) for x in moments(values))
    if index is None or variance <= 0.0:
        return mean, variance / values.size, units
    totals = cluster_totals(values - mean, index)
    return mean, float(ordered_sum(totals * totals)) / values.size**2 * units / (units - 1), units


@dataclass(frozen=True, slots=True)
class ClusteredMean:
    """What is a mean over examples that may share sources, and how sure is it?

    Attributes:
        mean: in the units of the values.
        variance: of that mean.
        units: independent units: clusters where there are some, else examples.
        dof: degrees of freedom of the variance.
    """

    mean: float
    variance: float
    units: int
    dof: float


def clustered_mean(values: FloatArray, clusters: Clusters | None) -> ClusteredMean:
    """As `cluster_mean`, honest where a few clusters hold most of the examples.

    The squared total of each cluster is divided by one minus its share (CR2), and the degrees of freedom are those that
    the spread of sizes leaves. Clusters of one size give exactly `cluster_mean` with one less than their number. Source:
    Bell and McCaffrey (2002), for a mean, with independent examples as the working model.
    """
    mean, plain, units = cluster_mean(values, clusters)
    index = cluster_index(clusters, values.size)
    sizes = np.ones(units) if index is None else np.bincount(index).astype(np.float64)
    if index is None or plain <= 0.0 or np.ptp(sizes) <= 0.0:
        return ClusteredMean(mean, plain, units, float(units - 1))
    totals = cluster_totals(values - mean, index)
    variance = float(ordered_sum(totals * totals / (1.0 - sizes / values.size))) / values.size**2
    return ClusteredMean(mean, variance, units, cluster_dof(sizes))


def cluster_dof(sizes: FloatArray) -> float:
    """How many degrees of freedom do clusters of these sizes leave the variance of a mean? At most one less than their number.

    Source: Bell and McCaffrey (2002), in closed form for a mean.

    >>> cluster_dof(np.full(10, 7.0)), round(cluster_dof(np.array([5.0] * 9 + [100.0])), 2)
    (9.0, 1.92)
    """
    if np.ptp(sizes) <= 0.0:
        return float(sizes.size - 1)
    n = float(sizes.sum())
    lever = sizes**2 / (1.0 - sizes / n)
    both = float(ordered_sum(lever)) ** 2 - float(ordered_sum(lever**2))
    return min(n**2 / (float(ordered_sum(sizes**2)) + both / n**2), float(sizes.size - 1))


def cluster_index(clusters: Clusters | None, n: int) -> NDArray[np.intp] | None:
    """Which cluster number, 0..G-1, has each of n examples? None when every example stands alone.

    Raises:
        Misaligned: another number of labels than examples. StatisticsError: a missing label.
    """
    if clusters is None:
        return None
    labels = np.asarray(clusters)
    if labels.shape != (n,):
        raise Misaligned(f"cannot cluster {n} examples by {labels.size} labels (expected one an example)")
    if any(label is None or label != label for label in labels.tolist()):  # noqa: PLR0124 - NaN differs from itself
        raise StatisticsError("cannot cluster examples: a label is missing (expected one an example)")
    if labels.dtype.kind == "O":
        labels = labels.astype(str)
    return np.asarray(np.unique(labels, return_inverse=True)[1], dtype=np.intp).reshape(n)


def cluster_totals(values: FloatArray, index: NDArray[np.intp]) -> FloatArray:
    """What does each cluster sum to, to the same last bit whatever the order of its members?"""
    order = np.lexsort((values, index))
    starts = np.flatnonzero(np.diff(index[order], prepend=-1))
    return np.asarray(np.add.reduceat(values[order], starts))


def paired_counts(candidate: Scores, baseline: Scores) -> PairedCounts:
    """On how many examples does only one of two models succeed? Scores 0 or 1, same examples in the same order.

    Raises:
        NotBinary: a score is neither. Misaligned: lengths differ. TooFewSamples: no example.
    """
    (_, n), (_, m) = count_successes(candidate, "candidate"), count_successes(baseline, "baseline")
    if n != m:
        raise Misaligned(f"cannot pair scores: {n} of the candidate, {m} of the baseline (expected equal)")
    if n == 0:
        raise TooFewSamples("cannot pair scores: no example (expected at least 1)")
    difference = np.asarray(candidate, dtype=np.float64) - np.asarray(baseline, dtype=np.float64)
    return PairedCounts(int(np.count_nonzero(difference > 0)), int(np.count_nonzero(difference < 0)), n)


def exact_mcnemar(counts: PairedCounts, *, alpha: float = 0.05) -> Comparison:
    """Does one model succeed on more of the examples where the two differ? Exact; never rejects an equal pair too often.

    The interval is Tango's score interval of the paired difference (`decided_interval`), reaching to 0 where the exact test, the
    more careful of the two, does not reject: so it excludes 0 exactly when the test rejects. `shown` holds mid-p values and
    Tango's interval as published.

    Source: McNemar (1947), exact form; mid-p: Fagerland, Lydersen and Laake (2013).

    >>> c = exact_mcnemar(PairedCounts(wins=1, losses=7, n=21))
    >>> round(2 * c.p_less, 4), round(2 * dict(c.shown)["mid_p_less"], 4)
    (0.0703, 0.0391)
    """
    check_alpha(alpha)
    _check_paired(counts)
    discordant = counts.wins + counts.losses
    p_greater = float(binomial_at_least(counts.wins, discordant, 0.5))
    p_less = float(binomial_at_least(counts.losses, discordant, 0.5))
    half_point = float(binomial_exactly(counts.wins, discordant, 0.5)) / 2.0
    tango = tango_interval(counts, confidence=1.0 - 2.0 * alpha)
    assert tango.low is not None
    assert tango.high is not None
    ends = decided_interval(counts, tango, alpha)
    low, high = kept_beside(*ends, 0.0, p_greater <= alpha, p_less <= alpha)
    return Comparison(
        effect=(counts.wins - counts.losses) / counts.n,
        interval=Interval(low, high, tango.confidence),
        n_candidate=counts.n,
        n_baseline=counts.n,
        se=None,
        dof=None,
        statistic=None,
        p_greater=p_greater,
        p_less=p_less,
        alpha=alpha,
        method=MCNEMAR,
        scope=ONE_MODEL_EACH,
        notes=() if discordant else ("no-discordant-examples",),
        shown=(
            ("discordant", float(discordant)),
            ("mid_p_greater", p_greater - half_point),
            ("mid_p_less", p_less - half_point),
            ("tango_high", tango.high),
            ("tango_low", tango.low),
        ),
    )


def tango_test(counts: PairedCounts, *, null: float, alpha: float = 0.05) -> Comparison:
    """Is the difference of two paired rates beyond a value other than 0? The test that Tango's interval inverts.

    Args:
        counts: wins, losses, n.
        null: difference tested against, strictly between -1 and 1 (minus the margin for non-inferiority).
        alpha: one-sided error.

    With a handful of examples the normal approximation would show what no exact test can: see `tango_p`. Source: Tango (1998).
    """
    check_alpha(alpha)
    _check_paired(counts)
    if not -1.0 < null < 1.0:
        raise StatisticsError(
            f"cannot test a difference of rates against {null!r} (expected between -1 and 1)"
        )
    z = float(tango_z(counts.wins, counts.losses, counts.n, null))
    p_greater, p_less = (float(p) for p in tango_p(z, counts.n, null))
    tango = tango_interval(counts, confidence=1.0 - 2.0 * alpha)
    assert tango.low is not None
    assert tango.high is not None
    ends = decided_interval(counts, tango, alpha)
    low, high = kept_beside(*ends, null, p_greater <= alpha, p_less <= alpha)
    return Comparison(
        effect=(counts.wins - counts.losses) / counts.n,
        interval=Interval(low, high, tango.confidence),
        n_candidate=counts.n,
        n_baseline=counts.n,
        se=None,
        dof=None,
        statistic=z,
        p_greater=p_greater,
        p_less=p_less,
        alpha=alpha,
        method="Tango score",
        null=null,
        scope=ONE_MODEL_EACH,
    )


def tango_p(z: ArrayLike, n: ArrayLike, null: float) -> tuple[FloatArray, FloatArray]:
    """Which p-values, of "greater" and of "less", does a score z of n pairs have? The normal ones, but never too small.

    Nothing is more extreme than a win on every example, which happens with probability ((1 + null) / 2)^n where the truth
    is the null and every pair is discordant. No valid p-value lies below that; it matters for three or four examples.

    >>> [round(float(p), 4) for p in tango_p(float(tango_z(3, 0, 3, -0.02)), 3, -0.02)]
    [0.1176, 0.9614]
    """
    score, size = np.asarray(z, dtype=np.float64), np.asarray(n, dtype=np.float64)
    floors = ((1.0 + null) / 2.0) ** size, ((1.0 - null) / 2.0) ** size
    return np.maximum(normal_cdf(-score), floors[0]), np.maximum(normal_cdf(score), floors[1])


def tango_interval(counts: PairedCounts, *, confidence: float = 0.9) -> Interval:
    """Which differences of two paired rates are compatible with the counts?

    Never of zero width; near its nominal coverage from about 20 examples. Source: Tango (1998).
    """
    _check_paired(counts)
    return Interval(*tango_limits(counts.wins, counts.losses, counts.n, confidence=confidence), confidence)


def tango_limits(wins: float, losses: float, n: float, *, confidence: float) -> tuple[float, float]:
    """The two ends of `tango_interval`, also of counts in parts."""
    z = float(normal_quantile(0.5 + confidence / 2.0))
    low, high = (_solve_tango((wins, losses, n), reach, outside) for reach, outside in ((z, -1.0), (-z, 1.0)))
    return low, high


def decided_interval(counts: PairedCounts, tango: Interval, alpha: float) -> tuple[float, float]:
    """Tango's bounds, no narrower than the least p-values of `tango_p` allow: what `tango_test` inverts.

    >>> few = PairedCounts(5, 0, 5)
    >>> [round(end, 3) for end in decided_interval(few, tango_interval(few), 0.05)]
    [0.099, 1.0]
    """
    assert tango.low is not None
    assert tango.high is not None
    edge = 2.0 * alpha ** (1.0 / counts.n) - 1.0
    return min(tango.low, edge), max(tango.high, -edge)


def tango_z(
    wins: float | NDArray[Any],
    losses: float | NDArray[Any],
    n: float | NDArray[Any],
    null: float | FloatArray,
) -> FloatArray:
    """How many standard errors is the difference of paired rates from `null`, the spread estimated under it?"""
    b, c = np.asarray(wins, dtype=np.float64), np.asarray(losses, dtype=np.float64)
    linear = -b - c + (2.0 * n - b + c) * null
    constant = -c * null * (1.0 - null)
    losing = (np.sqrt(np.maximum(linear**2 - 8.0 * n * constant, 0.0)) - linear) / (4.0 * n)
    variance = n * (2.0 * losing + null * (1.0 - null))
    above = b - c - n * null
    spread = np.sqrt(np.where(variance > 0.0, variance, 1.0))
    return np.where(variance > 0.0, above / spread, 0.0)


def _solve_tango(counts: tuple[float, float, float], z: float, outside: float) -> float:
    """The difference at which the score statistic, monotone in it, reaches z."""
    wins, losses, n = counts
    near, far = (wins - losses) / n, outside
    for _ in range(100):
        middle = (near + far) / 2.0
        statistic = float(tango_z(wins, losses, n, middle))
        if abs(statistic) < abs(z):
            near = middle
        else:
            far = middle
    return far


def _check_paired(counts: PairedCounts) -> None:
    if counts.n < 1:
        raise TooFewSamples("cannot compare pairs: no example (expected at least 1)")
    if min(counts.wins, counts.losses) < 0 or counts.wins + counts.losses > counts.n:
        raise StatisticsError(f"cannot compare pairs: {counts} (expected wins + losses <= n, none negative)")
