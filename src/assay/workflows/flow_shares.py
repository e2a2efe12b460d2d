"""Shares of what flowed, as faces show them."""

from __future__ import annotations

from dataclasses import dataclass

from assay.domain.board.shares import Band, Share, band_text, share_text


@dataclass(frozen=True, slots=True)
class ShareView:
    """A share with the interval of the rate behind it; None where nothing was decided, for then nothing is known."""

    count: int
    of: int
    rate: float | None
    low: float | None
    high: float | None
    text: str
    band: str
    """Against what is healthy, in words; empty where there is no such band."""


def share_view(share: Share, band: Band | None = None, *, none: str = "none decided yet") -> ShareView:
    """A share as faces show it."""
    interval = share.interval
    low, high = (None, None) if interval is None else (interval.low, interval.high)
    against = "" if band is None else band_text(share, band)
    return ShareView(
        count=share.count,
        of=share.of,
        rate=share.rate,
        low=low,
        high=high,
        text=share_text(share, none=none),
        band=against,
    )
