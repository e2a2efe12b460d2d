"""Flow in pictures: cards by column, decisions by week, days to each decision."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from assay.domain.kernel.durations import duration_text
from assay.web import wording
from assay.web.charts import flow_plans
from assay.web.charts.frames import counts_axis, drawing, filled, tickets_href, ticks_for, window
from assay.web.contexts.experiment import ChartBox
from assay.workflows.flow import CycleView, FlowView, WeekView
from assay.workflows.flow_blockers import BlockerCost

WEEK = timedelta(days=6)
"""From the first day of a week to its last."""
FEW_WEEKS = 8
LEGEND_COLUMNS = 6
MOST_TICKETS = 8
"""In a tooltip; the table beside it names all."""
MOST_OPENED = 120
"""So many days of a picture open their cards; the table beside it has more."""
PICTURE_WIDTH = 640
"""About as wide as a picture is, in pixels."""
MOST_DAYS = 400
"""More days than this are drawn and listed every second, third, ... day: more would not fit the picture either."""


def boxes(view: FlowView, slug: str, query: str) -> tuple[ChartBox, ...]:
    """The charts that have something to show."""
    return tuple(
        box
        for box in (
            _cumulative(view, slug, query),
            _weeks(view, slug, query),
            _cycles(view, slug, query),
            *flow_plans.boxes(view, slug, query),
            _funnel(view, slug, query),
            _blockers(view, slug, query),
        )
        if box
    )


def _cumulative(view: FlowView, slug: str, query: str) -> ChartBox | None:
    flow, shown = view.cumulative, _used_columns(view)
    if not shown:
        return None
    last = flow.counts[-1]
    now = ", ".join(f"{last[place]} in {flow.titles[place]}" for place in shown if last[place]) or "no card"
    return ChartBox(
        title="Cumulative flow",
        note="cards in each column at the end of each day",
        href=f"/p/{slug}/charts/flow-days.json{query}",
        warnings=(),
        summary=f"On {wording.day(view.at)}: {now}.",
        columns=("Day", *(flow.titles[place] for place in shown)),
        rows=tuple(
            (flow.days[day].isoformat(), *(str(flow.counts[day][place]) for place in shown))
            for day in _drawn_days(view)
        ),
        links=tuple(tickets_href(slug, flow.days[day]) for day in _drawn_days(view)),
    )


def _weeks(view: FlowView, slug: str, query: str) -> ChartBox | None:
    if not view.decided:
        return None
    return ChartBox(
        title="Decisions by week",
        note="experiments killed and promoted, never points",
        href=f"/p/{slug}/charts/flow-weeks.json{query}",
        warnings=(),
        summary=f"{wording.plural(view.decided, 'experiment')} decided: {view.killed.count} killed, {view.promoted.count} promoted.",
        columns=("Week from", "Killed", "Promoted"),
        rows=tuple((w.start.isoformat(), str(w.killed), str(w.promoted)) for w in view.weeks),
        links=tuple(_week_href(slug, w, view) for w in view.weeks),
    )


def _cycles(view: FlowView, slug: str, query: str) -> ChartBox | None:
    known = [cycle for cycle in view.cycles if cycle.days is not None]
    if not known or view.cycle_days_median is None or view.cycle_days_p85 is None:
        return None
    return ChartBox(
        title="Days to a decision",
        note="from Hypothesis to the decision; lines at 50% and 85%",
        href=f"/p/{slug}/charts/flow-cycles.json{query}",
        warnings=(),
        summary=f"Half of the decided experiments took at most {duration_text(view.cycle_days_median)}, "
        f"85% at most {duration_text(view.cycle_days_p85)}.",
        columns=("Ticket", "Decided", "Outcome", "Days", "Time box", "Bulk edit"),
        rows=tuple(
            (
                c.key,
                wording.day(c.decided_at),
                c.outcome,
                f"{c.days:.1f}",
                _box(c),
                "yes" if c.is_bulk else "",
            )
            for c in known
            if c.days is not None
        ),
        links=tuple(f"/p/{slug}/t/{c.key}" for c in known),
    )


def _box(cycle: CycleView) -> str:
    if cycle.time_box_days is None:
        return ""
    return (
        f"{'kept' if cycle.is_within else 'over'}, {wording.plural(cycle.time_box_days, 'day')} from the lock"
    )


def _blockers(view: FlowView, slug: str, query: str) -> ChartBox | None:
    costs = view.blockers.costs
    if not costs:
        return None
    most = costs[0]
    return ChartBox(
        title="What was in the way",
        note="days that blockers were open in these days, by kind",
        href=f"/p/{slug}/charts/flow-blockers.json{query}",
        warnings=(),
        summary=f"{most.label} cost most: {wording.plural(most.blockers, 'blocker')}, {_days(most.days)} in all.",
        columns=("Kind", "Blockers", "Days", "Still open", "Tickets"),
        rows=tuple(
            (one.label, str(one.blockers), f"{one.days:.1f}", str(one.open), ", ".join(one.tickets))
            for one in costs
        ),
        links=tuple(_blockers_href(slug, one) for one in costs),
    )


def _days(days: float) -> str:
    return f"{days:.1f} days"


def _funnel(view: FlowView, slug: str, query: str) -> ChartBox | None:
    if not view.funnel or not view.funnel[0].reached:
        return None
    first, last = view.funnel[0], view.funnel[-1]
    return ChartBox(
        title="Experiment funnel",
        note="experiments of all time by how far they ever got",
        href=f"/p/{slug}/charts/flow-funnel.json{query}",
        warnings=(),
        summary=f"Of {wording.plural(first.reached, 'experiment')}, {last.reached} were promoted.",
        columns=("Step", "Ever reached", "There now"),
        rows=tuple((step.title, str(step.reached), str(step.here)) for step in view.funnel),
        links=tuple(tickets_href(slug, view.last_day, reached=step.key) for step in view.funnel),
    )


def _week_href(slug: str, week: WeekView, view: FlowView) -> str:
    last = min(week.start + WEEK, view.last_day)
    return f"/p/{slug}/flow?{urlencode({'at': last.isoformat(), 'days': (last - week.start).days + 1})}"


def _blockers_href(slug: str, cost: BlockerCost) -> str:
    return f"/p/{slug}/blockers?{urlencode({'state': 'all', 'category': cost.category})}"


def funnel_specification(view: FlowView, slug: str) -> dict[str, Any]:
    """One bar a step, the longest on top; a click lists the experiments."""
    rows = [
        {
            "step": step.title,
            "place": place,
            "reached": step.reached,
            "here": step.here,
            "href": tickets_href(slug, view.last_day, reached=step.key),
        }
        for place, step in enumerate(view.funnel)
    ]
    most = max((step.reached for step in view.funnel), default=0)
    return filled(_funnel_drawing(tuple(step.title for step in view.funnel), ticks_for(most)), steps=rows)


@drawing
def _funnel_drawing(titles: tuple[str, ...], ticks: int) -> Any:
    import altair as alt

    base = alt.Chart(alt.NamedData("steps")).encode(
        y=alt.Y("step:N", sort=list(titles), axis=alt.Axis(title=None)),
        x=alt.X("reached:Q", axis=counts_axis(alt, ticks)),
        tooltip=["step:N", "reached:Q", "here:Q"],
    )
    bars = base.mark_bar(height=18).encode(href="href:N")
    words = base.mark_text(align="left", dx=5).encode(text="reached:Q")
    return alt.layer(bars, words)


def days_specification(view: FlowView, slug: str) -> dict[str, Any]:
    """Cards by column over days, stacked in the order of the board, bulk edits marked; a click lists the cards of a column on that day."""
    flow, shown = view.cumulative, _used_columns(view)
    rows = [
        {
            "day": flow.days[day].isoformat(),
            "column": flow.titles[place],
            "place": place,
            "cards": flow.counts[day][place],
        }
        for day in _drawn_days(view)
        for place in shown
    ]
    opened = _drawn_days(view, most=MOST_OPENED)
    places = [
        {
            "day": flow.days[day].isoformat(),
            "column": flow.titles[place],
            "place": place,
            "cards": flow.counts[day][place],
            "href": tickets_href(slug, flow.days[day], column=flow.stages[place]),
        }
        for day in opened
        for place in shown
    ]
    most = max((sum(day) for day in flow.counts), default=0)
    edits = [
        {"day": edit.at.date().isoformat(), "cards moved": edit.items, "shown": f"bulk edit: {edit.items}"}
        for edit in view.bulk_edits
    ]
    drawn = _days_drawing(
        tuple(flow.titles[place] for place in shown), ticks_for(most), len(opened), with_edits=bool(edits)
    )
    return filled(drawn, cards=rows, places=places, edits=edits)


@drawing
def _days_drawing(titles: tuple[str, ...], ticks: int, days: int, *, with_edits: bool) -> Any:
    import altair as alt

    color = alt.Color(
        "column:N",
        sort=list(titles),
        legend=alt.Legend(title=None, orient="top", columns=LEGEND_COLUMNS),
    )
    where = {
        "x": alt.X("day:T", axis=alt.Axis(title=None, grid=False, tickCount=6)),
        "y": alt.Y("cards:Q", stack="zero", axis=counts_axis(alt, ticks)),
        "order": alt.Order("place:Q", sort="descending"),
    }
    areas = alt.Chart(alt.NamedData("cards")).mark_area(opacity=0.75).encode(color=color, **where)
    # An area is one mark over all its days: what opens the cards of one day is a bar over it that nobody sees.
    bars = (
        alt.Chart(alt.NamedData("places"))
        .mark_bar(opacity=0.001, aria=False, size=max(2, PICTURE_WIDTH // days))
        .encode(color=color, href="href:N", tooltip=["day:T", "column:N", "cards:Q"], **where)
    )
    return alt.layer(areas, bars, *(_bulk_marks(alt) if with_edits else ()))


def _bulk_marks(alt: Any) -> tuple[Any, ...]:
    """A line at each moment at which many cards were moved at once."""
    base = alt.Chart(alt.NamedData("edits")).encode(
        x="day:T", tooltip=[alt.Tooltip("day:T", title="bulk edit"), "cards moved:Q"]
    )
    words = base.mark_text(align="right", baseline="top", dx=-4).encode(text="shown:N", y=alt.value(2))
    return base.mark_rule(strokeDash=[2, 2]), words


def weeks_specification(view: FlowView, slug: str) -> dict[str, Any]:
    """Decisions by week, killed on promoted; a click shows that week alone, with its tickets."""
    rows = [
        {
            "week": week.start.isoformat(),
            "outcome": outcome,
            "experiments": count,
            "href": _week_href(slug, week, view),
        }
        for week in view.weeks
        for outcome, count in (("promoted", week.promoted), ("killed", week.killed))
    ]
    most = max((week.killed + week.promoted for week in view.weeks), default=0)
    return filled(_weeks_drawing(ticks_for(most), are_few=len(view.weeks) <= FEW_WEEKS), weeks=rows)


@drawing
def _weeks_drawing(ticks: int, *, are_few: bool) -> Any:
    import altair as alt

    return (
        alt.Chart(alt.NamedData("weeks"))
        .mark_bar(size=36 if are_few else alt.Undefined)
        .encode(
            x=alt.X("week:O", axis=alt.Axis(title=None, labelAngle=0, labelOverlap=True, labelSeparation=8)),
            y=alt.Y("experiments:Q", axis=counts_axis(alt, ticks)),
            color=alt.Color(
                "outcome:N", sort=["promoted", "killed"], legend=alt.Legend(title=None, orient="top")
            ),
            href="href:N",
            tooltip=["week:O", "outcome:N", "experiments:Q"],
        )
    )


def cycles_specification(view: FlowView, slug: str) -> dict[str, Any]:
    """Days to each decision, with the days within which half and 85% were decided; a click opens the ticket."""
    rows = [
        {
            "decided": wording.iso(c.decided_at),
            "days": c.days,
            "key": c.key,
            "outcome": c.outcome,
            "moved": "in a bulk edit" if c.is_bulk else "alone",
            "href": f"/p/{slug}/t/{c.key}",
        }
        for c in view.cycles
        if c.days is not None
    ]
    lines = [
        {"days": value, "shown": f"{share}: {duration_text(value)}"}
        for share, value in (("50%", view.cycle_days_median), ("85%", view.cycle_days_p85))
        if value is not None
    ]
    drawn = _cycles_drawing(window(view), with_edits=any(row["moved"] != "alone" for row in rows))
    return filled(drawn, decisions=rows, lines=lines)


@drawing
def _cycles_drawing(days: tuple[str, str], *, with_edits: bool) -> Any:
    import altair as alt

    points = (
        alt.Chart(alt.NamedData("decisions"))
        .mark_circle(size=64, opacity=1)
        .encode(
            x=alt.X(
                "decided:T",
                scale=alt.Scale(domain=list(days)),
                axis=alt.Axis(title=None, grid=False, tickCount=6),
            ),
            y=alt.Y("days:Q", axis=alt.Axis(title="days", tickCount=5), scale=alt.Scale(zero=True)),
            color=alt.Color(
                "outcome:N",
                scale=alt.Scale(domain=["promoted", "killed"]),
                legend=alt.Legend(title=None, orient="top"),
            ),
            href="href:N",
            tooltip=["key:N", alt.Tooltip("days:Q", format=".1f"), "outcome:N", "decided:T", "moved:N"],
        )
    )
    if with_edits:
        points = points.mark_point(size=64, opacity=1, filled=True).encode(
            shape=alt.Shape(
                "moved:N",
                scale=alt.Scale(domain=["alone", "in a bulk edit"], range=["circle", "cross"]),
                legend=alt.Legend(title=None, orient="top"),
            )
        )
    rules = alt.Chart(alt.NamedData("lines")).encode(y="days:Q")
    words = rules.mark_text(align="left", dx=4, dy=-6).encode(text="shown:N", x=alt.value(0))
    return alt.layer(points, rules.mark_rule(strokeDash=[4, 3]), words)


def blockers_specification(view: FlowView, slug: str) -> dict[str, Any]:
    """Days by kind of blocker, the most first, with the share that the kinds so far make up; a click lists a kind's blockers."""
    costs = view.blockers.costs
    total, so_far, rows = sum(one.days for one in costs), 0.0, []
    for one in costs:
        so_far += one.days
        rows.append(
            {
                "kind": one.label,
                "days": one.days,
                "counted": "days open",
                "blockers": one.blockers,
                "shown": wording.plural(one.blockers, "blocker"),
                "share": so_far / total if total else None,
                "tickets": ", ".join(one.tickets[:MOST_TICKETS]),
                "href": _blockers_href(slug, one),
            }
        )
    return filled(_blockers_drawing(), kinds=rows)


