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

STATUS_BY_CODE = {
    "body-too-large": 413,
    "content-type-unsupported": 415,
    "host-unknown": 421,
    "if-match-missing": 428,
    "method-not-allowed": 405,
}
"""Where HTTP has a number of its own."""

HTTP_STATUS: tuple[tuple[type[AssayError], int], ...] = (
    (StaleVersion, 412),
    (Invalid, 422),
    (NotFound, 404),
    (Refused, 409),
    (Forbidden, 403),
    (Conflict, 409),
    (Unavailable, 503),
)

KINDS: tuple[tuple[type[AssayError], str], ...] = (
    (Invalid, "invalid"),
    (NotFound, "not-found"),
    (Refused, "refused"),
    (Forbidden, "forbidden"),
    (Conflict, "conflict"),
    (Unavailable, "unavailable"),
)

EXIT_BY_KIND = {
    "invalid": 2,
    "not-found": 4,
    "refused": 5,
    "forbidden": 6,
    "conflict": 7,
    "unavailable": 8,
    "defect": 9,
}


def http_status(error: AssayError) -> int:
    """The HTTP status of an error."""
    by_code = STATUS_BY_CODE.get(error.code)
    if by_code is not None:
        return by_code
    return next((status for kind, status in HTTP_STATUS if isinstance(error, kind)), 500)


def kind_of(error: AssayError) -> str:
    """Which of the six kinds an error is; an error of no kind tells of a defect."""
    return next((name for kind, name in KINDS if isinstance(error, kind)), "defect")


def exit_code(error: AssayError) -> int:
    """The exit code of an error."""
    return EXIT_BY_KIND[kind_of(error)]
