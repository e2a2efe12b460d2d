"""Zip archives as tests need them: with Zstandard entries, which the standard library cannot write, or made to do harm."""

import struct
import zlib

import zstandard

STORED, DEFLATED, ZSTANDARD = 0, 8, 93


def packed(content: bytes, method: int) -> bytes:
    if method == ZSTANDARD:
        return zstandard.compress(content)
    if method == DEFLATED:
        packer = zlib.compressobj(wbits=-15)
        return packer.compress(content) + packer.flush()
    return content


def zip_of(entries, method: int = ZSTANDARD, *, flags: int = 0, sizes=None, crcs=None, offsets=None) -> bytes:
    """entries: name to content. sizes, crcs, offsets: lies to tell about single entries."""
    body, directory, count = b"", b"", 0
    for name, content in entries.items() if isinstance(entries, dict) else entries:
        data = packed(content, method)
        size = (sizes or {}).get(name, len(content))
        crc = (crcs or {}).get(name, zlib.crc32(content))
        common = struct.pack("<HHHHHIIIHH", 63, flags, method, 0, 0, crc, len(data), size, len(name), 0)
        offset = (offsets or {}).get(name, len(body))
        body += b"PK\x03\x04" + common + name.encode() + data
        directory += (
            b"PK\x01\x02" + struct.pack("<H", 63) + common + struct.pack("<HHHII", 0, 0, 0, 0, offset)
        )
        directory += name.encode()
        count += 1
    end = b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, count, count, len(directory), len(body), 0)
    return body + directory + end
