"""A zip archive that somebody else made, read in memory: nothing is unpacked to disk, and nothing may grow beyond its limits."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib

from assay.connectors.evals.faults import shown, unreadable

MAX_ENTRIES = 200_000
MAX_ENTRY_BYTES = 256 * 2**20
MAX_TOTAL_BYTES = 2 * 2**30
MAX_RATIO = 1000
SMALL = 10 * 2**20
"""Up to this size an entry may be packed as tightly as it likes."""
_CENTRAL = b"PK\x01\x02"
_LOCAL = struct.Struct("<4s22xHH")
_ZSTANDARD = 93
_ENCRYPTED = 0x1


class Archive:
    """The entries of a zip archive by name.

    Raises:
        Invalid: it is broken, or made to do harm: encrypted, overlapping, too many, too large, leading out of the archive.
    """

    def __init__(self, name: str, content: bytes) -> None:
        self.name = name
        self._content = content
        entries = self._entries()
        self._by_name = {entry.filename: entry for entry in entries}
        if len(self._by_name) < len(entries):
            raise self._broken("two entries of one name", "each name once")
        self._unpacked = 0

    def names(self) -> tuple[str, ...]:
        """The entries, in the order of the archive."""
        return tuple(self._by_name)

    def __contains__(self, entry: str) -> bool:
        return entry in self._by_name

    def read(self, entry: str) -> bytes:
        """What the entry holds. Raises Invalid when it is damaged or too large."""
        info = self._by_name[entry]
        if info.flag_bits & _ENCRYPTED:
            raise self._broken(f"the entry {shown(entry)} is encrypted", "none that is")
        self._unpacked += info.file_size
        bomb = info.file_size > SMALL and info.file_size > MAX_RATIO * max(1, info.compress_size)
        if bomb or info.file_size > MAX_ENTRY_BYTES or self._unpacked > MAX_TOTAL_BYTES:
            raise self._broken(
                f"the entry {shown(entry)} unpacks from {info.compress_size:,} to {info.file_size:,} bytes",
                f"at most {MAX_ENTRY_BYTES // 2**20} MB an entry, {MAX_TOTAL_BYTES // 2**30} GB in all and 1:{MAX_RATIO}",
            )
        try:
            content = _unpack(self._packed(info), info)
        except (zlib.error, struct.error, ValueError, EOFError, MemoryError) as error:
            raise self._damaged(entry) from error
        if len(content) != info.file_size or zlib.crc32(content) != info.CRC:
            raise self._damaged(entry)
        return content

    def _entries(self) -> list[zipfile.ZipInfo]:
        if self._content.count(_CENTRAL) > MAX_ENTRIES:
            raise self._broken(f"more than {MAX_ENTRIES:,} entries", "at most that")
        try:
            with zipfile.ZipFile(io.BytesIO(self._content)) as opened:
                entries = opened.infolist()
        except (
            zipfile.BadZipFile,
            ValueError,
            struct.error,
            NotImplementedError,
            EOFError,
            OSError,
        ) as error:
            raise self._broken(
                f"a broken archive ({str(error)[:80].lower()})", "a whole zip archive"
            ) from error
        end = 0
        for entry in sorted(entries, key=lambda one: one.header_offset):
            parts = entry.filename.replace("\\", "/").split("/")
            if ".." in parts or entry.filename.startswith(("/", "\\")) or ":" in parts[0]:
                raise self._broken(
                    f"the entry {shown(entry.filename)} leads out of the archive", "names inside it"
                )
            if entry.header_offset < end:
                raise self._broken(f"the entry {shown(entry.filename)} overlaps another one", "entries apart")
            end = entry.header_offset + entry.compress_size
        return entries

    def _packed(self, info: zipfile.ZipInfo) -> memoryview:
        signature, name, extra = _LOCAL.unpack_from(self._content, info.header_offset)
        start = info.header_offset + _LOCAL.size + name + extra
        packed = memoryview(self._content)[start : start + info.compress_size]
        if signature != b"PK\x03\x04" or len(packed) != info.compress_size:
            raise ValueError
        return packed

    def _damaged(self, entry: str) -> Exception:
        return self._broken(f"the entry {shown(entry)} is damaged", "the bytes that were written")

    def _broken(self, found: str, expected: str) -> Exception:
        return unreadable(self.name, found, expected, hint="copy the file again from where it was written")


def _unpack(packed: memoryview, info: zipfile.ZipInfo) -> bytes:
    """At most one byte more than announced."""
    limit = info.file_size + 1
    if info.compress_type == zipfile.ZIP_STORED:
        return bytes(packed)
    if info.compress_type == zipfile.ZIP_DEFLATED:
        return zlib.decompressobj(-zlib.MAX_WBITS).decompress(packed, limit)
    if info.compress_type != _ZSTANDARD:
        raise ValueError
    import zstandard

    try:
        with zstandard.ZstdDecompressor(max_window_size=2**27).stream_reader(
            packed, read_across_frames=True
        ) as stream:
            return stream.read(limit)
    except zstandard.ZstdError as error:
        raise ValueError from error
