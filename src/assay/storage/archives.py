"""Is this zip file one that a backup wrote? Fields that decide nothing for reading are held to what we write, so that damage shows."""

from __future__ import annotations

import struct
import zipfile
import zlib
from pathlib import Path

ZIP_FAULTS = (
    zipfile.BadZipFile, zlib.error, struct.error, EOFError, KeyError, NotImplementedError, OverflowError, RuntimeError, ValueError,
)  # fmt: skip
"""What reading a damaged zip file raises: a flipped bit can ask for encryption, another method, or a place before its start."""
_VERSIONS = frozenset({20, 45})
"""Of the format: plain, and with entries of any size."""


def opened_archive(source: Path) -> zipfile.ZipFile:
    """The archive, open for reading.

    Raises:
        zipfile.BadZipFile: it is none, or its directory says what no backup writes there.
    """
    archive = zipfile.ZipFile(source)
    wrong = next((info.filename for info in archive.infolist() if not _as_written(info)), None)
    if archive.comment or wrong is not None:
        archive.close()
        raise zipfile.BadZipFile(f"its directory is not as a backup writes it, at {wrong or 'its end'}")
    return archive


def _as_written(info: zipfile.ZipInfo) -> bool:
    return (
        not info.comment
        and (info.volume, info.internal_attr, info.reserved) == (0, 0, 0)
        and info.create_version in _VERSIONS
        and info.extract_version in _VERSIONS
        and info.create_system in {0, 3}
    )
