"""How does a value become JSON? Views and domain values as they are, quickly, and never a NaN that looks like nothing."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

import orjson
from pydantic import BaseModel
from starlette.responses import Response

JSON = "application/json"
OPTIONS = orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS


def plain(value: object) -> Any:
    """What stands for a value that JSON has no form of."""
    for kind, form in _FORMS:
        if isinstance(value, kind):
            return form(value)
    raise TypeError(f"no JSON form of {type(value).__name__}")


_FORMS: tuple[tuple[Any, Callable[[Any], Any]], ...] = (
    (BaseModel, lambda value: value.model_dump(mode="json")),
    (Decimal, str),
    (bytes, bytes.hex),
    (frozenset | set, lambda value: sorted(value, key=str)),
    (Mapping, dict),
)


def number(value: float) -> float | str:
    """A number that may be broken: NaN and infinities are told as text, for JSON has no form of them."""
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def to_bytes(value: object) -> bytes:
    """The JSON of a value."""
    return orjson.dumps(value, default=plain, option=OPTIONS)


def answer(value: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON answer."""
    return Response(to_bytes(value), status_code=status, headers=headers, media_type=JSON)
