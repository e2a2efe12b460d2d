"""The page on which the history of another tool's board comes in."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StatusField:
    """What one kind of status means, by the names that the file has."""

    name: str
    label: str
    value: str
    example: str


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """Context of pages/history.html."""

    action: str
    csrf_token: str
    text: str
    """The file as it was chosen or typed; empty at first."""
    name: str
    source: str
    statuses: tuple[StatusField, ...]
    checked: bool
    """It can be brought in: `report` tells what that would do."""
    has_news: bool
    report: tuple[str, ...]
    problem: str
    problem_hint: str
    needs_columns: bool
    """The board lacks columns of the file; a draft of a board would help."""
    draft: str
    """A board for this file; empty until one is asked for."""
    board_action: str
    board_version: int
    most_characters: int
