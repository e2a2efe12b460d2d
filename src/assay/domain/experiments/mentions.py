"""Whom does a text speak to?"""

from __future__ import annotations

import re

_MENTION = re.compile(r"(?<![\w@.+/-])@(\w[\w.-]{0,79})")
"""A name behind an at sign that is no part of an address."""


def mention_spans(text: str) -> tuple[tuple[int, int, str], ...]:
    """Where names are mentioned: begin and end with the at sign, and the name.

    >>> mention_spans("ask @ada. or grace@example.org")
    ((4, 8, 'ada'),)
    """
    found = []
    for match in _MENTION.finditer(text):
        name = match[1].rstrip(".-")
        found.append((match.start(), match.start() + 1 + len(name), name))
    return tuple(found)


def mentioned(text: str) -> tuple[str, ...]:
    """The names that a text mentions, each once, in order.

    >>> mentioned("@ada and @grace, please; thanks @ada")
    ('ada', 'grace')
    """
    return tuple(dict.fromkeys(name for _, _, name in mention_spans(text)))
