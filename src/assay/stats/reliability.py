"""How often does it work when tried again: at least once in k tries (pass@k), or in all of them (pass^k)?

Each task was tried n times; the share of tasks for which k tries would do is estimated without bias from the successes
among the n. Plugging the success rate into p^k instead overstates pass^k by four to six points.
"""

from __future__ import annotations

import math
from typing import Literal

import numpy as np

from assay.stats.distributions import FloatArray, beta_cdf, beta_upper, t_quantile
from assay.stats.estimates import Comparison, Estimate, Interval, ThresholdTest
from assay.stats.paired import ONE_MODEL_EACH
from assay.stats.proportions import exact_bounds
from assay.stats.resampling import RESAMPLES, paired_bootstrap
from assay.stats.samples import (
    Misaligned,
    Scores,
    StatisticsError,
    TooFewSamples,
    as_scores,
    check_alpha,
    is_binary,
    moments,
)

Kind = Literal["pass@k", "pass^k"]
METHOD = "Clopper-Pearson at the effective number of tasks"


def reliability_by_task(successes: Scores, trials: Scores, k: int, kind: Kind) -> FloatArray:
    """What is each task's chance that k tries do, estimated without bias?

    Args:
        successes: how many tries of each task worked.
        trials: how many tries each task had; they may differ, but every task needs at least k.
        k: tries that count, at least 1.
        kind: "pass@k" at least one of k works, 1 - C(n - c, k) / C(n, k); "pass^k" all of k work, C(c, k) / C(n, k).

    Raises:
        TooFewSamples: a task with fewer than k tries. Misaligned: other lengths. StatisticsError: counts that cannot be.

    Source: Chen et al. (2021), eq. 1 (pass@k); Yao et al. (2024), eq. 1 (pass^k).

    >>> reliability_by_task([2, 4, 0], [4, 4, 4], 2, "pass^k").round(4).tolist()
    [0.1667, 1.0, 0.0]
    >>> reliability_by_task([2, 4, 0], [4, 4, 4], 2, "pass@k").round(4).tolist()
    [0.8333, 1.0, 0.0]
    """
    c, n = as_scores(successes, "successes"), as_scores(trials, "trials")
    _check(c, n, k)
    chosen = c if kind == "pass^k" else n - c
    all_of_k = np.ones(c.size)
    for i in range(k):
        all_of_k *= np.maximum(chosen - i, 0.0) / (n - i)
    return all_of_k if kind == "pass^k" else 1.0 - all_of_k


def reliability_estimate(
    successes: Scores, trials: Scores, k: int, kind: Kind, *, alpha: float = 0.05
) -> Estimate:
    """What share of tasks would k tries do for, with the interval that one-sided decisions at alpha invert?

    Arguments and refusals as `reliability_by_task`. Tasks count as independent. The interval is Clopper-Pearson's at the
    number of pass/fail tasks that would give this spread between tasks, with Student's correction, and never more than
    the tries hold separate groups of k: it errs at most 6% of the time at alpha .05 from ten tasks on, whatever the
    tasks are like. (A bootstrap over 25 tasks misses the truth in 10-16% of the cases on the short side, and has no width
    at all when every task gives one value.) Source: Korn and Graubard (1998).

    >>> e = reliability_estimate([4] * 5 + [3] * 5 + [0] * 15, [4] * 25, 4, "pass^k")
    >>> round(e.value, 2), round(e.interval.low, 3), round(e.interval.high, 3)
    (0.2, 0.082, 0.375)
    """
    return _estimate(successes, trials, k, kind, alpha)[0]


def reliability_against_threshold(
    successes: Scores, trials: Scores, k: int, kind: Kind, threshold: float, *, alpha: float = 0.05
) -> ThresholdTest:
    """Is the share of tasks for which k tries do above, or below, a threshold (a fraction)?

    Everything else as `reliability_estimate`.

    >>> reliability_against_threshold([4] * 60, [4] * 60, 4, "pass^k", 0.95).answer("greater")
    'met'
    """
    if not 0.0 <= threshold <= 1.0:
        raise StatisticsError(
            f"cannot test a rate against {threshold!r} (expected a fraction between 0 and 1)"
        )
    estimate, size = _estimate(successes, trials, k, kind, alpha)
    hits = estimate.value * size
    return ThresholdTest(
        estimate=estimate,
        threshold=float(threshold),
        statistic=None,
        p_greater=1.0 if hits <= 0.0 else float(beta_cdf(threshold, hits, size - hits + 1.0)),
        p_less=1.0 if hits >= size else float(beta_upper(threshold, hits + 1.0, size - hits)),
        alpha=alpha,
        scope=ONE_MODEL_EACH,
    )


def reliability_bootstrap(
    successes: Scores,
    trials: Scores,
    k: int,
    kind: Kind,
    generator: np.random.Generator,
    *,
    resamples: int = RESAMPLES,
    alpha: float = 0.05,
) -> Comparison:
    """What does resampling tasks say of the same share? For display beside `reliability_estimate`; it does not decide.

    The effect is the share of tasks, compared with 0. Raises as `resampling.paired_bootstrap`, so also where all tasks
    give one value.
    """
    values = reliability_by_task(successes, trials, k, kind)
    return paired_bootstrap(values, np.zeros(values.size), generator, resamples=resamples, alpha=alpha)


def _estimate(successes: Scores, trials: Scores, k: int, kind: Kind, alpha: float) -> tuple[Estimate, float]:
    """The estimate, and the effective number of tasks behind its bounds."""
    check_alpha(alpha)
    values = reliability_by_task(successes, trials, k, kind)
    value, variance = (float(x) for x in moments(values))
    groups = float(np.floor(as_scores(trials) / k).sum())
    size = float(values.size)
    if not is_binary(values):  # else the tasks are plain pass/fail examples
        size = _effective_tasks(value, variance / values.size, values.size, groups, alpha)
    low, high = exact_bounds(value * size, size, alpha)
    interval = Interval(min(low, value), max(high, value), 1.0 - 2.0 * alpha)
    se = math.sqrt(variance / values.size) if variance > 0.0 else None
    return Estimate(value, interval, values.size, None, None, f"{kind}, {METHOD}", se), size


def _effective_tasks(value: float, variance: float, tasks: int, groups: float, alpha: float) -> float:
    if variance <= 0.0:
        return float(tasks)
    many = float(t_quantile(1.0 - alpha, max(groups - 1.0, 1.0)))
    few = float(t_quantile(1.0 - alpha, tasks - 1.0))
    return min(groups, max(1.0, value * (1.0 - value) / variance * (many / few) ** 2))


def _check(c: FloatArray, n: FloatArray, k: int) -> None:
    if c.size != n.size:
        raise Misaligned(
            f"cannot judge tasks: {c.size} counts of successes, {n.size} of tries (expected equal)"
        )
    if c.size == 0:
        raise TooFewSamples("cannot judge tasks: none (expected at least 1)")
    if int(k) != k or k < 1:
        raise StatisticsError(f"cannot judge {k!r} tries (expected a whole number from 1 up)")
    if np.any(c != np.floor(c)) or np.any(n != np.floor(n)) or np.any(c < 0.0) or np.any(c > n):
        raise StatisticsError(
            "cannot judge tasks: counts that cannot be (expected whole successes, 0..tries)"
        )
    if float(n.min()) < k:
        raise TooFewSamples(
            f"cannot judge {k} tries: task {int(np.argmin(n))} was tried {int(n.min())} times (expected at least {k})"
        )
