"""What the diagnosis asks of tickets: a part of the ports in `ports`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from datetime import datetime

    from assay.domain.experiments.experiment import DecisionKind, TicketContent


class WorkItem(NamedTuple):
    """A ticket without what people and machines said about it."""

    key: str
    stage: str
    content: TicketContent
    decision: DecisionKind | None
    """The last one, unless the ticket was moved on afterwards."""
    recommendation: str | None
    """Of the last verdict."""
    locked_at: datetime | None
    """None also where work is over: nobody asks then."""
    kill_is_snoozed: bool
    """Somebody overruled, for now, every kill that the last verdict recommends."""


class DiagnosisReads(Protocol):
    """What is being worked on?"""

    def work_items(self, project_id: int, *, over: Sequence[str]) -> Sequence[WorkItem]:
        """Every ticket of a project, by number; `over` are the columns in which work is over."""
        ...
