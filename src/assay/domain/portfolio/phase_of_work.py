"""Which phase does a ticket belong to? The one its project was in when work on it began."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time

from assay.domain.portfolio.phases import Phase


@dataclass(frozen=True, slots=True)
class PhaseBegin:
    """From this day (UTC) on a project is in this phase."""

    phase: Phase
    on: date

    @property
    def at(self) -> datetime:
        """The first moment of that day."""
        return datetime.combine(self.on, time.min, tzinfo=UTC)


def way_of_phases(said: Iterable[tuple[Phase, date]]) -> tuple[PhaseBegin, ...]:
    """Through which phases did a project go? In the order of time.

    What is said later holds: the same phase again corrects its first day, and another one that begins on an earlier day
    takes the place of all that would have begun since.

    Args:
        said: phase and first day, in the order in which people said so.

    >>> may = [date(2026, 5, day) for day in range(1, 32)]
    >>> way = way_of_phases([(Phase.DISCOVERY, may[3]), (Phase.CONVERGENCE, may[20]), (Phase.CONVERGENCE, may[10])])
    >>> [(one.phase.value, one.on.day) for one in way]
    [('discovery', 4), ('convergence', 11)]
    """
    way: list[PhaseBegin] = []
    for phase, on in said:
        if way and way[-1].phase is phase:
            way.pop()
        while way and way[-1].on >= on:
            way.pop()
        if not way or way[-1].phase is not phase:
            way.append(PhaseBegin(phase, on))
    return tuple(way)


def phase_of_work(begun_at: datetime | None, way: Sequence[PhaseBegin]) -> Phase | None:
    """Which phase does a ticket belong to that was begun at this moment (None: not yet)?

    What nobody has begun belongs to the phase of now. None where nobody had said by then which phase it was.

    >>> way = way_of_phases([(Phase.DISCOVERY, date(2026, 5, 4)), (Phase.CONVERGENCE, date(2026, 6, 1))])
    >>> [phase_of_work(at, way) for at in (datetime(2026, 5, 1, tzinfo=UTC), datetime(2026, 5, 31, 23, tzinfo=UTC), None)]
    [None, <Phase.DISCOVERY: 'discovery'>, <Phase.CONVERGENCE: 'convergence'>]
    """
    if begun_at is None:
        return way[-1].phase if way else None
    return next((one.phase for one in reversed(way) if one.at <= begun_at), None)
