"""Files that came with a request: by the name they were sent under, never kept on this machine under it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from hashlib import sha256
from typing import Annotated, Any

from fastapi import Depends, Request
from python_multipart.multipart import parse_options_header
from starlette.datastructures import FormData, UploadFile

from assay.errors import Invalid
from assay.workflows.gate_sides import MAX_FILES

_MAX_TEXT = 10_000


async def sent_form(request: Request) -> AsyncIterator[FormData]:
    """The fields of a multipart form; its files are closed with the answer."""
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        raise Invalid(
            "cannot read request: its body is no multipart form (expected multipart/form-data with a file 'candidate')",
            hint="curl -F candidate=@scores.jsonl ...",
            code="content-type-unsupported",
        )
    await _check_end(request)
    async with request.form(max_files=2 * MAX_FILES, max_fields=20, max_part_size=_MAX_TEXT) as form:
        yield form


async def _check_end(request: Request) -> None:
    """A form that was cut short is refused: the parser would give what came, and half a file may look whole."""
    _, options = parse_options_header(request.headers["content-type"])
    end = b"--" + options.get(b"boundary", b"\xff") + b"--"
    if not (await request.body()).rstrip(b"\r\n").endswith(end):
        raise Invalid(
            "cannot read request: its form does not end with its boundary (expected a whole multipart form)",
            hint="send it again",
            code="form-malformed",
        )


SentForm = Annotated[FormData, Depends(sent_form)]


def sent_files(form: FormData, name: str) -> dict[str, bytes]:
    """The content of every file of a field, by the name it was sent under.

    Raises:
        Invalid: two files have one name, or text stands where a file belongs.
    """
    found: dict[str, bytes] = {}
    for one in form.getlist(name):
        if not isinstance(one, UploadFile):
            raise Invalid(
                f"cannot read field {name!r}: found text (expected a file)",
                hint=f"curl -F {name}=@scores.jsonl ...",
                code="upload-no-file",
                field=name,
            )
        called = one.filename or ""
        if called in found:
            raise Invalid(
                f"cannot read files of {name!r}: {called[:80]!r} is there twice (expected each name once)",
                hint="rename one of the two",
                code="upload-twice",
                field=name,
            )
        one.file.seek(0)
        found[called] = one.file.read()
    return found


def sent_text(form: FormData, name: str, *, limit: int = 200) -> str | None:
    """A field as text, None where it was not sent or is empty.

    Raises:
        Invalid: it is a file, too long, or holds what no database keeps.
    """
    value = form.get(name, "")
    if not isinstance(value, str) or len(value) > limit or "\x00" in value or not _is_text(value):
        raise _unreadable(name, f"text of at most {limit} characters")
    return value.strip() or None


def sent_number(form: FormData, name: str) -> int | None:
    """A field as a whole number from 1 up, None where it was not sent."""
    text = sent_text(form, name)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 10 and int(text) > 0):
        raise _unreadable(name, "a whole number from 1 up")
    return int(text)


def known_fields(form: FormData, names: frozenset[str]) -> None:
    """Refuse fields that nobody reads: what was meant by them would not happen."""
    for name in form:
        if name not in names:
            raise Invalid(
                f"cannot read form: it has a field {ascii(name)[:60]} (expected {', '.join(sorted(names))})",
                hint=f"leave out {ascii(name)[:60]}",
                code="field-unknown",
                field=name[:60],
            )


def form_digest(form: FormData) -> bytes:
    """The same bytes for the same fields and files: a repeat has another boundary, so the body says nothing."""
    return "\n".join(sorted(_lines(form))).encode("utf-8", "backslashreplace")


def _lines(form: FormData) -> Iterator[str]:
    for name, value in form.multi_items():
        if isinstance(value, str):
            yield f"{name}={value}"
            continue
        value.file.seek(0)
        content = value.file.read()
        yield f"{name}@{value.filename} {sha256(content).hexdigest()}"


def takes_form(schema: dict[str, Any]) -> dict[str, Any]:
    """Arguments of a route decorator that tell OpenAPI of a multipart form."""
    content = {"multipart/form-data": {"schema": schema}}
    return {"openapi_extra": {"requestBody": {"required": True, "content": content}}}


def _is_text(value: str) -> bool:
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _unreadable(name: str, expected: str) -> Invalid:
    return Invalid(
        f"cannot read field {name!r}: found something else (expected {expected})",
        hint="correct the field, then send the form again",
        code="form-field-malformed",
        field=name,
    )
