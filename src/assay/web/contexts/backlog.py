"""The backlog page, and the form that changes many tickets."""

from __future__ import annotations

from dataclasses import dataclass

from assay.web.contexts.ticket_form import Choice


@dataclass(frozen=True, slots=True)
class Waiting:
    """One ticket of a backlog."""

    key: str
    href: str
    title: str
    kind: str
    version: int
    priority: str
    tone: str
    owner: str
    facts: str
    """Axis, budget, time box and labels, in a few words."""
    up: str
    """Key of the ticket it would stand above; empty at the top."""
    below: str
    """Key of the ticket it would stand above when it goes down; empty for the end."""
    last: bool


@dataclass(frozen=True, slots=True)
class BacklogColumn:
    """One of the two backlogs."""

    name: str
    title: str
    purpose: str
    rows: tuple[Waiting, ...]
    total: int
    new_href: str
    new_label: str


@dataclass(frozen=True, slots=True)
class Undo:
    """What was just changed, and the way back."""

    text: str
    first_seq: int
    last_seq: int


@dataclass(frozen=True, slots=True)
class BulkForm:
    """The form that changes the chosen tickets."""

    action: str
    back: str
    """Where it returns to, path and query."""
    csrf_token: str
    priorities: tuple[Choice, ...]
    axes: tuple[Choice, ...]
    modes: tuple[Choice, ...]
    undo: Undo | None
    undo_action: str


@dataclass(frozen=True, slots=True)
class BacklogPage:
    """Context of pages/backlog.html."""

    slug: str
    csrf_token: str
    columns: tuple[BacklogColumn, ...]
    bulk: BulkForm
