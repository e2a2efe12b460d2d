"""A metric over steps: mean and range of every group of seeds, target and baseline as lines, breaks marked.

Colours are left out: the page fills them in from its theme, so that light and dark need one specification.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from assay.domain.experiments.display import format_value
from assay.domain.gates.seed_groups import BASELINE_ARM
from assay.domain.kernel.findings import Role
from assay.domain.kernel.metrics import Direction, Metric, Unit
from assay.web.charts import curves as together
from assay.web.charts.axis import Axis, beyond, readable_axis
from assay.web.charts.frames import HEIGHT, drawing, filled
from assay.workflows.views import CurvePoints, TicketView

FEW_STEPS = 12
MOST_NAMED = 8
"""Groups that the legend names: there are no more colours. The others are drawn faintly behind."""
ARROWS = 400
"""At most this many values beyond the axis are marked one by one; the words beside the chart count all of them."""
Groups = Mapping[str, Sequence[CurvePoints]]


@dataclass(frozen=True, slots=True)
class _Shape:
    """What the picture looks like, apart from its rows."""

    title: str
    is_percent: bool
    axis: Axis | None
    groups: tuple[str, ...]
    sets: frozenset[str]
    """Names of the rows that there are."""
    are_points: bool
    """Every run logged a single value."""
    has_dots: bool
    """On the lines, where a line alone could be nothing to see."""
    breaks_early: bool
    references: tuple[tuple[str, tuple[int, ...]], ...]
    """Label and dash of the lines across."""

    def values(self, alt: Any, field: str) -> Any:
        """This field on the axis of values."""
        axis = alt.Axis(format=".1~%" if self.is_percent else "~g", title=self.title, tickCount=5)
        scale = (
            alt.Scale(zero=False, nice=True)
            if self.axis is None
            else alt.Scale(domain=[self.axis.low, self.axis.high], nice=False, zero=False)
        )
        return alt.Y(f"{field}:Q", axis=axis, scale=scale)


def specification(view: TicketView) -> dict[str, Any]:
    """The chart of the page's metric as a Vega-Lite specification."""
    name = view.chart_metric or "value"
    metric = view.metrics.get(name)
    values = _Values(metric, axis_of(view))
    groups, references = _best_named(view, metric), _references(view, name)
    are_points = together.is_single_points(view.curves)
    rows = _points(groups, values) if are_points else _lines(groups, values)
    rows |= _edges(view.curves, values)
    rows |= {
        f"reference_{place}": [{"value": value, "label": f"{label} {format_value(metric, value)}"}]
        for place, (label, value, _) in enumerate(references)
    }
    rows = {label: found for label, found in rows.items() if found}
    shape = _Shape(
        title=_title(name, metric),
        is_percent=metric is not None and metric.unit is Unit.FRACTION,
        axis=values.axis,
        groups=tuple(groups),
        sets=frozenset(rows),
        are_points=are_points,
        has_dots=max((len(curve.values) for curve in view.curves), default=0) <= FEW_STEPS,
        breaks_early=_breaks_early(groups, rows),
        references=tuple((label, dash) for label, _, dash in references),
    )
    return filled(_drawing(shape), **rows)


@drawing
def _drawing(shape: _Shape) -> Any:
    import altair as alt  # takes most of a second: only pages with a chart pay for it

    layers = _drawn_points(alt, shape) if shape.are_points else _drawn_lines(alt, shape)
    return alt.layer(*layers, *_drawn_references(alt, shape))


def _best_named(view: TicketView, metric: Metric | None) -> Groups:
    """The groups in their order; where not all can be named, the best of each kind come first, by the value that counts."""
    groups = together.groups(view.curves)
    if len(groups) <= MOST_NAMED or metric is None:
        return groups
    counted = together.counted(view)
    sign = -1.0 if metric.direction is Direction.HIGHER else 1.0

    def place(name: str) -> tuple[bool, bool, bool, float]:
        first = groups[name][0]
        known = [counted[curve.run_id] for curve in groups[name] if curve.run_id in counted]
        return (
            first.late,
            first.exploratory,
            first.arm != BASELINE_ARM,
            sign * together.mean(known) if known else math.inf,
        )

    return {name: groups[name] for name in sorted(groups, key=place)}


def axis_of(view: TicketView) -> Axis | None:
    """The part of the axis of values that is drawn, None where all of it is."""
    lines = [value for _, value, _ in _references(view, view.chart_metric or "")]
    return readable_axis((curve.values for curve in view.curves), lines)


@dataclass(frozen=True, slots=True)
class _Values:
    """What stands on the axis of values."""

    metric: Metric | None
    axis: Axis | None

    def shown(self, value: float | None) -> str:
        return format_value(self.metric, value)

    def drawn(self, value: float | None) -> float | None:
        return value if value is None or self.axis is None else self.axis.drawn(value)


