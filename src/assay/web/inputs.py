"""What routes take from a request: forms, filters, page positions."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Annotated

from fastapi import Depends, Request
from fastapi.responses import RedirectResponse
from starlette.datastructures import FormData

from assay.domain.kernel.time import day_or_time
from assay.errors import Invalid, NotFound

MAX_TEXT = 20_000


async def submitted(request: Request) -> FormData:
    """The fields of a form; files are not taken anywhere."""
    return await request.form(max_files=0, max_fields=500)


Form = Annotated[FormData, Depends(submitted)]


def text(form: FormData, name: str) -> str:
    """A field as text, without blanks around it; empty where it was not sent."""
    value = form.get(name, "")
    return _lines(value).strip() if isinstance(value, str) else ""


def lines(form: FormData, name: str) -> str:
    """A field of several lines, whose blanks and tabs may be cells of a table; empty where it was not sent."""
    value = form.get(name, "")
    return _lines(value).strip("\n") if isinstance(value, str) else ""


def _lines(value: str) -> str:
    """Browsers end lines with two characters: an unchanged text would be another than the one in a file."""
    return value.replace("\r\n", "\n")


def texts(form: FormData, name: str) -> tuple[str, ...]:
    """Every value of a field, in the order of the page."""
    return tuple(value.strip() for value in form.getlist(name) if isinstance(value, str))


def version(form: FormData, name: str = "expected_version") -> int:
    """The version a form was made from; every form that changes something carries one.

    Raises:
        Invalid: it is missing or no number.
    """
    value = text(form, name)
    if not (value.isascii() and value.isdigit() and len(value) < 19):
        raise Invalid(
            f"cannot read field {name!r}: found {value[:40]!r} (expected the version number of the page)",
            hint="load the page again",
            code="version-malformed",
            field=name,
        )
    return int(value)


def entry_number(text: str, field: str) -> int:
    """The number of a journal entry that an address or a form carries.

    Raises:
        Invalid: it is none.
    """
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise Invalid(
            f"cannot read {field!r}: found {text[:40]!r} (expected the number of a journal entry)",
            hint="start from the newest entry",
            code="position-malformed",
            field=field,
        )
    return int(text)


def filters(request: Request, names: Iterable[str]) -> dict[str, str]:
    """The filters an address carries, by name; empty ones are left out."""
    found = {name: request.query_params.get(name, "").strip()[:200] for name in names}
    return {name: value for name, value in found.items() if value}


def day_asked(text: str, *, field: str = "at") -> date | None:
    """The day or time an address carries, None where it carries none.

    Raises:
        Invalid: it is neither.
    """
    if not text.strip():
        return None
    try:
        return day_or_time(text.strip())
    except ValueError as error:
        raise Invalid(
            f"cannot read {field!r}: found {text[:40]!r} (expected {error})",
            hint="leave it out to see how things stand now",
            code="moment-malformed",
            field=field,
        ) from error


def unknown_chart(name: str, known: Iterable[str]) -> NotFound:
    """The error for a picture that no page has."""
    return NotFound(
        f"cannot find chart {name[:40]!r}: no page has it (expected one of: {', '.join(sorted(known))})",
        hint="open the page that shows it",
        code="chart-unknown",
        field="name",
    )


def see_other(href: str, done: str = "") -> RedirectResponse:
    """To another page after a form, so that reloading does not send it twice."""
    mark = f"{'&' if '?' in href else '?'}done={done}" if done else ""
    return RedirectResponse(href + mark, status_code=303)
