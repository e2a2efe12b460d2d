"""A metric over steps: mean and range of every group of seeds, target and baseline as lines, breaks marked.

Colours are left out: the page fills them in from its theme, so that light and dark need one specification.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from assay.domain.experiments.display import format_value
from assay.domain.kernel.findings import Role
from assay.domain.kernel.metrics import Metric, Unit
from assay.web.charts import curves as together
from assay.web.charts.axis import Axis, beyond, readable_axis
from assay.workflows.views import CurvePoints, TicketView

HEIGHT = 230
ARROWS = 400
"""At most this many values beyond the axis are marked one by one; the words beside the chart count all of them."""


def specification(view: TicketView) -> dict[str, Any]:
    """The chart of the page's metric as a Vega-Lite specification."""
    name = view.chart_metric or "value"
    metric = view.metrics.get(name)
    values = _Values(name, metric, axis_of(view))
    layers = (
        _points(view.curves, values)
        if together.is_single_points(view.curves)
        else _lines(view.curves, values)
    )
    return _finished(layers + _reference_lines(view, name, metric))


def axis_of(view: TicketView) -> Axis | None:
    """The part of the axis of values that is drawn, None where all of it is."""
    lines = [value for _, value, _ in _references(view, view.chart_metric or "")]
    return readable_axis((curve.values for curve in view.curves), lines)


@dataclass(frozen=True, slots=True)
class _Values:
    """What stands on the axis of values."""

    name: str
    metric: Metric | None
    axis: Axis | None

    def shown(self, value: float | None) -> str:
        return format_value(self.metric, value)

    def drawn(self, value: float | None) -> float | None:
        return value if value is None or self.axis is None else self.axis.drawn(value)

    def encoding(self, alt: Any, field: str) -> Any:
        metric = self.metric
        percent = metric is not None and metric.unit is Unit.FRACTION
        bare = metric is None or metric.unit in (Unit.FRACTION, Unit.NUMBER, Unit.COUNT)
        unit = "" if metric is None or bare else f", {metric.unit.value}"
        axis = alt.Axis(format=".1~%" if percent else "~g", title=f"{self.name}{unit}", tickCount=5)
        scale = (
            alt.Scale(zero=False, nice=True)
            if self.axis is None
            else alt.Scale(domain=[self.axis.low, self.axis.high], nice=False, zero=False)
        )
        return alt.Y(f"{field}:Q", axis=axis, scale=scale)


def _finished(layers: list[Any]) -> dict[str, Any]:
    import altair as alt  # takes most of a second: only pages with a chart pay for it

    chart = alt.layer(*layers).properties(width="container", height=HEIGHT)
    specification: dict[str, Any] = chart.to_dict()
    specification.pop("config", None)
    return specification


def _group_colour(alt: Any, names: Sequence[str]) -> Any:
    legend = (
        alt.Legend(title=None, orient="top", direction="vertical", symbolOpacity=1)
        if len(names) > 1
        else None
    )
    return alt.Color("group:N", legend=legend, sort=list(names))


def _lines(curves: Sequence[CurvePoints], values: _Values) -> list[Any]:
    import altair as alt

    groups = together.groups(curves)
    colour = _group_colour(alt, list(groups))
    step = alt.X("step:Q", axis=alt.Axis(title="step", format="~s", tickCount=6, grid=False))
    layers = []
    banded = [
        row
        for group, members in groups.items()
        if len(members) > 1
        for row in _band_rows(group, members, values)
    ]
    if banded:
        base = alt.Chart(alt.InlineData(values=banded))
        layers.append(
            base.mark_area(opacity=0.18, clip=True).encode(
                x=step, y=values.encoding(alt, "low"), y2="high:Q", color=colour
            )
        )
        layers.append(
            base.mark_line(strokeWidth=2, clip=True).encode(
                x=step, y=values.encoding(alt, "mean"), color=colour,
                tooltip=["group:N", "step:Q", "shown:N", "seeds:Q"],
            )
        )  # fmt: skip
    thin = [row for group, members in groups.items() for row in _single_rows(group, members, banded, values)]
    if thin:
        layers.append(
            alt.Chart(alt.InlineData(values=thin))
            .mark_line(strokeWidth=1.4, opacity=0.75, clip=True, invalid="break-paths-show-domains", point=_lonely(alt, curves))
            .encode(
                x=step, y=values.encoding(alt, "value"), color=colour, detail="run:N",
                tooltip=["run:N", "step:Q", "shown:N"],
            )
        )  # fmt: skip
    return layers + _edges(alt, curves, values, "step:Q") + _breaks(alt, groups)


def _lonely(alt: Any, curves: Sequence[CurvePoints]) -> Any:
    """Points on the lines where a line alone could be nothing to see."""
    return alt.OverlayMarkDef(size=14, filled=True) if max(len(c.values) for c in curves) <= 12 else False


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


