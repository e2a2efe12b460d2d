"""The chart of the primary metric in words and as a table: for screen readers, for no JavaScript, for copying."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

from assay.domain.experiments.display import format_value
from assay.domain.kernel.metrics import Metric
from assay.domain.kernel.readings import LAST
from assay.web import wording
from assay.web.charts import curves as together
from assay.web.charts import metric_over_steps
from assay.web.charts.axis import beyond
from assay.web.contexts.experiment import ChartBox
from assay.workflows.views import CurvePoints, TicketView

ROWS_SHOWN = 60


def metric_chart(view: TicketView) -> ChartBox | None:
    """The box around the chart, None where no run logged the metric."""
    if view.chart_metric is None or not view.curves:
        return None
    metric = view.metrics.get(view.chart_metric)
    single = together.is_single_points(view.curves)
    name = quote(view.chart_metric, safe="")
    return ChartBox(
        title=f"{view.chart_metric} {'by run' if single else 'over steps'}",
        note=f"{'one value a run' if single else _note(view)}{_late_note(view.curves)}",
        href=f"/p/{view.project.slug}/t/{view.ticket.key}/charts/metric.json?metric={name}",
        warnings=warnings(view, metric),
        summary=summary(view, metric),
        columns=("Run", "Group", "Seed", "Points", "First", "Last", "Lowest", "Highest", "Not a number"),
        rows=tuple(_row(curve, metric) for curve in view.curves[:ROWS_SHOWN]),
        more="Compare runs",
        more_href=f"/p/{view.project.slug}/compare?ticket={view.ticket.key}&metric={name}",
    )


def _note(view: TicketView) -> str:
    """How many runs are drawn, of how many that logged the metric, and how."""
    count = len(view.curves)
    logged = sum(not row.deleted and view.chart_metric in row.metrics for row in view.runs)
    if count < 2 and logged < 2:
        return f"one run{_counts_note(view)}"
    groups = len(together.groups(view.curves))
    faint = (
        f"; {metric_over_steps.MOST_NAMED} of {groups} groups by name, the others faint"
        if groups > metric_over_steps.MOST_NAMED
        else ""
    )
    runs = wording.plural(count, "run") if logged <= count else f"the first {count} of {logged:,} runs"
    return f"{runs}, mean and range of each group of seeds{faint}{_counts_note(view)}"


def _counts_note(view: TicketView) -> str:
    """Which value of the curves counts, where it is not the one at their end."""
    metric = view.metrics.get(view.chart_metric or "")
    return f"; what counts is {metric.reading.words}" if metric and metric.reading != LAST else ""


def _late_note(curves: Sequence[CurvePoints]) -> str:
    late = sum(curve.late for curve in curves)
    return f"; {wording.plural(late, 'run')} after the kill, drawn apart" if late else ""


def summary(view: TicketView, metric: Metric | None) -> str:
    """What the chart shows, in sentences."""
    parts = []
    counted = together.counted(view)
    read = metric.reading.beside if metric else ""
    for name, members in together.groups(view.curves).items():
        ends = [counted[curve.run_id] for curve in members if curve.run_id in counted]
        broken = sum(len(together.gaps(name, [curve])) for curve in members)
        if ends:
            mean = format_value(metric, together.mean(ends))
            span = (
                f", from {format_value(metric, min(ends))} to {format_value(metric, max(ends))}"
                if len(ends) > 1
                else ""
            )
            parts.append(f"{name}: {wording.plural(len(members), 'run')} {_at(mean, read)} on average{span}.")
        else:
            none = f"none has a number{read}" if read else "none ends in a number"
            parts.append(f"{name}: {wording.plural(len(members), 'run')}, {none}.")
        if broken:
            parts.append(
                f"{name} logged {wording.plural(broken, 'value')} that {'is' if broken == 1 else 'are'} not a number."
            )
    return " ".join(parts)


def _at(mean: str, read: str) -> str:
    return f"with {mean}{read}" if read else f"ending at {mean}"


def warnings(view: TicketView, metric: Metric | None) -> tuple[str, ...]:
    """What the lines do not show: values beyond the axis, and values that are no numbers."""
    name = view.chart_metric or ""
    said = []
    outside = beyond(view.curves, metric_over_steps.axis_of(view))
    if outside:
        ends = [
            f"{word} to {format_value(metric, most(one.value for one in side))}"
            for word, most, side in (
                ("up", max, [one for one in outside if one.above]),
                ("down", min, [one for one in outside if not one.above]),
            )
            if side
        ]
        runs = wording.plural(len({one.run for one in outside}), "run")
        said.append(
            f"Beyond the axis: {wording.plural(len(outside), 'value')} of {runs}, {' and '.join(ends)}."
        )
    broken = together.gaps(name, view.curves)
    if broken:
        runs = wording.plural(len({gap.run for gap in broken}), "run")
        since = (
            "" if together.is_single_points(view.curves) else f", from step {min(gap.step for gap in broken)}"
        )
        said.append(f"Not a number: {runs}{since}.")
    return tuple(said)


def _row(curve: CurvePoints, metric: Metric | None) -> tuple[str, ...]:
    finite = [value for value in curve.values if value is not None]
    ends = (curve.values[0], curve.values[-1]) if curve.values else (None, None)
    return (
        curve.name or curve.run_id,
        f"{curve.group}, after the kill" if curve.late else curve.group,
        "" if curve.seed is None else str(curve.seed),
        str(len(curve.values)),
        *("not a number" if end is None else format_value(metric, end) for end in ends),
        format_value(metric, min(finite)) if finite else "",
        format_value(metric, max(finite)) if finite else "",
        ", ".join(
            f"step {step}" for step, value in zip(curve.steps, curve.values, strict=True) if value is None
        )[:200],
    )
