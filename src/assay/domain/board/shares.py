"""Shares of counted things, with the exact interval of the rate behind them, and the bands that are usual."""

from __future__ import annotations

from dataclasses import dataclass

from assay.stats.estimates import Interval
from assay.stats.proportions import clopper_pearson


@dataclass(frozen=True, slots=True)
class Share:
    """How many of so many, with the exact 95% interval of the rate behind it; of none, nothing is known."""

    count: int
    of: int

    @property
    def rate(self) -> float | None:
        """The share itself; None of none."""
        return self.count / self.of if self.of else None

    @property
    def interval(self) -> Interval | None:
        """Clopper and Pearson (1934) at 95%; None of none."""
        return clopper_pearson(self.count, self.of, confidence=0.95) if self.of else None


@dataclass(frozen=True, slots=True)
class Band:
    """Rates that are usual for a team that explores: below kills nobody, above has no aim."""

    low: float
    high: float

    def holds(self, share: Share) -> str:
        """Does the rate behind a share lie in the band? `inside`, `below` or `above` once 95% say so, else `unknown`.

        >>> KILL_BAND.holds(Share(3, 4)), KILL_BAND.holds(Share(2, 40))
        ('unknown', 'below')
        """
        interval = share.interval
        if interval is None or interval.low is None or interval.high is None:
            return "unknown"
        if self.low <= interval.low and interval.high <= self.high:
            return "inside"
        if interval.high < self.low:
            return "below"
        return "above" if interval.low > self.high else "unknown"


KILL_BAND = Band(0.6, 0.8)
PROMOTION_BAND = Band(0.1, 0.3)


def share_text(share: Share, *, none: str = "none decided yet") -> str:
    """A share in words; `none` where it is of none.

    >>> share_text(Share(3, 4)), share_text(Share(0, 0))
    ('3 of 4 (75%, 95% interval 19% to 99%)', 'none decided yet')
    """
    interval = share.interval
    if interval is None or share.rate is None:
        return none
    return f"{share.count} of {share.of} ({share.rate:.0%}, 95% interval {interval.low:.0%} to {interval.high:.0%})"


def band_text(share: Share, band: Band) -> str:
    """Where a share lies against the usual band, in words.

    >>> band_text(Share(3, 4), KILL_BAND), band_text(Share(0, 0), KILL_BAND)
    ('healthy is 60% to 80%; 4 decisions cannot tell yet', 'healthy is 60% to 80%')
    """
    healthy = f"healthy is {band.low:.0%} to {band.high:.0%}"
    where = band.holds(share)
    if not share.of:
        return healthy
    if where == "unknown":
        decisions = "1 decision" if share.of == 1 else f"{share.of} decisions"
        return f"{healthy}; {decisions} cannot tell yet"
    return f"{healthy}; this is {where}"
