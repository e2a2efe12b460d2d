"""Which number did somebody write, in which unit, and could it mean two things?

`%` on a fraction metric is percentage points of it; every other unit stands for itself. A bare number is enough only where one
reading exists: 0..1 for a fraction, the metric's own unit for numbers and counts.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Context, Decimal, Inexact, InvalidOperation

from assay.domain.experiments.criteria.faults import CriterionError
from assay.domain.experiments.criteria.model import Margin, Quantity
from assay.domain.experiments.exact_numbers import MAX_DIGITS, fits, number_text, percent_text, plain
from assay.domain.kernel.metrics import Direction, Metric, Unit

PERCENT = "%"
TIMES_BUDGET = "x budget"
DAYS = "d"

UNIT_WORDS = {
    "ms": "ms", "msec": "ms", "millisecond": "ms", "milliseconds": "ms",
    "s": "s", "sec": "s", "second": "s", "seconds": "s",
    "min": "min", "minute": "min", "minutes": "min",
    "h": "h", "hour": "h", "hours": "h",
    "d": DAYS, "day": DAYS, "days": DAYS,
    "gpu-h": "GPU-h", "gpu-hour": "GPU-h", "gpu-hours": "GPU-h",
    "usd": "USD", "mb": "MB", "token": "tokens", "tokens": "tokens",
}  # fmt: skip
"""Every spelling of a unit, in lower case, to the canonical one."""

_UNITLESS = (Unit.NUMBER, Unit.COUNT)
_MILLISECONDS = {Unit.MILLISECONDS: 1, Unit.SECONDS: 1_000, Unit.MINUTES: 60_000, Unit.HOURS: 3_600_000}
_NEIGHBOUR = {
    Unit.MILLISECONDS: Unit.SECONDS,
    Unit.SECONDS: Unit.MILLISECONDS,
    Unit.MINUTES: Unit.HOURS,
    Unit.HOURS: Unit.MINUTES,
}
_ONE_PERCENT = Decimal("0.01")
_EXACT = Context(prec=60, traps=[Inexact, InvalidOperation])


@dataclass(frozen=True, slots=True)
class WrittenAmount:
    """A number as somebody wrote it, before the metric says what it means."""

    number: Decimal
    unit: str | None = None
    """`%`, a unit of the catalog, `x budget`, `d`; None when nothing was written."""
    relative: bool = False
    integer: bool = False
    """Written without a decimal point, so that 1 on a fraction may be meant as 1%."""

    @property
    def text(self) -> str:
        """The number without its unit, in canonical spelling."""
        return number_text(self.number)


def quantity_of(amount: WrittenAmount, metric: Metric) -> Quantity:
    """Which threshold does the written amount mean for this metric?

    Raises:
        CriterionError: it could mean two things, lies outside what the metric can be, or has a unit that does not fit.
    """
    if amount.relative:
        raise _fault("a threshold cannot be relative", "criterion-unit", (_own_unit(amount, metric),))
    if amount.unit == PERCENT and metric.unit is not Unit.FRACTION:
        raise _fault(
            f"{metric.name} is not a fraction, so {amount.text}% says nothing",
            "criterion-unit",
            (_own_unit(amount, metric),),
            hint=f"if {metric.name} is a fraction, change its unit on the metrics page",
        )
    value = _in_unit_of(amount, metric)
    if metric.unit is Unit.COUNT and value < 0:
        raise _fault(f"{metric.name} is a count, never negative", "criterion-range", ("0 or more",))
    return Quantity(value=plain(value), unit=metric.unit)


def level_of(amount: WrittenAmount, metric: Metric) -> Quantity:
    """Which threshold that is not `==`? Less than 1% of what should be high (`accuracy >= 0.85%`) may be meant as 85%.

    Raises:
        CriterionError: as `quantity_of`.
    """
    wanted = quantity_of(amount, metric)
    if amount.unit == PERCENT and is_small(wanted) and metric.direction is Direction.HIGHER:
        readings = (percent_text(amount.number), number_text(wanted.value))
        raise CriterionError(
            f"{amount.text}% could mean {readings[0]} or {readings[1]} (more {metric.name} is better, and less than 1% of it "
            "is seldom wanted)",
            expected=readings,
            code="criterion-ambiguous",
            part="amount",
            alternatives=readings,
        )
    return wanted


def is_small(quantity: Quantity) -> bool:
    """Is this less than 1% of a fraction, such that the number before the percent sign could be a fraction of 1% or more?"""
    return quantity.unit is Unit.FRACTION and _ONE_PERCENT**2 <= quantity.value < _ONE_PERCENT


def margin_of(amount: WrittenAmount, metric: Metric) -> Margin:
    """Which margin does the written amount mean: in the metric's unit, or relative to the baseline?

    Raises:
        CriterionError: as `quantity_of`, and for a negative margin.
    """
    if amount.number < 0:
        raise _fault(f"{amount.text} is negative", "criterion-range", ("a margin of 0 or more",))
    if amount.relative:
        return Margin(value=plain(_relative(amount)), relative=True)
    return Margin(value=plain(_in_unit_of(amount, metric)), unit=metric.unit)


def absolute_margin_of(amount: WrittenAmount, metric: Metric) -> Margin:
    """Which margin, where nothing exists that it could be relative to?"""
    if amount.relative:
        raise _fault(
            "a relative amount has no baseline to relate to here",
            "criterion-unit",
            (_own_unit(amount, metric),),
        )
    return margin_of(amount, metric)


def days_of(amount: WrittenAmount) -> Decimal:
    """How many days is a written duration in hours or days?"""
    if amount.unit != Unit.HOURS:
        return plain(amount.number)
    return _divided(amount.number, Decimal(24), amount, DAYS)


def _relative(amount: WrittenAmount) -> Decimal:
    if amount.unit == PERCENT:
        return _hundredth(amount)
    if amount.unit is None and amount.number >= 1:
        percent = (f"{amount.text}% relative", f"{number_text(_EXACT.scaleb(amount.number, 2))}% relative")
        raise _two_readings(amount, percent, "write the percent sign")
    if amount.unit in (None, Unit.FRACTION):
        return amount.number
    raise _fault(
        f"{amount.text} {amount.unit} cannot be relative",
        "criterion-unit",
        (f"{amount.text} {amount.unit}", f"{amount.text}% relative"),
    )


def _in_unit_of(amount: WrittenAmount, metric: Metric) -> Decimal:
    if amount.unit == Unit.NUMBER:
        amount = replace(amount, unit=None)  # the model's default says no more than a bare number
    if metric.unit is Unit.FRACTION:
        return _fraction(amount, metric)
    if amount.unit == PERCENT:
        raise _percent_of_other(amount, metric)
    if metric.unit in _UNITLESS:
        if amount.unit in (None, Unit.COUNT):
            return amount.number
        raise _fault(
            f"{metric.name} has no unit, found {amount.unit}",
            "criterion-unit",
            (amount.text,),
            hint=f"or declare the unit of {metric.name} on the metrics page",
        )
    return _dimensional(amount, metric)


def _fraction(amount: WrittenAmount, metric: Metric) -> Decimal:
    value = amount.number
    if amount.unit == PERCENT:
        value = _hundredth(amount)
    elif amount.unit is None and (value > 1 or (value == 1 and amount.integer)):
        raise _bare_on_fraction(amount, metric)
    elif amount.unit not in (None, Unit.FRACTION):
        raise _fault(
            f"{metric.name} is a fraction, found unit {amount.unit}", "criterion-unit", (f"{amount.text}%",)
        )
    if not 0 <= value <= 1:
        raise _fault(
            f"{metric.name} is a fraction, {percent_text(value)} lies outside it",
            "criterion-range",
            ("0% to 100%", "0 to 1"),
        )
    return value


def _bare_on_fraction(amount: WrittenAmount, metric: Metric) -> CriterionError:
    text = amount.text
    if amount.number == 1:
        return _two_readings(amount, ("100%", "1%"), "write the percent sign")
    if amount.number > 100:
        return _fault(
            f"{metric.name} is a fraction, {text} lies outside it",
            "criterion-range",
            ("0% to 100%", "0 to 1"),
        )
    reading = f"{text}% (that is {number_text(_EXACT.scaleb(amount.number, -2))})"
    return CriterionError(
        f"{text} could mean two things: {reading}, or {text} of a metric that is not a fraction, and {metric.name} is declared as one",
        expected=(f"{text}%", "a number from 0 to 1"),
        code="criterion-ambiguous",
        part="amount",
        alternatives=(f"{text}%",),
        hint=f"if {metric.name} is not a fraction, change its unit on the metrics page",
    )


def _percent_of_other(amount: WrittenAmount, metric: Metric) -> CriterionError:
    own = _own_unit(amount, metric)
    return _two_readings(amount, (f"{amount.text}% relative", own), f"{metric.name} is not a fraction")


def _dimensional(amount: WrittenAmount, metric: Metric) -> Decimal:
    if amount.unit == metric.unit:
        return amount.number
    if amount.unit is None:
        other = _NEIGHBOUR.get(metric.unit)
        own = _own_unit(amount, metric)
        if other is not None:
            raise _two_readings(
                amount, (own, f"{amount.text} {other}"), f"{metric.name} is measured in {metric.unit}"
            )
        raise _fault(
            f"{amount.text} has no unit, {metric.name} is measured in {metric.unit}", "criterion-unit", (own,)
        )
    written = next((unit for unit in _MILLISECONDS if unit == amount.unit), None)
    if written is None or metric.unit not in _MILLISECONDS:
        raise _fault(
            f"{metric.name} is measured in {metric.unit}, {amount.unit or 'no unit'} does not fit",
            "criterion-unit",
            (_own_unit(amount, metric),),
        )
    in_ms = _EXACT.multiply(amount.number, Decimal(_MILLISECONDS[written]))
    return _divided(in_ms, Decimal(_MILLISECONDS[metric.unit]), amount, metric.unit)


def _divided(number: Decimal, divisor: Decimal, amount: WrittenAmount, unit: str) -> Decimal:
    try:
        value = _EXACT.divide(number, divisor)
    except Inexact:
        value = None
    if value is None or not fits(value):
        raise _fault(
            f"{amount.text} {amount.unit} has no exact value in {unit}",
            "criterion-unit",
            (f"a number of {unit}",),
        )
    return plain(value)


def _hundredth(amount: WrittenAmount) -> Decimal:
    value = _EXACT.scaleb(amount.number, -2)
    if not fits(value):
        raise _fault(
            f"{amount.text}% has too many digits", "criterion-number", (f"at most {MAX_DIGITS} digits",)
        )
    return value


def _own_unit(amount: WrittenAmount, metric: Metric) -> str:
    if metric.unit is Unit.FRACTION:
        return f"{amount.text}%"
    return amount.text if metric.unit in _UNITLESS else f"{amount.text} {metric.unit}"


def _two_readings(amount: WrittenAmount, readings: tuple[str, ...], why: str) -> CriterionError:
    sign = PERCENT if amount.unit == PERCENT else ""
    return CriterionError(
        f"{amount.text}{sign} could mean {' or '.join(readings)} ({why})",
        expected=readings,
        code="criterion-ambiguous",
        part="amount",
        alternatives=readings,
    )


def _fault(fact: str, code: str, alternatives: tuple[str, ...], *, hint: str = "") -> CriterionError:
    usable = alternatives if code == "criterion-unit" and alternatives[0][:1] in "-0123456789" else ()
    return CriterionError(
        fact, expected=alternatives, code=code, part="amount", alternatives=usable, hint=hint
    )
