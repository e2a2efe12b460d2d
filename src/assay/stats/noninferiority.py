"""Is the candidate no worse than the baseline by more than a margin fixed beforehand?

"No significant drop" is not this: a model two points worse passes that gate 89% of the time at 200 examples.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from assay.stats.averaged_rates import shared_examples
from assay.stats.crossed import crossed_comparison
from assay.stats.estimates import Answer, Comparison
from assay.stats.paired import Clusters
from assay.stats.samples import Scores, StatisticsError
from assay.stats.welch import welch_comparison


@dataclass(frozen=True, slots=True)
class NonInferiority:
    """Is harm beyond the margin ruled out, shown, or neither?

    Attributes:
        comparison: effect (candidate minus baseline), its interval and both p-values against the margin.
        margin: largest tolerated harm, positive, in the metric's own units.
        higher_is_better: direction of the metric.
        p_noninferior: one-sided p-value of "not worse by the margin or more".
        p_inferior: one-sided p-value of "worse by more than the margin".
    """

    comparison: Comparison
    margin: float
    higher_is_better: bool
    p_noninferior: float
    p_inferior: float

    def answer(self, alpha: float | None = None) -> Answer:
        """Met when harm of the margin is ruled out, not_met when harm beyond it is shown, else unclear."""
        return self.comparison.answer("greater" if self.higher_is_better else "less", alpha)


def noninferior_seeds(
    candidate: Scores, baseline: Scores, margin: float, *, higher_is_better: bool, alpha: float = 0.05
) -> NonInferiority:
    """Is the candidate no worse, judged by one score a seed in each arm? Refusals as `welch.welch_comparison`.

    >>> noninferior_seeds([0.80, 0.81, 0.82], [0.81, 0.80, 0.82], 0.05, higher_is_better=True).answer()
    'met'
    """
    null = _null(margin, higher_is_better=higher_is_better)
    return _judge(welch_comparison(candidate, baseline, alpha=alpha, null=null), margin, higher_is_better)


def noninferior_examples(
    candidate: Scores,
    baseline: Scores,
    margin: float,
    *,
    higher_is_better: bool,
    clusters: Clusters | None = None,
    alpha: float = 0.05,
) -> NonInferiority:
    """Is one model no worse than another on the same examples? Refusals as `paired.paired_comparison`.

    Pass/fail scores use Tango's score test (averages of tries too, `averaged_rates`), others the paired t (cluster-robust where examples share a source).
    """
    null = _null(margin, higher_is_better=higher_is_better)
    result = shared_examples(candidate, baseline, clusters=clusters, alpha=alpha, null=null)
    return _judge(result, margin, higher_is_better)


def noninferior_method(
    candidate: Scores,
    baseline: Scores,
    margin: float,
    *,
    higher_is_better: bool,
    clusters: Clusters | None = None,
    alpha: float = 0.05,
) -> NonInferiority:
    """Is a method no worse, from several seeds on shared examples? Matrices (examples, seeds), as `crossed`."""
    null = _null(margin, higher_is_better=higher_is_better)
    result = crossed_comparison(candidate, baseline, clusters=clusters, alpha=alpha, null=null)
    return _judge(result, margin, higher_is_better)


def _null(margin: float, *, higher_is_better: bool) -> float:
    if not (math.isfinite(margin) and margin > 0.0):
        raise StatisticsError(
            f"cannot use margin {margin!r} (expected a positive number in the metric's units)"
        )
    return -margin if higher_is_better else margin


def _judge(comparison: Comparison, margin: float, higher_is_better: bool) -> NonInferiority:  # noqa: FBT001
    p_good, p_bad = comparison.p_greater, comparison.p_less
    if not higher_is_better:
        p_good, p_bad = p_bad, p_good
    return NonInferiority(comparison, margin, higher_is_better, p_good, p_bad)
