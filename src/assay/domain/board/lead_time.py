"""How long does an idea take until it is in use?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from assay.domain.board.flow import ItemFlow

_DAY_S = 86_400.0


@dataclass(frozen=True, slots=True)
class LeadTime:
    """One item that came into use."""

    item: str
    idea_at: datetime | None
    """When it was written down; None where the history that tells of it begins later."""
    deployed_at: datetime
    """When it first came into use."""

    @property
    def days(self) -> float | None:
        """From the idea to its use; None where the day of the idea is not known."""
        if self.idea_at is None:
            return None
        return max(0.0, (self.deployed_at - self.idea_at).total_seconds() / _DAY_S)


def lead_times(flows: Iterable[ItemFlow], start: datetime, end: datetime) -> tuple[LeadTime, ...]:
    """What first came into use from `start` on and before `end`? In the order of time.

    >>> from datetime import UTC
    >>> from assay.domain.board.flow import Crossing, FlowRules, Outcome, item_flows
    >>> day = [datetime(2026, 5, number, tzinfo=UTC) for number in range(1, 9)]
    >>> way = [Crossing(day[0], "EXP-1", None, "backlog"), Crossing(day[4], "EXP-1", "backlog", "live")]
    >>> rules = FlowRules(frozenset({"backlog"}), {"live": Outcome.PROMOTED}, deployed="live")
    >>> [one.days for one in lead_times(item_flows(way, rules), day[0], day[7])]
    [4.0]
    """
    found = [
        LeadTime(flow.item, flow.created_at, flow.deployed_at)
        for flow in flows
        if flow.deployed_at is not None and start <= flow.deployed_at < end
    ]
    return tuple(sorted(found, key=lambda one: (one.deployed_at, one.item)))


def lead_quantiles(
    times: Iterable[LeadTime], probabilities: Sequence[float] = (0.5, 0.85)
) -> tuple[float, ...] | None:
    """Within how many days do such shares of what came into use get there? None when of none the days are known.

    Linear between the nearest two (Hyndman and Fan 1996, type 7).
    """
    days = [one.days for one in times if one.days is not None]
    return tuple(float(value) for value in np.quantile(days, probabilities)) if days else None
