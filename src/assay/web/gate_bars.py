"""Intervals as bars against the number they have to clear: rows that measure the same share one scale."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from assay.domain.kernel.findings import ShownInterval
from assay.web import wording
from assay.web.contexts.gates import IntervalBar

_MARGIN = 0.06
_NARROWEST = 0.008


@dataclass(frozen=True, slots=True)
class Measure:
    """What one bar shows, in the metric's unit.

    Attributes:
        group: bars of one group share a scale.
        zero: whether no difference is a place worth marking.
        form: how its numbers are written.
    """

    group: str
    estimate: float | None
    interval: ShownInterval | None
    threshold: float | None
    zero: bool
    tone: str
    form: Callable[[float], str]

    def numbers(self) -> list[float]:
        """The finite numbers that have to fit on the scale."""
        ends = () if self.interval is None else (self.interval.low, self.interval.high)
        found = (self.estimate, self.threshold, *ends, 0.0 if self.zero else None)
        return [value for value in found if value is not None and math.isfinite(value)]


@dataclass(frozen=True, slots=True)
class _Scale:
    low: float
    high: float

    def at(self, value: float) -> float:
        return _MARGIN + (1 - 2 * _MARGIN) * (value - self.low) / (self.high - self.low)


def bars(measures: Sequence[Measure | None]) -> tuple[IntervalBar | None, ...]:
    """One bar a row; None where a row has no estimate or nothing to compare it with."""
    drawn = [one for one in measures if one is not None and _drawable(one)]
    scales = {group: _scale(one for one in drawn if one.group == group) for group in {m.group for m in drawn}}
    return tuple(
        None if one is None or not _drawable(one) else _bar(one, scales[one.group]) for one in measures
    )


def _drawable(one: Measure) -> bool:
    return one.estimate is not None and math.isfinite(one.estimate) and len(one.numbers()) > 1


def _scale(measures: Iterable[Measure]) -> _Scale:
    numbers = [value for one in measures for value in one.numbers()]
    low, high = min(numbers), max(numbers)
    if high == low:
        pad = abs(high) * 0.05 or 0.5
        return _Scale(low - pad, high + pad)
    return _Scale(low, high)


def _bar(one: Measure, scale: _Scale) -> IntervalBar:
    assert one.estimate is not None
    low, width = _range(one, scale)
    at = None if one.threshold is None else wording.percent_of_bar(scale.at(one.threshold))
    return IntervalBar(
        low=low,
        width=width,
        estimate=wording.percent_of_bar(scale.at(one.estimate)),
        threshold=at,
        zero=wording.percent_of_bar(scale.at(0.0)) if one.zero and one.threshold != 0.0 else None,
        tone=one.tone or "quiet",
        label=_label(one),
    )


def _range(one: Measure, scale: _Scale) -> tuple[str | None, str | None]:
    if one.interval is None:
        return None, None
    # An end without bound runs to the edge.
    low = 0.0 if one.interval.low is None else min(1.0, max(0.0, scale.at(one.interval.low)))
    high = 1.0 if one.interval.high is None else min(1.0, max(0.0, scale.at(one.interval.high)))
    if not (math.isfinite(low) and math.isfinite(high)):
        return None, None
    return wording.percent_of_bar(low), wording.percent_of_bar(max(_NARROWEST, high - low))


def _label(one: Measure) -> str:
    assert one.estimate is not None
    said = [one.form(one.estimate)]
    if one.interval is not None:
        low, high = one.interval.low, one.interval.high
        said.append(
            f"interval {'unbounded' if low is None else one.form(low)} to {'unbounded' if high is None else one.form(high)}"
        )
    if one.threshold is not None:
        said.append(f"to clear {one.form(one.threshold)}")
    return ", ".join(said)
