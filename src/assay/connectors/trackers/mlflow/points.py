"""From logged points to curves: one array for thousands of runs, then a slice of it for each metric of each run."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assay.connectors.trackers.mlflow.raw import clean_text, curve_in_mlflow_order, unclamped
from assay.domain.experiments.evidence import Curve, FloatArray, IntArray


def curves_of(
    groups: Iterable[tuple[Any, Any, int]], steps: IntArray, times_ms: IntArray, values: FloatArray
) -> Mapping[Any, dict[str, Curve]]:
    """Curves by run and metric, where each group (run, metric, count) names the next `count` points, ordered by step.

    >>> whole = np.arange(3)
    >>> found = curves_of([("r", "loss", 2), ("r", "acc", 1)], whole, whole, np.array([0.5, 0.25, 0.75]))
    >>> {name: curve.values.tolist() for name, curve in found["r"].items()}
    {'loss': [0.5, 0.25], 'acc': [0.75]}
    """
    found: dict[Any, dict[str, Curve]] = defaultdict(dict)
    runs, keys, counts = zip(*groups, strict=True) if (groups := list(groups)) else ((), (), ())
    ends = np.cumsum(np.array(counts, np.int64))
    values = unclamped(values)
    # Points of one step are rare (a metric logged again); only their curves need sorting.
    repeats = _curves_with_repeats(steps, ends)
    names = {key: clean_text(key) for key in set(keys)}
    whole = _bytes_of(np.array(counts, np.int64), steps, values, times_ms)
    start = 0
    for number, (run, key, end) in enumerate(zip(runs, keys, ends.tolist(), strict=True)):
        if number in repeats:
            curve = curve_in_mlflow_order(steps[start:end], values[start:end], times_ms[start:end])
        else:
            curve = Curve.of_bytes(whole[24 * start : 24 * end])
        found[run][names[key]] = curve
        start = end
    return found


def _bytes_of(counts: IntArray, steps: IntArray, values: FloatArray, times_ms: IntArray) -> bytes:
    """The bytes of all curves, one after the other, each as `Curve.to_bytes` gives them: made here at once, hashed and kept."""
    starts = np.cumsum(counts) - counts
    whole = np.empty(3 * len(steps), "<i8")
    place = np.arange(len(steps)) + np.repeat(2 * starts, counts)
    width = np.repeat(counts, counts)
    whole[place] = steps
    whole[place + width] = values.astype("<f8", copy=False).view("<i8")
    whole[place + 2 * width] = times_ms
    return whole.tobytes()


def curves_by_run(points: Sequence[tuple[Any, ...]]) -> Mapping[Any, dict[str, Curve]]:
    """Curves by run and metric, from points (run, metric, step, time, value or None) ordered by the first three."""
    if not points:
        return {}
    runs, keys, steps, times, values = zip(*points, strict=True)
    groups = [(run, key, count) for (run, key), count in Counter(zip(runs, keys, strict=True)).items()]
    return curves_of(groups, integers(steps), integers(times), floats(values))


def _curves_with_repeats(steps: IntArray, ends: IntArray) -> set[int]:
    """Which curves, by place, do not rise strictly from step to step?"""
    falls = np.flatnonzero(steps[1:] <= steps[:-1]) + 1
    places = np.searchsorted(ends, falls, side="right")
    starts = np.concatenate(([0], ends[:-1])) if len(ends) else ends
    return set(places[starts[places] != falls].tolist())


def floats(values: Sequence[Any]) -> NDArray[np.float64]:
    """Numbers as they are; NULL and whatever is no number become NaN, which never passes anything."""
    try:
        return np.array(values, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        return np.array([v if isinstance(v, int | float) else np.nan for v in values], dtype=np.float64)


def integers(values: Sequence[Any]) -> NDArray[np.int64]:
    """Integers as they are; whatever is none of 64 bits becomes zero."""
    try:
        return np.array(values, dtype=np.int64)
    except (TypeError, ValueError, OverflowError):
        return np.array([integer(v) or 0 for v in values], dtype=np.int64)


def integer(value: Any) -> int | None:
    """An integer of 64 bits, else None."""
    return value if isinstance(value, int) and -(2**63) <= value < 2**63 else None
