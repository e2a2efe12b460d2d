"""Files on the command line: read as text within limits, written whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path
from tempfile import NamedTemporaryFile

from assay.errors import Conflict, Invalid, NotFound, Unavailable

MAX_BYTES = 1_000_000


def read_text(file: Path) -> str:
    """The text of a file.

    Raises:
        NotFound: there is no such file.
        Invalid: too large, or not UTF-8.
        Unavailable: it cannot be read.
    """
    try:
        with file.open("rb") as opened:
            content = opened.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise NotFound(f"cannot read file '{file}': there is no such file", code="file-missing") from None
    except OSError as error:
        raise Unavailable(f"cannot read file '{file}': {error.strerror}", code="file-unreadable") from error
    if len(content) > MAX_BYTES:
        raise Invalid(
            f"cannot read file '{file}': more than {MAX_BYTES} bytes (expected less)", code="file-too-large"
        )
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Invalid(
            f"cannot read file '{file}': byte {error.start} is not UTF-8 (expected UTF-8 text)",
            code="file-invalid",
        ) from None


def write_new(file: Path, content: bytes) -> None:
    """Write a file that must not exist yet.

    Raises:
        Conflict: it exists.
        Unavailable: it cannot be written.
    """
    try:
        with file.open("xb") as opened:
            opened.write(content)
    except FileExistsError:
        raise Conflict(
            f"cannot write file '{file}': it exists (expected a new name)",
            hint="name another file",
            code="file-exists",
        ) from None
    except OSError as error:
        raise Unavailable(
            f"cannot write file '{file}': {error.strerror}", code="file-not-writable"
        ) from error


def write_over(file: Path, content: bytes) -> None:
    """Write a file, in the place of an older one; never half of it.

    Raises:
        Unavailable: it cannot be written.
    """
    try:
        with NamedTemporaryFile(dir=file.parent, prefix=f".{file.name}.", delete=False) as draft:
            draft.write(content)
        os.chmod(draft.name, 0o644)  # noqa: PTH101  # an export is for others to read
        Path(draft.name).replace(file)
    except OSError as error:
        raise Unavailable(
            f"cannot write file '{file}': {error.strerror}", code="file-not-writable"
        ) from error
