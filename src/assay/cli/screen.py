"""What stands on the terminal: data as plain text, whatever somebody put into a name."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Sequence

from assay.domain.kernel.plain_text import without_control

_UNSAFE_IN_JSON = re.compile("[\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]")
NOTHING = "-"


def clean(value: object, *, lines: bool = False) -> str:
    r"""A value as text that cannot steer a terminal: control characters and direction marks become a mark.

    >>> clean("red \x1b[31m") == "red \ufffd[31m"
    True
    """
    text = NOTHING if value is None or value == "" else str(value)
    return without_control(text, lines=lines)


def say(text: object, *, lines: bool = False) -> None:
    """One line of output."""
    print(clean(text, lines=lines))


def print_json(body: bytes) -> None:
    """The API's JSON as it is; characters that steer terminals stand as escapes, which mean the same."""
    text = body.decode("utf-8")
    print(_UNSAFE_IN_JSON.sub(lambda found: f"\\u{ord(found.group()):04x}", text))


def print_done(**facts: object) -> None:
    """A command's own JSON, where the API has nothing to say: `{"deleted": "EXP-1"}`."""
    print_json(json.dumps(facts, ensure_ascii=False).encode())


def table(
    headers: Sequence[str], rows: Sequence[Sequence[object]], *, none: str = "Nothing here yet."
) -> None:
    """A table: laid out by rich on a terminal, plain aligned columns in a pipe."""
    cells = [[clean(value) for value in row] for row in rows]
    if not cells:
        print(none)
    elif sys.stdout.isatty():
        _rich_table(headers, cells)
    else:
        _plain_table(headers, cells)


def _plain_table(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    everything = [[header.upper() for header in headers], *rows]
    widths = [max(len(row[i]) for row in everything) for i in range(len(headers))]
    for row in everything:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _rich_table(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    shown = Table(box=None, header_style="bold", pad_edge=False)
    for header in headers:
        shown.add_column(Text(header), overflow="fold")
    for row in rows:
        shown.add_row(*(Text(cell) for cell in row))
    Console(markup=False, highlight=False, emoji=False).print(shown)


def facts(pairs: Sequence[tuple[str, object]]) -> None:
    """Names and values, one a line; what is unknown is left out."""
    known = [(name, value) for name, value in pairs if value not in (None, "", [], ())]
    width = max((len(name) for name, _ in known), default=0)
    for name, value in known:
        print(f"{name.ljust(width)}  {clean(value)}")


def shortened(text: str, most: int = 60) -> str:
    """The beginning of a text."""
    return text if len(text) <= most else f"{text[: most - 1]}…"
