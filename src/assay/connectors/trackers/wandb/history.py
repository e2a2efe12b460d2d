"""What a run logged, from its history records: each metric as a curve over W&B's own step.

A history record is a row: names with values in JSON. `_step` is the step of the row, `_timestamp` its time. Only numbers become points;
pictures, tables and histograms are left where they are. NaN and infinities are kept.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import compress
from typing import Any

import numpy as np
import orjson

from assay.connectors.tracked.told import curve_in_logged_order, kept_text
from assay.connectors.tracked.wire import (
    BYTES,
    VARINT,
    Buffer,
    Fields,
    Malformed,
    Names,
    fields,
    joined,
    varints,
)
from assay.domain.experiments.evidence import Curve, FloatArray, IntArray

MAX_POINTS = 20_000_000
MAX_NAMES = 20_000
_ITEM, _STEP = 1, 2
_KEY, _NESTED_KEY, _VALUE_JSON = 1, 2, 16
_STEP_NUMBER = 1
_NOT_FINITE = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
_MAX_NESTING = 8
_LARGEST_STEP = 2.0**53
_BETWEEN = b"\x1f"


@dataclass(slots=True)
class _Points:
    """Points of one metric as they come, a portion at a time."""

    steps: list[IntArray] = field(default_factory=list)
    values: list[FloatArray] = field(default_factory=list)
    times_ms: list[IntArray] = field(default_factory=list)


class History:
    """Gathers the rows of one run.

    Args:
        started_ms: the time of rows that do not say theirs.
    """

    def __init__(self, started_ms: int | None) -> None:
        self.last_step = -1
        self.last_ms: int | None = None
        self._started_ms = started_ms or 0
        self._names = Names(MAX_NAMES)
        self._found: dict[str, _Points] = {}
        self._count = 0

    def add(self, buffer: Buffer, starts: IntArray, ends: IntArray) -> None:
        """Take these history records.

        Raises:
            Malformed: they are none, or there are more points than a run may have.
        """
        top = fields(buffer, starts, ends)
        items = top.only(_ITEM, BYTES)
        rows = _Rows(buffer, items, self._names)
        steps, times = self._axes(buffer, top, rows, len(starts))
        self._count += len(rows.values)
        if self._count > MAX_POINTS:
            raise Malformed(f"more than {MAX_POINTS} points")
        for number, name in enumerate(rows.names):
            chosen = rows.of_name(number)
            if name.startswith("_") or not len(chosen):
                continue
            numbers = chosen[rows.is_number[chosen]]
            if len(numbers):
                owners = rows.owner[numbers]
                self._put(name, steps[owners], rows.values[numbers], times[owners])
            if len(numbers) < len(chosen):
                for place in chosen[~rows.is_number[chosen]].tolist():
                    self._put_nested(name, rows.told[place], steps, times, rows.owner[place])

    def add_row(self, values: Mapping[str, Any], step: int, time_ms: int) -> None:
        """One more row, told elsewhere than in the log."""
        for name, value in values.items():
            if not name.startswith("_"):
                for inner, number in numbers_of(name, value):
                    self._put(inner, np.array([step]), np.array([number]), np.array([time_ms]))
        self.last_step = max(self.last_step, step)

    def curves(self) -> dict[str, Curve]:
        """What was gathered, metric by metric."""
        return {
            kept_text(name): curve_in_logged_order(
                np.concatenate(points.steps), np.concatenate(points.values), np.concatenate(points.times_ms)
            )
            for name, points in self._found.items()
        }

    def _axes(self, buffer: Buffer, top: Fields, rows: _Rows, count: int) -> tuple[IntArray, IntArray]:
        """Step and time of each row."""
        steps = np.arange(self.last_step + 1, self.last_step + 1 + count)
        told = top.only(_STEP, BYTES)
        if len(told.owner):
            steps[told.owner] = 0  # a number that is zero is not written
            inner = fields(buffer, told.start, told.end).only(_STEP_NUMBER, VARINT)
            steps[told.owner[inner.owner]] = varints(buffer, inner.start)[0]
        _overlay(steps, rows.column("_step"), 1)
        times = np.full(count, self._started_ms, np.int64)
        _overlay(times, rows.column("_timestamp"), 1000)
        if count:
            self.last_step = max(self.last_step, int(steps.max()))
            self.last_ms = max(self.last_ms or 0, int(times.max())) or None
        return steps, times

    def _put(self, name: str, steps: IntArray, values: FloatArray, times_ms: IntArray) -> None:
        points = self._found.get(name)
        if points is None:
            if len(self._found) >= MAX_NAMES:
                raise Malformed(f"more than {MAX_NAMES} different names")
            points = self._found[name] = _Points()
        points.steps.append(steps)
        points.values.append(values)
        points.times_ms.append(times_ms)

    def _put_nested(self, name: str, value: object, steps: IntArray, times: IntArray, row: int) -> None:
        for inner, number in numbers_of(name, value):
            self._put(inner, steps[row : row + 1], np.array([number]), times[row : row + 1])


def _overlay(axis: IntArray, column: tuple[IntArray, FloatArray], factor: int) -> None:
    owners, values = column
    scaled = values * factor
    good = np.isfinite(scaled) & (np.abs(scaled) < _LARGEST_STEP)
    axis[owners[good]] = scaled[good].astype(np.int64)


class _Rows:
    """The items of history records: which row, which name, which value."""

    def __init__(self, buffer: Buffer, items: Fields, names: Names) -> None:
        self.owner = items.owner
        self.names: list[str] = []
        quick = _plain_items(buffer, items)
        if quick is None:
            self.number, start, end = self._any_items(buffer, items, names)
        else:
            key_start, key_end, start, end = quick
            self.number = names.numbers(buffer, key_start, key_end)
            self.names = [kept_text(text) for text in names.texts]
        self.told, self.values, self.is_number = _values_of(joined(buffer, start, end, _BETWEEN))
        # Few names: as small numbers they are sorted by counting.
        order = np.argsort(self.number.astype(np.int16), kind="stable")
        self._order = order
        self._bounds = np.searchsorted(self.number[order], np.arange(len(self.names) + 1))

    def _any_items(self, buffer: Buffer, items: Fields, names: Names) -> tuple[IntArray, IntArray, IntArray]:
        """Number of the name, beginning and end of the value of each item, whatever else it holds."""
        inner = fields(buffer, items.start, items.end)
        value = inner.only(_VALUE_JSON, BYTES)
        key = inner.only(_KEY, BYTES)
        self.owner = items.owner[value.owner]
        numbers = np.full(len(items.owner), -1, np.int64)
        numbers[key.owner] = names.numbers(buffer, key.start, key.end)
        self.names = [kept_text(text) for text in names.texts]
        self._put_nested_keys(buffer, inner.only(_NESTED_KEY, BYTES), numbers, names)
        return numbers[value.owner], value.start, value.end

    def of_name(self, number: int) -> IntArray:
        """Places of the values of one name, in the order of rows."""
        return self._order[self._bounds[number] : self._bounds[number + 1]]

    def column(self, name: str) -> tuple[IntArray, FloatArray]:
        """Rows and values of one name, where they are numbers."""
        if name not in self.names:
            nothing = np.zeros(0, np.int64)
            return nothing, nothing.astype(np.float64)
        places = self.of_name(self.names.index(name))
        places = places[self.is_number[places]]
        return self.owner[places], self.values[places]

    def _put_nested_keys(self, buffer: Buffer, key: Fields, numbers: IntArray, names: Names) -> None:
        """Newer clients write a name as the list of its parts, mostly of one."""
        if not len(key.owner):
            return
        parts = names.numbers(buffer, key.start, key.end)
        self.names = [kept_text(text) for text in names.texts]
        counts = np.bincount(key.owner, minlength=len(numbers))
        single = counts[key.owner] == 1
        numbers[key.owner[single]] = parts[single]
        several: dict[int, list[str]] = {}
        for owner, part in zip(key.owner[~single].tolist(), parts[~single].tolist(), strict=True):
            several.setdefault(owner, []).append(self.names[part])
        known = {name: number for number, name in enumerate(self.names)}
        for owner, said in several.items():
            name = ".".join(said)
            if name not in known:
                known[name] = len(self.names)
                self.names.append(name)
            numbers[owner] = known[name]


def _plain_items(buffer: Buffer, items: Fields) -> tuple[IntArray, IntArray, IntArray, IntArray] | None:
    """Begin and end of names and of values, where every item is a name of one part and a value, both shorter than 128 bytes.

    Nearly all are, and then four looks at eight bytes tell them.
    """
    head = buffer.words[items.start].astype(np.int64)
    tag, length = head & 0xFF, (head >> 8) & 0xFF
    is_plain = (tag == _KEY << 3 | BYTES) | (tag == _NESTED_KEY << 3 | BYTES)
    key_start = items.start + 2
    key_end = key_start + length
    if not bool((is_plain & (length < 128) & (key_end + 3 <= items.end)).all()):
        return None
    head = buffer.words[key_end].astype(np.int64)
    start = key_end + 3
    end = start + ((head >> 16) & 0xFF)
    return (
        (key_start, key_end, start, end)
        if bool(((head & 0xFFFF == _VALUE_TAG) & (end == items.end)).all())
        else None
    )


_VALUE_TAG = 0x0182
"""Field 16, bytes, as its two bytes read as one number."""


def _values_of(text: bytes) -> tuple[list[Any], FloatArray, np.ndarray[Any, np.dtype[np.bool_]]]:
    """Values written in JSON, with those that are numbers as an array."""
    if not text:
        return [], np.zeros(0), np.zeros(0, np.bool_)
    try:
        told = orjson.loads(b"[" + text.replace(_BETWEEN, b",") + b"]")
    except orjson.JSONDecodeError:
        told = []
    if len(told) != text.count(_BETWEEN) + 1:  # one of them is no JSON, or holds the separator
        told = [_value_of(one) for one in text.split(_BETWEEN)]
    kinds = set(map(type, told))
    if kinds <= {float, int}:
        return told, np.array(told, np.float64), np.ones(len(told), np.bool_)
    is_number = np.fromiter((type(one) in (float, int) for one in told), np.bool_, len(told))
    values = np.zeros(len(told))
    values[is_number] = np.array(list(compress(told, is_number.tolist())), np.float64)
    return told, values, is_number


def _value_of(text: bytes) -> Any:
    """One value; None where it is no JSON. NaN and infinities, which are none either, are written as Python does."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return _float_of(found) if type(found) is int else found


def _float_of(value: float) -> float | None:
    try:
        return float(value)
    except OverflowError:  # a whole number that no float comes near
        return None


def numbers_of(name: str, value: object, depth: int = 0) -> list[tuple[str, float]]:
    """The numbers in a value: of a group of metrics, or written as a text because JSON has no NaN."""
    if isinstance(value, str) and value in _NOT_FINITE:
        return [(name, _NOT_FINITE[value])]
    if isinstance(value, int | float) and not isinstance(value, bool):
        number = _float_of(value)
        return [] if number is None else [(name, number)]
    if isinstance(value, dict) and "_type" not in value and depth < _MAX_NESTING:
        inner = (numbers_of(f"{name}.{key}", one, depth + 1) for key, one in value.items())
        return [found for part in inner for found in part]
    return []
