"""The history of a run as a server tells it: page by page over its steps, so that nothing of it is sampled.

A server thins out an answer that has more rows than were asked for. So each page asks for twice as many as it expects, and one that
comes back full is asked again in halves. At the end what came is held against what the server itself has counted.
"""

from __future__ import annotations

import json
from array import array
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import orjson

from assay.connectors.tracked.told import curve_in_logged_order, kept_text
from assay.connectors.tracked.wire import Malformed
from assay.connectors.trackers.wandb.graphql import TooMuch
from assay.connectors.trackers.wandb.history import MAX_NAMES, MAX_POINTS, numbers_of
from assay.domain.experiments.evidence import Curve, FloatArray, IntArray

PAGE_ROWS = 2_000
"""How many rows a page is meant to hold."""
MAX_ROWS = 2 * PAGE_ROWS
"""How many a server is asked for: a page with as many may be thinned out."""
MAX_PAGES = 20_000
END = 2**53 - 1
"""Behind every step: the largest whole number that JSON surely carries."""

Rows = list[str]
Ask = Callable[[int, int], Rows]


def first_end(lines: int | None) -> int:
    """Where does the first page end, for a run of which so many rows are counted? A short run is one page.

    >>> first_end(863) == END, first_end(100_000), first_end(None)
    (True, 2000, 2000)
    """
    return END if lines is not None and lines <= PAGE_ROWS else PAGE_ROWS


