"""Facts that happened, as the journal keeps them."""

from __future__ import annotations

from typing import Any

from pydantic import JsonValue

from assay.domain.kernel.model import Value


class Event(Value):
    """One fact, before the journal gives it a sequence number and a hash."""

    kind: str
    """Past tense, dotted: `ticket.created`, `ticket.moved`, `ticket.locked`, `verdict.computed`, `decision.recorded`."""
    project: str | None
    """Slug of the project, None for the instance itself."""
    subject: str | None
    """What it happened to, such as a ticket key."""
    payload: dict[str, JsonValue]
    """What changed: before, after, why. JSON, finite numbers only."""

    @classmethod
    def of(cls, kind: str, /, *, project: str | None, subject: str | None = None, **payload: Any) -> Event:
        """Shorter spelling for workflows."""
        return cls(kind=kind, project=project, subject=subject, payload=payload)
