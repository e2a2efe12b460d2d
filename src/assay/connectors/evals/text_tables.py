"""CSV, JSON and JSON Lines with one row an example, as a table. Faults are named by row and column."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from assay.connectors.evals.faults import listed, shown, unreadable
from assay.connectors.evals.json_files import decoded, load_json, load_json_lines
from assay.connectors.evals.parquet_child import (
    CHILD,
    MAX_TABLE_COLUMNS,
    MAX_TABLE_ROWS,
    DecodeError,
)
from assay.connectors.evals.table import (
    MAX_LABEL,
    NO_LABEL,
    Column,
    Enough,
    MixedColumn,
    NumberColumn,
    Table,
    column_of,
)

LONG_TEXTS = f"it holds texts of more than {MAX_LABEL} characters"
LARGE_CSV_BYTES = 8 * 2**20
"""From here on a CSV file is decoded by the data frame library; below that its import costs more than it saves."""
_PARQUET_MAGIC = b"PAR1"
_SEPARATORS = (",", "\t", ";")
_MAX_HEADER = 2**20


@dataclass(frozen=True, slots=True)
class Wanted:
    """How columns are to be read: as_text keeps texts whatever they look like; texts may be of any length; enough are read."""

    as_text: frozenset[str] = frozenset()
    texts: frozenset[str] = frozenset()
    enough: Enough | None = None


def read_table(name: str, content: bytes, wanted: Wanted) -> Table:
    """The table that a file holds, whichever of the four forms it has.

    Raises:
        Invalid: naming file, row and column, what was found, what is expected and what mends it.
    """
    return _read(name, content, wanted).only(wanted.enough)


def _read(name: str, content: bytes, wanted: Wanted) -> Table:
    if content[:4] == _PARQUET_MAGIC:
        return _parquet(name, content, wanted)
    start = content[:4096].lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    if start in (b"[", b"{"):
        return _from_rows(name, _json_rows(name, content, start), wanted)
    return _csv(name, content, wanted)


def header_of(head: bytes) -> tuple[str, ...]:
    r"""The column names of a CSV text of which this is the beginning; nothing when it is something else.

    >>> header_of(b"sample_id;seed;accuracy\n1;2;0.5\n")
    ('sample_id', 'seed', 'accuracy')
    """
    line = head.decode("utf-8-sig", "replace").lstrip("\r\n").split("\n", 1)[0]
    if not line.strip() or line.lstrip()[:1] in "[{<" or "\x00" in line or line.startswith("PK"):
        return ()
    try:
        return tuple(
            field.strip() for field in next(csv.reader([line.rstrip("\r")], delimiter=separator_of(line)))
        )
    except (csv.Error, StopIteration):
        return ()


def _parquet(name: str, content: bytes, wanted: Wanted) -> Table:
    try:
        table = CHILD.table(content, as_text=wanted.as_text, texts=wanted.texts, enough=wanted.enough)
    except DecodeError as error:
        raise unreadable(
            name, f"a broken file: {error}", "Parquet", hint="write the file again; was it copied whole?"
        ) from error
    if not table.rows:
        _no_rows(name)
    return table


def _csv(name: str, content: bytes, wanted: Wanted) -> Table:
    text = decoded(name, content)
    if not text.strip():
        raise unreadable(
            name,
            "an empty file",
            "results",
            hint="run the evaluation again, or remove the file if it never ran",
        )
    separator = separator_of(text[:_MAX_HEADER].lstrip("\r\n").split("\n", 1)[0])
    names = _header(name, text, separator)
    table = None
    if len(content) > LARGE_CSV_BYTES:
        table = _large_csv(content, separator, names, wanted)
    if table is None:
        rows = _rows_of_csv(name, text, separator, len(names))
        cells = [list(column) for column in zip(*rows, strict=True)] if rows else []
        table = _assembled(name, dict(zip(names, cells, strict=True)) if cells else {}, len(rows), wanted)
    _check_decimal_points(name, table)
    return table


def _large_csv(content: bytes, separator: str, names: Sequence[str], wanted: Wanted) -> Table | None:
    """The table by way of the data frame library; None when something is odd, which the row by row reader will name."""
    try:
        table = CHILD.table(content, separator=separator, as_text=wanted.as_text, texts=wanted.texts)
    except DecodeError:
        return None
    known = set(table.columns) | set(table.left_out)
    # A row that was cut short reads as one whose last columns are empty.
    whole = table.rows and known == set(names) and not _has_gaps(table.columns.get(names[-1]))
    return table if whole else None


def _has_gaps(column: Column | None) -> bool:
    if isinstance(column, NumberColumn):
        return bool(column.empty.any())
    labels = column.labels if isinstance(column, MixedColumn) else column
    return labels is None or bool((labels.block == NO_LABEL).any())


def _header(name: str, text: str, separator: str) -> list[str]:
    first = text[: _MAX_HEADER + 1].lstrip("\r\n").split("\n", 1)[0]
    if len(first) > _MAX_HEADER:
        raise unreadable(
            name,
            "a first line of more than 1 MB",
            f"the names of at most {MAX_TABLE_COLUMNS} columns",
            hint="write CSV with a header",
        )
    try:
        names = [field.strip() for field in next(csv.reader([first.rstrip("\r")], delimiter=separator))]
    except csv.Error as error:
        _refuse(name, f"a header that is no CSV ({error})", "the names of the columns in the first line")
    if len(names) > MAX_TABLE_COLUMNS:
        _refuse(name, f"{len(names):,} columns", f"at most {MAX_TABLE_COLUMNS}")
    twice = sorted({one for one in names if names.count(one) > 1})
    if twice:
        _refuse(name, f"the column {shown(twice[0])} stands twice in the header", "each column once")
    return names


def _rows_of_csv(name: str, text: str, separator: str, width: int) -> list[list[str | None]]:
    rows: list[list[str | None]] = []
    known: dict[str, str] = {}
    lines = csv.reader(io.StringIO(text.lstrip("\r\n"), newline=""), delimiter=separator, strict=True)
    try:
        next(lines)
        for cells in lines:
            if len(cells) != width:
                if not cells:
                    continue
                _refuse(
                    name,
                    f"row {len(rows) + 1} (line {lines.line_num}) has {len(cells)} cells",
                    f"{width}, as in the header",
                )
            if len(rows) >= MAX_TABLE_ROWS:
                _refuse(name, f"more than {MAX_TABLE_ROWS:,} rows", "at most that")
            rows.append([known.setdefault(cell, cell) or None for cell in cells])
    except csv.Error as error:
        _refuse(name, f"row {len(rows) + 1} (line {lines.line_num}) is no CSV: {error}", "whole CSV")
    if not rows:
        _no_rows(name)
    return rows


def _json_rows(name: str, content: bytes, start: bytes) -> list[Mapping[str, Any]]:
    """The rows of JSON (a list of objects, or columns by name) or JSON Lines."""
    if start == b"{" and _is_json_lines(content):
        lines = list(load_json_lines(name, decoded(name, content)))
        rows: list[Mapping[str, Any]] = []
        for number, row in lines:
            if not isinstance(row, dict):
                _refuse(name, f"line {number} holds {_kind(row)}", "one object a line")
            rows.append(row)
        return rows
    value = load_json(name, content)
    if isinstance(value, dict):
        return _rows_of_columns(name, value)
    for number, row in enumerate(value, start=1):
        if not isinstance(row, dict):
            _refuse(name, f"row {number} is {_kind(row)}", "a list of objects, one an example")
    return list(value)


def _is_json_lines(content: bytes) -> bool:
    """Is the first line an object of its own, with more behind it?"""
    first, _, rest = content.lstrip(b"\xef\xbb\xbf \t\r\n").partition(b"\n")
    return first.rstrip().endswith(b"}") and rest.lstrip()[:1] == b"{"


def _rows_of_columns(name: str, columns: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Rows of an object that holds a list, or an object by row, for each column."""
    if columns and not any(isinstance(one, dict | list) for one in columns.values()):
        return [columns]
    lists = {}
    for key, column in columns.items():
        values = (
            list(column.values())
            if isinstance(column, dict)
            else column
            if isinstance(column, list)
            else None
        )
        if values is None:
            _refuse(name, f"{shown(key)} holds {_kind(column)}", "a list of rows, or a list for each column")
        lists[key] = values
    lengths = {len(values) for values in lists.values()}
    if len(lengths) > 1:
        _refuse(name, f"columns of {listed(sorted(map(str, lengths)))} rows", "one length for all")
    return [dict(zip(lists, row, strict=True)) for row in zip(*lists.values(), strict=True)]


