"""Files that the command line writes: whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path
from tempfile import NamedTemporaryFile

from assay.errors import Conflict, Unavailable


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
            f"cannot write file '{file}': {error.strerror}",
            hint="name another file, or look at the rights of its folder",
            code="file-not-writable",
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
            f"cannot write file '{file}': {error.strerror}",
            hint="name another file, or look at the rights of its folder",
            code="file-not-writable",
        ) from error
