"""The page where stale tickets are killed."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StaleRow:
    """One stale ticket, and what was learned of it."""

    key: str
    href: str
    title: str
    why: str
    version: int
    verdict: str
    why_not: str
    """Why it cannot be killed; empty where it can."""
    do: str
    chosen: bool
    learnings: str
    problem: str


@dataclass(frozen=True, slots=True)
class KillStalePage:
    """Context of pages/kill_stale.html."""

    rows: tuple[StaleRow, ...]
    can_kill: bool
    reason: str
    problem: str
    problem_hint: str
    here: str
    flow_href: str
    csrf_token: str
