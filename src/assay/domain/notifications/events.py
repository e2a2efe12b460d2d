"""Which entries of the journal are told to others, and what is said of them?

An event is one entry of the journal, so it has its number and is never told in another way later. What is told is written down
here field by field: whatever else an entry says stays inside.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import NAMESPACE_URL, uuid5


class EventType(StrEnum):
    """What can be asked for. Each stands for one kind of entry."""

    KILL_SUGGESTED = "kill.suggested"
    KILL_SNOOZED = "kill.snoozed"
    KILL_WOKEN = "kill.woken"
    BUDGET_OVERRUN = "budget.overrun"
    VERDICT_CHANGED = "verdict.changed"
    DECISION_RECORDED = "decision.recorded"
    CARD_MOVED = "card.moved"


TESTED = "webhook.tested"
"""The type of a message that only shows whether the way is free; nobody asks for it."""

SAID: Mapping[str, tuple[EventType, tuple[str, ...]]] = {
    "kill.recommended": (EventType.KILL_SUGGESTED, ("kills", "runs")),
    "kill.snoozed": (EventType.KILL_SNOOZED, ("rule", "until", "reason")),
    "kill.woken": (EventType.KILL_WOKEN, ("rule", "because")),
    "budget.overrun": (EventType.BUDGET_OVERRUN, ("rule", "reason", "runs")),
    "verdict.computed": (EventType.VERDICT_CHANGED, ("recommendation", "headline", "digest")),
    "decision.recorded": (
        EventType.DECISION_RECORDED,
        ("decision", "verdict", "reason", "learnings", "verdict_digest"),
    ),
    "ticket.moved": (EventType.CARD_MOVED, ("before", "after", "reason", "overridden")),
}
"""Kind of entry: what it is called outside, and which fields of it are told."""

ABOUT: Mapping[EventType, str] = {
    EventType.KILL_SUGGESTED: "A rule or kill criterion begins to recommend to kill.",
    EventType.KILL_SNOOZED: "Somebody overrules a recommended kill for a while.",
    EventType.KILL_WOKEN: "A snoozed kill is pressed again.",
    EventType.BUDGET_OVERRUN: "An experiment used more compute than its budget allows.",
    EventType.VERDICT_CHANGED: "The verdict says something else than before.",
    EventType.DECISION_RECORDED: "A person decided, with learnings.",
    EventType.CARD_MOVED: "A card went to another column.",
}
"""What each means, for people who choose."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of the journal, as far as it is told."""

    seq: int
    at: datetime
    actor: str
    kind: str
    subject: str | None
    payload: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Told:
    """One event as it leaves."""

    id: str
    """Constant: the same event has the same id at every try."""
    seq: int
    """Number of the entry in the journal."""
    type: str
    project: str
    ticket: str | None
    occurred_at: datetime
    actor: str
    data: Mapping[str, Any]


def event_type(entry: Entry, before: Entry | None) -> EventType | None:
    """Under which name is this entry told? None where it is not.

    Args:
        entry: what happened.
        before: the verdict of the ticket before, where the entry is a verdict. One that says the same is not told.

    >>> at = datetime(2026, 5, 12)
    >>> first = Entry(1, at, "assay", "verdict.computed", "EXP-1", {"recommendation": "undecided"})
    >>> event_type(first, None).value, event_type(first, first)
    ('verdict.changed', None)
    """
    said = SAID.get(entry.kind)
    if said is None or entry.subject is None:
        return None
    if said[0] is EventType.VERDICT_CHANGED and before is not None:
        is_same = before.payload.get("recommendation") == entry.payload.get("recommendation")
        return None if is_same else said[0]
    return said[0]


def told(entry: Entry, before: Entry | None, *, project: str, delivery: str) -> Told:
    """What is said of an entry that `event_type` names."""
    kind, fields = SAID[entry.kind]
    data = {name: entry.payload[name] for name in fields if name in entry.payload}
    if kind is EventType.VERDICT_CHANGED:
        data["recommendation_before"] = None if before is None else before.payload.get("recommendation")
    return Told(delivery, entry.seq, kind.value, project, entry.subject, entry.at, entry.actor, data)


def delivery_id(instance: str, webhook: int, seq: int) -> str:
    """Which id has the delivery of this entry to this webhook, at every try and on every machine?

    >>> delivery_id("a", 1, 7) == delivery_id("a", 1, 7) != delivery_id("a", 2, 7)
    True
    """
    return str(uuid5(NAMESPACE_URL, f"assay:{instance}:webhook:{webhook}:{seq}"))
