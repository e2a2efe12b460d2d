"""The best value of the headline metric over time: each step up with the ticket that reached it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from assay.domain.experiments.display import format_value
from assay.domain.forecasting.best_ahead import BestAhead, NothingAhead
from assay.domain.kernel.metrics import Metric, MetricCatalog, Unit
from assay.web import wording
from assay.web.charts.frames import drawing, filled
from assay.web.contexts.experiment import ChartBox
from assay.workflows.overview_views import BestPoint, OverviewView
from assay.workflows.state_views import Headline, ahead_text, edge_text

ONE_DAY = timedelta(days=1)


def box(view: OverviewView, metrics: MetricCatalog, slug: str) -> ChartBox | None:
    """The box around the chart, None where nothing was measured yet."""
    if view.best_metric is None or not view.best:
        return None
    metric = metrics.get(view.best_metric)
    name, last = f"{view.best_metric}{metric.reading.beside if metric else ''}", view.best[-1]
    return ChartBox(
        title=f"Best {name} over time",
        note="each point is the ticket that reached it",
        href=f"/p/{slug}/charts/best.json",
        warnings=(),
        summary=f"{name} is at {format_value(metric, last.value)}, reached by {last.key} on "
        f"{wording.day(last.at)}; it began at {format_value(metric, view.best[0].value)}.",
        columns=("Day", "Ticket", view.best_metric),
        rows=tuple((wording.day(p.at), p.key, format_value(metric, p.value)) for p in view.best),
    )


def state_box(one: Headline | None, slug: str) -> ChartBox | None:
    """The box around the same chart with the weeks to come, as far as they can be told."""
    if one is None:
        return None
    name, last = f"{one.metric.name}{one.metric.reading.beside}", one.best
    rows = [(wording.day(p.at), p.key, format_value(one.metric, p.value)) for p in one.steps]
    ahead = one.ahead.points[1:] if isinstance(one.ahead, BestAhead) else ()
    return ChartBox(
        title=f"Best {name} over time",
        note="each point is the ticket that reached it; the weeks to come: dashed as likely as not, 9 chances in 10 within the edge"
        if ahead
        else "each point is the ticket that reached it",
        href=f"/p/{slug}/charts/ahead.json",
        warnings=(),
        summary=f"{name} is at {format_value(one.metric, last.value)}, reached by {last.key} on {wording.day(last.at)}. "
        f"{ahead_text(one)}",
        columns=("Day", "Ticket", name),
        rows=(*rows, *((wording.day(p.at), "9 chances in 10", edge_text(one.metric, p)) for p in ahead)),
        links=(*(f"/p/{slug}/t/{p.key}" for p in one.steps), *("" for _ in ahead)),
    )


def specification(
    best: Sequence[BestPoint], metric: Metric | None, ahead: BestAhead | NothingAhead | None = None
) -> dict[str, Any]:
    """The chart as a Vega-Lite specification without colours."""
    rows = [
        {
            "at": wording.iso(p.at),
            "place": f"{place}. {p.key}",
            "value": p.value,
            "key": p.key,
            "shown": format_value(metric, p.value),
        }
        for place, p in enumerate(best, start=1)
    ]
    percent = metric is not None and metric.unit is Unit.FRACTION
    if isinstance(ahead, BestAhead) and metric is not None:
        cone = [
            {
                "at": wording.iso(p.at),
                "low": p.low,
                "median": p.median,
                "high": p.high,
                "shown": f"9 chances in 10: {edge_text(metric, p)}",
            }
            for p in ahead.points
        ]
        # The best stands until now: without this the line ends where the last one was reached.
        rows.append({**rows[-1], "at": cone[0]["at"], "key": ""})
        return filled(_drawing(over_days=True, percent=percent, ahead=True), best=rows, cone=cone)
    # Within one day the order says more than the clock.
    over_days = bool(best) and best[-1].at - best[0].at >= ONE_DAY
    return filled(_drawing(over_days=over_days, percent=percent, ahead=False), best=rows)


@drawing
def _drawing(*, over_days: bool, percent: bool, ahead: bool) -> Any:
    import altair as alt  # takes most of a second: only pages with a chart pay for it

    axis = alt.Axis(format=".1~%" if percent else "~g", title=None, tickCount=5)
    across = (
        alt.X("at:T", axis=alt.Axis(title=None, grid=False, tickCount=6))
        if over_days
        else alt.X("place:O", sort=None, axis=alt.Axis(title=None, grid=False, labelAngle=0))
    )
    base = alt.Chart(alt.NamedData("best")).encode(
        x=across,
        y=alt.Y("value:Q", axis=axis, scale=alt.Scale(zero=False, nice=True)),
    )
    layers = [
        base.mark_line(interpolate="step-after", strokeWidth=2),
        base.transform_filter("datum.key != ''")
        .mark_circle(size=56, opacity=1)
        .encode(tooltip=["key:N", "shown:N", "at:T"]),
        base.mark_text(dy=-12, align="left").encode(text="key:N"),
    ]
    if ahead:
        cone = alt.Chart(alt.NamedData("cone")).encode(x=across)
        layers = [
            cone.mark_area(opacity=0.25).encode(
                y=alt.Y("low:Q", axis=axis, scale=alt.Scale(zero=False, nice=True)),
                y2="high:Q",
                tooltip=["at:T", "shown:N"],
            ),
            cone.mark_line(strokeDash=[4, 3], strokeWidth=1.5).encode(y="median:Q"),
            *layers,
        ]
    return alt.layer(*layers)