def _from_rows(name: str, rows: Sequence[Mapping[str, Any]], wanted: Wanted) -> Table:
    if not rows:
        _no_rows(name)
    if len(rows) > MAX_TABLE_ROWS:
        _refuse(name, f"more than {MAX_TABLE_ROWS:,} rows", "at most that")
    names = dict.fromkeys(key for row in rows for key in row)
    if len(names) > MAX_TABLE_COLUMNS:
        _refuse(name, f"{len(names):,} different keys", f"at most {MAX_TABLE_COLUMNS}")
    return _assembled(name, {key: [row.get(key) for row in rows] for key in names}, len(rows), wanted)


def _assembled(name: str, cells: Mapping[str, list[Any]], rows: int, wanted: Wanted) -> Table:
    columns: dict[str, Column] = {}
    left_out = {}
    for key, values in cells.items():
        label = key.strip()
        _check_text(name, label, "a column name")
        if label not in wanted.as_text and any(isinstance(value, dict | list) for value in values):
            left_out[label] = "it holds lists or objects"
            continue
        texts = [(row, value) for row, value in enumerate(values, start=1) if isinstance(value, str)]
        if label not in wanted.texts and any(len(text) > MAX_LABEL for _, text in texts):
            left_out[label] = LONG_TEXTS
            continue
        for row, value in enumerate(values, start=1):
            if isinstance(value, dict | list):
                _refuse(
                    name,
                    f"row {row}, column {shown(label)} holds {_kind(value)}",
                    "text or a number",
                    field=label,
                )
        for row, text in texts:
            if not text.isascii() or "\x00" in text:
                _check_text(name, text, f"row {row}, column {shown(label)}")
        columns[label] = column_of(values, as_text=label in wanted.as_text)
    return Table(rows, columns, left_out)


