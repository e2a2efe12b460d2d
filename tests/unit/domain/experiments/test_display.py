"""Numbers on pages: readable, and unknown where unknown."""

from decimal import Decimal
from functools import partial

import pytest

from assay.domain.experiments.criteria.model import Margin
from assay.domain.experiments.display import format_difference, format_interval, format_margin, format_value
from assay.domain.kernel.findings import ShownInterval
from assay.domain.kernel.metrics import Direction, Metric, Unit


def metric(unit, decimals=None):
    return Metric(name="m", direction=Direction.HIGHER, unit=unit, decimals=decimals)


@pytest.mark.parametrize(
    ("unit", "decimals", "value", "shown"),
    [
        (Unit.FRACTION, None, 0.8612, "86.1%"),
        (Unit.FRACTION, 2, 0.8612, "86.12%"),
        (Unit.FRACTION, None, 0.0, "0.0%"),
        (Unit.FRACTION, None, -0.0, "0.0%"),
        (Unit.FRACTION, None, 0.00004, "0.004%"),
        (Unit.FRACTION, 0, 0.001, "0.1%"),
        (Unit.FRACTION, None, 1.0, "100.0%"),
        (Unit.MILLISECONDS, None, 431.0, "431 ms"),
        (Unit.MILLISECONDS, None, 431.27, "431.3 ms"),
        (Unit.MILLISECONDS, 0, 1234.4, "1,234 ms"),
        (Unit.USD, 2, 3.5, "3.50 USD"),
        (Unit.COUNT, None, 0.0, "0"),
        (Unit.COUNT, None, 12345.0, "12,345"),
        (Unit.NUMBER, None, 0.12345, "0.1235"),
        (Unit.NUMBER, None, -2.5, "-2.5"),
        (Unit.NUMBER, None, 1e-9, "1.000e-09"),
        (Unit.NUMBER, None, 1e300, "1.000e+300"),
        (Unit.NUMBER, 4, 9.3e163, "9.300e+163"),
        (Unit.NUMBER, None, None, "unknown"),
        (Unit.FRACTION, None, None, "unknown"),
        (Unit.NUMBER, None, float("nan"), "NaN"),
        (Unit.FRACTION, None, float("inf"), "infinite"),
        (Unit.FRACTION, None, float("-inf"), "minus infinite"),
    ],
)
def test_value_is_shown_in_its_unit_and_never_as_a_false_zero(unit, decimals, value, shown):
    assert format_value(metric(unit, decimals), value) == shown


def test_value_of_an_undeclared_metric_is_a_plain_number():
    assert format_value(None, 0.5) == "0.5"


@pytest.mark.parametrize(
    ("low", "high", "shown"),
    [
        (0.852, 0.87, "85.2% to 87.0%"),
        (0.852, None, "at least 85.2%"),
        (None, 0.003, "at most 0.3%"),
        (None, None, "unknown"),
    ],
)
def test_interval_end_without_bound_is_never_zero(low, high, shown):
    interval = ShownInterval(low=low, high=high, confidence=0.9, label="90%")
    form = partial(format_value, metric(Unit.FRACTION))
    assert format_interval(interval, form) == shown
    assert format_interval(None, form) == "unknown"


def test_interval_says_its_unit_once():
    interval = ShownInterval(low=418.0, high=447.0, confidence=0.9, label="90%")
    assert format_interval(interval, partial(format_value, metric(Unit.MILLISECONDS))) == "418 to 447 ms"
    points = partial(format_difference, metric(Unit.FRACTION))
    assert (
        format_interval(interval.model_copy(update={"low": -0.01, "high": 0.02}), points)
        == "-1.0 to +2.0 points"
    )


def test_difference_of_fractions_is_in_points_with_its_sign():
    fraction = metric(Unit.FRACTION)
    assert format_difference(fraction, 0.021) == "+2.1 points"
    assert format_difference(fraction, -0.006) == "-0.6 points"
    assert format_difference(fraction, 0.0) == "0.0 points"
    assert format_difference(fraction, None) == "unknown"
    assert format_difference(metric(Unit.MILLISECONDS), 12.0) == "+12 ms"


def test_margin_says_points_or_relative():
    fraction = metric(Unit.FRACTION)
    assert format_margin(fraction, Margin(value=Decimal("0.002"), unit=Unit.FRACTION)) == "0.2 points"
    assert format_margin(fraction, Margin(value=Decimal("0.02"), relative=True)) == "2% relative"
    assert (
        format_margin(metric(Unit.MILLISECONDS), Margin(value=Decimal(20), unit=Unit.MILLISECONDS)) == "20 ms"
    )
