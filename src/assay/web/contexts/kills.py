"""Recommended kills: on a ticket, and in the record of the rules."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class KillLine:
    """A recommended kill with its form."""

    rule: str
    name: str
    kind: str
    reason: str
    record_href: str
    """What the rule would have done to past runs; empty for a criterion of the ticket itself."""
    snoozed: str
    """Until when, by whom and why; empty while it is pressed."""
    days: tuple[tuple[int, str, bool], ...]
    """What can be chosen: days, in words, and whether it is the one to begin with."""


@dataclass(frozen=True, slots=True)
class RecordLine:
    """What became of the kills that one rule recommended."""

    rule: str
    recommended: int
    followed: int
    promoted: int
    open: int
    overruled: int
    became: str
    """How the overruled ones ended; empty without any."""


@dataclass(frozen=True, slots=True)
class KillRecordSection:
    """Context of fragments/settings/_kill_record.html."""

    rows: tuple[RecordLine, ...]
    since: str