def _title(name: str, metric: Metric | None) -> str:
    bare = metric is None or metric.unit in (Unit.FRACTION, Unit.NUMBER, Unit.COUNT)
    return name if metric is None or bare else f"{name}, {metric.unit.value}"


def _lines(groups: Groups, values: _Values) -> dict[str, list[dict[str, Any]]]:
    banded = [
        row
        for group, members in groups.items()
        if len(members) > 1
        for row in _band_rows(group, members, values)
    ]
    thin = [row for group, members in groups.items() for row in _single_rows(group, members, banded, values)]
    gaps = [gap for group, members in groups.items() for gap in together.gaps(group, members)]
    breaks = [
        {"step": gap.step, "run": gap.run, "said": f"{gap.run}: not a number at step {gap.step}"}
        for gap in gaps
    ]
    return {"bands": banded, "runs": thin, "breaks": breaks, "first_break": breaks[:1]}


def _drawn_lines(alt: Any, shape: _Shape) -> list[Any]:
    named = list(shape.groups[:MOST_NAMED])
    legend = (
        alt.Legend(title=None, orient="top", direction="vertical", symbolOpacity=1, values=named)
        if len(shape.groups) > 1
        else None
    )
    is_named = alt.FieldOneOfPredicate(field="group", oneOf=named)
    colour = alt.Color("group:N", legend=legend, sort=list(shape.groups))
    step = alt.X("step:Q", axis=alt.Axis(title="step", format="~s", tickCount=6, grid=False))
    layers = []
    if "bands" in shape.sets:
        base = alt.Chart(alt.NamedData("bands"))
        layers.append(
            base.mark_area(opacity=0.18, clip=True).encode(
                x=step, y=shape.values(alt, "low"), y2="high:Q", color=colour
            )
        )
        layers.append(
            base.mark_line(strokeWidth=2, clip=True).encode(
                x=step, y=shape.values(alt, "mean"), color=colour,
                tooltip=["group:N", "step:Q", "shown:N", "seeds:Q"],
            )
        )  # fmt: skip
    if "runs" in shape.sets:
        dots = alt.OverlayMarkDef(size=14, filled=True) if shape.has_dots else False
        layers.append(
            alt.Chart(alt.NamedData("runs"))
            .mark_line(strokeWidth=1.4, clip=True, invalid="break-paths-show-domains", point=dots)
            .encode(
                x=step, y=shape.values(alt, "value"), color=colour, detail="run:N",
                opacity=alt.condition(is_named, alt.value(0.75), alt.value(0.15)),
                tooltip=["run:N", "step:Q", "shown:N"],
            )
        )  # fmt: skip
    return layers + _drawn_edges(alt, shape, "step:Q") + _drawn_breaks(alt, shape)


def _band_rows(group: str, members: Sequence[CurvePoints], values: _Values) -> list[dict[str, Any]]:
    return [
        {
            "group": band.group,
            "step": band.step,
            "mean": values.drawn(band.mean),
            "low": values.drawn(band.low),
            "high": values.drawn(band.high),
            "seeds": band.seeds,
            "shown": f"{values.shown(band.mean)} ({values.shown(band.low)} to {values.shown(band.high)})",
        }
        for band in together.bands(group, members)
    ]


def _single_rows(
    group: str, members: Sequence[CurvePoints], banded: Sequence[dict[str, Any]], values: _Values
) -> list[dict[str, Any]]:
    """Runs drawn one by one: where a group has one seed, or where its seeds share no step or one breaks off."""
    covered = {row["step"] for row in banded if row["group"] == group}
    if covered and all(set(curve.steps) <= covered for curve in members):
        return []
    return [
        {
            "group": group,
            "run": curve.name or curve.run_id,
            "step": step,
            "value": values.drawn(value),
            "shown": values.shown(value),
        }
        for curve in members
        for step, value in zip(curve.steps, curve.values, strict=True)
    ]


def _edges(curves: Sequence[CurvePoints], values: _Values) -> dict[str, list[dict[str, Any]]]:
    """Every value beyond the axis, with what it is, by the edge that an arrow stands at."""
    found: dict[str, list[dict[str, Any]]] = {"above": [], "below": []}
    for one in beyond(curves, values.axis):
        said = f"{one.run}: {values.shown(one.value)} at step {one.step}, beyond the axis"
        found["above" if one.above else "below"].append({"step": one.step, "group": one.group, "said": said})
    return {edge: rows[:ARROWS] for edge, rows in found.items()}


