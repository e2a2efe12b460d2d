"""The best value of the headline metric over time: each step up with the ticket that reached it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from assay.domain.experiments.display import format_value
from assay.domain.kernel.metrics import Metric, MetricCatalog, Unit
from assay.web import wording
from assay.web.charts.frames import drawing, filled
from assay.web.contexts.experiment import ChartBox
from assay.workflows.overview_views import OverviewView
from assay.workflows.state_views import Headline

ONE_DAY = timedelta(days=1)


def box(view: OverviewView, metrics: MetricCatalog, slug: str) -> ChartBox | None:
    """The box around the chart, None where nothing was measured yet."""
    if view.best_metric is None or not view.best:
        return None
    metric = metrics.get(view.best_metric)
    last = view.best[-1]
    return ChartBox(
        title=f"Best {view.best_metric} over time",
        note="each point is the ticket that reached it",
        href=f"/p/{slug}/charts/best.json",
        warnings=(),
        summary=f"{view.best_metric} is at {format_value(metric, last.value)}, reached by {last.key} on "
        f"{wording.day(last.at)}; it began at {format_value(metric, view.best[0].value)}.",
        columns=("Day", "Ticket", view.best_metric),
        rows=tuple((wording.day(p.at), p.key, format_value(metric, p.value)) for p in view.best),
    )


def state_box(one: Headline | None, slug: str) -> ChartBox | None:
    """The box around the same chart where only its end is known; the overview holds every step."""
    if one is None:
        return None
    name, best = one.metric.name, format_value(one.metric, one.best.value)
    return ChartBox(
        title=f"Best {name} over time",
        note="each point is the ticket that reached it",
        href=f"/p/{slug}/charts/best.json",
        warnings=(),
        summary=f"{name} is at {best}, reached by {one.best.key} on {wording.day(one.best.at)}.",
        columns=("Day", "Ticket", name),
        rows=((wording.day(one.best.at), one.best.key, best),),
        links=(f"/p/{slug}/t/{one.best.key}",),
        more="Every step",
        more_href=f"/p/{slug}",
    )


def specification(view: OverviewView, metric: Metric | None) -> dict[str, Any]:
    """The chart as a Vega-Lite specification without colours."""
    rows = [
        {
            "at": wording.iso(p.at),
            "place": f"{place}. {p.key}",
            "value": p.value,
            "key": p.key,
            "shown": format_value(metric, p.value),
        }
        for place, p in enumerate(view.best, start=1)
    ]
    percent = metric is not None and metric.unit is Unit.FRACTION
    # Within one day the order says more than the clock.
    over_days = bool(view.best) and view.best[-1].at - view.best[0].at >= ONE_DAY
    return filled(_drawing(over_days=over_days, percent=percent), best=rows)


@drawing
def _drawing(*, over_days: bool, percent: bool) -> Any:
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
        base.mark_circle(size=56, opacity=1).encode(tooltip=["key:N", "shown:N", "at:T"]),
        base.mark_text(dy=-12, align="left").encode(text="key:N"),
    ]
    return alt.layer(*layers)
