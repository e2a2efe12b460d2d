"""The texts and moments that people write on tickets: can they be stored and shown everywhere?"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, StringConstraints

from assay.domain.kernel.time import utc

_UNSHOWABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u202d\u202e]")


def clean_text(text: str) -> str:
    """Can this text be stored and shown everywhere? Returns it, or raises ValueError naming the character.

    Control characters end lines, terminals and PostgreSQL texts early; bidirectional overrides make text read as another.
    """
    found = _UNSHOWABLE.search(text)
    if found is not None:
        raise ValueError(
            f"character U+{ord(found.group()):04X} at position {found.start()} cannot be shown; remove it"
        )
    return text


def _visible(text: str) -> str:
    if not any(character.isprintable() and not character.isspace() for character in text):
        raise ValueError("has no visible character")
    return text


def _no_number(value: object) -> object:
    """Seconds, milliseconds or days since when? A number is no moment."""
    if isinstance(value, int | float):
        raise ValueError("is a number (expected a time such as 2026-05-12T09:00:00Z)")  # noqa: TRY004  # pydantic's way
    return value


def _within_reach(moment: datetime) -> datetime:
    """Years at the ends of the calendar overflow in other time zones."""
    if not 1970 <= moment.year <= 9998:
        raise ValueError(f"lies in the year {moment.year} (expected 1970 to 9998)")
    return moment


Moment = Annotated[datetime, BeforeValidator(_no_number), AfterValidator(_within_reach), AfterValidator(utc)]
Title = Annotated[
    str,
    StringConstraints(min_length=1, max_length=200, strip_whitespace=True),
    AfterValidator(clean_text),
    AfterValidator(_visible),
]
Prose = Annotated[str, StringConstraints(max_length=20_000), AfterValidator(clean_text)]
Line = Annotated[str, StringConstraints(max_length=500), AfterValidator(clean_text)]
Label = Annotated[
    str,
    StringConstraints(min_length=1, max_length=60, strip_whitespace=True),
    AfterValidator(clean_text),
    AfterValidator(_visible),
]