def _drawn_edges(alt: Any, shape: _Shape, across: str) -> list[Any]:
    return [
        alt.Chart(alt.NamedData(edge))
        .encode(x=alt.X(across), y=alt.value(y), tooltip=["said:N"])
        .mark_text(text=arrow, fontSize=11, baseline=baseline)
        for edge, arrow, y, baseline in (("above", "▲", 0, "top"), ("below", "▼", HEIGHT, "bottom"))
        if edge in shape.sets
    ]


def _breaks_early(groups: Groups, rows: Mapping[str, Sequence[dict[str, Any]]]) -> bool:
    """Is there more room for words after the first break than before it?"""
    if "breaks" not in rows:
        return False
    steps = [step for members in groups.values() for curve in members for step in curve.steps]
    first: int = rows["breaks"][0]["step"]
    return first - min(steps) < max(steps) - first


def _drawn_breaks(alt: Any, shape: _Shape) -> list[Any]:
    if "breaks" not in shape.sets:
        return []
    marks = (
        alt.Chart(alt.NamedData("breaks"))
        .encode(x=alt.X("step:Q"), y=alt.value(HEIGHT - 4), tooltip=["said:N"])
        .mark_text(text="✕", fontSize=13, fontWeight="bold", baseline="bottom")
    )
    early = shape.breaks_early
    words = alt.Chart(alt.NamedData("first_break")).mark_text(
        text="not a number", align="left" if early else "right", dx=9 if early else -9, baseline="bottom"
    )
    return [marks, words.encode(x=alt.X("step:Q"), y=alt.value(HEIGHT - 5))]


def _points(groups: Groups, values: _Values) -> dict[str, list[dict[str, Any]]]:
    rows: list[dict[str, Any]] = [
        {
            "group": group,
            "run": curve.name or curve.run_id,
            "value": together.last_number(curve),
            "shown": values.shown(together.last_number(curve)),
            "seed": "no seed" if curve.seed is None else f"seed {curve.seed}",
        }
        for group, members in groups.items()
        for curve in members
    ]
    held = [
        row
        for row in rows
        if row["value"] is not None and (values.axis is None or values.axis.holds(row["value"]))
    ]
    return {"ends": held, "broken": [row for row in rows if row["value"] is None]}


def _drawn_points(alt: Any, shape: _Shape) -> list[Any]:
    across = alt.X(
        "group:N",
        axis=alt.Axis(title=None, labelAngle=0, labelLimit=220, grid=False),
        sort=list(shape.groups),
    )
    dots = alt.Chart(alt.NamedData("ends")).mark_circle(size=80, opacity=0.8).encode(
        x=across, y=shape.values(alt, "value"),
        color=alt.Color("group:N", legend=None, sort=list(shape.groups)),
        tooltip=["run:N", "seed:N", "shown:N"],
    )  # fmt: skip
    layers = [*([dots] if "ends" in shape.sets else []), *_drawn_edges(alt, shape, "group:N")]
    if "broken" in shape.sets:
        marks = alt.Chart(alt.NamedData("broken")).mark_text(text="✕ not a number", baseline="bottom")
        layers.append(marks.encode(x=across, y=alt.value(HEIGHT - 4), tooltip=["run:N"]))
    return layers


def _drawn_references(alt: Any, shape: _Shape) -> list[Any]:
    layers = []
    for place, (label, dash) in enumerate(shape.references):
        base = alt.Chart(alt.NamedData(f"reference_{place}")).encode(y=alt.Y("value:Q"))
        layers.append(base.mark_rule(strokeWidth=1.5, strokeDash=list(dash)))
        # The curve ends near the target and begins near the baseline: each label stands at the other end.
        left = label == "target"
        text = base.mark_text(
            align="left" if left else "right", baseline="bottom", dx=4 if left else -4, dy=-3
        )
        layers.append(text.encode(text="label:N", x=alt.value(0 if left else "width")))
    return layers


def _references(view: TicketView, name: str) -> list[tuple[str, float, tuple[int, ...]]]:
    """Target and baseline as (label, value, dash); only numbers that stand on the axis of values."""
    found: list[tuple[str, float, tuple[int, ...]]] = []
    for finding in view.verdict.verdict.findings if view.verdict is not None else ():
        if finding.metric != name or finding.role is not Role.PRIMARY:
            continue
        if finding.threshold is not None and finding.baseline is None:
            found.append(("target", finding.threshold, (1, 0)))
        if finding.baseline is not None:
            found.append(("baseline", finding.baseline, (4, 3)))
    if not any(label == "baseline" for label, _, _ in found):
        stated = [b for b in view.ticket.content.baseline if b.metric == name and b.value is not None]
        found += [("baseline", float(b.value), (4, 3)) for b in stated[:1] if b.value is not None]
    return found
