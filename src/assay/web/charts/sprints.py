"""Sprints in pictures: burn-up of one, rates of all beside what is healthy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from assay.domain.board.shares import KILL_BAND, PROMOTION_BAND, Band
from assay.domain.sprints.burn import BurnDay
from assay.web import wording
from assay.web.charts.frames import counts_axis, drawing, filled, tickets_href, ticks_for
from assay.web.contexts.experiment import ChartBox
from assay.workflows.sprint_views import SprintRate


def burn_box(days: Sequence[BurnDay], slug: str, number: int) -> ChartBox | None:
    """Burn-up and burn-down of a sprint; None while nothing was committed."""
    known = [day for day in days if day.committed is not None]
    if not known or not any(day.committed for day in known):
        return None
    last = known[-1]
    return ChartBox(
        title="Burn-up and burn-down",
        note="tickets committed, decided and left at the end of each day",
        href=f"/p/{slug}/charts/sprint-{number}-burn.json",
        warnings=(),
        summary=f"On {wording.plural(len(known), 'day')} so far: {last.committed} committed, {last.decided} decided, {last.left} left.",
        columns=("Day", "Committed", "Decided", "Left"),
        rows=tuple(
            (day.day.isoformat(), str(day.committed), str(day.decided), str(day.left)) for day in known
        ),
        links=tuple(_on_day(slug, number, day) for day in known),
    )


def _on_day(slug: str, number: int, day: BurnDay) -> str:
    """Where what was in the sprint at the end of a day is listed, as it stood then."""
    return tickets_href(slug, day.day, sprint=str(number))


def burn_specification(days: Sequence[BurnDay], slug: str, number: int) -> dict[str, Any]:
    """Three steps a day: what was committed, what of it was decided, and what is left; a click lists the tickets as they stood that day."""
    rows = [
        {
            "day": day.day.isoformat(),
            "what": word,
            "tickets": count,
            "href": _on_day(slug, number, day),
        }
        for day in days
        for word, count in (("committed", day.committed), ("decided", day.decided), ("left", day.left))
        if count is not None
    ]
    most = max((day.committed or 0 for day in days), default=0)
    reach = days[0].day.isoformat(), days[-1].day.isoformat()
    return filled(_burn_drawing(reach, ticks_for(most)), days=rows)


@drawing
def _burn_drawing(reach: tuple[str, str], ticks: int) -> Any:
    import altair as alt

    return (
        alt.Chart(alt.NamedData("days"))
        .mark_line(interpolate="step-after", point=True)
        .encode(
            x=alt.X(
                "utcyearmonthdate(day):T",
                scale=alt.Scale(domain=list(reach)),
                axis=alt.Axis(title=None, grid=False, tickCount=6, format="%-d %b"),
            ),
            y=alt.Y("tickets:Q", axis=counts_axis(alt, ticks), scale=alt.Scale(zero=True)),
            color=alt.Color(
                "what:N", sort=["decided", "committed", "left"], legend=alt.Legend(title=None, orient="top")
            ),
            href="href:N",
            tooltip=[
                alt.Tooltip("utcyearmonthdate(day):T", title="day", format="%-d %b %Y"),
                "what:N",
                "tickets:Q",
            ],
        )
    )


def rates_box(rates: Sequence[SprintRate], slug: str) -> ChartBox | None:
    """Kill and promotion rate by sprint; None while no sprint decided anything."""
    known = [one for one in rates if one.kill_rate is not None]
    if not known:
        return None
    last = known[-1]
    return ChartBox(
        title="Kill and promotion rate by sprint",
        note=f"healthy: {_band(KILL_BAND)} killed, {_band(PROMOTION_BAND)} promoted; a few decisions say little",
        href=f"/p/{slug}/charts/sprint-rates.json",
        warnings=(),
        summary=f"{last.name}: {last.killed} killed and {last.promoted} promoted.",
        columns=("Sprint", "Killed", "Promoted", "Kill rate", "Promotion rate"),
        rows=tuple(
            (
                one.name,
                str(one.killed),
                str(one.promoted),
                "" if one.kill_rate is None else f"{one.kill_rate:.0%}",
                "" if one.rate is None else f"{one.rate:.0%}",
            )
            for one in rates
        ),
        links=tuple(f"/p/{slug}/sprints/{one.number}/review" for one in rates),
    )


def rates_specification(rates: Sequence[SprintRate], slug: str) -> dict[str, Any]:
    """Both rates over the sprints, on their healthy bands; a click opens the sprint's review."""
    rows = [
        {
            "sprint": one.number,
            "name": one.name,
            "rate": rate,
            "what": word,
            "decided": one.killed + one.promoted,
            "href": f"/p/{slug}/sprints/{one.number}/review",
        }
        for one in rates
        for word, rate in (("killed", one.kill_rate), ("promoted", one.rate))
        if rate is not None
    ]
    bands = [
        {"what": word, "low": band.low, "high": band.high}
        for word, band in (("killed", KILL_BAND), ("promoted", PROMOTION_BAND))
    ]
    return filled(_rates_drawing(), sprints=rows, bands=bands)


@drawing
def _rates_drawing() -> Any:
    import altair as alt

    colour = alt.Color("what:N", sort=["promoted", "killed"], legend=alt.Legend(title=None, orient="top"))
    return rates_over_bands(colour, ["what:N", "decided:Q"])


def rates_over_bands(colour: Any, tips: Sequence[str]) -> Any:
    """Rates by sprint as lines over the bands that say how good they are; a click opens what stands behind a rate.

    Its rows are `sprints` (`sprint`, `name`, `rate`, a share, `what` and `href` of each point, and what `tips` name) and `bands`
    (`what`, `low` and `high`, shares, of each band).

    Args:
        colour: the encoding of `what`.
        tips: what a point says beside its sprint and its rate.
    """
    import altair as alt

    ground = (
        alt.Chart(alt.NamedData("bands"))
        .mark_rect(opacity=0.14)
        .encode(y=alt.Y("low:Q"), y2="high:Q", color=colour)
    )
    lines = (
        alt.Chart(alt.NamedData("sprints"))
        .mark_line(point=alt.OverlayMarkDef(size=70))
        .encode(
            x=alt.X("sprint:O", axis=alt.Axis(title="Sprint", labelAngle=0)),
            y=alt.Y(
                "rate:Q", scale=alt.Scale(domain=[0, 1]), axis=alt.Axis(title=None, format="%", tickCount=5)
            ),
            color=colour,
            href="href:N",
            tooltip=["name:N", alt.Tooltip("rate:Q", format=".0%"), *tips],
        )
    )
    return alt.layer(ground, lines)


def _band(band: Band) -> str:
    return f"{band.low:.0%} to {band.high:.0%}"
