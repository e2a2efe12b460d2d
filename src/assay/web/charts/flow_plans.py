"""Plans in pictures: ages of what is in progress, data that was due, ideas that came into use, data readiness by sprint."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from assay.domain.board.readiness import PLANNING_FAILURE, READY_ENOUGH
from assay.domain.kernel.durations import duration_text
from assay.web import wording
from assay.web.charts.frames import drawing, filled, window
from assay.web.charts.sprints import rates_over_bands
from assay.web.contexts.experiment import ChartBox
from assay.workflows.flow import FlowView
from assay.workflows.sprint_views import SprintFlow

_ON_TIME, _LATE = "on time", "late"


def boxes(view: FlowView, slug: str, query: str) -> tuple[ChartBox, ...]:
    """The charts that have something to show."""
    found = (_ages(view, slug, query), _data(view, slug, query), _lead(view, slug, query))
    return tuple(box for box in found if box is not None)


def _ages(view: FlowView, slug: str, query: str) -> ChartBox | None:
    if not view.ages:
        return None
    old = sum(age.is_old for age in view.ages)
    return ChartBox(
        title="Aging work in progress",
        note="days each card has been in its column; a tick where 85% of those before had left",
        href=f"/p/{slug}/charts/flow-ages.json{query}",
        warnings=(),
        summary=f"{wording.plural(len(view.ages), 'card')} in progress, {old} longer in a column than 85% of those before.",
        columns=("Ticket", "Column", "Days", "85% left within"),
        rows=tuple(
            (age.key, age.stage, f"{age.days:.1f}", "" if age.usual_days is None else f"{age.usual_days:.1f}")
            for age in view.ages
        ),
        links=tuple(_ticket(slug, age.key) for age in view.ages),
    )


def _data(view: FlowView, slug: str, query: str) -> ChartBox | None:
    known = [point for point in view.data.points if point.days_late is not None]
    if not known:
        return None
    return ChartBox(
        title="Data when it was needed",
        note="days that experiments waited for their data; on time at 0",
        href=f"/p/{slug}/charts/flow-data.json{query}",
        warnings=(),
        summary=f"Data was ready on time for {view.data.ready.text}; {view.data.ready.band}.",
        columns=("Ticket", "Needed", "Days late", "Still missing"),
        rows=tuple(
            (
                point.key,
                wording.day(point.due_at),
                f"{point.days_late:.1f}",
                "yes" if point.is_missing else "",
            )
            for point in known
        ),
        links=tuple(_ticket(slug, point.key) for point in known),
    )


def _lead(view: FlowView, slug: str, query: str) -> ChartBox | None:
    known = [point for point in view.lead.points if point.days is not None]
    if not known or view.lead.days_median is None:
        return None
    return ChartBox(
        title="Lead time",
        note=f"days from the idea to {view.lead.column}",
        href=f"/p/{slug}/charts/flow-lead.json{query}",
        warnings=(),
        summary=f"{wording.plural(len(known), 'ticket')} came to {view.lead.column}, half of them within {duration_text(view.lead.days_median)}.",
        columns=("Ticket", "In use since", "Days"),
        rows=tuple((point.key, wording.day(point.deployed_at), f"{point.days:.1f}") for point in known),
        links=tuple(_ticket(slug, point.key) for point in known),
    )


def readiness_box(flows: Sequence[SprintFlow], slug: str) -> ChartBox | None:
    """Data readiness, and beside it lead time, learnings and blockers by sprint; None while no data was due in any."""
    known = [one for one in flows if one.data.rate is not None]
    if not known:
        return None
    last = known[-1]
    return ChartBox(
        title="Data ready on time by sprint",
        note=f"healthy from {READY_ENOUGH:.0%} on; under {PLANNING_FAILURE:.0%} planning fails",
        href=f"/p/{slug}/charts/sprint-data.json",
        warnings=(),
        summary=f"{last.name}: {last.data.text}.",
        columns=("Sprint", "Data ready on time", "Lead time", "Decided", "With learnings", "Blockers opened"),
        rows=tuple(
            (
                one.name,
                one.data.text,
                "" if one.lead_days_median is None else duration_text(one.lead_days_median),
                str(one.decided),
                one.with_learnings.text,
                str(one.blockers_opened),
            )
            for one in flows
        ),
        links=tuple(_retro(slug, one) for one in flows),
    )


def _ticket(slug: str, key: str) -> str:
    return f"/p/{slug}/t/{key}"


def _retro(slug: str, one: SprintFlow) -> str:
    return f"/p/{slug}/sprints/{one.number}/retro"


def ages_specification(view: FlowView, slug: str) -> dict[str, Any]:
    """One point a card over its column, with what is usual there; a click opens the ticket."""
    titles = dict(zip(view.cumulative.stages, view.cumulative.titles, strict=True))
    order = [titles[stage] for stage in view.cumulative.stages]
    rows = [
        {
            "key": age.key,
            "column": titles.get(age.stage, age.stage),
            "days": age.days,
            "age": "old" if age.is_old else "as usual",
            "href": _ticket(slug, age.key),
        }
        for age in view.ages
    ]
    used = [title for title in order if any(row["column"] == title for row in rows)]
    usual = {
        titles.get(age.stage, age.stage): age.usual_days for age in view.ages if age.usual_days is not None
    }
    ticks = [{"column": column, "days": days} for column, days in usual.items()]
    return filled(_ages_drawing(tuple(used), with_usual=bool(usual)), cards=rows, usual=ticks)


@drawing
def _ages_drawing(columns: tuple[str, ...], *, with_usual: bool) -> Any:
    import altair as alt

    base = alt.Chart(alt.NamedData("cards")).encode(
        x=alt.X("column:N", sort=list(columns), axis=alt.Axis(title=None, labelAngle=0, labelLimit=110)),
        y=alt.Y("days:Q", axis=alt.Axis(title="days", tickCount=5), scale=alt.Scale(zero=True)),
        color=alt.Color(
            "age:N",
            scale=alt.Scale(domain=["as usual", "old"]),
            legend=alt.Legend(title=None, orient="top"),
        ),
        href="href:N",
        tooltip=["key:N", "column:N", alt.Tooltip("days:Q", format=".1f"), "age:N"],
    )
    points = base.mark_point(size=64, opacity=1, filled=True)
    if not with_usual:
        return alt.layer(points)
    ticks = (
        alt.Chart(alt.NamedData("usual"))
        .mark_tick(thickness=2, size=44)
        .encode(
            x=alt.X("column:N", sort=list(columns)),
            y="days:Q",
            tooltip=[alt.Tooltip("days:Q", format=".1f", title="85% left within")],
        )
    )
    return alt.layer(points, ticks)


def data_specification(view: FlowView, slug: str) -> dict[str, Any]:
    """Days late over when the data was needed; a click opens the ticket."""
    rows = [
        {
            "when": wording.iso(point.due_at),
            "days": point.days_late,
            "key": point.key,
            "data": _ON_TIME if point.on_time else _LATE,
            "href": _ticket(slug, point.key),
        }
        for point in view.data.points
        if point.days_late is not None
    ]
    drawn = _points_drawing("data", (_ON_TIME, _LATE), "days late", _highest(rows), window(view))
    return filled(drawn, points=rows)


def lead_specification(view: FlowView, slug: str) -> dict[str, Any]:
    """Days from the idea over when it came into use; a click opens the ticket."""
    rows = [
        {
            "when": wording.iso(point.deployed_at),
            "days": point.days,
            "key": point.key,
            "what": "in use",
            "href": _ticket(slug, point.key),
        }
        for point in view.lead.points
        if point.days is not None
    ]
    drawn = _points_drawing("what", ("in use",), "days", _highest(rows), window(view))
    return filled(drawn, points=rows)


def _highest(rows: Sequence[dict[str, Any]]) -> int:
    """Whole days that hold all points, at least one."""
    return max(1, math.ceil(max((row["days"] for row in rows), default=0.0)))


@drawing
def _points_drawing(
    coloured: str, words: tuple[str, ...], axis: str, most: int, days: tuple[str, str]
) -> Any:
    import altair as alt

    return (
        alt.Chart(alt.NamedData("points"))
        .mark_point(size=64, opacity=1, filled=True)
        .encode(
            x=alt.X(
                "when:T",
                scale=alt.Scale(domain=list(days)),
                axis=alt.Axis(title=None, grid=False, tickCount=6),
            ),
            y=alt.Y(
                "days:Q",
                axis=alt.Axis(title=axis, tickCount=5),
                scale=alt.Scale(domain=[0, most], nice=True),
            ),
            color=alt.Color(
                f"{coloured}:N",
                scale=alt.Scale(domain=list(words)),
                legend=alt.Legend(title=None, orient="top") if len(words) > 1 else None,
            ),
            href="href:N",
            tooltip=["key:N", "when:T", alt.Tooltip("days:Q", format=".1f"), f"{coloured}:N"],
        )
    )


def readiness_specification(flows: Sequence[SprintFlow], slug: str) -> dict[str, Any]:
    """Share of experiments whose data was ready on time over the sprints, on what is healthy; a click opens the retro."""
    rows = [
        {
            "sprint": one.number,
            "name": one.name,
            "rate": one.data.rate,
            "what": "ready on time",
            "of": one.data.of,
            "late": ", ".join(one.data_late),
            "href": _retro(slug, one),
        }
        for one in flows
        if one.data.rate is not None
    ]
    bands = [
        {"what": "ready on time", "low": READY_ENOUGH, "high": 1.0},
        {"what": "planning fails", "low": 0.0, "high": PLANNING_FAILURE},
    ]
    return filled(_readiness_drawing(), sprints=rows, bands=bands)


@drawing
def _readiness_drawing() -> Any:
    import altair as alt

    colour = alt.Color(
        "what:N",
        scale=alt.Scale(domain=["ready on time", "planning fails"]),
        legend=alt.Legend(title=None, orient="top"),
    )
    return rates_over_bands(colour, ["of:Q", "late:N"])
