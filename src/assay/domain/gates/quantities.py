"""What is a written number in the unit of the metric that it is compared with?"""

from __future__ import annotations

from assay.domain.experiments.criteria.model import Margin, Quantity
from assay.domain.kernel.metrics import Metric, Unit

_SECONDS = {Unit.MILLISECONDS: 0.001, Unit.SECONDS: 1.0, Unit.MINUTES: 60.0, Unit.HOURS: 3600.0}
_COUNTED = {Unit.NUMBER, Unit.COUNT, Unit.TOKENS}
_NON_NEGATIVE = {Unit.COUNT, Unit.TOKENS, Unit.MEGABYTES, Unit.GPU_HOURS, *_SECONDS}
LARGEST = 1e100
"""Squares of larger values would overflow."""


def in_unit_of(quantity: Quantity | Margin, metric: Metric) -> float | None:
    """The number in the metric's unit; None when the units cannot be compared. A plain number is in the metric's unit.

    >>> from decimal import Decimal
    >>> from assay.domain.kernel.metrics import Direction
    >>> latency = Metric(name="latency", direction=Direction.LOWER, unit=Unit.MILLISECONDS)
    >>> in_unit_of(Quantity(value=Decimal("0.5"), unit=Unit.SECONDS), latency)
    500.0
    """
    value, unit = quantity.value, quantity.unit
    if unit is metric.unit or unit is Unit.NUMBER or (unit in _COUNTED and metric.unit in _COUNTED):
        return float(value)
    if unit in _SECONDS and metric.unit in _SECONDS:
        return float(value) * _SECONDS[unit] / _SECONDS[metric.unit]
    return None


def margin_of(margin: Margin, metric: Metric, baseline: float | None) -> float | None:
    """The margin in the metric's unit; a relative one is that share of the baseline, None while that is unknown."""
    if margin.relative:
        return None if baseline is None else float(margin.value) * abs(baseline)
    return in_unit_of(margin, metric)


def out_of_range(value: float, metric: Metric) -> str | None:
    """Why this value cannot be one of the metric, or None when it can."""
    if abs(value) > LARGEST:
        return f"{value:.6g} is too large to compute with"
    if metric.unit is Unit.FRACTION and not 0.0 <= value <= 1.0:
        percent = " (a percentage where a fraction is meant?)" if 1.0 < value <= 100.0 else ""
        return f"{value:.6g} is not a fraction between 0 and 1{percent}"
    if metric.unit in _NON_NEGATIVE and value < 0.0:
        return f"{value:.6g} is negative"
    return None