def _check_text(name: str, text: str, where: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        _refuse(name, f"{where} holds half a character (a lone surrogate)", "text in UTF-8")
    if "\x00" in text:
        _refuse(name, f"{where} holds a NUL character", "text without one")


def _check_decimal_points(name: str, table: Table) -> None:
    """Numbers with decimal commas would be taken for labels."""
    for key, column in table.columns.items():
        names = getattr(getattr(column, "labels", column), "names", ())
        if names and all(_with_comma(text) for text in names[:1000]):
            _refuse(
                name,
                f"column {shown(key)} holds {shown(names[0])}",
                "numbers with a decimal point, such as 0.87",
                field=key,
                hint="write decimals with a point",
            )


def _with_comma(text: str) -> bool:
    whole, comma, decimals = text.strip().lstrip("+-").partition(",")
    return bool(comma) and whole.isdigit() and decimals.isdigit()


def separator_of(line: str) -> str:
    """What stands between the columns: whichever of comma, tab and semicolon the header has most of."""
    return max(_SEPARATORS, key=line.count)


def _kind(value: object) -> str:
    kinds = {dict: "an object", list: "a list", str: "a text", bool: "a truth value", type(None): "null"}
    return kinds.get(type(value), "a number")


def _no_rows(name: str) -> NoReturn:
    _refuse(name, "no rows", "one row an example and run")


def _refuse(name: str, found: str, expected: str, *, field: str | None = None, hint: str = "") -> NoReturn:
    raise unreadable(
        name,
        found,
        expected,
        hint=hint or "docs/evaluation-files.md shows the forms that can be read",
        field=field,
    )
