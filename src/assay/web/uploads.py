"""Files that a form brings: by the name they had, never kept on this machine under it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends, Request
from starlette.datastructures import FormData, UploadFile

from assay.errors import Invalid

MAX_FILES = 200
MAX_FIELDS = 40
_LARGEST_TEXT = 5 * 1_048_576
"""A history that was checked goes back and forth as text: a million characters, of up to four bytes, with the ends of its lines."""


async def with_files(request: Request) -> AsyncIterator[FormData]:
    """The fields of a form that may carry files; the files are closed when the answer is made."""
    async with request.form(max_files=MAX_FILES, max_fields=MAX_FIELDS, max_part_size=_LARGEST_TEXT) as form:
        yield form


FileForm = Annotated[FormData, Depends(with_files)]


def files(form: FormData, name: str) -> dict[str, bytes]:
    """The content of every file of a field, by its name; empty where none was chosen.

    Raises:
        Invalid: two files have one name, or a name holds what no name should.
    """
    found: dict[str, bytes] = {}
    for one in form.getlist(name):
        if not isinstance(one, UploadFile) or not one.filename:
            continue
        called = one.filename
        if "\x00" in called or not _is_text(called):
            raise Invalid(
                f"cannot read files of {name!r}: a name holds characters that are no text (expected plain names)",
                hint="rename the file",
                code="upload-name",
                field=name,
            )
        if called in found:
            raise Invalid(
                f"cannot read files of {name!r}: {called[:80]!r} is there twice (expected each name once)",
                hint="rename one of the two",
                code="upload-twice",
                field=name,
            )
        found[called] = one.file.read()
    return found


def as_text(content: bytes, *, what: str, expected: str, code: str, field: str) -> str:
    """A chosen file as text, without the mark that some programs put before it.

    Raises:
        Invalid: it is not UTF-8.
    """
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Invalid(
            f"cannot read {what}: byte {error.start} is not UTF-8 (expected {expected} in UTF-8)",
            hint="save it as UTF-8, then choose it again",
            code=code,
            field=field,
        ) from error


def _is_text(name: str) -> bool:
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