@drawing
def _blockers_drawing() -> Any:
    import altair as alt

    base = alt.Chart(alt.NamedData("kinds")).encode(
        x=alt.X("kind:N", sort=None, axis=alt.Axis(title=None, labelAngle=0, labelLimit=110)),
        y=alt.Y("days:Q", axis=alt.Axis(title="days", tickCount=5), scale=alt.Scale(zero=True)),
        href="href:N",
        tooltip=[
            "kind:N",
            "blockers:Q",
            alt.Tooltip("days:Q", format=".1f"),
            alt.Tooltip("share:Q", format=".0%", title="share so far"),
            "tickets:N",
        ],
    )
    bars = base.mark_bar(size=36).encode(color=alt.Color("counted:N", legend=None))
    return alt.layer(bars, base.mark_text(dy=-7).encode(text="shown:N"))


def _used_columns(view: FlowView) -> list[int]:
    """Columns that held a card on any day, by place."""
    counts = view.cumulative.counts
    return [place for place, _ in enumerate(view.cumulative.stages) if any(day[place] for day in counts)]


def _drawn_days(view: FlowView, *, most: int = MOST_DAYS) -> list[int]:
    """Every day of a short window; every so many of a long one, the last one always among them."""
    count = len(view.cumulative.days)
    step = max(1, math.ceil(count / most))
    return list(range((count - 1) % step, count, step))
