"""Which rows does a page show, and from where does it go on? Only named fields can be filtered or sorted by."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any

import orjson
from sqlalchemy import ColumnElement, and_, exists, false, or_, true

from assay.errors import Invalid
from assay.storage.tables import blockers, commitments, sprints, tickets
from assay.storage.types import storable
from assay.workflows.asked import Asked, Begun, Keys

MAX_PAGE = 500
MAX_NEEDLE = 200

TICKET_FIELDS: Mapping[str, ColumnElement[Any]] = {
    "stage": tickets.c.stage,
    "owner": tickets.c.owner,
    "type": tickets.c.type,
    "axis": tickets.c.axis,
    "mode": tickets.c.mode,
    "decision": tickets.c.decision,
    "recommendation": tickets.c.recommendation,
}
NONE_WORD = "none"
"""Filter value that stands for "not set"."""


def page_size(limit: int) -> int:
    """How many rows may a page have?

    Raises:
        Invalid: not 1 to 500.
    """
    if not 1 <= limit <= MAX_PAGE:
        raise Invalid(
            f"cannot show a page of {str(limit)[:20]} rows (expected 1 to {MAX_PAGE})",
            hint="leave the limit out for the default",
            code="limit-out-of-range",
            field="limit",
        )
    return limit


def ticket_conditions(filters: Asked) -> list[ColumnElement[bool]]:
    """Which tickets are meant? `q` looks for words in key and title; empty values ask nothing.

    Raises:
        Invalid: a field that cannot be filtered by, or a priority that is no number.
    """
    return [_condition(name, value) for name, value in filters.items() if value != ""]


def _condition(name: str, value: str | Keys | Begun) -> ColumnElement[bool]:
    if isinstance(value, Keys):
        chosen = tickets.c.key.in_(sorted(value.keys))
        return ~chosen if value.others else chosen
    if isinstance(value, Begun):
        return begun_in(value)
    if name == "q":
        return contains(value, tickets.c.key, tickets.c.title)
    if name in TICKET_FIELDS:
        return _field_is(TICKET_FIELDS[name], value)
    return _about_others(name, value)


def _field_is(column: ColumnElement[Any], value: str) -> ColumnElement[bool]:
    if value != NONE_WORD:
        return column == storable(value)
    return column == "" if column is tickets.c.owner else column.is_(None)


def _about_others(name: str, value: str) -> ColumnElement[bool]:
    if name == "priority":
        return tickets.c.priority == _small_number(name, value)
    if name == "blocked":
        is_blocked = exists().where(blockers.c.ticket_id == tickets.c.id, blockers.c.closed_at.is_(None))
        return is_blocked if value == "yes" else ~is_blocked
    if name == "sprint":
        return _in_sprint(value)
    raise unknown_filter(
        name, (*TICKET_FIELDS, "blocked", "phase", "priority", "q", "sprint", "stale", "waiting")
    )


def begun_in(asked: Begun) -> ColumnElement[bool]:
    """Did work on the ticket begin in one of these spans?"""
    spans = [
        and_(
            tickets.c.begun_at.is_not(None),
            true() if begin is None else tickets.c.begun_at >= begin,
            true() if end is None else tickets.c.begun_at < end,
        )
        for begin, end in asked.spans
    ]
    return or_(false(), *spans, *([tickets.c.begun_at.is_(None)] if asked.waiting else []))


def _in_sprint(value: str) -> ColumnElement[bool]:
    """Taken into a sprint and not out again: `active`, its number, or `none` for no sprint that has not ended."""
    taken = exists().where(
        commitments.c.ticket_id == tickets.c.id,
        commitments.c.removed_at.is_(None),
        sprints.c.id == commitments.c.sprint_id,
        sprints.c.project_id == tickets.c.project_id,
    )
    if value == NONE_WORD:
        return ~taken.where(sprints.c.state != "ended")
    if value == "active":
        return taken.where(sprints.c.state == value)
    return taken.where(sprints.c.number == _small_number("sprint", value, hint="active, none, or its number"))


def contains(text: str, *columns: ColumnElement[Any]) -> ColumnElement[bool]:
    """Does any of these columns contain each word of the text, letters' case aside?"""
    words = storable(text[:MAX_NEEDLE]).split()[:8]
    return and_(
        true(), *(or_(*(column.icontains(word, autoescape=True) for column in columns)) for word in words)
    )


def unknown_filter(name: str, known: tuple[str, ...]) -> Invalid:
    """The error for a field that cannot be filtered by."""
    return Invalid(
        f"cannot filter by {ascii(name)[:60]} (expected one of: {', '.join(known)})",
        hint="remove the filter, or use one of these",
        code="filter-unknown",
        field=f"filter.{ascii(name)[1:40]}",
    )


def cursor_text(*parts: Any) -> str:
    """Which opaque text says where the next page begins?"""
    return base64.urlsafe_b64encode(orjson.dumps(parts)).decode().rstrip("=")


def cursor_parts(text: str, kinds: tuple[type, ...]) -> list[Any]:
    """Where does the next page begin?

    Raises:
        Invalid: not a cursor that a page gave.
    """
    try:
        parts = orjson.loads(base64.urlsafe_b64decode(text.encode() + b"=" * (-len(text) % 4)))
    except (ValueError, UnicodeEncodeError, binascii.Error):
        parts = None
    fits = isinstance(parts, list) and len(parts) == len(kinds)
    if not fits or not all(
        part is None or type(part) is kind for part, kind in zip(parts, kinds, strict=True)
    ):
        raise Invalid(
            f"cannot read cursor {ascii(text)[:60]}: not one that a page gave (expected next_cursor of a page)",
            hint="start from the first page",
            code="cursor-malformed",
            field="cursor",
        )
    return list(parts)


def _small_number(name: str, value: str, hint: str = "0 is most urgent, 4 least") -> int:
    if not (value.isascii() and value.isdigit() and len(value) < 6):
        raise Invalid(
            f"cannot filter by {name}: found {ascii(value)[:40]} (expected a whole number)",
            hint=hint,
            code="filter-malformed",
            field=f"filter.{name}",
        )
    return int(value)
