"""What templates print of jobs of pipelines."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class JobRow:
    """A job on the page of its ticket."""

    indent: int
    """Levels below its pipeline, at most 6."""
    name: str
    href: str
    """Where its log is; empty when unknown."""
    namespace: str
    tool: str
    state: str
    tone: str
    icon: str
    error: str
    started_iso: str
    started: str
    ended_iso: str
    ended: str


@dataclass(frozen=True, slots=True)
class UnreadLine:
    """Where what is told of jobs may be out of date."""

    text: str
    iso: str
    when: str
    """When it was last read; empty for never."""


@dataclass(frozen=True, slots=True)
class JobBox:
    """Jobs of a ticket, the newest pipeline first."""

    rows: tuple[JobRow, ...]
    more: str
    """That there are older ones; empty when all are here."""
    unread: tuple[UnreadLine, ...] = ()
