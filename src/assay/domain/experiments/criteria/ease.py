"""Did a criterion become easier or harder to meet?"""

from __future__ import annotations

from decimal import Decimal
from enum import Enum

from assay.domain.experiments.criteria.model import (
    Comparison,
    Condition,
    Criterion,
    Gap,
    Improvement,
    Margin,
    NonInferiority,
    Percentile,
    Plateau,
    ResourceUse,
    Spread,
    Test,
    Threshold,
)

_STRICT = (Comparison.ABOVE, Comparison.BELOW)
_UP = (Comparison.AT_LEAST, Comparison.ABOVE)


class Ease(Enum):
    """How much easier the second of two criteria is met than the first."""

    HARDER = -1
    SAME = 0
    EASIER = 1
    UNKNOWN = None


def ease_of(one: Criterion, other: Criterion) -> Ease:
    """Is the other criterion met more easily than the one? Unknown where they read different things.

    >>> from assay.domain.experiments.criteria.model import Quantity
    >>> from assay.domain.kernel.findings import Role
    >>> claims = [
    ...     Criterion(role=Role.PRIMARY, test=Threshold(metric="f1", comparison=Comparison.AT_LEAST, value=Quantity(value=v)))
    ...     for v in (Decimal("0.85"), Decimal("0.80"))
    ... ]
    >>> ease_of(claims[0], claims[1])
    <Ease.EASIER: 1>
    """
    if one.dataset != other.dataset or type(one.test) is not type(other.test):
        return Ease.UNKNOWN
    if one.metric != other.metric:
        return Ease.UNKNOWN
    return _together(_tests(one.test, other.test), _conditions(one.after, other.after))


def _together(*parts: Ease) -> Ease:
    """Easier only when nothing is harder; unknown when parts pull both ways."""
    told = {part for part in parts if part is not Ease.SAME}
    if not told:
        return Ease.SAME
    return told.pop() if len(told) == 1 else Ease.UNKNOWN


def _tests(one: Test, other: Test) -> Ease:
    if one == other:
        return Ease.SAME
    match one, other:
        case (Threshold(), Threshold()) if one.value.unit == other.value.unit:
            return _limits(one.comparison, other.comparison, one.value.value, other.value.value)
        case (Percentile(), Percentile()) if one.value.unit == other.value.unit:
            return _percentiles(one, other)
        case (ResourceUse(), ResourceUse()) if (one.resource, one.unit) == (other.resource, other.unit):
            return _limits(one.comparison, other.comparison, one.amount, other.amount)
        case (Improvement(), Improvement()):
            ease = _margins(one.comparison, other.comparison, one.margin, other.margin)
            return Ease.UNKNOWN if _another_test(one.margin, other.margin) else ease
        case _:
            return _tolerances(one, other)


def _tolerances(one: Test, other: Test) -> Ease:
    """A wider tolerance is met more easily, a wider gap less; so is a plateau over fewer runs."""
    at_most = Comparison.AT_MOST
    if isinstance(one, NonInferiority) and isinstance(other, NonInferiority):
        return margins_ease(one.margin, other.margin)
    if isinstance(one, Plateau) and isinstance(other, Plateau):
        fewer = _sign(Decimal(one.runs - other.runs))
        return _together(_margins(at_most, at_most, one.tolerance, other.tolerance), fewer)
    if isinstance(one, Spread) and isinstance(other, Spread):
        proof = _sign(Decimal(one.claim - other.claim))  # an alarm passes where a claim would be unclear
        return _together(_margins(one.comparison, other.comparison, one.limit, other.limit), proof)
    if isinstance(one, Gap) and isinstance(other, Gap):
        return _margins(one.comparison, other.comparison, one.value, other.value)
    return Ease.UNKNOWN


def _percentiles(one: Percentile, other: Percentile) -> Ease:
    """More of the examples below a limit is harder; more of them allowed to be below it is easier."""
    above = other.percent - one.percent
    rank = _sign(above if one.comparison in _UP else -above)
    return _together(_limits(one.comparison, other.comparison, one.value.value, other.value.value), rank)


def margins_ease(one: Margin, other: Margin) -> Ease:
    """Is the other margin of harm wider, and so met more easily? Unknown where they are in different units."""
    ease = _margins(Comparison.AT_MOST, Comparison.AT_MOST, one, other)
    return Ease.UNKNOWN if ease is Ease.HARDER and _another_test(one, other) else ease


def _another_test(one: Margin, other: Margin) -> bool:
    """Without a margin pairs of right and wrong are judged by another test, which may answer where the first did not."""
    return one.value != other.value and 0 in (one.value, other.value)


def _margins(first: Comparison, second: Comparison, one: Margin, other: Margin) -> Ease:
    if one.relative != other.relative or one.unit != other.unit:
        return Ease.UNKNOWN
    return _limits(first, second, one.value, other.value)


def _limits(first: Comparison, second: Comparison, one: Decimal, other: Decimal) -> Ease:
    if Comparison.EQUAL in (first, second):
        return Ease.SAME if first is second and one == other else Ease.UNKNOWN
    if (first in _UP) != (second in _UP):
        return Ease.UNKNOWN
    if one == other:
        return _sign(Decimal((first in _STRICT) - (second in _STRICT)))
    return _sign(one - other if first in _UP else other - one)


def _conditions(one: Condition | None, other: Condition | None) -> Ease:
    """What counts later is met later: harder."""
    if one == other:
        return Ease.SAME
    if one is None or other is None:
        return Ease.HARDER if one is None else Ease.EASIER
    if one.kind != other.kind or one.count is None or other.count is None:
        return Ease.UNKNOWN
    return _sign(Decimal(one.count - other.count))


def _sign(difference: Decimal) -> Ease:
    if difference == 0:
        return Ease.SAME
    return Ease.EASIER if difference > 0 else Ease.HARDER
