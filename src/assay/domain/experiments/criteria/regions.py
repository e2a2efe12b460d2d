"""Which values would meet a criterion? Intervals of the number line, for finding criteria that are at odds."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from assay.domain.experiments.criteria.model import (
    Comparison,
    Percentile,
    ResourceUse,
    Spread,
    Test,
    Threshold,
)
from assay.domain.experiments.exact_numbers import number_text
from assay.domain.kernel.metrics import Metric, Unit

_INFINITY = Decimal("Infinity")
_WIDEST = Decimal("0.5")
"""Largest standard deviation that something between 0 and 1 can have."""


@dataclass(frozen=True, slots=True)
class Region:
    """The values from low to high, with or without the ends; `subject` says of what."""

    subject: tuple[str, str]
    low: Decimal = -_INFINITY
    high: Decimal = _INFINITY
    low_open: bool = False
    high_open: bool = False

    def meets(self, other: Region) -> bool:
        """Is there a value in both?"""
        low, low_open = max((self.low, self.low_open), (other.low, other.low_open))
        high, high_closed = min((self.high, not self.high_open), (other.high, not other.high_open))
        return low < high or (low == high and not low_open and high_closed)

    def covers(self, other: Region) -> bool:
        """Is every value of the other in this one?"""
        starts = self.low < other.low or (self.low == other.low and (other.low_open or not self.low_open))
        ends = self.high > other.high or (self.high == other.high and (other.high_open or not self.high_open))
        return starts and ends


def region_of(test: Test) -> Region | None:
    """Which values meet the test? None where that depends on more than one number.

    >>> from assay.domain.experiments.criteria.model import Quantity
    >>> claim = Threshold(metric="loss", comparison=Comparison.BELOW, value=Quantity(value=Decimal("0.5")))
    >>> region_of(claim).high, region_of(claim).high_open
    (Decimal('0.5'), True)
    """
    if isinstance(test, Threshold):
        return _region(_subject(test), test.comparison, test.value.value)
    if isinstance(test, Percentile):
        return _region(_subject(test), test.comparison, test.value.value)
    if isinstance(test, Spread):
        return _region(_subject(test), test.comparison, test.limit.value)
    if isinstance(test, ResourceUse):
        return _region((test.resource, test.unit), test.comparison, test.amount)
    return None


def domain_of(test: Test, metric: Metric | None) -> Region | None:
    """Which values are possible at all? None where every number is."""
    if isinstance(test, ResourceUse):
        return Region((test.resource, test.unit), low=Decimal(0))
    if metric is None or not isinstance(test, Threshold | Percentile | Spread):
        return None
    subject = _subject(test)
    if metric.unit is Unit.FRACTION:
        return Region(subject, low=Decimal(0), high=_WIDEST if isinstance(test, Spread) else Decimal(1))
    never_negative = metric.unit is Unit.COUNT or isinstance(test, Spread)
    return Region(subject, low=Decimal(0)) if never_negative else None


def _subject(test: Threshold | Percentile | Spread) -> tuple[str, str]:
    match test:
        case Threshold():
            return (test.metric, test.value.unit)
        case Percentile():
            return (f"p{number_text(test.percent)} of {test.metric}", test.value.unit)
        case Spread():
            return (f"sd of {test.metric}", test.limit.unit)


def _region(subject: tuple[str, str], comparison: Comparison, value: Decimal) -> Region:
    match comparison:
        case Comparison.AT_LEAST | Comparison.ABOVE:
            return Region(subject, low=value, low_open=comparison is Comparison.ABOVE)
        case Comparison.AT_MOST | Comparison.BELOW:
            return Region(subject, high=value, high_open=comparison is Comparison.BELOW)
        case Comparison.EQUAL:
            return Region(subject, low=value, high=value)
