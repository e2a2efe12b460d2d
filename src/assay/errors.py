"""What can go wrong, in six kinds. The core names the kind; only the faces know status numbers.

Refused moves, failed gates and kills are results, not errors: they are returned, never raised.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class AssayError(Exception):
    """Base of every error a user can meet.

    Args:
        message: "cannot VERB NOUN 'ID': FACT (expected RULE)".
        hint: the next command or screen that helps.
        code: stable kebab-case name, listed in the docs.
        field: the input field at fault, as a dotted path, when there is one.
        details: machine-readable facts (fresh state on a conflict, legal moves, position of a parse error).
    """

    code = "error"

    def __init__(
        self,
        message: str,
        *,
        hint: str = "",
        code: str | None = None,
        field: str | None = None,
        details: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        if code is not None:
            self.code = code
        self.field = field
        self.details: dict[str, Any] = dict(details or {})


class Invalid(AssayError):
    """The input cannot be understood or breaks a rule of its own."""

    code = "invalid"


class NotFound(AssayError):
    """The thing named does not exist (or may not be seen)."""

    code = "not-found"


class Refused(AssayError):
    """Understood, but a rule of the product forbids it now."""

    code = "refused"


class Forbidden(AssayError):
    """The actor may not do this."""

    code = "forbidden"


class Conflict(AssayError):
    """Somebody else changed it meanwhile, or the same key was used for something else."""

    code = "conflict"


class StaleVersion(Conflict):
    """The edit was based on an older version; `details` carries the fresh state."""

    code = "stale-version"


class Unavailable(AssayError):
    """A part the work needs is not reachable now; trying later can help."""

    code = "unavailable"
