"""Errors about files of evaluation results: which file, where in it, what was found, what is expected, what mends it."""

from __future__ import annotations

from assay.errors import Invalid

_SHOWN = 60


def unreadable(name: str, found: str, expected: str, *, hint: str, field: str | None = None) -> Invalid:
    """The error for a file that cannot be read. name: the file as the user knows it; field: column or path inside it."""
    return Invalid(
        f"cannot read evaluation '{printable(name)}': {found} (expected {expected})",
        hint=hint,
        code="evaluation-unreadable",
        field=field,
    )


def shown(value: object) -> str:
    r"""A value found in a file, quoted and short, with nothing in it that a terminal would obey.

    >>> shown("a" * 100)[-2:], shown("red \x1b[31m")
    ("…'", "'red \\x1b[31m'")
    """
    text = value if isinstance(value, str) else repr(value)
    return ascii_quotes(text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…")


def ascii_quotes(text: str) -> str:
    """A text in quotes, control and direction characters spelled out."""
    return f"'{printable(text)}'"


def printable(text: str) -> str:
    """A text whose unprintable characters are spelled out."""
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape", "replace").decode() for char in text
    )


def listed(names: list[str] | tuple[str, ...], limit: int = 5) -> str:
    """Names for a sentence: the first few, then how many more.

    >>> listed(["a", "b"]), listed(list("abcdefg"), 2)
    ('a, b', 'a, b and 5 more')
    """
    told = ", ".join(printable(name[:_SHOWN]) for name in names[:limit])
    return told if len(names) <= limit else f"{told} and {len(names) - limit} more"
