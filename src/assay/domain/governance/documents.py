"""Is this file one of the documents that travel between an instance and an auditor?"""

from __future__ import annotations

import json
from typing import Annotated, Any, NoReturn, TypeVar

from pydantic import Field, ValidationError

from assay.domain.kernel.canonical import MAX_INTEGER
from assay.domain.kernel.model import Value
from assay.errors import Invalid

Hex64 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
"""A SHA-256 hash, lower-case hex."""

Size = Annotated[int, Field(ge=0, le=MAX_INTEGER)]
"""Number of entries in a journal."""

MAX_DOCUMENT_BYTES = 1 << 20

_Document = TypeVar("_Document", bound=Value)


def read_document(data: bytes, model: type[_Document], *, noun: str) -> _Document:
    """Which document is this? Strict: every field known and of its type, no key twice, at most 1 MiB.

    Raises:
        Invalid: `field` names the first thing that does not fit.
    """
    if len(data) > MAX_DOCUMENT_BYTES:
        _refuse(noun, f"{len(data)} bytes (expected at most {MAX_DOCUMENT_BYTES})")
    try:
        json.loads(data, object_pairs_hook=_unique)
        return model.model_validate_json(data, strict=True)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        _refuse(noun, f"{field or 'document'}: {first['msg']}", field=field)
    except (ValueError, RecursionError) as error:
        _refuse(noun, f"not JSON in UTF-8: {error}"[:200])


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise ValueError("a key stands twice in one object")
    return fields


def _refuse(noun: str, fact: str, *, field: str | None = None) -> NoReturn:
    raise Invalid(
        f"cannot read {noun}: {fact}",
        hint=f"ask for the {noun} again; it must be the file as Assay wrote it",
        code="document-invalid",
        field=field or None,
    )
