"""What does one curve say, read as it was declared?"""

from __future__ import annotations

import math

import numpy as np

from assay.domain.experiments.evidence import Curve, LastValue
from assay.domain.kernel.metrics import Direction
from assay.domain.kernel.readings import Reading, ReadingKind


def read_curve(curve: Curve, reading: Reading, direction: Direction | None) -> float | None:
    """The value of this curve that counts; None where it does not reach the step, has too few points, or nobody knows what better is.

    Of a curve of which only the last value was kept nothing else is known.

    May be non-finite: a curve that broke is never read as if it had not. The best of a curve is that of its finite values,
    and NaN where its last value is none.
    """
    if not curve.points:
        return None
    if reading.kind is ReadingKind.LAST:
        return curve.last
    if isinstance(curve, LastValue):
        return None
    if reading.kind is ReadingKind.STEP:
        return _at_step(curve, reading.amount)
    if reading.kind is ReadingKind.MEAN_OF_LAST:
        return None if curve.points < reading.amount else _mean(curve, reading.amount)
    return None if direction is None else _best(curve, direction)


def _at_step(curve: Curve, step: int) -> float | None:
    """The value logged at the step, else the one that stood then; None for a curve that ends or begins elsewhere."""
    steps = curve.steps
    place = int(np.searchsorted(steps, step, side="right")) - 1
    return None if place < 0 or steps[-1] < step else float(curve.values[place])


def _mean(curve: Curve, points: int) -> float:
    with np.errstate(over="ignore", invalid="ignore"):  # what is too large to add up is no finite number
        return float(np.mean(curve.values[-points:]))


def _best(curve: Curve, direction: Direction) -> float:
    values = curve.values[np.isfinite(curve.values)]
    if not values.size or not math.isfinite(curve.last):
        return math.nan
    return float(values.max() if direction is Direction.HIGHER else values.min())
