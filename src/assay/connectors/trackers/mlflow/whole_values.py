"""Floats out of SQLite as whole numbers: exact to the last bit, and without a row for each.

To fetch a float costs a row, and Python's lock once more; as decimal text it would not be exact. A float times a power of two
is exact, though, and whole when that power is large enough: with 52 bits behind its first one, every float of a band
of seven octaves becomes an integer of at most 2^59, which leaves room for the number of its band. Eight bands reach from
3.7e-9 to 2.7e8 on both sides of zero. Whatever lies outside, and all that is no number, is marked `ELSEWHERE`, to be
fetched as it is.
"""

from __future__ import annotations

import numpy as np

from assay.domain.experiments.evidence import FloatArray, IntArray

_OCTAVES = 7
_LOWEST = -28
"""Power of two at which the first band begins."""
_BITS = 52
_COMMON_FIRST = (3, 4, 2, 5, 1, 6, 0, 7)
_SMALLEST_UNITS = np.ldexp(1.0, np.arange(8) * _OCTAVES + (_LOWEST - _BITS))
ELSEWHERE = -(2**63)


def whole(column: str, unless: str) -> str:
    """The SQL for a float column as whole numbers; `ELSEWHERE` where `unless` holds or the value is none of those."""
    # Texts and blobs come after every number.
    cases = [f"CASE WHEN {unless} OR {column} >= '' THEN {ELSEWHERE} WHEN {column} = 0.0 THEN 0"]
    for band in _COMMON_FIRST:
        low = _LOWEST + band * _OCTAVES
        scaled = f"{column} * {_power_of_two(_BITS - low)}"
        inside = f"abs({column}) BETWEEN {_power_of_two(low)} AND {_power_of_two(low + _OCTAVES)}"
        cases.append(f"WHEN {inside} THEN CAST({scaled} AS INTEGER) * 8 + {band}")
    return " ".join([*cases, f"ELSE {ELSEWHERE} END"])


def floats_of(numbers: IntArray) -> FloatArray:
    """The floats that were made whole; something finite for `ELSEWHERE`."""
    found: FloatArray = (numbers >> 3) * _SMALLEST_UNITS[numbers & 7]
    return found


def _power_of_two(exponent: int) -> str:
    """In digits that SQLite reads exactly, as it may not with more than sixteen."""
    if exponent < 0:
        return f"1.0 / {2.0**-exponent!r}"
    if exponent > _BITS:
        return f"{2.0**_BITS!r} * {2.0 ** (exponent - _BITS)!r}"
    return repr(2.0**exponent)
