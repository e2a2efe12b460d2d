"""A document of a project from plain values (JSON, YAML or a form), and back without loss."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum
from typing import Any, TypeVar

from pydantic import ValidationError

from assay.domain.experiments.exact_numbers import json_number
from assay.domain.experiments.fields import found_text, refuse
from assay.domain.kernel.model import Value

Document = TypeVar("Document", bound=Value)
_RULES = {
    "missing": "this field",
    "extra_forbidden": "one of the known fields",
    "string_type": "text; put it in quotes if YAML reads it as something else",
    "string_too_long": "at most {max_length} characters",
    "string_too_short": "at least {min_length} character",
    "too_long": "at most {max_length} entries",
    "too_short": "at least {min_length} entry",
    "greater_than": "a number above {gt}",
    "greater_than_equal": "a number of {ge} or more",
    "less_than_equal": "a number of at most {le}",
    "enum": "{expected}",
    "list_type": "a list",
    "tuple_type": "a list",
    "model_type": "a mapping of field names to values",
    "int_parsing": "a whole number",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "decimal_parsing": "a number",
    "decimal_type": "a number",
    "boolean_as_number": "a number, not true or false",
    "date_from_datetime_parsing": "a day such as 2026-05-25",
    "date_parsing": "a day such as 2026-05-25",
    "date_type": "a day such as 2026-05-25",
}


def document_from_data(kind: type[Document], data: Mapping[str, Any]) -> Document:
    """The value these plain fields mean.

    Raises:
        Invalid: a field is unknown, missing or not what it should be; `field` is its path, such as `risks[0].mitigation`.
    """
    try:
        return kind.model_validate(data)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        told: dict[str, Any] = dict(first.get("ctx", {}))
        rule = _RULES.get(first["type"], "{msg}").format_map({"msg": first["msg"], **told})
        found = "nothing" if first["type"] == "missing" else found_text(first["input"])
        if first["type"] == "value_error":
            rule = str(told["error"])
        if first["type"] == "extra_forbidden":
            found = "a field that does not exist"
        refuse(path_of(first["loc"]), found, rule)


def path_of(places: tuple[int | str, ...]) -> str:
    """How a place in a document is named.

    >>> path_of(("risks", 0, "mitigation"))
    'risks[0].mitigation'
    """
    text = "".join(f"[{place}]" if isinstance(place, int) else f".{place}" for place in places)
    return text.removeprefix(".")[:200]


def document_to_data(value: Value) -> dict[str, Any]:
    """The fields that are not left at their default, numbers as exact as they were written."""
    given: dict[str, Any] = _plain(value.model_dump(exclude_defaults=True))
    return given


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(_plain(name)): _plain(one) for name, one in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(one) for one in value]
    if isinstance(value, Decimal):
        return json_number(value)
    if isinstance(value, StrEnum):
        return value.value
    return value.isoformat() if hasattr(value, "isoformat") else value
