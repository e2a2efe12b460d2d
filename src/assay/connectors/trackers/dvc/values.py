"""What DVCLive writes down: a table a metric, and the last values in `metrics.json`."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from assay.connectors.tracked.documents import Holder
from assay.connectors.tracked.told import curve_in_logged_order, kept_text
from assay.domain.experiments.evidence import Curve
from assay.errors import Invalid

MAX_CURVE_BYTES = 256 * 2**20
_NOT_FINITE = {"NaN": np.nan, "Infinity": np.inf, "-Infinity": -np.inf}


def curve_at(holder: Holder, path: str) -> Curve | None:
    """A table with a row a point: perhaps `timestamp`, then `step`, then the value. A row without its end is being written.

    Raises:
        Invalid: naming the file and the row that is none.
    """
    content = holder.content(path, limit=MAX_CURVE_BYTES)
    end = content.rfind(b"\n") + 1
    try:
        content[: max(end, len(content) - 4)].decode()  # the last character may be cut
    except UnicodeDecodeError as error:
        raise _bad(holder, path, content.count(b"\n", 0, error.start) + 1, [], "text in UTF-8") from error
    rows = list(csv.reader(content[:end].decode().splitlines(), delimiter="\t"))
    if not rows:
        return None
    header = rows.pop(0)
    if "step" not in header or len(header) < 2 or len(set(header)) < len(header):
        raise _bad(holder, path, 1, header, "a header with step and the metric")
    at_step, at_time = header.index("step"), header.index("timestamp") if "timestamp" in header else -1
    at_value = next(place for place, name in enumerate(header) if name not in ("step", "timestamp"))
    steps, values, times = [], [], []
    for number, row in enumerate(rows, 2):
        try:
            steps.append(int(row[at_step]))
            values.append(float(row[at_value]))
            # DVCLive writes what the clock said, in milliseconds.
            times.append(int(float(row[at_time])) if at_time >= 0 and row[at_time] else 0)
            np.array((steps[-1], times[-1]), np.int64)
        except (ValueError, IndexError, OverflowError):
            raise _bad(holder, path, number, row, "a whole step and a number") from None
    if not steps:
        return None
    return curve_in_logged_order(np.array(steps, np.int64), np.array(values), np.array(times, np.int64))


def _bad(holder: Holder, path: str, number: int, row: list[str], expected: str) -> Invalid:
    told = "\t".join(row)[:60]
    return holder.broken(
        path,
        f"row {number} is {told!r}" if row else f"row {number} is no text",
        expected,
        "let DVCLive write it again, or remove it, then: assay sync",
    )


def add_last_values(
    curves: dict[str, Curve], summary: Mapping[str, Any], at_ms: int, *, prefix: str = ""
) -> None:
    """What only `metrics.json` has becomes a curve of one point, at its last step.

    Args:
        curves: by metric; those of the summary's metrics stay as they are.
        summary: the content of `metrics.json`.
        at_ms: when it was written, in milliseconds since 1970.
        prefix: of the metrics' names.
    """
    step = summary.get("step", 0)
    step = step if type(step) is int and abs(step) < 2**63 else 0
    for inner, value in _numbers(summary, ""):
        name = f"{prefix}{inner}"
        if name not in curves and inner != "step":
            curves[name] = Curve(np.array([step], np.int64), np.array([value]), np.array([at_ms], np.int64))


def _numbers(told: object, prefix: str) -> Iterator[tuple[str, float]]:
    """The numbers of `metrics.json`, which DVCLive nests at each slash of a name."""
    if isinstance(told, dict):
        for name, value in told.items():
            yield from _numbers(value, f"{prefix}/{kept_text(name)}" if prefix else kept_text(name))
    elif isinstance(told, int | float) and not isinstance(told, bool):
        if abs(told) < 10**308 or not isinstance(told, int):  # no float comes near a larger whole number
            yield prefix, float(told)
    elif isinstance(told, str) and told in _NOT_FINITE:
        yield prefix, _NOT_FINITE[told]
