"""By how much do two arms differ in each of many slices? One pass over the rows for thousands of slices.

Every slice gets the test that the whole set would get (`paired.paired_comparison`, `crossed.crossed_comparison`,
`welch.welch_comparison`), computed for all slices at once from their sums. What counts as harm in a slice, corrected for
how many are looked at, is `slice_alarms`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from assay.stats.averaged_rates import METHOD as TRIED
from assay.stats.distributions import (
    FloatArray,
    binomial_at_least,
)
from assay.stats.estimates import Scope
from assay.stats.means import one_sample_core
from assay.stats.paired import ONE_MODEL_EACH, Clusters, tango_p, tango_z
from assay.stats.samples import (
    Misaligned,
    Scores,
    StatisticsError,
    TooFewSamples,
    as_matrix,
    as_numbers,
    is_binary,
)
from assay.stats.slice_sums import IntArray, slice_index, slice_moments
from assay.stats.slice_variance import slice_variance
from assay.stats.tried_slices import TriedSlices, tried_slices
from assay.stats.welch import welch_core

WhyNot = Literal["empty", "too few examples", "no spread"]
Method = Literal[
    "Welch t",
    "paired t",
    "paired t, cluster-robust",
    "crossed t",
    "exact McNemar",
    "Tango score",
    "score test of the ratio of paired rates",
    "Tango score at the effective number of examples",
    "score test of the ratio at the effective number of examples",
    "paired t, cluster-robust, or score test of the ratio where that is less sure",
    "crossed t, or score test of the ratio where that is less sure",
]


@dataclass(frozen=True, slots=True, eq=False)
class SliceTests:
    """How does the candidate stand against the baseline in each slice that could be tested?

    Every array has one entry a *tested* slice, in the order of `positions`.

    Attributes:
        slices: how many slices there are, tested or not.
        positions: numbers of the tested slices, increasing.
        untested: (number, reason) of each other slice.
        n: independent examples (clusters) in the slice; the smaller arm for Welch.
        effect: candidate minus baseline, in the metric's units.
        se: standard error of the effect; 0 where pairs were counted.
        dof: its degrees of freedom; infinite where pairs were counted (never shown).
        counted: whether the slice was judged by counting pass/fail pairs, not by a t statistic.
        wins: examples that only the candidate passes, at the effective number where that decides; 0 where a t does.
        losses: the same of the baseline.
        p_greater: one-sided p-value of the claim "effect greater than `null`".
        p_less: one-sided p-value of the claim "effect less than `null`".
        null: value of the effect tested against.
        method: the field's name of the method.
        scope: what the answers are about.
        at_any_time: whether the p-values hold however often one looks (`sequential_slices`).
        shift: what of the effect, in the metric's units, is left out of `effect` because the candidate was compared with a
            multiple of the baseline (`relative_slices`); None where it was compared with the baseline itself.
        effective: as many right-or-wrong examples the slice counts as, where Tango's score test at that number decides
            (`tried_slices`), else 0; None where it decides no slice.
        moves: by how much one example can move, in the metric's units, where slices of identical scores are counted; None
            where every counted score is right or wrong.
    """

    slices: int
    positions: IntArray
    untested: tuple[tuple[int, WhyNot], ...]
    n: IntArray
    effect: FloatArray
    se: FloatArray
    dof: FloatArray
    counted: NDArray[np.bool_]
    wins: IntArray | FloatArray
    losses: IntArray | FloatArray
    p_greater: FloatArray
    p_less: FloatArray
    null: float
    method: Method
    scope: Scope
    at_any_time: bool = False
    shift: FloatArray | None = None
    effective: FloatArray | None = None
    moves: FloatArray | None = None

    @property
    def scored(self) -> NDArray[np.bool_]:
        """Which slices were decided by counts, at their number or at the effective one."""
        return self.counted if self.effective is None else self.counted | (self.effective > 0.0)

    @property
    def size(self) -> FloatArray:
        """The examples that counts are out of: the effective number where that decides."""
        n = self.n.astype(np.float64)
        return n if self.effective is None else np.where(self.effective > 0.0, self.effective, n)


def welch_slices(
    candidate: Scores,
    candidate_index: NDArray[Any],
    baseline: Scores,
    baseline_index: NDArray[Any],
    slices: int,
    *,
    null: float = 0.0,
) -> SliceTests:
    """By how much do two unpaired arms differ in each slice? Welch's t, as `welch.welch_comparison` in each.

    Args:
        candidate: shape (rows,), one score a row, in the metric's units.
        candidate_index: slice number, 0..slices-1, of each of these rows.
        baseline: the same of the other arm; rows need not match.
        baseline_index: the same of the other arm.
        slices: how many slices there are.
        null: effect tested against.

    Raises:
        NotFinite, Misaligned, StatisticsError: as `slice_sums.slice_moments`.

    Assumes independent rows in each arm. Source: Welch (1947).

    >>> t = welch_slices([1.0, 2.0, 4.0], np.array([0, 0, 0]), [0.0, 1.0, 1.0], np.array([0, 0, 0]), 2)
    >>> t.positions.tolist(), t.untested, t.effect.round(4).tolist(), t.p_greater.round(4).tolist()
    ([0], ((1, 'empty'),), [1.6667], [0.0954])
    """
    _check_null(null)
    a = slice_moments(as_numbers(candidate, "candidate"), candidate_index, slices, name="candidate")
    b = slice_moments(as_numbers(baseline, "baseline"), baseline_index, slices, name="baseline")
    fewest = np.minimum(a.n, b.n)
    tested, untested = _testable(fewest, (a.variance > 0.0) | (b.variance > 0.0))
    arms = [(m.mean[tested], m.variance[tested], m.n[tested]) for m in (a, b)]
    effect, se, dof, p_greater, p_less = welch_core(*arms, null=null)
    return SliceTests(
        slices=slices,
        positions=tested,
        untested=untested,
        n=fewest[tested],
        effect=effect,
        se=se,
        dof=dof,
        counted=np.zeros(tested.size, dtype=bool),
        wins=np.zeros(tested.size, dtype=np.int64),
        losses=np.zeros(tested.size, dtype=np.int64),
        p_greater=p_greater,
        p_less=p_less,
        null=null,
        method="Welch t",
        scope="the method",
    )


def paired_slices(
    candidate: Scores | Sequence[Sequence[float]],
    baseline: Scores | Sequence[Sequence[float]],
    index: NDArray[Any],
    slices: int,
    *,
    clusters: Clusters | None = None,
    null: float = 0.0,
    alpha: float = 0.05,
    moves: float | None = None,
) -> SliceTests:
    """By how much does the candidate differ from the baseline in each slice, on the same examples?

    Args:
        candidate: shape (examples,) or (examples, seeds), in the metric's units.
        baseline: the same examples in the same rows; it may have another number of seeds.
        index: slice number, 0..slices-1, of each example.
        slices: how many slices there are.
        clusters: the source of each example, if some share one.
        null: effect tested against (minus the margin for harm beyond it, where more is better).
        alpha: one-sided error that the spread of rates in tries is trusted for.
        moves: by how much one example can move, in the metric's units: slices of identical scores are then counted as no
            example of them having moved; None leaves them untested where scores are other than right and wrong.

    Raises:
        Misaligned: other examples in the two arms. NotFinite: not a number. StatisticsError: a null that cannot be.

    One seed of pass/fail scores: exact McNemar (null 0) or Tango's score test (another null). One seed of other scores,
    or clusters: the paired t. Several seeds: the crossed variance of `crossed`, slice by slice. Rates in tries, and others near
    the end of their range, against another null than 0: the score test at the effective number of examples. Pass/fail slices without
    any spread (every example lost by every seed) are counted too, each example or cluster once. Other slices without
    spread, and slices of one example, are not tested and say why.

    >>> t = paired_slices([1, 1, 1, 0, 1], [0, 0, 0, 0, 1], np.array([0, 0, 0, 0, 1]), 2)
    >>> t.method, t.wins.tolist(), t.p_greater.tolist()
    ('exact McNemar', [3, 0], [0.125, 1.0])
    """
    _check_null(null)
    a, b = as_matrix(candidate, "candidate"), as_matrix(baseline, "baseline")
    if a.shape[0] != b.shape[0]:
        raise Misaligned(
            f"cannot compare: {a.shape[0]} and {b.shape[0]} examples (expected the same examples)"
        )
    if a.shape[1] < 1 or b.shape[1] < 1:
        raise TooFewSamples("cannot compare: an arm has no seed (expected at least 1)")
    index = slice_index(index, a.shape[0], slices)
    one_each = a.shape[1] == b.shape[1] == 1
    if one_each and clusters is None and is_binary(a) and is_binary(b):
        return _pass_fail(a[:, 0] - b[:, 0], index, slices, null)
    return _crossed(a, b, index, slices, clusters, null, alpha, moves)


def joined(families: Sequence[SliceTests]) -> SliceTests:
    """Several ways of slicing the same examples as one family: slices are numbered on from one to the next.

    Raises:
        StatisticsError: no family, or families tested against different nulls or by different methods.
    """
    kinds = {(family.null, family.method, family.scope) for family in families}
    if len(kinds) != 1:
        raise StatisticsError(
            f"cannot join {len(families)} families of slices: {len(kinds)} kinds (expected 1)"
        )
    null, method, scope = kinds.pop()
    starts = np.cumsum([0, *(family.slices for family in families)]).tolist()
    untested = tuple(
        (number + start, why)
        for family, start in zip(families, starts, strict=False)
        for number, why in family.untested
    )
    positions = [family.positions + start for family, start in zip(families, starts, strict=False)]

    def all_of(name: str) -> Any:
        return np.concatenate([getattr(family, name) for family in families])

    return SliceTests(
        slices=starts[-1],
        positions=np.concatenate(positions),
        untested=untested,
        n=all_of("n"),
        effect=all_of("effect"),
        se=all_of("se"),
        dof=all_of("dof"),
        counted=all_of("counted"),
        wins=all_of("wins"),
        losses=all_of("losses"),
        p_greater=all_of("p_greater"),
        p_less=all_of("p_less"),
        null=null,
        method=method,
        scope=scope,
        shift=None if families[0].shift is None else all_of("shift"),
        effective=_filled(families, "effective", 0.0),
        moves=_filled(families, "moves", 1.0),
    )


def _filled(families: Sequence[SliceTests], name: str, empty: float) -> FloatArray | None:
    """What some families say of their slices, and others leave out."""
    told = [getattr(family, name) for family in families]
    if all(each is None for each in told):
        return None
    parts = [
        np.full(family.n.size, empty) if each is None else each
        for family, each in zip(families, told, strict=True)
    ]
    return np.concatenate(parts)


def mcnemar_many(wins: IntArray, losses: IntArray) -> tuple[FloatArray, FloatArray]:
    """What are both one-sided exact McNemar p-values of many tables at once? As `paired.exact_mcnemar` for each.

    >>> mcnemar_many(np.array([1, 0]), np.array([7, 0]))[1].tolist()
    [0.03515625, 1.0]
    """
    discordant = wins + losses
    return binomial_at_least(wins, discordant, 0.5), binomial_at_least(losses, discordant, 0.5)


def _pairs_p(wins: IntArray, losses: IntArray, n: IntArray, null: float) -> tuple[FloatArray, FloatArray]:
    if not -1.0 < null < 1.0:
        raise StatisticsError(
            f"cannot test a difference of rates against {null!r} (expected between -1 and 1)"
        )
    if null == 0.0:
        return mcnemar_many(wins, losses)
    return tango_p(tango_z(wins, losses, n, null), n, null)


def _pass_fail(difference: FloatArray, index: NDArray[np.intp], slices: int, null: float) -> SliceTests:
    # One count of (slice, loss | tie | win) says it all.
    cells = index * 3 + difference.astype(np.intp) + 1
    table = np.bincount(cells, minlength=3 * slices).reshape(slices, 3).astype(np.int64)
    n = table.sum(axis=1)
    tested, untested = _testable(n, np.ones(slices, dtype=bool), least=1)
    n, wins, losses = n[tested], table[tested, 2], table[tested, 0]
    p_greater, p_less = _pairs_p(wins, losses, n, null)
    return SliceTests(
        slices=slices,
        positions=tested,
        untested=untested,
        n=n,
        effect=(wins - losses) / n,
        se=np.zeros(n.size),
        dof=np.full(n.size, np.inf),
        counted=np.ones(n.size, dtype=bool),
        wins=wins,
        losses=losses,
        p_greater=p_greater,
        p_less=p_less,
        null=null,
        method="exact McNemar" if null == 0.0 else "Tango score",
        scope=ONE_MODEL_EACH,
    )


def _crossed(
    a: FloatArray,
    b: FloatArray,
    index: NDArray[np.intp],
    slices: int,
    clusters: Clusters | None,
    null: float,
    alpha: float,
    moves: float | None,
) -> SliceTests:
    found = slice_variance((a, b), index, slices, clusters)
    variance, binary = found.total, is_binary(a) and is_binary(b)
    same = _identical(a, b, index, found.n) if moves and not binary else np.zeros(slices, dtype=bool)
    tested, untested = _testable(found.units, (variance > 0.0) | binary | same)
    n, effect, se = found.units[tested], found.mean[tested], np.sqrt(variance[tested])
    counted = se <= 0.0
    wins, losses = (
        np.where(counted, np.floor(n * np.maximum(e, 0.0)), 0).astype(np.int64) for e in (effect, -effect)
    )
    dof = np.where(counted, np.inf, found.dof[tested])
    _, p_greater, p_less = one_sample_core(effect, se, dof, null)
    far = moves if moves and same.any() else 1.0
    if counted.any():
        exact = _none_moved(n, null / far) if same.any() else _pairs_p(wins, losses, n, null)
        p_greater, p_less = np.where(counted, exact[0], p_greater), np.where(counted, exact[1], p_less)
    method: Method = "crossed t"
    if not found.seeds:
        method = "paired t" if clusters is None else "paired t, cluster-robust"
    plain = SliceTests(
        slices=slices,
        positions=tested,
        untested=untested,
        n=n,
        effect=effect,
        se=se,
        dof=dof,
        counted=counted,
        wins=wins,
        losses=losses,
        p_greater=p_greater,
        p_less=p_less,
        null=null,
        method=method,
        scope="the method" if found.seeds and found.every_arm else ONE_MODEL_EACH,
        moves=np.full(n.size, far) if same.any() else None,
    )
    tried = tried_slices(a, b, index, found, clusters=clusters, null=null, alpha=alpha)
    return plain if tried is None else _with_tried(plain, tried)


def _with_tried(plain: SliceTests, tried: TriedSlices) -> SliceTests:
    """The slices that the score test decides, decided by it."""
    at = plain.positions
    decides = tried.deciding(at, plain.p_greater, plain.p_less)

    def kept(name: str, scored: FloatArray) -> FloatArray:
        return np.where(decides, scored[at], getattr(plain, name))

    return replace(
        plain,
        wins=kept("wins", tried.wins),
        losses=kept("losses", tried.losses),
        p_greater=kept("p_greater", tried.p_greater),
        p_less=kept("p_less", tried.p_less),
        effective=np.where(decides, tried.size[at], 0.0),
        method=TRIED if plain.method == "paired t" else plain.method,
    )


def _identical(a: FloatArray, b: FloatArray, index: NDArray[np.intp], n: IntArray) -> NDArray[np.bool_]:
    """In which slices has every example the same scores on both sides, seed by seed?"""
    if a.shape != b.shape:
        return np.zeros(n.size, dtype=bool)
    moved = np.bincount(index, (a != b).any(axis=1), n.size)
    return np.asarray((n > 1) & (moved == 0))


def _none_moved(n: IntArray, null: float) -> tuple[FloatArray, FloatArray]:
    """None of n examples moved: no surer than the exact chance of that, were it the share that the null says."""
    share, none = min(abs(null), 1.0 - 1e-9), np.zeros(n.size, dtype=np.int64)
    greater, less = _pairs_p(none, none, n, math.copysign(share, null) if null else 0.0)
    exact = (1.0 - share) ** n
    return (np.maximum(greater, exact), less) if null < 0.0 else (greater, np.maximum(less, exact))


def _testable(
    n: IntArray, spread: NDArray[np.bool_], least: int = 2
) -> tuple[IntArray, tuple[tuple[int, WhyNot], ...]]:
    enough = n >= least
    untested: list[tuple[int, WhyNot]] = []
    for number in np.flatnonzero(~(enough & spread)).tolist():
        why: WhyNot = "empty" if n[number] == 0 else "no spread" if enough[number] else "too few examples"
        untested.append((number, why))
    return np.flatnonzero(enough & spread).astype(np.int64), tuple(untested)


def _check_null(null: float) -> None:
    if not np.isfinite(null):
        raise StatisticsError(f"cannot test slices against {null!r} (expected a finite number)")
