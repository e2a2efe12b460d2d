"""A data frame as a table of results: texts become codes, so that a million rows weigh little. Runs in the child process.

Whatever is odd about single cells stays visible in the table; this module decides nothing.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from assay.connectors.evals.table import (
    MAX_LABEL,
    NO_LABEL,
    Column,
    MixedColumn,
    NumberColumn,
    Table,
    TextColumn,
    joined_names,
    shrunk,
)

_NUMBER = r"(?i)^\s*[+-]?(?:(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[+-]?[0-9]+)?|nan|inf(?:inity)?)\s*$"
_WHOLE = (pl.Boolean, pl.Int8, pl.Int16, pl.Int32, pl.Int64, pl.UInt8, pl.UInt16, pl.UInt32)
MAX_BLOCKS = 1000
LONG_TEXTS = "it holds long texts"


def table_of(frame: pl.DataFrame, as_text: frozenset[str], texts: frozenset[str], *, cells: bool) -> Table:
    """The frame as a table.

    Args:
        frame: columns of numbers, truth values and texts.
        as_text: columns to keep as texts, whatever they look like.
        texts: columns that may hold texts of any length.
        cells: every cell is a text, as in CSV, and may stand for a number.
    """
    columns: dict[str, Column] = {}
    left_out = {}
    block = _block_of(frame)
    for series in frame:
        name, kind = series.name, series.dtype
        part = _part(series, block) if kind == pl.String else series
        if kind == pl.String and name not in texts and _longest(part) > MAX_LABEL:
            left_out[name] = LONG_TEXTS
        elif kind == pl.String and (name in as_text or not cells):
            columns[name] = _coded(part, len(series))
        elif kind == pl.String:
            columns[name] = _column_of_cells(series)
        elif kind != pl.Null and name in as_text:
            columns[name] = _coded(_texts(series), len(series))
        elif kind == pl.Boolean or kind.is_numeric():
            columns[name] = _numbers(series, whole=not (kind.is_float() or kind.is_decimal()))
        elif kind in (pl.Categorical, pl.Enum) or kind.is_temporal():
            columns[name] = _coded(_texts(series), len(series))
        else:
            left_out[name] = "it holds neither numbers nor texts"
    return Table(frame.height, columns, left_out)


def _longest(series: pl.Series) -> int:
    longest = series.str.len_bytes().max()
    if isinstance(longest, int) and longest > MAX_LABEL:
        longest = series.str.len_chars().max()
    return longest if isinstance(longest, int) else 0


def _texts(series: pl.Series) -> pl.Series:
    if series.dtype.is_float() and bool((series.drop_nulls() == series.drop_nulls().floor()).all()):
        series = series.cast(pl.Int64, strict=False)
    return series.cast(pl.String)


def _numbers(series: pl.Series, *, whole: bool) -> NumberColumn:
    if whole and series.dtype in _WHOLE and not series.null_count():
        small = series.cast(pl.Int8) if series.dtype == pl.Boolean else series
        return NumberColumn(shrunk(small.to_numpy()), np.broadcast_to(np.False_, len(series)), whole=True)
    values = series.cast(pl.Float64)
    return NumberColumn(
        values.fill_null(float("nan")).to_numpy(),
        values.is_null().to_numpy(),
        whole=whole and values.null_count() < len(values),
    )


def _column_of_cells(series: pl.Series) -> Column:
    """Cells of CSV: numbers where every cell reads as one, texts where none does."""
    series = series.set(series == "", None)
    there = series.is_not_null()
    truth = series.str.strip_chars().str.to_lowercase()
    truths = truth.is_in(["true", "false"])
    good = (series.str.contains(_NUMBER) | truths).fill_null(value=False)
    if not bool(good.any()) and bool(there.any()):
        return _coded(series, len(series))
    plain = truth.set(truths.fill_null(value=False), None)
    numbers = plain.cast(pl.Float64, strict=False).fill_null((truth == "true").cast(pl.Float64))
    if bool((good == there).all()):
        dotted = bool(series.str.contains(".", literal=True).any())
        column = _numbers(numbers.set(~there, None), whole=False)
        finite = column.values[~column.empty]
        whole = not dotted and bool(finite.size) and bool((finite == np.floor(finite)).all())
        return NumberColumn(column.values, column.empty, whole=whole and bool(np.isfinite(finite).all()))
    row = int((there & ~good).arg_true()[0])
    return MixedColumn(
        row, str(series[row]), float(good.sum()) / float(there.sum()), _coded(series, len(series))
    )


def _coded(part: pl.Series, rows: int) -> TextColumn:
    """Texts of a column that begins again after these, for ever, as codes."""
    if part.null_count() == 0 and _may_all_differ(part):
        rising = bool((part.slice(1) > part.slice(0, len(part) - 1)).all())
        if rising or _all_differ(part):
            names = joined_names(lambda sign: str(part.str.join(sign).item()), len(part), rising=rising)
            return TextColumn(names, np.arange(len(part), dtype=np.int32), rows)
    known = part.drop_nulls().unique(maintain_order=True)
    coded = part.cast(pl.Enum(known)).to_physical().cast(pl.Int32)
    codes = coded.fill_null(NO_LABEL).to_numpy().astype(np.int32, copy=False)
    return TextColumn(tuple(known.to_list()), codes, rows)


def _may_all_differ(series: pl.Series) -> bool:
    start = series.head(1000)
    return start.n_unique() == len(start)


def _all_differ(series: pl.Series) -> bool:
    """Does every row hold another text? Texts of different hashes differ, and hashes are quicker to compare."""
    return series.hash().n_unique() == len(series) or series.n_unique() == len(series)


def _block_of(frame: pl.DataFrame) -> int:
    """After how many rows does the first example come again? All the rows when they are no multiple of that."""
    rows = frame.height
    if "sample_id" not in frame.columns or not rows or frame["sample_id"][0] is None:
        return rows
    ids = frame["sample_id"]
    start, length = 1, 1000
    while start < rows:  # no further than it comes again: that may be a fifth of the rows
        again = (ids.slice(start, length) == ids[0]).arg_max()
        if isinstance(again, int) and ids[start + again] == ids[0]:
            block = start + again
            return block if rows % block == 0 and rows // block <= MAX_BLOCKS else rows
        start, length = start + length, 2 * length
    return rows


def _part(series: pl.Series, block: int) -> pl.Series:
    """The first block where the column begins again after it, for ever; else the whole column.

    Rows often stand in blocks, one a seed, that list the same examples: then one block is enough.
    """
    if block == len(series):
        return series
    before, behind = series.slice(0, len(series) - block), series.slice(block)
    return series.head(block) if bool(before.eq_missing(behind).all()) else series