def pages(ask: Ask, first: Rows | None, end: int, last_step: int) -> Iterator[tuple[int, int, Rows]]:
    """All rows of a run, as pages: from which step, to before which one, the rows.

    Args:
        ask: for the rows from one step to before another; raises TooMuch when they are more than is read.
        first: those from step 0 to before `end`; None when they are too much.
        end: see there.
        last_step: the last one that the server tells, -1 when it tells none.

    Raises:
        Malformed: the server has more rows than a run can have.
    """
    low, high, rows = 0, end, first
    for _ in range(MAX_PAGES):
        if rows is None or len(rows) >= MAX_ROWS:
            width = (min(high, max(last_step + 1, low + 1)) - low) // 2 or (high - low) // 2
            if not width:
                raise Malformed(f"more rows of step {low} than can be read")
            high = low + width
        else:
            yield low, high, rows
            if high >= END:
                return
            width = (high - low) * (4 if len(rows) < PAGE_ROWS // 4 else 1)
            low, high = high, (END if high + width > last_step else high + width)
        try:
            rows = ask(low, high)
        except TooMuch:
            rows = None
    raise Malformed(f"a history of more than {MAX_PAGES} pages")


class PagedHistory:
    """Gathers the rows of one run.

    Args:
        started_ms: the time of rows that do not say theirs.
    """

    def __init__(self, started_ms: int | None) -> None:
        self.rows = 0
        self.last_ms: int | None = None
        self.started_ms = started_ms or 0
        self._found: dict[str, tuple[array[int], array[float], array[int]]] = {}
        self._points = 0

    def add(self, low: int, high: int, rows: Rows) -> None:
        """Take a page. Raises Malformed when it holds something else than rows of these steps."""
        for text in rows:
            row = _row_of(text)
            step = _step_of(row)
            if (
                step == high and high < END
            ):  # some servers count the end in; it comes again with the next page
                continue
            if not low <= step < high:
                raise Malformed(f"a row of step {step} where steps {low} to {high - 1} were asked for")
            self._take(row, step)
        if self._points > MAX_POINTS or self.rows > MAX_POINTS:
            raise Malformed(f"more than {MAX_POINTS} points")

    def _take(self, row: Mapping[str, Any], step: int) -> None:
        self.rows += 1
        seconds = row.get("_timestamp")
        time_ms = self.started_ms
        if isinstance(seconds, int | float) and 0 <= seconds < 2**38:
            time_ms = int(seconds * 1000)
        self.last_ms = max(self.last_ms or 0, time_ms) or None
        for name, value in row.items():
            if name.startswith("_"):
                continue
            for inner, number in ((name, value),) if type(value) is float else numbers_of(name, value):
                self._put(inner, step, number, time_ms)

    def _put(self, name: str, step: int, number: float, time_ms: int) -> None:
        columns = self._found.get(name)
        if columns is None:
            if len(self._found) >= MAX_NAMES:
                raise Malformed(f"more than {MAX_NAMES} different names")
            columns = self._found[name] = (array("q"), array("d"), array("q"))
        steps, values, times = columns
        steps.append(step)
        values.append(number)
        times.append(time_ms)
        self._points += 1

    def curves(self) -> dict[str, Curve]:
        """What was gathered, metric by metric."""
        return {
            kept_text(name): curve_in_logged_order(
                np.array(steps, np.int64), np.array(values, np.float64), np.array(times, np.int64)
            )
            for name, (steps, values, times) in self._found.items()
        }

    def missing(self, keys: Mapping[str, Any], lines: int | None) -> str:
        """What did not arrive of all that the server has counted; empty when nothing is missing.

        Args:
            keys: `historyKeys` of the run, with the number of values by metric and type.
            lines: `historyLineCount`, which counts where `keys` does not.
        """
        for name, (found, count) in self.short_of(keys).items():
            return f"{found} of {count} values of '{kept_text(name)[:80]}' arrived"
        if not _counted(keys) and lines is not None and self.rows < lines:
            return f"{self.rows} of {lines} rows of its history arrived"
        return ""

    def short_of(self, keys: Mapping[str, Any]) -> dict[str, tuple[int, int]]:
        """Metrics of which less arrived than the server has counted, with both numbers."""
        found = {name: len(columns[0]) for name, columns in self._found.items()}
        counted = _counted(keys).items()
        return {name: (found.get(name, 0), count) for name, count in counted if found.get(name, 0) < count}

    def fill(self, name: str, steps: IntArray, values: FloatArray, times_ms: IntArray) -> None:
        """Add the points of one metric at steps at which it has none yet."""
        columns = self._found.setdefault(name, (array("q"), array("d"), array("q")))
        new = ~np.isin(steps, np.array(columns[0], np.int64))
        self._points += int(new.sum())
        if self._points > MAX_POINTS:
            raise Malformed(f"more than {MAX_POINTS} points")
        columns[0].frombytes(steps[new].tobytes())
        columns[1].frombytes(values[new].tobytes())
        columns[2].frombytes(times_ms[new].tobytes())
        if new.any():
            self.last_ms = max(self.last_ms or 0, int(times_ms[new].max())) or None


def last_step_of(keys: Mapping[str, Any]) -> int:
    """The last step that `historyKeys` tells, -1 when it tells none.

    >>> last_step_of({"lastStep": 862}), last_step_of({})
    (862, -1)
    """
    told = keys.get("lastStep")
    return int(told) if isinstance(told, int | float) and -1 <= told < END else -1


def _counted(keys: Mapping[str, Any]) -> dict[str, int]:
    """How many numbers did the server count of each metric?"""
    found: dict[str, int] = {}
    told = keys.get("keys")
    for name, about in told.items() if isinstance(told, dict) else ():
        counts = about.get("typeCounts") if isinstance(about, dict) else None
        if not isinstance(counts, list) or name.startswith(("_", "system/")):
            continue
        numbers = [
            one.get("count") for one in counts if isinstance(one, dict) and one.get("type") == "number"
        ]
        found[name.replace("\\.", ".")] = sum(count for count in numbers if type(count) is int and count > 0)
    return found


def _row_of(text: object) -> dict[str, Any]:
    if not isinstance(text, str):
        raise Malformed(f"a row that is a {type(text).__name__} (expected a text with JSON)")
    try:
        row = orjson.loads(text)
    except (orjson.JSONDecodeError, UnicodeEncodeError):
        row = _python_json(text)
    if not isinstance(row, dict):
        raise Malformed("a row of its history that is no JSON object")
    return row


def _python_json(text: str) -> object:
    """JSON as Python writes it, where NaN and infinities are words."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _step_of(row: Mapping[str, Any]) -> int:
    step = row.get("_step")
    if (
        isinstance(step, bool)
        or not isinstance(step, int | float)
        or not 0 <= step < END
        or step != int(step)
    ):
        raise Malformed("a row of its history that does not say its step")
    return int(step)
