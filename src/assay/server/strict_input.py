"""Is this request body, path or query something we are willing to read at all?

The JSON of RFC 8259 leaves too much open: duplicate keys, NaN, huge numbers, lone surrogates, any depth. Here one reader
refuses all of that before a route sees it, with the place and the fix.
"""

from __future__ import annotations

import json
import math
from typing import Any, NoReturn
from urllib.parse import parse_qsl

from assay.errors import Invalid

MAX_DEPTH = 32
MAX_DIGITS = 400
MAX_KEY_LENGTH = 500
MAX_FORM_FIELDS = 2000
LARGEST_INTEGER = 2**63 - 1


def read_json(body: bytes) -> Any:
    """The value of a JSON body.

    Raises:
        Invalid: not UTF-8, not JSON, nested too deep, duplicate keys, or a value that no database keeps.
    """
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        _refuse(f"byte {error.start} is not UTF-8", "UTF-8 text", code="body-not-utf8")
    _check_depth(text)
    try:
        value = json.loads(
            text, object_pairs_hook=_unique_pairs, parse_constant=_no_constant, parse_int=_bounded_int
        )
    except json.JSONDecodeError as error:
        _refuse(f"{error.msg} at line {error.lineno} column {error.colno}", "JSON", code="body-not-json")
    _check_values(value)
    return value


def _check_depth(text: str) -> None:
    """Brackets inside strings are skipped; a linear scan, for a deep body would exhaust the parser's stack."""
    depth, in_string, escaped = 0, False, False
    for char in text:
        if in_string:
            if escaped:
                escaped = False
            elif char == "\\":
                escaped = True
            elif char == '"':
                in_string = False
        elif char == '"':
            in_string = True
        elif char in "[{":
            depth += 1
            if depth > MAX_DEPTH:
                _refuse(
                    f"nested deeper than {MAX_DEPTH} levels",
                    f"at most {MAX_DEPTH} levels",
                    code="body-too-deep",
                )
        elif char in "]}":
            depth -= 1


def _unique_pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            _refuse(
                f"the key {key[:60]!r} stands twice",
                "each key once",
                code="body-duplicate-key",
                field=key[:60],
            )
        if len(key) > MAX_KEY_LENGTH:
            _refuse(f"a key of {len(key)} characters", f"at most {MAX_KEY_LENGTH}", code="body-key-too-long")
        found[key] = value
    return found


def _no_constant(name: str) -> NoReturn:
    _refuse(f"the number {name}", "a finite number, or null where unknown", code="number-not-finite")


def _bounded_int(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        _refuse(f"a number of {len(digits)} digits", "at most 18 digits", code="number-too-large")
    return int(digits)


def _check_values(value: Any) -> None:
    stack: list[tuple[str, Any]] = [("", value)]
    while stack:
        path, item = stack.pop()
        if isinstance(item, dict):
            for key, inner in item.items():
                check_text(key, f"{path}.{key[:60]}".lstrip("."))
                stack.append((f"{path}.{key[:60]}".lstrip("."), inner))
        elif isinstance(item, list):
            stack.extend((f"{path}.{index}".lstrip("."), inner) for index, inner in enumerate(item))
        elif isinstance(item, str):
            check_text(item, path)
        elif isinstance(item, float) and not math.isfinite(item):
            _refuse("a number too large to keep", "a finite number", code="number-not-finite", field=path)
        elif isinstance(item, int) and not isinstance(item, bool) and abs(item) > LARGEST_INTEGER:
            _refuse("a whole number beyond 2^63", "at most 18 digits", code="number-too-large", field=path)


def check_text(text: str, field: str) -> None:
    """Refuse text that cannot be stored everywhere: NUL and lone surrogates."""
    if "\x00" in text:
        _refuse("a NUL character", "text without it", code="text-has-nul", field=field)
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        shown = f"half of a surrogate pair at character {error.start}"
        _refuse(shown, "whole Unicode characters", code="text-not-unicode", field=field)


def read_form(body: bytes) -> dict[str, str]:
    """The fields of a urlencoded form; of a field sent twice the last one counts, as browsers do for checkboxes.

    Raises:
        Invalid: not UTF-8, or too many fields.
    """
    try:
        pairs = parse_qsl(
            body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=MAX_FORM_FIELDS
        )
    except (UnicodeDecodeError, ValueError):
        _refuse(
            "not a urlencoded UTF-8 form", f"at most {MAX_FORM_FIELDS} fields in UTF-8", code="form-malformed"
        )
    for name, value in pairs:
        check_text(value, name[:60])
    return dict(pairs)


def _refuse(found: str, expected: str, *, code: str, field: str | None = None) -> NoReturn:
    raise Invalid(f"cannot read request: found {found} (expected {expected})", code=code, field=field)
