"""Is this plain value (from JSON, YAML or a form) what the field needs? Errors name the path, what was found, and the fix.

Nothing is guessed: `true` is no number, `NO` that YAML read as false is no title, an epoch is no date.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Collection, Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import NoReturn, TypeVar
from unicodedata import category

from assay.domain.experiments.arrival import EXPECTED, arrival_of
from assay.domain.experiments.exact_numbers import MAX_DIGITS, fits, plain
from assay.domain.kernel.time import timestamp, utc
from assay.errors import Invalid

Choice = TypeVar("Choice", bound=StrEnum)
QUOTED = "put it in quotes if text is meant: YAML reads NO, 3.10 and 1:30 as something else"


def shown(text: str) -> str:
    """The text with every character that does not print replaced, one for one, so that positions stay right."""
    return "".join(
        c if c.isprintable() else " " if c in "\t\r\n\u00a0\u2009\u202f" else "\ufffd" for c in text
    )


def refuse(path: str, found: str, expected: str, *, hint: str = "", code: str = "field-invalid") -> NoReturn:
    """Raise Invalid for the field at `path`."""
    place = f"field '{path}'" if path else "ticket"
    raise Invalid(
        f"cannot read {place}: found {found} (expected {expected})",
        hint=hint or f"write {expected}",
        code=code,
        field=path,
        details={"expected": expected},
    )


def found_text(value: object) -> str:
    """How is a value named in an error: short, and safe to print?"""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return f"the number {value}" if value.bit_length() <= 64 else f"a number of {value.bit_length()} bits"
    if isinstance(value, float | Decimal):
        return f"the number {value}"[:40]
    if isinstance(value, str):
        return f"'{shown(value[:40])}{'...' if len(value) > 40 else ''}'"
    names: dict[type, str] = {dict: "a mapping", list: "a list", tuple: "a list"}
    return names.get(type(value), f"a {type(value).__name__}")


def as_mapping(value: object, path: str, *, known: Collection[str]) -> dict[str, object]:
    """A mapping that has no other keys than `known`; close matches are offered for the first that is not."""
    if not isinstance(value, Mapping):
        refuse(path, found_text(value), "a mapping of field names to values")
    for key in value:
        if not isinstance(key, str):
            refuse(path, f"the key {found_text(key)}", "field names that are text", hint=QUOTED)
        if key not in known:
            _refuse_key(key, path, known)
    return dict(value)


def _refuse_key(key: str, path: str, known: Collection[str]) -> NoReturn:
    close = difflib.get_close_matches(key[:60], list(known), n=3, cutoff=0.6)
    expected = " or ".join(close) if close else ", ".join(known)
    name = shown(key[:60])
    where = f"{path}.{name}" if path else name
    raise Invalid(
        f"cannot read field '{where}': there is no such field (expected {expected})",
        hint=f"did you mean {expected}?" if close else "remove it or write one of the fields listed",
        code="field-unknown",
        field=where,
        details={"expected": list(close or known)},
    )


def as_list(value: object, path: str, *, limit: int) -> list[object]:
    """A list of at most `limit` entries; nothing stands for the empty list."""
    if value is None:
        return []
    if not isinstance(value, list | tuple):
        refuse(path, found_text(value), "a list")
    if len(value) > limit:
        refuse(path, f"{len(value)} entries", f"at most {limit} entries")
    return list(value)


def as_text(value: object, path: str, *, limit: int) -> str:
    """Text of at most `limit` characters."""
    if not isinstance(value, str):
        refuse(path, found_text(value), "text", hint=QUOTED)
    if len(value) > limit:
        refuse(path, f"{len(value)} characters", f"at most {limit} characters")
    return value


TEXT_MAX = 20_000


def as_line(value: object, path: str) -> str:
    """Text of one line; a line break at its end, as block texts of YAML have it, is no part of it."""
    text = as_text(value, path, limit=TEXT_MAX).rstrip("\r\n")
    for place, character in enumerate(text):
        if category(character) in ("Cc", "Zl", "Zp"):
            found = f"{found_text(text)}: character U+{ord(character):04X} at position {place}"
            refuse(path, found, "one line of text without control characters")
    return text


def as_flag(value: object, path: str) -> bool:
    """True or false, nothing that merely looks like it."""
    if not isinstance(value, bool):
        refuse(path, found_text(value), "true or false")
    return value


def as_integer(value: object, path: str, *, low: int, high: int) -> int:
    """A whole number in a range."""
    expected = f"a whole number from {low} to {high}"
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        refuse(path, found_text(value), expected)
    if not low <= value <= high:
        refuse(path, found_text(value), expected)
    return value


def as_decimal(value: object, path: str) -> Decimal:
    """An exact number: floats mean the shortest decimal that reads back as the same float, text means its digits."""
    expected = f"a number of at most {MAX_DIGITS} digits"
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        refuse(path, found_text(value), expected)
    if isinstance(value, int) and abs(value) >= 10**MAX_DIGITS:
        refuse(path, found_text(value), expected)
    if isinstance(value, float) and not math.isfinite(value):
        refuse(path, found_text(value), "a finite number")
    text = repr(value) if isinstance(value, float) else str(value)
    if len(text) > 2 * MAX_DIGITS or not text.isascii():
        refuse(path, found_text(value), expected)
    try:
        number = Decimal(text)
    except InvalidOperation:
        refuse(path, found_text(value), expected)
    if not number.is_finite() or "_" in text or not fits(number):
        refuse(path, found_text(value), expected)
    return plain(number)


def as_choice(value: object, path: str, kind: type[Choice]) -> Choice:
    """One of the values of an enumeration."""
    if isinstance(value, str) and value in list(kind):
        return kind(value)
    close = difflib.get_close_matches(value[:60], list(kind), n=1) if isinstance(value, str) else []
    return refuse(path, found_text(value), ", ".join(kind), hint=f"did you mean {close[0]}?" if close else "")


def as_moment(value: object, path: str) -> datetime:
    """A moment with its time zone, or a day, which begins at midnight UTC."""
    expected = "a date such as 2026-05-12 or a time such as 2026-05-12T09:00:00Z"
    try:
        moment = _moment(value)
    except (ValueError, OverflowError):
        moment = None
    if moment is None or not 1970 <= moment.year <= 9998:
        refuse(path, found_text(value), expected)
    return moment


def arrival_from_data(value: object, path: str) -> str:
    """The day or days on which data is expected, as text in one form."""
    if isinstance(value, date) and not isinstance(value, datetime):
        value = value.isoformat()  # as YAML reads a day
    text = as_text(value, path, limit=60)
    try:
        arrival_of(text)
    except ValueError:
        refuse(path, found_text(value), EXPECTED)
    return text


def _moment(value: object) -> datetime | None:
    if isinstance(value, str) and len(value) <= 40:
        day_only = len(value) == 10
        value = datetime.fromisoformat(f"{value}T00:00:00+00:00" if day_only else value)
    elif isinstance(value, date) and not isinstance(value, datetime):
        value = datetime.fromisoformat(f"{value.isoformat()}T00:00:00+00:00")
    return utc(value) if isinstance(value, datetime) else None


def moment_data(moment: datetime) -> str:
    """How is a moment written in data: the day alone at midnight UTC, else to the microsecond?"""
    text = timestamp(moment)
    return text.removesuffix("T00:00:00.000000Z") if text.endswith("T00:00:00.000000Z") else text
