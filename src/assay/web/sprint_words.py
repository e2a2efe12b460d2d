"""How sprints are told on pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from types import MappingProxyType

from assay.domain.sprints.progress import Progress, RunNews
from assay.domain.sprints.sprint import SprintState, Work
from assay.web.contexts.sprints import Tab
from assay.workflows.sprint_views import Stand

MOST_LINES = 100
"""Of one list of a ceremony: nobody reads more aloud. What is worse stands first, and the page says where the others are."""
STATES: Mapping[SprintState, tuple[str, str]] = MappingProxyType(
    {
        SprintState.PLANNED: ("planned", ""),
        SprintState.ACTIVE: ("running", "promote"),
        SprintState.ENDED: ("ended", ""),
        SprintState.CANCELLED: ("cancelled", ""),
    }
)
PROGRESS: Mapping[Progress, tuple[str, str, str]] = MappingProxyType(
    {
        Progress.PROMOTED: ("promoted", "promote", "up"),
        Progress.KILLED: ("killed", "kill", "stop"),
        Progress.DONE: ("done", "promote", "check"),
        Progress.RESULTS: ("results", "iterate", "check"),
        Progress.RUNNING: ("running", "", "loop"),
        Progress.STARTED: ("started", "", "circle"),
        Progress.WAITING: ("not started", "", "circle"),
    }
)
NEWS: Mapping[RunNews, tuple[str, str, str]] = MappingProxyType(
    {
        RunNews.DIVERGED: ("diverged", "kill", "warning"),
        RunNews.FAILED: ("broke off", "kill", "cross"),
        RunNews.STALLED: ("stalled", "blocked", "warning"),
        RunNews.STOPPED: ("stopped", "", "stop"),
        RunNews.FINISHED: ("finished", "promote", "check"),
        RunNews.STARTED: ("running", "", "loop"),
    }
)
WORK: Mapping[Work, tuple[str, str]] = MappingProxyType(
    {
        Work.EXPLORATION: ("Exploration", ""),
        Work.OPTIMISATION: ("Optimisation", ""),
        Work.DATA: ("Data work", ""),
        Work.ENGINEERING: ("ML engineering", ""),
        Work.RESERVED: ("Cleaning and debt", "most teams give it too little"),
    }
)


def day(moment: date) -> str:
    """A day without its year where it is read beside another.

    >>> day(date(2026, 5, 26))
    '26 May'
    """
    return f"{moment.day} {moment:%b}"


def days(first: date, last: date) -> str:
    """From one day to another.

    >>> days(date(2026, 5, 26), date(2026, 6, 6))
    '26 May to 6 Jun 2026'
    """
    return f"{day(first)} to {day(last)} {last.year}"


def amount(value: Decimal | None, unit: str) -> str:
    """A quantity with its unit; empty while it is not known.

    >>> amount(Decimal("4E+1"), "d"), amount(Decimal("12.60"), "d")
    ('40 d', '12.6 d')
    """
    if value is None:
        return ""
    whole = f"{value:f}"
    shown = whole.rstrip("0").rstrip(".") if "." in whole else whole
    return f"{shown} {unit}"


def where(stand: Stand) -> str:
    """Where a sprint is on its way, in words."""
    span = days(stand.starts_on, stand.ends_on)
    if stand.state == SprintState.ENDED.value:
        return f"{span}, ended"
    if stand.state == SprintState.CANCELLED.value:
        return f"{span}, cancelled"
    if stand.state == SprintState.PLANNED.value:
        return f"{span}, not begun"
    if stand.day == 0:
        return f"{span}, before its first day"
    return f"{span}, day {stand.day} of {stand.days}"


def tabs(slug: str, number: int | None, current: str) -> tuple[Tab, ...]:
    """The pages of a sprint; without one, the list and the stand-up."""
    base = f"/p/{slug}/sprints"
    pages = [("All sprints", base, "list")] if number is None else [("Sprint", f"{base}/{number}", "sprint")]
    chosen = "" if number is None else f"?sprint={number}"
    pages.append(("Planning", f"/p/{slug}/planning{chosen}", "planning"))
    pages.append(("Stand-up", f"/p/{slug}/standup", "standup"))
    if number is not None:
        pages += [
            ("Mid-sprint check", f"{base}/{number}/check", "check"),
            ("Review", f"{base}/{number}/review", "review"),
            ("Retro", f"{base}/{number}/retro", "retro"),
        ]
    return tuple(Tab(label=label, href=href, current=name == current) for label, href, name in pages)


def rest_of(found: Sequence[object], href: str, where: str) -> tuple[str, str]:
    """Where those are that are not listed, and how many: an address and its words.

    >>> rest_of(range(1_200), "/p/llm/board", "on the board"), rest_of([], "/p/llm/board", "on the board")
    (('/p/llm/board', '1,100 more on the board'), ('', ''))
    """
    more = len(found) - MOST_LINES
    return (href, f"{more:,} more {where}") if more > 0 else ("", "")
