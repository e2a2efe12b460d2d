"""Exact decimal numbers: which ones are held, and how are they written?"""

from __future__ import annotations

from decimal import Context, Decimal, Inexact

MAX_DIGITS = 18
SAFE_INTEGER = 2**53 - 1
JsonNumber = int | float | str
_EXACT = Context(prec=60, traps=[Inexact])


def number_text(number: Decimal) -> str:
    """How is an exact number written: plain digits, no exponent, no trailing zeros?

    >>> number_text(Decimal("0.8500")), number_text(Decimal("1E+3")), number_text(Decimal("-0"))
    ('0.85', '1000', '0')
    """
    if number == 0:
        return "0"
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def plain(number: Decimal) -> Decimal:
    """The same number without exponent, trailing zeros or a negative zero."""
    return Decimal(number_text(number))


def percent_text(fraction: Decimal) -> str:
    """How is a fraction written as percent?

    >>> percent_text(Decimal("0.002"))
    '0.2%'
    """
    return f"{number_text(_EXACT.scaleb(fraction, 2))}%"


def fits(number: Decimal) -> bool:
    """Can the model hold this number: at most 18 digits before and after the point together?"""
    if number == 0:
        return True
    _, digits, exponent = _EXACT.normalize(number).as_tuple()
    assert isinstance(exponent, int)  # the number is finite
    return (len(digits) + exponent if exponent >= 0 else max(len(digits), -exponent)) <= MAX_DIGITS


def json_number(number: Decimal) -> JsonNumber:
    """How is an exact number written in JSON and YAML, so that reading gives the same number back?

    >>> json_number(Decimal("0.850")), json_number(Decimal(24)), json_number(Decimal("0.1234567890123456789"))
    (0.85, 24, '0.1234567890123456789')
    """
    if number == number.to_integral_value():
        return int(number) if abs(number) <= SAFE_INTEGER else number_text(number)
    as_float = float(number)
    return as_float if Decimal(repr(as_float)) == number else number_text(number)