def _edges(alt: Any, curves: Sequence[CurvePoints], values: _Values, across: str) -> list[Any]:
    """An arrow at the edge for every value beyond the axis, with what it is."""
    layers = []
    for above, arrow, y, baseline in ((True, "▲", 0, "top"), (False, "▼", HEIGHT, "bottom")):
        rows = [
            {
                "step": one.step,
                "group": one.group,
                "said": f"{one.run}: {values.shown(one.value)} at step {one.step}, beyond the axis",
            }
            for one in beyond(curves, values.axis)
            if one.above is above
        ]
        if rows:
            base = alt.Chart(alt.InlineData(values=rows[:ARROWS])).encode(
                x=alt.X(across), y=alt.value(y), tooltip=["said:N"]
            )
            layers.append(base.mark_text(text=arrow, fontSize=11, baseline=baseline))
    return layers


def _breaks(alt: Any, groups: dict[str, list[CurvePoints]]) -> list[Any]:
    gaps = [gap for group, members in groups.items() for gap in together.gaps(group, members)]
    if not gaps:
        return []
    rows = [
        {"step": gap.step, "run": gap.run, "said": f"{gap.run}: not a number at step {gap.step}"}
        for gap in gaps
    ]
    base = alt.Chart(alt.InlineData(values=rows)).encode(x=alt.X("step:Q"), tooltip=["said:N"])
    mark = base.mark_text(text="✕", fontSize=13, fontWeight="bold", baseline="bottom").encode(
        y=alt.value(HEIGHT - 4)
    )
    steps = [step for members in groups.values() for curve in members for step in curve.steps]
    # The words stand where there is room for them.
    early = gaps[0].step - min(steps) < max(steps) - gaps[0].step
    first = alt.Chart(alt.InlineData(values=rows[:1])).mark_text(
        text="not a number", align="left" if early else "right", dx=9 if early else -9, baseline="bottom"
    )
    return [mark, first.encode(x=alt.X("step:Q"), y=alt.value(HEIGHT - 5))]


def _points(curves: Sequence[CurvePoints], values: _Values) -> list[Any]:
    import altair as alt

    groups = together.groups(curves)
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
    base = alt.Chart(alt.InlineData(values=held))
    across = alt.X(
        "group:N", axis=alt.Axis(title=None, labelAngle=0, labelLimit=220, grid=False), sort=list(groups)
    )
    dots = base.mark_circle(size=80, opacity=0.8).encode(
        x=across, y=values.encoding(alt, "value"), color=alt.Color("group:N", legend=None, sort=list(groups)),
        tooltip=["run:N", "seed:N", "shown:N"],
    )  # fmt: skip
    layers = [dots, *_edges(alt, curves, values, "group:N")]
    broken = [row for row in rows if row["value"] is None]
    if broken:
        marks = alt.Chart(alt.InlineData(values=broken)).mark_text(text="✕ not a number", baseline="bottom")
        layers.append(marks.encode(x=across, y=alt.value(HEIGHT - 4), tooltip=["run:N"]))
    return layers


def _reference_lines(view: TicketView, name: str, metric: Metric | None) -> list[Any]:
    import altair as alt

    layers = []
    for label, value, dash in _references(view, name):
        rows = [{"value": value, "label": f"{label} {format_value(metric, value)}"}]
        base = alt.Chart(alt.InlineData(values=rows)).encode(y=alt.Y("value:Q"))
        layers.append(base.mark_rule(strokeWidth=1.5, strokeDash=dash))
        # The curve ends near the target and begins near the baseline: each label stands at the other end.
        left = label == "target"
        text = base.mark_text(
            align="left" if left else "right", baseline="bottom", dx=4 if left else -4, dy=-3
        )
        layers.append(text.encode(text="label:N", x=alt.value(0 if left else "width")))
    return layers


def _references(view: TicketView, name: str) -> list[tuple[str, float, list[int]]]:
    """Target and baseline as (label, value, dash); only numbers that stand on the axis of values."""
    found: list[tuple[str, float, list[int]]] = []
    for finding in view.verdict.verdict.findings if view.verdict is not None else ():
        if finding.metric != name or finding.role is not Role.PRIMARY:
            continue
        if finding.threshold is not None and finding.baseline is None:
            found.append(("target", finding.threshold, [1, 0]))
        if finding.baseline is not None:
            found.append(("baseline", finding.baseline, [4, 3]))
    if not any(label == "baseline" for label, _, _ in found):
        stated = [b for b in view.ticket.content.baseline if b.metric == name and b.value is not None]
        found += [("baseline", float(b.value), [4, 3]) for b in stated[:1] if b.value is not None]
    return found
