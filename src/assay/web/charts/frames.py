"""What charts of flow and sprints have in common: their frame, their axes, where their tickets are listed."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from assay.workflows.flow import FlowView

HEIGHT = 230
FEW_TICKS = 6


def tickets_href(slug: str, day: date, **asked: str) -> str:
    """Where the tickets behind a figure of a day are listed."""
    return f"/p/{slug}/flow/tickets?{urlencode({'at': day.isoformat(), **asked})}"


def counts_axis(alt: Any, most: int) -> Any:
    """An axis of whole numbers only."""
    ticks = {"values": list(range(most + 1))} if most <= FEW_TICKS else {"tickCount": 5}
    return alt.Axis(title=None, format="d", **ticks)


def finished(chart: Any) -> dict[str, Any]:
    """A chart as a specification of the width of its place, without colours: the page's theme gives them."""
    found: dict[str, Any] = chart.properties(width="container", height=HEIGHT).to_dict()
    found.pop("config", None)
    return found


def window(alt: Any, view: FlowView) -> Any:
    """The days of a window as the scale of an axis, so that pictures of one page stand over the same days."""
    return alt.Scale(domain=[view.first_day.isoformat(), (view.last_day + timedelta(days=1)).isoformat()])
