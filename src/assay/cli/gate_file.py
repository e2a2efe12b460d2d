"""The gate file that a command names."""

from __future__ import annotations

from pathlib import Path

from assay.bootstrap import read_gate
from assay.domain.gates.gate import Gate
from assay.errors import Invalid, NotFound


def gate_at(file: Path) -> Gate:
    """The gate in this file. In CI a file that is not there is bad input like any other, with the same exit code.

    Raises:
        Invalid, Unavailable: naming the file and what mends it.
    """
    try:
        return read_gate(file)
    except NotFound as error:
        raise Invalid(
            error.message, hint=error.hint, code=error.code, field=error.field, details=error.details
        ) from None
