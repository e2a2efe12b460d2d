"""How is a number shown on pages, in reports and on the command line? Unknown is shown as unknown, never as zero."""

from __future__ import annotations

import math
from collections.abc import Callable

from assay.domain.experiments.criteria.model import Margin
from assay.domain.experiments.criteria.text import margin_text
from assay.domain.kernel.findings import ShownInterval
from assay.domain.kernel.metrics import Metric, Unit

UNKNOWN = "unknown"
_SIGNIFICANT = 4
_PERCENT_DECIMALS = 1
_LARGEST = 1e15
"""From here on a number is written with an exponent, whatever its metric says: its digits say nothing any more."""
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


def format_interval(interval: ShownInterval | None, form: Callable[[float], str]) -> str:
    """How is an interval shown: `85.2% to 87.0%`, `418 to 447 ms`, `at least 85.2%`, `unknown`?

    Args:
        interval: an end without bound is never zero.
        form: how one of its ends is shown.

    >>> interval = ShownInterval(low=418.0, high=None, confidence=0.9, label="90% two-sided (one-sided .05)")
    >>> format_interval(interval, lambda value: format_value(None, value))
    'at least 418'
    """
    low, high = (None, None) if interval is None else (interval.low, interval.high)
    if low is not None and high is not None:
        return f"{_without_shared_words(form(low), form(high))} to {form(high)}"
    if low is not None:
        return f"at least {form(low)}"
    return UNKNOWN if high is None else f"at most {form(high)}"


def _without_shared_words(low: str, high: str) -> str:
    """The unit is said once: `418 to 447 ms`."""
    number, _, words = low.partition(" ")
    return number if words and high.endswith(f" {words}") else low


def format_difference(metric: Metric | None, value: float | None) -> str:
    """How is a difference of two values shown: `+2.1 points`, `-12 ms`, `unknown`?"""
    if value is None or not math.isfinite(value):
        return format_value(metric, value)
    if metric is not None and metric.unit is Unit.FRACTION:
        return f"{_signed(_number(100 * value, metric.decimals, _PERCENT_DECIMALS))} points"
    return _signed(format_value(metric, value))


def format_relative(share: float | None) -> str:
    """How is a change relative to a baseline shown: `+24.6% relative`, `unknown`?

    >>> format_relative(0.246), format_relative(-0.5), format_relative(None)
    ('+24.6% relative', '-50.0% relative', 'unknown')
    """
    if share is None or not math.isfinite(share):
        return format_value(None, share)
    return f"{_signed(_number(100 * share, None, _PERCENT_DECIMALS))}% relative"


def format_spread(metric: Metric | None, value: float | None) -> str:
    """How is the width of a range of values shown, which has no sign: `0.8 points`, `12 ms`, `unknown`?"""
    return format_difference(metric, value).removeprefix("+")


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
    text = _significant(value) if places is None or abs(value) >= _LARGEST else f"{value:,.{places}f}"
    if value and not any(digit in text for digit in "123456789"):
        text = _significant(value)
    return text.removeprefix("-") if not value else text


def _significant(value: float) -> str:
    """Four significant digits without an exponent where that stays readable."""
    if value == 0:
        return "0"
    if not 1e-6 <= abs(value) < _LARGEST:
        return f"{value:.{_SIGNIFICANT - 1}e}"
    places = max(0, _SIGNIFICANT - 1 - math.floor(math.log10(abs(value))))
    text = f"{value:,.{places}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
