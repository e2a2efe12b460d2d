"""What charts have in common: their frame, their axes, where their tickets are listed.

A drawing is what Altair makes of the little that a picture's shape depends on. That takes it a tenth of a second, so each is made
once (`@drawing`) and the rows, which stand in it by name, are put in when somebody asks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from functools import lru_cache, wraps
from typing import Any, ParamSpec
from urllib.parse import urlencode

from assay.workflows.flow import FlowView

HEIGHT = 230
FEW_TICKS = 6
MOST_DRAWINGS = 64
"""Of one chart."""

P = ParamSpec("P")
Row = Mapping[str, Any]


def tickets_href(slug: str, day: date, **asked: str) -> str:
    """Where the tickets behind a figure of a day are listed."""
    return f"/p/{slug}/flow/tickets?{urlencode({'at': day.isoformat(), **asked})}"


def drawing(make: Callable[P, Any]) -> Callable[P, dict[str, Any]]:
    """A function from a picture's shape to its Altair chart, as one to its specification that is worked out once a shape."""

    @wraps(make)
    def specification(*args: P.args, **kwargs: P.kwargs) -> dict[str, Any]:
        return finished(make(*args, **kwargs))

    return lru_cache(maxsize=MOST_DRAWINGS)(specification)  # type: ignore[return-value]  # its arguments can be hashed


def filled(drawn: Mapping[str, Any], **rows: Sequence[Row]) -> dict[str, Any]:
    """A drawing with the rows that it names."""
    return {**drawn, "datasets": rows}


def ticks_for(most: int) -> int:
    """What of the largest count an axis of counts depends on."""
    return min(most, FEW_TICKS + 1)


def counts_axis(alt: Any, ticks: int) -> Any:
    """An axis of whole numbers only, for `ticks_for` the largest."""
    values = {"values": list(range(ticks + 1))} if ticks <= FEW_TICKS else {"tickCount": 5}
    return alt.Axis(title=None, format="d", **values)


def finished(chart: Any) -> dict[str, Any]:
    """A chart as a specification of the width of its place, without colours: the page's theme gives them."""
    found: dict[str, Any] = chart.properties(width="container", height=HEIGHT).to_dict()
    found.pop("config", None)
    return found


def window(view: FlowView) -> tuple[str, str]:
    """The days of a window as the domain of an axis, so that pictures of one page stand over the same days."""
    return view.first_day.isoformat(), (view.last_day + timedelta(days=1)).isoformat()
