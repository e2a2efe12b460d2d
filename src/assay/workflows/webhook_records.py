"""Webhooks and their deliveries, as they are stored."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class DeliveryState(StrEnum):
    """Where a delivery stands."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    PARKED = "parked"
    """Given up after many tries; a person sends it again."""


@dataclass(frozen=True, slots=True)
class Webhook:
    """Who is told, of what."""

    id: int
    project_id: int
    name: str
    target: str
    """The server of its address: all that is shown of it."""
    sealed: bytes = field(repr=False)
    """Address and secret, sealed."""
    events: tuple[str, ...]
    form: str
    enabled: bool
    version: int
    by: str
    at: datetime
    looked_at: int
    """Number of the journal entry up to which events are taken over."""
    failures: int = 0
    """In a row, of the receiver."""
    paused_until: datetime | None = None
    """The receiver is left in peace until then."""
    delivered_at: datetime | None = None
    """When the receiver last took something."""
    failed_at: datetime | None = None
    error: str = ""
    """Of the last failure; empty after a success."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event on its way to one webhook."""

    id: str
    webhook_id: int
    seq: int
    """Number of the journal entry."""
    type: str
    ticket: str
    state: DeliveryState
    tries: int
    due_at: datetime
    first_tried_at: datetime | None = None
    tried_at: datetime | None = None
    status: int | None = None
    """Of the last answer; None where none came."""
    error: str = ""
