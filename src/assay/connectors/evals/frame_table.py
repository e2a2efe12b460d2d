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
)

_NUMBER = r"(?i)^\s*[+-]?(?:(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[+-]?[0-9]+)?|nan|inf(?:inity)?)\s*$"
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
        name = series.name
        if series.dtype == pl.Null:
            left_out[name] = "it holds neither numbers nor texts"
        elif series.dtype == pl.String and name not in texts and _longest(series) > MAX_LABEL:
            left_out[name] = LONG_TEXTS
        elif name in as_text or (series.dtype == pl.String and not cells):
            columns[name] = _coded(_texts(series), block)
        elif series.dtype == pl.String:
            columns[name] = _column_of_cells(series, block)
        elif series.dtype == pl.Boolean or series.dtype.is_numeric():
            columns[name] = _numbers(series, whole=not (series.dtype.is_float() or series.dtype.is_decimal()))
        elif series.dtype in (pl.Categorical, pl.Enum) or series.dtype.is_temporal():
            columns[name] = _coded(_texts(series), block)
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
    values = series.cast(pl.Float64)
    return NumberColumn(
        values.fill_null(float("nan")).to_numpy(),
        values.is_null().to_numpy(),
        whole=whole and values.null_count() < len(values),
    )


def _column_of_cells(series: pl.Series, block: int) -> Column:
    """Cells of CSV: numbers where every cell reads as one, texts where none does."""
    series = series.set(series == "", None)
    there = series.is_not_null()
    truth = series.str.strip_chars().str.to_lowercase()
    truths = truth.is_in(["true", "false"])
    good = (series.str.contains(_NUMBER) | truths).fill_null(value=False)
    if not bool(good.any()) and bool(there.any()):
        return _coded(series, block)
    plain = truth.set(truths.fill_null(value=False), None)
    numbers = plain.cast(pl.Float64, strict=False).fill_null((truth == "true").cast(pl.Float64))
    if bool((good == there).all()):
        dotted = bool(series.str.contains(".", literal=True).any())
        column = _numbers(numbers.set(~there, None), whole=False)
        finite = column.values[~column.empty]
        whole = not dotted and bool(finite.size) and bool((finite == np.floor(finite)).all())
        return NumberColumn(column.values, column.empty, whole=whole and bool(np.isfinite(finite).all()))
    row = int((there & ~good).arg_true()[0])
    return MixedColumn(row, str(series[row]), float(good.sum()) / float(there.sum()), _coded(series, block))


def _coded(series: pl.Series, block: int) -> TextColumn:
    """Texts as codes. Rows often stand in blocks, one a seed, that list the same examples: then one block is enough."""
    rows = len(series)
    part = series.head(block) if _repeats(series, block) else series
    if part.null_count() == 0 and _all_differ(part):
        return TextColumn(tuple(part.to_list()), np.arange(len(part), dtype=np.int32), rows)
    names = part.drop_nulls().unique(maintain_order=True)
    coded = part.cast(pl.Enum(names)).to_physical().cast(pl.Int32)
    codes = coded.fill_null(NO_LABEL).to_numpy().astype(np.int32, copy=False)
    return TextColumn(tuple(names.to_list()), codes, rows)


def _all_differ(series: pl.Series) -> bool:
    """Does every row hold another text? Texts of different hashes differ, and hashes are quicker to compare."""
    start = series.head(1000)
    if start.n_unique() < len(start):
        return False
    return series.hash().n_unique() == len(series) or series.n_unique() == len(series)


def _block_of(frame: pl.DataFrame) -> int:
    """After how many rows does the first example come again? All the rows when they are no multiple of that."""
    rows = frame.height
    if "sample_id" not in frame.columns or not rows or frame["sample_id"][0] is None:
        return rows
    ids = frame["sample_id"]
    again = (ids.slice(1) == ids[0]).arg_max()
    block = 1 + again if isinstance(again, int) and ids[again + 1] == ids[0] else rows
    return block if rows % block == 0 and rows // block <= MAX_BLOCKS else rows


def _repeats(series: pl.Series, block: int) -> bool:
    """Does the column begin again after `block` rows, for ever?"""
    return all(
        bool(series.slice(0, block).eq_missing(series.slice(start, block)).all())
        for start in range(block, len(series), block)
    )
