"""How are values, differences and counts said in the sentences of a finding?"""

from __future__ import annotations

from collections.abc import Iterable

from assay.domain.kernel.metrics import Metric, Unit

_PLAIN = (Unit.NUMBER, Unit.COUNT, Unit.FRACTION)


def shown(value: float, metric: Metric) -> str:
    """How is a value of this metric written?

    >>> from assay.domain.kernel.metrics import Direction
    >>> shown(0.861, Metric(name="accuracy", direction=Direction.HIGHER, unit=Unit.FRACTION))
    '86.1%'
    """
    if metric.unit is Unit.FRACTION:
        return f"{_digits(100.0 * value, metric.decimals, 1)}%"
    text = _digits(value, metric.decimals, None)
    return text if metric.unit in _PLAIN else f"{text} {metric.unit.value}"


def difference(value: float, metric: Metric) -> str:
    """How is a difference of two values of this metric written? Percentages differ by points."""
    if metric.unit is Unit.FRACTION:
        return f"{_signed(_digits(100.0 * value, metric.decimals, 1))} points"
    return _signed(shown(value, metric))


def count(amount: int, noun: str) -> str:
    """How many of these?

    >>> count(1, "seed"), count(1996, "example")
    ('1 seed', '1,996 examples')
    """
    return f"{amount:,} {noun}{'' if amount == 1 else 's'}"


def listed(items: Iterable[str], most: int = 5) -> str:
    """A list for a sentence, cut short with how many more there are."""
    names = list(items)
    if len(names) <= most:
        return ", ".join(names)
    return f"{', '.join(names[:most])} and {len(names) - most:,} more"


def hours(value: float) -> str:
    """How are GPU-hours written?"""
    return f"{value:.3g}" if value < 1000 else f"{value:,.0f}"


def _digits(value: float, decimals: int | None, default: int | None) -> str:
    places = default if decimals is None else decimals
    text = f"{value:,.{places}f}" if places is not None else _significant(value)
    # A small rate must not read as 0 when it is not.
    if places is not None and value and not float(text.replace(",", "")):
        text = f"{value:.2g}"
    return "0" if text in {"-0", "-0.0"} else text


def _significant(value: float) -> str:
    return f"{value:,.0f}" if 10_000 <= abs(value) < 1e15 else f"{value:.4g}"


def _signed(text: str) -> str:
    return text if text.startswith("-") else f"+{text}"
