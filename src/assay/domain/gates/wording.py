"""How are values, differences and counts said in the sentences of a finding?"""

from __future__ import annotations

from collections.abc import Iterable

from assay.domain.experiments.display import format_difference, format_value
from assay.domain.kernel.metrics import Metric


def shown(value: float, metric: Metric) -> str:
    """How is a value of this metric written?

    >>> from assay.domain.kernel.metrics import Direction, Unit
    >>> shown(0.861, Metric(name="accuracy", direction=Direction.HIGHER, unit=Unit.FRACTION))
    '86.1%'
    """
    return format_value(metric, value)


def difference(value: float, metric: Metric) -> str:
    """How is a difference of two values of this metric written? Percentages differ by points."""
    return format_difference(metric, value)


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
