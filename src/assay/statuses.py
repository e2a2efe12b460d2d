"""Which number does a face give each kind of error? One table for HTTP and the command line."""

from __future__ import annotations

from assay.errors import (
    AssayError,
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    Refused,
    StaleVersion,
    Unavailable,
)

HTTP_STATUS: tuple[tuple[type[AssayError], int], ...] = (
    (StaleVersion, 412),
    (Invalid, 422),
    (NotFound, 404),
    (Refused, 409),
    (Forbidden, 403),
    (Conflict, 409),
    (Unavailable, 503),
)

EXIT_CODE: tuple[tuple[type[AssayError], int], ...] = (
    (Invalid, 2),
    (NotFound, 4),
    (Refused, 5),
    (Forbidden, 6),
    (Conflict, 7),
    (Unavailable, 8),
)

EXIT_BY_STATUS = {400: 2, 404: 4, 403: 6, 409: 5, 412: 7, 413: 2, 415: 2, 422: 2, 428: 2, 503: 8}
"""For a command that heard the answer of a running server; `code` tells refused (5) from conflict (7) at 409."""

EXIT_BY_RECOMMENDATION = {"promote": 0, "kill": 1, "iterate": 1, "undecided": 3}
"""Exit code of commands whose answer is a verdict."""


def http_status(error: AssayError) -> int:
    """The HTTP status of an error."""
    return next((status for kind, status in HTTP_STATUS if isinstance(error, kind)), 500)


def exit_code(error: AssayError) -> int:
    """The exit code of an error."""
    return next((code for kind, code in EXIT_CODE if isinstance(error, kind)), 2)
