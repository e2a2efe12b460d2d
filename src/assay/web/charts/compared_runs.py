"""Curves of many runs in one picture: a line a run, smoothed lines over what was logged, colours by what tells them apart.

A run is one row with its places and values as lists, taken apart in the browser: the names of two hundred runs travel once.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from assay.domain.experiments.display import format_value
from assay.domain.experiments.evidence import Run
from assay.domain.gates.compared_groups import ComparedRun
from assay.domain.kernel.metrics import Unit
from assay.web import wording
from assay.web.charts.axis import Axis, readable_axis
from assay.web.charts.frames import drawing, filled
from assay.web.run_view import run_href
from assay.workflows.comparison_views import Across, ColourBy, ComparisonView, CurvesView, DrawnCurve

MOST_COLOURS = 8
FEW_POINTS = 12
OTHERS = "all others"
_DIGITS = 6
ZOOM = "wheel![event.ctrlKey]"
"""Only with Ctrl, as maps do, so that the page can be scrolled over a picture."""


@dataclass(frozen=True, slots=True)
class _Shape:
    """What the picture looks like, apart from its rows."""

    title: str
    along: str
    is_percent: bool
    axis: Axis | None
    log_across: bool
    log_values: bool
    colours: tuple[str, ...]
    is_smoothed: bool
    has_dots: bool
    others: float
    """How strongly the lines of all others are drawn: faintly, where some have a colour of their own."""


def specification(view: ComparisonView, curves: CurvesView) -> dict[str, Any]:
    """The curves of one metric as a Vega-Lite specification without colours."""
    asked, declared = view.asked, curves.declared
    factor, along = _along(asked.across, curves.curves)
    colours = colour_names(view)
    axis = None if asked.log_values else _axis(curves)
    by_id = {one.run.run_id: one for one in view.drawn}
    known = set(colours)
    rows = []
    for one in curves.curves:
        row = _row(view, one, by_id[one.run_id], curves)
        row["colour"] = row["colour"] if row["colour"] in known else OTHERS
        rows.append({**row, "x": _across(one.across, factor), "y": _values(one.values, axis)})
    # What is drawn last lies on top: the best group, and the one colour for all others below those that have their own.
    places = {name: place for place, name in enumerate(colours)}
    rows.sort(key=lambda row: -places[row["colour"]])
    shape = _Shape(
        title=_title(curves),
        along=along,
        is_percent=declared is not None and declared.unit is Unit.FRACTION,
        axis=axis,
        log_across=asked.log_across,
        log_values=asked.log_values,
        colours=tuple(colours),
        is_smoothed=asked.smooth > 0,
        has_dots=max((len(one.values) for one in curves.curves), default=0) <= FEW_POINTS,
        others=0.2 if any(row["colour"] != OTHERS for row in rows) else 0.9,
    )
    sets = {"runs": rows}
    by_run = {row["run"]: row for row in rows}
    if shape.is_smoothed:
        sets["raw"] = [
            {**row, "x": _across(one.raw_across, factor), "y": _values(one.raw_values, axis)}
            for one in curves.curves
            if one.raw_across is not None and one.raw_values is not None
            for row in (by_run[one.run_id],)
        ]
    return {**filled(_drawing(shape), **sets), "usermeta": {"warnings": warnings(view, curves, axis)}}


def warnings(view: ComparisonView, curves: CurvesView, axis: Axis | None) -> list[str]:
    """What the lines do not show."""
    said = []
    broken = [one for one in curves.curves if one.broken]
    if broken:
        amount = wording.plural(sum(one.broken for one in broken), "value")
        said.append(
            f"{amount} of {wording.plural(len(broken), 'run')}: no finite number, so the line breaks there."
        )
    off = sum(one.off_axis for one in curves.curves)
    if off:
        said.append(f"{wording.plural(off, 'point')} at or below 0: not on a logarithmic axis.")
    if axis is not None:
        outside = [
            one
            for one in curves.curves
            if any(not axis.holds(v) for v in one.values[np.isfinite(one.values)])
        ]
        if outside:
            said.append(
                f"{wording.plural(len(outside), 'run')} left the axis: its values stand in the table."
            )
    if curves.without:
        said.append(f"{curves.without:,} of the {len(view.drawn):,} runs drawn never logged {curves.metric}.")
    return said


def colour_names(view: ComparisonView) -> list[str]:
    """What the colours stand for, in their order; where there are more than colours, the last one is for all others."""
    names = list(dict.fromkeys(_colour(view, one.run) for group in view.groups for one in group.runs))
    return names if len(names) <= MOST_COLOURS else [*names[: MOST_COLOURS - 1], OTHERS]


def _colour(view: ComparisonView, run: Run) -> str:
    by = view.asked.colour
    if by is ColourBy.SEED:
        return "no seed" if run.seed is None else f"seed {run.seed}"
    if by is ColourBy.ARM:
        return run.arm
    if by is ColourBy.TICKET:
        return run.ticket or "no ticket"
    return group_name(view, run.run_id)


def group_name(view: ComparisonView, run_id: str) -> str:
    """How the group of a run is called beside others: its ticket where there are several, its arm, what sets it apart."""
    group = view.group_of[run_id]
    several = len({one.ticket for one in view.groups}) > 1
    parts = [group.ticket or "no ticket"] if several else []
    if group.arm not in (group.label, "candidate"):
        parts.append(group.arm)
    if group.label != "one configuration" or not parts:
        parts.append(group.label)
    if group.dataset and len({one.dataset for one in view.groups}) > 1:
        parts.append(f"on {group.dataset}")
    return ", ".join([*parts, *(["before the lock"] if group.is_early else [])])


def _along(across: Across, curves: Sequence[DrawnCurve]) -> tuple[float, str]:
    if across is Across.STEP:
        return 1.0, "step"
    longest = max((float(one.across[-1]) for one in curves if len(one.across)), default=0.0)
    if longest >= 2.0:
        return 1.0, "hours since its first point"
    return (
        (60.0, "minutes since its first point")
        if longest * 60 >= 2.0
        else (3600.0, "seconds since its first point")
    )


def _axis(curves: CurvesView) -> Axis | None:
    return readable_axis(
        [v if math.isfinite(v) else None for v in one.values.tolist()] for one in curves.curves
    )


def _row(view: ComparisonView, one: DrawnCurve, run: ComparedRun, curves: CurvesView) -> dict[str, Any]:
    """What travels of one run, apart from its points."""
    tracked = run.run
    said = [tracked.name or tracked.external_id, group_name(view, one.run_id)]
    said.append("no seed" if tracked.seed is None else f"seed {tracked.seed}")
    if run.value is not None and view.metrics[0] == curves.metric:
        said.append(f"{curves.metric} {format_value(curves.declared, run.value)}, {view.read.text}")
    if one.broken:
        said.append(f"{wording.plural(one.broken, 'value')} no finite number")
    return {
        "run": one.run_id,
        "said": "; ".join(said),
        "colour": _colour(view, tracked),
        "href": run_href(view.project.slug, one.run_id),
    }


def _across(places: Any, factor: float) -> list[float]:
    return [_short(place * factor) for place in places.tolist()]


def _values(values: Any, axis: Axis | None) -> list[float | None]:
    return [
        None if not math.isfinite(value) else _short(value if axis is None else axis.drawn(value))
        for value in values.tolist()
    ]


def _short(value: float) -> float:
    """As many digits as a picture can show."""
    return int(value) if value == int(value) and abs(value) < 1e15 else float(f"{value:.{_DIGITS}g}")


def _title(curves: CurvesView) -> str:
    metric = curves.declared
    bare = metric is None or metric.unit in (Unit.FRACTION, Unit.NUMBER, Unit.COUNT)
    return curves.metric if metric is None or bare else f"{curves.metric}, {metric.unit.value}"


@drawing
def _drawing(shape: _Shape) -> Any:
    import altair as alt  # takes most of a second: only pages with a chart pay for it

    x = alt.X(
        "x:Q",
        axis=alt.Axis(
            title=shape.along, format="~s" if shape.along == "step" else "~g", tickCount=6, grid=False
        ),
        scale=alt.Scale(type="log" if shape.log_across else "linear", nice=False, zero=False),
    )
    chosen = alt.selection_point(name="chosen", fields=["colour"], bind="legend")
    colour = alt.Color(
        "colour:N",
        sort=list(shape.colours),
        scale=alt.Scale(domain=list(shape.colours)),
        legend=alt.Legend(title=None, orient="top", symbolOpacity=1) if len(shape.colours) > 1 else None,
    )
    common = {"x": x, "y": _y(alt, shape), "color": colour, "detail": "run:N"}
    dots = alt.OverlayMarkDef(size=14, filled=True) if shape.has_dots else False
    # The picture has one label and a table; a description of every point of every line would take as long as all the rest.
    layers = []
    if shape.is_smoothed:
        layers.append(
            alt.Chart(alt.NamedData("raw"))
            .transform_flatten(["x", "y"])
            .mark_line(strokeWidth=1, opacity=0.22, clip=True, invalid="break-paths-show-domains", aria=False)
            .encode(**common)
        )
    layers.append(
        alt.Chart(alt.NamedData("runs"))
        .transform_flatten(["x", "y"])
        .mark_line(strokeWidth=1.4, clip=True, invalid="break-paths-show-domains", aria=False, point=dots)
        .encode(
            **common,
            opacity=alt.when(~chosen)
            .then(alt.value(0.08))
            .when(alt.datum.colour == OTHERS)
            .then(alt.value(shape.others))
            .otherwise(alt.value(0.9)),
            tooltip="said:N",
            href="href:N",
        )
        .add_params(chosen, alt.selection_interval(name="seen", bind="scales", zoom=ZOOM))
    )
    return alt.layer(*layers)


def _y(alt: Any, shape: _Shape) -> Any:
    axis = alt.Axis(format=".1~%" if shape.is_percent else "~g", title=shape.title, tickCount=5)
    if shape.log_values:
        return alt.Y("y:Q", axis=axis, scale=alt.Scale(type="log", nice=True))
    if shape.axis is not None:
        return alt.Y(
            "y:Q",
            axis=axis,
            scale=alt.Scale(domain=[shape.axis.low, shape.axis.high], nice=False, zero=False),
        )
    return alt.Y("y:Q", axis=axis, scale=alt.Scale(zero=False, nice=True))
