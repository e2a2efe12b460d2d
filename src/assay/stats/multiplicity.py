"""Which findings stand when many were tested at once?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assay.stats.distributions import FloatArray
from assay.stats.samples import Scores, StatisticsError, as_scores


@dataclass(frozen=True, slots=True)
class Adjusted:
    """Which p-values stand after correction?

    Attributes:
        p_values: adjusted p-values, in the order given; compare them with the uncorrected level.
        rejected: whether each stands at `alpha`.
        alpha: family-wise error (Holm) or false discovery rate (Benjamini-Hochberg).
        method: the field's name.
    """

    p_values: tuple[float, ...]
    rejected: tuple[bool, ...]
    alpha: float
    method: str


def holm(p_values: Scores, *, alpha: float = 0.05) -> Adjusted:
    """Which hypotheses can be rejected with at most alpha chance of even one false rejection?

    Valid under any dependence. Source: Holm (1979).

    >>> holm([0.01, 0.04, 0.03]).p_values
    (0.03, 0.06, 0.06)
    """
    p = _as_probabilities(p_values)
    order = np.argsort(p, kind="stable")
    scaled = p[order] * (p.size - np.arange(p.size))
    return _restore(np.maximum.accumulate(scaled) if p.size else scaled, order, alpha, "Holm")


def holm_levels(p_values: FloatArray, rejected: NDArray[np.bool_], alpha: float) -> FloatArray:
    """At which level did Holm judge each hypothesis? alpha over as many as were not rejected before it.

    A two-sided interval at this level (or one-sided ones at half of it) excludes the null exactly where it was rejected.

    >>> holm_levels(np.array([0.01, 0.9, 0.02]), np.array([True, False, True]), 0.06).round(3).tolist()
    [0.02, 0.06, 0.03]
    """
    rank = np.empty(p_values.size)
    rank[np.argsort(p_values, kind="stable")] = np.arange(p_values.size)
    return np.asarray(alpha / (p_values.size - np.minimum(rank, np.count_nonzero(rejected))))


def benjamini_hochberg(p_values: Scores, *, alpha: float = 0.05) -> Adjusted:
    """Which hypotheses can be rejected with at most alpha false ones among them, on average?

    Valid under independence and positive dependence. Source: Benjamini and Hochberg (1995).
    """
    p = _as_probabilities(p_values)
    order = np.argsort(p, kind="stable")
    scaled = p[order] * p.size / np.arange(1, p.size + 1)
    return _restore(
        np.minimum.accumulate(scaled[::-1])[::-1] if p.size else scaled, order, alpha, "Benjamini-Hochberg"
    )


def _as_probabilities(p_values: Scores) -> FloatArray:
    p = as_scores(p_values, "p-values")
    if np.any((p < 0) | (p > 1)):
        raise StatisticsError("cannot correct p-values: one is outside 0..1 (expected probabilities)")
    return p


def _restore(
    ordered: FloatArray, order: np.ndarray[tuple[int], np.dtype[np.intp]], alpha: float, method: str
) -> Adjusted:
    adjusted = np.empty_like(ordered)
    adjusted[order] = np.minimum(ordered, 1.0)
    return Adjusted(tuple(adjusted.tolist()), tuple((adjusted <= alpha).tolist()), alpha, method)
