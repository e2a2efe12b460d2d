"""Strict JSON from files that others wrote: every fault is named with its line, and no key may stand twice."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, NoReturn

from assay.connectors.evals.faults import shown, unreadable

DEEPEST = 3
MAX_LINE_BYTES = 64 * 2**20
_TOKEN = re.compile(r'\s*(?:("(?:[^"\\]|\\.)*")(\s*:)?|([{}\[\]])|[^\s{}\[\]"]+)', re.DOTALL)


class _TwiceError(ValueError):
    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


def _each_key_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        seen: set[str] = set()
        raise _TwiceError(next(key for key, _ in pairs if key in seen or seen.add(key)))  # type: ignore[func-returns-value]
    return found


_DECODER = json.JSONDecoder(object_pairs_hook=_each_key_once)


def decoded(name: str, content: bytes) -> str:
    r"""The text of a file in UTF-8; a byte order mark is dropped. Raises Invalid naming the line that is something else.

    >>> decoded("a.json", b"\xef\xbb\xbf[1]")
    '[1]'
    """
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise unreadable(
            name, "text in UTF-16", "UTF-8", hint=f"iconv -f UTF-16 -t UTF-8 {name} > utf8-{_base(name)}"
        )
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise unreadable(
            name,
            f"line {line} holds the byte 0x{content[error.start]:02x}, which is no UTF-8",
            "text in UTF-8",
            hint=f"if it is Latin-1: iconv -f LATIN1 -t UTF-8 {name} > utf8-{_base(name)}",
        ) from error
    if "\x00" in text:
        line = text.count("\n", 0, text.index("\x00")) + 1
        raise unreadable(name, f"line {line} holds a NUL byte", "text in UTF-8", hint="write the file again")
    return text


def load_json(name: str, content: bytes) -> Any:
    """The one JSON value of a file. NaN and Infinity are read: they tell that something broke.

    Raises:
        Invalid: naming line and column, or the key that stands twice.
    """
    text = decoded(name, content)
    if not text.strip():
        raise _empty(name)
    return _loads(name, text, where="")


def load_json_lines(name: str, text: str) -> Iterator[tuple[int, Any]]:
    """The JSON value of each line with its line number; blank lines are left out. Raises Invalid naming the line."""
    if not text.strip():
        raise _empty(name)
    for number, line in enumerate(text.split("\n"), start=1):
        if len(line) > MAX_LINE_BYTES:
            raise unreadable(
                name,
                f"line {number} is longer than {MAX_LINE_BYTES // 2**20} MB",
                "one example a line",
                hint="write one JSON object a line",
            )
        if not line.isspace() and line:
            yield number, _loads(name, line, where=f"line {number}: ")


def outline(head: bytes, depth: int) -> frozenset[tuple[str, ...]]:
    """Which keys does the beginning of a JSON text hold, with up to two keys above them? `*` stands for a place in a list.

    Only the beginning is looked at, so it may end anywhere.

    >>> sorted(outline(b'{"version": 2, "eval": {"task": "x", "model": ', depth=2))
    [('eval',), ('eval', 'model'), ('eval', 'task'), ('version',)]
    """
    return frozenset(path for path in _whole_outline(head) if len(path) <= depth)


@lru_cache(maxsize=4)  # every reader asks about the same beginning
def _whole_outline(head: bytes) -> frozenset[tuple[str, ...]]:
    text = head.decode("utf-8-sig", "replace")
    found: set[tuple[str, ...]] = set()
    inside: list[tuple[str, bool]] = []  # under which key each open bracket stands, and whether it is a list
    key, place = "", 0
    while (token := _TOKEN.match(text, place)) is not None:
        place = token.end()
        string, colon, bracket = token[1], token[2], token[3]
        if bracket in ("{", "["):
            inside.append(("*" if inside and inside[-1][1] else key, bracket == "["))
        elif bracket and inside:
            inside.pop()
        elif string is not None and colon is not None:
            key = string[1:-1]
            if len(inside) <= DEEPEST:
                found.add((*(label for label, _ in inside[1:]), key))
    return frozenset(found)


def _loads(name: str, text: str, *, where: str) -> Any:
    try:
        return _DECODER.decode(text)
    except _TwiceError as error:
        _refuse(name, f"{where}the key {shown(error.key)} stands twice in one object", "each key once")
    except RecursionError:
        _refuse(name, f"{where}lists or objects nested too deeply", "at most some hundred levels")
    except json.JSONDecodeError as error:
        at = f"column {error.colno}" if where else f"line {error.lineno}, column {error.colno}"
        _refuse(name, f"{where}broken JSON at {at}: {error.msg.lower()}", "whole JSON")
    except ValueError as error:  # whole numbers of thousands of digits
        _refuse(name, f"{where}a number that is too long ({str(error)[:60].lower()})", "ordinary numbers")


def _refuse(name: str, found: str, expected: str) -> NoReturn:
    raise unreadable(name, found, expected, hint="write the file again; was the writing cut short?")


def _empty(name: str) -> Exception:
    return unreadable(
        name, "an empty file", "results", hint="run the evaluation again, or remove the file if it never ran"
    )


def _base(name: str) -> str:
    return name.rpartition("/")[2]
