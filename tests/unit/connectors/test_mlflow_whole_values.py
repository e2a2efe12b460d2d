"""Every bit of a float has to come through, or the float has to be marked as one that did not."""

import contextlib
import math
import sqlite3
import sys

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from assay.connectors.trackers.mlflow.whole_values import ELSEWHERE, floats_of, whole

FACTORS = (1.0, 1.0 + 2**-52, 2.0 - 2**-52, 4 / 3)
AT_EVERY_POWER_OF_TWO = [
    sign * math.ldexp(f, e) for e in range(-1074, 1024) for f in FACTORS for sign in (1, -1)
]
SMALLEST, LARGEST = 2.0**-28, 2.0**28


def through_sqlite(values, *, declared="FLOAT"):
    """What is stored, and the same values as whole numbers."""
    with contextlib.closing(sqlite3.connect(":memory:")) as database:
        database.execute(f"CREATE TABLE t (v {declared}, is_nan BOOLEAN)")
        database.executemany("INSERT INTO t VALUES (?, 0)", [(value,) for value in values])
        rows = database.execute(f"SELECT v, {whole('v', 'is_nan')} FROM t ORDER BY rowid").fetchall()
    stored, numbers = zip(*rows, strict=True)
    return stored, np.array(numbers, np.int64)


def same_or_marked(values):
    stored, numbers = through_sqlite(values)
    exact = np.array(stored, np.float64)
    fits = numbers != ELSEWHERE
    # Seen as integers, so that a sign of zero or a last bit would show.
    assert (floats_of(numbers).view(np.int64) == exact.view(np.int64))[fits].all()
    sizes = np.abs(exact)
    assert (fits == ((sizes == 0) | ((sizes >= SMALLEST) & (sizes <= LARGEST)))).all()


def test_no_bit_is_lost_at_any_power_of_two():
    same_or_marked(AT_EVERY_POWER_OF_TWO)


@pytest.mark.parametrize(
    "value",
    [
        0.0,
        -0.0,
        0.1,
        1 / 3,
        0.30000000000000004,
        9007199254740993.0,
        123456789.12345678,
        1e-8,
        5e-324,
        -5e-324,
        sys.float_info.min,
        math.nextafter(sys.float_info.min, 0),
        sys.float_info.max,
        math.inf,
        -math.inf,
        SMALLEST,
        math.nextafter(SMALLEST, 0),
        LARGEST,
        math.nextafter(LARGEST, math.inf),
    ],
)
def test_no_bit_of_a_hard_float_is_lost(value):
    same_or_marked([value, -value])


@given(st.lists(st.floats(allow_nan=False), min_size=1, max_size=50))
@example([2.0**-21, -(2.0**-21), 2.0**21])
def test_no_bit_of_any_float_is_lost(values):
    same_or_marked(values)


@given(st.lists(st.floats(min_value=-1000, max_value=1000), min_size=1, max_size=50))
def test_no_bit_of_an_everyday_float_is_lost(values):
    same_or_marked(values)


@pytest.mark.parametrize("declared", ["FLOAT", "TEXT", "BLOB", ""])
@pytest.mark.parametrize("value", [None, "abc", "", "0", "0.5", b"", b"\x01"])
def test_what_is_no_number_is_marked(declared, value):
    (stored,), (number,) = through_sqlite([value], declared=declared)
    assert number == ELSEWHERE or float(floats_of(np.array([number]))[0]) == stored


def test_condition_marks_a_value():
    with contextlib.closing(sqlite3.connect(":memory:")) as database:
        found = database.execute(f"SELECT {whole('v', 'bad')} FROM (SELECT 0.5 AS v, 1 AS bad)").fetchone()
    assert found == (ELSEWHERE,)
