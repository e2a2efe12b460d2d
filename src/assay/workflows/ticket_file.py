"""Which plain data does the text of a YAML file hold?

Text in, data out: no file is opened here. Data is built from PyYAML's parser events alone, so no tag makes an object; anchors and
aliases (the bomb), duplicate keys (the silent loss), deep nesting and large files are refused. Plain values are read as YAML 1.2
and JSON read them: `NO`, `1:30`, `0o17` and `2026-05-12` are text.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import yaml
from yaml.events import (
    AliasEvent,
    CollectionEndEvent,
    CollectionStartEvent,
    DocumentStartEvent,
    Event,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
)

from assay.domain.experiments.fields import shown
from assay.errors import Invalid

MAX_BYTES = 1_000_000
MAX_DEPTH = 20
MAX_NODES = 50_000
PlainData = None | bool | int | float | str | list[Any] | dict[str, Any]
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_CONSTANTS: dict[str, bool | None] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip
_INTEGER = re.compile(r"[+-]?(0|[1-9][0-9]{0,17})", re.ASCII)
_FLOAT = re.compile(r"[+-]?(0|[1-9][0-9]{0,17})(\.[0-9]{1,18})?([eE][+-]?[0-9]{1,3})?", re.ASCII)


@dataclass(slots=True)
class _Open:
    """A list or mapping whose end has not come yet."""

    data: list[Any] | dict[str, Any]
    keys: list[str] = field(default_factory=list)
    """The key that waits for its value; empty where a key comes next."""


def load_ticket_text(text: str, *, name: str = "file") -> PlainData:
    r"""Which data does this YAML text hold? Only null, booleans, numbers, text, lists and mappings with text keys.

    Args:
        text: one YAML document (JSON is YAML too), at most 1 MB, 20 levels and 50,000 values.
        name: what the text is called in errors, such as its file name.

    Raises:
        Invalid: `details` holds `line` and `column` (1-based) where there is one place at fault.

    >>> load_ticket_text("title: NO\nlabels: [a, 1:30]\npriority: 1")
    {'title': 'NO', 'labels': ['a', '1:30'], 'priority': 1}
    """
    if len(text) > MAX_BYTES or len(text.encode("utf-8", "replace")) > MAX_BYTES:
        raise _refused(
            name, f"more than {MAX_BYTES:,} bytes", f"at most {MAX_BYTES:,}", code="file-too-large"
        )
    try:
        return _built(yaml.parse(text, Loader=_LOADER), name)
    except yaml.MarkedYAMLError as error:
        fact = f"text that is no YAML ({error.problem or 'it ends early'})"
        raise _refused(name, fact, "YAML as assay export writes it", mark=error.problem_mark) from None
    except (yaml.YAMLError, UnicodeError):
        raise _refused(name, "characters that no text has", "text without control characters") from None


def dump_ticket_text(data: dict[str, Any]) -> str:
    r"""How is plain data written as YAML, so that loading it gives the same data, here and in older YAML readers?

    >>> dump_ticket_text({"title": "NO", "time_box_days": 10})
    "title: 'NO'\ntime_box_days: 10\n"
    """
    return yaml.dump(data, Dumper=_PlainDumper, sort_keys=False, allow_unicode=True, width=110)


class _PlainDumper(yaml.SafeDumper):
    """The safe dumper without anchors."""

    def ignore_aliases(self, _data: Any) -> bool:
        return True


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    # PyYAML follows YAML 1.1, where 1e5 is text: what reads as a number here has to be quoted.
    looks_like_a_number = _FLOAT.fullmatch(text) is not None
    # U+0085 ends a line in YAML 1.1: only in double quotes is it written as what it is.
    style = '"' if "\x85" in text else "|" if "\n" in text else "'" if looks_like_a_number else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_PlainDumper.add_representer(str, _represent_text)


def _built(events: Iterator[Event], name: str) -> PlainData:
    result: list[PlainData] = []
    stack: list[_Open] = []
    documents = 0
    for nodes, event in enumerate(events):
        documents += isinstance(event, DocumentStartEvent)
        _check(event, name, depth=len(stack), nodes=nodes, documents=documents)
        if isinstance(event, CollectionEndEvent):
            stack.pop()
        elif isinstance(event, CollectionStartEvent):
            opened = _Open({} if isinstance(event, MappingStartEvent) else [])
            _put(opened.data, event, stack, result, name)
            stack.append(opened)
        elif isinstance(event, ScalarEvent):
            _put(_scalar(event), event, stack, result, name)
    return result[0] if result else None


def _check(event: Event, name: str, *, depth: int, nodes: int, documents: int) -> None:
    faults = (
        (
            isinstance(event, NodeEvent) and event.anchor is not None,
            "an anchor or alias (& or *)",
            "each value written out",
        ),
        (isinstance(event, AliasEvent), "an alias (*)", "each value written out"),
        (getattr(event, "tag", None) is not None, "a tag (!)", "plain values"),
        (
            isinstance(event, CollectionStartEvent) and depth >= MAX_DEPTH,
            "nested values",
            f"at most {MAX_DEPTH} levels",
        ),
        (nodes > MAX_NODES, f"more than {MAX_NODES:,} values", f"at most {MAX_NODES:,}"),
        (documents > 1, "a second document (---)", "one document a file"),
    )
    for at_fault, found, expected in faults:
        if at_fault:
            raise _refused(name, found, expected, mark=event.start_mark)


def _put(value: Any, event: Event, stack: list[_Open], result: list[PlainData], name: str) -> None:
    if not stack:
        result.append(value)
        return
    parent = stack[-1]
    if isinstance(parent.data, list):
        parent.data.append(value)
    elif parent.keys:
        parent.data[parent.keys.pop()] = value
    elif not isinstance(value, str):
        raise _refused(
            name,
            "a key that is no text",
            "field names (in quotes where they look like numbers)",
            mark=event.start_mark,
        )
    elif value in parent.data:
        raise _refused(
            name, f"the key '{shown(value[:60])}' a second time", "each key once", mark=event.start_mark
        )
    else:
        parent.keys.append(value)


def _scalar(event: ScalarEvent) -> bool | int | float | str | None:
    text: str = event.value
    if not event.implicit[0]:
        return text
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    return _float(text) if _FLOAT.fullmatch(text) else text


def _float(text: str) -> float | str:
    """The number, or the text where a float would lose digits or overflow; exact readers take both."""
    number = float(text)
    return number if math.isfinite(number) and Decimal(repr(number)) == Decimal(text) else text


def _refused(name: str, fact: str, expected: str, *, code: str = "file-invalid", mark: Any = None) -> Invalid:
    where = f" in line {mark.line + 1}, column {mark.column + 1}" if mark is not None else ""
    place = {"line": mark.line + 1, "column": mark.column + 1} if mark is not None else {}
    return Invalid(
        f"cannot read file '{shown(name)[:200]}': found {shown(fact)[:200]}{where} (expected {shown(expected)[:200]})",
        hint="assay export writes files that can be read back; compare with one of them",
        code=code,
        details={"file": shown(name)[:200], **place},
    )
