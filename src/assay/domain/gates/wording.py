"""How are values, differences and counts said in the sentences of a finding?"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from assay.domain.experiments.display import format_difference, format_value
from assay.domain.experiments.exact_numbers import number_text
from assay.domain.kernel.metrics import Metric

_FEWEST_DIGITS, _MOST_DIGITS = 2, 9


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


def counts_as(metric: Metric) -> str:
    """Which value of a run counts, as a sentence says it: `accuracy counts as the value at step 1,000`."""
    return f"{metric.name} counts as {metric.reading.words}"


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


def hours(value: float, *, beside: float | None = None) -> str:
    """How are GPU-hours (or USD) written? With two significant digits, or whole from 100 on.

    More digits are shown where two would make the amount look like another one that it stands beside.

    >>> hours(0.000972), hours(18.4), hours(123.4), hours(48.3, beside=48.0)
    ('0.00097', '18', '123', '48.3')
    """
    text = _amount(value, _FEWEST_DIGITS)
    for digits in range(_FEWEST_DIGITS + 1, _MOST_DIGITS + 1):
        if beside is None or value == beside or text not in {_amount(beside, digits - 1), limit_text(beside)}:
            break
        text = _amount(value, digits)
    return text


def used_of(used: float, unit: str, *, budget: float | None = None, unknown_runs: int = 0) -> str:
    """How much was used, of how much? "At least" where some runs do not say.

    >>> used_of(18.4, "GPU-h"), used_of(300.0, "USD", budget=100.0, unknown_runs=1)
    ('18 GPU-h', 'at least 300 of 100 USD')
    """
    least = "at least " if unknown_runs else ""
    of = "" if budget is None else f" of {limit_text(budget)}"
    return f"{least}{hours(used, beside=budget)}{of} {unit}"


def limit_text(value: float) -> str:
    """How is an amount written that a person set: with the digits that were given?

    >>> limit_text(24.0), limit_text(7.25), limit_text(1500.0)
    ('24', '7.25', '1,500')
    """
    return _amount(value, _MOST_DIGITS)


def _amount(value: float, digits: int) -> str:
    whole = Decimal(f"{value:.{digits}g}") if abs(value) < 10.0**digits else Decimal(round(value))
    text = number_text(whole)
    return f"{int(whole):,}" if whole == whole.to_integral_value() else text
