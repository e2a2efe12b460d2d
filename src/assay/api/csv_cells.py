"""How does text go into a spreadsheet without becoming a formula?"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

FORMULA_STARTS = frozenset("=+-@\t\r\n＝＋－＠")  # spreadsheets take the full-width forms too


def safe_cell(text: str) -> str:
    """The text, made plain by an apostrophe where a spreadsheet would read a formula.

    >>> safe_cell("=cmd|' /C calc'!A0")
    "'=cmd|' /C calc'!A0"
    >>> safe_cell("EXP-1")
    'EXP-1'
    """
    start = text.lstrip(" \ufeff")[:1]
    return f"'{text}" if start in FORMULA_STARTS and start else text


def csv_line(cells: Iterable[str]) -> bytes:
    """One line of CSV (RFC 4180), every cell safe."""
    line = io.StringIO()
    csv.writer(line, lineterminator="\r\n").writerow([safe_cell(cell) for cell in cells])
    return line.getvalue().encode()
