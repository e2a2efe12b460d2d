"""Is a pass rate beyond a multiple of another one on the same examples? The score test of their ratio."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from assay.stats.distributions import FloatArray, normal_cdf, normal_quantile
from assay.stats.estimates import Comparison, Interval
from assay.stats.paired import ONE_MODEL_EACH
from assay.stats.samples import Scores, TooFewSamples

RATIO_METHOD: Literal["score test of the ratio of paired rates"] = "score test of the ratio of paired rates"


@dataclass(frozen=True, slots=True)
class PairedTable:
    """On how many examples do both, only the candidate, only the baseline, or neither succeed?"""

    both: int
    wins: int
    losses: int
    neither: int

    @property
    def n(self) -> int:
        """All examples."""
        return self.both + self.wins + self.losses + self.neither


def paired_table(candidate: Scores, baseline: Scores) -> PairedTable:
    """Which of the four outcomes has each pair of pass/fail scores?"""
    a, b = (np.asarray(side, dtype=np.float64) > 0.0 for side in (candidate, baseline))
    return PairedTable(int((a & b).sum()), int((a & ~b).sum()), int((~a & b).sum()), int((~a & ~b).sum()))


def ratio_test(table: PairedTable, factor: float, *, alpha: float = 0.05) -> Comparison:
    """Is the candidate's pass rate beyond this multiple of the baseline's, on the same examples?

    The score test with the spread estimated under the null (Nam and Blackwelder 2002; Tang, Tang and Chan 2003). The effect is
    candidate minus factor x baseline, the interval is at that spread. p-values never fall below what winning every example
    would have, as in `paired.tango_p`.

    >>> found = ratio_test(PairedTable(43, 0, 1, 0), 0.9)
    >>> round(found.statistic, 2), round(found.p_greater, 4)
    (1.71, 0.0438)
    """
    n = table.n
    if n < 1:
        raise TooFewSamples("cannot compare pairs: no example (expected at least 1)")
    both, wins, losses = (np.array([float(x)]) for x in (table.both, table.wins, table.losses))
    z, effect, se = (float(x[0]) for x in ratio_score(both, wins, losses, np.array([float(n)]), factor))
    p_greater, p_less = (float(p[0]) for p in ratio_p(np.array([z]), np.array([float(n)]), factor))
    reach = float(normal_quantile(1.0 - alpha)) * se
    return Comparison(
        effect=effect,
        interval=Interval(effect - reach, effect + reach, 1.0 - 2.0 * alpha),
        n_candidate=n,
        n_baseline=n,
        se=se,
        dof=None,
        statistic=z,
        p_greater=p_greater,
        p_less=p_less,
        alpha=alpha,
        method=RATIO_METHOD,
        scope=ONE_MODEL_EACH,
    )


def ratio_p(z: FloatArray, n: FloatArray, factor: float) -> tuple[FloatArray, FloatArray]:
    """Which p-values, of "greater" and of "less", does a score z of n pairs have? Never below winning, or losing, every one of them."""
    above = max(factor, 0.0)
    floors = (above / (1.0 + above)) ** n, (1.0 / (1.0 + above)) ** n
    return np.maximum(normal_cdf(-z), floors[0]), np.maximum(normal_cdf(z), floors[1])


def ratio_score(
    both: FloatArray, wins: FloatArray, losses: FloatArray, n: FloatArray, factor: float
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """z, effect (candidate minus factor x baseline) and its standard error under the null, one entry a table.

    Under the null the share of examples that neither passes is the one seen, and the others follow from a quadratic.
    """
    effect = (both + wins - factor * (both + losses)) / n
    if factor <= 0.0:
        return np.where(effect > 0.0, 1e9, 0.0), effect, np.zeros(effect.shape)
    seen = (both + wins + losses) / n
    apart = seen * (1.0 - factor)
    a = factor * (1.0 + factor) * n * seen
    b = wins * (factor**2 * seen - apart * (1.0 + factor)) + losses * factor**2 * seen
    b = b - (1.0 + factor) * both * apart
    c = wins * apart * factor * seen
    safe = np.where(a > 0.0, a, 1.0)
    won = (b + np.sqrt(np.maximum(b * b + 4.0 * a * c, 0.0))) / (2.0 * safe)
    won = np.clip(won, np.maximum(0.0, -apart / factor), seen * factor / (1.0 + factor))
    variance = np.maximum(factor * (won * (1.0 + factor) + apart), 0.0) / n
    se = np.sqrt(variance)
    return np.where(se > 0.0, effect / np.where(se > 0.0, se, 1.0), 0.0), effect, se
