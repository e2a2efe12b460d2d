"""Would this rule of thumb have stopped the search after each of its values?

Each rule is answered after every value at once, from the values up to it alone. The verdict on a ticket takes the last
answer, a back-test takes them all, so both mean the same rule. Values that are no finite number never meet a rule of thumb;
`first_non_finite` is what finds them.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from assay.stats.samples import FloatArray
from assay.stats.trajectories import BoolArray

ROUNDING = 1e-9
"""Binary floating point: 0.85 - 0.84 is a hair above 0.01."""
LEAST_PEERS = 3
"""Fewer peers have no median worth following."""
Fall = Literal["fell", "never fell", "came back up", "diverged", "not known"]


def plateau_after_each(values: FloatArray, *, of: int, tolerance: float) -> BoolArray:
    """Did the last `of` values lie within the tolerance, after each of them?

    Args:
        values: shape (n,), in the metric's units.
        of: how many values the rule looks at, at least 2.
        tolerance: in the metric's units.

    >>> plateau_after_each(np.array([0.5, 0.84, 0.85, 0.845]), of=3, tolerance=0.01).tolist()
    [False, False, False, True]
    """
    met = np.zeros(len(values), dtype=np.bool_)
    if len(values) >= of:
        windows = np.lib.stride_tricks.sliding_window_view(values, of)
        with np.errstate(invalid="ignore"):
            met[of - 1 :] = windows.max(axis=1) - windows.min(axis=1) <= tolerance * (1.0 + ROUNDING)
    return met


def beyond(amounts: FloatArray, limit: float) -> BoolArray:
    """Is each amount (a gap to the target, compute spent) more than the limit, by more than rounding? Infinite gaps are no answer.

    >>> beyond(np.array([0.15, 0.16, np.nan, np.inf]), 0.15).tolist()
    [False, True, False, False]
    """
    with np.errstate(invalid="ignore"):
        return np.isfinite(amounts) & (amounts > limit * (1.0 + ROUNDING))


def first_non_finite(values: FloatArray) -> int | None:
    """Which is the first value that is no finite number? None when all are.

    >>> first_non_finite(np.array([1.0, np.nan, np.inf])), first_non_finite(np.array([1.0]))
    (1, None)
    """
    bad = np.flatnonzero(~np.isfinite(values))
    return int(bad[0]) if bad.size else None


def fall_after(steps: NDArray[np.int64], values: FloatArray, after_step: int) -> Fall:
    """Did a curve fall after a step?

    It fell when its last value lies below its value at that step, and never fell when no later value did; else it came
    back up. It is not known without a value on both sides.

    >>> fall_after(np.array([1, 2, 3]), np.array([0.9, 0.95, 0.91]), 1)
    'never fell'
    """
    order = np.argsort(steps, kind="stable")
    steps, values = steps[order], values[order]
    before, after = values[steps <= after_step], values[steps > after_step]
    if not before.size or not after.size:
        return "not known"
    if not (np.isfinite(before[-1]) and np.isfinite(after).all()):
        return "diverged"
    if after[-1] < before[-1]:
        return "fell"
    return "never fell" if after.min() >= before[-1] else "came back up"


def median_of_peers(averages: FloatArray) -> float | None:
    """The median of the peers' running averages, NaN for a peer that has not come so far; None where fewer than three have.

    Median stopping (Golovin et al. 2017): a run is stopped at a step when its best value so far is worse than this.

    >>> median_of_peers(np.array([0.5, 0.6, np.nan, 0.8])), median_of_peers(np.array([0.5, 0.6]))
    (0.6, None)
    """
    known = averages[np.isfinite(averages)]
    return float(np.median(known)) if known.size >= LEAST_PEERS else None


def running_average(steps: NDArray[Any], values: FloatArray, step: float) -> float:
    """The average of a curve up to a step (or up to a share of the budget); NaN when it has not come so far, or is not finite.

    >>> running_average(np.array([1, 2, 3]), np.array([0.2, 0.4, 0.9]), 2)
    0.30000000000000004
    """
    if not steps.size or steps.max() < step:
        return float("nan")
    # In one order, whatever order the points came in: the sum is the same to the last bit.
    known = np.sort(values[steps <= step])
    return float(known.mean()) if known.size and np.isfinite(known).all() else float("nan")


def median_stopping_of_batch(values: FloatArray, *, since: int) -> NDArray[np.int64]:
    """After which evaluation would median stopping stop each run of a batch that trains side by side?

    After every evaluation from `since` on, each run whose best value is worse than the median of the running averages of
    the others is stopped. Only the others that are still training have come so far; below three of them nobody is stopped.

    Args:
        values: shape (runs, evaluations), lower is better; a value that is no number counts as infinitely bad.
        since: first evaluation, from 1, after which runs may be stopped.

    Returns:
        number of evaluations each run makes, shape (runs,); all of them for a run that is never stopped.

    >>> curves = np.array([[3.0, 2.0, 1.0], [3.0, 2.1, 1.1], [3.0, 2.2, 1.2], [9.0, 9.0, 0.5]])
    >>> median_stopping_of_batch(curves, since=1).tolist()
    [3, 3, 3, 1]
    """
    finite = np.where(np.isfinite(values), values, np.inf)
    runs, evaluations = values.shape
    made = np.full(runs, evaluations, dtype=np.int64)
    best, averages = (
        np.minimum.accumulate(finite, axis=1),
        np.cumsum(finite, axis=1) / np.arange(1, evaluations + 1),
    )
    training = np.ones(runs, dtype=np.bool_)
    for at in range(since, evaluations):
        still = np.flatnonzero(training)
        for run in still.tolist():
            middle = median_of_peers(averages[still[still != run], at - 1])
            if middle is not None and best[run, at - 1] > middle:
                made[run], training[run] = at, False
    return made
