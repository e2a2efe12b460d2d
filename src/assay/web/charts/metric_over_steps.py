"""A metric over steps: mean and range of every group of seeds, target and baseline as lines, breaks marked.

Colours are left out: the page fills them in from its theme, so that light and dark need one specification.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from assay.domain.experiments.display import format_value
from assay.domain.kernel.findings import Role
from assay.domain.kernel.metrics import Metric, Unit
from assay.web.charts import curves as together
from assay.workflows.views import CurvePoints, TicketView

HEIGHT = 230


def specification(view: TicketView) -> dict[str, Any]:
    """The chart of the page's metric as a Vega-Lite specification."""
    name = view.chart_metric or "value"
    metric = view.metrics.get(name)
    layers = (
        _points(view.curves, name, metric)
        if together.is_single_points(view.curves)
        else _lines(view.curves, name, metric)
    )
    return _finished(layers + _reference_lines(view, name, metric))


def _finished(layers: list[Any]) -> dict[str, Any]:
    import altair as alt  # takes most of a second: only pages with a chart pay for it

    chart = alt.layer(*layers).properties(width="container", height=HEIGHT)
    specification: dict[str, Any] = chart.to_dict()
    specification.pop("config", None)
    return specification


def _value_axis(alt: Any, field: str, name: str, metric: Metric | None) -> Any:
    percent = metric is not None and metric.unit is Unit.FRACTION
    unit = (
        ""
        if metric is None or metric.unit in (Unit.FRACTION, Unit.NUMBER, Unit.COUNT)
        else f", {metric.unit.value}"
    )
    axis = alt.Axis(format=".1~%" if percent else "~g", title=f"{name}{unit}", tickCount=5)
    return alt.Y(f"{field}:Q", axis=axis, scale=alt.Scale(zero=False, nice=True))


def _group_colour(alt: Any, names: Sequence[str]) -> Any:
    legend = alt.Legend(title=None, orient="top") if len(names) > 1 else None
    return alt.Color("group:N", legend=legend, sort=list(names))


def _lines(curves: Sequence[CurvePoints], name: str, metric: Metric | None) -> list[Any]:
    import altair as alt

    groups = together.groups(curves)
    colour = _group_colour(alt, list(groups))
    step = alt.X("step:Q", axis=alt.Axis(title="step", format="~s", tickCount=6, grid=False))
    layers = []
    banded = [
        row
        for group, members in groups.items()
        if len(members) > 1
        for row in _band_rows(group, members, metric)
    ]
    if banded:
        base = alt.Chart(alt.InlineData(values=banded))
        layers.append(
            base.mark_area(opacity=0.18).encode(
                x=step, y=_value_axis(alt, "low", name, metric), y2="high:Q", color=colour
            )
        )
        layers.append(
            base.mark_line(strokeWidth=2).encode(
                x=step, y=_value_axis(alt, "mean", name, metric), color=colour,
                tooltip=["group:N", "step:Q", "shown:N", "seeds:Q"],
            )
        )  # fmt: skip
    thin = [row for group, members in groups.items() for row in _single_rows(group, members, banded, metric)]
    if thin:
        layers.append(
            alt.Chart(alt.InlineData(values=thin))
            .mark_line(strokeWidth=1.4, opacity=0.75, invalid="break-paths-show-domains", point=_lonely(alt, curves))
            .encode(
                x=step, y=_value_axis(alt, "value", name, metric), color=colour, detail="run:N",
                tooltip=["run:N", "step:Q", "shown:N"],
            )
        )  # fmt: skip
    return layers + _breaks(alt, groups)


def _lonely(alt: Any, curves: Sequence[CurvePoints]) -> Any:
    """Points on the lines where a line alone could be nothing to see."""
    return alt.OverlayMarkDef(size=14, filled=True) if max(len(c.values) for c in curves) <= 12 else False


def _band_rows(group: str, members: Sequence[CurvePoints], metric: Metric | None) -> list[dict[str, Any]]:
    return [
        {
            "group": band.group,
            "step": band.step,
            "mean": band.mean,
            "low": band.low,
            "high": band.high,
            "seeds": band.seeds,
            "shown": f"{format_value(metric, band.mean)} ({format_value(metric, band.low)} to {format_value(metric, band.high)})",
        }
        for band in together.bands(group, members)
    ]


def _single_rows(
    group: str, members: Sequence[CurvePoints], banded: Sequence[dict[str, Any]], metric: Metric | None
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
            "value": value,
            "shown": format_value(metric, value),
        }
        for curve in members
        for step, value in zip(curve.steps, curve.values, strict=True)
    ]


def _breaks(alt: Any, groups: dict[str, list[CurvePoints]]) -> list[Any]:
    rows = [
        {"step": gap.step, "run": gap.run, "said": f"{gap.run}: not a number at step {gap.step}"}
        for group, members in groups.items()
        for gap in together.gaps(group, members)
    ]
    if not rows:
        return []
    base = alt.Chart(alt.InlineData(values=rows)).encode(x=alt.X("step:Q"), tooltip=["said:N"])
    mark = base.mark_text(text="✕", fontSize=13, fontWeight="bold", baseline="bottom").encode(
        y=alt.value(HEIGHT - 4)
    )
    first = alt.Chart(alt.InlineData(values=rows[:1])).mark_text(
        text="not a number", align="right", dx=-9, baseline="bottom"
    )
    return [mark, first.encode(x=alt.X("step:Q"), y=alt.value(HEIGHT - 5))]


def _points(curves: Sequence[CurvePoints], name: str, metric: Metric | None) -> list[Any]:
    import altair as alt

    groups = together.groups(curves)
    rows = [
        {
            "group": group,
            "run": curve.name or curve.run_id,
            "value": together.last_number(curve),
            "shown": format_value(metric, together.last_number(curve)),
            "seed": "no seed" if curve.seed is None else f"seed {curve.seed}",
        }
        for group, members in groups.items()
        for curve in members
    ]
    base = alt.Chart(alt.InlineData(values=[row for row in rows if row["value"] is not None]))
    across = alt.X(
        "group:N", axis=alt.Axis(title=None, labelAngle=0, labelLimit=220, grid=False), sort=list(groups)
    )
    dots = base.mark_circle(size=80, opacity=0.8).encode(
        x=across, y=_value_axis(alt, "value", name, metric), color=alt.Color("group:N", legend=None, sort=list(groups)),
        tooltip=["run:N", "seed:N", "shown:N"],
    )  # fmt: skip
    broken = [row for row in rows if row["value"] is None]
    if not broken:
        return [dots]
    marks = alt.Chart(alt.InlineData(values=broken)).mark_text(text="✕ not a number", baseline="bottom")
    return [dots, marks.encode(x=across, y=alt.value(HEIGHT - 4), tooltip=["run:N"])]


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
