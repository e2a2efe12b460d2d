"""A table of evaluation results in memory: numbers as arrays, texts as codes, whatever file it came from."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from assay.connectors.evals.metric_names import metric_name
from assay.domain.experiments.sample_ids import SampleIds

NO_LABEL = -1
LONG_FORM = ("metric", "value", "task")
"""Columns that are read of a table in the long form, whatever is asked for: the task says for which examples a metric is meant."""
MAX_LABEL = 500
MANY_NAMES = 1000
"""More of them are kept as one text until one is asked for."""
_SMALL = 127
Rows = slice | NDArray[np.intp]
"""Rows of a table: from start to stop, or one after the other."""
_NUMBER = re.compile(
    r"\s*[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?|nan|inf(?:inity)?)\s*\Z", re.ASCII | re.IGNORECASE
)
_TRUTH = {"true": 1.0, "false": 0.0}


@dataclass(frozen=True, slots=True, eq=False)
class TextColumn:
    """Texts: row i holds names[codes[i]], nothing where the code is -1. names are distinct; many are kept as one text.

    Rows often stand in blocks, one a seed, that list the same examples: then block holds the codes of one of them.
    """

    names: Sequence[str]
    block: NDArray[np.int32]
    rows: int

    @property
    def codes(self) -> NDArray[np.int32]:
        """The code of every row."""
        return (
            self.block if self.rows == len(self.block) else np.tile(self.block, self.rows // len(self.block))
        )

    def take(self, rows: Rows) -> NDArray[np.int32]:
        """The codes of these rows; a view where they lie in one block."""
        if isinstance(rows, slice) and len(self.block):
            start = rows.start % len(self.block)
            if start + rows.stop - rows.start <= len(self.block):
                return self.block[start : start + rows.stop - rows.start]
        return self.codes[rows]

    def text(self, row: int) -> str:
        """What row `row` (from 0) holds; "" where nothing."""
        code = int(self.block[row % len(self.block)])
        return "" if code == NO_LABEL else self.names[code]


@dataclass(frozen=True, slots=True, eq=False)
class NumberColumn:
    """Numbers, NaN where a row holds none; empty says where that is. Truth values are 1 and 0.

    Whole numbers without gaps may be of any small kind: a million times right or wrong is a million bytes.
    """

    values: NDArray[Any]
    empty: NDArray[np.bool_]
    whole: bool = False
    """Were they whole numbers or truth values in the file?"""

    def text(self, row: int) -> str:
        """What row `row` (from 0) holds; "" where nothing."""
        value = float(self.values[row])
        return "" if self.empty[row] else str(int(value)) if self.whole else repr(value)


@dataclass(frozen=True, slots=True)
class MixedColumn:
    """Numbers in some rows and other things elsewhere; row (from 0) and value of the first that is no number."""

    row: int
    value: str
    share: float
    """Which part of the rows that hold something holds a number."""
    labels: TextColumn
    """The same column as texts."""

    def text(self, row: int) -> str:
        """What row `row` (from 0) holds; "" where nothing."""
        return self.labels.text(row)


Column = TextColumn | NumberColumn | MixedColumn
Taken = Callable[[np.dtype[Any], int], NDArray[Any]]
"""Takes that many numbers of that kind from a message."""


@dataclass(frozen=True, slots=True)
class Table:
    """Columns of one length. Rows are counted from 1 in messages, a header apart."""

    rows: int
    columns: Mapping[str, Column]
    left_out: Mapping[str, str] = field(default_factory=dict)
    """Columns that were not read, and why."""

    def only(self, enough: Enough | None) -> Table:
        """The same table without the columns that nobody looks at."""
        if enough is None:
            return self
        kept = enough.of((*self.columns, *self.left_out))
        columns = {name: column for name, column in self.columns.items() if name in kept}
        return Table(self.rows, columns, {name: why for name, why in self.left_out.items() if name in kept})


@dataclass(frozen=True, slots=True)
class Enough:
    """Which columns of a table of examples are enough, should all that are asked for be there?

    Attributes:
        columns: each column that has to be there, by any of its names.
        metrics: the same of metrics; in the long form their names stand in the rows.
        also: columns that are kept where they are.
    """

    columns: tuple[frozenset[str], ...]
    metrics: tuple[frozenset[str], ...]
    also: frozenset[str]

    def of(self, names: Iterable[str]) -> frozenset[str]:
        """Those of these columns that are enough; all of them when one that is asked for is missing.

        >>> asked = Enough((frozenset(["sample_id"]),), (frozenset(["f1_score"]),), frozenset(["seed"]))
        >>> sorted(asked.of(["sample_id", "seed", "f1 score", "cost"])), sorted(asked.of(["sample_id", "cost"]))
        (['f1 score', 'sample_id', 'seed'], ['cost', 'sample_id'])
        """
        there = frozenset(names)
        long_form = {"metric", "value"} <= there
        kept = {name for name in there if name in self.also or (long_form and name in LONG_FORM)}
        alike = {name: {name, metric_name(name)} for name in there}
        for one in (*self.columns, *(() if long_form else self.metrics)):
            found = {name for name in there if not one.isdisjoint(alike[name])}
            if not found:
                return there
            kept |= found
        return frozenset(kept)

    def told(self) -> list[Any]:
        """For another process, as JSON."""
        return [
            [sorted(one) for one in self.columns],
            [sorted(one) for one in self.metrics],
            sorted(self.also),
        ]

    @classmethod
    def heard(cls, told: list[Any] | None) -> Enough | None:
        """The inverse of `told`."""
        if told is None:
            return None
        columns, metrics, also = told
        return cls(tuple(map(frozenset, columns)), tuple(map(frozenset, metrics)), frozenset(also))


def text_column(values: Iterable[str | None]) -> TextColumn:
    """Texts as codes."""
    places: dict[str, int] = {}
    codes = [NO_LABEL if value is None else places.setdefault(value, len(places)) for value in values]
    return TextColumn(tuple(places), np.array(codes, dtype=np.int32), len(codes))


def column_of(values: Sequence[Any], *, as_text: bool) -> Column:
    """What kind of column do these values make? Texts that all read as numbers or truth values count as numbers.

    Args:
        values: text, numbers, truth values, or None where a row holds nothing.
        as_text: keep them as texts, whatever they look like.

    >>> column_of(["1", None, "0.5"], as_text=False).values
    array([1. , nan, 0.5])
    >>> column_of(["1", "7", "n/a"], as_text=False).value
    'n/a'
    """
    if as_text:
        return text_column(map(_as_text, values))
    numbers, whole = np.full(len(values), np.nan), True
    empty = np.zeros(len(values), dtype=np.bool_)
    others = []
    for row, value in enumerate(values):
        if value is None:
            empty[row] = True
            continue
        number = number_of(value)
        if number is None:
            others.append(row)
        else:
            numbers[row] = number
            whole = whole and number.is_integer() and not (isinstance(value, str) and "." in value)
    if not others:
        return NumberColumn(numbers, empty, whole=whole and not empty.all())
    labels = text_column(map(_as_text, values))
    there = len(values) - int(empty.sum())
    if len(others) == there:
        return labels
    return MixedColumn(others[0], labels.text(others[0]), 1 - len(others) / there, labels)


def labels_of(column: Column) -> TextColumn:
    """The column as texts."""
    if isinstance(column, MixedColumn):
        return column.labels
    if isinstance(column, TextColumn):
        return column
    values, codes = np.unique(column.values, return_inverse=True)
    names = tuple(
        str(int(one)) if column.whole and np.isfinite(one) else repr(one) for one in values.tolist()
    )
    return TextColumn(names, np.where(column.empty, NO_LABEL, codes).astype(np.int32), len(codes))


def shrunk(values: NDArray[Any]) -> NDArray[Any]:
    """Whole numbers in the smallest kind that holds them; those that none of 32 bits holds as floating-point numbers.

    >>> shrunk(np.array([0, 1, 1])).dtype.name, shrunk(np.array([0, 2**40])).dtype.name
    ('int8', 'float64')
    """
    low, high = (int(values.min()), int(values.max())) if values.size else (0, 0)
    kinds = (
        kind
        for kind in (np.int8, np.int16, np.int32)
        if np.iinfo(kind).min <= low and high <= np.iinfo(kind).max
    )
    return values.astype(next(kinds, np.float64), copy=False)


def first_text(column: Column) -> tuple[int, str]:
    """Row (from 0) and text of the first cell that holds something, and no number where some cells do."""
    if isinstance(column, MixedColumn):
        return column.row, column.value
    row = int((labels_of(column).block != NO_LABEL).argmax())
    return row, column.text(row)


def number_of(value: object) -> float | None:
    """The number that a cell stands for, None when it is none. Too large ones are infinite.

    >>> number_of("0.87"), number_of(True), number_of("True"), number_of("1_000"), number_of("nan")
    (0.87, 1.0, 1.0, None, nan)
    """
    if isinstance(value, str):
        if _NUMBER.match(value):
            return float(value)
        return _TRUTH.get(value.strip().lower())
    if isinstance(value, bool | int | float):
        try:
            return float(value)
        except OverflowError:
            return float("inf") if value > 0 else float("-inf")
    return None


def _as_text(value: object) -> str | None:
    return value if value is None or isinstance(value, str) else str(value)


def packed(table: Table) -> list[Any]:
    """The table as buffers for another process: a JSON header with its length before it, then the arrays."""
    columns, buffers = [], []
    for name, column in table.columns.items():
        told: dict[str, Any] = {"name": name}
        if isinstance(column, NumberColumn):
            told |= {"kind": "number", "whole": column.whole, "gaps": bool(column.empty.any())}
            told["of"] = column.values.dtype.str
            told["values"], values = _squeezed(column.values)
            buffers += [values, *([column.empty] if told["gaps"] else [])]
        else:
            labels = labels_of(column)
            told |= {"kind": "text", "block": len(labels.block)}
            told["codes"], codes = _squeezed(labels.block)
            kind = np.int8 if len(labels.names) < _SMALL else np.int32
            told["of"], codes = np.dtype(kind).str, codes.astype(kind, copy=False)
            told["names"], names = _told_names(labels.names)
            buffers += [names, codes]
        if isinstance(column, MixedColumn):
            told |= {"kind": "mixed", "row": column.row, "value": column.value, "share": column.share}
        columns.append(told)
    header = orjson.dumps({"rows": table.rows, "columns": columns, "left_out": dict(table.left_out)})
    arrays = [np.ascontiguousarray(buffer).data.cast("B") for buffer in buffers if buffer.size]
    return [len(header).to_bytes(8, "little"), header, *arrays]


def unpacked(message: memoryview) -> Table:
    """The inverse of `packed`; the arrays are views of the message where they can be."""
    start = 8 + int.from_bytes(message[:8], "little")
    header = orjson.loads(message[8:start])
    rows = header["rows"]

    def taken(kind: np.dtype[Any], count: int) -> NDArray[Any]:
        nonlocal start
        begin, start = start, start + count * kind.itemsize
        return np.frombuffer(message, kind, count, begin)

    columns: dict[str, Column] = {}
    for told in header["columns"]:
        if told["kind"] == "number":
            values = _stretched(told["values"], taken, np.dtype(told["of"]), rows)
            empty = taken(np.dtype(np.bool_), rows) if told["gaps"] else np.broadcast_to(np.False_, rows)
            columns[told["name"]] = NumberColumn(values, empty, whole=told["whole"])
            continue
        names = _heard_names(told["names"], taken)
        codes = _stretched(told["codes"], taken, np.dtype(told["of"]), told["block"])
        labels = TextColumn(names, codes.astype(np.int32, copy=False), rows)
        mixed = told["kind"] == "mixed"
        columns[told["name"]] = (
            MixedColumn(told["row"], told["value"], told["share"], labels) if mixed else labels
        )
    return Table(rows, columns, header["left_out"])


def joined_names(text_of: Callable[[str], str], count: int, *, rising: bool = False) -> SampleIds:
    """Names one after another, with the first character between them that none of them holds: mostly a line break."""
    separator = "\n"
    text = text_of(separator)
    while text.count(separator) != max(0, count - 1):
        separator = next(sign for sign in map(chr, range(ord(separator) + 1, 0x110000)) if sign not in text)
        text = text_of(separator)
    return SampleIds(text, separator, count, rising=rising)


def _told_names(names: Sequence[str]) -> tuple[dict[str, Any], NDArray[np.uint8]]:
    """How names travel: one after another."""
    one = names if isinstance(names, SampleIds) else joined_names(lambda sign: sign.join(names), len(names))
    content = one.text.encode()
    told = {"count": len(one), "separator": ord(one.separator), "bytes": len(content), "rising": one.rising}
    return told, np.frombuffer(content, np.uint8)


def _heard_names(told: Mapping[str, Any], taken: Taken) -> Sequence[str]:
    text = str(taken(np.dtype(np.uint8), told["bytes"]).data, "utf-8")
    found = SampleIds(text, chr(told["separator"]), told["count"], rising=told["rising"])
    return found if len(found) > MANY_NAMES else tuple(found)


def _squeezed(array: NDArray[Any]) -> tuple[dict[str, Any], NDArray[Any]]:
    """How an array travels: as it is, as nothing when it counts 0, 1, 2, ..., or as stretches of equal values."""
    counts = len(array) > 0 and array.dtype.kind == "i" and array[-1] == len(array) - 1
    if counts and np.array_equal(array, np.arange(len(array))):
        return {"as": "range"}, array[:0]
    starts = np.flatnonzero(array[1:] != array[:-1]) + 1
    if len(array) and len(starts) * 100 < len(array):
        ends = [*starts.tolist(), len(array)]
        return {"as": "stretches", "lengths": np.diff([0, *ends]).tolist()}, array[[0, *starts.tolist()]]
    return {"as": "array"}, array


def _stretched(
    told: Mapping[str, Any],
    taken: Taken,
    kind: np.dtype[Any],
    rows: int,
) -> NDArray[Any]:
    if told["as"] == "range":
        return np.arange(rows, dtype=kind)
    if told["as"] == "stretches":
        return np.repeat(taken(kind, len(told["lengths"])), told["lengths"])
    return taken(kind, rows)
