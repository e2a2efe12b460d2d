"""When is a delivery tried again, when is it given up, and when is a receiver left in peace?

A receiver that is away is another thing than an event that it will not have. The first is tried for about two days, all events
together, at a pace that does no harm (a breaker). The second is tried ten times and then put aside, so that it does not hold
up its ticket.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

PASSING = frozenset({408, 425, 429})
"""Answers of the 400s that say "later", not "no"."""
MOST_WAIT_ASKED = timedelta(hours=1)
"""A receiver may ask for more time (Retry-After), up to this."""


class Outcome(StrEnum):
    """What came of one try?"""

    DELIVERED = "delivered"
    REFUSED = "refused"
    """The receiver answered that it will not have this one."""
    AWAY = "away"
    """It cannot be reached, takes too long, or answers that something is wrong with itself."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """How patiently it is tried."""

    first: timedelta = timedelta(seconds=10)
    """After the first try; it doubles from try to try."""
    longest: timedelta = timedelta(hours=1)
    most_tries: int = 48
    """While the receiver is away: about 40 hours."""
    most_own_tries: int = 10
    """Where the receiver is there for others: about an hour and a half."""
    opens_after: int = 3
    """So many failures in a row, and the breaker opens: only one try at a time, with pauses."""
    longest_pause: timedelta = timedelta(minutes=15)

    def wait(self, tries: int, chance: float) -> timedelta:
        """How long after this many failed tries is the next one?

        Args:
            tries: at least 1.
            chance: from 0 up to 1; spreads the wait by a quarter in both directions, so that receivers are not hit in waves.

        >>> Schedule().wait(3, 0.5).total_seconds(), Schedule().wait(30, 0.0).total_seconds()
        (40.0, 2700.0)
        """
        return self._doubled(tries, self.longest) * (0.75 + 0.5 * chance)

    def pause(self, failures: int, chance: float) -> timedelta | None:
        """How long is a receiver left in peace after so many failures in a row? None while the breaker is closed."""
        over = failures - self.opens_after
        return None if over < 0 else self._doubled(over + 1, self.longest_pause) * (0.75 + 0.5 * chance)

    def is_open(self, failures: int) -> bool:
        """Is only one try made at a time?"""
        return failures >= self.opens_after

    def is_given_up(
        self, tries: int, outcome: Outcome, *, first_tried_at: datetime, last_delivered_at: datetime | None
    ) -> bool:
        """Is this one put aside after so many failed tries?

        Args:
            tries: how many failed.
            outcome: of the last one.
            first_tried_at: when the first was made.
            last_delivered_at: when the receiver last took anything at all.
        """
        others = last_delivered_at is not None and last_delivered_at > first_tried_at
        own = outcome is Outcome.REFUSED or others
        return tries >= (self.most_own_tries if own else self.most_tries)

    def _doubled(self, times: int, longest: timedelta) -> timedelta:
        factor: int = 2 ** min(times - 1, 30)
        return min(longest, self.first * factor)


def outcome_of(status: int | None) -> Outcome:
    """What does an answer mean? None where none came.

    >>> [outcome_of(status).value for status in (204, 302, 404, 429, 503, None)]
    ['delivered', 'refused', 'refused', 'away', 'away', 'away']
    """
    if status is None or status in PASSING or status >= 500 or status < 200:
        return Outcome.AWAY
    return Outcome.DELIVERED if status < 300 else Outcome.REFUSED
