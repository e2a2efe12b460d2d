"""Counted things in words."""

from __future__ import annotations


def plural(count: int, noun: str) -> str:
    """So many of a thing.

    >>> plural(1, "card"), plural(3, "card")
    ('1 card', '3 cards')
    """
    return f"{count} {noun}{'' if count == 1 else 's'}"


def is_or_are(count: int) -> str:
    """The verb behind so many."""
    return "is" if count == 1 else "are"
