"""Is this request body, path or query something we are willing to read at all?

The JSON of RFC 8259 leaves too much open: duplicate keys, NaN, huge numbers, lone surrogates, any depth. Here one reader
refuses all of that before a route sees it, with the place and the fix.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn
from urllib.parse import parse_qsl, unquote_plus

from assay.errors import Invalid

MAX_DEPTH = 32
MAX_DIGITS = 400
MAX_KEY_LENGTH = 500
MAX_FORM_FIELDS = 2000
LARGEST_INTEGER = 2**63 - 1
_HINTS: Mapping[str, str] = {
    "body-not-utf8": "save or send it as UTF-8",
    "body-not-json": "see the schema of this request: GET /api/v1/openapi.json",
    "body-too-deep": "see the schema of this request: GET /api/v1/openapi.json",
    "body-key-too-long": "see the schema of this request: GET /api/v1/openapi.json",
    "body-duplicate-key": "take one of the two out",
    "number-not-finite": "send null, or leave the field out, where the number is unknown",
    "number-too-large": "send fewer digits, or text where every digit counts",
    "text-has-nul": "take the character out and send it again",
    "text-not-unicode": "take the broken characters out and send it again",
    "parameter-repeated": "take one of the two out",
    "form-malformed": "reload the page and send the form again",
}
"""The way out, by the name of the error."""


@dataclass(frozen=True, slots=True)
class _Refused:
    """A number that the parser met and nobody shall keep; only the whole value tells the field it stands in."""

    found: str
    expected: str
    code: str


def read_json(body: bytes) -> Any:
    """The value of a JSON body.

    Raises:
        Invalid: not UTF-8, not JSON, nested too deep, duplicate keys, or a value that no database keeps.
    """
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        _refuse(f"byte {error.start} is not UTF-8", "UTF-8 text", code="body-not-utf8")
    if text.count("[") + text.count("{") > MAX_DEPTH:
        _check_depth(text)
    try:
        value = _DECODER.decode(text)
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


def _no_constant(name: str) -> _Refused:
    return _Refused(f"the number {name}", "a finite number, or null where unknown", "number-not-finite")


def _bounded_int(digits: str) -> int | _Refused:
    if len(digits) > MAX_DIGITS:
        return _Refused(f"a number of {len(digits)} digits", "at most 18 digits", "number-too-large")
    return int(digits)


_DECODER = json.JSONDecoder(
    object_pairs_hook=_unique_pairs, parse_constant=_no_constant, parse_int=_bounded_int
)


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
        elif isinstance(item, _Refused):
            _refuse(item.found, item.expected, code=item.code, field=path or "body")
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


def check_query(query: bytes, *, lists: frozenset[str] = frozenset()) -> None:
    """Refuse a query that says one thing twice: whichever is taken, the other was meant as well.

    `lists` are the parameters that may have several values.

    Raises:
        Invalid: naming the parameter.
    """
    seen = set()
    for part in query.split(b"&"):
        name = _name(part)
        if name and name in seen and name not in lists:
            found = f"the parameter {name[:60]!a} twice"
            _refuse(found, "each parameter once", code="parameter-repeated", field=name[:60])
        seen.add(name)


def check_nul(path: bytes, query: bytes) -> None:
    """Refuse an address that holds a NUL character.

    Raises:
        Invalid: naming the parameter, or the path.
    """
    if b"%00" in path or b"\x00" in path:
        _refuse("a NUL character in the address", "text without it", code="text-has-nul", field="path")
    for part in query.split(b"&") if b"%00" in query else ():
        if b"%00" in part:
            name = _name(part).replace("\x00", "")[:60] or "query"
            _refuse("a NUL character in the address", "text without it", code="text-has-nul", field=name)


def _name(part: bytes) -> str:
    return unquote_plus(part.partition(b"=")[0].decode("latin-1"))


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
    message = f"cannot read request: found {found} (expected {expected})"
    raise Invalid(message, hint=_HINTS.get(code, ""), code=code, field=field)
