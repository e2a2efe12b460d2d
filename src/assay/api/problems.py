"""How is an error told over HTTP? As a problem document (RFC 9457) that names field, fact and fix."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import orjson
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.responses import Response

from assay.api.documents import OPTIONS, plain
from assay.errors import AssayError, Invalid, NotFound, Refused
from assay.statuses import http_status, kind_of

MEDIA_TYPE = "application/problem+json"
MAX_SHOWN = 60
TITLES = {
    403: "Not allowed",
    404: "Not found",
    405: "Method not allowed",
    409: "Not possible as things stand",
    412: "Changed meanwhile",
    413: "Too large",
    415: "Unsupported content",
    421: "Unknown host",
    422: "Cannot be understood",
    428: "Version missing",
    503: "Not reachable now",
}


class ProblemDocument(BaseModel):
    """An error as the API tells it (RFC 9457)."""

    type: str = Field(examples=["urn:assay:error:ticket-unknown"])
    title: str = Field(examples=["Not found"])
    status: int = Field(examples=[404])
    detail: str = Field(
        description="cannot VERB NOUN 'ID': FACT (expected RULE)",
        examples=["cannot find ticket 'EXP-9': project 'vision' has no such ticket"],
    )
    code: str = Field(description="Stable name of the error.", examples=["ticket-unknown"])
    kind: Literal["invalid", "not-found", "refused", "forbidden", "conflict", "unavailable", "defect"]
    field: str | None = Field(default=None, description="The input field at fault, as a dotted path.")
    hint: str | None = Field(default=None, description="The next command or screen that helps.")
    details: dict[str, Any] = Field(
        default_factory=dict, description="Machine-readable facts: fresh state, legal moves, position."
    )


def problem(error: AssayError, status: int | None = None) -> dict[str, Any]:
    """The problem document of an error."""
    status = status or http_status(error)
    document: dict[str, Any] = {
        "type": f"urn:assay:error:{error.code}",
        "title": TITLES.get(status, "Problem"),
        "status": status,
        "detail": error.message,
        "code": error.code,
        "kind": kind_of(error),
    }
    if error.field is not None:
        document["field"] = error.field
    if error.hint:
        document["hint"] = error.hint
    if error.details:
        document["details"] = {name: _told(value) for name, value in error.details.items()}
    return document


def _told(value: object) -> object:
    from assay.api.schemas.tickets import ticket_document
    from assay.workflows.records import Ticket

    return ticket_document(value) if isinstance(value, Ticket) else value


def problem_response(error: AssayError, status: int | None = None) -> Response:
    """The answer for an error."""
    status = status or http_status(error)
    return Response(
        orjson.dumps(problem(error, status), default=plain, option=OPTIONS),
        status_code=status,
        media_type=MEDIA_TYPE,
    )


def problem_from_http(error: HTTPException, path: str, *, allowed: str = "") -> AssayError:
    """The house form of an error that routing found: no such address, or a method that is not among those it takes."""
    shown = ascii(path[:MAX_SHOWN])
    if error.status_code == 404:
        return NotFound(
            f"cannot find {shown}: there is no such address",
            hint="GET /api/v1/openapi.json",
            code="address-unknown",
        )
    if error.status_code == 405:
        return Refused(
            f"cannot do this at {shown}: the address takes another method (expected {allowed or 'another one'})",
            hint="GET /api/v1/openapi.json",
            code="method-not-allowed",
        )
    return Invalid(
        f"cannot read request to {shown}: {str(error.detail)[:200]}",
        hint="send it as docs/api.md shows",
        code="request-malformed",
    )


def problem_from_validation(error: RequestValidationError) -> Invalid:
    """The first fault of a request that does not have the shape of its route, and all of them in the details."""
    faults = [_fault(item) for item in error.errors()[:20]]
    first = faults[0] if faults else {"field": "body", "found": "nothing", "expected": "a valid request"}
    return Invalid(
        f"cannot read request: {first['field']}: found {first['found']} (expected {first['expected']})",
        hint="see the schema of this request: GET /api/v1/openapi.json",
        code="request-malformed",
        field=first["field"],
        details={"faults": faults},
    )


_PLACES = ("body", "query", "path", "header", "cookie")


def _fault(item: Mapping[str, Any]) -> dict[str, str]:
    places = [str(place) for place in item["loc"]]
    if len(places) > 1 and places[0] in _PLACES:
        places = places[1:]
    found = "nothing" if item["type"] == "missing" else _shown(item.get("input"))
    return {
        "field": ".".join(places)[:200].encode("utf-8", "replace").decode(),
        "found": found,
        "expected": _expected(item),
    }


def _shown(value: object) -> str:
    if isinstance(value, dict | list):
        return f"{'an object' if isinstance(value, dict) else 'a list'} of {len(value)}"
    text = str(value).lower() if isinstance(value, bool) else ascii(value)
    return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}... ({len(text)} characters)"


_EXPECTED = {
    "missing": "a value",
    "extra_forbidden": "only known fields; remove this one",
    "string_type": "text",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_parsing_size": "a whole number below 2^63",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "finite_number": "a finite number",
    "boolean_as_number": "a number; leave the field out where there is none",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "list_type": "a list",
    "tuple_type": "a list",
    "dict_type": "an object",
    "model_type": "an object",
    "model_attributes_type": "an object",
    "json_invalid": "JSON",
    "string_too_long": "at most {max_length} characters",
    "string_too_short": "at least {min_length} characters",
    "greater_than_equal": "at least {ge}",
    "greater_than": "more than {gt}",
    "less_than_equal": "at most {le}",
    "less_than": "less than {lt}",
    "too_long": "at most {max_length} entries",
    "too_short": "at least {min_length} entries",
    "enum": "one of: {expected}",
    "literal_error": "one of: {expected}",
    "time_zone_unknown": "a name of the IANA database such as Europe/Berlin, or UTC",
    "string_pattern_mismatch": "text of the form {pattern}",
}


def _expected(item: Mapping[str, Any]) -> str:
    form = _EXPECTED.get(item["type"])
    if form is None:
        return str(item.get("msg", "another value")).removeprefix("Value error, ")[:300]
    return form.format_map({key: str(value) for key, value in (item.get("ctx") or {}).items()})
