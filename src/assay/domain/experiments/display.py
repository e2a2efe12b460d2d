"""How is a number shown on pages, in reports and on the command line? Unknown is shown as unknown, never as zero."""

from __future__ import annotations

import math

from assay.domain.experiments.criteria.model import Margin
from assay.domain.experiments.criteria.text import margin_text
from assay.domain.kernel.findings import ShownInterval
from assay.domain.kernel.metrics import Metric, Unit

UNKNOWN = "unknown"
_SIGNIFICANT = 4
_PERCENT_DECIMALS = 1
_BARE = (Unit.NUMBER, Unit.COUNT)


def format_value(metric: Metric | None, value: float | None) -> str:
    """How is a value of this metric shown: `86.1%`, `431 ms`, `unknown`?

    A value that is not zero is never shown as zero; NaN and infinities are shown as what they are.

    >>> from assay.domain.kernel.metrics import Direction
    >>> accuracy = Metric(name="accuracy", direction=Direction.HIGHER, unit=Unit.FRACTION)
    >>> format_value(accuracy, 0.8612), format_value(accuracy, 0.00004), format_value(accuracy, None)
    ('86.1%', '0.004%', 'unknown')
    """
    if value is None:
        return UNKNOWN
    if not math.isfinite(value):
        return _not_finite(value)
    if metric is not None and metric.unit is Unit.FRACTION:
        return f"{_number(100 * value, metric.decimals, _PERCENT_DECIMALS)}%"
    number = _number(value, metric.decimals if metric else None, None)
    return number if metric is None or metric.unit in _BARE else f"{number} {metric.unit}"


def format_interval(metric: Metric | None, interval: ShownInterval | None) -> str:
    """How is an interval shown: `85.2% to 87.0%`, `at least 85.2%`, `unknown`? An end without bound is never zero.

    >>> interval = ShownInterval(low=418.0, high=None, confidence=0.9, label="90% two-sided (one-sided .05)")
    >>> format_interval(None, interval)
    'at least 418'
    """
    if interval is None or (interval.low is None and interval.high is None):
        return UNKNOWN
    if interval.high is None:
        return f"at least {format_value(metric, interval.low)}"
    if interval.low is None:
        return f"at most {format_value(metric, interval.high)}"
    return f"{format_value(metric, interval.low)} to {format_value(metric, interval.high)}"


def format_difference(metric: Metric | None, value: float | None) -> str:
    """How is a difference of two values shown: `+2.1 points`, `-12 ms`, `unknown`?"""
    if value is None or not math.isfinite(value):
        return format_value(metric, value)
    if metric is not None and metric.unit is Unit.FRACTION:
        return f"{_signed(_number(100 * value, metric.decimals, _PERCENT_DECIMALS))} points"
    return _signed(format_value(metric, value))


def format_margin(metric: Metric | None, margin: Margin) -> str:
    """How is a margin shown: `0.2 points`, `20 ms`, `2% relative`?"""
    if metric is not None and metric.unit is Unit.FRACTION and not margin.relative:
        return f"{margin_text(margin).removesuffix('%')} points"
    return margin_text(margin)


def _not_finite(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    return "infinite" if value > 0 else "minus infinite"


def _signed(text: str) -> str:
    return text if text.startswith("-") or (text[:1] == "0" and not text.strip("0.%")) else f"+{text}"


def _number(value: float, decimals: int | None, default: int | None) -> str:
    places = decimals if decimals is not None else default
    text = _significant(value) if places is None else f"{value:,.{places}f}"
    if value and not any(digit in text for digit in "123456789"):
        text = _significant(value)
    return text.removeprefix("-") if not value else text


def _significant(value: float) -> str:
    """Four significant digits without an exponent where that stays readable."""
    if value == 0:
        return "0"
    if not 1e-6 <= abs(value) < 1e15:
        return f"{value:.{_SIGNIFICANT - 1}e}"
    places = max(0, _SIGNIFICANT - 1 - math.floor(math.log10(abs(value))))
    text = f"{value:,.{places}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
