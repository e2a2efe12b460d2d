"""Pages put together from parts that are kept: as bytes, and compressed once for everybody who asks.

Compressing a full board takes longer than all else about it. A gzip stream may be cut wherever one block ends, so every part
is compressed by itself, and a page is answered by laying the blocks in a row.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable
from dataclasses import dataclass

from markupsafe import escape

LEVEL = 6
"""Kept parts are compressed once and sent often."""
_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
"""gzip without name and time (RFC 1952)."""
_LAST_BLOCK = b"\x03\x00"


class Part:
    r"""Some bytes of a page.

    >>> Part("a·b").body
    b'a\xc2\xb7b'
    """

    __slots__ = ("_deflated", "body")

    def __init__(self, text: str) -> None:
        self.body = text.encode()
        self._deflated: bytes | None = None

    @property
    def deflated(self) -> bytes:
        """The same as compressed blocks that end at a byte and refer to nothing before them; made once."""
        if self._deflated is None:
            packer = zlib.compressobj(LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
            self._deflated = packer.compress(self.body) + packer.flush(zlib.Z_SYNC_FLUSH)
        return self._deflated


class PlainPart(Part):
    """A few bytes that differ in every answer: not worth compressing, and a secret had better not be."""

    __slots__ = ()

    @property
    def deflated(self) -> bytes:
        """One uncompressed block."""
        size = len(self.body)
        return struct.pack("<BHH", 0, size, size ^ 0xFFFF) + self.body


@dataclass(frozen=True, slots=True)
class KeptPage:
    """A whole page but for the token, which belongs to one browser.

    >>> KeptPage(Part("<b>"), (Part("</b>"),)).filled("x<y")[1].body
    b'x&lt;y'
    """

    before: Part
    after: tuple[Part, ...]

    def filled(self, token: str) -> tuple[Part, ...]:
        """The page for one browser."""
        return (self.before, PlainPart(str(escape(token))), *self.after)


def plain(parts: Iterable[Part]) -> bytes:
    """The parts in a row."""
    return b"".join([part.body for part in parts])


def gzipped(parts: Iterable[Part]) -> bytes:
    """The parts in a row, as one gzip file.

    >>> import gzip
    >>> gzip.decompress(gzipped([Part("first, "), PlainPart("second")]))
    b'first, second'
    """
    blocks, checksum, size = [_HEADER], 0, 0
    for part in parts:
        blocks.append(part.deflated)
        checksum = zlib.crc32(part.body, checksum)
        size += len(part.body)
    return b"".join((*blocks, _LAST_BLOCK, struct.pack("<II", checksum, size & 0xFFFFFFFF)))
