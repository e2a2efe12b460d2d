"""By how much does a candidate differ from a share of the baseline in each of many slices?

As `relative.relative_comparison`, slice by slice: the margin is that share of the slice's own baseline, which is as unsure as the
slice is small.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assay.stats.averaged_rates import all_rates
from assay.stats.distributions import FloatArray
from assay.stats.paired import ONE_MODEL_EACH, Clusters, tango_p, tango_z
from assay.stats.paired_ratios import RATIO_METHOD, ratio_p, ratio_score
from assay.stats.samples import Scores, as_matrix, is_binary, means
from assay.stats.slice_sums import slice_index, slice_sums
from assay.stats.slice_variance import slice_variance
from assay.stats.slices import Method, SliceTests, paired_slices
from assay.stats.tried_ratios import METHOD, ScoredRatios, score_ratios
from assay.stats.tried_slices import either, mean_differences, of_tries, score_decides, tried_tables

_NORMAL = 1e9
"""Degrees of freedom that stand for a normal test."""
_METHODS: dict[str, Method] = {
    "paired t": METHOD,
    "paired t, cluster-robust": "paired t, cluster-robust, or score test of the ratio where that is less sure",
    "crossed t": "crossed t, or score test of the ratio where that is less sure",
}


def relative_slices(
    candidate: Scores,
    baseline: Scores,
    index: NDArray[Any],
    slices: int,
    *,
    share: float,
    clusters: Clusters | None = None,
    alpha: float = 0.05,
    at_any_time: bool = False,
) -> SliceTests:
    """By how much does the candidate differ from (1 + share) x baseline in each slice? Arguments as `slices.paired_slices`.

    Args:
        candidate: as there.
        baseline: as there.
        index: as there.
        slices: as there.
        share: the margin as a share of the mean of each slice's baseline, negative for a loss where more is better.
        clusters: as there.
        alpha: as there.
        at_any_time: whether e-values will answer (`sequential_slices`), which start from means and spreads alone.

    Returns:
        Tests of that difference against 0; `shift` is the margin in the metric's units, so that effect + shift is candidate
        minus baseline.

    >>> a, b = np.array([[9.0], [11.0], [10.5], [9.5]]), np.array([[10.0], [10.0], [10.0], [10.0]])
    >>> t = relative_slices(a, b, np.zeros(4, dtype=int), 1, share=-0.1)
    >>> t.effect.tolist(), t.shift.tolist(), round(float(t.p_greater[0]), 3)
    ([1.0], [-1.0], 0.058)
    """
    a, b = as_matrix(candidate, "candidate"), as_matrix(baseline, "baseline")
    at = slice_index(index, b.shape[0], slices)
    binary = is_binary(a) and is_binary(b)
    if binary and a.shape == b.shape and a.shape[1] == 1 and clusters is None and share > -1.0:
        return _ratios(a[:, 0], b[:, 0], at, slices, share)
    level = np.bincount(at, means(b), slices) / np.maximum(np.bincount(at, minlength=slices), 1)
    share_at = np.where(level < 0.0, -share, share)
    found = paired_slices(a, b * (1.0 + share_at)[at][:, np.newaxis], at, slices, clusters=clusters)
    if share > -1.0 and share != 0.0 and not at_any_time and all_rates(a, b):
        found = _with_rates(found, a, b, at, share, clusters, alpha)
    if binary and any(why == "no spread" for _, why in found.untested):
        found = _with_unanimous(
            found, paired_slices(a, b, at, slices, clusters=clusters, null=max(share, -0.999))
        )
    return replace(found, shift=(share_at * level)[found.positions])


def _ratios(a: FloatArray, b: FloatArray, at: NDArray[np.intp], slices: int, share: float) -> SliceTests:
    table = np.bincount(at * 4 + (2 * a + b).astype(np.intp), minlength=4 * slices).reshape(slices, 4)
    n = table.sum(axis=1)
    losses, wins, both = (table[:, i].astype(np.float64) for i in (1, 2, 3))
    factor, size = 1.0 + share, np.maximum(n, 1).astype(np.float64)
    z, effect, se = ratio_score(both, wins, losses, size, factor)
    kept = np.flatnonzero((n > 0) & (se > 0.0))
    untested = tuple(
        (int(i), "empty" if n[i] == 0 else "no spread") for i in np.flatnonzero((n == 0) | (se <= 0.0))
    )
    p_greater, p_less = ratio_p(z, size, factor)
    return SliceTests(
        slices=slices,
        positions=kept,
        untested=untested,  # type: ignore[arg-type]  # one of two of the reasons
        n=n[kept],
        effect=effect[kept],
        se=se[kept],
        dof=np.full(kept.size, _NORMAL),
        counted=np.zeros(kept.size, dtype=bool),
        wins=np.zeros(kept.size, dtype=np.int64),
        losses=np.zeros(kept.size, dtype=np.int64),
        p_greater=p_greater[kept],
        p_less=p_less[kept],
        null=0.0,
        method=RATIO_METHOD,
        scope=ONE_MODEL_EACH,
        shift=(share * (both + losses) / size)[kept],
    )


def _with_rates(
    plain: SliceTests,
    a: FloatArray,
    b: FloatArray,
    at: NDArray[np.intp],
    share: float,
    clusters: Clusters | None,
    alpha: float,
) -> SliceTests:
    """The slices of rates that the score test decides, decided by it; those of which no example moved are evidence too."""
    factor, slices = 1.0 + share, plain.slices
    found = slice_variance((a, factor * b), at, slices, clusters)
    differences = mean_differences(a, b)
    ours, theirs = means(a), means(b)
    n = np.maximum(found.n, 1)
    both = slice_sums(np.minimum(ours, theirs), at, slices) / n
    tables = tried_tables(differences, ours - factor * theirs - found.mean[at], at, found, clusters)
    unmoved = (tables.wins + tables.losses <= 0.0) & (both > 0.0)
    alone = score_decides(differences, at, found, clusters)
    scored = score_ratios(both, tables, factor, alpha)
    if found.seeds and not alone.all():
        tries = of_tries(tables, found, min(a.shape[1], b.shape[1]))
        scored = either(alone, scored, score_ratios(both, tries, factor, alpha))
    decides = (found.units > 1) & alone & ((found.total > 0.0) | unmoved)
    surer = (
        np.minimum(plain.p_greater, plain.p_less)
        < np.minimum(scored.p_greater, scored.p_less)[plain.positions]
    )
    decides[plain.positions[surer]] |= ~alone[plain.positions[surer]]
    return _decided(replace(plain, method=_METHODS[plain.method]), found.units, scored, decides)


def _decided(
    plain: SliceTests, units: NDArray[np.int64], scored: ScoredRatios, decides: NDArray[np.bool_]
) -> SliceTests:
    """The tests with the answers of the score test in the slices that it decides, which may not have been tested before."""
    tested = np.zeros(plain.slices, dtype=bool)
    tested[plain.positions] = True
    positions = np.flatnonzero(tested | decides).astype(np.int64)
    none, normal = np.zeros(plain.slices), np.full(plain.slices, _NORMAL)

    def kept(name: str, ours: NDArray[Any]) -> Any:
        old = getattr(plain, name)
        column = np.zeros(plain.slices, dtype=old.dtype)
        column[plain.positions] = old
        return np.where(decides, ours, column).astype(old.dtype)[positions]

    return replace(
        plain,
        positions=positions,
        untested=tuple(one for one in plain.untested if not decides[one[0]]),
        n=kept("n", units),
        effect=kept("effect", scored.effect),
        se=kept("se", scored.se),
        dof=kept("dof", normal),
        counted=kept("counted", none),
        wins=kept("wins", none),
        losses=kept("losses", none),
        p_greater=kept("p_greater", scored.p_greater),
        p_less=kept("p_less", scored.p_less),
    )


def _with_unanimous(found: SliceTests, plain: SliceTests) -> SliceTests:
    """Slices that every seed lost, or won, on every example have no spread and are no less harmed: they are counted."""
    kept = np.isin(plain.positions, [at for at, why in found.untested if why == "no spread"]) & (
        plain.effect != 0.0
    )
    wins, losses, n = plain.wins[kept], plain.losses[kept], plain.n[kept]
    z = tango_z(wins, losses, n, plain.null)
    p_greater, p_less = tango_p(z, n, plain.null)
    distance = plain.effect[kept] - plain.null
    positions = np.concatenate([found.positions, plain.positions[kept]])
    order = np.argsort(positions)

    def both(name: str, added: Any) -> Any:
        return np.concatenate([getattr(found, name), added])[order]

    none = np.zeros(n.size, dtype=np.int64)
    return replace(
        found,
        positions=positions[order],
        untested=tuple(one for one in found.untested if one[0] not in set(positions.tolist())),
        n=both("n", n),
        effect=both("effect", distance),
        se=both("se", np.abs(distance / np.where(z == 0.0, 1.0, z))),
        dof=both("dof", np.full(n.size, _NORMAL)),
        counted=both("counted", none.astype(bool)),
        wins=both("wins", none),
        losses=both("losses", none),
        p_greater=both("p_greater", p_greater),
        p_less=both("p_less", p_less),
    )
