"""How a run shows itself in a notebook: each metric with its last value and the shape of its curve."""

from __future__ import annotations

from html import escape
from math import isfinite
from pathlib import Path
from typing import Protocol

import orjson

from assay.connectors.trackers.run_log.form import NOT_FINITE

MOST_METRICS = 50
MOST_BYTES = 64 * 2**20
"""Of a longer log the end is shown."""
_MOST_POINTS = 200
_WIDTH, _HEIGHT = 160, 28
_CELL = "padding:4px 10px;text-align:left"


class ShownRun(Protocol):
    """What is shown of a run."""

    status: str

    @property
    def run_id(self) -> str: ...
    @property
    def ticket(self) -> str: ...
    @property
    def path(self) -> str: ...


def html_of(run: ShownRun) -> str:
    """The run as a table, from what its own log says now."""
    curves = _curves(Path(run.path))
    rows = "".join(_row(name, curve) for name, curve in list(curves.items())[:MOST_METRICS])
    more = len(curves) - MOST_METRICS
    rest = f"<div><small>and {more} more metrics</small></div>" if more > 0 else ""
    head = f"<strong>{escape(run.ticket)}</strong> run {escape(run.run_id)}: {escape(run.status)}"
    return f'<div><div>{head}</div><table style="border-collapse:collapse"><tbody>{rows}</tbody></table>{rest}</div>'


def _curves(log: Path) -> dict[str, list[tuple[int, float]]]:
    """Steps and values by metric, in the order they were logged."""
    curves: dict[str, list[tuple[int, float]]] = {}
    try:
        with log.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - MOST_BYTES))
            *lines, _ = file.read().split(b"\n")
    except OSError:  # sent on to a tracker and removed
        return curves
    for line in lines[1:]:
        for name, (steps, values, _) in orjson.loads(line).get("points", {}).items():
            numbers = (NOT_FINITE.get(value, value) for value in values)
            curves.setdefault(name, []).extend(zip(steps, numbers, strict=True))
    return curves


def _row(name: str, curve: list[tuple[int, float]]) -> str:
    step, last = curve[-1]
    cells = (escape(name), f"{last:.6g}", f"step {step}", _shape(curve))
    return f"<tr>{''.join(f'<td style={chr(34)}{_CELL}{chr(34)}>{cell}</td>' for cell in cells)}</tr>"


def _shape(curve: list[tuple[int, float]]) -> str:
    """A line through the values, thinned evenly; a gap where they are no numbers."""
    every = max(1, len(curve) // _MOST_POINTS)
    points = sorted(curve[::every] + curve[-1:])
    known = [value for _, value in points if isfinite(value)]
    if len(known) < 2:
        return ""
    first, low = points[0][0], min(known)
    width, height = (points[-1][0] - first) or 1, (max(known) - low) or 1.0
    parts, pen = [], "M"
    for step, value in points:
        if not isfinite(value):
            pen = "M"
            continue
        x, y = (step - first) / width * (_WIDTH - 4) + 2, _HEIGHT - 3 - (value - low) / height * (_HEIGHT - 6)
        parts.append(f"{pen}{x:.1f} {y:.1f}")
        pen = "L"
    return (
        f'<svg width="{_WIDTH}" height="{_HEIGHT}" role="img" aria-label="from {known[0]:.4g} to {known[-1]:.4g}">'
        f'<path d="{" ".join(parts)}" fill="none" stroke="currentColor" stroke-width="1.5"/></svg>'
    )
