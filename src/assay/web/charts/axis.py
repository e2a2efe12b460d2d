"""How far does the axis of values reach, and what lies beyond it? One run that diverged must not flatten all others.

What is left out of the axis is said beside the chart, marked at its edge, and stands in the table: never hidden silently.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from assay.web.charts.curves import group_name
from assay.workflows.views import CurvePoints

FLATTENED = 100.0
"""Values this many times further off than three quarters of the others press those into a hundredth of the height."""
_PADDING = 0.04
_STEEP = 50.0
"""A line to a value beyond the axis is drawn to a place this many heights off: steep, and still a place that browsers can draw."""


@dataclass(frozen=True, slots=True)
class Axis:
    """A part of the axis of values, in the metric's unit."""

    low: float
    high: float

    def holds(self, value: float) -> bool:
        """Does the value stand on the axis?"""
        return self.low <= value <= self.high

    def drawn(self, value: float) -> float:
        """Where a line to this value is drawn: the value itself, or a place far beyond the edge on its side.

        >>> Axis(0.0, 1.0).drawn(0.5), Axis(0.0, 1.0).drawn(1e164)
        (0.5, 51.0)
        """
        far = _STEEP * (self.high - self.low)
        return min(max(value, self.low - far), self.high + far)


@dataclass(frozen=True, slots=True)
class Beyond:
    """A value that stands beyond the axis."""

    run: str
    group: str
    step: int
    value: float
    above: bool


def readable_axis(runs: Iterable[Sequence[float | None]], references: Iterable[float] = ()) -> Axis | None:
    """The axis on which healthy runs, target and baseline can be read; None where it holds every value anyway.

    Runs that broke off in a value that is no number do not set the scale, unless all of them broke: then the values near
    where they began do. A broken run may widen the axis by its height, so that one sees it leave.

    Args:
        runs: the values of every run, None for a value that is no number.
        references: what the axis holds in any case, such as target and baseline.
    """
    lines = [value for value in references if math.isfinite(value)]
    logged = [tuple(values) for values in runs]
    finite = [[value for value in values if value is not None] for values in logged]
    calm = [v for values in logged if None not in values for v in values if v is not None]
    everything = [value for values in finite for value in values]
    if not everything:
        return None
    if calm:
        kept = _not_flattening(calm, lines or [_median(calm)], share=0.75)
    else:
        began = _median([values[0] for values in finite if values])
        kept = _not_flattening(everything, lines or [began], share=0.25)
    low, high = min(*kept, *lines, kept[0]), max(*kept, *lines, kept[0])
    height = high - low or abs(high) or 1.0
    near = [value for value in everything if low - height <= value <= high + height]
    low, high = min(low, *near), max(high, *near)
    span = high - low or abs(high) or 1.0
    if len(near) == len(everything) or not math.isfinite(span):
        return None
    return Axis(low - _PADDING * span, high + _PADDING * span)


def _not_flattening(values: Sequence[float], anchors: Sequence[float], *, share: float) -> list[float]:
    """The values that leave this share of them readable, seen from where the numbers that matter are."""
    off = [min(abs(value - anchor) for anchor in anchors) for value in values]
    apart = sorted(distance for distance in off if distance > 0.0)
    if not apart:
        return list(values)
    limit = FLATTENED * max(apart[int((len(apart) - 1) * share)], max(anchors) - min(anchors))
    return [value for value, distance in zip(values, off, strict=True) if distance <= limit]


def _median(values: Sequence[float]) -> float:
    return sorted(values)[len(values) // 2]


def beyond(curves: Iterable[CurvePoints], axis: Axis | None) -> tuple[Beyond, ...]:
    """Every value that the axis does not hold, the runs in their order."""
    if axis is None:
        return ()
    return tuple(
        Beyond(curve.name or curve.run_id, group_name(curve), step, value, above=value > axis.high)
        for curve in curves
        for step, value in zip(curve.steps, curve.values, strict=True)
        if value is not None and not axis.holds(value)
    )
