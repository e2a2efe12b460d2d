"""What a list asks of tickets, by the name of the filter, once words that need the clock or the journal are resolved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Keys:
    """These tickets, or all but these."""

    keys: frozenset[str]
    others: bool = False


@dataclass(frozen=True, slots=True)
class Begun:
    """Tickets that first left the first column in one of these spans, and those that have not left it yet where `waiting`."""

    spans: tuple[tuple[datetime | None, datetime | None], ...]
    """Begin, which is in it, and end, which is not; None is open."""
    waiting: bool


@dataclass(frozen=True, slots=True)
class Lanes:
    """By what a board is cut into lanes."""

    by: str
    """owner, axis or phase."""
    phases: tuple[tuple[datetime, str], ...] = ()
    """First moment and name of each phase of the project, in the order of time."""


Asked = Mapping[str, str | Keys | Begun]
"""Filters of a list of tickets: text as somebody gave it, but for `stale` and `phase`."""
