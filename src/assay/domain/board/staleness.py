"""When is work in progress stale: past its time box without a decision, or without a sign of life for two weeks?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from assay.domain.experiments.experiment import DecisionKind
from assay.domain.kernel.ids import TicketType

STALE_AFTER = timedelta(days=14)
"""A usual sprint: what shows no sign of life for so long was forgotten at every stand-up in it."""


class Staleness(StrEnum):
    """Why a card is stale."""

    OVERDUE = "overdue"
    """Its time box is over, and nobody has decided."""
    QUIET = "quiet"
    """Two weeks without evidence, note, edit or move."""


@dataclass(frozen=True, slots=True)
class WorkSigns:
    """What is known of one card that somebody has begun and that is not over."""

    key: str
    type: TicketType
    last_sign_at: datetime
    """Newest evidence, note, edit or move."""
    begun_at: datetime | None = None
    """When it first left the first column."""
    locked_at: datetime | None = None
    time_box_days: int | None = None
    decision: DecisionKind | None = None
    """The latest one."""

    @property
    def time_box_ends(self) -> datetime | None:
        """When its time box is over; None without one, or before it began.

        That of an experiment begins with the lock, that of other work when it first leaves the first column.
        """
        begin = self.locked_at if self.type is TicketType.EXPERIMENT else self.begun_at
        if begin is None or self.time_box_days is None:
            return None
        return begin + timedelta(days=self.time_box_days)


def staleness(work: WorkSigns, at: datetime) -> Staleness | None:
    """Is this card stale at this moment, and why? None when it is not; a decision to kill or to promote ends the question.

    >>> from datetime import UTC
    >>> day = datetime(2026, 5, 1, tzinfo=UTC)
    >>> spike = WorkSigns("SPK-3", TicketType.SPIKE, last_sign_at=day, begun_at=day, time_box_days=5)
    >>> [staleness(spike, day + timedelta(days=days)) for days in (5, 6)]
    [None, <Staleness.OVERDUE: 'overdue'>]
    """
    if work.decision in (DecisionKind.KILL, DecisionKind.PROMOTE):
        return None
    ends = work.time_box_ends
    if ends is not None and ends < at:
        return Staleness.OVERDUE
    return Staleness.QUIET if at - work.last_sign_at > STALE_AFTER else None
