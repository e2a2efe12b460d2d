"""A file with the history of a board of another tool: CSV or JSON Lines, one row a move."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter, ValidationError

from assay.domain.board.history import History, HistoryRow, history_of
from assay.domain.experiments.fields import as_moment
from assay.domain.experiments.texts import Label, Line, clean_text
from assay.domain.kernel.ids import TicketType
from assay.errors import Invalid

MOST_ROWS = 50_000
MOST_CHARACTERS = 1_000_000
OWNER_LENGTH = 80
TITLE_LENGTH = 200
NAMES: Mapping[str, tuple[str, ...]] = {
    "ticket": ("ticket", "item", "key", "issue", "issue_key", "id"),
    "from": ("from", "from_status", "from_column"),
    "to": ("to", "to_status", "to_column", "status"),
    "at": ("at", "changed_at", "changed_at_utc", "changed", "time", "timestamp", "date"),
    "title": ("title", "summary", "name"),
    "owner": ("owner", "assignee"),
    "type": ("type", "issue_type"),
    "bulk": ("bulk",),
}
"""What each column may be called; capitals, blanks and hyphens make no difference."""
NEEDED = ("ticket", "to", "at")
_TRUE, _FALSE = ("true", "yes", "1"), ("false", "no", "0", "")
_NAME, _LINE = TypeAdapter(Label), TypeAdapter(Line)


def history_from_text(text: str, *, name: str = "history.csv") -> History:
    r"""Which moves does this text tell of?

    Raises:
        Invalid: it is empty, too long, lacks a column, or a row cannot be read; the line is named.

    >>> told = history_from_text("ticket,from,to,at\nA-1,,Draft,2026-05-01\nA-1,Draft,Final,2026-05-04T09:00:00Z\n")
    >>> told.rows, told.items[0].rows[1].target
    (2, 'Final')
    """
    if len(text) > MOST_CHARACTERS:
        raise _refused(name, f"{len(text):,} characters", f"at most {MOST_CHARACTERS:,}", hint=_SPLIT)
    is_json = text.lstrip()[:1] == "{"
    rows, unread, seen = [], dict[str, None](), False
    for line, fields in (_json_rows if is_json else _csv_rows)(text, name):
        seen = True
        known, other = _named(fields)
        unread |= dict.fromkeys(other)
        missing = [column for column in NEEDED if column not in known]
        if missing:
            raise _refused(name, f"no {missing[0]} in line {line}", _COLUMNS, line=line)
        rows.append(_row(known, line, name))
        if len(rows) > MOST_ROWS:
            raise _refused(name, f"more than {MOST_ROWS:,} rows", f"at most {MOST_ROWS:,}", hint=_SPLIT)
    if not seen:
        raise _refused(name, "no row", _COLUMNS)
    return history_of(rows, tuple(unread))


_COLUMNS = "columns ticket, from, to, at, and if you like title, owner, type, bulk"
_SPLIT = "split it by ticket: each part comes in on its own"


def _csv_rows(text: str, name: str) -> Iterator[tuple[int, dict[str, Any]]]:
    plain = text.lstrip("\ufeff")
    reader = csv.reader(io.StringIO(plain, newline=""), delimiter=_separator(plain), strict=True)
    try:
        header = next(reader, [])
        if len(set(header)) < len(header):
            raise _refused(name, "a column a second time", "each column once", line=1)
        line = reader.line_num
        for cells in reader:
            begin, line = line + 1, reader.line_num
            if not cells:
                continue
            if len(cells) != len(header):
                fact = f"{len(cells)} cells in line {begin}"
                raise _refused(name, fact, f"{len(header)}, as in the first line", line=begin)
            yield begin, dict(zip(header, cells, strict=True))
    except csv.Error as error:
        raise _refused(name, f"{error} in line {reader.line_num}", "CSV", line=reader.line_num) from None


def _separator(text: str) -> str:
    """Spreadsheets write semicolons where commas stand in numbers, and tabs into the clipboard."""
    header = text.lstrip().partition("\n")[0]
    return max(",;\t", key=header.count)


def _json_rows(text: str, name: str) -> Iterator[tuple[int, dict[str, Any]]]:
    for line, part in enumerate(text.splitlines(), start=1):
        if not part.strip():
            continue
        try:
            found = json.loads(part)
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict):
            raise _refused(name, f"no JSON object in line {line}", "one object a line", line=line)
        yield line, found


def _named(fields: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Values by what they mean, and the names that mean nothing here."""
    plain = {key.strip().casefold().replace(" ", "_").replace("-", "_"): key for key in fields}
    known: dict[str, Any] = {}
    used = set()
    for meaning, names in NAMES.items():
        found = next((plain[one] for one in names if one in plain), None)
        if found is not None:
            known[meaning] = fields[found]
            used.add(found)
    return known, [key for key in fields if key not in used]


def _row(known: Mapping[str, Any], line: int, name: str) -> HistoryRow:
    def read(meaning: str, reader: Callable[[Any], Any]) -> Any:
        try:
            return reader(known.get(meaning))
        except (ValueError, ValidationError, Invalid) as error:
            fact = f"{meaning} {str(known.get(meaning))[:60]!r} in line {line}"
            raise _refused(name, fact, _EXPECTED[meaning], line=line, field=meaning) from error

    return HistoryRow(
        line=line,
        item=read("ticket", _status),
        source=read("from", lambda value: None if value in (None, "") else _status(value)),
        target=read("to", _status),
        at=read("at", _moment),
        title=read("title", _line)[:TITLE_LENGTH],
        owner=read("owner", _line)[:OWNER_LENGTH],
        type=read("type", lambda value: TicketType(_line(value).strip().casefold() or "experiment")),
        bulk=read("bulk", _flag),
    )


_EXPECTED = {
    "ticket": "what the other tool calls it, at most 60 characters",
    "from": "a status, or nothing for a new ticket",
    "to": "a status of at most 60 characters",
    "at": "a day such as 2026-05-12, or a time with its zone such as 2026-05-12T09:00:00Z",
    "title": "one line of text",
    "owner": "one line of text",
    "type": ", ".join(TicketType),
    "bulk": "true or false",
}


def _status(value: object) -> str:
    if not isinstance(value, str) or not value.isprintable():
        raise ValueError(value)
    return _NAME.validate_python(value)


def _line(value: object) -> str:
    return "" if value is None else clean_text(_LINE.validate_python(value, strict=True)).strip()


def _moment(value: object) -> datetime:
    return as_moment(value.strip() if isinstance(value, str) else value, "at")


def _flag(value: object) -> bool:
    if isinstance(value, bool):
        return value
    word = _line(value).casefold()
    if word not in (*_TRUE, *_FALSE):
        raise ValueError(value)
    return word in _TRUE


def _refused(
    name: str, fact: str, expected: str, *, line: int = 0, field: str | None = None, hint: str = ""
) -> Invalid:
    return Invalid(
        f"cannot read history {name[:100]!r}: found {fact} (expected {expected})",
        hint=hint or "docs/board.md#a-board-kept-elsewhere shows such a file",
        code="history-invalid",
        field=field,
        details={"line": line} if line else {},
    )
